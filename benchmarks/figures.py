"""Every figure in one table, each measured in a process of its own. `make bench` prints it.

python -m benchmarks.figures
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

_RUNS = "3"


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield what was measured, the figure, and what it is to be."""
    base: dict[tuple[str, int], int] = {}
    for frequency in ("daily", "hourly"):
        for every, goal in ((1, "3,000 or more"), (20, "8,000 or more")):
            found = _bench("engine", "--frequency", frequency, "--every", str(every), "--runs", _RUNS)
            base[frequency, every] = found["sessions_per_s"]
            name = f"sessions/s, {frequency}, 50 symbols, 4 years, rebalanced every {_bars(every)}"
            yield name, f"{found['sessions_per_s']:,}", goal
            if (frequency, every) == ("hourly", 1):
                yield "peak memory of that hourly run, MiB", f"{found['peak_mib']}", "under 200"
                size = found["journal_bytes_per_session"]
                yield "journal, bytes a session, hourly, every bar", f"{size:,}", ""
    for frequency in ("daily", "hourly"):
        for every in (1, 20):
            options = ("--symbols", "300", "--frequency", frequency, "--every", str(every))
            found = _bench("engine", *options, "--runs", _RUNS)
            times = base[frequency, every] / found["sessions_per_s"]
            name = f"300 symbols against 50, time a session, {frequency}, every {_bars(every)}"
            yield name, f"{times:.2f} times", "at most 1.5"
    found = _bench("record")
    yield from _commits()
    yield from _handover()
    yield "the gate, microseconds an order", f"{found['gate_us_per_order']}", ""
    yield "verify, microseconds a session (hourly, every bar)", f"{found['verify_us_per_session']}", ""
    yield "replay, microseconds a session (hourly, every bar)", f"{found['replay_us_per_session']}", ""
    yield from _limits()
    yield from _rulebook()
    for models, goal in ((8, "under 4"), (64, "")):
        found = _bench("arena", "--models", str(models))
        yield f"arena, a slot of {models} models that take 3 s each, s", f"{found['slot_s']}", goal
    found = _bench("quote_feed")
    for count, goal in ((50, "under 2"), (300, "under 8")):
        name = f"{count} quotes with their books from a vendor that answers in 50 ms, s"
        yield name, f"{found[f'eastmoney_{count}_s']}", goal
    found = _bench("history")
    name = f"a day of one-minute bars of {found['symbols']:,} symbols stored, and read back, s"
    yield name, f"{found['store_s']} + {found['read_s']}", "under 10"
    yield "peak memory of that, MiB", f"{found['peak_mib']}", "under 1,024"
    name = f"one symbol's one-minute bars of {found['one_symbol_days']} such days read, s"
    yield name, f"{found['one_symbol_s']}", ""
    found = _bench("startup")
    first_s = found["first_session_s"]
    yield "start of the process to the end of the first session, s", f"{first_s}", "under 0.5"
    yield "`run_live.py --help`, s", f"{found['help_s']}", "under 0.3"


def _commits() -> Iterator[tuple[str, str, str]]:
    found = _bench("commits")
    for name, key in (("SQLite", "sqlite"), ("PostgreSQL", "postgres")):
        if f"{key}_per_s" in found:
            yield f"durable commits/s on {name}, one event each", f"{found[f'{key}_per_s']:,}", ""
            yield f"one of them, microseconds (median, {name})", f"{found[f'{key}_us']:,}", ""
        else:
            yield f"durable commits/s on {name}, one event each", found[f"{key}_problem"], ""


def _handover() -> Iterator[tuple[str, str, str]]:
    found = _bench("handover")
    name = f"slot fired to order handed to the broker, doors' time taken out, ms ({found['orders']} orders)"
    yield f"{name}, p50", f"{found['p50_ms']}", ""
    yield f"{name}, p99", f"{found['p99_ms']}", "under 50"


def _limits() -> Iterator[tuple[str, str, str]]:
    shapes = (((), "under 60"), (("--symbols", "300", "--held", "30"), ""), (("--orders", "1"), ""))
    for options, goal in shapes:
        found = _bench("gate", *options)
        orders, held, symbols = found["orders"], found["held"], found["symbols"]
        shape = f"orders: {orders}, held: {held} of {symbols} symbols"
        yield f"the gate without a limit, microseconds an order ({shape})", f"{found['no_limits_us']}", ""
        yield f"all limits, microseconds more an order ({shape})", f"{found['added_us']}", goal


def _rulebook() -> Iterator[tuple[str, str, str]]:
    found = _bench("rulebook", "--runs", _RUNS)
    yield "rules of a board and a day, asked first, microseconds", f"{found['lookup_first_us']}", ""
    yield "rules of a board and a day, asked again, microseconds", f"{found['lookup_again_us']}", ""
    name = f"1,000,000 orders through rules and fees, s (reckoned from {found['orders_measured']:,})"
    yield name, f"{found['million_orders_s']}", ""
    yield "audit of a record of 544 lines, start of the process to its end, s", f"{found['audit_s']}", ""
    yield "audit, microseconds more a line", f"{found['audit_us_per_line']}", ""


def _bars(every: int) -> str:
    return "bar" if every == 1 else f"{every} bars"


def _bench(program: str, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"benchmarks.{program}", *options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    cores = os.cpu_count()
    print(f"{cores} cores ({platform.machine()}), {platform.system()}, Python {platform.python_version()}\n")
    print("| measured | figure | to be |\n| --- | ---: | --- |")
    for name, figure, goal in rows():
        print(f"| {name} | {figure} | {goal} |", flush=True)


if __name__ == "__main__":
    main()
