"""The history store's index: one SQLite file whose commits decide what is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from services.domain.instruments import Market, Symbol
from services.history.coverage import ends_on
from services.history.lengths import BarLength, day_of
from services.history.spans import NOTHING, Cover, Covered, Days, covering

INDEX_NAME = "history.sqlite3"
VERSION = 3

_PARTS = (
    "(id INTEGER PRIMARY KEY, digest TEXT NOT NULL, market TEXT NOT NULL, length TEXT NOT NULL, "
    "adjustment TEXT NOT NULL, volume_unit TEXT NOT NULL, source TEXT NOT NULL, fetched_at TEXT NOT NULL, "
    "UNIQUE (digest, market, length, adjustment, volume_unit))"
)

_SPANNED = (
    "CREATE TABLE covered (topic TEXT NOT NULL, symbol TEXT NOT NULL, first TEXT NOT NULL, "
    "last TEXT NOT NULL, PRIMARY KEY (topic, symbol, first))",
    "CREATE TABLE set_aside (topic TEXT NOT NULL, symbol TEXT NOT NULL, first TEXT NOT NULL, "
    "last TEXT NOT NULL, why TEXT NOT NULL, digest TEXT NOT NULL, at TEXT NOT NULL, "
    "PRIMARY KEY (topic, symbol, first, last))",
    "CREATE TABLE described (symbol TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, "
    "body TEXT NOT NULL, industry TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (symbol, first))",
    "CREATE TABLE stays (index_symbol TEXT NOT NULL, symbol TEXT NOT NULL, since TEXT NOT NULL, "
    "until TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (index_symbol, symbol, since))",
)

_TABLES = (
    f"CREATE TABLE parts {_PARTS}",
    "CREATE TABLE spans (part INTEGER NOT NULL REFERENCES parts, symbol TEXT NOT NULL, "
    "first INTEGER NOT NULL, last INTEGER NOT NULL, bars INTEGER NOT NULL, PRIMARY KEY (part, symbol))",
    "CREATE INDEX spans_by_symbol ON spans (symbol)",
    *_SPANNED,
    "CREATE TABLE actions (symbol TEXT NOT NULL, ex_date TEXT NOT NULL, body TEXT NOT NULL, "
    "source TEXT NOT NULL, PRIMARY KEY (symbol, ex_date, body))",
    "CREATE TABLE factors (symbol TEXT NOT NULL, day TEXT NOT NULL, factor TEXT NOT NULL, "
    "source TEXT NOT NULL, PRIMARY KEY (symbol, day))",
    "CREATE TABLE members (index_symbol TEXT NOT NULL, day TEXT NOT NULL, symbol TEXT NOT NULL, "
    "source TEXT NOT NULL, PRIMARY KEY (index_symbol, day, symbol))",
    "CREATE TABLE days (market TEXT NOT NULL, day TEXT NOT NULL, open INTEGER NOT NULL, "
    "source TEXT NOT NULL, PRIMARY KEY (market, day))",
)

_DAY_OF = "date({column}, 'unixepoch', CASE market WHEN 'cn' THEN '+8 hours' ELSE '+0 hours' END)"
"""A bar's end as a day: no market here trades over midnight of the zone it is told in."""

_FIRST = _DAY_OF.format(column="first")
_RESAMPLED = "resampled:"
_FROM_VERSION_1 = (
    # There the same bytes were one part, whatever their prices and volumes were declared to be.
    f"CREATE TABLE parts_2 {_PARTS}",
    "INSERT INTO parts_2 SELECT id, digest, market, length, adjustment, volume_unit, source, fetched_at "
    "FROM parts",
    "DROP TABLE parts",
    "ALTER TABLE parts_2 RENAME TO parts",
)
_FROM_VERSION_2 = (
    # There bars were made of parts of days and weeks as well; they can be made again.
    f"DELETE FROM spans WHERE part IN (SELECT id FROM parts WHERE source LIKE '{_RESAMPLED}%')",
    f"DELETE FROM parts WHERE source LIKE '{_RESAMPLED}%'",
    # A download noted what it had asked for; what it believed reaches from bar to bar, as a file does.
    "DROP TABLE set_aside",
    *_SPANNED,
    "INSERT OR REPLACE INTO covered SELECT length || ' ' || adjustment, symbol, "
    "whole_from(market, length, first) AS since, whole_until(market, length, last) AS until "
    "FROM spans JOIN parts ON parts.id = part WHERE since <= until ORDER BY last",
    "INSERT OR REPLACE INTO covered SELECT 'ex-days', symbol, since, until FROM actions_known ORDER BY until",
    # Of a vendor's suspensions only those of its last answer were kept.
    "INSERT INTO described SELECT symbol, coalesce((SELECT min(known_until, min("
    f"{_FIRST})) FROM spans JOIN parts ON parts.id = part WHERE spans.symbol = instruments.symbol "
    "AND parts.source = instruments.source), known_until), known_until, body, industry, source "
    "FROM instruments WHERE source LIKE 'file:%'",
    "INSERT INTO described SELECT symbol, known_until, known_until, body, industry, source "
    "FROM instruments WHERE source NOT LIKE 'file:%'",
    "DROP TABLE done",
    "DROP TABLE actions_known",
    "DROP TABLE instruments",
)
_FROM_VERSION = {1: (*_FROM_VERSION_1, *_FROM_VERSION_2), 2: _FROM_VERSION_2}


WAIT_S = 30.0
"""How long one waits for another process that reads or writes the index."""

_IN_USE = (
    f"another process reads or writes the history, and went on for more than {WAIT_S:.0f} s; give the "
    "command again when that run, download or import is over"
)
_PRIMARY_CODE = 0xFF
"""The part of an SQLite error code that says what kind it is."""


class HistoryError(ValueError):
    """The store cannot be used, or what was asked is not in it: one line with the mend."""


class StorageError(HistoryError):
    """The disk, or the index on it, does not let itself be read or written."""


class Index:
    """The index below a folder. Several processes may read; one writes at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None

    @property
    def folder(self) -> Path:
        """The store's folder."""
        return self._folder

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query, none where there is no store yet.

        Raises:
            HistoryError: The index cannot be read, or is newer than this program.
        """
        with self.reading():
            connection = self._writer or self._reader
            if connection is None:
                return []
            try:
                return connection.execute(query, tuple(values)).fetchall()
            except sqlite3.Error as error:
                raise self._unreadable(error) from error

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let all that is read within the block be of one moment: nobody's commit comes in between.

        Whoever writes waits meanwhile, and so does who would delete a file.

        Raises:
            HistoryError: The index cannot be read, or is newer than this program.
        """
        path = self._folder / INDEX_NAME
        if self._writer is not None or self._reader is not None or not path.exists():
            yield
            return
        try:
            self._reader = _opened(path)
        except sqlite3.Error as error:
            raise self._unreadable(error) from error
        try:
            yield
        finally:
            if self._reader is not None:
                self._reader.close()
            self._reader = None

    def _unreadable(self, error: sqlite3.Error) -> StorageError:
        path = self._folder / INDEX_NAME
        if _in_use(error):
            return StorageError(f"{path}: {_IN_USE}")
        return StorageError(f"{path}: cannot be read ({error}); put it back from a copy")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the index in a transaction of its own, durable when the block is over.

        A block within a block is part of it. What is read meanwhile is what is written so far.

        Raises:
            HistoryError: It cannot be written; nothing of the block is kept.
        """
        if self._writer is not None:
            yield self._writer
            return
        path = self._folder / INDEX_NAME
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)) as index:
                index.execute("PRAGMA synchronous = FULL")
                _bring_up(index)
                index.execute("BEGIN IMMEDIATE")
                try:
                    _require_tables(path, index)
                    self._writer = index
                    yield index
                except BaseException:
                    index.execute("ROLLBACK")
                    raise
                finally:
                    self._writer = None
                index.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            if _in_use(error):
                raise StorageError(f"{path}: {_IN_USE}") from error
            raise StorageError(
                f"{self._folder}: cannot be written ({error}); give a --data-dir that can be and has room"
            ) from error


def _in_use(error: Exception) -> bool:
    """Answer whether the index could not be had because another process had it."""
    code = error.sqlite_errorcode if isinstance(error, sqlite3.OperationalError) else 0
    return code & _PRIMARY_CODE == sqlite3.SQLITE_BUSY


def covered_days(index: Index, topic: str) -> dict[Symbol, Covered]:
    """Return the days that are known of a topic, of each symbol of which any are.

    Raises:
        HistoryError: The index cannot be read.
    """
    return _by_symbol(index.rows("SELECT symbol, first, last FROM covered WHERE topic = ?", (topic,)))


def note_covered(index: sqlite3.Connection, covers: Sequence[Cover]) -> None:
    """Note days as known, together with those that are; what was set aside of them is no longer."""
    for topic, symbol, days in covers:
        known = _covered_of(index, topic, symbol).plus([days])
        _write_covered(index, topic, symbol, known)
        index.executemany(
            "DELETE FROM set_aside WHERE topic = ? AND symbol = ? AND first >= ? AND last <= ?",
            [(topic, symbol, str(span.first), str(span.last)) for span in known.spans],
        )


def note_unknown(index: sqlite3.Connection, topic: str, symbol: Symbol, days: Days) -> None:
    """Note days as known no longer."""
    _write_covered(index, topic, symbol, _covered_of(index, topic, symbol).less([days]))


def _covered_of(index: sqlite3.Connection, topic: str, symbol: Symbol) -> Covered:
    rows = index.execute(
        "SELECT symbol, first, last FROM covered WHERE topic = ? AND symbol = ?", (topic, symbol)
    )
    return _by_symbol(rows).get(symbol, NOTHING)


def _write_covered(index: sqlite3.Connection, topic: str, symbol: Symbol, covered: Covered) -> None:
    index.execute("DELETE FROM covered WHERE topic = ? AND symbol = ?", (topic, symbol))
    index.executemany(
        "INSERT INTO covered VALUES (?, ?, ?, ?)",
        [(topic, symbol, str(first), str(last)) for first, last in covered.spans],
    )


def _by_symbol(rows: Iterable[tuple[Any, ...]]) -> dict[Symbol, Covered]:
    found: dict[Symbol, list[Days]] = {}
    for symbol, first, last in rows:
        days = Days(date.fromisoformat(first), date.fromisoformat(last))
        found.setdefault(Symbol(symbol), []).append(days)
    return {symbol: covering(some) for symbol, some in found.items()}


def _opened(path: Path) -> sqlite3.Connection | None:
    """Return an index in a transaction that reads, None where it was never written to its end.

    Raises:
        HistoryError: It is newer than this program.
        sqlite3.Error: It cannot be read.
    """
    # Not opened as read-only: what a killed writer left half done is then taken back here.
    place = f"{path.absolute().as_uri()}?mode=rw"
    index = sqlite3.connect(place, uri=True, timeout=WAIT_S, isolation_level=None)
    try:
        _bring_up(index)
        index.execute("PRAGMA query_only = ON")
        index.execute("BEGIN")
        if _require_known(path, index) == 0:
            index.close()
            return None
    except BaseException:
        index.close()
        raise
    return index


def _bring_up(index: sqlite3.Connection) -> None:
    """Bring an older index to this version, in a transaction of its own; others are left as they are."""
    if _version(index) not in _FROM_VERSION:
        return
    for name, day in (("whole_from", _whole_from), ("whole_until", _whole_until)):
        index.create_function(name, 3, day, deterministic=True)
    index.execute("BEGIN IMMEDIATE")
    # Another writer may have done it meanwhile.
    for statement in _FROM_VERSION.get(_version(index), ()):
        index.execute(statement)
    index.execute(f"PRAGMA user_version = {VERSION}")
    index.execute("COMMIT")


def _whole_from(market: str, length: str, first: int) -> str:
    """Return the first day of which bars that begin so have the first one, or the day after it."""
    day = day_of(Market(market), first)
    begins = ends_on(Market(market), BarLength(length), day, _no_early_close)[0]
    return str(day if first <= begins else day + timedelta(days=1))


def _whole_until(market: str, length: str, last: int) -> str:
    """Return the last day of which bars that end so have the last one, or the day before it."""
    day = day_of(Market(market), last)
    ends = ends_on(Market(market), BarLength(length), day, _no_early_close)[-1]
    return str(day if last >= ends else day - timedelta(days=1))


def _no_early_close(_day: date) -> time | None:
    """Return None: without a calendar a half day is a day cut off, and is asked for again."""
    return None


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
