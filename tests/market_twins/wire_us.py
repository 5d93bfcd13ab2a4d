"""Yahoo's hosts as the yfinance library asks them, and Sina's records of US shares.

Yahoo hands out a cookie, then a crumb for whoever has it, and asks for that crumb with each chart. Sina dates
a record in Beijing and its last regular trade in New York, without a year.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from tests.market_twins.market import CN, Market, Price, Sight
from tests.market_twins.net import Asked, Reply
from tests.market_twins.us_market import CLOSES, NEW_YORK, OPENS

CRUMB = "twin.crumb"

_BAR = ("open", "high", "low", "close")

_COOKIE = "A3=d=twin; Expires={:%a, %d %b %Y} 12:00:00 GMT; Domain=.yahoo.com; Path=/; Secure"


def yahoo(market: Market, asked: Asked) -> Reply:
    """`query1` and `query2.finance.yahoo.com`, `fc.yahoo.com`, `guce.yahoo.com`."""
    if asked.host == "fc.yahoo.com":
        cookie = _COOKIE.format(asked.at.astimezone(UTC) + timedelta(days=365))
        return Reply(b"", "text/html", 404, {"Set-Cookie": cookie})
    if asked.path == "/v1/test/getcrumb":
        return Reply(CRUMB.encode(), "text/plain;charset=utf-8")
    code = asked.path.rpartition("/")[2]
    if not asked.path.startswith("/v8/finance/chart/"):
        return Reply(b"<html><body></body></html>", "text/html")
    sight = market.sight(f"{code.replace('-', '.')}.US", asked.at)
    if sight is None:
        error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
        return _json({"chart": {"result": None, "error": error}}, 404)
    return _json({"chart": {"result": [_chart(sight, asked)], "error": None}})


def _chart(sight: Sight, asked: Asked) -> dict[str, object]:
    here = asked.at.astimezone(NEW_YORK)
    opens, closes = (_epoch(here, at) for at in (OPENS, CLOSES))
    period = {"timezone": "EDT", "start": opens, "end": closes, "gmtoffset": -14400}
    price, code = _number(sight.last), sight.symbol.removesuffix(".US").replace(".", "-")
    return {
        "meta": {
            "currency": "USD", "symbol": code, "exchangeName": "NMS", "fullExchangeName": "NasdaqGS",
            "instrumentType": "EQUITY", "firstTradeDate": 345479400, "hasPrePostMarketData": True,
            "regularMarketTime": int(sight.stamp.timestamp()), "gmtoffset": -14400, "timezone": "EDT",
            "exchangeTimezoneName": "America/New_York", "regularMarketPrice": price,
            "regularMarketDayHigh": _number(sight.high), "regularMarketDayLow": _number(sight.low),
            "regularMarketVolume": sight.shares, "longName": sight.name, "shortName": sight.name,
            "chartPreviousClose": _number(sight.prev_close), "previousClose": _number(sight.prev_close),
            "scale": 3, "priceHint": 2, "dataGranularity": asked.query.get("interval", "1m"),
            "currentTradingPeriod": {"pre": period, "regular": period, "post": period},
            "tradingPeriods": [[period]], "range": "1d", "validRanges": ["1d", "5d"],
        },
        "timestamp": [opens],
        "indicators": {"quote": [{**{name: [price] for name in _BAR}, "volume": [sight.shares]}]},
    }  # fmt: skip


def _epoch(here: datetime, at: time) -> int:
    return int(datetime.combine(here.date(), at, NEW_YORK).timestamp())


def sina_record(market: Market, code: str, at: datetime) -> str:
    """Return the line of `gb_aapl` and the like; an empty one of a stranger."""
    sight = market.sight(f"{code.removeprefix('gb_').upper()}.US", at)
    stated = "" if sight is None else ",".join(_fields(sight))
    return f'var hq_str_{code}="{stated}";\n'


def _fields(sight: Sight) -> Iterator[str]:
    traded, renewed = sight.stamp.astimezone(NEW_YORK), sight.stamp.astimezone(CN)
    yield from (sight.name.replace(",", " "), _told(sight.last), "0.10", f"{renewed:%Y-%m-%d %H:%M:%S}")
    yield from ("0.1000", _told(sight.open), _told(sight.high), _told(sight.low), "345.3400", "142.8900")
    yield from (str(sight.shares), "38594329", "4938671029752", "8.30", "40.770000", *["0.00"] * 4)
    yield from ("14594181530", "63", "0.0000", "0.00", "0.00", "")
    yield from (f"{traded:%b %d %I:%M%p} EDT", _told(sight.prev_close), "180625", "1", f"{renewed:%Y}")


def _told(price: Price) -> str:
    if price is None:
        return "0.0000"
    return f"{price:.4f}" if isinstance(price, Decimal) else price


def _number(price: Price) -> object:
    return float(price) if isinstance(price, Decimal) else price


def _json(body: object, status: int = 200) -> Reply:
    return Reply(json.dumps(body).encode(), status=status)
