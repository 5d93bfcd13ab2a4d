"""Fails where ours has become slower: its CPU time against the bare loop's in the same run, never in seconds.

python -m benchmarks.peers.guard [--rounds 5]

The bounds lie in benchmarks/peers/bounds.json, a row and the most that the ratio may be. Of each program
the least CPU time of the rounds counts: what a busy machine adds is not the program's. Whoever makes
ours faster lowers a bound to a tenth above what is printed here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.roster import BARE, OURS, PEERS
from benchmarks.peers.rows import Row, rows_named
from benchmarks.peers.runs import Bench, Measured

BOUNDS = Path("benchmarks/peers/bounds.json")


class NoBounds(ValueError):
    """There is nothing to hold ours to, or it is no ratio."""


def bounds_of(text: str) -> dict[str, float]:
    """Return the most that each row's ratio may be.

    Raises:
        NoBounds: None is stated, or one is not above 0.
    """
    found = {str(row): float(most) for row, most in json.loads(text).items()}
    if not found or min(found.values()) <= 0:
        raise NoBounds(f"{BOUNDS}: state a row and the most its ratio may be, above 0")
    return found


def ratio_of(ours: list[Measured], bare: list[Measured]) -> float:
    """Return our least CPU time as a multiple of the bare loop's.

    Raises:
        NoBounds: The two did not do the same: they differ in sessions, trades or equity.
    """
    done = {(one.sessions, one.trades, one.equity) for one in (*ours, *bare)}
    if len(done) != 1:
        raise NoBounds(f"ours and the bare loop did not do the same: {sorted(done)}")
    return min(one.cpu_s for one in ours) / min(one.cpu_s for one in bare)


def exceeded(ratios: Mapping[str, float], bounds: Mapping[str, float]) -> list[str]:
    """Return a line for each row that was not measured or lies above its bound."""
    return [
        f"{row}: {'not measured' if row not in ratios else f'{ratios[row]:.1f}'}, at most {most:g} allowed"
        for row, most in bounds.items()
        if not ratios.get(row, most + 1) <= most
    ]


def measured(bench: Bench, row: Row, rounds: int) -> float:
    """Return the ratio of a row, both programs run in alternation."""
    programs = {peer.name: peer for peer in PEERS if peer.name in (OURS, BARE)}
    found: dict[str, list[Measured]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, peer in programs.items():
            bench.prepare(peer, row)
            found[name].append(bench.run(peer, row))
    return ratio_of(found[OURS], found[BARE])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    bounds = bounds_of(BOUNDS.read_text(encoding="utf-8"))
    bench, ratios = Bench(build=Path("build/peers"), most_s=600), {}
    for row in rows_named(tuple(bounds)):
        ratios[row.name] = measured(bench, row, given.rounds)
        found = f"{ratios[row.name]:.1f} times the bare loop"
        print(f"{row.name}: {found}, {bounds[row.name]:g} allowed", flush=True)
    too_slow = exceeded(ratios, bounds)
    if too_slow:
        sys.exit("\n".join(too_slow))


if __name__ == "__main__":
    main()
