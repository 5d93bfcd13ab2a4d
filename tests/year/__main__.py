"""`python -m tests.year`: a year of several accounts, and what became of each slot.

Progress and the table go to stderr, one JSON object to stdout. Exit status 1 where a slot was silent or
double, anything else went wrong, or memory or descriptors grew.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.simulation.__main__ import commit
from tests.year.afresh import held_afresh
from tests.year.judged import Verdict, judged
from tests.year.living import Figures, Lived, Living
from tests.year.plan import FIRST, drawn

WEEKS = 54
"""A year, and the days after the calendar's end."""

QUARTER_WEEKS = 13
GROWTH_MAX = 0.05
"""Of the memory of a process that goes on from the record of so many quarters, against that of one."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.year")
    options.add_argument("--weeks", type=int, default=WEEKS, help="how many weeks to live")
    options.add_argument("--from", type=date.fromisoformat, default=FIRST, dest="first", help="a Sunday")
    options.add_argument("--seed", type=int, default=2026, help="what goes wrong when")
    chosen = options.parse_args()
    began_s, of = time.perf_counter(), commit()

    afresh: list[Figures] = []
    with TemporaryDirectory(dir=_in_memory()) as place:
        folder = Path(place) / "year"
        folder.mkdir()

        def told(week: int) -> None:
            if week % QUARTER_WEEKS == 0:
                afresh.append(held_afresh(folder, chosen.first, week))
            sys.stderr.write(f"\rweek {week} of {chosen.weeks}, {time.perf_counter() - began_s:.0f} s")
            sys.stderr.flush()

        lived = Living(drawn(chosen.seed, chosen.weeks, chosen.first), folder, told).live()
        verdict = judged(lived)
    wrong = [*verdict.wrong, *grown(afresh)]
    figures = _figures(lived, verdict, afresh, time.perf_counter() - began_s)
    table = "\n".join(f"{name:>28}  {_shown(value)}" for name, value in figures.items())
    sys.stderr.write(f"\n{table}\n")
    again = f"python -m tests.year --weeks {chosen.weeks} --from {chosen.first} --seed {chosen.seed}"
    for one in wrong:
        sys.stderr.write(f"{one}\n")
    if wrong:
        sys.stderr.write(f"{len(wrong)} wrong at commit {of}; live it again: {again}\n")
    print(json.dumps({"commit": of, "seed": chosen.seed, **figures, "wrong": wrong}, ensure_ascii=False))
    return bool(wrong)


def grown(quarters: list[Figures]) -> list[str]:
    """Return what grew after the first quarter beyond what it may; nothing of a stretch of one."""
    found = list[str]()
    for number, quarter in enumerate(quarters[1:], 2):
        first = quarters[0]
        growth = quarter.rss_mib / first.rss_mib - 1
        if growth > GROWTH_MAX:
            found.append(f"memory grew by {growth:.1%} until quarter {number}, from {first.rss_mib:.1f} MiB")
        if quarter.descriptors > first.descriptors:
            found.append(
                f"descriptors grew until quarter {number}, from {first.descriptors} to {quarter.descriptors}"
            )
    return found


def _figures(lived: Lived, verdict: Verdict, afresh: list[Figures], wall_s: float) -> dict[str, Any]:
    sessions = sum(verdict.sessions.values())
    last = lived.figures[-1]
    return {
        "slots": verdict.slots,
        "slots_by_account": dict(verdict.by_account),
        "sessions": dict(verdict.sessions),
        "silent": verdict.silent,
        "double": verdict.double,
        "missed_announced_by": dict(verdict.announced_by),
        "missed_in_a_told_pause": verdict.in_a_pause,
        "longest_to_announcement_s": round(verdict.longest_s, 1),
        "deeds": dict(lived.deeds),
        "deaths": dict(lived.deaths),
        "watchdog_alarms": verdict.alarms,
        "notices": len(lived.around.told),
        "journal_events": verdict.events,
        "journal_kib": round(last.journal_kib),
        "journal_kib_per_session": round((last.journal_kib - lived.figures[0].journal_kib) / sessions, 2),
        "events_per_session": round(verdict.events / sessions, 1),
        "rss_mib_after_each_quarter": [round(one.rss_mib, 1) for one in afresh],
        "descriptors_after_each_quarter": [one.descriptors for one in afresh],
        "wall_s": round(wall_s, 1),
    }


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in sorted(value.items()))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _in_memory() -> str | None:
    """Return a folder that lies in memory, where the system has one: nothing here must last."""
    folder = Path("/dev/shm")
    return str(folder) if folder.is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
