"""Two processes on one account: the second waits, and the first never writes again once it was overtaken."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command_line import call
from tests.contract.conftest import new_database, postgres_server
from tests.crash.test_demo_kill import PATIENCE_S, Folder, cache, unkilled, wait_until

__all__ = ["cache", "new_database", "postgres_server", "unkilled"]

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")


def test_a_standby_takes_over_from_a_process_that_is_killed(unkilled: Folder, tmp_path: Path, cache: Path):
    folder = Folder(tmp_path, cache)
    first = folder.start()
    wait_until(first, lambda: folder.lines() >= 3)
    first.send_signal(signal.SIGSTOP)
    second = folder.start("--standby")
    waits = second.stdout.readline() if second.stdout else b""
    there = folder.text()

    first.kill()
    _, errors = second.communicate(timeout=PATIENCE_S)

    first.communicate(timeout=PATIENCE_S)
    assert waits
    assert first.returncode == -signal.SIGKILL
    assert (second.returncode, errors) == (0, b"")
    assert folder.text() == unkilled.text()
    assert folder.text().startswith(there[: there.rfind(b"\n") + 1])


def test_a_process_that_was_overtaken_while_it_stood_still_writes_nothing_more(
    unkilled: Folder, tmp_path: Path, cache: Path, new_database: Callable[[], str]
):
    import psycopg

    url = new_database()
    config = tmp_path / "kaipan.yaml"
    config.write_text(f'journal_url: "{url}"\n', encoding="utf-8")
    with_database = ("--config", str(config))
    folder = Folder(tmp_path / "data", cache)
    first = folder.start(*with_database)
    wait_until(first, lambda: folder.lines() >= 3)
    first.send_signal(signal.SIGSTOP)
    with psycopg.connect(url, autocommit=True) as connection:
        # The network between the first process and its server is gone; its lock with it.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    second = folder.start(*with_database)
    _, errors = second.communicate(timeout=PATIENCE_S)
    after = folder.text(), _head(url)
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=PATIENCE_S)

    assert (second.returncode, errors) == (0, b"")
    assert first.returncode == 3
    assert (folder.text(), _head(url)) == after
    assert folder.text() == unkilled.text()
    checked = call("verify", "--data-dir", folder.path, *with_database, "--json")
    assert json.loads(checked.out)["problems"] == []


def _head(url: str) -> object:
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute("SELECT seq, hash, fence FROM heads").fetchall()
