"""How long it takes from a slot's firing until its orders are handed to the broker.

python -m benchmarks.handover [--days 60] [--symbols 50]

A paper account on recorded prices: journal and exchange's ledger are files, and each step is on the
disk before the next. Time spent behind the doors (prices, agent, broker) is taken off. Each order is
counted from the tick that led to it, an order that waited over lunch from the tick of 13:00.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar
from unittest import mock

from agents.rule import RuleAgent
from benchmarks.backtest import Work, backtest
from commands.recorded_run import Watch
from scheduler.loop import Loop
from services.brokers.simulated import SimulatedExchange
from services.clock import stopwatch_s
from services.domain.bars import Frequency
from services.market.panel_source import PanelSource

P = ParamSpec("P")
T = TypeVar("T")

_DOORS = (
    (PanelSource, ("get_current_prices", "get_instruments")),
    (RuleAgent, ("decide",)),
    (
        SimulatedExchange,
        ("cancel_order", "get_balance", "get_fills", "get_movements", "get_open_orders", "get_positions"),
    ),
)


class Stopwatch:
    """Counts from a tick to each order, without what passes behind the doors."""

    def __init__(self) -> None:
        self.orders_s: list[float] = []
        self._began_s = self._outside_s = 0.0

    def tick(self, inner: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(inner)
        async def timed(*arguments: P.args, **options: P.kwargs) -> T:
            self._began_s, self._outside_s = stopwatch_s(), 0.0
            return await inner(*arguments, **options)

        return timed

    def door(self, inner: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(inner)
        async def timed(*arguments: P.args, **options: P.kwargs) -> T:
            began_s = stopwatch_s()
            try:
                return await inner(*arguments, **options)
            finally:
                self._outside_s += stopwatch_s() - began_s

        return timed

    def handed(self, inner: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        door = self.door(inner)

        @wraps(inner)
        async def timed(*arguments: P.args, **options: P.kwargs) -> T:
            self.orders_s.append(stopwatch_s() - self._began_s - self._outside_s)
            return await door(*arguments, **options)

        return timed

    def patches(self) -> list[AbstractContextManager[object]]:
        """Return what puts the watch between the loop and its doors."""
        found: list[AbstractContextManager[object]] = [
            mock.patch.object(Loop, "tick", self.tick(Loop.tick)),
            mock.patch.object(SimulatedExchange, "submit_order", self.handed(SimulatedExchange.submit_order)),
        ]
        for kind, names in _DOORS:
            found += [mock.patch.object(kind, name, self.door(getattr(kind, name))) for name in names]
        return found


def bench(days: int, symbols: int) -> dict[str, object]:
    watch = Stopwatch()
    work = Work(symbols=symbols, years=1, frequency=Frequency.HOURLY, mode="paper", days_max=days)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as patched:
        ready = backtest(work, Path(folder))
        for patch in watch.patches():
            patched.enter_context(patch)
        ready.run.execute(Watch())
    taken_s = sorted(watch.orders_s)
    return {
        "orders": len(taken_s),
        "p50_ms": round(taken_s[len(taken_s) // 2] * 1e3, 1),
        "p99_ms": round(taken_s[len(taken_s) * 99 // 100] * 1e3, 1),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--days", type=int, default=60)
    options.add_argument("--symbols", type=int, default=50)
    given = options.parse_args()
    print(json.dumps(bench(given.days, given.symbols)))


if __name__ == "__main__":
    main()
