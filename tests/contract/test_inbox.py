"""The commands inbox on both databases, and the kill file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.domain.inbox import Command, Place, Scope, Taken
from services.journal.accounts import accounts_at
from services.journal.database import open_for_writing
from services.journal.inbox import INBOX_NAME, MEND, Inbox, Inboxes, everywhere
from services.journal.kill_file import KILL_NAME, kill_requested, put_kill_file
from services.journal.memory_inbox import MemoryInboxes
from services.journal.sql_store import SqlStore
from services.ports import JournalFault


def taken(*commands: Command) -> Taken:
    """Return what a journal holds that took these commands, in this order."""
    return Taken(one.place for one in commands)


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
    put = [sender.put("pause", {"why": "节前"}), sender.put("halt", {}), inbox.put("resume", {})]
    sender.close()

    assert [one.seq for one in put] == [1, 2, 3]
    assert [one.command for one in put] == ["pause", "halt", "resume"]
    assert put[0].args == {"why": "节前"}
    assert inbox.unread(Taken()) == tuple(put)
    assert inbox.unread(taken(put[0], put[1])) == (put[2],)
    assert inbox.unread(taken(*put)) == ()


def test_a_command_put_after_the_first_look_is_seen_at_the_next(inbox: Inbox, where: Path | str):
    assert inbox.unread(Taken()) == ()
    sender = Inbox(where, "main")

    sender.put("halt", {})
    sender.close()

    assert [command.command for command in inbox.unread(Taken())] == ["halt"]


def test_looking_into_an_inbox_nobody_wrote_to_makes_no_file(tmp_path: Path):
    box = Inbox(tmp_path / "main" / INBOX_NAME, "main")

    assert box.unread(Taken()) == ()

    assert not (tmp_path / "main").exists()


def test_accounts_in_one_database_have_inboxes_of_their_own(inbox: Inbox, where: Path | str):
    other = Inbox(where, "other")

    assert (inbox.put("pause", {}).seq, other.put("halt", {}).seq) == (1, 1)
    assert [command.command for command in other.unread(Taken())] == ["halt"]
    other.close()


def test_nothing_lies_beside_the_file_between_writes(tmp_path: Path):
    box = Inbox(tmp_path / INBOX_NAME, "main")
    box.put("pause", {})
    box.unread(Taken())

    assert [path.name for path in tmp_path.iterdir()] == [INBOX_NAME]
    box.close()


def test_an_inbox_that_cannot_be_read_is_a_fault_not_an_empty_one(tmp_path: Path):
    path = tmp_path / INBOX_NAME
    path.write_bytes(b"not a database at all, and longer than a header of one would be" * 20)

    with pytest.raises(JournalFault):
        Inbox(path, "main").unread(Taken())


def test_damaged_arguments_are_a_fault(tmp_path: Path):
    path = tmp_path / INBOX_NAME
    box = Inbox(path, "main")
    box.put("halt", {"symbol": "600519.SH"})
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE commands SET args = '{'")

    with pytest.raises(JournalFault):
        box.unread(Taken())
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


@pytest.fixture
def fresh(boxes: Boxes, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Boxes]:
    """A function that opens the inboxes of an account in a place where nothing was put yet."""
    kind, opened = request.node.callspec.params["boxes"], list[Inboxes | MemoryInboxes]()
    place: Path | str = tmp_path / "elsewhere" / "main" / "journal.sqlite3"
    if kind == "postgresql":
        place = request.getfixturevalue("new_database")()

    def box_of(account: str) -> Inboxes | MemoryInboxes:
        opened.append(MemoryInboxes("another") if kind == "memory" else Inboxes(place, account))
        return opened[-1]

    yield box_of
    for one in opened:
        one.close()


def test_nothing_was_put_where_nobody_put_anything(boxes: Boxes):
    assert boxes("main").unread(Taken()) == ()


def test_what_was_put_is_unread_until_it_was_taken_each_list_by_itself(boxes: Boxes):
    box = boxes("main")
    put = [
        box.put(Scope.HERE, "halt", {"why": "x"}),
        box.put(Scope.EVERYWHERE, "halt", {"why": "y"}),
        box.put(Scope.HERE, "lift", {}),
    ]

    assert [one.seq for one in put] == [1, 1, 2]
    assert sorted(one.step for one in box.unread(Taken())) == sorted(one.step for one in put)
    assert box.unread(taken(put[0], put[1])) == (put[2],)
    assert box.unread(taken(*put)) == ()


def test_another_process_sees_them_in_the_order_of_each_list(boxes: Boxes):
    reader, sender = boxes("main"), boxes("main")
    assert reader.unread(Taken()) == ()

    for command in ("halt", "lift", "halt"):
        sender.put(Scope.EVERYWHERE, command, {})

    assert [one.command for one in reader.unread(Taken())] == ["halt", "lift", "halt"]


@pytest.mark.parametrize("boxes", ["sqlite", "postgresql"], indirect=True)
def test_every_account_of_the_place_reads_what_was_put_to_all_and_its_own_alone(boxes: Boxes):
    boxes("one").put(Scope.HERE, "halt", {"why": "one"})
    boxes("one").put(Scope.EVERYWHERE, "halt", {"why": "all"})

    assert [one.args["why"] for one in boxes("one").unread(Taken())] == ["one", "all"]
    # Also one that was made later.
    assert [one.args["why"] for one in boxes("two").unread(Taken())] == ["all"]


def test_a_list_made_anew_is_another_one_and_read_from_its_begin(boxes: Boxes, fresh: Boxes):
    old = boxes("main")
    held = taken(old.put(Scope.HERE, "halt", {}), old.put(Scope.HERE, "lift", {}))
    held.take(old.put(Scope.EVERYWHERE, "halt", {}).place)

    box = fresh("main")
    assert list(box.unread(held)) == []
    halt = box.put(Scope.HERE, "halt", {"why": "now"})
    box.put(Scope.EVERYWHERE, "halt", {"why": "all"})

    assert halt.seq == 1
    assert [(one.command, one.args["why"]) for one in box.unread(held)] == [("halt", "now"), ("halt", "all")]


def test_a_reader_changes_no_byte_and_sees_what_is_put_meanwhile(tmp_path: Path):
    journal = tmp_path / "main" / "journal.sqlite3"
    looking = Inboxes(journal, "main", read_only=True)
    assert looking.unread(Taken()) == ()
    assert list(tmp_path.iterdir()) == []
    writing = Inboxes(journal, "main")
    writing.put(Scope.HERE, "halt", {})
    files = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.sqlite3")}

    assert [one.command for one in looking.unread(Taken())] == ["halt"]
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


# A list that is not what it was.


@pytest.fixture
def rows(where: Path | str) -> Iterator[Callable[[str], None]]:
    """A function that changes the rows of the inbox at `where`, as an older copy put in its place would."""
    database = open_for_writing(where, wal=False)

    def run(statement: str) -> None:
        with database.transaction("change") as connection:
            connection.exec_driver_sql(statement)

    yield run
    database.close()


def test_a_list_that_lost_what_was_taken_of_it_halts_the_account_once_and_swallows_nothing_after(
    inbox: Inbox, rows: Callable[[str], None]
):
    held = taken(*(inbox.put(word, {}) for word in ("halt", "lift", "halt", "lift")))
    rows("DELETE FROM commands WHERE seq > 2")
    rows("DELETE FROM command_marks WHERE seq > 2")

    (cut,) = inbox.unread(held)
    halt = inbox.put("halt", {"why": "now"})
    found = inbox.unread(held)
    for one in found:
        held.take(one.place)

    assert (cut.command, cut.args["by"], cut.scope) == ("halt", "inbox", Scope.HERE)
    # Its number was given before; it is another command all the same.
    assert halt.seq == 3
    assert found == (cut, halt)
    assert inbox.unread(held) == ()


def test_a_list_that_lost_every_command_is_cut_and_one_that_took_none_is_not(
    inbox: Inbox, rows: Callable[[str], None]
):
    held = taken(inbox.put("halt", {}))
    rows("DELETE FROM commands")

    assert [one.args["by"] for one in inbox.unread(held)] == ["inbox"]
    assert inbox.unread(Taken()) == ()
    assert inbox.put("halt", {}).seq == 2  # The number given before is not given again.


def test_a_list_in_memory_that_lost_every_command_is_cut():
    held = taken(MemoryInboxes().put(Scope.HERE, "halt", {}))

    assert [one.args["by"] for one in MemoryInboxes().unread(held)] == ["inbox"]


def test_a_list_put_back_to_before_its_first_command_is_cut(inbox: Inbox, rows: Callable[[str], None]):
    inbox.make()
    held = taken(inbox.put("halt", {}))
    rows("DELETE FROM commands")
    rows("DELETE FROM command_marks WHERE seq > 0")

    assert [one.args["by"] for one in inbox.unread(held)] == ["inbox"]


def test_a_list_of_before_its_commands_had_marks_goes_on(inbox: Inbox, rows: Callable[[str], None]):
    of_before(rows, "halt", "lift")
    two = Taken([Place(Scope.HERE, 1), Place(Scope.HERE, 2)])

    assert [one.step for one in inbox.unread(Taken([Place(Scope.HERE, 1)]))] == ["command:here:2"]
    assert inbox.unread(two) == ()
    halt = inbox.put("halt", {})

    assert halt.seq == 3
    assert inbox.unread(two) == (halt,)
    two.take(halt.place)
    assert inbox.unread(two) == ()
    # A program of before puts on: its command has no mark.
    rows("INSERT INTO commands VALUES ('main', 4, 'halt', '{}')")
    assert [one.step for one in inbox.unread(two)] == ["command:here:4"]


def test_a_list_of_before_that_is_shorter_than_what_was_taken_halts_the_account(
    inbox: Inbox, rows: Callable[[str], None]
):
    of_before(rows, "halt")
    held = Taken([Place(Scope.HERE, 1), Place(Scope.HERE, 2)])

    (cut,) = inbox.unread(held)
    halt = inbox.put("halt", {})

    assert (cut.command, cut.args["by"]) == ("halt", "inbox")
    assert inbox.unread(held) == (cut, halt)
    held.take(cut.place)
    assert inbox.unread(held) == (halt,)


def test_a_journal_that_took_of_a_list_of_before_reads_a_new_list_from_its_begin(inbox: Inbox):
    halt = inbox.put("halt", {})

    assert inbox.unread(Taken([Place(Scope.HERE, 1), Place(Scope.HERE, 2)])) == (halt,)


def test_a_list_of_before_is_read_without_changing_it(tmp_path: Path):
    path = tmp_path / INBOX_NAME
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        of_before(lambda statement: connection.execute(statement), "halt", "lift")
    before = path.read_bytes()
    box = Inbox(path, "main", read_only=True)

    assert [one.command for one in box.unread(Taken([Place(Scope.HERE, 1)]))] == ["lift"]

    assert path.read_bytes() == before
    box.close()


def of_before(rows: Callable[[str], object], *words: str) -> None:
    """Make a list as it was made before lists and commands had names."""
    rows(
        "CREATE TABLE commands (account TEXT NOT NULL, seq BIGINT NOT NULL, command TEXT NOT NULL, "
        "args TEXT NOT NULL, PRIMARY KEY (account, seq))"
    )
    for seq, word in enumerate(words, 1):
        rows(f"INSERT INTO commands VALUES ('main', {seq}, '{word}', '{{}}')")


# Whose file it is.


@pytest.mark.skipif(not hasattr(os, "chown"), reason="this system's files have no owner")
@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_list_that_an_administrator_makes_belongs_to_whom_the_folder_belongs(tmp_path: Path, mode: int):
    folder = tmp_path / "main"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    folder.chmod(mode)

    box = Inbox(folder / INBOX_NAME, "main")
    box.put("pause", {})
    box.close()

    found, of = (folder / INBOX_NAME).stat(), folder.stat()
    assert (found.st_uid, found.st_gid) == (of.st_uid, of.st_gid)
    assert found.st_mode & 0o777 == mode & 0o666


def test_what_is_made_is_left_as_it_is(tmp_path: Path):
    box = Inboxes(tmp_path / "main" / "journal.sqlite3", "main")
    box.make()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert before.keys() == {tmp_path / INBOX_NAME, tmp_path / "main" / INBOX_NAME}

    box.make()
    assert box.unread(Taken()) == ()
    box.close()

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_damaged_list_keeps_nobody_from_opening_it_and_says_what_to_do_when_it_is_used(tmp_path: Path):
    path = tmp_path / "main" / INBOX_NAME
    path.parent.mkdir()
    path.write_bytes(b"not a database at all, and longer than a header of one would be" * 20)
    box = Inboxes(tmp_path / "main" / "journal.sqlite3", "main")

    box.make()

    for asked in (lambda: box.unread(Taken()), lambda: box.put(Scope.HERE, "halt", {})):
        with pytest.raises(JournalFault) as caught:
            asked()
        assert MEND in str(caught.value)
    box.close()


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
