"""Many seeds: counted, spread over processes, and named where a promise was not kept."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, fields
from typing import Any

from tests.simulation.life import lived
from tests.simulation.planted import TABLE, planted
from tests.simulation.promises import Violation, violations

_CHUNK = 40


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of some seeds; `failed` are the violations, by seed."""

    runs: int = 0
    processes: int = 0
    deaths: int = 0
    touches: int = 0
    events: int = 0
    sessions: int = 0
    sent: int = 0
    fills: int = 0
    said: int = 0
    settled: int = 0
    waited_on: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    failed: dict[int, list[Violation]] = field(default_factory=dict)

    def take(self, seed: int) -> None:
        """Live a seed and count what came of it."""
        outside = lived(seed)
        self.runs += 1
        self.processes += len(outside.lives)
        self.deaths += sum(life.end == "killed" for life in outside.lives)
        self.touches += outside.touches
        self.events += len(outside.events)
        self.sent += len(outside.sent)
        self.said += outside.person.said
        self.kinds[str(outside.scenario.kind)] += 1
        for life in outside.lives:
            self.ends[life.end.partition(":")[0]] += 1
        for event in outside.events:
            self.sessions += event.step == "opened"
            self.fills += event.kind == "fill"
            self.settled += event.kind == "settlement"
            self.waited_on += event.kind == "waits_on"
            if event.kind == "closed":
                self.outcomes[event.body.partition('"outcome":"')[2].partition('"')[0]] += 1
        broken = list(violations(outside))
        if broken:
            self.failed[seed] = broken

    def add(self, other: Tally) -> None:
        """Count the seeds of another tally too."""
        for one in fields(self):
            mine, theirs = getattr(self, one.name), getattr(other, one.name)
            if isinstance(mine, dict) and not isinstance(mine, Counter):
                mine.update(theirs)
            else:
                setattr(self, one.name, mine + theirs)

    def as_json(self, first: int, wall_s: float) -> dict[str, Any]:
        """Return the figures, ready to be written."""
        by_promise = Counter(one.promise for broken in self.failed.values() for one in broken[:1])
        return {
            "first_seed": first,
            "runs": self.runs,
            "runs_per_minute": round(self.runs / wall_s * 60) if wall_s else None,
            "kinds": dict(self.kinds),
            "processes": self.processes,
            "deaths": self.deaths,
            "ends": dict(self.ends),
            "touches": self.touches,
            "events": self.events,
            "sessions": self.sessions,
            "outcomes": dict(self.outcomes),
            "orders_sent": self.sent,
            "fills": self.fills,
            "words_said": self.said,
            "orders_settled": self.settled,
            "waits_on": self.waited_on,
            "violations": len(self.failed),
            "by_promise": dict(by_promise),
            "seeds": sorted(self.failed)[:50],
            "wall_s": round(wall_s, 1),
        }


def run_seeds(seeds: Iterable[int]) -> Tally:
    """Return the tally of those seeds, lived here."""
    tally = Tally()
    for seed in seeds:
        tally.take(seed)
    return tally


def run_campaign(
    first: int, count: int, processes: int | None = None, commit: str = ""
) -> tuple[Tally, float]:
    """Return the tally of `count` seeds from `first` on, on every core, and the seconds it took.

    Progress, and each seed that failed as soon as it did, are told on stderr.
    """
    began = time.perf_counter()
    tally = Tally()
    for done in _spread(first, count, processes or os.cpu_count() or 1):
        tally.add(done)
        for seed, broken in sorted(done.failed.items()):
            sys.stderr.write(f"\rseed {seed}, commit {commit}: {broken[0]}\n")
        failed = len(tally.failed)
        sys.stderr.write(f"\r{tally.runs} of {count} histories, {tally.deaths} deaths, {failed} failed")
        sys.stderr.flush()
    sys.stderr.write("\n")
    return tally, time.perf_counter() - began


def _spread(first: int, count: int, processes: int) -> Iterator[Tally]:
    chunks = [range(at, min(at + _CHUNK, first + count)) for at in range(first, first + count, _CHUNK)]
    if processes == 1:
        yield from map(run_seeds, chunks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for done in as_completed([pool.submit(run_seeds, chunk) for chunk in chunks]):
            yield done.result()


def found(name: str) -> tuple[int, Violation] | None:
    """Return the first seed within its bound in which a planted bug breaks its promise, and how."""
    bug = TABLE[name]
    with planted(name):
        for seed in range(bug.first, bug.first + bug.seeds_max):
            for one in violations(lived(seed)):
                if one.promise == bug.promise:
                    return seed, one
    return None
