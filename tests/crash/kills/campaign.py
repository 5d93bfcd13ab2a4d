"""Many histories of processes that are killed: spread over cores, counted, named where a promise broke."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from services.journal.database import Where
from tests.crash.kills.far import Far, Line
from tests.crash.kills.lives import MortalHistory
from tests.crash.kills.small_disk import small_disk
from tests.crash.kills.truth import start_truth
from tests.simulation.planted import planted

Place = Callable[[Path], Where]
"""Where the journal of a history lies, given its folder; an empty one each time."""


@dataclass(kw_only=True)
class Tally:
    """What came of some histories; `failed` are the promises broken, by seed."""

    histories: int = 0
    lives: int = 0
    kills: int = 0
    sent: int = 0
    events: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    failed: dict[int, list[str]] = field(default_factory=dict)

    def take(self, seed: int, history: MortalHistory, broken: list[str]) -> None:
        """Count a history."""
        self.histories += 1
        self.lives += history.lives
        self.kills += history.kills
        self.sent += history.sent
        self.events += history.events
        self.kinds[str(history.scenario.kind)] += 1
        if broken:
            self.failed[seed] = broken

    def add(self, other: Tally) -> None:
        """Count what another tally counted."""
        for name in ("histories", "lives", "kills", "sent", "events"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.kinds += other.kinds
        self.failed |= other.failed

    def as_json(self, wall_s: float) -> dict[str, Any]:
        """Return the figures, ready to be written."""
        return {
            "histories": self.histories,
            "kinds": dict(self.kinds),
            "kills": self.kills,
            "kills_per_minute": round(self.kills / wall_s * 60) if wall_s else None,
            "processes": self.lives,
            "orders_sent": self.sent,
            "events": self.events,
            "violations": len(self.failed),
            "seeds": sorted(self.failed),
            "wall_s": round(wall_s, 1),
        }


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the files lie on: below `folder`, in memory where it is None and the system has such a place.

    SIGKILL loses nothing that the system was given, so a disk under it makes no difference but of time. With
    `small` it is a file system of its own that really fills up.
    """

    folder: Path | None = None
    small: bool = False


ANYWHERE = Ground()

Live = Callable[[int], tuple[MortalHistory, list[str]]]
"""Lives a seed; returns its history and the promises broken."""


@contextmanager
def histories(place: Place, ground: Ground = ANYWHERE) -> Iterator[Live]:
    """Yield what lives seeds."""
    shared = Path("/dev/shm")
    root = ground.folder or (shared if shared.is_dir() else None)
    base = Path(tempfile.mkdtemp(dir=root, prefix="kills-"))
    opened = ExitStack()
    if ground.small:
        opened.enter_context(small_disk(base))
    pid, address = start_truth()
    line = Line(address)

    def live(seed: int) -> tuple[MortalHistory, list[str]]:
        there = base / str(seed)
        there.mkdir()
        history = MortalHistory(seed, Far(line), address, there, place(there))
        broken = history.live()
        shutil.rmtree(there)
        return history, broken

    try:
        yield live
    finally:
        line.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        opened.close()
        shutil.rmtree(base, ignore_errors=True)


def on_files(folder: Path) -> Where:
    """Return a journal in an SQLite file of the folder."""
    return folder / "journal.sqlite3"


def run_kills(
    kills: int, first: int, workers: int, place_of: Callable[[int], Place], ground: Ground = ANYWHERE
) -> tuple[Tally, float]:
    """Return the tally of histories from the seed `first` on until so many processes were killed.

    Progress, and each seed that failed as soon as it did, are told on stderr.
    """
    began, total = time.perf_counter(), Tally()
    context = multiprocessing.get_context("fork")
    told: Any = context.Queue()
    stop = context.Event()
    processes = [
        context.Process(target=_work, args=(told, stop, first + n, workers, place_of(n), ground))
        for n in range(workers)
    ]
    for process in processes:
        process.start()
    while total.kills < kills and any(process.is_alive() for process in processes):
        try:
            done: Tally = told.get(timeout=5)
        except Empty:
            continue
        total.add(done)
        for seed, broken in done.failed.items():
            sys.stderr.write(f"\rseed {seed}: {broken[0]}\n")
        sys.stderr.write(
            f"\r{total.kills} of {kills} kills, {total.histories} histories, {len(total.failed)} failed"
        )
        sys.stderr.flush()
    stop.set()
    _drain(told, processes, total)
    sys.stderr.write("\n")
    return total, time.perf_counter() - began


def _work(told: Any, stop: Any, first: int, step: int, place: Place, ground: Ground) -> None:
    with histories(place, ground) as live:
        seed = first
        while not stop.is_set():
            tally = Tally()
            tally.take(seed, *live(seed))
            told.put(tally)
            seed += step


def _count(total: Tally, done: Tally) -> None:
    total.add(done)
    for seed, broken in done.failed.items():
        sys.stderr.write(f"\rseed {seed}: {broken[0]}\n")


def _drain(told: Any, processes: list[Any], total: Tally) -> None:
    """Count what the workers still end."""
    while any(process.is_alive() for process in processes):
        try:
            _count(total, told.get(timeout=1))
        except Empty:
            continue
    for number, process in enumerate(processes):
        process.join()
        if process.exitcode:
            total.failed[-1 - number] = [f"worker {number} broke; see above"]


def found(name: str, seeds_max: int) -> tuple[int, str] | None:
    """Return the first seed in which a planted bug is found, and how; None where none of them shows it."""
    with planted(name), histories(on_files) as live:
        for seed in range(seeds_max):
            _, broken = live(seed)
            if broken:
                return seed, broken[0]
    return None
