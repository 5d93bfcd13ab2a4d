"""Sessions a second through the whole pipeline: gate, rules, journal, hash chain and audit trail on.

python -m benchmarks.engine [--symbols 50] [--years 4] [--frequency hourly] [--every 1] [--runs 1]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.backtest import Work, backtest
from commands.recorded_run import Watch
from services.clock import stopwatch_s
from services.domain.bars import Frequency


def bench(work: Work, runs: int = 1, profile: bool = False) -> dict[str, object]:
    """Return the figures of the median run; the peak is the process's, making of the prices included."""
    measured = [_one_run(work, profile) for _ in range(runs)]
    return {
        **measured[0][2],
        "sessions_per_s": round(median(rate for rate, _, _ in measured)),
        "with_saving_s": round(median(whole_s for _, whole_s, _ in measured), 3),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _one_run(work: Work, profile: bool) -> tuple[float, float, dict[str, object]]:
    """Return sessions a second up to the last one's end, seconds with the saving, and what was done."""
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as folder_name:
        ready = backtest(work, Path(folder_name))
        profiler = cProfile.Profile()
        if profile:
            profiler.enable()
        began_s = stopwatch_s()
        outcome = ready.run.execute(Watch(ended=lambda _world, _session: marks.append(stopwatch_s())))
        whole_s = stopwatch_s() - began_s
        if profile:
            profiler.disable()
            pstats.Stats(profiler).sort_stats("cumtime").print_stats(70)
        figures: dict[str, object] = {
            "symbols": work.symbols,
            "years": work.years,
            "frequency": str(work.frequency),
            "every": work.every,
            "sessions": len(marks),
            "events": len(outcome.events),
            "fills": sum(event.kind == "fill" for event in outcome.events),
            "journal_bytes_per_session": ready.folder.journal.stat().st_size // len(marks),
        }
    return len(marks) / (marks[-1] - began_s), whole_s, figures


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--symbols", type=int, default=50)
    options.add_argument("--years", type=int, default=4)
    options.add_argument("--frequency", default="hourly")
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--profile", action="store_true")
    given = options.parse_args()
    work = Work(
        symbols=given.symbols, years=given.years, frequency=Frequency(given.frequency), every=given.every
    )
    print(json.dumps(bench(work, given.runs, given.profile)))


if __name__ == "__main__":
    main()
