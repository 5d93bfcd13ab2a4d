"""Keeping what is sent apart in time: the account's own bound on its rate of orders and cancels."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.clock import stopwatch_s

_SPARE_RATIO = 0.02
"""Whoever counts what was sent reads another clock, and a later moment, than the one it is spaced by."""

Pace = Callable[[], Awaitable[None]]
"""Awaited before each order and each cancel."""


async def at_once() -> None:
    """Wait for nothing: on a clock that does not run while orders are sent, there is no rate."""


class Pacer:
    """Lets at most `per_second` through in any second, evenly spaced, with a little room between."""

    def __init__(
        self,
        per_second: int,
        *,
        stopwatch: Callable[[], float] = stopwatch_s,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._apart_s, self._stopwatch, self._sleep = (1 + _SPARE_RATIO) / per_second, stopwatch, sleep
        self._next_s: float | None = None

    async def turn(self) -> None:
        """Return when the next may be sent."""
        now_s = self._stopwatch()
        turn_s = now_s if self._next_s is None else max(now_s, self._next_s)
        self._next_s = turn_s + self._apart_s
        if turn_s > now_s:
            await self._sleep(turn_s - now_s)
