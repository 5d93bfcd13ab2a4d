"""Disks that fill up, fail and tear: the journal's store, the ledger's, and the audit trail's file."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from services.brokers.ledger import Entry, LedgerStore
from services.domain.events import Event
from services.ports import BrokerFault, EventStore, JournalFault

if TYPE_CHECKING:
    from tests.simulation.process import Process


def _spare_file() -> int:
    """Return a file that can be synced: in memory where the system has such files, for there it is cheap."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("spare")
    return os.dup(tempfile.TemporaryFile().fileno())


_SPARE = _spare_file()


class SimulatedStore:
    """A journal's store that fails as told; a failed append may have landed all the same."""

    def __init__(self, inner: EventStore, process: Process) -> None:
        self._inner, self._process = inner, process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def events(self) -> Iterable[Event]:
        return self._inner.events()

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        process, step = self._process, events[0].step
        process.touch(f"journal {step}")
        fails = process.disk_fails("journal_fault")
        landed = fails == errno.EIO and process.chance.random() < 0.5
        if not fails or landed:
            self._inner.append(events, bodies)
            process.outside.wrote(events)
        if fails:
            process.disk_failed(f"journal {step}", landed=landed)
            raise JournalFault(f"append event {events[0].seq}", os.strerror(fails))
        process.touch(f"journal {step} done")


class SimulatedLedger:
    """A ledger that fails as told, before anything was written."""

    def __init__(self, inner: LedgerStore, process: Process) -> None:
        self._inner, self._process = inner, process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, entries: Sequence[Entry]) -> None:
        process, what = self._process, type(entries[0]).__name__
        process.touch(f"ledger {what}")
        fails = process.disk_fails("ledger_fault")
        if fails:
            raise BrokerFault("write the ledger", os.strerror(fails))
        self._inner.append(entries)
        process.outside.ledgered(entries)
        process.touch(f"ledger {what} done")


class AuditPath:
    """Stands for the path of `position.jsonl`; what was not synced may be torn off by a kill."""

    def __init__(self) -> None:
        self.synced, self.unsynced = b"", b""
        self.there = False
        self.process: Process | None = None

    @property
    def parent(self) -> AuditPath:
        return self

    def mkdir(self, *, parents: bool, exist_ok: bool) -> None:
        """Folders are always there."""

    def exists(self) -> bool:
        return self.there

    def read_bytes(self) -> bytes:
        return self.synced + self.unsynced

    def open(self, mode: str, buffering: int) -> _AuditFile:
        self.there = True
        return _AuditFile(self)

    def lost(self, keep: float) -> None:
        """Tear off what was not synced, but for its first part."""
        self.synced += self.unsynced[: round(len(self.unsynced) * keep)]
        self.unsynced = b""

    def __str__(self) -> str:
        return "position.jsonl"


class _AuditFile:
    """The file, open for appending."""

    def __init__(self, path: AuditPath) -> None:
        self._path = path

    def __enter__(self) -> _AuditFile:
        return self

    def __exit__(self, *_raised: object) -> None:
        return None

    def write(self, data: bytes) -> None:
        process = self._path.process
        if process is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        process.touch("audit")
        fails = process.disk_fails("audit_fault")
        if fails:
            self._path.unsynced += data[: process.chance.randint(0, len(data))]
            process.disk_failed("audit", landed=False)
            raise OSError(fails, os.strerror(fails))
        self._path.unsynced += data
        process.touch("audit written")

    def writelines(self, lines: Sequence[bytes]) -> None:
        self.write(b"".join(lines))

    def flush(self) -> None:
        """What was written is with the system; it is not on the disk yet."""

    def fileno(self) -> int:
        self._path.synced += self._path.unsynced
        self._path.unsynced = b""
        return _SPARE
