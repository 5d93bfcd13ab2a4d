"""The journal of a backtest on its way to its file: written as it goes, and there once it is whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from benchmarks.backtest import Work, backtest
from commands.recorded_run import Watch
from scheduler.world import World
from services.domain.bars import Frequency
from services.domain.events import Event
from services.journal.chain import GENESIS_HASH, Head, link
from services.journal.journal import SESSIONS_HELD
from services.journal.new_file import NewJournalFile
from services.journal.run_store import RunStore
from services.journal.sql_store import SqlStore
from services.ports import JournalFault

EARLY, LATE = b'{"text":"early"}', b'{"text":"late"}'


def chain(length: int) -> list[Event]:
    """Events that follow one another, five steps a session."""
    events: list[Event] = []
    for seq in range(1, length + 1):
        prev = events[-1].hash if events else GENESIS_HASH
        at = "2026-07-06T01:35:00+00:00"
        events.append(
            link(seq, "main", f"s{seq // 5}", f"step-{seq % 5}", "halt", 1, at, f'{{"n":{seq}}}', prev)
        )
    return events


def digest(body: bytes) -> str:
    return sha256(body).hexdigest()


def filled(path: Path) -> RunStore:
    """Return a store of ten events of which the last is in memory and the first nine are in the file."""
    store = RunStore(path, events_held_max=3)
    for event in chain(10):
        store.append([event], {digest(EARLY): EARLY} if event.seq == 2 else {})
    store.append([], {digest(LATE): LATE})
    return store


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_until_it_is_saved_there_is_no_journal_but_a_file_beside_its_place(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"

    with closing(filled(path)):
        assert names(tmp_path) == ["journal.sqlite3.new"]


def test_a_run_that_is_not_saved_leaves_nothing(tmp_path: Path):
    filled(tmp_path / "journal.sqlite3").close()

    assert names(tmp_path) == []


def test_what_a_killed_run_left_is_begun_anew(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    (tmp_path / "journal.sqlite3.new").write_bytes(b"half a journal of a process that was killed")

    with closing(filled(path)) as store:
        store.save()

    assert names(tmp_path) == ["journal.sqlite3"]
    with closing(SqlStore.open_read_only(path, "main")) as saved:
        assert tuple(saved.events()) == tuple(chain(10))


def test_a_saved_run_is_a_journal_like_any_other(tmp_path: Path):
    path = tmp_path / "main" / "journal.sqlite3"

    with closing(filled(path)) as store:
        store.save()

    with closing(SqlStore.open_read_only(path, "main")) as saved:
        assert tuple(saved.events()) == tuple(chain(10))
        assert saved.head() == Head(seq=10, hash=chain(10)[-1].hash)
        assert (saved.body(digest(EARLY)), saved.body(digest(LATE))) == (EARLY, LATE)


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize(
    ("first", "last"),
    [
        (1, 10),  # all of them
        (2, 4),  # in the file alone
        (8, 10),  # the last of the file, and what is held
        (10, 10),  # held alone
        (9, 40),  # past the end
        (11, 12),  # there are none
    ],
)
def test_events_are_read_by_their_numbers_wherever_they_lie(
    tmp_path: Path, first: int, last: int, saved: bool
):
    with closing(filled(tmp_path / "journal.sqlite3")) as store:
        if saved:
            store.save()

        assert list(store.read(first, last)) == chain(10)[first - 1 : last]


@pytest.mark.parametrize("saved", [False, True])
def test_bodies_are_read_wherever_they_lie(tmp_path: Path, saved: bool):
    with closing(filled(tmp_path / "journal.sqlite3")) as store:
        if saved:
            store.save()

        assert (store.body(digest(EARLY)), store.body(digest(LATE))) == (EARLY, LATE)
        assert store.body_digests() == tuple(sorted((digest(EARLY), digest(LATE))))
        with pytest.raises(JournalFault):
            store.body(digest(b"never appended"))


def test_a_step_that_lies_in_the_file_already_is_refused(tmp_path: Path):
    again = link(11, "main", "s0", "step-2", "halt", 1, "2026-07-06T01:35:00+00:00", "{}", chain(10)[-1].hash)

    with closing(filled(tmp_path / "journal.sqlite3")) as store, pytest.raises(JournalFault):
        store.append([again], {})


def test_a_journal_that_is_there_already_is_refused_before_anything_is_run(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    with closing(filled(path)) as store:
        store.save()
    before = path.read_bytes()

    with pytest.raises(JournalFault):
        RunStore(path)

    assert path.read_bytes() == before


def test_a_run_in_a_folder_that_cannot_be_made_is_a_fault(tmp_path: Path):
    (tmp_path / "main").write_text("a file where the folder should be")
    store = RunStore(tmp_path / "main" / "journal.sqlite3", events_held_max=3)

    with pytest.raises(JournalFault):
        store.append(chain(3), {})


def test_a_file_that_cannot_be_read_any_more_is_a_fault(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    with closing(filled(path)) as store:
        store.save()
        path.write_bytes(b"no journal")

        with pytest.raises(JournalFault):
            store.read(1, 10)


def test_a_file_in_the_making_takes_a_step_once(tmp_path: Path):
    file, (event,) = NewJournalFile(tmp_path / "journal.sqlite3"), chain(1)

    with pytest.raises(JournalFault):
        file.add([event, event._replace(seq=2)], ())

    assert names(tmp_path) == []


# A backtest


def test_a_backtest_holds_its_last_sessions_and_reads_the_others_from_its_file(tmp_path: Path):
    ready = backtest(Work(symbols=4, years=1, days_max=60, frequency=Frequency.DAILY), tmp_path)

    outcome = ready.run.execute(Watch())

    with closing(SqlStore.open_read_only(ready.folder.journal, "main")) as saved:
        assert outcome.events == tuple(saved.events())
    begun = [event.session for event in outcome.journal.recent if event.step == "opened"]
    assert len(begun) == SESSIONS_HELD
    assert outcome.journal.find(outcome.events[-2].session, "opened") is not None


def test_a_backtest_that_ends_before_its_time_leaves_no_journal_and_no_audit_trail(tmp_path: Path):
    ready = backtest(Work(symbols=4, years=1, days_max=60, frequency=Frequency.DAILY), tmp_path)
    ended: list[str] = []

    def stop(_world: World, session: str) -> None:
        ended.append(session)
        if len(ended) == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ready.run.execute(Watch(ended=stop))

    assert not ready.folder.journal.exists()
    assert not ready.folder.audit.exists()
    assert not list(ready.folder.journal.parent.glob("*.new"))


@pytest.mark.parametrize("step", ["INSERT INTO events", "CREATE TABLE events"])
def test_after_a_failed_write_no_journal_is_made_of_what_comes_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
):
    path, connect = tmp_path / "journal.sqlite3", sqlite3.connect

    def limited(*given: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*given, **named)
        # The events, or already the tables, do not fit.
        refused = sqlite3.SQLITE_INSERT if step.startswith("INSERT") else sqlite3.SQLITE_CREATE_TABLE
        connection.set_authorizer(
            lambda action, what, *_rest: (
                sqlite3.SQLITE_DENY if (action, what) == (refused, "events") else sqlite3.SQLITE_OK
            )
        )
        return connection

    monkeypatch.setattr("services.journal.new_file.sqlite3.connect", limited)
    store, events = RunStore(path, events_held_max=3), chain(6)
    store.append(events[:2], {})
    with pytest.raises(JournalFault):
        store.append(events[2:3], {})
    monkeypatch.undo()

    with pytest.raises(JournalFault):
        store.append(events[3:4], {})
    with pytest.raises(JournalFault):
        store.save()

    assert names(tmp_path) == []
