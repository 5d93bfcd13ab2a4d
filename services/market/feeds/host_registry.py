"""What one process keeps of the hosts it asks: their pace, their bans, and what time they say it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from services.clock import stopwatch_s
from services.market.call_gate import LibraryGate
from services.market.feeds.breaker import Breaker
from services.market.feeds.throttle import Pace, Throttle, slower
from services.market.own_clock import OwnClock
from services.ports import Clock


class HostRegistry:
    """One door for each host, whoever asks it. Make one a process, where its parts are put together.

    Where several state a pace for a host, the slowest of each figure holds.
    """

    def __init__(self, clock: Clock, stopwatch: Callable[[], float] = stopwatch_s) -> None:
        self.clock, self.own_clock = clock, OwnClock(stopwatch)
        self._stopwatch = stopwatch
        self._doors: dict[str, HostDoor] = {}
        self._libraries: dict[str, LibraryGate] = {}

    def door(self, host: str, pace: Pace) -> HostDoor:
        """Return the host's door, from now on at this pace or a slower one."""
        door = self._doors.get(host)
        if door is None:
            door = self._doors[host] = HostDoor(host, pace, self.clock, self._stopwatch)
        door.slow_to(pace)
        return door

    def for_library(self, name: str, pace: Pace) -> LibraryGate:
        """Return the gate before a vendor's library, from now on at this pace or a slower one."""
        gate = self._libraries.get(name)
        if gate is None:
            gate = self._libraries[name] = LibraryGate(self.clock, pace, stopwatch=self._stopwatch)
        gate.slow_to(pace)
        return gate


@dataclass(slots=True)
class _Queue:
    """Who waits at a door in one event loop: `most` go in at a time, one alone after a rest."""

    most: int
    room: asyncio.Semaphore
    probing: asyncio.Lock = field(default_factory=asyncio.Lock)


class HostDoor:
    """How one host is asked: its breaker, its turns, and how many requests are under way."""

    def __init__(self, host: str, pace: Pace, clock: Clock, stopwatch: Callable[[], float]) -> None:
        self.breaker, self.throttle = Breaker(host, clock), Throttle(pace, stopwatch)
        self._pace = pace
        # Waiting is of one loop; a program may run one after the other.
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = WeakKeyDictionary()

    def slow_to(self, pace: Pace) -> None:
        """Go no faster than this from now on; requests under way are finished."""
        self._pace = slower(self._pace, pace)
        self.throttle.slow_to(pace)

    @property
    def room(self) -> asyncio.Semaphore:
        """Lets as many in at a time as the pace allows."""
        return self._queue().room

    @property
    def probing(self) -> asyncio.Lock:
        """Held by the one request that goes first after a rest."""
        return self._queue().probing

    def _queue(self) -> _Queue:
        loop, most = asyncio.get_running_loop(), self._pace.concurrent_requests_max
        queue = self._queues.get(loop)
        if queue is None:
            queue = self._queues[loop] = _Queue(most, asyncio.Semaphore(most))
        elif queue.most != most:
            queue.most, queue.room = most, asyncio.Semaphore(most)
        return queue
