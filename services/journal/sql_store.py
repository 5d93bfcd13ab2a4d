"""The durable journal: events, large bodies and heads in SQL, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import (
    Connection,
    LargeBinary,
    bindparam,
    column,
    insert,
    inspect,
    select,
    table,
    text,
    update,
)

from services.domain.events import Event
from services.journal.chain import Head, require_digests
from services.journal.database import (
    Database,
    NoJournal,
    Where,
    open_for_reading,
    open_for_writing,
)
from services.journal.schema import EVENT_COLUMNS, SCHEMA, table_statements
from services.ports import JournalFault

_EVENTS = table("events", *(column(name) for name in EVENT_COLUMNS))
_BODIES = table("bodies", column("hash"), column("body", LargeBinary))
_HEADS = table("heads", column("account"), column("seq"), column("hash"), column("fence"))
_META = table("meta", column("key"), column("value"))

_MOVE_HEAD = (
    update(_HEADS)
    .where(
        _HEADS.c.account == bindparam("of_account"),
        _HEADS.c.fence == bindparam("of_fence"),
        _HEADS.c.seq == bindparam("from_seq"),
        _HEADS.c.hash == bindparam("from_hash"),
    )
    .values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
)
_ADD_EVENTS = insert(_EVENTS)
# The same words in both databases: a body that is there already is the same body.
_ADD_BODIES = text("INSERT INTO bodies (hash, body) VALUES (:hash, :body) ON CONFLICT (hash) DO NOTHING")
_RAISE_FENCE = text(
    "INSERT INTO heads (account, seq, hash, fence) VALUES (:account, :seq, :hash, 1) "
    "ON CONFLICT (account) DO UPDATE SET fence = heads.fence + 1 RETURNING fence"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A row of `heads`."""

    head: Head
    fence: int


class SqlStore:
    """Events and bodies of one account in a database. What `append` returned from is on the disk.

    To write, take the account's lock, then `take_fence`: every commit and `require_fence` fail once
    another process has taken it. One thread at a time.
    """

    def __init__(self, database: Database, account: str) -> None:
        self._database, self._account = database, account
        self._fence: int | None = None

    @classmethod
    def open(cls, where: Where, account: str) -> SqlStore:
        """Return the account's journal for writing, making file and tables if they are missing.

        Raises:
            JournalFault: It cannot be opened, is of a newer version, or is not a journal.
        """
        with suppress(NoJournal):
            # Looked at first, so that a journal of a newer version is not even touched.
            cls.open_read_only(where, account).close()
        database = open_for_writing(where)
        try:
            with database.transaction("open") as connection:
                _prepare(connection, database)
        except JournalFault:
            database.close()
            raise
        return cls(database, account)

    @classmethod
    def open_read_only(cls, where: Where, account: str) -> SqlStore:
        """Return the account's journal for reading: no byte in or beside it changes, whoever writes it.

        Raises:
            NoJournal: There is none yet.
            JournalFault: It cannot be opened, is of a newer version, or is not a journal.
        """
        database = open_for_reading(where)
        try:
            database.read("open", lambda connection: _require_schema(connection, database.label))
        except JournalFault:
            database.close()
            raise
        return cls(database, account)

    @property
    def shared(self) -> bool:
        """Whether other accounts' events and bodies lie in the same database."""
        return self._database.dialect != "sqlite"

    def take_fence(self) -> int:
        """Return the new fencing token: from now on no other writer of the account can commit.

        Raises:
            JournalFault: It cannot be written.
        """
        start = {"account": self._account, "seq": Head().seq, "hash": Head().hash}
        with self._database.transaction("take the fence of") as connection:
            fence = int(connection.execute(_RAISE_FENCE, start).scalar_one())
        self._fence = fence
        return fence

    def require_fence(self) -> None:
        """Return where this process is still the account's writer.

        Raises:
            JournalFault: Another took over, or it cannot be told.
        """
        held = self._database.read("ask for the fence of", self._held)
        self._require_same(held)

    def events(self) -> Iterable[Event]:
        """Return every event, by `seq`.

        Raises:
            JournalFault: They cannot be read.
        """
        query = select(_EVENTS).where(_EVENTS.c.account == self._account).order_by(_EVENTS.c.seq)
        return self._database.read(
            "read the events of",
            lambda connection: tuple(Event(*row) for row in connection.execute(query)),
        )

    def between(self, first_seq: int, last_seq: int) -> tuple[Event, ...]:
        """Return the events of those numbers, both included, by `seq`; fewer where there are fewer.

        Raises:
            JournalFault: They cannot be read.
        """
        query = (
            select(_EVENTS)
            .where(_EVENTS.c.account == self._account, _EVENTS.c.seq.between(first_seq, last_seq))
            .order_by(_EVENTS.c.seq)
        )
        return self._database.read(
            "read events of",
            lambda connection: tuple(Event(*row) for row in connection.execute(query)),
        )

    def has(self, step: str) -> bool:
        """Answer whether an event of no session holds the step.

        Raises:
            JournalFault: It cannot be read.
        """
        query = select(_EVENTS.c.seq).where(
            _EVENTS.c.account == self._account, _EVENTS.c.session == "", _EVENTS.c.step == step
        )
        return self._database.read(
            "look for a step in", lambda connection: connection.execute(query).first() is not None
        )

    def head(self) -> Head:
        """Return the last event as written down apart from it; a chain that ends elsewhere was cut.

        Raises:
            JournalFault: It cannot be read.
        """
        held = self._database.read("read the head of", self._held)
        return Head() if held is None else held.head

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        """Write events and the large bodies they name, all or nothing; durable when this returns.

        Raises:
            JournalFault: It cannot be written, another writer took over, or the events do not
                follow the last one. Whether a lost connection came before or after the commit
                cannot be known: open the journal anew.
        """
        require_digests(bodies)
        self._require_chained(events)
        with self._database.transaction("append to") as connection:
            self._move_head(connection, events)
            if bodies:
                rows = [{"hash": digest, "body": bodies[digest]} for digest in sorted(bodies)]
                connection.execute(_ADD_BODIES, rows)
            if events:
                connection.execute(_ADD_EVENTS, [event._asdict() for event in events])

    def body(self, digest: str) -> bytes:
        """Return the large body with that SHA-256.

        Raises:
            JournalFault: There is none, its content has another SHA-256, or it cannot be read.
        """
        query = select(_BODIES.c.body).where(_BODIES.c.hash == digest)
        body = self._database.read(
            "read a body of", lambda connection: connection.execute(query).scalar_one_or_none()
        )
        if body is None:
            raise JournalFault(f"read body {digest}", "it is not in the journal")
        content = bytes(body)
        require_digests({digest: content})
        return content

    def body_digests(self) -> tuple[str, ...]:
        """Return the names of all bodies in the database, sorted.

        Raises:
            JournalFault: They cannot be read.
        """
        query = select(_BODIES.c.hash)
        return self._database.read(
            "read the bodies of",
            lambda connection: tuple(sorted(connection.execute(query).scalars())),
        )

    def damage(self) -> tuple[str, ...]:
        """Return what the database itself finds wrong with its file, empty where all is well.

        It finds torn pages and broken indexes; a changed value is found by the chain. PostgreSQL
        guards its own files and is not asked.

        Raises:
            JournalFault: The file is too damaged to look at.
        """
        if self._database.dialect != "sqlite":
            return ()
        lines = self._database.read(
            "check",
            lambda connection: tuple(connection.exec_driver_sql("PRAGMA integrity_check").scalars()),
        )
        return () if lines == ("ok",) else lines

    def close(self) -> None:
        """Give the connection back; an SQLite journal then is one complete file.

        Raises:
            JournalFault: The database failed while closing; what was appended is durable.
        """
        self._database.close()

    def _held(self, connection: Connection) -> _Held | None:
        query = select(_HEADS.c.seq, _HEADS.c.hash, _HEADS.c.fence).where(_HEADS.c.account == self._account)
        row = connection.execute(query).one_or_none()
        return None if row is None else _Held(head=Head(seq=row.seq, hash=row.hash), fence=row.fence)

    def _require_same(self, held: _Held | None) -> None:
        if self._fence is None:
            raise JournalFault(f"write to {self._database.label}", "this process has not taken the fence")
        if held is None or held.fence != self._fence:
            theirs = "gone" if held is None else str(held.fence)
            why = f"another process took over account {self._account} (fence {theirs}, ours {self._fence})"
            raise JournalFault(f"write to {self._database.label}", why)

    def _require_chained(self, events: Sequence[Event]) -> None:
        for last, event in pairwise(events):
            if event.seq != last.seq + 1 or event.prev != last.hash:
                raise JournalFault(f"append event {event.seq}", f"it does not follow event {last.seq}")
        for event in events:
            if event.account != self._account:
                why = f"it is of account {event.account!r}, the journal is of {self._account!r}"
                raise JournalFault(f"append event {event.seq}", why)

    def _move_head(self, connection: Connection, events: Sequence[Event]) -> None:
        """Name the last of `events` the head, if the fence is ours and the head is what they follow."""
        if not events or self._fence is None:
            self._require_same(self._held(connection))
            return
        first, last = events[0], events[-1]
        moved = connection.execute(
            _MOVE_HEAD,
            {
                "of_account": self._account,
                "of_fence": self._fence,
                "from_seq": first.seq - 1,
                "from_hash": first.prev,
                "to_seq": last.seq,
                "to_hash": last.hash,
            },
        )
        if moved.rowcount != 1:
            self._require_same(self._held(connection))
            why = "it does not follow the last event of the journal; open the journal anew"
            raise JournalFault(f"append event {first.seq}", why)


def _prepare(connection: Connection, database: Database) -> None:
    """Make the tables where there are none.

    Raises:
        JournalFault: There are tables of a newer version, or of something else.
    """
    sqlite = database.dialect == "sqlite"
    if not sqlite:
        # Two accounts that start at once must not both make the tables.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('kaipan/schema'))")
    if not inspect(connection).has_table("meta"):
        for statement in table_statements("BLOB" if sqlite else "BYTEA"):
            connection.exec_driver_sql(statement)
        connection.execute(insert(_META).values(key="schema", value=str(SCHEMA)))
    _require_schema(connection, database.label)


def _require_schema(connection: Connection, label: str) -> None:
    """Return where the tables are ones this version knows.

    Raises:
        NoJournal: There are none.
        JournalFault: They are of a newer version, or of something else.
    """
    if not inspect(connection).has_table("meta"):
        raise NoJournal(f"open {label}", "there is no journal in it")
    found = connection.execute(select(_META.c.value).where(_META.c.key == "schema")).scalar_one_or_none()
    if found is None or not found.isdecimal():
        raise JournalFault(f"open {label}", "it is not a Kaipan journal")
    if int(found) > SCHEMA:
        why = f"written by a newer Kaipan (schema {found}, this one knows up to {SCHEMA}); upgrade Kaipan"
        raise JournalFault(f"open {label}", why)
