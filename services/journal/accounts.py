"""Which accounts there are: in a data folder, or in a database."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from services.journal.database import Where, open_for_reading
from services.ports import JournalFault

_HEADS = table("heads", column("account"))


def accounts_at(data: Where, journal_name: str) -> tuple[str, ...]:
    """Return the names of the accounts below a data folder, or in the database at that URL, sorted.

    An account of a folder is a folder in it that holds a file called `journal_name`.

    Raises:
        JournalFault: They cannot be listed.
    """
    if isinstance(data, Path):
        try:
            return tuple(sorted(path.parent.name for path in data.glob(f"*/{journal_name}")))
        except OSError as error:
            raise JournalFault(f"list {data}", error.strerror or str(error)) from error
    database = open_for_reading(data)
    try:
        return database.read("list the accounts of", _in_heads)
    finally:
        database.close()


def _in_heads(connection: Connection) -> tuple[str, ...]:
    if not inspect(connection).has_table("heads"):
        return ()
    return tuple(sorted(connection.execute(select(_HEADS.c.account)).scalars()))
