"""tushare's bars: `daily` or `stk_mins` as the market traded, made forward-adjusted by `adj_factor`.

Daily volumes are lots, those of minutes shares. A price times its day's factor, divided by the latest
factor, is what it is worth today.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from services.domain.bars import Frequency
from services.domain.instruments import Market, Symbol
from services.market.feeds.asking import known, split
from services.market.feeds.bar_rows import amount_in_lots, bar_of, each, factor_on, scaled
from services.market.feeds.fields import LOT_SHARES, local_moment, number_of, prefixed, text_of
from services.market.feeds.tushare_pro import HOST, NAME, Row, TushareCalls
from services.market.raw_bars import RawBar
from services.market.recent_bars import BarsTold, NoBars, ended, first_day
from services.ports import PriceFault
from services.slots import local

_DAILY_FIELDS = ("ts_code", "trade_date", "open", "high", "low", "close", "vol")
_HOURLY_FIELDS = ("ts_code", "trade_time", "open", "high", "low", "close", "vol")
_FACTOR_FIELDS = ("ts_code", "trade_date", "adj_factor")
_PART_SYMBOLS = 50
"""So many symbols' days fit into a page of 6,000 rows."""

_FACTORS_SINCE = timedelta(days=30)
"""How much earlier than the bars the factors are asked for: a share that did not trade has its last one."""

Factors = tuple[tuple[date, float], ...]


class TushareBars:
    """Bars by an account's tables: days in one request for many symbols, hours one by one."""

    name = NAME
    bar_hosts = (HOST,)

    def __init__(self, calls: TushareCalls) -> None:
        self._calls = calls
        self._day = date.min
        self._factors: dict[Symbol, Factors] = {}

    async def bars(self, symbols: Sequence[Symbol], frequency: Frequency, now: datetime) -> BarsTold:
        """Return the bars that had ended at `now`.

        Raises:
            PriceFault: The environment's certificates or proxy cannot be used.
        """
        today = local(now, Market.CN).date()
        if today != self._day:
            self._day, self._factors = today, {}
        mine, foreign = known(symbols, prefixed)
        if frequency is Frequency.HOURLY:
            return await each(mine, foreign, partial(self._hours, now))
        parts = await asyncio.gather(*(self._days(part, now) for part in split(mine, _PART_SYMBOLS)))
        days = {symbol: rows for part in parts for symbol, rows in part.items()}
        return await each(mine, foreign, partial(self._of_days, days, now))

    async def _days(
        self, part: Sequence[Symbol], now: datetime
    ) -> Mapping[Symbol, Sequence[Row] | PriceFault]:
        """Return the days of some symbols, or the fault that each of them has."""
        asked = {"ts_code": ",".join(part), **_span(now)}
        try:
            rows = await self._calls.rows("daily", asked, _DAILY_FIELDS)
        except PriceFault as fault:
            return dict.fromkeys(part, fault)
        return {symbol: [row for row in rows if text_of(row.get("ts_code")) == symbol] for symbol in part}

    async def _of_days(
        self, days: Mapping[Symbol, Sequence[Row] | PriceFault], now: datetime, symbol: Symbol
    ) -> tuple[RawBar, ...]:
        rows = days[symbol]
        if isinstance(rows, PriceFault):
            raise rows
        return await self._adjusted(symbol, rows, Frequency.DAILY, now)

    async def _hours(self, now: datetime, symbol: Symbol) -> tuple[RawBar, ...]:
        since, today = first_day(Frequency.HOURLY, now), local(now, Market.CN)
        asked = {
            "ts_code": symbol, "freq": "60min",
            "start_date": f"{since} 00:00:00", "end_date": f"{today:%Y-%m-%d %H:%M:%S}",
        }  # fmt: skip
        rows = await self._calls.rows("stk_mins", asked, _HOURLY_FIELDS)
        return await self._adjusted(symbol, rows, Frequency.HOURLY, now)

    async def _adjusted(
        self, symbol: Symbol, rows: Sequence[Row], frequency: Frequency, now: datetime
    ) -> tuple[RawBar, ...]:
        if not rows:
            raise NoBars("no bars")
        if symbol not in self._factors:
            asked = {"ts_code": symbol, **_span(now, _FACTORS_SINCE)}
            found = await self._calls.rows("adj_factor", asked, _FACTOR_FIELDS)
            self._factors[symbol] = read_factors(found)
        return ended(symbol, tuple(_bars(symbol, rows, self._factors[symbol], frequency)), frequency, now)


def read_factors(rows: Sequence[Row]) -> Factors:
    """Return the factors by their day, the latest first.

    Raises:
        NoBars: A row is not of this form.
    """
    found: list[tuple[date, float]] = []
    for row in rows:
        day, factor = local_moment(row.get("trade_date"), "%Y%m%d", 8), number_of(row.get("adj_factor"))
        if day is None or not factor:
            raise NoBars("a factor of adjustment without a day or a number")
        found.append((day.date(), float(factor)))
    return tuple(sorted(found, reverse=True))


def _bars(symbol: Symbol, rows: Sequence[Row], factors: Factors, frequency: Frequency) -> Iterator[RawBar]:
    """Yield the rows as bars, oldest first.

    Raises:
        NoBars: One is not of this form, or there is no factor for its day.
    """
    if not factors:
        raise NoBars("no factors of adjustment")
    key, form, length, unit = (
        ("trade_date", "%Y%m%d", 8, LOT_SHARES)
        if frequency is Frequency.DAILY
        else ("trade_time", "%Y-%m-%d %H:%M:%S", 19, 1)
    )
    for line, row in enumerate(sorted(rows, key=lambda one: text_of(one.get(key))), start=1):
        at = local_moment(row.get(key), form, length)
        if at is None:
            raise NoBars("a bar without a time")
        label = f"{at:%Y-%m-%d}" if frequency is Frequency.DAILY else f"{at:%Y-%m-%d %H:%M:%S}"
        prices = (row.get("open"), row.get("high"), row.get("low"), row.get("close"))
        lots = amount_in_lots(row.get("vol"), None, None, unit)
        factor = factor_on(at.date(), factors) / factors[0][1]
        yield scaled(bar_of(symbol, line, label, prices, lots), factor)


def _span(now: datetime, earlier: timedelta = timedelta(0)) -> Mapping[str, object]:
    since, today = first_day(Frequency.DAILY, now) - earlier, local(now, Market.CN).date()
    return {"start_date": f"{since:%Y%m%d}", "end_date": f"{today:%Y%m%d}"}
