"""What was measured, as tables in Markdown: medians of the rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from statistics import median

from benchmarks.peers.kept import Run, of
from benchmarks.peers.roster import BARE, OURS, PEERS, Peer, Simulates
from benchmarks.peers.rows import Row
from benchmarks.peers.runs import Measured

Runs = Sequence[Run]

_HEADINGS = {
    "fills": "fills at",
    "t_plus_1": "T+1",
    "limits": "daily limits",
    "lots": "lots",
    "fees": "fees",
    "cash": "cash checked",
    "record": "what it leaves behind",
}


def tables(runs: Runs, rows: Sequence[Row], peers: Sequence[Peer]) -> str:
    """Return every table there is something to put in."""
    parts = [_times(runs, group, peers) for group in _groups(rows)]
    parts.append(_ratios(runs, rows))
    parts += [_done(runs, group, peers) for group in _groups(rows)]
    parts += [_errors(runs, rows, peers), _simulated(peers)]
    return "\n\n".join(part for part in parts if part)


def typical(runs: Iterable[Run], row: Row, peer: Peer, figure: Callable[[Measured], float]) -> float | None:
    """Return the median of a figure over a peer's rounds on a row; None where none came to its end."""
    found = [figure(run.measured) for run in of(runs, row, peer) if run.measured is not None]
    return median(found) if found else None


def _groups(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows with the same rule, which share a table."""
    for key in dict.fromkeys((row.rotates, row.every) for row in rows):
        yield [row for row in rows if (row.rotates, row.every) == key]


def _table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in heading[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, rule, *lines))


def _heading(first: str, rows: Sequence[Row]) -> list[str]:
    return [first, *(f"{row.frequency}, {row.symbols} × {row.years} years" for row in rows)]


def _times(runs: Runs, rows: Sequence[Row], peers: Sequence[Peer]) -> str:
    heading = _heading(rows[0].rule, rows)
    return _table(heading, ([peer.name, *(_cell(runs, row, peer) for row in rows)] for peer in peers))


def _cell(runs: Runs, row: Row, peer: Peer) -> str:
    wall_s = typical(runs, row, peer, lambda of: of.wall_s)
    cpu_s = typical(runs, row, peer, lambda of: of.cpu_s)
    peak_mib = typical(runs, row, peer, lambda of: of.peak_mib)
    if wall_s is None or cpu_s is None or peak_mib is None:
        return "failed" if of(runs, row, peer) else ""
    return f"{wall_s:.2f} / {cpu_s:.2f} / {peak_mib:,.0f}"


def _ratios(runs: Runs, rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        wall_s = {peer.name: typical(runs, row, peer, lambda of: of.wall_s) for peer in PEERS}
        ours, bare = wall_s[OURS], wall_s[BARE]
        others = [(took, name) for name, took in wall_s.items() if took and name not in (OURS, BARE)]
        if ours and bare and others:
            fastest, name = min(others)
            ratios = f"{ours / fastest:.2f} ({name})", f"{ours / bare:.1f}"
            lines.append([row.title, *ratios, _a_session(runs, row)])
    heading = [
        "wall time of ours", "to the fastest peer's", "to the bare loop's", "a session, to 50 symbols'"
    ]  # fmt: skip
    return _table(heading, lines) if lines else ""


def _a_session(runs: Runs, row: Row) -> str:
    """Return a row's time a session as a multiple of the same work's on 50 symbols."""
    ours = next(peer for peer in PEERS if peer.name == OURS)
    found = []
    for one in (row, row.on_fewest()):
        wall_s = typical(runs, one, ours, lambda of: of.wall_s)
        sessions = typical(runs, one, ours, lambda of: of.sessions)
        if wall_s is None or not sessions:
            return ""
        found.append(wall_s / sessions)
    return "" if one == row else f"{found[0] / found[1]:.2f}"


def _done(runs: Runs, rows: Sequence[Row], peers: Sequence[Peer]) -> str:
    """Return what each did: sessions, trades and the equity at the end in CNY."""
    heading = _heading(f"done {rows[0].rule}", rows)
    return _table(heading, ([peer.name, *(_deeds(runs, row, peer) for row in rows)] for peer in peers))


def _deeds(runs: Runs, row: Row, peer: Peer) -> str:
    did = next((run.measured for run in of(runs, row, peer) if run.measured is not None), None)
    return "" if did is None else f"{did.sessions:,} / {did.trades:,} / {did.equity:,.2f}"


def _errors(runs: Runs, rows: Sequence[Row], peers: Sequence[Peer]) -> str:
    return "\n".join(
        f"- {row.title}: {peer.name} failed: `{run.error}`"
        for row in rows
        for peer in peers
        for run in of(runs, row, peer)
        if run.error
    )


def _simulated(peers: Sequence[Peer]) -> str:
    names = [field.name for field in fields(Simulates)]
    heading = ["what is simulated", *(_HEADINGS[name] for name in names)]
    lines = ([peer.name, *(getattr(peer.simulates, name) for name in names)] for peer in peers)
    return _table(heading, lines).replace("---:", "---")
