"""Writes what was measured into docs/performance.md, between two markers, and the plot beside it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.peers.kept import of
from benchmarks.peers.plot import plot
from benchmarks.peers.roster import Peer
from benchmarks.peers.rows import Row
from benchmarks.peers.runs import Bench
from benchmarks.peers.tables import Runs

PAGE, PICTURE = Path("docs/performance.md"), Path("docs/performance-peers.svg")
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"


class NoMarkers(ValueError):
    """The page does not say where the tables belong."""


def write_page(bench: Bench, runs: Runs, rows: Sequence[Row], peers: Sequence[Peer], text: str) -> None:
    """Put tables, plot, commands, versions and machine into the page.

    Raises:
        NoMarkers: The page has lost a marker.
    """
    measured = {run.row for run in runs if run.measured}
    drawn = [row for row in rows if row.every == 1 and row.name in measured]
    PICTURE.write_text(plot(runs, drawn, peers), encoding="utf-8")
    commands = [f"{peer.name}: `{_typed(bench.command(peer, rows[0]))}`" for peer in peers]
    parts = [
        f"{machine()}. {_rounds(runs, rows, peers)}",
        f"![Wall times of the rows that trade at every bar]({PICTURE.name})",
        text,
        "Versions: " + "; ".join(_versions(runs, rows, peers)) + ".",
        f"How each was started on *{rows[0].title}*:\n\n" + "\n".join(f"- {line}" for line in commands),
    ]
    PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), "\n\n".join(parts)), encoding="utf-8")


def between(page: str, text: str) -> str:
    """Return the page with what stands between the markers replaced.

    Raises:
        NoMarkers: A marker is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarkers(f"{PAGE}: put {BEGIN} and {END} where the tables belong")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def machine() -> str:
    """Return the machine in words."""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {_processor()}), {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def _processor() -> str:
    """Return the processor's name where the system tells it, and its speed."""
    facts = Path("/proc/cpuinfo")
    if not facts.is_file():
        return platform.processor() or "processor not told"
    found = dict(line.split(":", 1) for line in facts.read_text().splitlines() if ":" in line)
    told = {key.strip(): value.strip() for key, value in found.items()}
    speed_mhz = told.get("cpu MHz", "?").partition(".")[0]
    return f"{told.get('model name', 'processor not told')} at {speed_mhz} MHz"


def _rounds(runs: Runs, rows: Sequence[Row], peers: Sequence[Peer]) -> str:
    counts = {len(of(runs, row, peer)) for row in rows for peer in peers} - {0}
    least, most = min(counts, default=0), max(counts, default=0)
    return f"Medians of {least if least == most else f'{least} to {most}'} runs in alternation."


def _versions(runs: Runs, rows: Sequence[Row], peers: Sequence[Peer]) -> Iterator[str]:
    names = {row.name for row in rows}
    found = {run.peer: run.measured.version for run in runs if run.measured and run.row in names}
    yield from dict.fromkeys(found[peer.name] for peer in peers if peer.name in found)


def _typed(command: Sequence[str]) -> str:
    """Return a command as one types it; the Python that ran this is called `python`."""
    return " ".join("python" if word == sys.executable else word for word in command)
