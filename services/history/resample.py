"""Bars made longer, on the boundaries of the market's sessions. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta

import numpy as np

from services.domain.bars import IntArray
from services.history.lengths import BarLength, day_end, day_of, ends_of_day, moment_of
from services.history.series import NONE, Series

_ORDER = tuple(BarLength)
_FRIDAY = 4


class NotLonger(ValueError):
    """Bars can be made longer only, and of minutes only where the one length is a multiple of the other."""


def resampled(
    series: Series, length: BarLength, early_close: Callable[[date], time | None] = lambda _day: None
) -> Series:
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
    ends = _bucket_ends(series, length, early_close)
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


def _require_longer(have: BarLength, want: BarLength) -> None:
    multiple = not (have.minutes and want.minutes) or want.minutes % have.minutes == 0
    if _ORDER.index(want) <= _ORDER.index(have) or not multiple:
        raise NotLonger(f"bars of {have} cannot be made into bars of {want}")


def _bucket_ends(series: Series, length: BarLength, early_close: Callable[[date], time | None]) -> IntArray:
    market = series.market
    days = [day_of(market, end) for end in series.ends.tolist()]
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
    for row, (day, end) in enumerate(zip(days, series.ends.tolist(), strict=True)):
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
