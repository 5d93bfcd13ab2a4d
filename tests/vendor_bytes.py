"""What vendors answer, written by hand in the form they have on the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

EASTMONEY_BOOK: Mapping[str, object] = {
    "f43": 1450.01, "f44": 1466.0, "f45": 1438.5, "f46": 1441.0, "f47": 23456, "f48": 3401120000.0,
    "f51": 1584.0, "f52": 1296.0, "f57": "600519", "f58": "贵州茅台", "f60": 1440.0, "f86": 1783996502,
    "f107": 1, "f292": 2,
    "f19": 1450.0, "f20": 3, "f17": 1449.9, "f18": 12, "f15": 1449.5, "f16": 1, "f13": 1449.0, "f14": 40,
    "f11": 1448.88, "f12": 7,
    "f39": 1450.01, "f40": 2, "f37": 1450.2, "f38": 15, "f35": 1450.5, "f36": 1, "f33": 1451.0, "f34": 9,
    "f31": 1452.0, "f32": 88,
}  # fmt: skip
"""Kweichow Moutai at 10:35:02 on 2026-07-14: 23,456 lots for 3,401,120,000 CNY, 1450 CNY a share."""

EASTMONEY_ROW: Mapping[str, object] = {
    "f2": 1450.01, "f5": 23456, "f6": 3401120000.0, "f12": "600519", "f13": 1, "f14": "贵州茅台",
    "f15": 1466.0, "f16": 1438.5, "f17": 1441.0, "f18": 1440.0, "f124": 1783996502, "f292": 2,
}  # fmt: skip

SINA_RECORD = (
    "贵州茅台,1441.000,1440.000,1450.010,1466.000,1438.500,1450.000,1450.010,2345600,3401120000.000,"
    "300,1450.000,1200,1449.900,100,1449.500,4000,1449.000,760,1448.880,"
    "60,1450.010,1500,1450.200,100,1450.500,900,1451.000,8800,1452.000,2026-07-14,10:35:03,00"
)
"""The first level on the selling side is an odd lot of 60 shares."""

TENCENT_RECORD = (
    "1~贵州茅台~600519~1450.01~1440.00~1441.00~23456~11000~12456~"
    "1450.00~3~1449.90~12~1449.50~1~1449.00~40~1448.88~7~"
    "1450.01~2~1450.20~15~1450.50~1~1451.00~9~1452.00~88~~20260714103501~10.01~0.70~1466.00~1438.50~"
    "1450.01/23456/3401120000~23456~340112~0.19~21.50~~1466.00~1438.50~1.91~18215.1~18215.1~7.10~1584.00~"
    "1296.00~1.02"
)

SINA_US_RECORD = (
    "苹果,338.4000,-0.78,2026-09-28 22:05:15,-2.6700,340.3700,342.9880,338.0400,345.3400,242.8900,32820844,"
    "38594329,4938671029752,8.30,40.770000,0.00,0.00,0.00,0.00,14594181530,63,0.0000,0.00,0.00,,"
    "Sep 28 10:05AM EDT,341.0700,180625,1,2026"
)
"""Apple at 10:05:15 in New York, which is 22:05:15 in Beijing."""

YAHOO_HEAD: Mapping[str, object] = {
    "symbol": "AAPL", "currency": "USD", "shortName": "Apple Inc.", "regularMarketPrice": 338.4,
    "previousClose": 341.07, "regularMarketTime": 1790604315, "regularMarketDayHigh": 342.988,
    "regularMarketDayLow": 338.04, "regularMarketVolume": 32820844,
}  # fmt: skip
"""The same moment: 14:05:15 UTC on 2026-09-28."""

TUSHARE_FIELDS = (
    "ts_code", "name", "pre_close", "open", "high", "low", "close", "vol", "amount", "trade_time",
    "bid_price1", "bid_volume1", "ask_price1", "ask_volume1",
)  # fmt: skip
TUSHARE_ROW = (
    "600519.SH", "贵州茅台", 1440.0, 1441.0, 1466.0, 1438.5, 1450.01, 2345600, 3401120000,
    "2026-07-14 10:35:02", 1450.0, 300, 1450.01, 60,
)  # fmt: skip


def eastmoney_book(**changes: object) -> bytes:
    """Return the answer about one symbol; a change to None leaves the field out."""
    data = {name: value for name, value in {**EASTMONEY_BOOK, **changes}.items() if value is not None}
    return json.dumps({"rc": 0, "rt": 4, "data": data}, ensure_ascii=False).encode()


def eastmoney_list(*rows: Mapping[str, object]) -> bytes:
    """Return the answer about several symbols."""
    whole = {"rc": 0, "data": {"total": len(rows), "diff": [{**EASTMONEY_ROW, **row} for row in rows]}}
    return json.dumps(whole, ensure_ascii=False).encode()


def sina(code: str = "sh600519", changes: Mapping[int, str] | None = None) -> bytes:
    """Return the line about one symbol."""
    return f'var hq_str_{code}="{_changed(SINA_RECORD, ",", changes)}";\n'.encode("gb18030")


def tencent(code: str = "sh600519", changes: Mapping[int, str] | None = None) -> bytes:
    """Return the line about one symbol."""
    changed = {2: code[2:], **(changes or {})}
    return f'v_{code}="{_changed(TENCENT_RECORD, "~", changed)}";\n'.encode("gbk")


def sina_us(code: str = "gb_aapl", changes: Mapping[int, str] | None = None) -> bytes:
    """Return the line about one US share."""
    return f'var hq_str_{code}="{_changed(SINA_US_RECORD, ",", changes)}";\n'.encode("gb18030")


def tushare(
    fields: Sequence[str] = TUSHARE_FIELDS, items: Sequence[Sequence[object]] = (TUSHARE_ROW,), **more: object
) -> bytes:
    """Return the answer that is a table."""
    data = {"fields": list(fields), "items": [list(item) for item in items], "has_more": False, **more}
    return json.dumps({"request_id": "x", "code": 0, "msg": "", "data": data}, ensure_ascii=False).encode()


def tushare_refusal(code: int, says: str) -> bytes:
    """Return the answer that is none."""
    whole = {"request_id": "x", "code": code, "msg": says, "data": None}
    return json.dumps(whole, ensure_ascii=False).encode()


def _changed(record: str, sign: str, changes: Mapping[int, str] | None) -> str:
    fields = record.split(sign)
    for place, text in (changes or {}).items():
        fields[place] = text
    return sign.join(fields)
