"""A loop's ticks on the system clock, one at a time, until a person or the system asks for the end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

from commands.screen import Screen
from scheduler.loop import Loop
from scheduler.world import World
from services.ports import Fault, JournalFault

INBOX_LOOK_S = 2.0
"""How often it is looked for commands between two ticks: whoever put one waits for it."""


TICK_S_MAX = 90.0
"""For so long no tick may come. Triggers go by the clock: one set back an hour puts theirs off as long."""


class EndAsked:
    """Ctrl-C and the system's request to end, passed on to `stop`; `interrupted` tells of Ctrl-C."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self.interrupted = False

    def listen(self) -> None:
        """Listen from now on."""
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, self._take, number)

    def _take(self, number: signal.Signals) -> None:
        self.interrupted = self.interrupted or number is signal.SIGINT
        self._stop()


class Ticker:
    """Ticks a loop, one tick at a time, until its end is asked for or a tick breaks what it needs."""

    def __init__(
        self, loop: Loop, world: World, screen: Screen, ticked: Callable[[str], None] = lambda _why: None
    ) -> None:
        self._loop, self._world, self._screen, self._ticked = loop, world, screen, ticked
        self._stopping, self._turn = asyncio.Event(), asyncio.Lock()
        self._broken: list[Exception] = []
        self._ticked_s: float | None = None

    async def tick(self) -> None:
        """Do what is due now; a fault of the outside is told, and the next tick tries again."""
        async with self._turn:
            trouble = ""
            try:
                await self._loop.tick(self._world.clock.now())
            except JournalFault as fault:
                self._break(fault)
            except Fault as fault:
                trouble = str(fault)
                self._screen.note("live.tick_failed", why=fault)
            except Exception as error:
                self._break(error)
                raise
            if not self._broken:
                self._ticked(trouble)
            self._ticked_s = asyncio.get_running_loop().time()
            if self._loop.killed is not None or self._loop.stop_asked:
                self._stopping.set()

    async def listen(self) -> None:
        """Tick as soon as something is put to the account, or is to be asked again, until cancelled.

        So too where the triggers have let no tick come for long.
        """
        while True:
            await asyncio.sleep(INBOX_LOOK_S)
            if self._put() or self._asked_again() or self._overdue():
                await self.tick()

    def stop(self) -> None:
        """Ask for the end: the tick under way is the last."""
        self._stopping.set()

    async def ended(self) -> None:
        """Return once the end was asked for and the tick under way is through.

        Raises:
            Exception: What broke a tick.
        """
        await self._stopping.wait()
        async with self._turn:
            if self._broken:
                raise self._broken[0]

    def watch(self, task: asyncio.Task[None]) -> None:
        """End where the task beside the loop breaks: an account that can tell nobody is not left alone."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._break(error)

    def _asked_again(self) -> bool:
        """Answer whether a broker that did not answer, or prices of before a break, are to be asked again."""
        moments = (self._loop.again_at, self._loop.wakes_again_at)
        return any(at is not None and at <= self._world.clock.now() for at in moments)

    def _overdue(self) -> bool:
        """Answer whether no tick came for long, by a stopwatch that nobody sets."""
        before_s = self._ticked_s
        return before_s is not None and asyncio.get_running_loop().time() - before_s >= TICK_S_MAX

    def _put(self) -> bool:
        """Answer whether there are commands to take, or whether that cannot be told: a tick finds out why."""
        world = self._world
        try:
            return bool(world.commands.unread(world.journal.account.taken))
        except JournalFault:
            return True

    def _break(self, error: Exception) -> None:
        self._broken.append(error)
        self._stopping.set()
