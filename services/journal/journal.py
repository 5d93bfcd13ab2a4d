"""Asking once, writing before using: the journal of one account and the log of one session."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol, TypeVar, cast

from services.domain.bars import Panel
from services.domain.events import BodyRef, Closed, Event, FaultRecord, Outcome, PanelRef, SnapshotRef
from services.domain.quotes import PanelSnapshot
from services.journal.account import Account, Fold
from services.journal.chain import GENESIS_HASH, link
from services.journal.codec import KIND_OF, VERSION, decode, encode, kind_of
from services.journal.shelf import Read, Shelf, paged
from services.ports import AgentFault, BrokerFault, Clock, EventStore, Fault, JournalFault, PriceFault

T = TypeVar("T")

SESSIONS_HELD = 40
"""Sessions whose events a process that stays up holds in memory: ten days of four slots, more than a briefing
tells of."""

INLINE_BYTES_MAX = 4096
"""A longer body lies beside the journal under its hash."""

_FAULTS: Mapping[str, type[Fault]] = {kind.door: kind for kind in (PriceFault, BrokerFault, JournalFault)}

Hear = Callable[[Event, object, Account], None]
"""Called with an event, its decoded body and the account after it."""

Listener = Hear | Mapping[type, Callable[..., None]]
"""Who is told of every event; or, by the type of the body, who is told of those alone."""


class JournalDrift(RuntimeError):
    """A step recomputed differs from what was recorded: code, limits or rulebook changed in between."""


class Log(Protocol):
    """The record of one session, written or checked."""

    @property
    def session(self) -> str:
        """The session's id."""

    def has(self, step: str) -> bool:
        """Answer whether the step is recorded."""

    async def once(self, step: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what the outside says, recorded; on a second run what it said then.

        Raises:
            Fault: The outside failed, now or then.
        """

    def settle(self, step: str, value: T) -> T:
        """Record what we computed; on a second run compare.

        Raises:
            JournalDrift: It differs from the record.
        """

    def close(self, outcome: Outcome, reason: str = "") -> Closed:
        """Record the session's end."""


class Journal:
    """The events of one account: appended, chained, folded as they come.

    `panel_of` returns a stored panel by digest; snapshots read off a panel are recorded as that
    digest and a moment. `account` is the fold up to the last event. Listeners are called with every
    event there is and every one to come, in order, or with those of the types they name. `steps` finds
    the events of a session; where they belong to none, `find` does.

    With `read`, which reads events of the store by their numbers, only those of the last `SESSIONS_HELD`
    sessions are held in memory: for a process that stays up. The others are read when somebody asks.
    """

    def __init__(
        self,
        store: EventStore,
        account: str,
        clock: Clock,
        panel_of: Callable[[str], Panel],
        listeners: tuple[Listener, ...] = (),
        read: Read | None = None,
    ) -> None:
        self.name, self._store, self._clock, self._panel_of = account, store, clock, panel_of
        self.account = Account()
        self._read = read
        self.events: list[Event] | Shelf = [] if read is None else Shelf(read)
        self._begun: deque[tuple[str, int]] = deque()
        self._over: list[str] = []
        self.steps = Steps(self.account, self.events)
        self._aside: dict[str, int] = {}
        self._told = _Told(self.account, listeners)
        self._seq, self._hash = 0, GENESIS_HASH
        self._moment: datetime | None = None
        self._at = ""
        self._latest: datetime | None = None
        self._latest_at = ""
        for event in store.events() if read is None else paged(read):
            self._take(event, self.value(event))

    @property
    def moment(self) -> datetime | None:
        """The latest moment of any event, None while there is none; a clock set back changes nothing."""
        if self._latest is None and self._latest_at:
            self._latest = datetime.fromisoformat(self._latest_at)
        return self._latest

    @property
    def recent(self) -> Sequence[Event]:
        """The events that are held in memory: all of them, or those of the last sessions."""
        return self.events.at_hand if isinstance(self.events, Shelf) else self.events

    def find(self, session: str, step: str) -> Event | None:
        """Return the event of that session and step, or None."""
        found = self.steps[session].get(step)
        if found is None and not session and step in self._aside:
            return self.events[self._aside[step] - 1]
        return found

    def holds(self, session: str, step: str) -> bool:
        """Answer whether the step is on record."""
        return self.find(session, step) is not None

    def value(self, event: Event) -> object:
        """Return the event's body as the domain holds it.

        Raises:
            JournalFault: The body is of a newer version, or lies nowhere.
        """
        body = decode(event.kind, event.version, event.body)
        if isinstance(body, BodyRef):
            return decode(body.kind, event.version, self._store.body(body.body).decode())
        if isinstance(body, SnapshotRef):
            return PanelSnapshot(panel=self._panel_of(body.panel), moment=body.moment)
        if isinstance(body, PanelRef):
            return self._panel_of(body.panel)
        return body

    def write(self, session: str, step: str, value: object) -> Event:
        """Append an event; it is durable (as the store understands it) when this returns.

        Raises:
            JournalFault: It cannot be written: nothing may be traded on it.
        """
        bodies: dict[str, bytes] = {}
        kind, version, body = pack(value, bodies)
        now = self._clock.now()
        at = self._at if now is self._moment else self._stamp(now)
        event = link(self._seq + 1, self.name, session, step, kind, version, at, body, self._hash)
        self._store.append((event,), bodies)
        self._take(event, value)
        return event

    def log(self, session: str) -> SessionLog:
        """Return the log of a session."""
        return SessionLog(self, session)

    def _stamp(self, now: datetime) -> str:
        self._moment, self._at = now, now.astimezone(UTC).isoformat()
        return self._at

    def _take(self, event: Event, value: object) -> None:
        seq, _account, session, step, _kind, _version, at, _body, _prev, own = event
        if at != self._at:
            self._moment, self._at = None, at
        if at is not self._latest_at and at > self._latest_at:
            self._latest, self._latest_at = self._moment, at
        steps = self.steps.get(session)
        if steps is None:
            # Of a session that was let go: who looks for its other steps must find them again.
            steps = self.steps[session] = {} if step == "opened" else self.steps[session]
        steps[step] = event
        self.events.append(event)
        self._seq, self._hash = seq, own
        fold, hearers = self._told[type(value)]
        if fold is not None:
            fold(event, value)
        for hear in hearers:
            hear(event, value, self.account)
        if step == "opened" and self._read is not None:
            self._begun.append((session, seq))
            self._let_go()

    def _let_go(self) -> None:
        """Hold no more of sessions that are long over than what the account's fold says of them."""
        shelf = self.events
        while len(self._begun) > SESSIONS_HELD and isinstance(shelf, Shelf):
            self._over.append(self._begun.popleft()[0])
            # One of which something is open is asked for its steps, so it waits until nothing is.
            self._over = [session for session in self._over if not self._forgotten(session)]
            shelf.forget(self._begun[0][1])
            self._put_aside(self._begun[0][1])

    def _forgotten(self, session: str) -> bool:
        if not self.account.forget(session):
            return False
        self.steps.pop(session, None)
        return True

    def _put_aside(self, before_seq: int) -> None:
        """Of earlier events that belong to no session hold only the numbers, by their steps."""
        beside = self.steps[""]
        for step, event in tuple(beside.items()):
            if event.seq >= before_seq:
                break
            self._aside[step] = event.seq
            del beside[step]


class _Told(dict[type, tuple[Fold | None, tuple[Hear, ...]]]):
    """Who is told of a body of a type, found once for each: the account, and listeners in their order."""

    def __init__(self, account: Account, listeners: tuple[Listener, ...]) -> None:
        self._folds, self._listeners = account.folds, listeners

    def __missing__(self, kind: type) -> tuple[Fold | None, tuple[Hear, ...]]:
        told = (one.get(kind) if isinstance(one, Mapping) else one for one in self._listeners)
        hearers = tuple(hear for hear in told if hear is not None)
        found = self[kind] = self._folds.get(kind), hearers
        return found


class Steps(dict[str, dict[str, Event]]):
    """The events that are held, by session and step; those of any other session are read when asked for.

    What belongs to no session stands under the empty name. It knows the journal's parts and not the journal:
    the two would wait for the collector of cycles, with all their events.
    """

    def __init__(self, account: Account, events: Sequence[Event] | Shelf) -> None:
        super().__init__({"": {}})
        self._account, self._events = account, events

    def __missing__(self, session: str) -> dict[str, Event]:
        """Return the events, by their steps, of a session that is not held: let go, or not begun."""
        if not isinstance(self._events, Shelf) or session not in self._account.sessions:
            return {}
        return {event.step: event for event in self._events if event.session == session}


class SessionLog:
    """The log of one session in a journal that is being written."""

    def __init__(self, journal: Journal, session: str) -> None:
        self._journal, self._steps, self.session = journal, journal.steps, session

    def has(self, step: str) -> bool:
        """Answer whether the step is recorded."""
        return step in self._steps[self.session]

    async def once(self, step: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what the outside says, recorded; on a second run what it said then.

        Raises:
            Fault: The outside failed, now or then.
        """
        event = self._steps[self.session].get(step)
        if event is not None:
            return cast(T, raised(self._journal.value(event)))
        try:
            answer = await ask()
        except JournalFault:
            raise
        except Fault as fault:
            self._journal.write(self.session, step, record_of(fault))
            raise
        self._journal.write(self.session, step, answer)
        return answer

    def settle(self, step: str, value: T) -> T:
        """Record what we computed; on a second run compare.

        Raises:
            JournalDrift: It differs from the record.
        """
        event = self._steps[self.session].get(step)
        if event is None:
            self._journal.write(self.session, step, value)
            return value
        kind, version, body = pack(value, {})
        written = (event.kind, event.version, event.body)
        # Written before a field with a default was added, a record says the same in another form.
        if (kind, version, body) != written and (kind, version, body) != pack(self._journal.value(event), {}):
            raise JournalDrift(
                f"session {self.session}, step {step}: recorded {event.kind} {event.body[:300]}, "
                f"recomputed {kind} {body[:300]}"
            )
        return value

    def close(self, outcome: Outcome, reason: str = "") -> Closed:
        """Record the session's end."""
        return self.settle("closed", Closed(outcome=outcome, reason=reason))


def record_of(fault: Fault) -> FaultRecord:
    """Return a fault as a journal keeps it."""
    if isinstance(fault, AgentFault):
        return FaultRecord(
            door=fault.door,
            asked=fault.asked,
            why=fault.why,
            cost_cny=fault.cost_cny,
            over_budget=fault.over_budget,
        )
    return FaultRecord(door=fault.door, asked=fault.asked, why=fault.why)


def agent_fault(record: FaultRecord) -> AgentFault:
    """Return the fault of a mind that a record is of."""
    return AgentFault(record.asked, record.why, cost_cny=record.cost_cny, over_budget=record.over_budget)


def raised(value: object) -> object:
    """Return a recorded answer; a recorded fault is raised again.

    Raises:
        Fault: The record is of one.
    """
    if isinstance(value, FaultRecord):
        if value.door == AgentFault.door:
            raise agent_fault(value)
        raise _FAULTS.get(value.door, Fault)(value.asked, value.why)
    return value


def pack(value: object, bodies: dict[str, bytes]) -> tuple[str, int, str]:
    """Return kind, version and body of `value` as a journal keeps it; a large one goes to `bodies`."""
    kind = KIND_OF.get(type(value))
    if kind is None:
        value = _named(value)
        kind = kind_of(value)
    body = encode(value)
    if len(body) > INLINE_BYTES_MAX:
        raw = body.encode()
        digest = sha256(raw).hexdigest()
        bodies[digest] = raw
        return "body_ref", VERSION, encode(BodyRef(kind=kind, body=digest))
    return kind, VERSION, body


def _named(value: object) -> object:
    """Return how a journal names what is kept beside it: a stored panel, or what it shows at a moment."""
    if type(value) is PanelSnapshot:
        return SnapshotRef(panel=value.panel.digest, moment=value.moment)
    return PanelRef(panel=value.digest) if type(value) is Panel else value
