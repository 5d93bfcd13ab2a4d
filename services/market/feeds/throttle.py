"""How hard a host is asked: so many requests a second, a few more at once, so many under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.clock import stopwatch_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The most a host is asked. `concurrent_requests_max` counts those under way, whoever asked them."""

    requests_per_s_max: float
    burst_requests_max: int
    concurrent_requests_max: int


USUAL_PACE = Pace(requests_per_s_max=50.0, burst_requests_max=20, concurrent_requests_max=8)


def slower(one: Pace, other: Pace) -> Pace:
    """Return the slower of two paces, figure by figure."""
    return Pace(
        requests_per_s_max=min(one.requests_per_s_max, other.requests_per_s_max),
        burst_requests_max=min(one.burst_requests_max, other.burst_requests_max),
        concurrent_requests_max=min(one.concurrent_requests_max, other.concurrent_requests_max),
    )


class Throttle:
    """Hands out turns to ask: a burst at once, the rest evenly spaced."""

    def __init__(self, pace: Pace, stopwatch: Callable[[], float] = stopwatch_s) -> None:
        self._pace, self._stopwatch = pace, stopwatch
        self._next_s: float | None = None

    def slow_to(self, pace: Pace) -> None:
        """Hand out turns no faster than this from now on."""
        self._pace = slower(self._pace, pace)

    def turn_in_s(self, most_s: float) -> float | None:
        """Take a turn and return in how many seconds it is; None, and no turn, if in more than `most_s`."""
        now_s = self._stopwatch()
        next_s = now_s if self._next_s is None else max(self._next_s, now_s)
        apart_s = 1 / self._pace.requests_per_s_max
        wait_s = max(0.0, next_s - (self._pace.burst_requests_max - 1) * apart_s - now_s)
        if wait_s > most_s:
            return None
        self._next_s = next_s + apart_s
        return wait_s
