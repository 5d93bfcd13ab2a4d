"""The journal of a run that can be made again: in memory what is new, the rest in a file in the making."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from services.domain.events import Event
from services.journal.chain import Head, require_digests
from services.journal.memory_store import Follows, known_body
from services.journal.new_file import NewJournalFile
from services.journal.shelf import paged

EVENTS_HELD_MAX = 2_000
"""So many events are held before they are written together: a hundred sessions or so."""


class RunStore:
    """Events and bodies of one account on their way to `path`. Nothing is durable before `save` has returned.

    Until then there is no journal at `path`. Close it in the end: of a run that was not saved nothing
    is left. Events are written as soon as `events_held_max` of them are held.

    Raises:
        JournalFault: There is a journal at `path` already.
    """

    def __init__(self, path: Path, *, events_held_max: int = EVENTS_HELD_MAX) -> None:
        self._file, self._held_max = NewJournalFile(path), events_held_max
        self._held: list[Event] = []
        self._bodies: dict[str, bytes] = {}
        self._last = Follows()

    def events(self) -> Iterable[Event]:
        """Return every event, by `seq`."""
        return paged(self.read)

    def head(self) -> Head:
        """Return the last event's place in the chain."""
        return Head(seq=self._last.seq, hash=self._last.hash)

    def read(self, first: int, last: int) -> Sequence[Event]:
        """Return the events of the numbers first to last, both included.

        Raises:
            JournalFault: They cannot be read.
        """
        written = self._last.seq - len(self._held)
        earlier = self._file.read(first, last) if first <= written else ()
        return (*earlier, *self._held[max(0, first - 1 - written) : max(0, last - written)])

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        """Take events and the large bodies they name, all or nothing.

        Raises:
            JournalFault: They do not follow the last event, a step is already there, or the file cannot
                be written.
        """
        if bodies:
            require_digests(bodies)
        self._last.take(events)
        self._held += events
        if bodies:
            self._bodies.update(bodies)
        if len(self._held) >= self._held_max:
            self._write()

    def body(self, digest: str) -> bytes:
        """Return the large body with that SHA-256.

        Raises:
            JournalFault: There is none.
        """
        held = self._bodies.get(digest)
        return known_body(self._file.body(digest) if held is None else held, digest)

    def body_digests(self) -> tuple[str, ...]:
        """Return the names of all bodies, sorted.

        Raises:
            JournalFault: They cannot be read.
        """
        return tuple(sorted({*self._bodies, *self._file.body_digests()}))

    def require_fence(self) -> None:
        """Do nothing: the account's lock keeps other writers away, and nobody else knows the file."""

    def save(self) -> None:
        """Put the journal in its place, whole; durable when this returns. It can still be read.

        Raises:
            JournalFault: It cannot be written.
        """
        self._write()
        self._file.place()

    def close(self) -> None:
        """Leave nothing behind of a run that was not saved."""
        self._file.discard()

    def _write(self) -> None:
        self._file.add(self._held, sorted(self._bodies.items()))
        self._held, self._bodies = [], {}
