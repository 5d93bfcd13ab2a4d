"""One run of a peer on a row: a process from its start to its end, timed from outside.

Paths are relative: all of this runs in the checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import python_of
from benchmarks.peers.market_files import market_folder
from benchmarks.peers.roster import OURS, Peer
from benchmarks.peers.rows import Row

STRATEGIES = Path("benchmarks/peers/strategies")
_ACCOUNT, _WARM = "momentum", "warm"
_NO_BYTECODE = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"})
_PREPARED = "prepared"


class RunFailed(RuntimeError):
    """A run did not come to its end; the message is the line that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a run took, the whole process counted, and what it did."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    version: str
    sessions: int
    orders: int
    trades: int
    equity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where the peers live, and how long a run may take."""

    build: Path
    most_s: int

    def prepare(self, peer: Peer, row: Row) -> None:
        """Make what a run reads: its environment, the prices, and the engine's own form of them.

        Raises:
            NotInstalled: The environment cannot be built.
            RunFailed: The prices cannot be written in the engine's form.
        """
        market = market_folder(row, self.build / "markets")
        python_of(peer, self.build / "environments")
        work = self._work(peer, row)
        if (work / _PREPARED).is_file():
            return
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        if peer.name == OURS:
            # A day of it: the price file is read, checked and kept as columns.
            last = json.loads((market / "market.json").read_text(encoding="utf-8"))["days"][-1]
            self._timed(peer, [*self._ours(peer, row, _WARM), "--start", last])
        elif peer.prepares:
            self._timed(peer, [*self._script(peer, row), "--prepare"])
        (work / _PREPARED).touch()

    def run(self, peer: Peer, row: Row) -> Measured:
        """Return what one run took.

        Raises:
            RunFailed: It ended with an error, took too long or did not say what it did.
        """
        if peer.name == OURS:
            # A run that is there already would not be run again.
            shutil.rmtree(self._work(peer, row) / _ACCOUNT, ignore_errors=True)
        found = self._timed(peer, self.command(peer, row))
        said = found["said"].strip()
        try:
            done = _of_ours(json.loads(said)) if peer.name == OURS else json.loads(said.splitlines()[-1])
        except (IndexError, ValueError) as error:
            raise RunFailed("did not say what it did") from error
        return Measured(
            wall_s=round(found["wall_s"], 3),
            cpu_s=round(found["cpu_s"], 3),
            peak_mib=round(found["peak_mib"], 1),
            **done,
        )

    def command(self, peer: Peer, row: Row) -> list[str]:
        """Return the words that start a run, from the checkout."""
        if peer.name == OURS:
            return self._ours(peer, row, _ACCOUNT)
        return [*self._script(peer, row), *peer.options]

    def _work(self, peer: Peer, row: Row) -> Path:
        """Return the folder that a peer's runs on a market read from and write into."""
        return self.build / "data" / f"{peer.home or peer.name.replace(' ', '-')}-{row.market}"

    def _script(self, peer: Peer, row: Row) -> list[str]:
        python = self.build / "environments" / peer.home / "bin" / "python" if peer.home else sys.executable
        words = [str(python), f"{STRATEGIES}/{peer.script}", str(self.build / "markets" / row.market)]
        return [*words, "--work", str(self._work(peer, row)), *row.options]

    def _ours(self, peer: Peer, row: Row, account: str) -> list[str]:
        words = [sys.executable, "run_live.py", "--mode", "backtest", "--frequency", str(row.frequency)]
        words += ["--agent", row.agent, "--cash", "1000000.00"]
        words += ["--prices", str(self.build / "markets" / row.market / "prices.csv")]
        words += ["--adjustment", "raw", "--volume-unit", "share"]
        words += ["--data-dir", str(self._work(peer, row)), "--account", account]
        return [*words, "--no-report", "--json"]

    def _timed(self, peer: Peer, command: list[str]) -> dict[str, Any]:
        # Written bytecode is what a user has from the second start on; the peers' was written by pip.
        environment = {name: value for name, value in os.environ.items() if name not in _NO_BYTECODE}
        if peer.home:
            # What a peer leaves in its user's home stays with its environment.
            home = (self.build / "environments" / peer.home / "home").resolve()
            home.mkdir(exist_ok=True)
            environment["HOME"] = str(home)
        clock = [sys.executable, "-I", "benchmarks/peers/timed.py", str(self.most_s)]
        done = subprocess.run([*clock, *command], env=environment, check=True, stdout=subprocess.PIPE)
        found: dict[str, Any] = json.loads(done.stdout)
        if found["exit"] == -signal.SIGKILL:
            raise RunFailed(f"killed: out of memory, or still running after {self.most_s} s")
        if found["exit"]:
            lines = [line for line in found["complained"].splitlines() if line.strip()]
            raise RunFailed((lines or [f"exit code {found['exit']}"])[-1])
        return found


def _of_ours(said: dict[str, Any]) -> dict[str, Any]:
    """Return what the ordinary command's JSON says, in the words of the peers' last line."""
    return {
        "version": _version(),
        "sessions": said["sessions"],
        "orders": said["orders"],
        "trades": said["fills"],
        "equity": said["final_equity"],
    }


def _version() -> str:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"kaipan {project['version']}"
