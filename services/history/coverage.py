"""Whether bars reach over the days they were asked for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, time

from services.domain.instruments import Instrument, Market
from services.history.lengths import BarLength, day_end, ends_of_day, moment_of
from services.history.series import Series


def unreached(
    series: Series,
    days: Sequence[date],
    facts: Instrument | None,
    early_close: Callable[[date], time | None] = lambda _day: None,
) -> str:
    """Return what a series with bars lacks at its head and its tail, empty where nothing.

    `days` are the trading days asked for, ascending. Days before a listing and days of a suspension, as far
    as they are known, are not expected; what is missing between two bars is another check's matter.
    """
    due = [day for day in days if facts is None or _traded(facts, day)]
    if not due:
        return ""
    length, market = series.kind.length, series.market
    first = _ends(market, length, due[0], early_close)[0]
    last = _ends(market, length, due[-1], early_close)[-1]
    lacks = []
    if int(series.ends[0]) > first:
        lacks.append(f"begins with {series.label(0)}, asked for from {due[0]}")
    if int(series.ends[-1]) < last:
        lacks.append(f"ends with {series.label(len(series) - 1)}, asked for until {due[-1]}")
    return "; ".join(lacks)


def _traded(facts: Instrument, day: date) -> bool:
    listed = facts.listed_on is None or facts.listed_on <= day
    gone = facts.delisting is not None and facts.delisting.until is not None and facts.delisting.until < day
    return listed and not gone and not facts.is_suspended(day)


def _ends(
    market: Market, length: BarLength, day: date, early_close: Callable[[date], time | None]
) -> tuple[int, ...]:
    """Return the ends of a day's bars in seconds since the epoch, ascending."""
    close = early_close(day)
    times = (day_end(market, close),) if length.minutes is None else ends_of_day(market, length, close)
    return tuple(moment_of(market, day, at) for at in times)
