"""What must hold of orders before they leave: of those that wait, of those approved, and of a kill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.order_times import WAKE_AGAIN
from services.domain.events import Asked, Closed, Look, Outcome, StageKind, Verdicts
from services.domain.orders import OrderId, OrderTerms
from tests.simulation.past import Past, Step
from tests.simulation.process import Idle

REST_MAX_S = 60.0
"""How long a process may rest over the moment at which orders are to be woken."""


@dataclass(kw_only=True)
class Waiting:
    """An order that waited, by its record: the number of its first event, and what was said of it later.

    `answers` are the steps in which it was approved or refused; `looks` tell when it was woken, by number.
    """

    terms: OrderTerms
    since: int
    answers: list[tuple[int, str]] = field(default_factory=list)
    looks: list[tuple[int, datetime]] = field(default_factory=list)
    intended: bool = False

    def due(self, events: int) -> datetime:
        """Return when it was to be woken next, as of so many events."""
        seen = [moment for seq, moment in self.looks if seq <= events]
        return max([self.terms.not_before, *(moment + WAKE_AGAIN for moment in seen)])

    def open_at(self, events: int) -> bool:
        """Answer whether it waited, as of so many events."""
        return self.since <= events and not any(seq <= events for seq, _ in self.answers)


def what_waits_is_answered_once(past: Past) -> Iterator[str]:
    """Each order that waits is approved or refused in one later stage, and nobody rests while it is due."""
    waiting = _waiting(past)
    for order_id, order in waiting.items():
        if len({step for _, step in order.answers}) > 1:
            yield f"order {order_id} waited and was answered in {[step for _, step in order.answers]}"
        if order.intended and not order.answers:
            yield f"order {order_id} waited and was sent unasked"
    yield from _never_answered(past, waiting)
    for order_id, order in waiting.items():
        slept = next((idle for idle in past.outside.idle if _slept_over(order, idle)), None)
        if slept is not None:
            yield f"order {order_id} was to be woken while the process rested from {slept.now} on"


def _never_answered(past: Past, waiting: dict[OrderId, Waiting]) -> Iterator[str]:
    if past.outside.lives[-1].end != "end":
        return
    for order_id, order in waiting.items():
        if not order.answers:
            yield f"order {order_id} waited and was never approved, refused or given up"
    for state in past.journal.account.waiting():
        yield f"orders of session {state.opened.session} still wait in the end"


def what_waited_at_a_kill_never_leaves(past: Past) -> Iterator[str]:
    """No order leaves that waited when the kill file was found."""
    found = [step.event.seq for step in past.steps if _tells_of_the_kill_file(step)]
    left = {sent.terms.order_id: sent for sent in past.outside.sent}
    for order_id, order in _waiting(past).items():
        seq = next((seq for seq in found if order.open_at(seq)), None)
        if seq is not None and order_id in left:
            yield f"order {order_id} waited at the kill of event {seq}, and left at {left[order_id].at}"


def _tells_of_the_kill_file(step: Step) -> bool:
    return isinstance(step.value, Asked) and step.event.step.startswith("kill:")


def what_is_approved_leaves(past: Past) -> Iterator[str]:
    """Each order approved is on record as intended, and each buy deferred is answered, but for a fault."""
    intended = {step.value.order_id for step in past.steps if isinstance(step.value, OrderTerms)}
    if past.outside.lives[-1].end != "end":
        return
    for step in past.steps:
        if not isinstance(step.value, Verdicts) or _failed(past, step):
            continue
        for terms in step.value.approved:
            if terms.order_id not in intended:
                yield f"order {terms.order_id} was approved in {step.event.step} and never left"
        funded = _stage(step) + "funded"
        if step.value.deferred and not past.journal.holds(step.event.session, funded):
            yield f"{step.event.session} has no {funded}, though buys were deferred"


def _failed(past: Past, step: Step) -> bool:
    """Answer whether the broker failed before all was sent, and the session or stage was given up for it."""
    stage, session = _stage(step), step.event.session
    if stage:
        return past.journal.holds(session, f"{stage}fault")
    closed = past.value(session, "closed")
    return isinstance(closed, Closed) and closed.outcome is Outcome.FAILED


def _stage(step: Step) -> str:
    """Return the prefix of a step's stage, empty within the session itself."""
    stage, colon, _ = step.event.step.rpartition(":")
    return stage + colon


def _waiting(past: Past) -> dict[OrderId, Waiting]:
    """Return every order that ever waited, with what became of it, stage by stage."""
    found: dict[OrderId, Waiting] = {}
    for step in past.steps:
        value, seq = step.value, step.event.seq
        of_session = [one for one in found.values() if one.terms.session == step.event.session]
        match value:
            case Verdicts():
                _answered(of_session, value, step)
                for terms in value.waiting:
                    found.setdefault(terms.order_id, Waiting(terms=terms, since=seq))
            case Look(stage=StageKind.WAKE):
                for one in of_session:
                    one.looks.append((seq, value.moment))
            case OrderTerms() if value.order_id in found:
                found[value.order_id].intended = True
            case _:
                pass
    return found


def _answered(waiting: list[Waiting], verdicts: Verdicts, step: Step) -> None:
    approved = {one.order_id for one in verdicts.approved} | {one.terms.order_id for one in verdicts.deferred}
    refused = {(one.origin, one.index, one.symbol, one.side) for one in verdicts.refused}
    stage = _stage(step)
    for one in waiting:
        terms = one.terms
        key = (terms.origin, terms.index, terms.symbol, terms.side)
        if terms.order_id in approved or key in refused:
            one.answers.append((step.event.seq, stage))


def _slept_over(order: Waiting, idle: Idle) -> bool:
    """Answer whether an order came due in a rest of a process that is well and believes its clock."""
    if idle.rest_s <= REST_MAX_S or idle.failed or idle.held_up or idle.doubt:
        return False
    until = idle.now + timedelta(seconds=idle.rest_s - REST_MAX_S)
    return order.open_at(idle.events) and order.due(idle.events) < until
