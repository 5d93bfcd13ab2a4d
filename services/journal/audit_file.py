"""`position.jsonl` on the disk: completed after a crash, appended to after each commit."""

from __future__ import annotations

import os
from pathlib import Path

from services.domain.events import Event, Repaired
from services.journal.account import Account
from services.journal.audit import AuditTrail
from services.ports import JournalFault


class AuditBroken(JournalFault):
    """The file is not what the journal says it must be: nothing is written, nothing is traded."""


class AuditFile:
    """The audit trail's file, fed by a journal.

    Give `listen` to the journal that is opened; then call `repair` once, before anything is
    traded. From then on every completed line is on the disk when the event that completed it has
    been committed and `listen` returned; with `at_once` False nothing is written until `flush`.
    """

    def __init__(self, path: Path, *, at_once: bool = True) -> None:
        self.path, self._at_once = path, at_once
        self._trail = AuditTrail()
        self._pending: list[bytes] = []
        self._repaired = False

    def listen(self, event: Event, value: object, account: Account) -> None:
        """Take an event of the journal."""
        lines = self._trail.apply(event, value, account)
        if lines:
            self._pending += lines
            if self._repaired and self._at_once:
                self.flush()

    def intact(self) -> bool:
        """Answer whether the file holds exactly what the journal says; nothing is written.

        Raises:
            JournalFault: It cannot be read.
        """
        return self._read() == b"".join(self._pending)

    def repair(self) -> Repaired | None:
        """Bring the file up to the journal; return what was mended, None where nothing was missing.

        Raises:
            AuditBroken: The file holds other bytes than the journal's.
            JournalFault: It cannot be read or written.
        """
        expected = b"".join(self._pending)
        there = self._read()
        if not expected.startswith(there):
            raise AuditBroken(
                f"continue {self.path}",
                f"line {_first_difference(there, expected)} is not what the journal holds; "
                "see `verify`, and put the file's last good copy back or move it away",
            )
        torn = len(there) - (there.rfind(b"\n") + 1)
        self._pending = [expected[len(there) :]] if len(expected) > len(there) else []
        added = expected[len(there) :].count(b"\n")
        existed = self.path.exists()
        self._repaired = True
        if self._pending and self._at_once:
            self.flush()
        # A file that was never there is written for the first time with its opening line alone.
        repaired = added > (0 if existed else 1)
        return Repaired(torn_bytes=torn, lines_added=added) if repaired else None

    def flush(self) -> None:
        """Write the lines kept; they are on the disk when this returns.

        Raises:
            JournalFault: The file cannot be written.
        """
        if not self._pending:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.writelines(self._pending)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise JournalFault(f"write {self.path}", error.strerror or str(error)) from error
        self._pending = []

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise JournalFault(f"read {self.path}", error.strerror or str(error)) from error


def _first_difference(there: bytes, expected: bytes) -> int:
    """Return the number, from 0, of the first line that differs."""
    for i, (one, other) in enumerate(zip(there.split(b"\n"), expected.split(b"\n"), strict=False)):
        if one != other:
            return i
    return expected.count(b"\n")
