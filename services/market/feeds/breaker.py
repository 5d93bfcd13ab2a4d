"""When a host is left alone: after failures in a row, or as soon as it turns us away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.ports import Clock

FAILURES_MAX = 5
FIRST_REST_S = 30.0
BANNED_REST_S = 300.0
REST_S_MAX = 1800.0
"""A vendor bans for 20 hours and more; one request in half an hour finds the end and prolongs nothing."""


class Standing(StrEnum):
    """How a host is treated."""

    SERVING = "serving"
    RESTING = "resting"
    """Nothing is asked of it."""
    PROBED = "probed"
    """Its rest is over: one request goes first, and the others wait for what it brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """How a host is treated now, after so many `failures` in a row.

    `why` is the last of them, in a rest the one it began with; `resumes_at`, aware, is when that ends.
    """

    host: str
    standing: Standing = Standing.SERVING
    failures: int = 0
    why: str = ""
    resumes_at: datetime | None = None


class Breaker:
    """Counts a host's failures. A rest doubles each time a probe fails, up to half an hour."""

    def __init__(self, host: str, clock: Clock) -> None:
        self._host, self._clock = host, clock
        self._failures = self._rests = 0
        self._why = ""
        self._rests_from: datetime | None = None
        self._rests_until: datetime | None = None

    def state(self) -> HostState:
        """Return how the host is treated at the clock's moment."""
        return HostState(
            host=self._host,
            standing=self.standing(),
            failures=self._failures,
            why=self._why,
            resumes_at=self._rests_until,
        )

    def standing(self) -> Standing:
        """Return the host's standing at the clock's moment."""
        if self._rests_until is None or self._rests_from is None:
            return Standing.SERVING
        # A clock set back must not prolong the rest.
        resting = self._rests_from <= self._clock.now() < self._rests_until
        return Standing.RESTING if resting else Standing.PROBED

    def succeeded(self) -> None:
        """Count an answer. One to a request sent before the rest began does not end the rest."""
        if self.standing() is not Standing.RESTING:
            self._failures = self._rests = 0
            self._why = ""
            self._rests_from = self._rests_until = None

    def failed(self, why: str, *, banned: bool = False, rest_s: float = 0.0) -> None:
        """Count a failure; `banned` tells that the host turned us away, `rest_s` for how long it says."""
        standing = self.standing()
        self._failures += 1
        if standing is Standing.RESTING:
            return
        self._why = why
        if banned or standing is Standing.PROBED or self._failures >= FAILURES_MAX:
            first_s = BANNED_REST_S if banned else FIRST_REST_S
            grown_s = min(first_s * 2.0 ** min(self._rests, 16), REST_S_MAX)
            self._rests += 1
            self._rests_from = self._clock.now()
            self._rests_until = self._rests_from + timedelta(seconds=max(grown_s, min(rest_s, REST_S_MAX)))
