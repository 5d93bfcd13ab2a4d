"""A hash that left the machine with a day's summary shows a journal that was cut or written anew."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from commands.folders import AccountFolder
from tests.cli.test_recorded_safety import cut_off_after_a_session
from tests.command_line import call, contents


@pytest.fixture
def there(tmp_path: Path) -> AccountFolder:
    return cut_off_after_a_session(tmp_path)


def hash_of(folder: AccountFolder, seq: int) -> str:
    with closing(sqlite3.connect(folder.journal)) as connection:
        (found,) = connection.execute("SELECT hash FROM events WHERE seq = ?", (seq,)).fetchone()
    return str(found)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_hash_of_the_record_is_told_with_its_event(tmp_path: Path, there: AccountFolder, lang: str):
    wanted = hash_of(there, 5)
    before = contents(tmp_path)

    done = call("verify", "--last-hash", f" {wanted.upper()} ", "--data-dir", tmp_path, "--json")
    told = call("verify", "--last-hash", wanted, "--data-dir", tmp_path, "--lang", lang)

    assert (done.code, done.json["ok"]) == (0, True)
    assert done.json["last_hash"] == {"hash": wanted, "event": 5}
    assert told.code == 0
    assert " 5 " in told.out
    assert contents(tmp_path) == before


def test_a_hash_that_stands_nowhere_is_a_difference(tmp_path: Path, there: AccountFolder):
    wanted = "0" * 63 + "1"

    done = call("verify", "--last-hash", wanted, "--data-dir", tmp_path, "--json")

    assert (done.code, done.json["ok"]) == (1, False)
    assert done.json["last_hash"] == {"hash": wanted, "event": None}
    assert [wanted in one["record"] for one in done.json["problems"]] == [True]  # type: ignore[attr-defined]  # A list.


def test_without_one_nothing_is_said_of_it(tmp_path: Path, there: AccountFolder):
    assert call("verify", "--data-dir", tmp_path, "--json").json["last_hash"] is None


@pytest.mark.parametrize("text", ["", "abc", "g" * 64, "0" * 65])
def test_what_is_no_hash_is_a_mistake_in_one_line(tmp_path: Path, there: AccountFolder, text: str):
    done = call("verify", "--last-hash", text, "--data-dir", tmp_path)

    assert (done.code, len(done.err.strip().splitlines())) == (2, 1)
    assert "--last-hash" in done.err
