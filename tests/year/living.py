"""The stretch lived: the house of accounts and its watchdog, killed and started again as planned."""

from __future__ import annotations

import asyncio
import gc
import heapq
import logging
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console

from commands.labelled_screen import LabelledScreen
from commands.live_house import House
from commands.live_world import LiveOutside
from commands.options import RunOptions
from commands.screen import Screen
from commands.watch_setup import WatchOutside, watches
from commands.watchdog import Watching
from services.domain.inbox import LifeWord, Scope
from services.journal.inbox import Inboxes
from services.process_table import process_figures
from services.settings import Settings
from services.settings_reading import read_section
from services.steady_clock import SteadyClock
from tests.year.around import Around
from tests.year.machine import Machine, Process
from tests.year.plan import ACCOUNTS, GRACE_S, WEEK_S, Act, Deed, Plan, overlay_days

RESTART_S = 10.0
"""After how long a supervisor starts again what ended by itself."""

STEPS_WITHIN_S = 600.0
"""A crash that waits for its step comes after so long in any case."""

CHANNEL = {"name": "hook", "type": "webhook", "url": "http://127.0.0.1:9/", "body": {"t": "{title}"}}
"""A channel that would send there; nothing is sent, the platform stands in for it."""

PAUSED = "cn"
"""The account that a person pauses now and then."""

HOUSE, STANDBY, WATCHDOG = "house", "standby", "watchdog"

_SYMBOLS = {
    "cn": ("600519.SH", "601318.SH", "000333.SZ"),
    "cn-daily": ("600036.SH", "600900.SH"),
    "us": ("AAPL.US", "MSFT.US", "NVDA.US"),
}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the whole held after so many weeks, with nothing left to collect."""

    week: int
    rss_mib: float
    descriptors: int
    journal_kib: float


@dataclass(frozen=True, kw_only=True)
class Span:
    """A time in which something was wrong, in seconds since the beginning.

    `of` is the account that was paused, empty where it is of all; `asleep` where the machine was;
    `shifts` is 1 where slots of the hour after were shown as long past, else 0.
    """

    start_s: float
    end_s: float
    of: str = ""
    asleep: bool = False
    shifts: int = 0

    def holds(self, at_s: float, after_s: float) -> bool:
        """Answer whether a moment lies in it, or at most so long before or after."""
        return self.start_s - after_s <= at_s <= self.end_s + after_s

    def within(self, since_s: float, until_s: float) -> float:
        """Return how many seconds of it lie between two moments."""
        return max(0.0, min(self.end_s, until_s) - max(self.start_s, since_s))


@dataclass(kw_only=True)
class Lived:
    """What came of it: deeds and deaths by name, what was wrong when, figures as it went, bugs."""

    plan: Plan
    folder: Path
    around: Around
    deeds: Counter[str] = field(default_factory=Counter)
    trouble: list[Span] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    bugs: list[str] = field(default_factory=list)

    @property
    def settings(self) -> tuple[Settings, ...]:
        """The accounts' configurations."""
        return tuple(settings_of(self.folder, account) for account in ACCOUNTS)


def settings_of(folder: Path, account: str) -> Settings:
    """Return the configuration of one of the accounts, its data under `folder`."""
    market, times = ACCOUNTS[account]
    return read_section(
        Settings,
        {
            "data_dir": str(folder / "data"),
            "account": account,
            "market": str(market),
            "frequency": "daily" if len(times) == 1 else "hourly",
            "agent_type": "rule:equal_weight",
            "watchlist": _SYMBOLS[account],
            "calendar_overlay": str(folder / "days.yaml"),
            "agent_config": {"initial_cash": "100000.00"},
            "alerts": {"channels": [CHANNEL]},
            "watchdog": {"calendar_check": False, "look_s": 60, "beat_s_max": 90},
        },
    )


class Living:
    """One stretch under way; `progress` is told of each week."""

    def __init__(
        self, plan: Plan, folder: Path, progress: Callable[[int], None] = lambda _week: None
    ) -> None:
        self._plan, self._folder, self._progress = plan, folder, progress
        self.machine = Machine(plan.start)
        self._lived = Lived(plan=plan, folder=folder, around=Around(plan, self.machine))
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._down_s: dict[str, float] = {}
        self._standing_by = False

    def live(self) -> Lived:
        """Live it to its end."""
        days = self._folder / "days.yaml"
        if not days.exists():
            days.write_text("2026-01-01: closed\n", encoding="utf-8")
        for act in self._plan.acts:
            self._at(act.at_s, partial(self._do, act))
        for week in range(1, self._plan.weeks + 1):
            self._at(min(week * WEEK_S, self._plan.end_s) - 1, partial(self._measure, week))
        with self._lived.around.there(), _nobody_looks():
            self._start(HOUSE)
            self._start(WATCHDOG)
            while self._agenda and self._agenda[0][0] < self._plan.end_s:
                self.machine.run_until(self._agenda[0][0], self._ended)
                _, _, happens = heapq.heappop(self._agenda)
                happens()
            self.machine.run_until(self._plan.end_s, self._ended)
            for name in list(self.machine.processes):
                self.machine.kill(name)
        return self._lived

    def _at(self, at_s: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at_s, next(self._numbers), happens))

    def _after(self, wait_s: float, happens: Callable[[], None]) -> None:
        self._at(self.machine.now_s + wait_s, happens)

    def _start(self, name: str) -> None:
        if name in self.machine.processes or (name == STANDBY and not self._standing_by):
            return
        grid = self._plan.watch_grid if name == WATCHDOG else self._plan.grid
        process = self.machine.processes[name] = Process(name, self.machine, grid)
        life: Coroutine[Any, Any, object] = self._watch() if name == WATCHDOG else self._house()
        process.start(life)

    async def _house(self) -> object:
        machine = self.machine
        clock = SteadyClock(machine.clock, lambda: machine.now_s)
        outside = LiveOutside(clock, self._lived.around.vendor, clock.doubt)
        options = RunOptions(standby=True, cache=self._folder / "cache")
        return await House(self._lived.settings, options, Screen("en", as_json=True), outside).stay_up()

    async def _watch(self) -> None:
        machine = self.machine
        outside = WatchOutside(
            clock=machine.clock, stopwatch=lambda: machine.now_s, figures=lambda _pid: None, network=False
        )
        desks = watches(self._lived.settings, self._folder / "cache", Screen("en", as_json=True), outside)
        await Watching(desks, asyncio.Event()).run()

    def _ended(self, process: Process) -> None:
        """Take note of a process that died or ended, and let its supervisor start it again."""
        name, task = process.name, process.task
        down_s = self._down_s.pop(name, RESTART_S)
        if process.stuck:
            when = f"{self.machine.clock.now():%Y-%m-%d %H:%M}"
            self._lived.bugs.append(f"{when} {name} never rests: {process.stuck}")
        if process.dead:
            self._died(name, down_s)
        elif task is not None and not _refused(task):
            what = task.exception() or task.result()
            self._lived.bugs.append(f"{self.machine.clock.now():%Y-%m-%d %H:%M} {name} ended: {what!r}")
        self._after(down_s, partial(self._start, name))

    def _died(self, name: str, down_s: float) -> None:
        self._lived.deaths[name] += 1
        self._wrong_for(down_s)

    def _wrong_for(self, size_s: float, *, of: str = "", asleep: bool = False, shifts: int = 0) -> None:
        now_s = self.machine.now_s
        self._lived.trouble.append(
            Span(start_s=now_s, end_s=now_s + size_s, of=of, asleep=asleep, shifts=shifts)
        )

    def _kill(self, name: str, down_s: float) -> None:
        if name in self.machine.processes:
            self.machine.kill(name)
            self._died(name, down_s)
            self._after(down_s, partial(self._start, name))

    def _do(self, act: Act) -> None:
        self._lived.deeds[str(act.deed)] += 1
        _DEEDS[act.deed](self, act)

    def _crash(self, act: Act) -> None:
        house = self.machine.processes.get(HOUSE)
        if house is None:
            return
        if not act.steps:
            self._kill(HOUSE, act.size_s)
            return
        house.touches_left, self._down_s[HOUSE] = act.steps, act.size_s
        self._after(STEPS_WITHIN_S, partial(self._kill_late, house))

    def _kill_late(self, house: Process) -> None:
        """Kill a process that has not come to its last step."""
        if self.machine.processes.get(HOUSE) is house:
            self._kill(HOUSE, self._down_s.pop(HOUSE, RESTART_S))

    def _crash_watch(self, act: Act) -> None:
        self._kill(WATCHDOG, act.size_s)

    def _set_clock(self, act: Act) -> None:
        self.machine.clock.wrong_s = act.wrong_s
        self._wrong_for(act.size_s, shifts=int(act.wrong_s > GRACE_S))
        self._after(act.size_s, self._set_right)

    def _set_right(self) -> None:
        self.machine.clock.wrong_s = 0.0

    def _nap(self, act: Act) -> None:
        self._wrong_for(act.size_s, asleep=True)
        self.machine.now_s += act.size_s

    def _vendor_away(self, act: Act) -> None:
        self._wrong_for(act.size_s)
        self._lived.around.vendor_away_until_s = self.machine.now_s + act.size_s

    def _broker_away(self, act: Act) -> None:
        self._wrong_for(act.size_s)
        self._lived.around.broker_away_until_s = self.machine.now_s + act.size_s

    def _stand_by(self, act: Act) -> None:
        self._standing_by = True
        self._start(STANDBY)
        self._after(act.size_s, self._stand_down)

    def _stand_down(self) -> None:
        """End who stood by; where it had taken over meanwhile, that is a crash of it."""
        self._standing_by = False
        self._kill(STANDBY, 0.0)

    def _pause(self, act: Act) -> None:
        self._put(LifeWord.PAUSE)
        self._wrong_for(act.size_s, of=PAUSED)
        self._after(act.size_s, partial(self._put, LifeWord.RESUME))

    def _put(self, word: LifeWord) -> None:
        """Put a word into the inbox of one account, as a person does."""
        place = self._folder / "data" / PAUSED / "journal.sqlite3"
        with closing(Inboxes(place, PAUSED)) as inboxes:
            args = {"why": "holidays", "by": "ann", "at": self.machine.clock.now().isoformat()}
            inboxes.put(Scope.HERE, str(word), args)

    def _overlay(self, _act: Act) -> None:
        (self._folder / "days.yaml").write_text(overlay_days(), encoding="utf-8")

    def _measure(self, week: int) -> None:
        gc.collect()
        figures = process_figures(os.getpid())
        journals = (self._folder / "data").glob("*/journal.sqlite3")
        self._lived.figures.append(
            Figures(
                week=week,
                rss_mib=figures.memory_bytes / 1024**2 if figures else 0.0,
                descriptors=(figures.descriptors or 0) if figures else 0,
                journal_kib=sum(map(_bytes_of, journals)) / 1024,
            )
        )
        self._progress(week)


_DEEDS: Mapping[Deed, Callable[[Living, Act], None]] = {
    Deed.CRASH: Living._crash,
    Deed.WATCH_CRASH: Living._crash_watch,
    Deed.CLOCK: Living._set_clock,
    Deed.NAP: Living._nap,
    Deed.VENDOR_AWAY: Living._vendor_away,
    Deed.BROKER_AWAY: Living._broker_away,
    Deed.STANDBY: Living._stand_by,
    Deed.PAUSE: Living._pause,
    Deed.OVERLAY: Living._overlay,
}


def _bytes_of(journal: Path) -> int:
    """Return how large a journal is, with what lies in its log only, and without the log's own size."""
    with closing(sqlite3.connect(journal)) as connection:
        pages, size = (connection.execute(f"PRAGMA page_{what}").fetchone()[0] for what in ("count", "size"))
    return int(pages) * int(size)


def _refused(task: asyncio.Task[Any]) -> bool:
    """Answer whether every account refused a clock behind its record: they are started until it is right."""
    if task.exception() is not None or not isinstance(task.result(), tuple):
        return False
    ends, _ = task.result()
    return bool(ends) and all(end.why.startswith("clock:") for end in ends)


@contextmanager
def _nobody_looks() -> Iterator[None]:
    """Show nobody what goes on, nor what libraries log: a job that died with its process is no news."""
    nowhere = Console(file=StringIO(), width=80)
    loggers = [logging.getLogger(name) for name in ("apscheduler", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with patch.object(Screen, "console", nowhere), patch.object(LabelledScreen, "show_event", _unseen):
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _unseen(_screen: Screen, _renderable: object) -> None:
    """Show nothing."""
