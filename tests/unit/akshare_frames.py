"""Frames of akshare 1.19.5's lists, shaped as its parsers yield them, and a fake that answers with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

Row = tuple[object, ...]


def sh_list(*rows: Row) -> pd.DataFrame:
    """Return `stock_info_sh_name_code` of rows (code, name, first day); the days are dates, or NaT."""
    columns = ["证券代码", "证券简称", "证券全称", "公司简称", "公司全称", "上市日期"]
    return pd.DataFrame([[code, name, name, name, name, day] for code, name, day in rows], columns=columns)


def sz_list(*rows: Row) -> pd.DataFrame:
    """Return `stock_info_sz_name_code` of rows (code, name, first day); the days are text."""
    columns = ["板块", "A股代码", "A股简称", "A股上市日期", "A股总股本", "A股流通股本", "所属行业"]
    return pd.DataFrame(
        [["主板", code, name, day, "1", "1", "J 金融业"] for code, name, day in rows], columns=columns
    )


def bj_list(*rows: Row) -> pd.DataFrame:
    """Return `stock_info_bj_name_code` of rows (code, name, first day); the days are dates, or NaT."""
    columns = ["证券代码", "证券简称", "总股本", "流通股本", "上市日期", "所属行业", "地区", "报告日期"]
    return pd.DataFrame([[code, name, 1, 1, day, "-", "-", day] for code, name, day in rows], columns=columns)


def warned(*rows: Row) -> pd.DataFrame:
    """Return `stock_zh_a_st_em` of rows (code, name)."""
    return pd.DataFrame(
        [[number, code, name, 1.5] for number, (code, name) in enumerate(rows, start=1)],
        columns=["序号", "代码", "名称", "最新价"],
    )


def suspended(*rows: Row) -> pd.DataFrame:
    """Return `stock_tfp_em` of rows (code, length, first day, last day, day it trades again)."""
    columns = [
        "序号",
        "代码",
        "名称",
        "停牌时间",
        "停牌截止时间",
        "停牌期限",
        "停牌原因",
        "所属市场",
        "预计复牌时间",
    ]
    return pd.DataFrame(
        [
            [number, code, "甲", first, last, length, "重大事项", "上交所主板", back]
            for number, (code, length, first, last, back) in enumerate(rows, start=1)
        ],
        columns=columns,
    )


def fund(name: str, kind: str, index: str) -> pd.DataFrame:
    """Return `fund_overview_em` of one fund."""
    return pd.DataFrame(
        [
            {
                "基金全称": name,
                "基金简称": name,
                "基金代码": "510300（前端）",
                "基金类型": kind,
                "跟踪标的": index,
            }
        ]
    )


class Lists:
    """A fake of akshare's lists; one that is not given raises as akshare does on another answer."""

    def __init__(self, funds: Mapping[str, Any] | None = None, **frames: Any) -> None:
        self._frames, self._funds = frames, funds or {}
        self.asked: list[str] = []

    def _give(self, name: str) -> Any:
        self.asked.append(name)
        frame = self._frames.get(name)
        if isinstance(frame, Exception):
            raise frame
        if frame is None:
            raise TypeError("'NoneType' object is not subscriptable")
        return frame

    def stock_info_sh_name_code(self, symbol: str) -> Any:
        return self._give({"主板A股": "sh", "科创板": "star"}[symbol])

    def stock_info_sz_name_code(self, symbol: str) -> Any:
        return self._give({"A股列表": "sz"}[symbol])

    def stock_info_bj_name_code(self) -> Any:
        return self._give("bj")

    def stock_zh_a_st_em(self) -> Any:
        return self._give("st")

    def stock_tfp_em(self, date: str) -> Any:
        self.day_asked = date
        return self._give("tfp")

    def fund_overview_em(self, symbol: str) -> Any:
        self.asked.append(symbol)
        return self._funds[symbol]


def days(*texts: str) -> Sequence[date]:
    return [date.fromisoformat(text) for text in texts]
