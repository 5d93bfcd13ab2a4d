"""One SQL database, opened for writing or for reading alone: SQLite by path, PostgreSQL by URL."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from services.ports import JournalFault

T = TypeVar("T")

Where = Path | str
"""The path of an SQLite file, or the URL of a PostgreSQL database."""

BUSY_S_MAX = 5.0
"""How long a write waits for another process that holds the SQLite file."""

PAGES_KEPT_KIB = 512
"""So much of an SQLite file a writer keeps in memory: it writes at the end, and reads little."""

READS_MAX = 5
"""How often a read starts anew when a writer appears beneath it."""


class NoJournal(JournalFault):
    """There is no journal there yet."""


class DamagedFile(JournalFault):
    """The SQLite file is damaged, or is no such file."""


class Database(Protocol):
    """An SQL database as a store uses it. One thread at a time."""

    @property
    def label(self) -> str:
        """Which one it is, for people; without the password."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""

    def transaction(self, asked: str) -> AbstractContextManager[Connection]:
        """Give a connection whose work is durable once the block has ended, and undone if it raises.

        Raises:
            JournalFault: The database failed, was not to be had in BUSY_S_MAX, or is only read.
        """

    def read(self, asked: str, query: Callable[[Connection], T]) -> T:
        """Return what `query` reads; it may be run more than once.

        Raises:
            JournalFault: The database failed.
        """

    def close(self) -> None:
        """Give everything back; an SQLite file written to is then complete, with nothing beside it.

        Raises:
            JournalFault: The database failed.
        """


class EngineDatabase:
    """A database behind an engine: SQLite for writing, PostgreSQL for writing or reading."""

    def __init__(self, label: str, engine: Engine, *, read_only: bool = False) -> None:
        self.label, self.dialect = label, engine.dialect.name
        self._engine, self._read_only = engine, read_only

    @contextmanager
    def transaction(self, asked: str) -> Iterator[Connection]:
        """Give a connection whose work is durable once the block has ended, and undone if it raises."""
        if self._read_only:
            raise JournalFault(f"{asked} {self.label}", "it was opened for reading alone")
        with faults(asked, self.label), self._engine.begin() as connection:
            yield connection

    def read(self, asked: str, query: Callable[[Connection], T]) -> T:
        """Return what `query` reads."""
        with faults(asked, self.label), self._engine.connect() as connection:
            return query(connection)

    def close(self) -> None:
        """Give the connection back; on PostgreSQL a later read takes one of its own and gives it back."""
        with faults("close", self.label):
            self._engine.dispose()
        if self.dialect == "postgresql":
            self._engine = create_engine(self._engine.url, poolclass=NullPool)


class ReadOnlyFile:
    """An SQLite file this process only reads, whoever writes it meanwhile; no byte beside it changes.

    A file at rest (no -wal beside it) is read as it lies, without locks, and again if a writer
    came. With a writer alive its -shm is read but not written. A -wal without -shm (a copy of
    a journal that was cut off) is read from a private copy, since SQLite would want to mend it.
    """

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.label, self._path = str(path), path

    @contextmanager
    def transaction(self, asked: str) -> Iterator[Connection]:
        """Refuse: the file is only read."""
        raise JournalFault(f"{asked} {self.label}", "it was opened for reading alone")
        yield  # Makes this a generator, as a context manager's function must be.

    def read(self, asked: str, query: Callable[[Connection], T]) -> T:
        """Return what `query` reads; it is run again when a writer appears beneath it."""
        for _ in range(READS_MAX):
            before = _look(self._path)
            try:
                with faults(asked, self.label):
                    found = self._read(before, query)
            except JournalFault:
                if before == _look(self._path):
                    raise
            else:
                if before.live or before == _look(self._path):
                    return found
        raise JournalFault(f"{asked} {self.label}", f"it changed during each of {READS_MAX} reads; try again")

    def close(self) -> None:
        """Give everything back: each read has done so."""

    def _read(self, file: _Look, query: Callable[[Connection], T]) -> T:
        if file.live:
            return _query(self._path, "mode=ro&readonly_shm=1", query)
        if not file.wal:
            return _query(self._path, "mode=ro&immutable=1", query)
        with TemporaryDirectory() as folder:
            copy = Path(folder) / self._path.name
            shutil.copyfile(self._path, copy)
            shutil.copyfile(_beside(self._path, "-wal"), _beside(copy, "-wal"))
            return _query(copy, "mode=rw", query)


def open_for_writing(where: Where, *, wal: bool = True) -> Database:
    """Return the database at `where`; an SQLite file and its folder are made if missing.

    `wal` False is for a file that is written seldom, by several processes: nothing is left
    beside it between writes.

    Raises:
        JournalFault: It cannot be opened, or is of a kind not supported.
    """
    if isinstance(where, Path):
        with faults("open", str(where)):
            where.parent.mkdir(parents=True, exist_ok=True)
        return EngineDatabase(str(where), _sqlite_engine(where, wal))
    url = postgres_url(where)
    return EngineDatabase(_label(url), postgres_engine(url))


def open_for_reading(where: Where) -> Database:
    """Return the database at `where` so that nothing in it or beside it can change.

    Raises:
        NoJournal: There is no such file.
        JournalFault: It cannot be opened, or is of a kind not supported.
    """
    if isinstance(where, Path):
        with faults("open", str(where)):
            if not where.exists():
                raise NoJournal(f"open {where}", "there is no journal yet")
        return ReadOnlyFile(where)
    url = postgres_url(where)
    engine = postgres_engine(url).execution_options(postgresql_readonly=True)
    return EngineDatabase(_label(url), engine, read_only=True)


@contextmanager
def faults(asked: str, label: str) -> Iterator[None]:
    """Turn what a database or file system raises into a fault that names what was asked of which.

    Raises:
        DamagedFile: An SQLite file is damaged.
        JournalFault: The block failed in the database or the file system.
    """
    try:
        yield
    except DBAPIError as error:
        failed = error.orig or error
        fault = DamagedFile if _damaged(failed) else JournalFault
        raise fault(f"{asked} {label}", _first_line(failed)) from error
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        fault = DamagedFile if _damaged(error) else JournalFault
        raise fault(f"{asked} {label}", _first_line(error)) from error


def _damaged(error: BaseException) -> bool:
    """Answer whether SQLite says that the file is damaged or none of its own; the low byte is the kind."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """An SQLite file as it lies: what tells a change of it, and which files are beside it."""

    stamp: tuple[int, int, int]
    wal: tuple[int, int, int] | None
    shm: bool

    @property
    def live(self) -> bool:
        """Whether a writer is there, or was killed: its -wal and -shm lie beside the file."""
        return self.wal is not None and self.shm


def _look(path: Path) -> _Look:
    with faults("read", str(path)):
        wal = _beside(path, "-wal")
        return _Look(
            stamp=_stamp(path),
            wal=_stamp(wal) if wal.exists() else None,
            shm=_beside(path, "-shm").exists(),
        )


def _stamp(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _query(path: Path, options: str, query: Callable[[Connection], T]) -> T:
    with _reading_engine(path, options).connect() as connection:
        return query(connection)


@lru_cache(maxsize=32)
def _reading_engine(path: Path, options: str) -> Engine:
    """Return an engine that keeps no connection; it keeps what it has worked out of the statements."""
    return create_engine("sqlite://", creator=partial(_read_connection, path, options), poolclass=NullPool)


def _read_connection(path: Path, options: str) -> sqlite3.Connection:
    """Return a connection that shows damaged text as such, so that a check can name its row."""
    uri = f"{path.absolute().as_uri()}?{options}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_S_MAX)
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    return connection


def _sqlite_engine(path: Path, wal: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"isolation_level": None, "timeout": BUSY_S_MAX},
        pool_size=1,
        max_overflow=0,
    )

    @event.listens_for(engine, "connect")
    def _durable(connection: sqlite3.Connection, _record: object) -> None:
        (mode,) = connection.execute(f"PRAGMA journal_mode={'WAL' if wal else 'DELETE'}").fetchone()
        if wal and mode != "wal":
            raise sqlite3.OperationalError("the file system of this folder does not take SQLite's WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if wal else 'EXTRA'}")
        connection.execute(f"PRAGMA cache_size=-{PAGES_KEPT_KIB}")
        # On macOS fsync leaves the data in the drive's cache; elsewhere this changes nothing.
        connection.execute("PRAGMA fullfsync=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The lock is taken before anything is read, so that what was read still holds at the write.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def postgres_url(where: str) -> URL:
    """Return `where` as a URL for the one driver there is.

    Raises:
        JournalFault: It is no URL, or of another database.
    """
    mend = "write a path (SQLite) or postgresql://user:password@host/database"
    try:
        url = make_url(where)
    except ArgumentError as error:
        raise JournalFault("open the journal", f"that is not a database URL; {mend}") from error
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise JournalFault("open the journal", f"{url.drivername} is not supported; {mend}")
    return url.set(drivername="postgresql+psycopg")


def postgres_engine(url: URL) -> Engine:
    """Return an engine that holds one connection, on which a commit is on the server's disk.

    Raises:
        JournalFault: The driver is not installed.
    """
    try:
        engine = create_engine(url, pool_size=1, max_overflow=0)
    except ImportError as error:
        why = "the PostgreSQL driver is missing; install kaipan[postgres]"
        raise JournalFault(f"open {_label(url)}", why) from error

    @event.listens_for(engine, "connect")
    def _durable(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone() == ("off",):
            cursor.execute("SET synchronous_commit = on")
        cursor.close()
        connection.commit()

    return engine


def _label(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
