"""Bars of the past by tushare pro, with its factors, dividends, members of indices and facts."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from services.domain.bars import CorporateAction, VolumeUnit
from services.domain.instruments import Instrument, NotASymbol, Span, Symbol, marks_of, parse_symbol
from services.history.descriptions import Described
from services.history.lengths import BarLength
from services.history.spans import Days
from services.history.tables import Roll, Stay
from services.history.vendors import NO_BARS, ExDays, Period, Told
from services.market.feeds.fields import LOT_SHARES, number_of, text_of
from services.market.feeds.tushare_pro import HOST, NAME, Row, TushareCalls
from services.market.raw_bars import RawBar
from services.ports import PriceFault

_ROLL_DAYS_AROUND = 40
"""Lists of members come monthly: one of them lies so many days before any day, and after it."""

_BAR_COLUMNS = ("ts_code", "open", "high", "low", "close", "vol", "amount")
_ACTION_COLUMNS = ("ts_code", "ex_date", "div_proc", "cash_div_tax", "stk_div", "stk_bo_rate")
_DONE = "实施"


class TushareHistory:
    """Tables of tushare, a symbol at a time. Dividends tell no rights issues; the factors hold them."""

    name = NAME
    hosts = (HOST,)
    at_a_time = 4

    def __init__(self, calls: TushareCalls) -> None:
        self._calls = calls

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
        params = {"index_code": index, **_span(start - around, end + around)}
        rows = await self._calls.rows("index_weight", params, ("index_code", "con_code", "trade_date"))
        found: dict[date, set[Symbol]] = defaultdict(set)
        for row in rows:
            found[_day(row, "trade_date")].add(_symbol(row, "con_code"))
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
        found = []
        for first in range(0, len(symbols), self.at_a_time):
            part = symbols[first : first + self.at_a_time]
            found += await asyncio.gather(*(self._described(symbol, start, end) for symbol in part))
        return tuple(one for one in found if one is not None)

    async def days(self, start: date, end: date) -> Mapping[date, bool]:
        """Return which days are trading days of Shanghai.

        Raises:
            PriceFault: They are not told.
        """
        params = {"exchange": "SSE", **_span(start, end)}
        rows = await self._calls.rows("trade_cal", params, ("cal_date", "is_open"))
        return {_day(row, "cal_date"): number_of(row.get("is_open")) == 1 for row in rows}

    async def _told(self, symbol: Symbol, period: Period) -> Told | str:
        if symbol.endswith(".US") or period.length is BarLength.WEEK:
            return "not told by this vendor"
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
            factors = await self._factors(symbol, period)
        except PriceFault as fault:
            return ExDays(actions=actions, lacks=(f"{fault.asked}: {fault.why}",))
        return ExDays(actions=actions, factors=factors)

    async def _bars(self, symbol: Symbol, period: Period) -> tuple[RawBar, ...]:
        if period.length is BarLength.DAY:
            table, label = "daily", "trade_date"
            params = {"ts_code": symbol, **_span(period.start, period.end)}
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
        return tuple(
            _bar(row, text_of(row.get(label)), line, unit) for line, row in enumerate(stated, start=1)
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
        params = {"ts_code": symbol, **_span(period.start, period.end)}
        rows = await self._calls.rows("adj_factor", params, ("ts_code", "trade_date", "adj_factor"))
        by_day = sorted((_day(row, "trade_date"), number_of(row.get("adj_factor"))) for row in rows)
        found: dict[date, Decimal] = {}
        for day, factor in by_day:
            if factor is not None and (not found or factor != next(reversed(found.values()))):
                found[day] = factor
        return found

    async def _described(self, symbol: Symbol, start: date, end: date) -> Described | None:
        of = {"ts_code": symbol}
        listed = await self._calls.rows(
            "stock_basic", of, ("ts_code", "name", "industry", "list_date"), may_be_empty=True
        )
        if not listed:
            return None
        names = await self._calls.rows(
            "namechange", of, ("ts_code", "name", "start_date", "end_date"), may_be_empty=True
        )
        halts = await self._calls.rows(
            "suspend_d",
            {**of, "suspend_type": "S", **_span(start, end)},
            ("ts_code", "trade_date", "suspend_timing"),
            may_be_empty=True,
        )
        return Described(
            instrument=Instrument(
                symbol=symbol,
                name=text_of(listed[0].get("name")),
                listed_on=_day(listed[0], "list_date"),
                st=_warned(names),
                suspended=tuple(
                    Span(since=day, until=day)
                    for day in sorted(
                        {_day(row, "trade_date") for row in halts if not text_of(row.get("suspend_timing"))}
                    )
                ),
            ),
            industry=text_of(listed[0].get("industry")),
            source=NAME,
            days=Days(start, end),
        )


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
        ex_date=_day(row, "ex_date"),
        cash_per_share=cash,
        shares_per_share=shares,
        bonus_per_share=bonus,
    )


def _warned(names: Sequence[Row]) -> tuple[Span, ...]:
    """Return the periods in which the name carried a risk warning, oldest first."""
    spans = {
        (_day(row, "start_date"), _day(row, "end_date") if text_of(row.get("end_date")) else None)
        for row in names
        if marks_of(text_of(row.get("name"))).warned
    }
    return tuple(Span(since=since, until=until) for since, until in sorted(spans, key=lambda one: one[0]))


def _symbol(row: Row, name: str) -> Symbol:
    try:
        return parse_symbol(text_of(row.get(name)))
    except NotASymbol as problem:
        raise PriceFault(NAME, f"a row without a symbol: {problem}") from problem


def _day(row: Row, name: str) -> date:
    try:
        return datetime.strptime(text_of(row.get(name)), "%Y%m%d").date()  # noqa: DTZ007  # A day has no zone.
    except ValueError:
        raise PriceFault(NAME, f"a row without a {name}") from None


def _span(first: date, last: date) -> dict[str, object]:
    return {"start_date": f"{first:%Y%m%d}", "end_date": f"{last:%Y%m%d}"}
