"""`position.jsonl` on the disk: completed after a crash, appended to after each commit."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.domain.events import Event, Repaired
from services.journal.account import Account
from services.journal.audit import TELLING, AuditTrail
from services.ports import JournalFault

_AT_ONCE_BYTES = 1 << 16
"""Handed to the system in one call; a run keeps all its lines to its end and then writes megabytes."""


class AuditBroken(JournalFault):
    """The file is not what the journal says it must be: nothing is written, nothing is traded."""


class AuditFile:
    """The audit trail's file, fed by a journal.

    Give `hears` to the journal that is opened, as a listener; then call `repair` once, before anything
    is traded. From then on every completed line is on the disk when the event that completed it has been
    committed and the journal's `write` returned; with `at_once` False nothing is written until `flush`.
    """

    def __init__(self, path: Path, *, at_once: bool = True) -> None:
        self.path, self._at_once = path, at_once
        self._trail = AuditTrail()
        self._there: bytes | None = None
        self._same_bytes, self._same_lines, self._differs = 0, 0, False
        self._pending: list[bytes] = []
        self._repaired = False

    @property
    def hears(self) -> Mapping[type, Callable[..., None]]:
        """What takes the bodies of the journal's events, by their type.

        Raises, when called:
            JournalFault: The file cannot be read or written.
        """
        return {**self._trail.collects, **dict.fromkeys(TELLING, self._take)}

    def _take(self, event: Event, value: object, account: Account) -> None:
        lines = self._trail.apply(event, value, account)
        if not lines:
            return
        if not self._repaired:
            self._compare(lines)
            return
        self._pending += lines
        if self._at_once:
            self.flush()

    def intact(self) -> bool:
        """Answer whether the file holds exactly what the journal says; nothing is written.

        Raises:
            JournalFault: It cannot be read.
        """
        return not self._pending and self._begins_right()

    def repair(self) -> Repaired | None:
        """Bring the file up to the journal; return what was mended, None where nothing was missing.

        Raises:
            AuditBroken: The file holds other bytes than the journal's.
            JournalFault: It cannot be read or written.
        """
        if not self._begins_right():
            raise AuditBroken(
                f"continue {self.path}",
                f"line {self._same_lines} is not what the journal holds; "
                "see `verify`, and put the file's last good copy back or move it away",
            )
        there, added = self._whole(), len(self._pending)
        torn = len(there) - (there.rfind(b"\n") + 1)
        existed = self.path.exists()
        self._repaired, self._there = True, None
        if self._pending and self._at_once:
            self.flush()
        # A file that was never there is written for the first time with its opening line alone.
        repaired = added > (0 if existed else 1)
        return Repaired(torn_bytes=torn, lines_added=added) if repaired else None

    def _compare(self, lines: Sequence[bytes]) -> None:
        """Hold the journal's next lines against the file's; what the file lacks of them is pending."""
        there = self._whole()
        for line in lines:
            if self._differs:
                return
            part = there[self._same_bytes : self._same_bytes + len(line)]
            self._differs = not line.startswith(part)
            if len(part) < len(line):
                self._pending.append(line[len(part) :])
            if not self._differs:
                self._same_bytes += len(part)
                self._same_lines += len(part) == len(line)

    def _begins_right(self) -> bool:
        """Answer whether the file holds nothing but the beginning of what the journal says, or all of it."""
        return not self._differs and self._same_bytes == len(self._whole())

    def flush(self) -> None:
        """Write the lines kept; they are on the disk when this returns.

        Raises:
            JournalFault: The file cannot be written.
        """
        if not self._pending:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=_AT_ONCE_BYTES) as file:
                file.writelines(self._pending)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise JournalFault(f"write {self.path}", error.strerror or str(error)) from error
        self._pending = []

    def _whole(self) -> bytes:
        """Return the file as it was when it was first looked at, before the repair."""
        if self._there is None:
            self._there = self._read()
        return self._there

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise JournalFault(f"read {self.path}", error.strerror or str(error)) from error
