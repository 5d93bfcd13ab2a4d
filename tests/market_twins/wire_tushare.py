"""tushare pro: one address for every question, asked and answered in JSON, by whoever holds a token.

Volumes of days are lots and amounts thousands; those of present quotes are shares and CNY. What
goes wrong is a code in the body of an HTTP 200.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatch

from tests.market_twins.market import CN, Day, Market, Price, Share, Sight, Trade
from tests.market_twins.net import Asked, Reply

TOKEN = "twin-token-0123456789abcdef0123456789abcdef0123456789abcdef"

_Row = Mapping[str, object]
_Table = Callable[[Market, Mapping[str, str], datetime], Iterator[_Row]]

_BAD_TOKEN = (40101, "您的token不对，请确认。")
_NO_RIGHT = (40203, "抱歉，您没有接口(api)访问权限，权限的具体详情访问：https://tushare.pro/document/1。")
_ROWS_MAX = 6000
_ONLY_ASKED = ("ask_price1", "ask_volume1", "bid_price1", "bid_volume1", "trade_time")
"""Columns of `rt_k` that come only where they are named, by its documentation."""


def pro(market: Market, asked: Asked) -> Reply:
    """`api.waditu.com` and `api.tushare.pro`."""
    if asked.path.endswith("/sdk-event"):
        return _json({"message": "success"})
    try:
        stated = json.loads(asked.body)
        name, given, fields = stated["api_name"], stated.get("params") or {}, stated.get("fields") or ""
    except (ValueError, KeyError, TypeError):
        return _json({"request_id": "1", "code": 40001, "msg": "参数错误", "data": None})
    if stated.get("token") != TOKEN:
        return _refused(*_BAD_TOKEN)
    if name not in _TABLES:
        return _refused(*_NO_RIGHT)
    asked_for = {key: str(value) for key, value in given.items()}
    rows = list(_TABLES[name](market, asked_for, asked.at.astimezone(CN)))
    wanted = [one for one in fields.split(",") if one]
    hidden = _ONLY_ASKED if name == "rt_k" else ()
    unasked = [column for column in (rows[0] if rows else {}) if column not in hidden]
    return _page(rows, wanted or unasked, asked_for)


def _page(rows: Sequence[_Row], columns: Sequence[str], given: Mapping[str, str]) -> Reply:
    first = int(given.get("offset") or 0)
    size = min(int(given.get("limit") or _ROWS_MAX), _ROWS_MAX)
    items = [[row.get(column) for column in columns] for row in rows[first : first + size]]
    more = first + size < len(rows)
    data = {"fields": [*columns], "items": items, "has_more": more, "count": -1}
    return _json({"request_id": "1", "code": 0, "data": data, "msg": ""})


def _refused(code: int, message: str) -> Reply:
    return _json({"request_id": "1", "code": code, "data": None, "msg": message})


# Its tables.


def _asked_shares(market: Market, given: Mapping[str, str]) -> Iterator[Share]:
    wanted = [one for one in given.get("ts_code", "").split(",") if one]
    for symbol, share in market.listed.items():
        if not wanted or any(fnmatch(symbol, pattern) for pattern in wanted):
            yield share


def _quotes(market: Market, given: Mapping[str, str], at: datetime) -> Iterator[_Row]:
    for share in _asked_shares(market, given):
        if (sight := market.sight(share.symbol, at)) is not None and sight.last is not None:
            yield _quote(sight)


def _quote(sight: Sight) -> _Row:
    bid, ask = (levels[0] if levels else None for levels in (sight.bids, sight.asks))
    return {
        "ts_code": sight.symbol, "name": sight.name, "pre_close": _number(sight.prev_close),
        "high": _number(sight.high), "open": _number(sight.open), "low": _number(sight.low),
        "close": _number(sight.last), "vol": sight.shares, "amount": float(sight.amount), "num": 12_345,
        "ask_price1": _number(ask.price) if ask else 0.0, "ask_volume1": ask.shares if ask else 0,
        "bid_price1": _number(bid.price) if bid else 0.0, "bid_volume1": bid.shares if bid else 0,
        "trade_time": f"{sight.stamp.astimezone(CN):%Y-%m-%d %H:%M:%S}",
    }  # fmt: skip


def _daily(market: Market, given: Mapping[str, str], at: datetime) -> Iterator[_Row]:
    for share in _asked_shares(market, given):
        days = market.days(share.symbol, at, adjusted=False)
        closes = [None, *(one.close for one in days)]
        for one, before in zip(reversed(days), reversed(closes[:-1]), strict=True):
            prev = share.prev_close if one.day == market.day else before
            if _within(one.day, given) and prev is not None:
                yield _day(share, one, prev)


def _day(share: Share, one: Day, prev: Decimal) -> _Row:
    return {
        "ts_code": share.symbol, "trade_date": f"{one.day:%Y%m%d}", "open": float(one.open),
        "high": float(one.high), "low": float(one.low), "close": float(one.close), "pre_close": float(prev),
        "change": float(one.close - prev), "pct_chg": round(float(one.close / prev - 1) * 100, 4),
        "vol": one.shares / 100, "amount": float(one.close * one.shares / 1000),
    }  # fmt: skip


def _factors(market: Market, given: Mapping[str, str], at: datetime) -> Iterator[_Row]:
    for share in _asked_shares(market, given):
        past = share.prev_close / share.days[-1].close
        for one in reversed(market.days(share.symbol, at, adjusted=False)):
            if _within(one.day, given):
                factor = 1.0 if one.day == market.day else float(past)
                yield {"ts_code": share.symbol, "trade_date": f"{one.day:%Y%m%d}", "adj_factor": factor}


def _minutes(market: Market, given: Mapping[str, str], at: datetime) -> Iterator[_Row]:
    """Bars within the day, newest first."""
    length = int(given.get("freq", "1min").removesuffix("min"))
    for share in _asked_shares(market, given):
        for label, one in reversed(market.bars(share.symbol, at, length)):
            if _between(label, given):
                yield {
                    "ts_code": share.symbol, "trade_time": f"{label:%Y-%m-%d %H:%M:%S}",
                    "open": float(one.open), "close": float(one.close), "high": float(one.high),
                    "low": float(one.low), "vol": one.shares, "amount": float(one.close * one.shares),
                }  # fmt: skip


def _limits(market: Market, given: Mapping[str, str], _at: datetime) -> Iterator[_Row]:
    for share in _asked_shares(market, given):
        if _within(market.day, given):
            yield {
                "trade_date": f"{market.day:%Y%m%d}", "ts_code": share.symbol,
                "pre_close": float(share.prev_close), "up_limit": float(share.limit_up),
                "down_limit": float(share.limit_down),
            }  # fmt: skip


def _suspended(market: Market, given: Mapping[str, str], _at: datetime) -> Iterator[_Row]:
    for share in _asked_shares(market, given):
        if share.trade in (Trade.SUSPENDED, Trade.HALTED) and _within(market.day, given):
            timing = "10:00-14:00" if share.trade is Trade.HALTED else None
            yield {
                "ts_code": share.symbol, "trade_date": f"{market.day:%Y%m%d}", "suspend_timing": timing,
                "suspend_type": "S",
            }  # fmt: skip


def _calendar(market: Market, given: Mapping[str, str], _at: datetime) -> Iterator[_Row]:
    open_days = {one.day for share in market.listed.values() for one in share.days} | {market.day}
    day = max(open_days)
    while day >= min(open_days):
        if _within(day, given):
            before = max((one for one in open_days if one < day), default=None)
            yield {
                "exchange": given.get("exchange") or "SSE", "cal_date": f"{day:%Y%m%d}",
                "is_open": int(day in open_days),
                "pretrade_date": None if before is None else f"{before:%Y%m%d}",
            }  # fmt: skip
        day -= timedelta(days=1)


def _listed(market: Market, given: Mapping[str, str], _at: datetime) -> Iterator[_Row]:
    boards = {"688": "科创板", "300": "创业板", "920": "北交所"}
    asked = given.get("list_status") or "L"
    for share in _asked_shares(market, given):
        gone = share.delisted_on
        status = "L" if gone is None else "D"
        if status not in asked:
            continue
        yield {
            "ts_code": share.symbol, "symbol": share.code, "name": share.name, "area": "北京",
            "industry": "制造", "market": boards.get(share.code[:3], "主板"),
            "exchange": {"sh": "SSE", "sz": "SZSE", "bj": "BSE"}[share.place], "list_status": status,
            "list_date": f"{share.listed_on:%Y%m%d}",
            "delist_date": None if gone is None else f"{gone:%Y%m%d}", "is_hs": "N",
        }  # fmt: skip


def _names(market: Market, given: Mapping[str, str], _at: datetime) -> Iterator[_Row]:
    for share in _asked_shares(market, given):
        since = share.days[0].day if share.warned else share.listed_on
        yield {
            "ts_code": share.symbol, "name": share.name, "start_date": f"{since:%Y%m%d}", "end_date": None,
            "ann_date": f"{since:%Y%m%d}", "change_reason": "*ST" if share.warned else "其他",
        }  # fmt: skip


def _dividends(market: Market, given: Mapping[str, str], _at: datetime) -> Iterator[_Row]:
    for share in _asked_shares(market, given):
        if share.dividend:
            before = f"{share.days[-1].day:%Y%m%d}"
            yield {
                "ts_code": share.symbol, "end_date": f"{market.day.year - 1}1231", "ann_date": before,
                "div_proc": "实施", "stk_div": 0.0, "stk_bo_rate": None, "stk_co_rate": None,
                "cash_div": float(share.dividend), "cash_div_tax": float(share.dividend),
                "record_date": before, "ex_date": f"{market.day:%Y%m%d}",
                "pay_date": f"{market.day:%Y%m%d}", "div_listdate": None, "imp_ann_date": before,
            }  # fmt: skip


def _weights(market: Market, given: Mapping[str, str], _at: datetime) -> Iterator[_Row]:
    weight = round(100 / len(market.listed), 4)
    for share in market.listed.values():
        yield {
            "index_code": given.get("index_code", "000016.SH"), "con_code": share.symbol,
            "trade_date": f"{share.days[-1].day:%Y%m%d}", "weight": weight,
        }  # fmt: skip


def _flashes(market: Market, given: Mapping[str, str], at: datetime) -> Iterator[_Row]:
    for one in market.news:
        if one.at <= at and _between(one.at, given):
            yield {
                "datetime": f"{one.at:%Y-%m-%d %H:%M:%S}", "title": one.title, "content": one.text,
                "channels": "",
            }  # fmt: skip


def _announcements(market: Market, given: Mapping[str, str], at: datetime) -> Iterator[_Row]:
    for share in _asked_shares(market, given):
        for one in market.announced:
            if one.symbol == share.symbol and one.at <= at and _within(one.at.date(), given):
                yield {
                    "ann_date": f"{one.at:%Y%m%d}", "ts_code": share.symbol, "name": share.name,
                    "title": one.title, "url": "", "rec_time": f"{one.at:%Y-%m-%d %H:%M:%S}",
                }  # fmt: skip


_TABLES: Mapping[str, _Table] = {
    "rt_k": _quotes,
    "daily": _daily,
    "adj_factor": _factors,
    "stk_mins": _minutes,
    "stk_limit": _limits,
    "suspend_d": _suspended,
    "trade_cal": _calendar,
    "stock_basic": _listed,
    "namechange": _names,
    "dividend": _dividends,
    "index_weight": _weights,
    "news": _flashes,
    "anns_d": _announcements,
}


def _within(day: date, given: Mapping[str, str]) -> bool:
    """Answer whether a day is what `trade_date`, or `start_date` and `end_date`, ask for."""
    label = f"{day:%Y%m%d}"
    if given.get("trade_date"):
        return label == given["trade_date"]
    return (given.get("start_date") or "0") <= label <= (given.get("end_date") or "9")


def _between(label: datetime, given: Mapping[str, str]) -> bool:
    text = f"{label:%Y-%m-%d %H:%M:%S}"
    return (given.get("start_date") or "0") <= text <= (given.get("end_date") or "9")


def _number(price: Price) -> object:
    return float(price) if isinstance(price, Decimal) else price


def _json(body: object) -> Reply:
    return Reply(json.dumps(body, ensure_ascii=False).encode())
