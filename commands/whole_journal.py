"""A journal that nobody changed: what a process asks before it trades on one."""

from __future__ import annotations

from commands.failures import CommandFailed, Exit
from services.journal.chain import first_break
from services.journal.shelf import paged
from services.journal.sql_store import SqlStore


def require_whole(store: SqlStore, account: str) -> None:
    """Do nothing where the account's events are one unbroken chain up to the last one written.

    Raises:
        CommandFailed: One was edited, moved, added or taken away; it is named.
        JournalFault: They cannot be read.
    """
    found = first_break(paged(store.between), store.head())
    if found is not None:
        raise CommandFailed(
            Exit.DIFFERENCES,
            f"the journal of account {account!r} was changed: event {found.seq} {found.detail}; nothing is "
            "traded on it; see `verify`, and put it back from a backup",
        )
