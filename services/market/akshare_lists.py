"""Turns akshare's frames of listings, risk warnings, suspensions and funds into tables. No network here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.domain.instruments import Kind, Span
from services.market.akshare_calls import NoAnswer
from services.market.feeds.fields import text_of

_CODE = re.compile(r"\d{6}")
_INTRADAY = ("盘中", "临时", "小时", "半天")
"""What the length of a suspension says where it does not take the whole day."""

_NO_INDEX = "该基金无跟踪标的"
_WIDE_BOARDS = ("科创板", "科创50", "科创100", "科创创业", "创业板")
"""In an index's name: its shares all have 20% limits."""

_HINTS_AT_WIDE = ("科创", "创业", "双创", "北证")
_GOLD = ("黄金", "上海金", "Au99")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A share on an exchange's list: its short name, and its first trading day, None where it gives none."""

    name: str
    listed_on: date | None


def listings(frame: Any, code: str, name: str, listed_on: str) -> Mapping[str, Listed]:
    """Return the shares of an exchange's list by their six digits; the other arguments name its columns.

    Raises:
        NoAnswer: It is empty, or a column is missing.
    """
    return {
        digits: Listed(name=short_name(named), listed_on=_day(first))
        for digits, named, first in _rows(frame, code, name, listed_on)
    }


def risk_warnings(frame: Any) -> Mapping[str, str]:
    """Return the names of the shares that carry a risk warning, by their six digits.

    Raises:
        NoAnswer: It is empty, or a column is missing.
    """
    return {digits: short_name(named) for digits, named in _rows(frame, "代码", "名称")}


def suspensions(frame: Any) -> Mapping[str, tuple[Span, ...]]:
    """Return the days without trading, by six digits; halts within a day are left out.

    A suspension whose first day is not told is taken for one under way since ever.

    Raises:
        NoAnswer: It is empty, or a column is missing.
    """
    found: dict[str, tuple[Span, ...]] = {}
    rows = _rows(frame, "代码", "停牌期限", "停牌时间", "停牌截止时间", "预计复牌时间")
    for digits, length, first, last, back in rows:
        if any(word in str(length) for word in _INTRADAY):
            continue
        since, until, resumes = _day(first) or date.min, _day(last), _day(back)
        if until is None and resumes is not None:
            until = resumes - timedelta(days=1)
        if until is None or until >= since:
            found[digits] = (*found.get(digits, ()), Span(since=since, until=until))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FundProfile:
    """A fund as its profile tells: short name, type (`指数型-股票`), the index it follows, empty for none."""

    name: str
    type: str
    index: str


def fund_profile(frame: Any) -> FundProfile:
    """Return the profile of a fund.

    Raises:
        NoAnswer: The frame is not of one row, or a column is missing.
    """
    rows = _cells(frame, "基金简称", "基金类型", "跟踪标的")
    if len(rows) != 1:
        raise NoAnswer(f"a fund's profile of {len(rows)} rows")
    name, kind, index = map(short_name, rows[0])
    return FundProfile(name=name, type=kind, index="" if index.startswith(_NO_INDEX) else index)


def etf_kind(profile: FundProfile) -> Kind | None:
    """Return what an ETF is, None where its profile does not tell it for sure.

    A share fund follows an index of named boards (20% limits), or one whose name has nothing of
    them (10%); one that follows none, or whose name hints at them, is not told.
    """
    match profile.type.partition("-")[0], profile.type:
        case ("QDII", _) | (_, "指数型-海外股票"):
            return Kind.ETF_CROSS_BORDER_T0
        case ("债券型", _) | (_, "指数型-固收" | "指数型-债券"):
            return Kind.ETF_BOND_T0
        case ("货币型", _):
            return Kind.ETF_MONEY_T0
        case (kind, _) if kind.startswith("商品"):
            gold = any(word in profile.index + profile.name for word in _GOLD)
            return Kind.ETF_GOLD_T0 if gold else Kind.ETF_COMMODITY_T0
        case (_, "指数型-股票" | "股票指数"):
            return share_fund_kind(profile)
        case _:
            return None


def share_fund_kind(profile: FundProfile) -> Kind | None:
    """Return whether a fund of mainland shares has limits of 10% or of 20%, None where that is not told."""
    if not profile.type.startswith(("指数型-股票", "股票指数")) or not profile.index:
        return None
    if any(board in profile.index for board in _WIDE_BOARDS):
        return Kind.ETF_EQUITY_20
    hinted = any(word in profile.index + profile.name for word in _HINTS_AT_WIDE)
    return None if hinted else Kind.ETF_EQUITY


def short_name(stated: object) -> str:
    """Return a name as the exchange means it: no blanks, no wide letters; empty where none is stated."""
    text = "".join(unicodedata.normalize("NFKC", text_of(stated)).split())
    return "" if text in ("-", "--", "nan") else text


def _rows(frame: Any, *names: str) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of each row whose first one is a six-digit code.

    Raises:
        NoAnswer: There is no such row, or a column is missing.
    """
    some = False
    for row in _cells(frame, *names):
        if isinstance(row[0], str) and _CODE.fullmatch(row[0]):
            some = True
            yield row
    if not some:
        raise NoAnswer("a list without a single code")


def _cells(frame: Any, *names: str) -> Sequence[tuple[Any, ...]]:
    missing = [name for name in names if name not in frame]
    if missing:
        raise NoAnswer(f"a list without the column {missing[0]}")
    return tuple(zip(*(frame[name] for name in names), strict=True))


def _day(stated: object) -> date | None:
    """Return a day, None for anything else: hyphens, blanks, numbers, and what pandas holds for none."""
    if isinstance(stated, datetime):
        # What pandas holds for "no day" is a datetime that differs from itself.
        return stated.date() if stated == stated else None
    if isinstance(stated, date):
        return stated
    try:
        return date.fromisoformat(stated[:10]) if isinstance(stated, str) else None
    except ValueError:
        return None
