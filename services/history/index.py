"""The history store's index: one SQLite file whose commits decide what is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

INDEX_NAME = "history.sqlite3"
VERSION = 2

_PARTS = (
    "(id INTEGER PRIMARY KEY, digest TEXT NOT NULL, market TEXT NOT NULL, length TEXT NOT NULL, "
    "adjustment TEXT NOT NULL, volume_unit TEXT NOT NULL, source TEXT NOT NULL, fetched_at TEXT NOT NULL, "
    "UNIQUE (digest, market, length, adjustment, volume_unit))"
)

_TABLES = (
    f"CREATE TABLE parts {_PARTS}",
    "CREATE TABLE spans (part INTEGER NOT NULL REFERENCES parts, symbol TEXT NOT NULL, "
    "first INTEGER NOT NULL, last INTEGER NOT NULL, bars INTEGER NOT NULL, PRIMARY KEY (part, symbol))",
    "CREATE INDEX spans_by_symbol ON spans (symbol)",
    "CREATE TABLE done (job TEXT NOT NULL, symbol TEXT NOT NULL, PRIMARY KEY (job, symbol))",
    "CREATE TABLE set_aside (job TEXT NOT NULL, symbol TEXT NOT NULL, why TEXT NOT NULL, "
    "digest TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (job, symbol))",
    "CREATE TABLE instruments (symbol TEXT PRIMARY KEY, body TEXT NOT NULL, industry TEXT NOT NULL, "
    "source TEXT NOT NULL, known_until TEXT NOT NULL)",
    "CREATE TABLE actions (symbol TEXT NOT NULL, ex_date TEXT NOT NULL, body TEXT NOT NULL, "
    "source TEXT NOT NULL, PRIMARY KEY (symbol, ex_date, body))",
    "CREATE TABLE actions_known (symbol TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, "
    "source TEXT NOT NULL, PRIMARY KEY (symbol, since, until, source))",
    "CREATE TABLE factors (symbol TEXT NOT NULL, day TEXT NOT NULL, factor TEXT NOT NULL, "
    "source TEXT NOT NULL, PRIMARY KEY (symbol, day))",
    "CREATE TABLE members (index_symbol TEXT NOT NULL, day TEXT NOT NULL, symbol TEXT NOT NULL, "
    "source TEXT NOT NULL, PRIMARY KEY (index_symbol, day, symbol))",
    "CREATE TABLE days (market TEXT NOT NULL, day TEXT NOT NULL, open INTEGER NOT NULL, "
    "source TEXT NOT NULL, PRIMARY KEY (market, day))",
)

_FROM_VERSION_1 = (
    # There the same bytes were one part, whatever their prices and volumes were declared to be.
    f"CREATE TABLE parts_2 {_PARTS}",
    "INSERT INTO parts_2 SELECT id, digest, market, length, adjustment, volume_unit, source, fetched_at "
    "FROM parts",
    "DROP TABLE parts",
    "ALTER TABLE parts_2 RENAME TO parts",
)


class HistoryError(ValueError):
    """The store cannot be used, or what was asked is not in it: one line with the mend."""


class StorageError(HistoryError):
    """The disk, or the index on it, does not let itself be read or written."""


class Index:
    """The index below a folder. Several processes may read; one writes at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """The store's folder."""
        return self._folder

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query, none where there is no store yet.

        Raises:
            HistoryError: The index cannot be read, or is newer than this program.
        """
        path = self._folder / INDEX_NAME
        if not path.exists():
            return []
        try:
            # Not opened as read-only: what a killed writer left half done is then taken back here.
            with closing(
                sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30)
            ) as index:
                index.execute("PRAGMA query_only = ON")
                if _require_known(path, index) == 0:
                    return []
                return index.execute(query, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"{path}: cannot be read ({error}); put it back from a copy") from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the index in a transaction of its own, durable when the block is over.

        Raises:
            HistoryError: It cannot be written; nothing of the block is kept.
        """
        path = self._folder / INDEX_NAME
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as index:
                index.execute("PRAGMA synchronous = FULL")
                _bring_up(index)
                index.execute("BEGIN IMMEDIATE")
                try:
                    _require_tables(path, index)
                    yield index
                except BaseException:
                    index.execute("ROLLBACK")
                    raise
                index.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"{self._folder}: cannot be written ({error}); give a --data-dir that can be and has room"
            ) from error


def _bring_up(index: sqlite3.Connection) -> None:
    """Bring an index of version 1 to this one, in a transaction of its own; others are left as they are."""
    if _version(index) != 1:
        return
    index.execute("BEGIN IMMEDIATE")
    # Another writer may have done it meanwhile.
    if _version(index) == 1:
        for statement in _FROM_VERSION_1:
            index.execute(statement)
        index.execute(f"PRAGMA user_version = {VERSION}")
    index.execute("COMMIT")


def _version(index: sqlite3.Connection) -> int:
    found: int = index.execute("PRAGMA user_version").fetchone()[0]
    return found


def _require_tables(path: Path, index: sqlite3.Connection) -> None:
    if _version(index) == 0:
        for statement in _TABLES:
            index.execute(statement)
        index.execute(f"PRAGMA user_version = {VERSION}")
    _require_known(path, index)


def _require_known(path: Path, index: sqlite3.Connection) -> int:
    """Return the version of an index, 0 of one that was never written to its end.

    Raises:
        HistoryError: It is newer than this program.
    """
    version = _version(index)
    if version > VERSION:
        raise HistoryError(f"{path}: a newer Kaipan wrote it (version {version}); upgrade Kaipan")
    return version
