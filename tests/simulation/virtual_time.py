"""An asyncio loop whose time passes only by waiting, and a machine's clock that may be set wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.clock import VirtualClock


class Killed(BaseException):
    """The process is dead: nothing of it runs any more."""


class NothingLeft(BaseException):
    """Everything waits for something that cannot happen: a deadlock."""


class _Timers:
    """A selector over no sockets, which lets the time of its loop pass instead of waiting."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout_s: float | None) -> list[Any]:
        if timeout_s is None:
            raise NothingLeft
        self._loop.now_s += timeout_s
        return []

    def get_map(self) -> Mapping[int, Any]:
        return {}


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is due, then jumps to the next timer; `now_s` counts from the history's beginning."""

    def __init__(self, now_s: float) -> None:
        super().__init__()
        self.now_s = now_s
        self._selector = _Timers(self)

    def time(self) -> float:
        return self.now_s

    def _process_events(self, events: list[Any]) -> None:
        """Nothing is ever ready but timers."""

    def _write_to_self(self) -> None:
        """No other thread is there to wake it."""


def run(life: Any, loop: VirtualLoop) -> None:
    """Run a coroutine to its end on the loop; what it leaves behind is dropped as by a kill.

    Raises:
        Killed: It died.
    """
    task = loop.create_task(life)
    try:
        loop.run_until_complete(task)
    finally:
        for left in asyncio.all_tasks(loop):
            left._log_destroy_pending = False  # type: ignore[attr-defined]  # What a kill leaves is no bug.
        loop.close()


class MachineClock(VirtualClock):
    """The clock of a machine: true time since `start`, and what somebody set it wrong by.

    It is ahead by `slip_s` more until `slip_until_s` of true time.
    """

    def __init__(self, start: datetime, loop: VirtualLoop) -> None:
        super().__init__(start)
        self._start, self._loop = self._now, loop
        self.wrong_s = self.slip_s = self.slip_until_s = 0.0

    def now(self) -> datetime:
        slip_s = self.slip_s if self._loop.now_s < self.slip_until_s else 0.0
        return self._start + timedelta(seconds=self._loop.now_s + self.wrong_s + slip_s)

    def jump(self, moment: datetime) -> None:
        """Do nothing: it runs by itself."""
