"""Seconds from the start of the process to the end of its first session, and to the end of `--help`.

    python -m benchmarks.startup [--runs 9]

Caches are warm: compiled modules, the trading calendar, and the column store of the price file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.backtest import prices
from services.clock import stopwatch_s
from services.domain.bars import Frequency

_UNTIL_FIRST_SESSION = """
import os, sys
import scheduler.loop as loop

run_session = loop.run_session

async def first(slot, world):
    await run_session(slot, world)
    os._exit(0)

loop.run_session = first
import run_live
run_live.main()
"""
"""Runs the command line, and ends with its first session, so that a parent process can time it."""


def bench(runs: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        start, end = _write_prices(folder / "prices.csv")
        arguments = ["--mode", "backtest", "--frequency", "daily", "--json"]
        arguments += ["--prices", str(folder / "prices.csv"), "--data-dir", str(folder / "data")]
        arguments += ["--start", start.isoformat(), "--end", end.isoformat()]
        number = iter(range(runs + 1))

        def first_session() -> None:
            # An account each: one that has run already would not run again.
            account = ["--account", f"run{next(number)}"]
            _run([sys.executable, "-c", _UNTIL_FIRST_SESSION, *arguments, *account])

        return {
            "first_session_s": _median_s(first_session, runs),
            "help_s": _median_s(lambda: _run([sys.executable, "run_live.py", "--help"]), runs),
        }


def _median_s(action: Callable[[], None], runs: int) -> float:
    """Return the median of `runs`, after one that warms the caches."""
    action()
    taken_s = []
    for _ in range(runs):
        began_s = stopwatch_s()
        action()
        taken_s.append(stopwatch_s() - began_s)
    return round(median(taken_s), 3)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _write_prices(path: Path) -> tuple[date, date]:
    """Write a year of 50 symbols in tushare's columns; return its first and last day."""
    days, panel = prices(50, 1, Frequency.DAILY)
    fields = ("open", "high", "low", "close", "volume", "prev_close")
    lines = ["ts_code,trade_date,open,high,low,close,vol,pre_close"]
    for column, symbol in enumerate(panel.symbols):
        for row, day in enumerate(days):
            values = ",".join(f"{getattr(panel, field)[row, column]:.2f}" for field in fields)
            lines.append(f"{symbol},{day:%Y%m%d},{values}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return days[0], days[-1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=9)
    print(json.dumps(bench(options.parse_args().runs)))


if __name__ == "__main__":
    main()
