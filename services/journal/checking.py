"""A journal that writes nothing: each step recomputed is compared with the one recorded."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import TypeVar, cast

from services.clock import ReplayClock
from services.domain.bars import Panel
from services.domain.events import Closed, Event, FaultRecord, Outcome
from services.domain.orders import OrderTerms
from services.domain.statement import Sight, Sighting
from services.journal.chain import link
from services.journal.journal import Journal, Listener, pack, raised, record_of
from services.ports import BrokerFault, EventStore, Fault, JournalFault

T = TypeVar("T")

EVIDENCE = frozenset({"sighting", "repaired"})
"""Kinds that tell of a crash and its repair: they happened once and are not recomputed."""


_COLLECTED = frozenset({"fill", "movement"})
"""Kinds that a broker's listings are written as, whoever asks for them first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One step that does not come out as recorded; `field` is a path into the body, empty for all of it."""

    session: str
    step: str
    field: str
    recorded: str
    recomputed: str


class _Stored:
    """Bodies of another store and those that came out anew, and no events."""

    def __init__(self, store: EventStore, anew: Mapping[str, bytes]) -> None:
        self._store, self._anew = store, anew

    def events(self) -> Iterable[Event]:
        return ()

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        raise JournalFault("append", "a replay writes nothing")

    def body(self, digest: str) -> bytes:
        return self._anew[digest] if digest in self._anew else self._store.body(digest)

    def close(self) -> None:
        return None


class CheckingJournal(Journal):
    """Takes the place of a journal in a replay.

    `write` compares instead of writing, notes each difference in `differences`, and goes on with
    what was recorded; in the session named by `diverging` with what comes out now, so that one sees
    what would have followed. The clock shows the recorded moment of the step that comes next.
    """

    def __init__(
        self,
        store: EventStore,
        account: str,
        clock: ReplayClock,
        panel_of: Callable[[str], Panel],
        listeners: tuple[Listener, ...] = (),
    ) -> None:
        self._anew: dict[str, bytes] = {}
        super().__init__(_Stored(store, self._anew), account, clock, panel_of, listeners)
        self.recorded: tuple[Event, ...] = tuple(store.events())
        self._latest_by = tuple(accumulate((event.at for event in self.recorded), max))
        self.differences: list[Difference] = []
        self.diverging = ""
        self._replay_clock = clock
        self._by_step = {(event.session, event.step): event for event in self.recorded}
        self._of_session: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.recorded:
            self._of_session[event.session].append(event)
        self._seen: set[tuple[str, str]] = set()
        self._held_back: list[tuple[Event, object]] = []
        self._next = 0

    def compared(self, session: str, step: str, value: object) -> object:
        """Return what the replay goes on with: the recorded value, or where it diverges the other one."""
        before = len(self.differences)
        event = self.write(session, step, value)
        same = len(self.differences) == before
        return value if same or event.seq == 0 else self.value(event)

    def write(self, session: str, step: str, value: object) -> Event:
        """Compare the step with the record and take the record's side."""
        bodies: dict[str, bytes] = {}
        kind, version, body = pack(value, bodies)
        event = self._by_step.get((session, step))
        if event is None:
            self._anew.update(bodies)
            self.differences.append(
                Difference(session=session, step=step, field="", recorded="nothing", recomputed=body)
            )
            at = self._stamp(self._replay_clock.now())
            event = link(0, self.name, session, step, kind, version, at, body, "")
            self._take(event, value)
            return event
        if (kind, body) != (event.kind, event.body) and not self._older_form(event, kind, body):
            self.differences.append(difference(event, kind, body))
            if session == self.diverging:
                self._anew.update(bodies)
                event = link(0, self.name, session, step, kind, version, event.at, body, "")
            else:
                value = self.value(event)
        self._seen.add((session, step))
        self._take(event, value)
        for held_back, held in self._held_back:
            self._take(held_back, held)
        self._held_back.clear()
        self._show_next(sending=isinstance(value, OrderTerms))
        return event

    def holds(self, session: str, step: str) -> bool:
        """Answer whether the step is on record, whether or not the replay has come to it."""
        return (session, step) in self._by_step

    def log(self, session: str) -> CheckingLog:  # type: ignore[override]  # Same methods; it checks.
        """Return the checking log of a session."""
        return CheckingLog(self, session)

    def unseen(self, session: str) -> tuple[Event, ...]:
        """Return the recorded events of the session that the replay did not come to."""
        return tuple(
            event
            for event in self._of_session[session]
            if (session, event.step) not in self._seen and event.kind not in EVIDENCE
        )

    def of_session(self, session: str) -> Sequence[Event]:
        """Return the recorded events of the session, in their order."""
        return self._of_session[session]

    def recorded_value(self, session: str, step: str) -> object:
        """Return what the record holds for a step, None where it holds nothing."""
        event = self._by_step.get((session, step))
        return None if event is None else self.value(event)

    def take_as_recorded(self, session: str) -> None:
        """Take the rest of a session as it stands: what was cut off and given up is not lived again."""
        for event in self._of_session[session]:
            if (session, event.step) not in self._seen:
                self.write(session, event.step, self.value(event))

    def take_collected_before(self, session: str, step: str) -> None:
        """Take fills and movements that were on record before the broker failed at a step.

        A process found them at its start; what would find them here ends with that fault.
        """
        failed = self._by_step[session, step]
        for event in self.recorded[self._next : failed.seq - 1]:
            if event.kind in _COLLECTED and (event.session, event.step) not in self._seen:
                self.write(event.session, event.step, self.value(event))

    def start_at(self, moment: datetime) -> None:
        """Show the moment at which something on record began."""
        self._replay_clock.show(moment)

    def _step(self, place: int) -> tuple[str, str]:
        event = self.recorded[place]
        return event.session, event.step

    def _older_form(self, event: Event, kind: str, body: str) -> bool:
        """Answer whether the record says the same as it was written before fields with defaults came."""
        return pack(self.value(event), {}) == (kind, event.version, body)

    def _take(self, event: Event, value: object) -> None:
        """Take the event; the journal's moment is the recorded one.

        What stands before it on record had been written then, also what is found only later here: after a
        clock set back that may be the latest of all.
        """
        self._moment, self._at = None, event.at
        if event.seq and self._latest_by[event.seq - 1] > self._latest_at:
            self._latest, self._latest_at = None, self._latest_by[event.seq - 1]
        super()._take(event, value)

    def _show_next(self, *, sending: bool) -> None:
        """Show the moment of the next step; take what no session computes before it as it stands.

        What follows evidence was asked of an exchange that stood at its moment. But an order that a
        look-up found had reached the exchange before that look-up, and before what its process had
        written first. When an order is about to be sent (`sending`), fills that a process found at its start
        lie before that too; here they are found later, with those of the session's other orders.
        """
        evidence = self._evidence(sending)
        while self._next < len(self.recorded) and self._step(self._next) in self._seen:
            self._next += 1
        while evidence and _found(evidence[-1][1]):
            evidence.pop()
            while evidence and not isinstance(evidence[-1][1], Sighting):
                self._held_back.insert(0, evidence.pop())
        for event, value in evidence:
            self._take(event, value)

    def _evidence(self, sending: bool) -> list[tuple[Event, object]]:
        """Return what stands before the next step as it is, and show that step's moment."""
        evidence: list[tuple[Event, object]] = []
        for place in range(self._next, len(self.recorded)):
            event = self.recorded[place]
            step = (event.session, event.step)
            if step in self._seen:
                continue
            if _as_it_stands(event):
                self._seen.add(step)
                evidence.append((event, self.value(event)))
            elif not (sending and event.kind in _COLLECTED):
                self._replay_clock.show(datetime.fromisoformat(event.at))
                break
        return evidence


def _as_it_stands(event: Event) -> bool:
    """Answer whether nothing computes the event: evidence, and what belongs to no session.

    A person's word on an order is followed by what it means, and is waited with.
    """
    return event.kind in EVIDENCE or not (event.session or event.kind == "settlement")


def _found(value: object) -> bool:
    return isinstance(value, Sighting) and value.sight is not Sight.ABSENT


class CheckingLog:
    """The log of one session in a replay."""

    def __init__(self, journal: CheckingJournal, session: str) -> None:
        self._journal, self.session = journal, session

    def has(self, step: str) -> bool:
        """Answer whether the replay has come to the step already."""
        return self._journal.find(self.session, step) is not None

    async def once(self, step: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the recorded answer, after comparing it with what the twin of the outside says.

        That a broker failed is the outside's word: its twin does not fail, and is not asked.

        Raises:
            Fault: A fault was recorded.
        """
        recorded = self._journal.recorded_value(self.session, step)
        if isinstance(recorded, FaultRecord) and recorded.door == BrokerFault.door:
            self._journal.take_collected_before(self.session, step)
            return cast(T, raised(self._journal.compared(self.session, step, recorded)))
        try:
            answer: object = await ask()
        except Fault as fault:
            answer = record_of(fault)
        return cast(T, raised(self._journal.compared(self.session, step, answer)))

    def settle(self, step: str, value: T) -> T:
        """Return the recorded value, after comparing it with the one recomputed."""
        return cast(T, self._journal.compared(self.session, step, value))

    def close(self, outcome: Outcome, reason: str = "") -> Closed:
        """Compare the session's end."""
        return self.settle("closed", Closed(outcome=outcome, reason=reason))


def difference(event: Event, kind: str, body: str) -> Difference:
    """Return the first field in which a recomputed body differs from the event's."""
    if kind != event.kind:
        return Difference(
            session=event.session,
            step=event.step,
            field="",
            recorded=f"{event.kind} {event.body}",
            recomputed=f"{kind} {body}",
        )
    path, recorded, recomputed = _first_difference(json.loads(event.body), json.loads(body), "")
    return Difference(
        session=event.session,
        step=event.step,
        field=path,
        recorded=json.dumps(recorded, ensure_ascii=False),
        recomputed=json.dumps(recomputed, ensure_ascii=False),
    )


def _first_difference(one: object, other: object, path: str) -> tuple[str, object, object]:
    """Return the path and both values where two JSON values first differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key) or (key in one) != (key in other):
                return _first_difference(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    if isinstance(one, list) and isinstance(other, list):
        for i, (left, right) in enumerate(zip(one, other, strict=False)):
            if left != right:
                return _first_difference(left, right, f"{path}[{i}]")
        if len(one) != len(other):
            return f"{path}.length", len(one), len(other)
    return path, one, other
