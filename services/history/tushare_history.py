"""Bars of the past by tushare pro, with its factors, dividends, members of indices and facts."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from services.domain.bars import CorporateAction, VolumeUnit
from services.domain.instruments import Market, NotASymbol, Symbol, parse_symbol
from services.history.descriptions import Described
from services.history.lengths import BarLength, ends_of_day
from services.history.spans import Days
from services.history.tables import Roll, Stay
from services.history.tushare_descriptions import TushareDescriptions, day_in, span_of
from services.history.vendors import NO_BARS, NOT_SERVED, ExDays, Period, Told
from services.market.feeds.fields import LOT_SHARES, number_of, text_of
from services.market.feeds.tushare_pro import HOST, NAME, Row, TushareCalls
from services.market.raw_bars import RawBar
from services.ports import PriceFault

_ROLL_DAYS_AROUND = 40
"""Lists of members come monthly: one of them lies so many days before any day, and after it."""

_BAR_COLUMNS = ("ts_code", "open", "high", "low", "close", "vol", "amount")
_ACTION_COLUMNS = ("ts_code", "ex_date", "div_proc", "cash_div_tax", "stk_div", "stk_bo_rate")
_DONE = "实施"

_ROWS_MAX = {"daily": 5000, "stk_mins": 8000}
"""How many rows one answer holds at most, by the vendor's pages of the tables; it cuts the oldest off."""


class TushareHistory:
    """Tables of tushare, a symbol at a time. Dividends tell no rights issues; the factors hold them."""

    name = NAME
    hosts = (HOST,)
    at_a_time = 4

    def __init__(self, calls: TushareCalls) -> None:
        self._calls = calls
        self._descriptions = TushareDescriptions(calls)

    async def bars(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, Told | str]:
        """Return what is told of each symbol, or why nothing is."""
        answers = await asyncio.gather(*(self._told(symbol, period) for symbol in symbols))
        return dict(zip(symbols, answers, strict=True))

    async def ex_days(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, ExDays]:
        """Return the dividends and factors of each symbol, or why they are not told."""
        answers = await asyncio.gather(*(self._ex_days(symbol, period) for symbol in symbols))
        return dict(zip(symbols, answers, strict=True))

    async def rolls(self, index: str, start: date, end: date) -> tuple[Roll, ...]:
        """Return the members of an index on the days on which they were listed, one before and one after.

        Raises:
            PriceFault: They are not told.
        """
        around = timedelta(days=_ROLL_DAYS_AROUND)
        columns = ("index_code", "con_code", "trade_date")
        found: dict[date, set[Symbol]] = defaultdict(set)
        # The vendor asks to be asked month by month: an answer that is longer is cut off without a word.
        for first, last in _months(start - around, end + around):
            params = {"index_code": index, **span_of(first, last)}
            for row in await self._calls.rows("index_weight", params, columns, may_be_empty=True):
                found[day_in(row, "trade_date")].add(_symbol(row, "con_code"))
        if not found:
            raise PriceFault(f"{NAME} index_weight", "the table is empty")
        return tuple(
            Roll(index=index, day=day, members=tuple(sorted(members)), source=NAME)
            for day, members in sorted(found.items())
        )

    async def stays(self, index: str) -> tuple[Stay, ...]:
        """Return nothing: the vendor lists members of certain days alone."""
        return ()

    async def described(self, symbols: Sequence[Symbol], start: date, end: date) -> tuple[Described, ...]:
        """Return names, listing days, industries, risk warnings and suspensions of whole days.

        Raises:
            PriceFault: A table is not told.
        """
        return await self._descriptions.told(symbols, Days(start, end), self.at_a_time)

    async def days(self, start: date, end: date) -> Mapping[date, bool]:
        """Return which days are trading days of Shanghai.

        Raises:
            PriceFault: They are not told.
        """
        params = {"exchange": "SSE", **span_of(start, end)}
        rows = await self._calls.rows("trade_cal", params, ("cal_date", "is_open"))
        return {day_in(row, "cal_date"): number_of(row.get("is_open")) == 1 for row in rows}

    async def _told(self, symbol: Symbol, period: Period) -> Told | str:
        if symbol.endswith(".US") or period.length is BarLength.WEEK:
            return NOT_SERVED
        try:
            bars = await self._bars(symbol, period)
        except PriceFault as fault:
            return f"{fault.asked}: {fault.why}"
        if not bars:
            return NO_BARS
        return Told(bars=bars, volume_unit=VolumeUnit.SHARE, ex_days=await self._ex_days(symbol, period))

    async def _ex_days(self, symbol: Symbol, period: Period) -> ExDays:
        actions = None
        try:
            actions = await self._actions(symbol, period)
            stated = await self._factors(symbol, period)
        except PriceFault as fault:
            return ExDays(actions=actions, lacks=(f"{fault.asked}: {fault.why}",))
        return ExDays(actions=actions, factors=_changes(stated), factor_days=frozenset(stated))

    async def _bars(self, symbol: Symbol, period: Period) -> tuple[RawBar, ...]:
        """Return the bars of a period, asked for in pieces that one answer holds."""
        found: list[RawBar] = []
        for first, last in _pieces(period):
            found += await self._piece(symbol, replace(period, start=first, end=last), len(found))
        return tuple(found)

    async def _piece(self, symbol: Symbol, period: Period, before: int) -> Iterator[RawBar]:
        if period.length is BarLength.DAY:
            table, label = "daily", "trade_date"
            params = {"ts_code": symbol, **span_of(period.start, period.end)}
        else:
            table, label = "stk_mins", "trade_time"
            params = {
                "ts_code": symbol,
                "freq": f"{period.length.minutes}min",
                "start_date": f"{period.start} 00:00:00",
                "end_date": f"{period.end} 23:59:59",
            }
        rows = await self._calls.rows(table, params, (*_BAR_COLUMNS, label), may_be_empty=True)
        # The vendor's tables begin with the newest row.
        stated = sorted(rows, key=lambda row: text_of(row.get(label)))
        # Days count lots with two decimals, which are odd shares; minutes count shares.
        unit = LOT_SHARES if period.length is BarLength.DAY else 1
        return (
            _bar(row, text_of(row.get(label)), line, unit)
            for line, row in enumerate(stated, start=before + 1)
        )

    async def _actions(self, symbol: Symbol, period: Period) -> tuple[CorporateAction, ...]:
        rows = await self._calls.rows("dividend", {"ts_code": symbol}, _ACTION_COLUMNS, may_be_empty=True)
        found = (_action(symbol, row) for row in rows)
        return tuple(
            dict.fromkeys(
                one for one in found if one is not None and period.start <= one.ex_date <= period.end
            )
        )

    async def _factors(self, symbol: Symbol, period: Period) -> dict[date, Decimal]:
        """Return the factor of each day of which one is stated, oldest first.

        Raises:
            PriceFault: None is.
        """
        rows: list[Row] = []
        columns = ("ts_code", "trade_date", "adj_factor")
        for piece in _pieces(replace(period, length=BarLength.DAY)):
            params = {"ts_code": symbol, **span_of(*piece)}
            rows += await self._calls.rows("adj_factor", params, columns, may_be_empty=True)
        if not rows:
            raise PriceFault(f"{NAME} adj_factor", "the table is empty")
        by_day = ((day_in(row, "trade_date"), number_of(row.get("adj_factor"))) for row in rows)
        return {day: factor for day, factor in sorted(by_day) if factor is not None}


def _changes(factors: Mapping[date, Decimal]) -> dict[date, Decimal]:
    """Return the factors, oldest first, without those that are the same as on the day before."""
    found: dict[date, Decimal] = {}
    for day, factor in factors.items():
        if not found or factor != next(reversed(found.values())):
            found[day] = factor
    return found


def _pieces(period: Period) -> Iterator[tuple[date, date]]:
    """Yield the days of a period in pieces of which one answer holds all rows, the oldest first."""
    if period.length.minutes is None:
        days = _ROWS_MAX["daily"]
    else:
        # One more a day than bars end: some tell the opening call apart.
        days = _ROWS_MAX["stk_mins"] // (len(ends_of_day(Market.CN, period.length)) + 1)
    first = period.start
    while first <= period.end:
        last = min(first + timedelta(days=days - 1), period.end)
        yield first, last
        first = last + timedelta(days=1)


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the days from one to another by calendar months, the oldest first."""
    while first <= last:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(following - timedelta(days=1), last)
        first = following


def _bar(row: Row, label: str, line: int, unit_shares: int) -> RawBar:
    def number(name: str, times: int = 1) -> float | None:
        found = number_of(row.get(name))
        return None if found is None else float(found * times)

    return RawBar(
        line=line,
        symbol=text_of(row.get("ts_code")),
        name="",
        label=label,
        open=number("open"),
        high=number("high"),
        low=number("low"),
        close=number("close"),
        volume=number("vol", unit_shares),
        amount=number("amount"),
    )


def _action(symbol: Symbol, row: Row) -> CorporateAction | None:
    """Return the ex-day that a dividend's row tells, None for a plan and for one without a day."""
    stated = text_of(row.get("ex_date"))
    if text_of(row.get("div_proc")) != _DONE or not stated:
        return None
    cash, shares, bonus = (
        number_of(row.get(name)) or Decimal(0) for name in ("cash_div_tax", "stk_div", "stk_bo_rate")
    )
    if not cash and not shares:
        return None
    return CorporateAction(
        symbol=symbol,
        ex_date=day_in(row, "ex_date"),
        cash_per_share=cash,
        shares_per_share=shares,
        bonus_per_share=bonus,
    )


def _symbol(row: Row, name: str) -> Symbol:
    try:
        return parse_symbol(text_of(row.get(name)))
    except NotASymbol as problem:
        raise PriceFault(NAME, f"a row without a symbol: {problem}") from problem
