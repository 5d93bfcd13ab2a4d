"""How long a source of quotes takes for many symbols, over TLS, from a twin that thinks for 50 ms.

    python -m benchmarks.quote_feed

The twin runs in a process of its own, as a vendor would; the pace is the one configured by default.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from services.clock import SystemClock, stopwatch_s
from services.domain.instruments import Symbol
from services.market.feeds.choice import Surroundings, feed_of
from services.settings_sections import DataSourceSettings
from tests.market_twins.hosts import vendor_twins
from tests.market_twins.net import UNSET
from tests.market_twins.seeded import DAY, Kind, seeded_market

ANSWER_S = 0.05
COUNTS = (50, 300)
SOURCES = ("eastmoney", "sina", "tencent")


def many(count: int) -> tuple[Kind, ...]:
    """Return so many ordinary shares of Shanghai's main board."""
    return tuple(Kind(f"{600000 + at}.SH", f"第{at}股", f"{10 + at % 90}.50") for at in range(1, count + 1))


def serve(folder: Path) -> None:
    """Run the twins until the input ends, and say first what a client must be told of them."""
    kinds = many(max(COUNTS))
    moment = datetime(DAY.year, DAY.month, DAY.day, 2, 35, tzinfo=UTC)
    with vendor_twins(folder, seeded_market(kinds=kinds), lambda: moment, wait_s=ANSWER_S) as net:
        print(json.dumps(net.environment), flush=True)
        sys.stdin.read()


def took_s(source: str, count: int) -> float:
    """Return how long a new feed takes for so many symbols."""
    symbols = [Symbol(kind.symbol) for kind in many(count)]
    around = Surroundings(clock=SystemClock(), environment=os.environ)
    feed = feed_of(source, DataSourceSettings(), around)
    began_s = stopwatch_s()
    answer = asyncio.run(feed.quotes(symbols))
    ended_s = stopwatch_s()
    if set(answer.quotes) != set(symbols):
        raise SystemExit(f"{source}: {len(answer.quotes)} of {count}: {next(iter(answer.faults.values()))}")
    return ended_s - began_s


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", type=Path)
    serving = parser.parse_args().serve
    if serving is not None:
        serve(serving)
        return
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.quote_feed", "--serve", folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as twins:
            for name in UNSET:
                os.environ.pop(name, None)
            os.environ.update(json.loads(twins.stdout.readline()))
            asked = [(source, count) for source in SOURCES for count in COUNTS]
            found = {f"{source}_{count}_s": round(took_s(source, count), 2) for source, count in asked}
            twins.stdin.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
