"""How fast a day of one-minute bars of the whole market is stored and read back, and one share's year.

    python -m benchmarks.history [--symbols 5500] [--days 5]

Each in a process of its own would measure the same: peak memory is that of all of it.
"""

from __future__ import annotations

import argparse
import json
import resource
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from services.clock import stopwatch_s
from services.domain.bars import Adjustment, VolumeUnit
from services.domain.instruments import Market, Symbol
from services.history.lengths import BarLength, ends_of_day, moment_of
from services.history.series import Kind, Series
from services.history.store import HistoryStore

KIND = Kind(length=BarLength.MIN_1, adjustment=Adjustment.RAW, volume_unit=VolumeUnit.SHARE)
DAYS = [date(2026, 7, day) for day in (6, 7, 8, 9, 10, 13, 14, 15, 16, 17)]
FETCHED_AT = datetime(2026, 7, 20, tzinfo=UTC)


def drawn(count: int, day: date) -> list[Series]:
    """Return a day's bars of so many symbols, drawn from a seed."""
    ends = np.array([moment_of(Market.CN, day, at) for at in ends_of_day(Market.CN, BarLength.MIN_1)])
    rng = np.random.default_rng(day.toordinal())
    found = []
    for number in range(count):
        steps = rng.integers(-2, 3, len(ends)).cumsum() + rng.integers(500, 5000)
        close = np.maximum(steps, 100) * 10_000
        spread = rng.integers(0, 3, len(ends)) * 10_000
        volume = rng.integers(0, 500_000, len(ends))
        found.append(
            Series(
                symbol=Symbol(f"{600000 + number:06d}.SH"),
                kind=KIND,
                ends=ends,
                open=close,
                high=close + spread,
                low=close - spread,
                close=close,
                volume=volume,
                amount=volume * (close // 10_000),
            )
        )
    return found


def measured(symbols: int, days: int) -> dict[str, float]:
    """Return the seconds of each step and the peak of memory, in MiB."""
    with TemporaryDirectory() as folder:
        store = HistoryStore(Path(folder))
        first = drawn(symbols, DAYS[0])
        began_s = stopwatch_s()
        store.add(first, source="drawn", fetched_at=FETCHED_AT)
        stored_s = stopwatch_s()
        symbols_read = [one.symbol for one in first]
        read = {one.symbol: one for one in HistoryStore(Path(folder)).read(KIND, symbols_read)}
        read_s = stopwatch_s()
        same = all(np.array_equal(read[one.symbol].close, one.close) for one in first)
        if len(read) != symbols or not same:
            raise SystemExit("what was read is not what was stored")
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
        del read, first
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        for day in DAYS[1:days]:
            store.add(drawn(symbols, day), source="drawn", fetched_at=FETCHED_AT)
        one_s = stopwatch_s()
        share = list(store.read(KIND, [Symbol("600519.SH")]))
        done_s = stopwatch_s()
        if len(share[0]) != 240 * days:
            raise SystemExit("one share's bars are not all there")
    return {
        "symbols": symbols,
        "bars": symbols * 240,
        "store_s": round(stored_s - began_s, 2),
        "read_s": round(read_s - stored_s, 2),
        "peak_mib": round(peak_mib),
        "file_mib": round(size / 2**20, 1),
        "one_symbol_days": days,
        "one_symbol_s": round(done_s - one_s, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--symbols", type=int, default=5500)
    parser.add_argument("--days", type=int, default=5)
    asked = parser.parse_args()
    print(json.dumps(measured(asked.symbols, asked.days)))


if __name__ == "__main__":
    main()
