"""A journal's file in the making: written beside its place, and put there once it is whole."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from services.domain.events import Event
from services.journal.schema import EVENT_COLUMNS, SCHEMA, table_statements
from services.ports import JournalFault

_ROW = f"({', '.join('?' * len(EVENT_COLUMNS))})"
_ADD_EVENT = f"INSERT INTO events VALUES {_ROW}"
_TOGETHER = 64
"""So many events are written by one statement, which takes a third less for each than one of its own. The
oldest SQLite there is takes 999 values."""
_ADD_TOGETHER = f"INSERT INTO events VALUES {', '.join([_ROW] * _TOGETHER)}"
_WHOLE = slice(None)
_ADD_BODY = "INSERT OR IGNORE INTO bodies VALUES (?, ?)"
_EVENTS = "SELECT * FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq"
_BODY = "SELECT body FROM bodies WHERE hash = ?"


class NewJournalFile:
    """An SQLite journal that is written from its first event to its last and then never again.

    Until `place` has returned there is no journal at `path`, only a file beside it that nobody takes
    for one: what a process leaves that was killed, the next one begins anew. The finished file needs no
    recovery and no side file: opened for reading it stays as it is.

    Raises:
        JournalFault: There is a journal at `path` (with `replace`: one that was cut off while written,
            or is being written).
    """

    def __init__(self, path: Path, *, replace: bool = False) -> None:
        _require_room(path, replace)
        self._path, self._fresh = path, path.with_name(path.name + ".new")
        self._connection: sqlite3.Connection | None = None
        self._last: Event | None = None
        self._placed, self._failed = False, ""

    def add(self, events: Sequence[Event], bodies: Iterable[tuple[str, bytes]]) -> None:
        """Write the next events, and bodies under their digests.

        Raises:
            JournalFault: They cannot be written, or a step is there already; nothing is left of the file.
        """
        self._writing(lambda connection: self._add(connection, events, bodies))

    def place(self) -> None:
        """Put the journal in its place; durable when this returns.

        Raises:
            JournalFault: It cannot be written; nothing is left of the file.
        """
        self._writing(self._finish)

    def discard(self) -> None:
        """Leave nothing behind of a file that was not put in its place."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            with suppress(OSError):
                self._fresh.unlink(missing_ok=True)

    def read(self, first: int, last: int) -> Sequence[Event]:
        """Return the events written of the numbers first to last, both included.

        Raises:
            JournalFault: They cannot be read.
        """
        return [Event(*row) for row in self._selected(_EVENTS, (first, last))]

    def body(self, digest: str) -> bytes | None:
        """Return the body written under that digest, or None.

        Raises:
            JournalFault: It cannot be read.
        """
        rows = self._selected(_BODY, (digest,))
        return rows[0][0] if rows else None

    def body_digests(self) -> tuple[str, ...]:
        """Return the names of the bodies written.

        Raises:
            JournalFault: They cannot be read.
        """
        return tuple(digest for (digest,) in self._selected("SELECT hash FROM bodies", ()))

    def _writing(self, write: Callable[[sqlite3.Connection], None]) -> None:
        if self._failed:
            raise JournalFault(f"save {self._path}", f"it failed before: {self._failed}")
        try:
            write(self._begun() if self._connection is None else self._connection)
        except (OSError, sqlite3.Error) as error:
            # What was given so far is lost with the file: nothing that comes after it makes a whole one.
            self._failed = str(error)
            self.discard()
            raise JournalFault(f"save {self._path}", self._failed) from error

    def _begun(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._fresh.unlink(missing_ok=True)
        connection = self._connection = sqlite3.connect(self._fresh, isolation_level=None)
        # Nothing that is half written is ever used, so SQLite need not guard it; and nothing is deleted,
        # so it need not wipe what rows leave behind that move to another page.
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute("BEGIN")
        for statement in table_statements("BLOB"):
            connection.execute(statement)
        return connection

    def _add(
        self, connection: sqlite3.Connection, events: Sequence[Event], bodies: Iterable[tuple[str, bytes]]
    ) -> None:
        rows: Sequence[tuple[int | str, ...]] = events
        rest = len(events) - len(events) % _TOGETHER
        for first in range(0, rest, _TOGETHER):
            values: list[str | int] = []
            for row in rows[first : first + _TOGETHER]:
                # The slice is a plain tuple, which is added in one go, a named one value by value.
                values += row[_WHOLE]
            connection.execute(_ADD_TOGETHER, values)
        connection.executemany(_ADD_EVENT, events[rest:])
        connection.executemany(_ADD_BODY, bodies)
        self._last = events[-1] if events else self._last

    def _finish(self, connection: sqlite3.Connection) -> None:
        last = self._last
        if last is not None:
            head = (last.account, last.seq, last.hash, 0)
            connection.execute("INSERT INTO heads VALUES (?, ?, ?, ?)", head)
        connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA),))
        connection.execute("COMMIT")
        connection.close()
        _sync(self._fresh)
        os.replace(self._fresh, self._path)
        self._connection, self._placed = None, True
        _sync_folder(self._path.parent)

    def _selected(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            if self._connection is not None:
                return self._connection.execute(query, values).fetchall()
            if not self._placed:
                return []
            with closing(sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise JournalFault(f"read {self._path}", str(error)) from error


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
