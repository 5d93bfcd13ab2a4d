"""The sessions of a journal as a person reads them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from typing import assert_never

import msgspec

from monitor.armed import armed_exits
from monitor.reading import ValueOf, inline_value, values
from services.domain.book import OrderEnded
from services.domain.decision import BadAnswer, Decision
from services.domain.events import (
    Closed,
    Event,
    Exits,
    FaultRecord,
    Halt,
    Opened,
    Outcome,
    Verdicts,
)
from services.domain.fills import Fill, Movement
from services.domain.orders import OrderTerms, Refusal, SessionId
from services.domain.record import SessionRecord
from services.domain.statement import Statement

_WANTED = (
    Opened,
    Statement,
    Movement,
    FaultRecord,
    Halt,
    Exits,
    Decision,
    BadAnswer,
    Verdicts,
    OrderTerms,
    Fill,
    OrderEnded,
    Closed,
)

_LABEL = re.compile(r"(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})")


class _Draft(msgspec.Struct):
    """What was read of one session so far."""

    first: Event
    steps: set[str] = msgspec.field(default_factory=set)
    opened: Opened | None = None
    closed: Closed | None = None
    decision: Decision | BadAnswer | None = None
    statement: Statement | None = None
    verdicts: list[Verdicts] = msgspec.field(default_factory=list)
    orders: dict[str, OrderTerms] = msgspec.field(default_factory=dict)
    fills: dict[str, Fill] = msgspec.field(default_factory=dict)
    ended: dict[str, OrderEnded] = msgspec.field(default_factory=dict)
    movements: dict[str, Movement] = msgspec.field(default_factory=dict)
    faults: list[FaultRecord] = msgspec.field(default_factory=list)
    halts: list[Halt] = msgspec.field(default_factory=list)
    exits: Exits | None = None


def session_records(events: Iterable[Event], value_of: ValueOf = inline_value) -> Iterator[SessionRecord]:
    """Yield every session of a journal, in the order they were opened.

    What reached a session after its close (later fills, orders that waited) is in its record.
    `value_of` reads an event's body; the one given by default knows inline bodies alone.

    Raises:
        JournalFault: A body cannot be read.
    """
    kept = tuple(events)
    drafts: dict[str, _Draft] = {}
    for event in kept:
        if event.step == "opened" or event.step == "closed":
            drafts.setdefault(event.session, _Draft(first=event))
        if event.session in drafts:
            drafts[event.session].steps.add(event.step)
    for event, value in values(kept, _WANTED, value_of):
        if event.session in drafts:
            _take(drafts[event.session], value)
    for session, draft in drafts.items():
        yield _record(SessionId(session), draft)


def refusals_of(verdicts: Iterable[Verdicts]) -> tuple[Refusal, ...]:
    """Return the refusals of a session, each once, in order: later verdicts may repeat earlier ones."""
    return tuple(dict.fromkeys(refusal for one in verdicts for refusal in one.refused))


def state_of(steps: Collection[str], outcome: Outcome | None) -> str:
    """Return the state a person sees of a session with these steps.

    One of IDLE, FETCHING, ANALYZING, DECIDING, EXECUTING while it runs; afterwards COMPLETED,
    NO_TRADE, HALTED, MISSED or FAILED. A session without a decision completed only if an exit
    left for the broker.
    """
    if outcome is not None:
        return ended_state(outcome, any("intended:" in step for step in steps))
    for step, state in (
        ("verdicts", "EXECUTING"),
        ("answer", "DECIDING"),
        ("prices", "ANALYZING"),
        ("opened", "FETCHING"),
    ):
        if step in steps:
            return state
    return "IDLE"


def ended_state(outcome: Outcome, sent: bool) -> str:
    """Return the state of a session that ended; `sent` says whether an order left or was about to."""
    match outcome:
        case Outcome.DONE:
            return "COMPLETED"
        case Outcome.RISK_ONLY:
            return "COMPLETED" if sent else "NO_TRADE"
        case Outcome.NO_TRADE | Outcome.MARKET_CLOSED:
            return "NO_TRADE"
        case Outcome.HALTED:
            return "HALTED"
        case Outcome.MISSED:
            return "MISSED"
        case Outcome.FAILED | Outcome.CALENDAR_UNKNOWN:
            # Nobody knows whether that day trades: a person has to bring the calendar up to date.
            return "FAILED"
        case _:
            assert_never(outcome)


def _take(draft: _Draft, value: object) -> None:
    """Put a body where it belongs."""
    match value:
        case Opened():
            draft.opened = value
        case Closed():
            draft.closed = value
        case Statement():
            draft.statement = draft.statement or value
        case Decision() | BadAnswer():
            draft.decision = value
        case Verdicts():
            draft.verdicts.append(value)
        case FaultRecord():
            draft.faults.append(value)
        case Halt():
            draft.halts.append(value)
        case _:
            _take_trading(draft, value)


def _take_trading(draft: _Draft, value: object) -> None:
    match value:
        case Exits():
            draft.exits = value
        case OrderTerms():
            draft.orders.setdefault(value.order_id, value)
        case Fill():
            draft.fills.setdefault(value.fill_id, value)
        case OrderEnded():
            draft.ended.setdefault(value.order_id, value)
        case Movement():
            draft.movements.setdefault(value.movement_id, value)


def _record(session: SessionId, draft: _Draft) -> SessionRecord:
    day, slot = _day_and_slot(session, draft)
    outcome = draft.closed.outcome if draft.closed else None
    return SessionRecord(
        session=session,
        day=day,
        slot=slot,
        opened=draft.opened,
        state=state_of(draft.steps, outcome),
        outcome=outcome,
        reason=draft.closed.reason if draft.closed else "",
        decision=draft.decision,
        statement=draft.statement,
        verdicts=tuple(draft.verdicts),
        orders=tuple(draft.orders.values()),
        fills=tuple(draft.fills.values()),
        movements=tuple(draft.movements.values()),
        refusals=refusals_of(draft.verdicts),
        faults=tuple(draft.faults),
        ended=tuple(draft.ended.values()),
        halts=tuple(draft.halts),
        armed=armed_exits(draft.exits, draft.verdicts),
    )


def _day_and_slot(session: str, draft: _Draft) -> tuple[date, str]:
    """Return the trading day and local time; of a session never opened (missed), as its id says."""
    if draft.opened is not None:
        return draft.opened.day, draft.opened.at.rpartition(" ")[2][:5]
    label = _LABEL.search(session)
    if label is None:
        return datetime.fromisoformat(draft.first.at).date(), ""
    year, month, day, hour, minute = label.groups()
    return date(int(year), int(month), int(day)), f"{hour}:{minute}"
