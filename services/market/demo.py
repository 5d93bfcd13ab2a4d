"""The demo market: invented instruments and prices from a seed, whole days made to show the rules.

Nothing here is real: every name holds "DEMO" and no code is of a listed instrument, but each code has its
board's true prefix. Prices are computed in whole ticks from a seeded generator's integers, so a seed gives
the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import nan
from typing import NamedTuple

import numpy as np

from services.domain.bars import Adjustment, CorporateAction, FloatArray, Frequency, Panel, VolumeUnit
from services.domain.instruments import Instrument, Market
from services.market.bar_times import DAY_SPAN, HOURLY_STARTS
from services.market.columns import with_digest
from services.market.demo_listings import LISTINGS, Event, Listing
from services.rules import ex_reference, price_band, rules_of
from services.slots import ZONES

DEMO_FIRST = date(2026, 5, 29)
DEMO_START = date(2026, 7, 13)
DEMO_END = date(2026, 7, 17)
DEMO_SEED = 20260706

_HOLIDAYS = frozenset({date(2026, 6, 19)})
"""Weekdays without trading from DEMO_FIRST to DEMO_END: the Dragon Boat Festival."""

_LONG_LISTED = date(2023, 9, 1)

_BARS_A_DAY = len(HOURLY_STARTS)
_BP = 10_000


class _Day(NamedTuple):
    """One day of one listing in ticks: bars as (open, high, low, close) and volumes in shares."""

    reference: int
    bars: tuple[tuple[int, int, int, int], ...]
    volumes: tuple[int, ...]


def demo_panel(seed: int = DEMO_SEED, *, frequency: Frequency = Frequency.HOURLY) -> Panel:
    """Return the demo market's bars from `DEMO_FIRST` to `DEMO_END`; daily ones are made of the hourly.

    Raw prices, volume in shares, `prev_close` on every listed day, `synthetic` set.
    """
    days = demo_days()
    rows = len(days) * _BARS_A_DAY
    cube = np.full((6, rows, len(LISTINGS)), nan)
    for column, listing in enumerate(LISTINGS):
        rng = np.random.Generator(np.random.PCG64([seed, column]))
        _fill(cube[:, :, column], listing, days, rng)
    hourly = _panel(seed, days, cube)
    return with_digest(hourly if frequency is Frequency.HOURLY else _daily(hourly))


def demo_days() -> tuple[date, ...]:
    """Return the trading days of the demo market, ascending."""
    span = (DEMO_END - DEMO_FIRST).days + 1
    every = (DEMO_FIRST + timedelta(days=i) for i in range(span))
    return tuple(day for day in every if day.weekday() < 5 and day not in _HOLIDAYS)


def _instrument(listing: Listing) -> Instrument:
    days = demo_days()
    first = listing.listed_on
    return Instrument(
        symbol=listing.symbol,
        name=listing.name,
        kind=listing.kind,
        listed_on=first or _LONG_LISTED,
        first_days=tuple(day for day in days if day >= first) if first else (),
        st=listing.st,
        issue_price_cny=listing.start_price if first else None,
    )


def _fill(cells: FloatArray, listing: Listing, days: Sequence[date], rng: np.random.Generator) -> None:
    """Write the bars of one listing into its column of the cube."""
    instrument = _instrument(listing)
    tick = rules_of(listing.symbol, days[0]).tick
    ticks_per_unit = int(1 / tick)
    reference = int(Decimal(listing.start_price) * ticks_per_unit)
    for i, day in enumerate(days):
        draws = rng.integers(-_BP, _BP, size=(_BARS_A_DAY, 6), endpoint=True).tolist()
        if listing.listed_on is not None and day < listing.listed_on:
            continue
        event = listing.event_on(day)
        if event is Event.EX_DIVIDEND:
            before = Decimal(reference) * tick
            reference = int(
                ex_reference(
                    before,
                    cash=Decimal(listing.cash_per_share),
                    share_ratio=Decimal(0),
                    rights_ratio=Decimal(0),
                    rights_price=Decimal(0),
                    tick=tick,
                )
                * ticks_per_unit
            )
        made = _day(listing, instrument, day, reference, draws)
        rows = slice(i * _BARS_A_DAY, (i + 1) * _BARS_A_DAY)
        cells[5, rows] = made.reference / ticks_per_unit
        if event is Event.SUSPENDED:
            continue
        cells[:4, rows] = np.array(made.bars, dtype=np.int64).T / ticks_per_unit
        cells[4, rows] = made.volumes
        reference = made.bars[-1][3]


def _day(listing: Listing, instrument: Instrument, day: date, reference: int, draws: list[list[int]]) -> _Day:
    """Return one day's bars: a walk inside the day's limits, or the day the listing's event makes."""
    lowest, highest = _limits(instrument, day, reference)
    event = listing.event_on(day)
    volumes = tuple(listing.shares_per_bar * (3 * _BP + draw[5]) // (300 * _BP) * 100 for draw in draws)
    if event in (Event.SEALED_UP, Event.SEALED_DOWN):
        price = highest if event is Event.SEALED_UP else lowest
        thin = tuple(max(100, volume // 2000 * 100) for volume in volumes)
        return _Day(reference, ((price,) * 4,) * _BARS_A_DAY, thin)
    bars = []
    trend_bp, swing_bp = listing.move_on(day)
    last = reference
    for index, draw in enumerate(draws):
        gap_bp = listing.gap_on(day) if index == 0 else 0
        opened = _moved(last, gap_bp + swing_bp * draw[0] // (6 * _BP), lowest, highest)
        closed = _moved(
            opened, trend_bp // _BARS_A_DAY + swing_bp * (draw[1] + draw[2]) // (2 * _BP), lowest, highest
        )
        top = _moved(max(opened, closed), swing_bp * abs(draw[3]) // (3 * _BP), lowest, highest)
        bottom = _moved(min(opened, closed), -(swing_bp * abs(draw[4]) // (3 * _BP)), lowest, highest)
        bars.append((opened, top, bottom, closed))
        last = closed
    return _Day(reference, tuple(bars), volumes)


def _moved(ticks: int, move_bp: int, lowest: int, highest: int) -> int:
    """Return the price moved by basis points, on the tick and inside the day's limits."""
    moved = (ticks * (_BP + move_bp) + _BP // 2) // _BP
    return min(max(moved, lowest), highest)


def _limits(instrument: Instrument, day: date, reference: int) -> tuple[int, int]:
    """Return the lowest and highest price of the day in ticks; a day without limits moves at most tenfold."""
    rules = rules_of(instrument.symbol, day)
    band = price_band(rules, Decimal(reference) * rules.tick, instrument)
    if band.limit_down is None or band.limit_up is None:
        return 1, reference * 10
    return int(band.limit_down / rules.tick), int(band.limit_up / rules.tick)


def _panel(seed: int, days: Sequence[date], cube: FloatArray) -> Panel:
    zone = ZONES[Market.CN]
    starts = [datetime.combine(day, at, zone) for day in days for at in HOURLY_STARTS.values()]
    ends = [datetime.combine(day, at, zone) for day in days for at in HOURLY_STARTS]
    return Panel(
        symbols=tuple(listing.symbol for listing in LISTINGS),
        names=tuple(listing.name for listing in LISTINGS),
        starts=np.array([int(moment.timestamp()) for moment in starts], dtype=np.int64),
        ends=np.array([int(moment.timestamp()) for moment in ends], dtype=np.int64),
        days=np.repeat(np.array([day.toordinal() for day in days], dtype=np.int64), _BARS_A_DAY),
        open=cube[0],
        high=cube[1],
        low=cube[2],
        close=cube[3],
        volume=cube[4],
        prev_close=cube[5],
        frequency=Frequency.HOURLY,
        adjustment=Adjustment.RAW,
        volume_unit=VolumeUnit.SHARE,
        source=f"demo:{seed}",
        digest="",
        instruments={listing.symbol: _instrument(listing) for listing in LISTINGS},
        actions=_actions(),
        synthetic=True,
    )


def _actions() -> tuple[CorporateAction, ...]:
    return tuple(
        CorporateAction(symbol=listing.symbol, ex_date=day, cash_per_share=Decimal(listing.cash_per_share))
        for listing in LISTINGS
        for day, event in listing.events
        if event is Event.EX_DIVIDEND
    )


def _daily(hourly: Panel) -> Panel:
    """Return the panel with the bars of each day made into one; a day has all of its bars or none."""
    shape = (-1, _BARS_A_DAY, len(hourly.symbols))
    start, end = DAY_SPAN[Market.CN]
    zone = ZONES[Market.CN]
    days = demo_days()
    return replace(
        hourly,
        starts=np.array(
            [int(datetime.combine(day, start, zone).timestamp()) for day in days], dtype=np.int64
        ),
        ends=np.array([int(datetime.combine(day, end, zone).timestamp()) for day in days], dtype=np.int64),
        days=hourly.days[::_BARS_A_DAY],
        open=hourly.open.reshape(shape)[:, 0],
        high=hourly.high.reshape(shape).max(axis=1),
        low=hourly.low.reshape(shape).min(axis=1),
        close=hourly.close.reshape(shape)[:, -1],
        volume=hourly.volume.reshape(shape).sum(axis=1),
        prev_close=None if hourly.prev_close is None else hourly.prev_close[::_BARS_A_DAY],
        frequency=Frequency.DAILY,
    )
