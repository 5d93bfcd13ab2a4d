"""East Money's quotes, lists and bars, in JSON.

Volumes are lots of 100. What is missing is `-` in a single quote and in the lists. A single quote has
no time of its own unless `f86` is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from tests.market_twins.market import CN, Day, Level, Market, Minute, Price, Sight, Trade
from tests.market_twins.net import Asked, Reply

_PAGE_MAX = 100
_STATUS = {Trade.SUSPENDED: 6, Trade.HALTED: 14}
_LUNCH, _OVER, _TRADING, _BEFORE = 3, 5, 2, 1

_LIST_FIELDS = (
    "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13", "f14", "f15", "f16",
    "f17", "f18", "f20", "f21", "f22", "f23", "f24", "f25", "f62", "f115", "f128", "f140", "f141", "f136",
    "f152",
)  # fmt: skip
"""The order in which a list states its fields, which akshare names by position."""

_FOLLOWS = {"f128": ("f140", "f141")}
"""Fields that come unasked with another."""


def quotes(market: Market, asked: Asked) -> Reply:
    """`push2.eastmoney.com` and its numbered neighbours."""
    path = asked.path
    if path == "/api/qt/stock/get":
        return _one(market, asked)
    if path == "/api/qt/ulist.np/get":
        return _several(market, asked)
    if path == "/api/qt/clist/get":
        return _list(market, asked)
    return history(market, asked)


def history(market: Market, asked: Asked) -> Reply:
    """`push2his.eastmoney.com`."""
    symbol = _symbol(market, asked.query.get("secid", ""))
    if not symbol:
        return _json({"rc": 100, "rt": 17, "data": None})
    if asked.path == "/api/qt/stock/trends2/get":
        return _trends(market, symbol, asked)
    if asked.path == "/api/qt/stock/kline/get":
        return _klines(market, symbol, asked)
    return Reply(b"404", "text/html", 404)


# Quotes.


def _one(market: Market, asked: Asked) -> Reply:
    symbol = _symbol(market, asked.query.get("secid", ""))
    sight = market.sight(symbol, asked.at) if symbol else None
    if sight is None:
        return _json({"rc": 100, "rt": 4, "svr": 1, "lt": 1, "full": 1, "data": None})
    share = market.listed[sight.symbol]
    number = _number(asked.query.get("fltt") == "2")
    known: dict[str, object] = {
        "f43": number(sight.last), "f44": number(sight.high), "f45": number(sight.low),
        "f46": number(sight.open), "f47": _lots(sight.shares), "f48": float(sight.amount),
        "f49": _lots(sight.shares // 2), "f50": 1.02, "f51": number(sight.limit_up),
        "f52": number(sight.limit_down), "f57": sight.code, "f58": sight.name, "f59": 2,
        "f60": number(sight.prev_close), "f71": number(sight.last), "f86": int(sight.stamp.timestamp()),
        "f107": int(share.place == "sh"), "f161": _lots(sight.shares // 2), "f168": 0.31,
        "f169": number(None), "f170": number(None), "f292": _status(sight, asked.at),
    }  # fmt: skip
    known |= _levels(sight.asks, (39, 37, 35, 33, 31), number)
    known |= _levels(sight.bids, (19, 17, 15, 13, 11), number)
    # The book comes unasked to who asks with `invt`, as akshare does.
    wanted = set(asked.query.get("fields", "").split(",")) | {
        f"f{one}" for one in (*range(11, 21), *range(31, 41))
    }
    return _data(4, {name: known[name] for name in sorted(known, key=_order) if name in wanted})


def _several(market: Market, asked: Asked) -> Reply:
    symbols = [_symbol(market, secid) for secid in asked.query.get("secids", "").split(",")]
    rows = [row for symbol in symbols if symbol and (row := _row(market, symbol, asked)) is not None]
    return _data(11, {"total": len(rows), "diff": rows} if rows else None)


def _list(market: Market, asked: Asked) -> Reply:
    """A page of a list: at most 100 rows, whatever size was asked for."""
    warned = "f:4" in asked.query.get("fs", "")
    symbols = [symbol for symbol, share in market.listed.items() if not warned or share.warned]
    size = min(int(asked.query.get("pz", 100)), _PAGE_MAX)
    first = (int(asked.query.get("pn", 1)) - 1) * size
    rows = [_row(market, symbol, asked) for symbol in symbols[first : first + size]]
    there = [row for row in rows if row is not None]
    return _data(6, {"total": len(symbols), "diff": there} if there else None)


def _row(market: Market, symbol: str, asked: Asked) -> Mapping[str, object] | None:
    sight = market.sight(symbol, asked.at)
    if sight is None:
        return None
    number = _number(asked.query.get("fltt") == "2")
    share = market.listed[sight.symbol]
    known: dict[str, object] = {name: "-" for name in _LIST_FIELDS} | {
        "f1": 2, "f2": number(sight.last), "f3": _percent(sight), "f4": number(None),
        "f5": _lots(sight.shares) if sight.shares else "-",
        "f6": float(sight.amount) if sight.shares else "-", "f12": sight.code,
        "f13": int(share.place == "sh"), "f14": sight.name, "f15": number(sight.high),
        "f16": number(sight.low), "f17": number(sight.open), "f18": number(sight.prev_close),
        "f31": number(sight.bids[0].price if sight.bids else None),
        "f32": number(sight.asks[0].price if sight.asks else None), "f124": int(sight.stamp.timestamp()),
        "f100": "白酒" if sight.code in ("600519", "000858") else "制造",
        "f152": 2, "f292": _status(sight, asked.at), "f350": number(sight.limit_up),
        "f351": number(sight.limit_down),
    }  # fmt: skip
    wanted = set(asked.query.get("fields", "").split(","))
    wanted |= {unasked for name in wanted for unasked in _FOLLOWS.get(name, ())}
    order = (*_LIST_FIELDS, *(name for name in known if name not in _LIST_FIELDS))
    return {name: known[name] for name in order if name in wanted}


def _levels(
    levels: Sequence[Level], fields: Sequence[int], number: Callable[[Price], object]
) -> dict[str, object]:
    stated: dict[str, object] = {}
    for place, field in enumerate(fields):
        level = levels[place] if place < len(levels) else None
        stated[f"f{field}"] = "-" if level is None else number(level.price)
        stated[f"f{field + 1}"] = "-" if level is None else _lots(level.shares)
    return stated


def _status(sight: Sight, at: datetime) -> int:
    if sight.trade in _STATUS:
        return _STATUS[sight.trade]
    hour = at.astimezone(CN).strftime("%H:%M")
    if hour < "09:30":
        return _BEFORE
    if "11:30" <= hour < "13:00":
        return _LUNCH
    return _TRADING if hour < "15:00" else _OVER


# Bars.


def _trends(market: Market, symbol: str, asked: Asked) -> Reply:
    """The minutes of today so far, after the last of the day before: `ndays` goes back."""
    stated = market.minutes(symbol, asked.at)
    before = market.listed[symbol].days[-1]
    lines = [f"{before.day} 15:00,{before.close},{before.close},{before.close},{before.close},0,0.00,0"]
    lines += [_bar(f"{one.label:%Y-%m-%d %H:%M}", one) + f",{one.close}" for one in stated]
    prev_close = float(market.listed[symbol].prev_close)
    return _data(10, {"code": symbol[:6], "preClose": prev_close, "trends": lines})


def _klines(market: Market, symbol: str, asked: Asked) -> Reply:
    query, moment = asked.query, asked.at.astimezone(CN)
    adjusted = query.get("fqt") == "1"
    if query["klt"] == "101":
        first, last = query.get("beg", "0"), query.get("end", "20500000")
        days = market.days(symbol, moment, adjusted=adjusted)
        lines = [_bar(str(one.day), one) for one in days if first <= f"{one.day:%Y%m%d}" <= last]
    else:
        found = market.bars(symbol, moment, int(query["klt"]), adjusted=adjusted)
        lines = [_bar(f"{end:%Y-%m-%d %H:%M}", one) for end, one in found]
    if not lines:
        return _data(17, None)
    share = market.listed[symbol]
    return _data(
        17,
        {
            "code": symbol[:6], "market": int(share.place == "sh"), "name": share.name, "decimal": 2,
            "dktotal": len(lines), "klines": [f"{line},0.50,0.10,0.05,0.31" for line in lines],
        },
    )  # fmt: skip


def _bar(label: str, bar: Day | Minute) -> str:
    """Return a bar as its line: open, close, high, low, lots, CNY."""
    amount = bar.close * bar.shares
    return f"{label},{bar.open},{bar.close},{bar.high},{bar.low},{bar.shares // 100},{amount:.2f}"


# Numbers.


def _number(decimal: bool) -> Callable[[Price], object]:
    """Return how a price is told: as it is, or times 100 where `fltt` was not asked to be 2."""

    def told(price: Price) -> object:
        if price is None:
            return "-"
        if isinstance(price, str):
            return price
        return float(price) if decimal or not price.is_finite() else int(price * 100)

    return told


def _percent(sight: Sight) -> object:
    known = isinstance(sight.last, Decimal) and isinstance(sight.prev_close, Decimal) and sight.prev_close
    return round(float(sight.last / sight.prev_close - 1) * 100, 2) if known else "-"  # type: ignore[operator]


def _lots(shares: int) -> int:
    return shares // 100


def _order(name: str) -> int:
    return int(name[1:])


def _symbol(market: Market, secid: str) -> str:
    """Return the symbol of `1.600519`; 0 is Shenzhen and Beijing."""
    number, _, code = secid.partition(".")
    places = ("sh",) if number == "1" else ("sz", "bj")
    return next((found for place in places if (found := market.find(place, code))), "")


def _data(kind: int, data: object) -> Reply:
    return _json({"rc": 0, "rt": kind, "svr": 177617930, "lt": 1, "full": 1, "dlmkts": "", "data": data})


def _json(body: object) -> Reply:
    return Reply(json.dumps(body, ensure_ascii=False).encode())
