"""An account's journal followed from beside the process that writes it: slots and halts, read only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, column, inspect, select, table

from services.domain.events import Closed, Event, Genesis, Halt, Lift, Opened, Outcome
from services.domain.inbox import HaltKey, key_of, lifted_by
from services.journal.chain import GENESIS_HASH
from services.journal.codec import decode_event
from services.journal.database import NoJournal, Where, open_for_reading
from services.journal.schema import EVENT_COLUMNS
from services.ports import JournalFault

_EVENTS = table("events", *(column(name) for name in EVENT_COLUMNS))
_HEADS = table("heads", column("account"), column("seq"), column("hash"))
_KINDS = ("genesis", "opened", "closed", "halt", "lift")
_SESSIONS_KEPT = 256
"""More than the sessions of any account in the time that is looked back."""


@dataclass(slots=True)
class Told:
    """What the journal tells so far: whose it is, its halts, its last sessions by their slot.

    `ended_at` is when each of those that ended did.
    """

    genesis: Genesis | None = None
    sessions: dict[datetime, Outcome | None] = field(default_factory=dict)
    ended_at: dict[datetime, datetime] = field(default_factory=dict)
    halts: dict[HaltKey, Halt] = field(default_factory=dict)
    halted_at: dict[HaltKey, datetime] = field(default_factory=dict)
    slots: dict[str, datetime] = field(default_factory=dict)

    def copy(self) -> Told:
        """Return another one that tells the same."""
        return Told(
            genesis=self.genesis,
            sessions=dict(self.sessions),
            ended_at=dict(self.ended_at),
            halts=dict(self.halts),
            halted_at=dict(self.halted_at),
            slots=dict(self.slots),
        )

    def take(self, event: Event, value: object) -> None:
        """Move over one event and its body."""
        match value:
            case Genesis():
                self.genesis = value
            case Opened():
                self.slots[event.session] = value.slot.astimezone(UTC)
                self.sessions[value.slot.astimezone(UTC)] = None
                self._forget_old()
            case Closed():
                slot = self.slots.get(event.session)
                if slot is not None:
                    self.sessions[slot] = value.outcome
                    self.ended_at[slot] = datetime.fromisoformat(event.at)
            case Halt():
                self._halted(event, value)
            case Lift():
                for key in lifted_by(value, tuple(self.halts)):
                    del self.halts[key], self.halted_at[key]

    def _halted(self, event: Event, halt: Halt) -> None:
        key = key_of(halt)
        held = self.halts.get(key)
        if held is None or halt.cause.strictness > held.cause.strictness:
            self.halts[key] = halt
            self.halted_at[key] = datetime.fromisoformat(event.at)

    def _forget_old(self) -> None:
        for session in list(self.slots)[:-_SESSIONS_KEPT]:
            slot = self.slots.pop(session)
            self.sessions.pop(slot, None)
            self.ended_at.pop(slot, None)


class _Read(NamedTuple):
    """The end of the journal, the hash of the event known last, and the events since that matter."""

    seq: int
    hash: str
    known: str | None
    events: tuple[Event, ...]


class JournalTail:
    """Follows one account's journal; `catch_up` reads what is new, no byte changes. One thread at a time."""

    def __init__(self, where: Where, account: str) -> None:
        self._where, self._account = where, account
        self._seq, self._hash = 0, GENESIS_HASH
        self.told = Told()

    def catch_up(self) -> None:
        """Move `told` to the end of the journal.

        Raises:
            NoJournal: There is none yet.
            JournalFault: It cannot be read, or what was read before is no longer in it; the next call
                begins anew.
        """
        database = open_for_reading(self._where)
        try:
            read = database.read("follow", self._since)
        finally:
            database.close()
        if read.known != self._hash:
            label, known = database.label, self._seq
            self._seq, self._hash, self.told = 0, GENESIS_HASH, Told()
            raise JournalFault(f"follow {label}", f"event {known}, read before, is gone or another one now")
        # Put in place whole: whoever looks at it meanwhile, from another thread, sees the one before.
        told = self.told.copy()
        for event in read.events:
            told.take(event, decode_event(event))
        self.told, self._seq, self._hash = told, read.seq, read.hash

    def _since(self, connection: Connection) -> _Read:
        """Return what came after the last event known; all of one moment, or a later look sees the rest."""
        if not self._seq and not inspect(connection).has_table("heads"):
            raise NoJournal("follow the journal", "there is none in that database")
        mine = _EVENTS.c.account == self._account
        head = connection.execute(
            select(_HEADS.c.seq, _HEADS.c.hash).where(_HEADS.c.account == self._account)
        ).one_or_none()
        if head is None:
            raise NoJournal("follow the journal", f"it holds no account {self._account}")
        known: str | None = GENESIS_HASH
        if self._seq:
            known = connection.execute(
                select(_EVENTS.c.hash).where(mine, _EVENTS.c.seq == self._seq)
            ).scalar_one_or_none()
        rows = connection.execute(
            select(_EVENTS)
            .where(mine, _EVENTS.c.seq > self._seq, _EVENTS.c.seq <= head.seq, _EVENTS.c.kind.in_(_KINDS))
            .order_by(_EVENTS.c.seq)
        )
        return _Read(head.seq, head.hash, known, tuple(Event(*row) for row in rows))
