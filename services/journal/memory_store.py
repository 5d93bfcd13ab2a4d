"""A journal in memory, for runs that can be made again; saved at the end in the form of the SQL journal."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from services.domain.events import Event
from services.journal.chain import GENESIS_HASH, Head, require_digests
from services.journal.schema import EVENT_COLUMNS, INDEX_STATEMENT, SCHEMA, table_statements
from services.ports import JournalFault


class MemoryStore:
    """Events and bodies of one account in memory. Nothing is durable before `save` has returned."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._bodies: dict[str, bytes] = {}
        self._steps: set[tuple[str, str]] = set()
        self._hash = GENESIS_HASH
        self._account = ""

    def events(self) -> Iterable[Event]:
        """Return every event, by `seq`."""
        return tuple(self._events)

    def head(self) -> Head:
        """Return the last event's place in the chain."""
        return Head(seq=len(self._events), hash=self._hash)

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        """Take events and the large bodies they name, all or nothing.

        Raises:
            JournalFault: They do not follow the last event, or a step is already there.
        """
        if bodies:
            require_digests(bodies)
        prev, seq, account, steps = self._hash, len(self._events), self._account, self._steps
        fresh: list[tuple[str, str]] = []
        for event in events:
            account = account or event.account
            if event.seq != seq + 1 or event.prev != prev or event.account != account:
                raise JournalFault(f"append event {event.seq}", f"it does not follow event {seq}")
            prev, seq, step = event.hash, event.seq, (event.session, event.step)
            if step in steps or step in fresh:
                raise JournalFault(f"append event {seq}", f"its step {step} is already written")
            fresh.append(step)
        steps.update(fresh)
        self._events += events
        self._hash, self._account = prev, account
        self._bodies.update(bodies)

    def body(self, digest: str) -> bytes:
        """Return the large body with that SHA-256.

        Raises:
            JournalFault: There is none.
        """
        try:
            return self._bodies[digest]
        except KeyError:
            raise JournalFault(f"read body {digest}", "it is not in the journal") from None

    def body_digests(self) -> tuple[str, ...]:
        """Return the names of all bodies, sorted."""
        return tuple(sorted(self._bodies))

    def require_fence(self) -> None:
        """Do nothing: what lies in this process's memory has no other writer."""

    def close(self) -> None:
        """Give everything back: there is nothing to give."""

    def save(self, path: Path, *, replace: bool = False) -> None:
        """Write the journal as an SQLite file, whole or not at all; durable when this returns.

        The file needs no recovery and no side file: opened for reading it stays as it is.

        Raises:
            JournalFault: It cannot be written, or there is a journal at `path` (with `replace`:
                one that was cut off while written, or is being written).
        """
        _require_room(path, replace)
        fresh = path.with_name(path.name + ".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh.unlink(missing_ok=True)
            with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
                self._write(connection)
            _sync(fresh)
            os.replace(fresh, path)
            _sync_folder(path.parent)
        except (OSError, sqlite3.Error) as error:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise JournalFault(f"save {path}", str(error)) from error

    def _write(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN")
        for statement in table_statements("BLOB"):
            connection.execute(statement)
        marks = ", ".join("?" * len(EVENT_COLUMNS))
        connection.executemany(f"INSERT INTO events VALUES ({marks})", self._events)
        connection.executemany("INSERT INTO bodies VALUES (?, ?)", sorted(self._bodies.items()))
        if self._events:
            last = self._events[-1]
            head = (last.account, last.seq, last.hash, 0)
            connection.execute("INSERT INTO heads VALUES (?, ?, ?, ?)", head)
        connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
        connection.execute(INDEX_STATEMENT)
        connection.execute("COMMIT")


def _require_room(path: Path, replace: bool) -> None:
    if path.with_name(path.name + "-wal").exists():
        why = "an unfinished journal is there (its -wal file lies beside it); move both away first"
        raise JournalFault(f"save {path}", why)
    if path.exists() and not replace:
        raise JournalFault(f"save {path}", "a journal is there already; choose another data folder")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
