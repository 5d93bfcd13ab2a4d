"""When a bar begins and ends, by its label. A label is the bar's END."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import cache
from typing import NamedTuple

from services.domain.bars import Frequency
from services.domain.instruments import Market, Symbol
from services.slots import ZONES

DAY_SPAN = {
    Market.CN: (time(9, 30), time(15, 0)),
    Market.US: (time(9, 30), time(16, 0)),
}
"""Start and end of a daily bar, market-local."""

HOURLY_STARTS = {
    time(10, 30): time(9, 30),
    time(11, 30): time(10, 30),
    time(14, 0): time(13, 0),
    time(15, 0): time(14, 0),
}
"""Where the hourly bar that ends at a label began; the mainland exchanges rest from 11:30 to 13:00."""

_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_MOMENT = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})[ T](\d{2}):(\d{2})(?::00)?")


class BarTime(NamedTuple):
    """A bar's span in seconds since the epoch, its trading day as a proleptic ordinal, its length."""

    start_s: int
    end_s: int
    day: int
    frequency: Frequency


def market_of(symbol: Symbol) -> Market:
    """Return the market a symbol is traded on, by its suffix."""
    return Market.US if symbol.endswith(".US") else Market.CN


@cache
def bar_time(label: str, market: Market) -> BarTime:
    """Return the span of the bar labelled `2025-10-10`, `20251010` or `2025-10-10 10:30[:00]`.

    Raises:
        ValueError: The label is none of these, or no hourly bar of the market ends there.
    """
    if match := _DAY.fullmatch(label):
        start, end = DAY_SPAN[market]
        return _span(_day(label, match), start, end, market, Frequency.DAILY)
    match = _MOMENT.fullmatch(label)
    if match is None:
        raise ValueError(f"label {label!r} is no bar's end; write 2025-10-10, or 2025-10-10 10:30:00")
    if market is not Market.CN:
        raise ValueError(f"label {label!r}: hourly bars are known for mainland symbols only; give daily bars")
    day, end = _day(label, match), time(int(match[4]) % 24, int(match[5]) % 60)
    hourly_start = HOURLY_STARTS.get(end)
    if hourly_start is None or int(match[4]) > 23 or int(match[5]) > 59:
        ends = ", ".join(f"{at:%H:%M}" for at in HOURLY_STARTS)
        raise ValueError(f"label {label!r} is no hourly bar's end; the ends are {ends}")
    return _span(day, hourly_start, end, market, Frequency.HOURLY)


def _day(label: str, match: re.Match[str]) -> date:
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise ValueError(f"label {label!r} is no date of the calendar; correct it") from None


def _span(day: date, start: time, end: time, market: Market, frequency: Frequency) -> BarTime:
    zone = ZONES[market]
    return BarTime(
        start_s=int(datetime.combine(day, start, zone).timestamp()),
        end_s=int(datetime.combine(day, end, zone).timestamp()),
        day=day.toordinal(),
        frequency=frequency,
    )
