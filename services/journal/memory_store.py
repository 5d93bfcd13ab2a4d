"""A journal in memory, saved in the form of the SQL journal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from services.domain.events import Event
from services.journal.chain import GENESIS_HASH, Head, require_digests
from services.journal.new_file import NewJournalFile
from services.ports import JournalFault


class Follows:
    """What is known of the events so far, so that none is taken that does not follow them."""

    def __init__(self) -> None:
        self.seq, self.hash = 0, GENESIS_HASH
        self._account = ""
        self._steps: defaultdict[str, set[str]] = defaultdict(set)

    def take(self, events: Sequence[Event]) -> None:
        """Move over the next events.

        Raises:
            JournalFault: They do not follow the last event, or a step is already there; none was taken.
        """
        prev, seq, account = self.hash, self.seq, self._account
        for event in events:
            number, of, session, step, _kind, _version, _at, _body, before, own = event
            account = account or of
            if number != seq + 1 or before != prev or of != account:
                self._forget(events[: seq - self.seq])
                raise JournalFault(f"append event {number}", f"it does not follow event {seq}")
            steps = self._steps[session]
            if step in steps:
                self._forget(events[: seq - self.seq])
                place = session, step
                raise JournalFault(f"append event {number}", f"its step {place} is already written")
            steps.add(step)
            prev, seq = own, number
        self.hash, self.seq, self._account = prev, seq, account

    def _forget(self, events: Sequence[Event]) -> None:
        for event in events:
            self._steps[event.session].discard(event.step)


class MemoryStore:
    """Events and bodies of one account in memory. Nothing is durable before `save` has returned."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._bodies: dict[str, bytes] = {}
        self._last = Follows()

    def events(self) -> Iterable[Event]:
        """Return every event, by `seq`."""
        return tuple(self._events)

    def head(self) -> Head:
        """Return the last event's place in the chain."""
        return Head(seq=self._last.seq, hash=self._last.hash)

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        """Take events and the large bodies they name, all or nothing.

        Raises:
            JournalFault: They do not follow the last event, or a step is already there.
        """
        if bodies:
            require_digests(bodies)
        self._last.take(events)
        self._events += events
        self._bodies.update(bodies)

    def body(self, digest: str) -> bytes:
        """Return the large body with that SHA-256.

        Raises:
            JournalFault: There is none.
        """
        return known_body(self._bodies.get(digest), digest)

    def body_digests(self) -> tuple[str, ...]:
        """Return the names of all bodies, sorted."""
        return tuple(sorted(self._bodies))

    def require_fence(self) -> None:
        """Do nothing: what lies in this process's memory has no other writer."""

    def close(self) -> None:
        """Give everything back: there is nothing to give."""

    def save(self, path: Path, *, replace: bool = False) -> None:
        """Write the journal as an SQLite file, whole or not at all; durable when this returns.

        Raises:
            JournalFault: It cannot be written, or there is a journal at `path` (with `replace`:
                one that was cut off while written, or is being written).
        """
        file = NewJournalFile(path, replace=replace)
        file.add(self._events, sorted(self._bodies.items()))
        file.place()


def known_body(body: bytes | None, digest: str) -> bytes:
    """Return a body that was found under its digest.

    Raises:
        JournalFault: None was.
    """
    if body is None:
        raise JournalFault(f"read body {digest}", "it is not in the journal")
    return body
