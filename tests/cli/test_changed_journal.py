"""A process does not trade on a journal that somebody changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.test_recorded_safety import cut_off_after_a_session
from tests.command_line import call, contents

GO_ON = ("--mode", "paper", "--frequency", "hourly", "--demo", "--no-report")

CHANGES = {
    "edited": ("UPDATE events SET body = replace(body, '0', '1') WHERE seq = 5", "event 5"),
    "reordered": (
        "UPDATE events SET seq = CASE seq WHEN 5 THEN 6 ELSE 5 END WHERE seq IN (5, 6)",
        "event 5",
    ),
    "taken away": ("DELETE FROM events WHERE seq = 5", "event 5"),
    "cut": ("DELETE FROM events WHERE seq > 7", "event 8"),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_journal_that_was_changed_ends_the_process_with_a_line_that_names_it(tmp_path: Path, change: str):
    folder = cut_off_after_a_session(tmp_path)
    statement, named = CHANGES[change]
    with closing(sqlite3.connect(folder.journal)) as connection, connection:
        if change == "reordered":
            # The rows' place is their key: one steps aside first.
            connection.execute("UPDATE events SET seq = -5 WHERE seq = 5")
            connection.execute("UPDATE events SET seq = 5 WHERE seq = 6")
            connection.execute("UPDATE events SET seq = 6 WHERE seq = -5")
        else:
            connection.execute(statement)
    there = contents(folder.root)[folder.ledger.name]

    ran = call(*GO_ON, "--data-dir", tmp_path)

    assert ran.code == 1
    (line,) = ran.err.strip().splitlines()[-1:]
    assert named in line
    assert "verify" in line
    assert contents(folder.root)[folder.ledger.name] == there


def test_a_journal_nobody_changed_goes_on(tmp_path: Path):
    cut_off_after_a_session(tmp_path)

    assert call(*GO_ON, "--data-dir", tmp_path).code == 0
