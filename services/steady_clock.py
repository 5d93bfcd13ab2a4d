"""A clock that goes on by itself where the machine's own is set, until that has stood by it for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.clock import elapsed_s
from services.ports import Clock

STEP_MAX = timedelta(seconds=60)
"""A clock may be set by so much at once: time servers move it by seconds."""

STEADY_S = 120.0
"""So long a clock that was set must go on evenly before it is believed."""


@dataclass(frozen=True, slots=True)
class _Set:
    """A clock that was set: its zero against the stopwatch's, when that was seen, and how it is told."""

    zero: datetime
    seen_s: float
    words: str


class SteadyClock:
    """Another clock, held against a stopwatch that nobody sets.

    Where that clock is set by more than `STEP_MAX`, time goes on from where it was by the stopwatch, and
    `doubt` tells so, until the clock agrees again or has gone on evenly for `STEADY_S`. A sleep of the
    machine is no such step where the stopwatch counts it. The clock's first moment is believed.
    """

    def __init__(self, clock: Clock, stopwatch: Callable[[], float] = elapsed_s) -> None:
        self._clock, self._stopwatch = clock, stopwatch
        self._zero: datetime | None = None
        self._set: _Set | None = None

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        at_s = self._stopwatch()
        run = timedelta(seconds=at_s)
        zero = self._clock.now().astimezone(UTC) - run
        if self._zero is None or abs(zero - self._zero) <= STEP_MAX or self._stands(zero, at_s):
            self._zero, self._set = zero, None
        elif self._set is None or abs(zero - self._set.zero) > STEP_MAX:
            self._set = _Set(zero, at_s, _words(zero - self._zero, zero + run))
        return self._zero + run

    def doubt(self) -> str:
        """Return how the clock was set and is not believed yet, empty while it is."""
        self.now()
        return "" if self._set is None else self._set.words

    def _stands(self, zero: datetime, at_s: float) -> bool:
        """Answer whether the clock has gone on evenly for long since it was set."""
        was = self._set
        return was is not None and abs(zero - was.zero) <= STEP_MAX and at_s - was.seen_s >= STEADY_S


def _words(step: timedelta, shown: datetime) -> str:
    way = "ahead" if step > timedelta(0) else "back"
    return f"the clock was set {way} by {_lasting(abs(step))}, to {shown.isoformat(' ', 'seconds')}"


def _lasting(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    days, seconds = divmod(seconds, 86400)
    return f"{f'{days} d ' if days else ''}{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
