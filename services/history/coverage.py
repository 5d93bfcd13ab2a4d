"""Whether bars reach over the days they were asked for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from services.domain.instruments import Instrument, Market
from services.history.lengths import BarLength, day_end, day_of, ends_of_day, moment_of
from services.history.series import Series
from services.history.spans import Days


class Reach(NamedTuple):
    """The days over which an answer reaches, None where it is whole of none, and what it lacks."""

    days: Days | None
    lacks: str


def reach(
    series: Series,
    asked: Days,
    days: Sequence[date],
    facts: Instrument | None,
    early_close: Callable[[date], time | None] = lambda _day: None,
) -> Reach:
    """Return how far a series with bars reaches over the days asked for.

    `days` are the trading days among them, ascending. Days before a listing and days of a suspension, as far
    as they are known, are not expected; what is missing between two bars is another check's matter.
    """
    length, market = series.kind.length, series.market
    begin, end = int(series.ends[0]), int(series.ends[-1])
    due = expected(days, facts)
    if not due:
        return Reach(Days(day_of(market, begin), day_of(market, end)), "")
    first, last, lacks = asked.first, asked.last, []
    if begin > ends_on(market, length, due[0], early_close)[0]:
        lacks.append(f"begins with {series.label(0)}, asked for from {due[0]}")
        first = _whole_from(series, early_close)
    if end < ends_on(market, length, due[-1], early_close)[-1]:
        lacks.append(f"ends with {series.label(len(series) - 1)}, asked for until {due[-1]}")
        last = _whole_until(series, early_close)
    return Reach(Days(first, last) if first <= last else None, "; ".join(lacks))


def whole_days(
    all_series: Sequence[Series], early_close: Callable[[date], time | None] = lambda _day: None
) -> Days:
    """Return the days of which series with bars together have the first bar and the last.

    They end before they begin where there is no such day.
    """
    first = min(all_series, key=lambda one: int(one.ends[0]))
    last = max(all_series, key=lambda one: int(one.ends[-1]))
    return Days(_whole_from(first, early_close), _whole_until(last, early_close))


def expected(days: Sequence[date], facts: Instrument | None) -> list[date]:
    """Return the days on which a symbol is to have bars, as far as its facts are known."""
    return [day for day in days if facts is None or _traded(facts, day)]


def ends_on(
    market: Market, length: BarLength, day: date, early_close: Callable[[date], time | None]
) -> tuple[int, ...]:
    """Return the ends of a day's bars in seconds since the epoch, ascending."""
    return _ends(market, length, day, early_close(day))


@lru_cache(maxsize=8192)
def _ends(market: Market, length: BarLength, day: date, close: time | None) -> tuple[int, ...]:
    times = (day_end(market, close),) if length.minutes is None else ends_of_day(market, length, close)
    return tuple(moment_of(market, day, at) for at in times)


def _whole_from(series: Series, early_close: Callable[[date], time | None]) -> date:
    """Return the first day of which the first bar is there, or the day after it."""
    day = day_of(series.market, int(series.ends[0]))
    begins = ends_on(series.market, series.kind.length, day, early_close)[0]
    return day if int(series.ends[0]) <= begins else day + timedelta(days=1)


def _whole_until(series: Series, early_close: Callable[[date], time | None]) -> date:
    """Return the last day of which the last bar is there, or the day before it."""
    day = day_of(series.market, int(series.ends[-1]))
    ends = ends_on(series.market, series.kind.length, day, early_close)[-1]
    return day if int(series.ends[-1]) >= ends else day - timedelta(days=1)


def _traded(facts: Instrument, day: date) -> bool:
    listed = facts.listed_on is None or facts.listed_on <= day
    gone = facts.delisting is not None and facts.delisting.until is not None and facts.delisting.until < day
    return listed and not gone and not facts.is_suspended(day)
