"""An account as it lies on the disk, opened for reading only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from commands.composition import Panels
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.manual import said
from services.clock import SystemClock
from services.domain.bars import Panel
from services.domain.events import Event, Genesis
from services.domain.value import Value
from services.journal.journal import Journal, Listener
from services.ports import JournalFault
from services.settings import Settings

if TYPE_CHECKING:
    from services.journal.sql_store import SqlStore


_SEE_DATA_DIR = said("see --data-dir", "见 --data-dir")


class StoredAccount(Value, frozen=True, kw_only=True):
    """A journal folded, with what it refers to. Nothing in it or beside it changes."""

    folder: AccountFolder
    store: SqlStore
    journal: Journal
    panels: Panels

    @property
    def events(self) -> tuple[Event, ...]:
        """All events."""
        return tuple(self.journal.events)

    @property
    def genesis(self) -> Genesis:
        """The journal's first record.

        Raises:
            CommandFailed: There is none.
        """
        genesis = self.journal.account.genesis
        if genesis is None:
            raise CommandFailed(Exit.USAGE, f"{self.folder.root}: the journal is empty")
        return genesis

    @property
    def panel(self) -> Panel | None:
        """The recorded prices the account ran on, None for an account on live prices.

        Raises:
            CommandFailed: They are gone or were changed.
        """
        digest = self.genesis.panel
        if digest is None:
            return None
        try:
            return self.panels.get(digest)
        except (OSError, ValueError) as error:
            raise CommandFailed(Exit.UNAVAILABLE, f"{self.folder.panels}: {error}") from error


def journal_place(settings: Settings, folder: AccountFolder) -> Path | str:
    """Return where the account's journal lies: a PostgreSQL address, or the file in its folder."""
    url = settings.journal_url
    return folder.journal if url is None else url.reveal()


@contextmanager
def read_only_store(settings: Settings) -> Iterator[tuple[SqlStore, AccountFolder]]:
    """Yield the account's store, which changes no byte.

    Raises:
        CommandFailed: There is no journal, or it cannot be read.
    """
    folder = AccountFolder(settings.data_dir, settings.account)
    where = journal_place(settings, folder)
    # A backtest only asks this module where its journal lies: what it does not use is not loaded for it.
    from services.journal.database import NoJournal
    from services.journal.sql_store import SqlStore

    try:
        store = SqlStore.open_read_only(where, settings.account)
    except NoJournal as fault:
        mend = _meant(folder) if isinstance(where, Path) else _SEE_DATA_DIR
        raise CommandFailed(
            Exit.USAGE,
            said(
                f"no journal of account {settings.account!r} at {folder.root}; {mend}",
                f"{folder.root} 中没有账户 {settings.account!r} 的日志；{mend}",
            ),
        ) from fault
    except JournalFault as fault:
        raise CommandFailed(Exit.UNAVAILABLE, str(fault)) from fault
    try:
        yield store, folder
    finally:
        store.close()


def _meant(wanted: AccountFolder) -> str:
    """Return what to say instead: where journals lie in the data folder, or in one of its own folders."""
    file = wanted.journal.name
    found = [*wanted.data_dir.glob(f"*/{file}"), *wanted.data_dir.glob(f"*/*/{file}")]
    ways = []
    for account in sorted(one.parent for one in found):
        folder = [] if account.parent == wanted.data_dir else [f"--data-dir {account.parent}"]
        name = [] if account.name == wanted.account else [f"--account {account.name}"]
        ways.append(" ".join([*folder, *name]))
    if not ways:
        return _SEE_DATA_DIR
    others = said(" or another", " 或其他") if ways[3:] else ""
    return said("give ", "请给出 ") + said(" or ", " 或 ").join(ways[:3]) + others


@contextmanager
def stored_account(settings: Settings, listeners: tuple[Listener, ...] = ()) -> Iterator[StoredAccount]:
    """Yield the account that the settings name; `listeners` are told of every event.

    Raises:
        CommandFailed: There is no journal, or it cannot be read.
    """
    with read_only_store(settings) as (store, folder):
        panels = Panels(folder.panels)
        try:
            journal = Journal(store, settings.account, SystemClock(), panels.get, listeners)
        except JournalFault as fault:
            raise CommandFailed(Exit.DIFFERENCES, f"{fault}; see `verify`") from fault
        except (OSError, ValueError) as error:
            raise CommandFailed(Exit.DIFFERENCES, f"{error}; see `verify`") from error
        yield StoredAccount(folder=folder, store=store, journal=journal, panels=panels)
