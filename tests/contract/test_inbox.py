"""The commands inbox on both databases, and the kill file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.journal.inbox import INBOX_NAME, Command, Inbox
from services.journal.kill_file import KILL_NAME, kill_requested
from services.ports import JournalFault


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "main" / INBOX_NAME
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return new_database()


@pytest.fixture
def inbox(where: Path | str) -> Iterator[Inbox]:
    box = Inbox(where, "main")
    yield box
    box.close()


def test_commands_are_read_in_the_order_they_were_put_by_whoever_asks(inbox: Inbox, where: Path | str):
    sender = Inbox(where, "main")
    numbers = [sender.put("pause", {"why": "节前"}), sender.put("halt", {}), inbox.put("resume", {})]
    sender.close()

    assert numbers == [1, 2, 3]
    assert inbox.unread(0) == (
        Command(seq=1, command="pause", args={"why": "节前"}),
        Command(seq=2, command="halt", args={}),
        Command(seq=3, command="resume", args={}),
    )
    assert inbox.unread(2) == (Command(seq=3, command="resume", args={}),)
    assert inbox.unread(3) == ()


def test_a_command_put_after_the_first_look_is_seen_at_the_next(inbox: Inbox, where: Path | str):
    assert inbox.unread(0) == ()
    sender = Inbox(where, "main")

    sender.put("halt", {})
    sender.close()

    assert [command.command for command in inbox.unread(0)] == ["halt"]


def test_looking_into_an_inbox_nobody_wrote_to_makes_no_file(tmp_path: Path):
    box = Inbox(tmp_path / "main" / INBOX_NAME, "main")

    assert box.unread(0) == ()

    assert not (tmp_path / "main").exists()


def test_accounts_in_one_database_have_inboxes_of_their_own(inbox: Inbox, where: Path | str):
    other = Inbox(where, "other")

    assert (inbox.put("pause", {}), other.put("halt", {})) == (1, 1)
    assert [command.command for command in other.unread(0)] == ["halt"]
    other.close()


def test_nothing_lies_beside_the_file_between_writes(tmp_path: Path):
    box = Inbox(tmp_path / INBOX_NAME, "main")
    box.put("pause", {})
    box.unread(0)

    assert [path.name for path in tmp_path.iterdir()] == [INBOX_NAME]
    box.close()


def test_an_inbox_that_cannot_be_read_is_a_fault_not_an_empty_one(tmp_path: Path):
    path = tmp_path / INBOX_NAME
    path.write_bytes(b"not a database at all, and longer than a header of one would be" * 20)

    with pytest.raises(JournalFault):
        Inbox(path, "main").unread(0)


def test_damaged_arguments_are_a_fault(tmp_path: Path):
    path = tmp_path / INBOX_NAME
    box = Inbox(path, "main")
    box.put("halt", {"symbol": "600519.SH"})
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE commands SET args = '{'")

    with pytest.raises(JournalFault):
        box.unread(0)
    box.close()


@pytest.mark.parametrize(
    ("place", "expected"), [("data/main", True), ("data", True), (".", False), ("data/other", False)]
)
def test_a_kill_file_stops_its_account_or_all_of_a_data_folder(tmp_path: Path, place: str, expected: bool):
    for folder in ("data/main", "data/other"):
        (tmp_path / folder).mkdir(parents=True)

    (tmp_path / place / KILL_NAME).touch()

    assert kill_requested(tmp_path / "data" / "main") is expected


def test_no_kill_file_is_no_kill_also_where_there_is_no_folder(tmp_path: Path):
    assert kill_requested(tmp_path / "data" / "main") is False


def test_a_kill_file_that_cannot_be_looked_for_counts_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def failing(*_asked: object, **_options: object) -> os.stat_result:
        raise PermissionError("no")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", failing)

        assert kill_requested(tmp_path) is True
