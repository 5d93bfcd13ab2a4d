"""The tables of a journal, the same in SQLite, PostgreSQL and a saved memory journal. Pure."""

from __future__ import annotations

SCHEMA = 1
"""Version of the tables. A journal with a higher one was written by a newer Kaipan."""

EVENT_COLUMNS = ("seq", "account", "session", "step", "kind", "version", "at", "body", "prev", "hash")
"""The columns of `events`, in the order of the fields of `Event`."""


def table_statements(blob: str) -> tuple[str, ...]:
    """Return the statements that make the tables; `blob` is the database's type for bytes.

    There is one event per account, session and step. `heads` names each account's last event, so that a
    deleted tail is found, and the fencing token of its writer.
    """
    return (
        "CREATE TABLE events (seq BIGINT NOT NULL, account TEXT NOT NULL, session TEXT NOT NULL, "
        "step TEXT NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL, "
        "body TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (account, seq))",
        f"CREATE TABLE bodies (hash TEXT PRIMARY KEY, body {blob} NOT NULL)",
        "CREATE TABLE heads (account TEXT PRIMARY KEY, seq BIGINT NOT NULL, hash TEXT NOT NULL, "
        "fence BIGINT NOT NULL)",
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
        "CREATE UNIQUE INDEX events_once ON events (account, session, step)",
    )
