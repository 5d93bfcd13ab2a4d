"""The same work by ours and by those a user would pick instead, in one run, side by side.

python -m benchmarks.peers [--peers vnpy,bt] [--rows hourly-50-every-1] [--rounds 3] [--fresh] [--write]

Every peer is built from PyPI in an environment of its own (build/peers/environments). Runs alternate:
each round is one run of each peer on a row, and what stands in the table is the median of the rounds.
Runs are kept (build/peers/runs.jsonl): what was measured on this very code is not measured again,
unless --fresh. With --write, the tables and the plot in docs/performance.md are made anew.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.peers.environments import NotInstalled
from benchmarks.peers.kept import KeptRuns, Run, of
from benchmarks.peers.page import write_page
from benchmarks.peers.roster import Peer, peers_named
from benchmarks.peers.rows import Row, UnknownName, rows_named
from benchmarks.peers.runs import Bench, RunFailed
from benchmarks.peers.tables import tables

BUILD = Path("build/peers")


def measure(
    bench: Bench, kept: KeptRuns, rows: tuple[Row, ...], peers: tuple[Peer, ...], rounds: int
) -> None:
    """Run what is missing, round by round; a peer that failed on a row is not tried there again."""
    for row in rows:
        broken = {peer.name for peer in peers if any(run.error for run in of(kept.all(), row, peer))}
        for number in range(rounds):
            for peer in peers:
                if peer.name in broken or len(of(kept.all(), row, peer)) > number:
                    continue
                run = _one(bench, row, peer, number)
                kept.add(run)
                if run.error:
                    broken.add(peer.name)


def _one(bench: Bench, row: Row, peer: Peer, number: int) -> Run:
    try:
        bench.prepare(peer, row)
        measured = bench.run(peer, row)
    except (NotInstalled, RunFailed) as problem:
        _say(f"{row.name} {peer.name}: {problem}")
        return Run(row=row.name, peer=peer.name, round=number, measured=None, error=str(problem))
    _say(
        f"{row.name} round {number + 1} {peer.name}: {measured.wall_s:.2f} s, CPU {measured.cpu_s:.2f} s, "
        f"{measured.peak_mib:.0f} MiB, {measured.sessions:,} sessions, {measured.trades:,} trades, "
        f"equity {measured.equity:,.2f}"
    )
    return Run(row=row.name, peer=peer.name, round=number, measured=measured)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peers", type=_list, default=(), help="names, with commas between them")
    parser.add_argument("--rows", type=_list, default=(), help="rows or markets, with commas between them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, default=1800, help="seconds after which a run is given up")
    parser.add_argument("--fresh", action="store_true", help="forget the runs that were kept")
    parser.add_argument("--write", action="store_true", help="write tables and plot into docs/performance.md")
    given = parser.parse_args()
    try:
        rows, peers = rows_named(given.rows), peers_named(given.peers)
    except UnknownName as problem:
        parser.error(str(problem))
    BUILD.mkdir(parents=True, exist_ok=True)
    if given.fresh:
        (BUILD / "runs.jsonl").unlink(missing_ok=True)
    bench, kept = Bench(build=BUILD, most_s=given.most), KeptRuns(BUILD / "runs.jsonl")
    measure(bench, kept, rows, peers, given.rounds)
    text = tables(kept.all(), rows, peers)
    print(text)
    if given.write:
        write_page(bench, kept.all(), rows, peers, text)


if __name__ == "__main__":
    main()
