"""Runs that were measured, one JSON line each, so that a long measuring can go on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.peers.roster import OURS, PEERS, Peer
from benchmarks.peers.rows import Row
from benchmarks.peers.runs import Measured

_PRODUCT = ("run_live.py", "agents", "commands", "risk", "scheduler", "services")
_WORK = ("benchmarks/peers/strategies", "benchmarks/peers/made_market.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: what it took, or the line it failed with."""

    row: str
    peer: str
    round: int
    measured: Measured | None
    error: str = ""


class KeptRuns:
    """The runs of a file; those of other code than today's are not seen.

    Ours is known by all its sources, a peer by its versions and by how the work is written for it.
    """

    def __init__(self, path: Path, peers: Iterable[Peer] = PEERS) -> None:
        self._path = path
        self._asked = {peer.name: " ".join(peer.requirements) for peer in peers}
        self._ours = _digest(_PRODUCT)
        self._work = _digest(_WORK)

    def all(self) -> tuple[Run, ...]:
        """Return the runs in the order they were made."""
        if not self._path.is_file():
            return ()
        lines = [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]
        return tuple(_run(line) for line in lines if line["code"] == self._code(line["peer"]))

    def add(self, run: Run) -> None:
        """Keep one more."""
        line = asdict(run) | {"code": self._code(run.peer)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _code(self, peer: str) -> str:
        return f"{self._ours if peer == OURS else self._asked.get(peer)} {self._work}"


def of(runs: Iterable[Run], row: Row, peer: Peer) -> tuple[Run, ...]:
    """Return a peer's runs on a row."""
    return tuple(run for run in runs if run.row == row.name and run.peer == peer.name)


def _run(line: dict[str, object]) -> Run:
    measured = line["measured"]
    return Run(
        row=str(line["row"]),
        peer=str(line["peer"]),
        round=int(str(line["round"])),
        measured=Measured(**measured) if isinstance(measured, dict) else None,
        error=str(line["error"]),
    )


def _digest(places: Iterable[str]) -> str:
    whole = hashlib.sha256()
    for place in places:
        path = Path(place)
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            whole.update(f"{file}\n".encode() + file.read_bytes())
    return whole.hexdigest()[:16]
