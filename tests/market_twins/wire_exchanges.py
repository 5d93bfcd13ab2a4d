"""The exchanges' own lists of shares: Shanghai's in JSON, Shenzhen's as a workbook, Beijing's by pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from urllib.parse import parse_qs

from tests.market_twins.market import Market, Share
from tests.market_twins.net import Asked, Reply

_PAGE = 20
_BEIJING_FIELDS = 48
_LISTED, _FLOATING, _TRADE, _REPORTED, _PLACE, _BROKER = 0, 11, 17, 22, 29, 35
_SHARES, _CODE, _NAME = 36, 38, 40
"""Where Beijing's list holds what akshare reads, by position."""


def shanghai(market: Market, asked: Asked) -> Reply:
    """`query.sse.com.cn`: `STOCK_TYPE` 1 is the main board, 8 the STAR market."""
    wide = asked.query.get("STOCK_TYPE") == "8"
    rows = [
        {
            "A_STOCK_CODE": share.code, "B_STOCK_CODE": "-", "SEC_NAME_CN": share.name,
            "SEC_NAME_FULL": share.name, "COMPANY_ABBR": share.name, "FULL_NAME": f"{share.name}股份有限公司",
            "LIST_DATE": f"{share.listed_on:%Y%m%d}", "DELIST_DATE": "-",
        }
        for share in _of(market, "sh") if (share.code[:3] == "688") is wide
    ]  # fmt: skip
    return Reply(json.dumps({"result": rows}, ensure_ascii=False).encode())


def shenzhen(market: Market, _asked: Asked) -> Reply:
    """`www.szse.cn`: a workbook. One of ten rows or fewer akshare would read as numbers."""
    rows = [
        ("主板", share.name, share.code, share.name, str(share.listed_on), "1,000", "1,000", "C 制造业")
        for share in _of(market, "sz")
    ]
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    fill = [
        ("主板", f"填充{n}", f"{1000 + n:06d}", f"填充{n}", "1999-01-04", "1", "1", "C") for n in range(11)
    ]
    return Reply(_workbook((*rows, *fill)), kind)


def beijing(market: Market, asked: Asked) -> Reply:
    """`www.bse.cn`: pages of rows of 48 fields, as the argument of a call."""
    page = int(parse_qs(asked.body.decode()).get("page", ["0"])[0])
    shares = _of(market, "bj")
    rows = [_beijing_row(share) for share in shares[page * _PAGE : (page + 1) * _PAGE]]
    pages = -(-len(shares) // _PAGE)
    body = json.dumps([{"content": rows, "totalPages": pages}], ensure_ascii=False)
    return Reply(f"null({body})".encode(), "text/plain; charset=utf-8")


def _beijing_row(share: Share) -> dict[str, object]:
    known = {
        _LISTED: f"{share.listed_on:%Y%m%d}", _FLOATING: 1e7, _TRADE: "C 制造业", _REPORTED: "20260713",
        _PLACE: "上海", _BROKER: "某证券", _SHARES: 4e7, _CODE: share.code, _NAME: share.name,
    }  # fmt: skip
    return {f"x{place:02d}": known.get(place) for place in range(_BEIJING_FIELDS)}


def _of(market: Market, place: str) -> list[Share]:
    return [share for share in market.listed.values() if share.place == place]


@lru_cache
def _workbook(rows: Sequence[Sequence[str]]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(
        ["板块", "公司全称", "A股代码", "A股简称", "A股上市日期", "A股总股本", "A股流通股本", "所属行业"]
    )
    for row in rows:
        sheet.append(list(row))
    written = BytesIO()
    book.save(written)
    return written.getvalue()
