"""Copies of what an account wrote, taken while it may be writing: whole, and of one moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection

from services.domain.events import BodyRef, Event, Genesis, PanelRef, SnapshotRef
from services.journal.chain import Head
from services.journal.codec import decode_event
from services.journal.database import faults, open_for_reading
from services.journal.sql_store import SqlStore

EVENTS_PER_COMMIT = 500


def copy_file(source: Path, target: Path) -> None:
    """Make `target` a copy of the SQLite file at `source`, as it was at one moment.

    Whoever writes the source meanwhile is not held up, and no byte of it or beside it changes.

    Raises:
        JournalFault: The source cannot be read, or the target cannot be written.
    """
    database = open_for_reading(source)
    try:
        with faults("write", str(target)), closing(sqlite3.connect(target)) as into:
            database.read("copy", lambda connection: _copy(connection, into))
    finally:
        database.close()


def copy_journal(source: SqlStore, target: SqlStore) -> Head:
    """Copy every event of the account, and each body they name, into an empty journal; return its last.

    The target's fence must have been taken. The same on SQLite and PostgreSQL, and from one to the other.

    Raises:
        JournalFault: The source cannot be read or its chain is broken, or the target cannot be written.
    """
    events = tuple(source.events())
    written: set[str] = set()
    for batch in _batches(events):
        digests = [digest for digest in _bodies(batch) if digest not in written]
        target.append(batch, {digest: source.body(digest) for digest in digests})
        written.update(digests)
    return Head(seq=events[-1].seq, hash=events[-1].hash) if events else Head()


def panels_of(events: Sequence[Event]) -> tuple[str, ...]:
    """Return the digests of the stored panels that the events name, each once."""
    found: dict[str, None] = {}
    for event in events:
        if event.kind not in ("genesis", "snapshot_ref", "panel_ref"):
            continue
        body = decode_event(event)
        if isinstance(body, Genesis | SnapshotRef | PanelRef) and body.panel is not None:
            found[body.panel] = None
    return tuple(found)


def _copy(connection: Connection, into: sqlite3.Connection) -> None:
    held = connection.connection.driver_connection
    if not isinstance(held, sqlite3.Connection):
        raise TypeError(f"{type(held).__name__} is no connection to an SQLite file")
    held.backup(into)


def _bodies(events: Sequence[Event]) -> tuple[str, ...]:
    found = (decode_event(event) for event in events if event.kind == "body_ref")
    return tuple(dict.fromkeys(body.body for body in found if isinstance(body, BodyRef)))


def _batches(events: Sequence[Event]) -> Iterator[tuple[Event, ...]]:
    left = iter(events)
    while batch := tuple(islice(left, EVENTS_PER_COMMIT)):
        yield batch
