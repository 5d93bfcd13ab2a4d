"""How far this machine's clock is from a web server's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from services.clock import stopwatch_s
from services.market.reachability import time_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """By how many seconds the clock here is ahead of the host's, give or take `within_s`."""

    host: str
    offset_s: float
    within_s: float

    @property
    def at_least_s(self) -> float:
        """How wrong the clock is for certain, 0 or less where it may be right."""
        return abs(self.offset_s) - self.within_s


async def clock_offset(
    addresses: Sequence[str],
    now: datetime,
    began_s: float,
    wait_s: float,
    stopwatch: Callable[[], float] = stopwatch_s,
) -> Offset | None:
    """Return the offset of a clock that stood at `now` at `began_s` of the stopwatch.

    The host decides by which the clock is least wrong: one that has it right is enough, where others' own
    clocks are off. None where no host says what time it is within `wait_s`.
    """
    found: list[Offset] = []
    readings = await asyncio.gather(*(time_at(address, wait_s, stopwatch) for address in addresses))
    for address, reading in zip(addresses, readings, strict=True):
        if reading is None:
            continue
        here = now + timedelta(seconds=reading.at_s - began_s)
        offset_s = (here - reading.stated).total_seconds()
        host = urlsplit(address).hostname or ""
        found.append(Offset(host=host, offset_s=offset_s, within_s=reading.within_s))
    return min(found, key=lambda one: one.at_least_s, default=None)
