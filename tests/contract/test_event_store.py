"""What every event store promises: in memory, of a run, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from services.domain.events import Event
from services.journal import database
from services.journal.chain import GENESIS_HASH, Break, Head, first_break, link
from services.journal.database import NoJournal, postgres_engine, postgres_url
from services.journal.memory_store import MemoryStore
from services.journal.run_store import RunStore
from services.journal.schema import EVENT_COLUMNS
from services.journal.sql_store import SqlStore
from services.ports import JournalFault

Store = MemoryStore | RunStore | SqlStore
BODY = b'{"text":"a long briefing"}'
DIGEST = sha256(BODY).hexdigest()


def chain(length: int, account: str = "main", start: Head | None = None) -> list[Event]:
    """Events that follow `start`, ten steps a session."""
    head, events = start or Head(), []
    seq, prev = head.seq, head.hash
    for seq in range(head.seq + 1, head.seq + length + 1):
        body = json.dumps({"n": seq, "why": "动量"}, ensure_ascii=False)
        session, step = f"s{seq // 10}", f"step-{seq % 10}"
        events.append(link(seq, account, session, step, "halt", 1, "2026-07-06T01:35:00+00:00", body, prev))
        prev = events[-1].hash
    return events


class Site:
    """A place for journals: opens stores for writing, and closes all of them at the end."""

    def __init__(self, where: Path | str | None, process: MemoryStore | RunStore | None = None) -> None:
        self.where = where
        self._stores: list[Store] = [] if process is None else [process]
        self._process = process or MemoryStore()

    def open(self, account: str = "main", *, fenced: bool = True) -> Store:
        if self.where is None:
            return self._process
        store = SqlStore.open(self.where, account)
        self._stores.append(store)
        if fenced:
            store.take_fence()
        return store

    def sql(self, account: str = "main", *, fenced: bool = True) -> SqlStore:
        store = self.open(account, fenced=fenced)
        assert isinstance(store, SqlStore)
        return store

    def reader(self, account: str = "main") -> SqlStore:
        assert self.where is not None
        self._stores.append(store := SqlStore.open_read_only(self.where, account))
        return store

    def tamper(self, statement: str) -> None:
        """Change the database behind the stores' backs."""
        assert self.where is not None
        if isinstance(self.where, Path):
            with closing(sqlite3.connect(self.where, isolation_level=None)) as connection:
                connection.execute(statement)
            return
        engine = postgres_engine(postgres_url(self.where))
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def close(self) -> None:
        for store in self._stores:
            store.close()


def make_site(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Site:
    if kind == "memory":
        return Site(None)
    if kind == "run":
        return Site(None, RunStore(tmp_path / "main" / "journal.sqlite3", events_held_max=3))
    if kind == "sqlite":
        return Site(tmp_path / "main" / "journal.sqlite3")
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return Site(new_database())


@pytest.fixture(params=["memory", "run", "sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Every kind of store."""
    place = make_site(request.param, tmp_path, request)
    yield place
    place.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """The stores that other processes can reach."""
    place = make_site(request.param, tmp_path, request)
    yield place
    place.close()


@pytest.fixture
def file_site(tmp_path: Path) -> Iterator[Site]:
    """The store that is one file."""
    place = Site(tmp_path / "main" / "journal.sqlite3")
    yield place
    place.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Every store


def test_a_new_store_is_empty_and_its_head_is_before_the_first_event(site: Site):
    store = site.open()

    assert tuple(store.events()) == ()
    assert store.head() == Head(seq=0, hash=GENESIS_HASH)


def test_events_come_back_as_they_were_appended_also_to_a_store_opened_later(site: Site):
    events = chain(25)
    store = site.open()
    store.append(events[:1], {})
    store.append(events[1:20], {})
    store.append(events[20:], {})

    later = site.open()

    assert tuple(store.events()) == tuple(later.events()) == tuple(events)
    assert later.head() == Head(seq=25, hash=events[-1].hash)
    assert first_break(later.events(), later.head()) is None


def test_a_body_comes_back_byte_for_byte(site: Site):
    store = site.open()

    store.append(chain(1), {DIGEST: BODY})

    assert store.body(DIGEST) == BODY
    assert site.open().body_digests() == (DIGEST,)


def test_the_same_body_may_come_with_several_events(site: Site):
    store = site.open()
    first, second = chain(2)

    store.append([first], {DIGEST: BODY})
    store.append([second], {DIGEST: BODY})

    assert store.body_digests() == (DIGEST,)
    assert store.body(DIGEST) == BODY


def test_a_body_may_come_without_an_event(site: Site):
    store = site.open()

    store.append((), {DIGEST: BODY})

    assert store.body(DIGEST) == BODY
    assert store.head() == Head()


def test_a_body_that_is_not_there_is_a_fault(site: Site):
    with pytest.raises(JournalFault):
        site.open().body(DIGEST)


def test_a_body_under_another_contents_hash_is_refused_with_its_events(site: Site):
    store = site.open()

    with pytest.raises(JournalFault):
        store.append(chain(1), {"0" * 64: BODY})

    assert tuple(store.events()) == ()
    assert store.body_digests() == ()


def relinked(event: Event, **changes: object) -> Event:
    """The event with changed columns, its hash made to fit."""
    other = event._replace(**changes)  # type: ignore[arg-type] # The names are Event's own.
    return link(
        other.seq,
        other.account,
        other.session,
        other.step,
        other.kind,
        other.version,
        other.at,
        other.body,
        other.prev,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 4},  # the event after the next
        {"seq": 2},  # the last one again
        {"prev": "1" * 64},  # follows another journal
        {"session": "s0", "step": "step-1"},  # a step that is written already
        {"account": "other"},  # somebody else's
    ],
)
def test_an_event_that_does_not_follow_is_refused_and_the_store_goes_on(
    site: Site, changes: dict[str, object]
):
    first, second, third = chain(3)
    store = site.open()
    store.append([first, second], {})

    with pytest.raises(JournalFault):
        store.append([relinked(third, **changes)], {DIGEST: BODY})

    assert tuple(store.events()) == (first, second)
    assert store.body_digests() == ()
    store.append([third], {})
    assert tuple(site.open().events()) == (first, second, third)


@pytest.mark.parametrize(
    "changes",
    [{"seq": 9}, {"prev": "1" * 64}, {"session": "s0", "step": "step-1"}, {"account": "other"}],
)
def test_a_batch_with_one_event_that_does_not_follow_is_refused_whole(site: Site, changes: dict[str, object]):
    first, second, third = chain(3)
    store = site.open()

    with pytest.raises(JournalFault):
        store.append([first, second, relinked(third, **changes)], {})

    assert tuple(store.events()) == ()
    assert store.head() == Head()
    store.append([first, second, third], {})
    assert tuple(store.events()) == (first, second, third)


def test_the_writer_of_a_store_may_write(site: Site):
    site.open().require_fence()


# Stores that other processes can reach


def test_a_writer_that_was_taken_over_from_can_neither_commit_nor_send(sql_site: Site):
    first, second = chain(2)
    old = sql_site.sql()
    old.append([first], {})

    new = sql_site.sql()

    with pytest.raises(JournalFault):
        old.require_fence()
    with pytest.raises(JournalFault):
        old.append([second], {})
    with pytest.raises(JournalFault):
        old.append((), {DIGEST: BODY})
    new.require_fence()
    new.append([second], {})
    assert tuple(new.events()) == (first, second)
    assert new.body_digests() == ()


def test_fences_only_rise(sql_site: Site):
    store = sql_site.sql(fenced=False)

    assert [store.take_fence(), sql_site.sql(fenced=False).take_fence(), store.take_fence()] == [1, 2, 3]


def test_without_the_fence_nothing_is_written(sql_site: Site):
    store = sql_site.sql(fenced=False)

    with pytest.raises(JournalFault):
        store.append(chain(1), {})
    with pytest.raises(JournalFault):
        store.append((), {DIGEST: BODY})
    with pytest.raises(JournalFault):
        store.require_fence()

    assert tuple(store.events()) == ()


def test_a_reader_sees_what_is_written_and_can_write_nothing(sql_site: Site):
    first, second = chain(2)
    writer = sql_site.sql()
    writer.append([first], {DIGEST: BODY})
    reader = sql_site.reader()

    writer.append([second], {})

    assert tuple(reader.events()) == (first, second)
    assert reader.body(DIGEST) == BODY
    assert reader.head() == Head(seq=2, hash=second.hash)
    with pytest.raises(JournalFault):
        reader.take_fence()
    with pytest.raises(JournalFault):
        reader.append(chain(1, start=reader.head()), {})
    writer.require_fence()


def test_accounts_in_one_database_do_not_see_each_other(sql_site: Site):
    one, other = sql_site.sql("one"), sql_site.sql("other")

    one.append(chain(3, "one"), {})
    other.append(chain(2, "other"), {})

    assert tuple(one.events()) == tuple(chain(3, "one"))
    assert tuple(other.events()) == tuple(chain(2, "other"))
    one.require_fence()


@pytest.mark.parametrize(
    ("statement", "seq", "what"),
    [
        ("DELETE FROM events WHERE seq = 5", 5, Break.HEAD),  # the last one
        ("DELETE FROM events WHERE seq = 3", 3, Break.SEQ),
        ("DELETE FROM events", 1, Break.HEAD),
        ("DELETE FROM heads", 1, Break.HEAD),
        ("UPDATE events SET account = 'mine' WHERE seq = 5", 5, Break.HEAD),
        ("UPDATE events SET account = 'mine' WHERE seq = 2", 2, Break.SEQ),
        ("UPDATE events SET seq = 7 WHERE seq = 4", 4, Break.SEQ),
        ("UPDATE events SET session = 'S0' WHERE seq = 2", 2, Break.HASH),
        ("UPDATE events SET step = 'Step-2' WHERE seq = 2", 2, Break.HASH),
        ("UPDATE events SET kind = 'hald' WHERE seq = 1", 1, Break.HASH),
        ("UPDATE events SET version = 0 WHERE seq = 1", 1, Break.HASH),
        ("UPDATE events SET at = '2026-07-06T01:35:01+00:00' WHERE seq = 5", 5, Break.HASH),
        ("UPDATE events SET body = replace(body, '5', '6') WHERE seq = 5", 5, Break.HASH),
        ("UPDATE events SET prev = hash WHERE seq = 4", 4, Break.PREV),
        ("UPDATE events SET hash = prev WHERE seq = 4", 4, Break.HASH),
        ("UPDATE heads SET hash = 'x'", 5, Break.HEAD),
        ("UPDATE heads SET seq = 4", 5, Break.HEAD),
    ],
)
def test_what_is_changed_behind_the_back_is_found_at_its_record(
    sql_site: Site, statement: str, seq: int, what: Break
):
    sql_site.sql().append(chain(5), {})

    sql_site.tamper(statement)

    reader = sql_site.reader()
    found = first_break(reader.events(), reader.head())
    assert found is not None
    assert (found.seq, found.what) == (seq, what)


def test_a_changed_body_is_a_fault(sql_site: Site):
    sql_site.sql().append((), {DIGEST: BODY})

    # The same number of bytes, the first one another.
    sql_site.tamper(f"UPDATE bodies SET body = {blob(sql_site, b'[' + BODY[1:])}")

    with pytest.raises(JournalFault):
        sql_site.reader().body(DIGEST)


def blob(site: Site, content: bytes) -> str:
    return f"x'{content.hex()}'" if isinstance(site.where, Path) else f"'\\x{content.hex()}'"


def test_a_journal_of_a_newer_version_is_not_opened(sql_site: Site):
    sql_site.sql().close()
    sql_site.tamper("UPDATE meta SET value = '2'")

    with pytest.raises(JournalFault, match="newer"):
        sql_site.reader()
    with pytest.raises(JournalFault, match="newer"):
        sql_site.sql()


def test_reading_where_nothing_is_says_so_and_makes_nothing(sql_site: Site):
    with pytest.raises(NoJournal):
        sql_site.reader()

    if isinstance(sql_site.where, Path):
        assert not sql_site.where.parent.exists()


def test_another_kind_of_database_is_refused():
    for where in ("mysql://host/db", "journal.sqlite3"):
        with pytest.raises(JournalFault):
            SqlStore.open(where, "main")


# One file


def test_a_closed_journal_is_one_file_that_reading_does_not_change(file_site: Site):
    assert isinstance(file_site.where, Path)
    writer = file_site.sql()
    writer.append(chain(50), {DIGEST: BODY})
    writer.close()
    folder = file_site.where.parent
    before = contents(folder)

    reader = file_site.reader()
    read = (
        tuple(reader.events()),
        reader.head(),
        reader.body(DIGEST),
        reader.body_digests(),
        reader.damage(),
    )
    reader.close()

    assert read == (tuple(chain(50)), Head(seq=50, hash=chain(50)[-1].hash), BODY, (DIGEST,), ())
    assert list(before) == ["journal.sqlite3"]
    assert contents(folder) == before


def test_a_journal_of_a_newer_version_is_not_touched(file_site: Site):
    assert isinstance(file_site.where, Path)
    saved(file_site.where)
    file_site.tamper("UPDATE meta SET value = '2'")
    before = contents(file_site.where.parent)

    with pytest.raises(JournalFault):
        file_site.sql()

    assert contents(file_site.where.parent) == before


def test_a_byte_that_is_no_text_any_more_is_found_at_its_record(file_site: Site):
    file_site.sql().append(chain(5), {})

    file_site.tamper("UPDATE events SET body = CAST(x'ff' || substr(body, 2) AS TEXT) WHERE seq = 3")

    found = first_break(file_site.reader().events())
    assert found is not None
    assert (found.seq, found.what) == (3, Break.HASH)


def test_a_file_of_something_else_is_a_fault_and_stays(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"position.jsonl, by mistake\n" * 100)

    with pytest.raises(JournalFault):
        SqlStore.open_read_only(path, "main")
    with pytest.raises(JournalFault):
        SqlStore.open(path, "main")

    assert path.read_bytes() == b"position.jsonl, by mistake\n" * 100


def test_a_folder_that_cannot_be_made_is_a_fault(tmp_path: Path):
    (tmp_path / "main").write_text("a file where the folder should be")

    with pytest.raises(JournalFault):
        SqlStore.open(tmp_path / "main" / "journal.sqlite3", "main")
    with pytest.raises(JournalFault):
        MemoryStore().save(tmp_path / "main" / "journal.sqlite3")


def test_a_file_somebody_else_is_writing_is_a_fault_and_written_later(
    file_site: Site, monkeypatch: pytest.MonkeyPatch
):
    assert isinstance(file_site.where, Path)
    monkeypatch.setattr(database, "BUSY_S_MAX", 0.0)
    store = file_site.sql()

    with closing(sqlite3.connect(file_site.where, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFault):
            store.append(chain(1), {})
        other.execute("ROLLBACK")

    store.append(chain(1), {})
    assert tuple(store.events()) == tuple(chain(1))


def test_a_lost_connection_is_a_fault_and_the_next_append_makes_a_new_one(
    new_database: Callable[[], str],
):
    site = Site(new_database())
    store, (first, second) = site.sql(), chain(2)
    store.append([first], {})

    site.tamper(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    with pytest.raises(JournalFault):
        store.append([second], {})
    store.append([second], {})
    assert tuple(store.events()) == (first, second)
    site.close()


def test_a_commit_on_a_server_set_to_lose_some_is_durable_all_the_same(postgres_server: str):
    url = f"{postgres_server}&options=-csynchronous_commit%3Doff"

    engine = postgres_engine(postgres_url(url))
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
    engine.dispose()

    assert found == "on"


# A memory journal, saved


def saved(path: Path, length: int = 30) -> MemoryStore:
    store = MemoryStore()
    store.append(chain(length), {DIGEST: BODY})
    store.save(path)
    return store


def test_a_saved_memory_journal_is_read_like_any_other_and_does_not_change(file_site: Site):
    assert isinstance(file_site.where, Path)
    store = saved(file_site.where)
    before = contents(file_site.where.parent)

    reader = file_site.reader()

    assert tuple(reader.events()) == tuple(store.events())
    assert reader.head() == store.head() == Head(seq=30, hash=chain(30)[-1].hash)
    assert reader.body(DIGEST) == BODY
    assert list(before) == ["journal.sqlite3"]
    assert contents(file_site.where.parent) == before


def test_a_saved_memory_journal_goes_on_as_an_sql_journal(file_site: Site):
    assert isinstance(file_site.where, Path)
    saved(file_site.where)
    events = chain(31)

    file_site.sql().append(events[30:], {})

    assert tuple(file_site.reader().events()) == tuple(events)


def test_the_columns_of_a_journal_are_the_fields_of_an_event_in_their_order():
    assert Event._fields == EVENT_COLUMNS


def test_a_saved_memory_journal_has_the_tables_of_an_sql_journal(tmp_path: Path):
    saved(tmp_path / "saved.sqlite3")
    SqlStore.open(tmp_path / "sql.sqlite3", "main").close()

    def tables(name: str) -> list[tuple[str, str]]:
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
            return connection.execute(query).fetchall()

    assert len(tables("saved.sqlite3")) == 5  # events, bodies, heads, meta and one index
    assert tables("saved.sqlite3") == tables("sql.sqlite3")


def test_the_same_memory_journal_is_saved_to_the_same_bytes(tmp_path: Path):
    bodies = [{DIGEST: BODY}, {sha256(b"another").hexdigest(): b"another"}]
    for folder, order in (("a", bodies), ("b", bodies[::-1])):
        store, (first, second) = MemoryStore(), chain(2)
        store.append([first], order[0])
        store.append([second], order[1])
        store.save(tmp_path / folder / "journal.sqlite3")

    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_saving_over_a_journal_is_refused_unless_asked_for(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    saved(path, 3)

    with pytest.raises(JournalFault):
        MemoryStore().save(path)
    kept = tuple(SqlStore.open_read_only(path, "main").events())
    saved_again = MemoryStore()
    saved_again.append(chain(2), {})
    saved_again.save(path, replace=True)

    assert kept == tuple(chain(3))
    assert tuple(SqlStore.open_read_only(path, "main").events()) == tuple(chain(2))


def test_saving_beside_the_remains_of_an_unfinished_journal_is_refused(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    # SQLite would take this for the newest part of whatever lies at `path`.
    (tmp_path / "journal.sqlite3-wal").write_bytes(b"frames of another journal")

    with pytest.raises(JournalFault):
        MemoryStore().save(path, replace=True)

    assert not path.exists()


def test_a_journal_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path):
    (tmp_path / "journal.sqlite3").mkdir()

    with pytest.raises(JournalFault):
        MemoryStore().save(tmp_path / "journal.sqlite3", replace=True)

    assert [path.name for path in tmp_path.iterdir()] == ["journal.sqlite3"]


def test_a_commit_to_a_file_waits_for_the_disk(tmp_path: Path):
    pragmas = {}
    for name, wal in (("journal", True), ("inbox", False)):
        place = database.open_for_writing(tmp_path / name, wal=wal)
        with place.transaction("ask") as connection:
            for pragma in ("journal_mode", "synchronous"):
                pragmas[name, pragma] = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
        place.close()

    assert pragmas == {
        ("journal", "journal_mode"): "wal",
        ("journal", "synchronous"): 2,  # FULL
        ("inbox", "journal_mode"): "delete",
        ("inbox", "synchronous"): 3,  # EXTRA: the removal of the rollback journal is made durable too.
    }
