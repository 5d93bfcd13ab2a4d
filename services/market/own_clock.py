"""What the answers of hosts tell of this machine's clock, and what is made of quotes where it is off."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace as with_fields

from services.clock import stopwatch_s
from services.domain.own_clock import AHEAD_MS_MAX, ClockReading
from services.market.quote_terms import RULE_OF, Flaw, Judged

KEPT_S = 600.0
"""How long the time an answer states is held against the clock."""

_KEPT = 5
"""Of so many last answers of a host the middle one counts: a clock set right is believed after three."""

_WITHIN_MS_MIN = 1000
_HALF_SECOND = timedelta(seconds=0.5)


class _Stated(NamedTuple):
    at_s: float
    ahead_ms: float
    within_ms: float


class OwnClock:
    """Holds this machine's clock against the times that answers state."""

    def __init__(self, stopwatch: Callable[[], float] = stopwatch_s) -> None:
        self._stopwatch = stopwatch
        self._stated: dict[str, deque[_Stated]] = {}

    def take(self, host: str, stated: datetime, asked_at: datetime, came_at: datetime) -> None:
        """Take the time a host stated: the middle of its second, between two moments of our clock."""
        half = (came_at - asked_at) / 2
        ahead, within = asked_at + half - stated, half + _HALF_SECOND
        kept = self._stated.setdefault(host, deque(maxlen=_KEPT))
        milli = timedelta(milliseconds=1)
        kept.append(_Stated(self._stopwatch(), ahead / milli, within / milli))

    def reading(self) -> ClockReading | None:
        """Return how the clock stands: the median of the hosts' medians; None where none told lately."""
        since_s = self._stopwatch() - KEPT_S
        lately = {host: [one for one in kept if one.at_s >= since_s] for host, kept in self._stated.items()}
        told = {host: kept for host, kept in lately.items() if kept}
        if not told:
            return None
        ahead = median(median(one.ahead_ms for one in kept) for kept in told.values())
        within = median(median(one.within_ms for one in kept) for kept in told.values())
        return ClockReading(
            hosts=tuple(sorted(told)),
            ahead_ms=round(ahead),
            within_ms=max(_WITHIN_MS_MIN, round(within)),
        )


def timed_by(judged: Judged, reading: ClockReading | None) -> Judged:
    """Return what is made of a quote by a machine whose clock stands so: none is sound where it is off."""
    if reading is None or not reading.is_wrong or judged.flaw is not None or judged.quote is None:
        return judged
    why = f"this machine's clock is {reading.words}; at most {AHEAD_MS_MAX / 1000:g} s are allowed"
    flaw = Flaw.OWN_CLOCK
    quote = with_fields(judged.quote, barred=why, barred_by=RULE_OF[flaw])
    return replace(judged, quote=quote, flaw=flaw, why=why)
