"""Whether bars reach over the days they were asked for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from services.domain.instruments import Instrument, Market
from services.history.lengths import BarLength, day_end, day_of, ends_of_day, moment_of
from services.history.series import Series
from services.history.spans import Covered, Days

_TAKEN_OFF_DAYS_MAX = 5
"""Within so many trading days of its last trade a share is taken off: the exchange does so within five
after a delisting period (listing rules of both exchanges, 2020-12-31)."""

_TAKEN_OFF_SPAN = timedelta(days=21)
"""No five trading days lie further apart, the longest holidays included."""


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
    if end < ends_on(market, length, due[-1], early_close)[-1] and not _ended(series, facts, asked, days):
        lacks.append(f"ends with {series.label(len(series) - 1)}, asked for until {due[-1]}")
        last = _whole_until(series, early_close)
    return Reach(Days(first, last) if first <= last else None, "; ".join(lacks))


class Answered(NamedTuple):
    """The days of which an answer is whole, ascending, and what it lacks."""

    days: tuple[Days, ...]
    lacks: str


def answered(
    series: Series,
    asked: Days,
    days: Sequence[date],
    facts: Instrument | None,
    told: Covered,
    early_close: Callable[[date], time | None] = lambda _day: None,
) -> Answered:
    """Return of which of the days asked for a series with bars is whole.

    `days` are the trading days among them, ascending. On the days of `told` all suspensions are known: one
    without all its bars is a hole in the answer.
    """
    ends = reach(series, asked, days, facts, early_close)
    if ends.days is None:
        return Answered((), ends.lacks)
    known = told.within(ends.days)
    lost = holes(series, [day for day in days if known.holds(day)], facts, early_close)
    more = f" and {len(lost) - 1} more days" if len(lost) > 1 else ""
    lacks = [one for one in (ends.lacks, f"lacks bars of {lost[0]}{more}" if lost else "") if one]
    return Answered(Covered((ends.days,)).less(Days(day, day) for day in lost).spans, "; ".join(lacks))


def whole_days(series: Series, early_close: Callable[[date], time | None] = lambda _day: None) -> Days:
    """Return the days of which a series with bars is whole, from its first bar to its last.

    They begin with the first day of which its first bar is there and end with the last of which its last one
    is; they end before they begin where there is no such day.
    """
    return Days(_whole_from(series, early_close), _whole_until(series, early_close))


def holes(
    series: Series,
    days: Sequence[date],
    facts: Instrument | None,
    early_close: Callable[[date], time | None] = lambda _day: None,
) -> list[date]:
    """Return the days among `days` on which a symbol with these facts is to have bars, and lacks one."""
    if series.kind.length is BarLength.WEEK:
        return []
    there = frozenset(series.ends.tolist())
    last = day_of(series.market, int(series.ends[-1])) if _was_last(series, facts, days) else date.max
    due = [day for day in expected(days, facts) if day <= last]
    return [
        day
        for day in due
        if not there.issuperset(ends_on(series.market, series.kind.length, day, early_close))
    ]


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


def _ended(series: Series, facts: Instrument | None, asked: Days, days: Sequence[date]) -> bool:
    """Answer whether an answer ends with a share's last trade.

    One that was not asked for up to the day the share left may be cut off.
    """
    left = _left(facts)
    return left is not None and left <= asked.last and _was_last(series, facts, days)


def _was_last(series: Series, facts: Instrument | None, days: Sequence[date]) -> bool:
    """Answer whether a series may end with the last trade of a share that was then taken off.

    `days` are trading days.
    """
    left, last = _left(facts), day_of(series.market, int(series.ends[-1]))
    if left is None or left - _TAKEN_OFF_SPAN > last:
        return False
    return sum(last < day <= left for day in days) <= _TAKEN_OFF_DAYS_MAX


def _left(facts: Instrument | None) -> date | None:
    return None if facts is None or facts.delisting is None else facts.delisting.until


def _traded(facts: Instrument, day: date) -> bool:
    listed = facts.listed_on is None or facts.listed_on <= day
    gone = facts.delisting is not None and facts.delisting.until is not None and facts.delisting.until < day
    return listed and not gone and not facts.is_suspended(day)
