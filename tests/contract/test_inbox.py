"""The commands inbox on both databases, and the kill file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.domain.inbox import Command, Scope
from services.journal.accounts import accounts_at
from services.journal.inbox import INBOX_NAME, Inbox, Inboxes, everywhere
from services.journal.kill_file import KILL_NAME, kill_requested, put_kill_file
from services.journal.memory_inbox import MemoryInboxes
from services.journal.sql_store import SqlStore
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


# What concerns one account: its own commands and those of all, in memory and in both databases.

Boxes = Callable[[str], Inboxes | MemoryInboxes]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def boxes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Boxes]:
    """A function that opens the inboxes of an account; accounts of one place share those of all."""
    opened: list[Inboxes | MemoryInboxes] = []
    memory = MemoryInboxes()
    place: str | None = None
    if request.param == "postgresql":
        place = request.getfixturevalue("new_database")()

    def box_of(account: str) -> Inboxes | MemoryInboxes:
        journal = place or tmp_path / account / "journal.sqlite3"
        opened.append(memory if request.param == "memory" else Inboxes(journal, account))
        return opened[-1]

    yield box_of
    for one in opened:
        one.close()


def test_nothing_was_put_where_nobody_put_anything(boxes: Boxes):
    assert boxes("main").unread({}) == ()


def test_what_was_put_is_unread_until_it_was_taken_each_list_by_itself(boxes: Boxes):
    box = boxes("main")
    put = [
        box.put(Scope.HERE, "halt", {"why": "x"}),
        box.put(Scope.EVERYWHERE, "halt", {"why": "y"}),
        box.put(Scope.HERE, "lift", {}),
    ]

    assert put == [1, 1, 2]
    assert {(one.scope, one.seq, one.command) for one in box.unread({})} == {
        (Scope.HERE, 1, "halt"), (Scope.HERE, 2, "lift"), (Scope.EVERYWHERE, 1, "halt"),
    }  # fmt: skip
    assert box.unread({Scope.HERE: 1, Scope.EVERYWHERE: 1}) == (
        Command(seq=2, command="lift", args={}, scope=Scope.HERE),
    )
    assert box.unread({Scope.HERE: 2, Scope.EVERYWHERE: 1}) == ()


def test_another_process_sees_them_in_the_order_of_each_list(boxes: Boxes):
    reader, sender = boxes("main"), boxes("main")
    assert reader.unread({}) == ()

    for command in ("halt", "lift", "halt"):
        sender.put(Scope.EVERYWHERE, command, {})

    assert [one.command for one in reader.unread({})] == ["halt", "lift", "halt"]


@pytest.mark.parametrize("boxes", ["sqlite", "postgresql"], indirect=True)
def test_every_account_of_the_place_reads_what_was_put_to_all_and_its_own_alone(boxes: Boxes):
    boxes("one").put(Scope.HERE, "halt", {"why": "one"})
    boxes("one").put(Scope.EVERYWHERE, "halt", {"why": "all"})

    assert [one.args["why"] for one in boxes("one").unread({})] == ["one", "all"]
    # Also one that was made later.
    assert [one.args["why"] for one in boxes("two").unread({})] == ["all"]


def test_a_reader_changes_no_byte_and_sees_what_is_put_meanwhile(tmp_path: Path):
    journal = tmp_path / "main" / "journal.sqlite3"
    looking = Inboxes(journal, "main", read_only=True)
    assert looking.unread({}) == ()
    assert list(tmp_path.iterdir()) == []
    writing = Inboxes(journal, "main")
    writing.put(Scope.HERE, "halt", {})
    files = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.sqlite3")}

    assert [one.command for one in looking.unread({})] == ["halt"]
    with pytest.raises(JournalFault):
        looking.put(Scope.HERE, "halt", {})

    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files} == files
    looking.close()
    writing.close()


def test_the_inbox_of_all_lies_in_the_data_folder(tmp_path: Path):
    box = everywhere(tmp_path)

    box.put("halt", {})
    box.close()

    assert [path.name for path in tmp_path.iterdir()] == [INBOX_NAME]


def test_the_accounts_of_a_folder_are_those_with_a_journal(tmp_path: Path):
    for name in ("two", "one"):
        SqlStore.open(tmp_path / name / "journal.sqlite3", name).close()
    (tmp_path / "panels").mkdir()

    assert accounts_at(tmp_path, "journal.sqlite3") == ("one", "two")
    assert accounts_at(tmp_path / "nowhere", "journal.sqlite3") == ()


def test_the_accounts_of_a_database_are_those_somebody_ran(new_database: Callable[[], str]):
    url = new_database()
    assert accounts_at(url, "journal.sqlite3") == ()
    for name in ("two", "one"):
        store = SqlStore.open(url, name)
        store.take_fence()
        store.close()

    assert accounts_at(url, "journal.sqlite3") == ("one", "two")


@pytest.mark.parametrize(
    ("place", "expected"), [("data/main", True), ("data", True), (".", False), ("data/other", False)]
)
def test_a_kill_file_stops_its_account_or_all_of_a_data_folder(tmp_path: Path, place: str, expected: bool):
    for folder in ("data/main", "data/other"):
        (tmp_path / folder).mkdir(parents=True)

    (tmp_path / place / KILL_NAME).touch()

    assert kill_requested(tmp_path / "data" / "main") is expected


def test_a_link_that_leads_nowhere_kills_too_and_is_left_as_it_is(tmp_path: Path):
    (tmp_path / KILL_NAME).symlink_to(tmp_path / "gone")

    put_kill_file(tmp_path, "words")

    assert kill_requested(tmp_path / "main") is True
    assert not (tmp_path / "gone").exists()


def test_no_kill_file_is_no_kill_also_where_there_is_no_folder(tmp_path: Path):
    assert kill_requested(tmp_path / "data" / "main") is False


def test_a_kill_file_that_cannot_be_looked_for_counts_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def failing(*_asked: object, **_options: object) -> os.stat_result:
        raise PermissionError("no")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", failing)

        assert kill_requested(tmp_path) is True
