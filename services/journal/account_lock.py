"""One writer per account: a lock that the system takes back when its holder dies."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from services.ports import JournalFault

LOCK_NAME = "lock"
"""The file in an account's folder whose lock, not whose presence, says that the account is in use."""

BUSY = "another process is running this account; stop it first, or start with --standby"
"""Why an account cannot be had, and the mend."""

# The server notices a holder whose machine is gone after 30 + 3 * 10 seconds instead of hours.
_NOTICE_DEATH = (
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)


class AccountBusy(JournalFault):
    """Another process is running the account."""


class WriterLock(Protocol):
    """The right to run one account, held by one process at a time."""

    @property
    def predecessor_dead(self) -> bool:
        """Whether having the lock proves that whoever had it before no longer runs."""

    def acquire(self) -> None:
        """Take the lock; then raise the fence of the journal.

        Raises:
            AccountBusy: Another process holds it.
            JournalFault: It cannot be taken or told.
        """

    def release(self) -> None:
        """Give the lock back; one not held stays so."""


class AccountLock:
    """The lock of an account's data folder: an OS lock, gone the moment its process is.

    It must not be acquired before a fork: the child would hold it too.
    """

    predecessor_dead = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, making the folder and an empty lock file if they are missing.

        Raises:
            AccountBusy: Another process holds it.
            JournalFault: The folder cannot be written.
        """
        if self._descriptor is not None:
            return
        path = self._folder / LOCK_NAME
        asked = f"lock {path}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise JournalFault(asked, error.strerror or str(error)) from error
        try:
            _lock(descriptor)
            _require_at(descriptor, path)
        except BlockingIOError as error:
            os.close(descriptor)
            raise AccountBusy(asked, BUSY) from error
        except OSError as error:
            os.close(descriptor)
            raise JournalFault(asked, error.strerror or str(error)) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; one not held stays so."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_taken(folder: Path) -> bool:
    """Answer whether a process has the lock of an account's data folder; changes nothing there.

    Who takes it at this very moment may find it busy, and tries again.

    Raises:
        JournalFault: It cannot be told.
    """
    path = folder / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalFault(f"look at the lock {path}", error.strerror or str(error)) from error
    try:
        _share(descriptor)
    except BlockingIOError:
        return True
    except OSError as error:
        raise JournalFault(f"look at the lock {path}", error.strerror or str(error)) from error
    finally:
        os.close(descriptor)
    return False


class AdvisoryLock:
    """The lock of an account in a PostgreSQL database, held as long as one connection lives.

    A connection can be cut while its process runs on, so having the lock proves nothing about a
    predecessor; the journal's fence keeps that one from writing.
    """

    predecessor_dead = False

    def __init__(self, url: str, account: str) -> None:
        self._url, self._account = url, account
        self._held: ExitStack | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            AccountBusy: Another process holds it.
            JournalFault: The database is not to be had.
        """
        if self._held is not None:
            return
        from services.journal.database import faults, postgres_engine, postgres_url

        asked = f"lock account {self._account}"
        with faults(asked, "in the database"), ExitStack() as undo:
            engine = postgres_engine(postgres_url(self._url))
            undo.callback(engine.dispose)
            connection = undo.enter_context(engine.connect())
            connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in _NOTICE_DEATH:
                connection.exec_driver_sql(statement)
            key = (_key(self._account),)
            if not connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", key).scalar_one():
                raise AccountBusy(asked, BUSY)
            self._held = undo.pop_all()

    def release(self) -> None:
        """Give the lock back; one not held stays so."""
        if self._held is not None:
            self._held.close()
            self._held = None


def account_lock(where: Path | str, account: str) -> WriterLock:
    """Return the lock that goes with the account's journal at `where`."""
    if isinstance(where, Path):
        return AccountLock(where.parent)
    return AdvisoryLock(where, account)


def _key(account: str) -> int:
    digest = sha256(f"kaipan/account/{account}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _require_at(descriptor: int, path: Path) -> None:
    """Return where the open file is still the one at `path`: a removed file's lock guards nothing.

    Raises:
        OSError: It is not.
    """
    if not os.path.samestat(os.fstat(descriptor), path.stat()):
        raise OSError("the lock file was replaced meanwhile; start again")


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        """Lock the file's first byte.

        Raises:
            BlockingIOError: Another process has.
        """
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(str(error)) from error

    _share = _lock

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        """Lock the file.

        Raises:
            BlockingIOError: Another process has.
        """
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _share(descriptor: int) -> None:
        """Lock the file beside others that only look.

        Raises:
            BlockingIOError: A process has it for itself.
        """
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
