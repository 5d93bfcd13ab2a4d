"""A machine in virtual time: processes side by side, each on a loop of its own, and a clock to be set."""

from __future__ import annotations

import asyncio
import gc
from bisect import bisect_left
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import Context
from datetime import datetime, timedelta
from typing import Any

from services.clock import VirtualClock

WORK_S = 1.5
"""A shorter wait is part of some work and takes its time; a longer one is a look at what is due."""

RESOLUTION_S = 1e-7
"""So close to its moment a timer is due; late in a year two floats lie further apart than a nanosecond."""

TURNS_MAX = 100_000
"""More turns of a loop at one moment are a loop without end."""


class Gone(SystemExit):
    """The process is dead; asyncio lets this through wherever it is raised."""


class Endless(RuntimeError):
    """A process is never idle."""


class Grid:
    """The moments, in seconds, at which waits end: seldom where nothing is to happen, a machine's naps.

    Up to `awake_until_s` each wait ends when it should.
    """

    def __init__(self, moments: Sequence[float]) -> None:
        self._moments = moments
        self.awake_until_s = 0.0

    def after(self, when_s: float) -> float:
        """Return the first moment that is not before `when_s`."""
        if when_s <= self.awake_until_s:
            return when_s
        at = bisect_left(self._moments, when_s)
        return self._moments[at] if at < len(self._moments) else when_s


class _NoSockets:
    """A selector over nothing: where it would wait, its loop has come to rest."""

    def __init__(self, loop: ProcessLoop) -> None:
        self._loop = loop

    def select(self, timeout_s: float | None) -> list[Any]:
        if timeout_s is None or timeout_s > 0:
            self._loop.stop()
        return []

    def get_map(self) -> Mapping[int, Any]:
        return {}


class ProcessLoop(asyncio.BaseEventLoop):
    """One process's loop: runs until idle and is told the time; what belongs to a thread is done at once."""

    def __init__(self, time_s: Callable[[], float], grid: Grid) -> None:
        super().__init__()
        self._time_s, self._grid = time_s, grid
        self._selector = _NoSockets(self)
        self._clock_resolution = RESOLUTION_S
        self._turns = 0

    def time(self) -> float:
        return self._time_s()

    def call_at(
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        if when - self.time() > WORK_S:
            when = self._grid.after(when)
        return super().call_at(when, callback, *args, context=context)

    async def take(self, seconds: float) -> None:
        """Let work take so long, to the second."""
        done: asyncio.Future[None] = self.create_future()
        super().call_at(self.time() + seconds, lambda: done.done() or done.set_result(None))
        await done

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # What a thread raises is its future's.
            done.set_exception(error)
        return done

    def next_s(self) -> float | None:
        """Return when the next timer is due, None without one."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # asyncio's own.
        live = [one.when() for one in scheduled if not one.cancelled()]
        return min(live, default=None)

    def _process_events(self, events: list[Any]) -> None:
        """Nothing is ever ready but timers."""

    def _write_to_self(self) -> None:
        """No other thread is there to wake it."""

    def _run_once(self) -> None:
        self._turns += 1
        if self._turns > TURNS_MAX:
            raise Endless
        super()._run_once()  # type: ignore[misc]  # asyncio's own.

    def run_until_idle(self) -> None:
        """Do all that is due now.

        Raises:
            Gone: The process died of it.
        """
        self._turns = 0
        self.run_forever()


class Process:
    """A process from its start to its end: what it runs, how much it may still touch, whether it is dead.

    `stuck` tells where its tasks stood when it did not come to rest.
    """

    def __init__(self, name: str, machine: Machine, grid: Grid) -> None:
        self.name, self.machine = name, machine
        self.loop = ProcessLoop(lambda: machine.now_s, grid)
        self.touches_left: int | None = None
        self.dead, self.stuck = False, ""
        self.task: asyncio.Task[Any] | None = None

    def start(self, life: Coroutine[Any, Any, Any]) -> None:
        """Begin to live."""
        self.task = self.loop.create_task(life)

    def touch(self) -> None:
        """Count a touch of something that outlives the process.

        Raises:
            Gone: It was the last, or the process is dead.
        """
        if self.touches_left is not None and not self.dead:
            self.touches_left -= 1
            self.dead = self.touches_left < 0
        if self.dead:
            self.loop.stop()
            raise Gone

    def go_on(self) -> None:
        """Do all that is due now."""
        self.machine.running = self
        try:
            self.loop.run_until_idle()
        except Gone:
            self.dead = True
        except Endless:
            self.dead, self.stuck = True, "; ".join(map(_where, asyncio.all_tasks(self.loop)))
        finally:
            self.machine.running = None

    def bury(self) -> None:
        """Take back what the system takes back from a dead process: its locks and files."""
        self.dead = True
        self.machine.running = self
        for task in asyncio.all_tasks(self.loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # What a kill leaves is no bug.
            _close(task.get_coro())
        self.loop.close()
        self.task = None
        gc.collect()  # What else is left of it ends here, where it touches nothing any more.
        self.machine.running = None


class Machine:
    """Some processes, the time in seconds since the beginning, and the clock they all read."""

    def __init__(self, start: datetime) -> None:
        self.now_s = 0.0
        self.clock = _Clock(start, self)
        self.processes: dict[str, Process] = {}
        self.running: Process | None = None

    def touch(self) -> None:
        """Count a touch of whoever runs.

        Raises:
            Gone: It was its last.
        """
        if self.running is not None:
            self.running.touch()

    def kill(self, name: str) -> None:
        """End a process where it stands."""
        process = self.processes.pop(name, None)
        if process is not None:
            process.bury()

    def run_until(self, moment_s: float, ended: Callable[[Process], None]) -> None:
        """Let time pass; `ended` is told of each process that died or came to its own end."""
        while True:
            for process in list(self.processes.values()):
                process.go_on()
                if process.dead or (process.task is not None and process.task.done()):
                    del self.processes[process.name]
                    ended(process)
                    process.bury()
            due = [at for one in self.processes.values() if (at := one.loop.next_s()) is not None]
            soonest_s = min(due, default=moment_s)
            if soonest_s >= moment_s:
                self.now_s = max(self.now_s, moment_s)
                return
            self.now_s = max(self.now_s, soonest_s)


class _Clock(VirtualClock):
    """True time since the start, and what somebody set it wrong by."""

    def __init__(self, start: datetime, machine: Machine) -> None:
        super().__init__(start)
        self.start, self._machine = self._now, machine
        self.wrong_s = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self._machine.now_s + self.wrong_s)

    def jump(self, moment: datetime) -> None:
        """Do nothing: it runs by itself."""


def _where(task: asyncio.Task[Any]) -> str:
    """Return the functions a task waits in, the outermost first."""
    found, waits = list[str](), task.get_coro()
    while getattr(waits, "cr_frame", None) is not None:
        found.append(f"{waits.__qualname__}:{waits.cr_frame.f_lineno}")
        waits = waits.cr_await
    return " > ".join(found)


def _close(coroutine: Any) -> None:
    """Let a coroutine of a dead process end: what it would still write is kept from the disk by `touch`."""
    for _ in range(20):
        try:
            coroutine.close()
        except BaseException:  # It is dead: whatever it says in its last moment, nobody hears.
            continue
        return
