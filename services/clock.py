"""The only module that reads the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

from services.ports import Clock

_UNSET: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until it is moved, and never goes back."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock must know its time zone")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the moment the clock stands at, in UTC."""
        return self._now

    def jump(self, moment: datetime) -> None:
        """Move the clock forward to `moment`; a moment already past leaves it where it is."""
        then = moment.astimezone(UTC)
        if then > self._now:
            self._now = then


class ReplayClock:
    """A clock that shows the recorded moment of whatever is being replayed."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the recorded moment, in UTC."""
        return self._now

    def show(self, moment: datetime) -> None:
        """Show `moment`, which may lie before the last one shown."""
        self._now = moment.astimezone(UTC)


class Dated(Protocol):
    """A record that knows the moment of its last event."""

    @property
    def moment(self) -> datetime | None:
        """That moment, in UTC; None before the first event."""


class LastEventClock:
    """The moment of a journal's last event: the time of an exchange whose answers must come out again.

    Before the first event it is the time of `before`.
    """

    def __init__(self, journal: Dated, before: Clock) -> None:
        self._journal, self._before = journal, before

    def now(self) -> datetime:
        """Return that moment, in UTC."""
        return self._journal.moment or self._before.now()


def stopwatch_s() -> float:
    """Return seconds on a clock that only measures durations; the difference of two calls is meaningful."""
    return time.perf_counter()


def elapsed_s() -> float:
    """Return seconds on a clock that nobody sets and that goes on while the machine sleeps, where it has one.

    Source: the manual pages clock_gettime(2) of Linux (CLOCK_BOOTTIME) and clock_gettime(3) of macOS,
    whose CLOCK_MONOTONIC goes on in a sleep.
    """
    return time.monotonic() if _UNSET is None else time.clock_gettime(_UNSET)
