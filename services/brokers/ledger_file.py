"""The simulated exchange's ledger as a SQLite file: one commit a call, durable before it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, event, insert, select
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from services.brokers.ledger import (
    Accepted,
    AccountOpened,
    Cancelled,
    Entry,
    Expired,
    Filled,
    Moved,
    Rejected,
    TaxDue,
    Triggered,
)
from services.journal.database import open_for_reading
from services.ports import BrokerFault, JournalFault

VERSION = 3
"""Of the file's form; kept in SQLite's `user_version`. 2 knows triggers and dividend tax, 3 tax owed."""

KINDS: Mapping[str, type[Entry]] = MappingProxyType(
    {
        "account_opened": AccountOpened,
        "accepted": Accepted,
        "rejected": Rejected,
        "filled": Filled,
        "triggered": Triggered,
        "cancelled": Cancelled,
        "expired": Expired,
        "moved": Moved,
        "tax_due": TaxDue,
    }
)
_NAMES = {kind: name for name, kind in KINDS.items()}
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}
_ENCODER = msgspec.json.Encoder(order="sorted")

_TABLES = MetaData()
_ENTRIES = Table(
    "entries",
    _TABLES,
    Column("seq", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
)


class FileLedger:
    """A ledger in the file at `path`, made where there is none; its folder must exist.

    Opening and closing it without an append changes no byte, and a closed one leaves no second
    file beside it. One process at a time: the account's lock is the caller's.

    Raises:
        BrokerFault: The file cannot be opened, is no ledger, or was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
        event.listen(engine, "connect", _make_durable)
        self._count, self._version = 0, VERSION
        try:
            self._connection = engine.connect()
            self._prepare()
        except SQLAlchemyError as error:
            raise self._fault("open", error) from error

    def entries(self) -> Sequence[Entry]:
        """Return every entry, oldest first.

        Raises:
            BrokerFault: The file cannot be read, or a row is not an entry.
        """
        try:
            with self._connection.begin():
                rows = self._connection.execute(select(_ENTRIES).order_by(_ENTRIES.c.seq)).all()
        except SQLAlchemyError as error:
            raise self._fault("read", error) from error
        entries = _entries(self._path, rows)
        self._count = len(entries)
        return entries

    def append(self, entries: Sequence[Entry]) -> None:
        """Write the entries in one commit.

        Raises:
            BrokerFault: The file cannot be written; nothing was.
        """
        rows = [
            {"seq": seq, "kind": _NAMES[type(entry)], "body": _ENCODER.encode(entry).decode()}
            for seq, entry in enumerate(entries, self._count + 1)
        ]
        try:
            with self._connection.begin():
                self._connection.execute(insert(_ENTRIES), rows)
                if self._version < VERSION:
                    self._connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
        except SQLAlchemyError as error:
            raise self._fault("write", error) from error
        self._count += len(rows)
        self._version = VERSION

    def close(self) -> None:
        """Give the file back; its write-ahead log is folded into it."""
        self._connection.close()

    def _prepare(self) -> None:
        with self._connection.begin():
            version = self._connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version == 0:
                _TABLES.create_all(self._connection)
                self._connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
                version = VERSION
        self._version = version
        if version > VERSION:
            self._connection.close()
            raise BrokerFault(f"open {self._path.name}", "it was written by a newer Kaipan")

    def _fault(self, verb: str, error: SQLAlchemyError) -> BrokerFault:
        return BrokerFault(f"{verb} {self._path.name}", str(getattr(error, "orig", None) or error))


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Return every entry of the file at `path`, changing no byte of it or beside it.

    Raises:
        BrokerFault: The file cannot be read, a row is not an entry, or a newer version wrote it.
    """
    database = open_for_reading(path)
    try:
        version = database.read(
            "read", lambda connection: connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        )
        rows = database.read(
            "read", lambda connection: connection.execute(select(_ENTRIES).order_by(_ENTRIES.c.seq)).all()
        )
    except JournalFault as fault:
        raise BrokerFault(f"read {path.name}", fault.why) from fault
    finally:
        database.close()
    if version > VERSION:
        raise BrokerFault(f"read {path.name}", "it was written by a newer Kaipan")
    return _entries(path, rows)


def _entries(path: Path, rows: Iterable[Any]) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for seq, kind, body in rows:
        if seq != len(entries) + 1:
            raise BrokerFault(f"read {path.name}", f"entry {len(entries) + 1} is missing")
        try:
            entries.append(_DECODERS[kind].decode(body))
        except (KeyError, msgspec.MsgspecError) as error:
            raise BrokerFault(f"read {path.name}", f"entry {seq} is damaged: {error}") from error
    return tuple(entries)


def _make_durable(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Have every commit on the disk before it returns."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 5000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA cache_size = -512")  # KiB: entries are added at the end and read once.
    cursor.close()
