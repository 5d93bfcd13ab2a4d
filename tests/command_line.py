"""The program as a person or another program calls it, and small price files to call it with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

import run_live

ROOT = Path(__file__).parents[1]
PROGRAM = (sys.executable, str(ROOT / "run_live.py"))
COMMANDS = ("status", "sessions", "show", "replay", "verify", "report", "doctor")
COLUMNS = "ts_code,trade_date,open,high,low,close,vol,amount,pre_close"
DAYS = ("20251009", "20251010", "20251013", "20251014")  # Thursday, Friday; Monday, Tuesday.


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished call: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """The one JSON object on stdout; anything else there fails."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


def call(*arguments: object) -> Ran:
    """Run the program in this process; a bug's traceback is raised, not swallowed."""
    result = CliRunner().invoke(run_live.app, [str(one) for one in arguments], catch_exceptions=False)
    return Ran(result.exit_code, result.stdout, result.stderr)


def call_process(*arguments: object, environment: dict[str, str] | None = None) -> Ran:
    """Run the program in a process of its own."""
    run = subprocess.run(
        [*PROGRAM, *(str(one) for one in arguments)],
        env={**os.environ, **(environment or {})}, capture_output=True, encoding="utf-8",
        check=False, timeout=60,
    )  # fmt: skip
    return Ran(run.returncode, run.stdout, run.stderr)


def bar(symbol: str = "600000.SH", day: str = DAYS[0], prices: str = "10,11,9,10.5") -> str:
    """Return one line of a price table."""
    return f"{symbol},{day},{prices},100000,1,10"


def table(path: Path, lines: Iterable[str]) -> Path:
    """Write a price table in tushare's columns."""
    path.write_text("\n".join([COLUMNS, *lines]) + "\n", encoding="utf-8")
    return path


def four_days(folder: Path, symbol: str = "600000.SH") -> Path:
    """Write a table of one symbol, each day open 10, high 11, low 9, close 10.5."""
    return table(folder / "prices.csv", [bar(symbol, day) for day in DAYS])


def order(side: str, shares: object, symbol: str = "600000.SH") -> dict[str, object]:
    """Return an order as an answer states it."""
    return {"symbol": symbol, "side": side, "shares": shares, "limit_price": None, "reason": f"{side} it"}


def answer(*orders: dict[str, object]) -> str:
    """Return an answer as a mind gives it."""
    return json.dumps({"rationale": "as written", "orders": list(orders)})


def script(path: Path, answers: Sequence[str]) -> str:
    """Write a script of raw answers and return the `--agent` that plays it."""
    path.write_text("".join(json.dumps(one) + "\n" for one in answers), encoding="utf-8")
    return f"scripted:{path}"


def trail(data_dir: Path, account: str = "main") -> list[dict[str, object]]:
    """Return the lines of the audit trail."""
    path = data_dir / account / "position" / "position.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
