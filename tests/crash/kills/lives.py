"""Processes that die by SIGKILL: each life is forked, opens real files, and is gone without a word."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from services.brokers.ledger import Entry
from services.brokers.ledger_file import FileLedger
from services.domain.events import Event
from services.journal.account_lock import AccountBusy, WriterLock, account_lock
from services.journal.database import Where
from services.journal.inbox import Inboxes
from services.journal.journal import JournalDrift
from services.journal.sql_store import SqlStore
from services.ports import Fault, JournalFault
from tests.crash.kills.far import Far, Line
from tests.crash.kills.small_disk import SmallDisk, is_small
from tests.simulation.life import Life
from tests.simulation.person import Person
from tests.simulation.process import Process
from tests.simulation.scenario import Act, Deed, Scenario, drawn
from tests.simulation.virtual_time import VirtualLoop, run

RANDOM_KILLS_RATIO = 0.3
LOCK_TRIES_MAX = 300
LIVES_MAX = 250
"""More than any history so far; a plan names about a dozen deaths, and chance adds some at every order."""
RANDOM_KILL_S_MAX = 0.25
"""A life lasts about as long; a kill at a random moment falls anywhere within it."""


class FarOutside:
    """What outlives a process, as one that may die at any moment sees it: files, and the truth."""

    _HERE = frozenset(
        {"scenario", "audit", "commands", "trace", "process", "person", "truth", "far", "events"}
    )

    def __init__(self, truth: Far, scenario: Scenario, folder: Path, where: Where) -> None:
        object.__setattr__(self, "truth", truth)
        object.__setattr__(self, "far", truth.outside)
        self.scenario, self.trace, self.process = scenario, None, None
        self.audit, self.events = AuditOnDisk(folder / "position.jsonl"), range(0)
        self.commands = Inboxes(where, "main")
        self.person = Person(self)  # type: ignore[arg-type]  # Whoever settles nothing asks for no more.

    def __getattr__(self, name: str) -> Any:
        return getattr(self.far, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._HERE:
            object.__setattr__(self, name, value)
        else:
            setattr(self.far, name, value)

    def note(self, what: str) -> None:
        """Say nothing: whoever wants to see a history lives its seed in the simulation."""

    def put(self, command: str, symbol: str) -> None:
        self.truth.put(command, symbol)

    def wrote(self, events: Sequence[Event]) -> None:
        process: Process = self.process
        self.count(len(self.events) + len(events))
        self.truth.wrote([(event.session, event.step) for event in events], process.true_s)

    def count(self, events: int) -> None:
        """Take note of how many records the journal holds."""
        self.events = range(events)

    def ledgered(self, entries: Sequence[Entry]) -> None:
        """Say nothing: the ledger's file is read once the process is gone."""


class AuditOnDisk:
    """The audit trail's real file; a write may be cut off in its middle."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.process: Process | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._path, name)

    def __str__(self) -> str:
        return str(self._path)

    def open(self, mode: str, buffering: int) -> Any:
        return _Cut(self._path.open(mode, buffering), self.process)


class _Cut:
    """An open file whose writes come in two parts, with a touch between."""

    def __init__(self, file: Any, process: Process | None) -> None:
        self._file, self._process = file, process

    def __enter__(self) -> _Cut:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: bytes) -> None:
        process = self._process
        if process is None:
            raise RuntimeError("nobody's audit trail")
        process.touch("audit")
        half = process.chance.randint(0, len(data))
        try:
            self._file.write(data[:half])
            self._file.flush()
            process.touch("audit torn")
            self._file.write(data[half:])
            self._file.flush()
        except OSError:
            process.disk_failed("audit", landed=False)
            raise
        process.touch("audit written")


class NoticingStore:
    """A journal's store that tells its process when the real disk failed."""

    def __init__(self, inner: SqlStore, process: Process) -> None:
        self._inner, self._process = inner, process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        try:
            self._inner.append(events, bodies)
        except JournalFault:
            self._process.disk_failed("journal", landed=False)
            raise


class MortalProcess(Process):
    """One life in a process of its own. With a `disk` a disk that fills up is a real one."""

    disk: SmallDisk | None = None
    mortal = False
    fate = Random()

    def touch(self, what: str) -> None:
        outside: Any = self.outside
        number, due = outside.truth.touched(self.true_s)
        if self.disk is not None and self.disk.full and number >= outside.truth.full_until:
            self.disk.clear()
        if self.mortal and self.fate.random() < _deadliness(what):
            self.die(what)
        for act in due:
            if act.deed is Deed.DISK_FULL and self.disk is not None:
                self.disk.fill()
                outside.truth.full_until = number + int(act.size)
            else:
                self._do(act, what)

    def die(self, why: str) -> None:
        """Die here, without a word."""
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    def durable(self, session: str, step: str) -> bool:
        """Answer whether a record lies on the disk, as another process sees it."""
        truth: Any = self.outside.truth  # type: ignore[attr-defined]  # The far one has it.
        return bool(truth.durable(session, step))


def _deadliness(what: str) -> float:
    """Return how likely a life ends at a touch beside those that its plan names.

    It is about where an order is: between the record of an intent, the broker's call, its answer, and the
    record of that.
    """
    around_an_order = what in ("submit", "submitted", "answered", "no answer", "cancelled") or any(
        word in what for word in ("intended:", "sent:", "sighting:", "fill:", "ended:", "ledger ")
    )
    return 0.04 if around_an_order else 0.0


def deadly(seed: int) -> Scenario:
    """Return the seed's scenario with more deaths in it, each often followed by others in the recovery."""
    scenario, rng = drawn(seed), Random(f"{seed}:kills")
    kills: list[Act] = []
    for _ in range(rng.randint(2, 5)):
        at = int(rng.triangular(1, 700, 80))
        kills.append(Act(at, Deed.KILL))
        while rng.random() < 0.5:
            at += rng.choice((1, 1, 2, 3, 5, 8, 20))
            kills.append(Act(at, Deed.KILL))
    return replace(scenario, on_disk=True, acts=tuple(sorted((*scenario.acts, *kills))))


class MortalHistory:
    """A seed lived by processes that are killed; the parent of them all knows only what the truth says."""

    def __init__(self, seed: int, truth: Far, address: tuple[str, int], folder: Path, where: Where) -> None:
        self.scenario = deadly(seed)
        self._truth, self._address, self._folder, self._where = truth, address, folder, where
        self._disk = SmallDisk(folder.parent) if is_small(folder.parent) else None
        self._chance = Random(f"{seed}:between lives")
        self._now_s = 0.0
        self.kills = self.lives = self.sent = self.events = 0
        truth.begin(self.scenario, folder, where)

    def live(self) -> list[str]:
        """Live it to its end; return which promises were broken."""
        for number in range(1, LIVES_MAX + 1):
            end = self._one_life(number)
            if end == "end":
                self._start_twice(number)
                broken, self.sent, self.events = self._truth.judged()
                return list(broken)
            if end.startswith("bug"):
                return [end]
            if end == "kill file":
                self._truth.unkill()
            self._now_s += self._chance.choice((0.5, 5.0, 5.0, 60.0, 3000.0))
        return [f"{LIVES_MAX} processes, and no end"]

    def _start_twice(self, number: int) -> None:
        self._truth.be_quiet()
        for again in (1, 2):
            count, trail = len(self._truth.kinds()), self._truth.trail()
            end = self._one_life(number + again, mortal=False)
            added = set(self._truth.kinds()[count:])
            same = end == "end" and added <= {"look", "rested", "check"} and trail == self._truth.trail()
            self._truth.again(same)

    def _one_life(self, number: int, *, mortal: bool = True) -> str:
        """Fork a process, let it live, and bury it; return what ended it."""
        self.lives += 1
        pid = os.fork()
        if pid == 0:
            _live_and_exit(self, number, mortal=mortal)
        if mortal and self._chance.random() < RANDOM_KILLS_RATIO:
            time.sleep(self._chance.uniform(0.0, RANDOM_KILL_S_MAX))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        if self._disk is not None and (not mortal or self._chance.random() < 0.5):
            self._disk.clear()  # Somebody made room, or nobody did yet.
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        self.kills += killed
        end = "killed" if killed else str(self._truth.end)
        self._truth.buried(number, self._now_s, end)
        self._now_s = max(self._now_s, self._truth.now_s)
        return end


def _live_and_exit(history: MortalHistory, number: int, *, mortal: bool) -> NoReturn:
    """Live one life in this process, tell how it ended, and leave; it may never come to that."""
    end = "bug: it did not begin"
    try:
        line = Line(history._address)
        try:
            end = _lived(history, number, Far(line), mortal=mortal)
        except BaseException as bug:
            end = f"bug: {bug!r}: {''.join(traceback.format_tb(bug.__traceback__)[-3:])}"
        Far(line).ended(end)
    finally:
        os._exit(0)


def _locked(where: Where) -> WriterLock:
    """Return the account's lock, held: the system takes it back from a process that was killed.

    A database server notices that a moment later.
    """
    lock, tried = account_lock(where, "main"), 0
    while True:
        try:
            lock.acquire()
        except AccountBusy:
            tried += 1
            if tried > LOCK_TRIES_MAX:
                raise
            time.sleep(0.01)
        else:
            return lock


def _lived(history: MortalHistory, number: int, truth: Far, *, mortal: bool) -> str:
    folder, where = history._folder, history._where
    outside = FarOutside(truth, history.scenario, folder, where)
    loop = VirtualLoop(history._now_s)
    process = MortalProcess(outside, number, loop)  # type: ignore[arg-type]  # It does what one here does.
    process.disk, process.mortal = history._disk, mortal
    process.fate = Random(f"{history.scenario.seed}:fate {number}")
    outside.process = outside.audit.process = process
    ends: list[str] = []

    async def live() -> None:
        with ExitStack() as opened:
            opened.callback(_locked(where).release)
            store = opened.enter_context(closing(SqlStore.open(where, "main")))
            store.take_fence()
            outside.count(len(tuple(store.events())))
            ledger = opened.enter_context(closing(FileLedger(folder / "exchange.sqlite3")))
            kept: Any = NoticingStore(store, process)
            ends.append(await Life(process, kept, ledger).live())

    try:
        run(live(), loop)
    except JournalDrift as drift:
        return f"bug: {drift!r}"
    except JournalFault as fault:
        return f"journal: {fault}"
    except Fault as fault:
        return f"fault: {fault}"
    return ends[0]
