"""Many cases of the firewall: counted, spread over processes, and shrunk where one fails."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, fields, replace
from random import Random
from typing import Any

from risk.limits import Desk, Limits
from services.domain.book import Book
from services.domain.orders import Intent
from tests.firewall.scenes import Scene
from tests.firewall.trial import Trial, drawn, fails, run_case, said

_CHUNK = 500
_SHOWN = 10


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of some cases: how often each thing happened, and the first sentences of what failed."""

    answers: int = 0
    orders_out: int = 0
    funded: int = 0
    sessions_with_orders: int = 0
    recoverable: int = 0
    harmless: int = 0
    crashes: int = 0
    violations: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    tricks: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def take(self, seed: int, number: int, trial: Trial) -> None:
        """Count one case."""
        self.answers += 1
        self.orders_out += trial.orders
        self.funded += trial.funded
        self.sessions_with_orders += trial.orders > 0
        self.recoverable += trial.recoverable
        self.harmless += not trial.bad and not trial.crash
        self.crashes += bool(trial.crash)
        self.violations += len(trial.violations)
        self.refusals.update(trial.refusals)
        self.tricks[trial.trick] += 1
        if trial.bad:
            self.bad[trial.bad] += 1
        if trial.crash or trial.violations:
            said_of_it = trial.crash or "; ".join(trial.violations[:3])
            self.failed.append(f"seed {seed}, case {number} ({trial.trick}): {said_of_it}")

    def add(self, other: Tally) -> None:
        """Count the cases of another tally too."""
        for one in fields(self):
            mine, theirs = getattr(self, one.name), getattr(other, one.name)
            setattr(self, one.name, mine + theirs)

    def as_json(self, wall_s: float) -> dict[str, object]:
        """Return the figures, ready to be written."""
        bad = sum(self.bad.values())
        return {
            "answers": self.answers,
            "orders_out": self.orders_out,
            "funded_after_sells": self.funded,
            "answers_with_orders": self.sessions_with_orders,
            "refusals": dict(self.refusals.most_common()),
            "bad_answers": dict(self.bad.most_common()),
            "recoverable_ratio": round(self.recoverable / bad, 4) if bad else None,
            "parsed_ratio": round(self.harmless / self.answers, 4) if self.answers else None,
            "tricks": len(self.tricks),
            "crashes": self.crashes,
            "violations": self.violations,
            "wall_s": round(wall_s, 1),
        }


def run_cases(seed: int, numbers: Iterable[int]) -> Tally:
    """Return the tally of those cases, run here."""
    tally = Tally()
    for number in numbers:
        tally.take(seed, number, run_case(seed, number))
    return tally


def run_campaign(seed: int, count: int, processes: int | None = None) -> tuple[Tally, float]:
    """Return the tally of cases 0 to `count`, run on every core, and the seconds it took."""
    began = time.perf_counter()
    tally = Tally()
    if processes == 1:
        tally = run_cases(seed, range(count))
        return tally, time.perf_counter() - began
    chunks = [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
    with ProcessPoolExecutor(processes or os.cpu_count()) as pool:
        for done in as_completed([pool.submit(run_cases, seed, chunk) for chunk in chunks]):
            tally.add(done.result())
            _progress(tally, count)
    sys.stderr.write("\n")
    tally.failed.sort()
    return tally, time.perf_counter() - began


def _progress(tally: Tally, count: int) -> None:
    found = tally.crashes + tally.violations
    sys.stderr.write(f"\r{tally.answers} of {count} answers, {tally.orders_out} orders out, {found} findings")
    sys.stderr.flush()


def smallest(seed: int, number: int) -> str:
    """Return the fewest intents, limits and lots with which a case still fails, as text."""
    rng, scene = drawn(seed, number)
    intents = said(rng, scene, Trial(trick=""))
    if not fails(scene, scene.desk, intents):
        return "It fails after the review: in the parser, the journal's encoding or the funding of buys."
    intents = _fewest(tuple(intents), lambda kept: fails(scene, scene.desk, kept))
    desk = _plainest(scene, intents)
    limits = [
        f"{one.name}={getattr(desk.limits, one.name)!r}"
        for one in fields(Limits)
        if getattr(desk.limits, one.name) != getattr(Limits(), one.name)
    ]
    named = {one.symbol for one in intents}
    quotes = [repr(desk.snapshot.get(symbol)) for symbol in sorted(named)]
    about = [f"moment {desk.moment}, equity {desk.equity_cny}, {desk.book!r}", f"limits: {', '.join(limits)}"]
    return "\n".join(["smallest intents:", *map(repr, intents), *quotes, *about])


def _fewest(whole: tuple[Any, ...], still: Callable[[tuple[Any, ...]], bool]) -> tuple[Any, ...]:
    """Return what is left when everything that can be left out is."""
    size = max(1, len(whole) // 2)
    while True:
        shorter = next(
            (
                kept
                for start in range(0, len(whole), size)
                if still(kept := whole[:start] + whole[start + size :])
            ),
            None,
        )
        if shorter is not None:
            whole = shorter
        elif size == 1:
            return whole
        else:
            size //= 2


def _plainest(scene: Scene, intents: Sequence[Intent]) -> Desk:
    """Return the desk with every limit at its default, and every lot gone, that the failure does not need."""
    desk = scene.desk
    for one in fields(Limits):
        plain = replace(desk, limits=replace(desk.limits, **{one.name: getattr(Limits(), one.name)}))
        desk = plain if fails(scene, plain, intents) else desk

    def book(lots: tuple[Any, ...]) -> Book:
        return replace(desk.book, lots=lots)

    lots = _fewest(desk.book.lots, lambda kept: fails(scene, replace(desk, book=book(kept)), intents))
    return replace(desk, book=book(lots))


def seeded(text: str) -> int:
    """Return the seed that a command line names; `random` draws one, which the result names."""
    return Random().randrange(10**9) if text == "random" else int(text)


def shown(tally: Tally, seed: int) -> list[str]:
    """Return the first failures as text, each with the smallest case that still shows it."""
    found: list[str] = []
    for line in tally.failed[:_SHOWN]:
        number = int(line.split("case ")[1].split(" ")[0])
        found += [line, smallest(seed, number)]
    return found
