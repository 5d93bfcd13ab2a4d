"""Bars made longer, on the boundaries of the market's sessions. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import NamedTuple

import numpy as np

from services.domain.bars import IntArray
from services.domain.instruments import Instrument, Market
from services.history.coverage import ends_on, expected
from services.history.lengths import BarLength, day_end, day_of, ends_of_day, moment_of
from services.history.series import NONE, Series
from services.history.spans import Days

_ORDER = tuple(BarLength)
_FRIDAY, _SUNDAY = 4, 6

EarlyClose = Callable[[date], time | None]
TradingDays = Callable[[date, date], Sequence[date]]


class NotLonger(ValueError):
    """Bars can be made longer only, and of minutes only where the one length is a multiple of the other."""


def resampled(series: Series, length: BarLength, early_close: EarlyClose = lambda _day: None) -> Series:
    """Return the series in bars of `length`, labelled by their end as the shorter ones are.

    A bar belongs to the longer one in whose span it ends; the opening call's own bar, labelled with the
    opening, belongs to the first. Volume and amount are exact sums, `NONE` where a part is not stated. A
    day's bar ends with its trading, a week's with that of its last day that has bars.

    Raises:
        NotLonger: `length` is not longer, or no multiple.
    """
    _require_longer(series.kind.length, length)
    if not len(series):
        return replace(series, kind=replace(series.kind, length=length))
    ends = _bucket_ends(series.market, series.ends, length, early_close)
    firsts = np.flatnonzero(np.concatenate(([True], ends[1:] != ends[:-1])))
    lasts = np.concatenate((firsts[1:] - 1, [len(ends) - 1]))
    return replace(
        series,
        kind=replace(series.kind, length=length),
        ends=ends[firsts],
        open=series.open[firsts],
        high=np.maximum.reduceat(series.high, firsts),
        low=np.minimum.reduceat(series.low, firsts),
        close=series.close[lasts],
        volume=_summed(series.volume, firsts),
        amount=_summed(series.amount, firsts),
    )


class Whole(NamedTuple):
    """Bars made of shorter ones as far as none of their parts is missing, and the days of the others."""

    series: Series
    left_out: tuple[Days, ...]


def whole(
    made: Series,
    source: Series,
    trading_days: TradingDays,
    facts: Instrument | None = None,
    early_close: EarlyClose = lambda _day: None,
) -> Whole:
    """Return the bars made of a source of which it has every part.

    No part are bars of days before a listing and of a known suspension. The days of a bar that is left out
    are its day, or its week from Monday to Sunday.
    """
    if not len(made):
        return Whole(made, ())
    market, length = source.market, made.kind.length
    there = [day_of(market, end) for end in source.ends.tolist()]
    days = trading_days(*_weeks(Days(there[0], there[-1]))) if length is BarLength.WEEK else sorted({*there})
    due = np.array(
        [
            end
            for day in expected(days, facts)
            for end in ends_on(market, source.kind.length, day, early_close)
        ],
        dtype=np.int64,
    )
    partial = {*_keys(market, np.setdiff1d(due, source.ends), length, early_close)}
    keys = _keys(market, made.ends, length, early_close)
    keep = np.array([row for row, key in enumerate(keys) if key not in partial], dtype=np.int64)
    lost = [day_of(market, int(made.ends[row])) for row, key in enumerate(keys) if key in partial]
    spans = (_weeks(Days(day, day)) if length is BarLength.WEEK else Days(day, day) for day in lost)
    return Whole(made.rows(keep), tuple(dict.fromkeys(spans)))


def _keys(market: Market, ends: IntArray, length: BarLength, early_close: EarlyClose) -> list[int]:
    """Return for each end what it has in common with the others of its longer bar, and no other bar has."""
    if length.minutes is not None:
        found: list[int] = _bucket_ends(market, ends, length, early_close).tolist()
        return found
    days = (day_of(market, end) for end in ends.tolist())
    return [(_friday(day) if length is BarLength.WEEK else day).toordinal() for day in days]


def _weeks(days: Days) -> Days:
    """Return the weeks of the days, from Monday to Sunday, as far as there are dates."""
    first = days.first.toordinal() - days.first.weekday()
    last = days.last.toordinal() + _SUNDAY - days.last.weekday()
    return Days(date.fromordinal(max(first, 1)), date.fromordinal(min(last, date.max.toordinal())))


def _require_longer(have: BarLength, want: BarLength) -> None:
    multiple = not (have.minutes and want.minutes) or want.minutes % have.minutes == 0
    if _ORDER.index(want) <= _ORDER.index(have) or not multiple:
        raise NotLonger(f"bars of {have} cannot be made into bars of {want}")


def _bucket_ends(market: Market, ends: IntArray, length: BarLength, early_close: EarlyClose) -> IntArray:
    days = [day_of(market, end) for end in ends.tolist()]
    if length is BarLength.WEEK:
        last_of = {_friday(day): day for day in days}
        days = [last_of[_friday(day)] for day in days]
    if length.minutes is None:
        closes = {day: moment_of(market, day, day_end(market, early_close(day))) for day in set(days)}
        return np.array([closes[day] for day in days], dtype=np.int64)
    grids = {
        day: [moment_of(market, day, at) for at in ends_of_day(market, length, early_close(day))]
        for day in set(days)
    }
    found = np.empty(len(days), dtype=np.int64)
    for row, (day, end) in enumerate(zip(days, ends.tolist(), strict=True)):
        grid = grids[day]
        at = int(np.searchsorted(grid, end))
        # A bar after the end of trading (a vendor's closing call labelled late) belongs to the last one.
        found[row] = grid[min(at, len(grid) - 1)]
    return found


def _summed(column: IntArray, firsts: IntArray) -> IntArray:
    sums: IntArray = np.add.reduceat(column, firsts)
    unknown = np.minimum.reduceat(column, firsts) == NONE
    sums[unknown] = NONE
    return sums


def _friday(day: date) -> date:
    return day + timedelta(days=_FRIDAY - day.weekday())
