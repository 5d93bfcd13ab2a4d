"""How long a bar is, and at which times of a day bars of that length end. Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache

from services.domain.instruments import Market
from services.slots import ZONES


class BarLength(StrEnum):
    """A bar's length, as vendors and users write it."""

    MIN_1 = "1m"
    MIN_5 = "5m"
    MIN_15 = "15m"
    MIN_30 = "30m"
    MIN_60 = "60m"
    DAY = "1d"
    WEEK = "1w"

    @property
    def minutes(self) -> int | None:
        """Its minutes of trading, None for a day and longer."""
        return int(self[:-1]) if self.endswith("m") else None


STRETCHES = {
    Market.CN: ((time(9, 30), time(11, 30)), (time(13, 0), time(15, 0))),
    Market.US: ((time(9, 30), time(16, 0)),),
}
"""Continuous trading, market-local. The opening call's trades stand in the first bar, the closing call's in
the last; a vendor that gives the opening call a bar of its own labels it with the opening."""

_SETTLING = timedelta(hours=1)


@cache
def ends_of_day(market: Market, length: BarLength, early_close: time | None = None) -> tuple[time, ...]:
    """Return the market-local times at which bars of less than a day end, ascending.

    A stretch that is no multiple of the length ends with a shorter bar.

    Raises:
        ValueError: The length is a day or more.
    """
    if length.minutes is None:
        raise ValueError(f"bars of {length} do not end within a day")
    step = timedelta(minutes=length.minutes)
    ends: list[time] = []
    for start, end in STRETCHES[market]:
        last = end if early_close is None else min(end, early_close)
        at = _on_any_day(start) + step
        while at < _on_any_day(last):
            ends.append(at.time())
            at += step
        if start < last:
            ends.append(last)
    return tuple(ends)


def moment_of(market: Market, day: date, at: time) -> int:
    """Return a market-local time of a day as seconds since the epoch."""
    return int(datetime.combine(day, at, ZONES[market]).timestamp())


def day_of(market: Market, second: int) -> date:
    """Return the market-local day of a moment given in seconds since the epoch."""
    return datetime.fromtimestamp(second, ZONES[market]).date()


def day_end(market: Market, early_close: time | None = None) -> time:
    """Return when a day's bar ends."""
    return early_close or STRETCHES[market][-1][1]


def last_day_over(now: datetime, market: Market) -> date:
    """Return the last day of which all is told: an hour after its bar ends, whether or not it has trading.

    After-hours trading at the close goes on until 15:30 in Shanghai and Shenzhen, and its volume belongs to
    the day; vendors put late trades right after that.
    """
    there = now.astimezone(ZONES[market])
    over = there.time() >= (_on_any_day(day_end(market)) + _SETTLING).time()
    return there.date() if over else there.date() - timedelta(days=1)


def _on_any_day(at: time) -> datetime:
    return datetime.combine(date(2000, 1, 1), at)
