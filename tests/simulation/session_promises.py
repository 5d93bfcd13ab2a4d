"""What must hold of a history's sessions and of the process: promises 7, 8, 10, 11 and 16."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from services.domain.book import Book
from services.domain.events import Check, Closed, Lift, Opened, Opening, Outcome
from services.domain.fills import Movement
from services.domain.money import ZERO
from services.domain.statement import Statement
from tests.simulation.past import Past, Step
from tests.simulation.process import Idle, Sent
from tests.simulation.scenario import CN, Deed, Kind

REST_MAX_S = 60.0
"""How long a process may rest while a slot that came is not on record."""

CLOCK_STEP_S = 0.001
"""Clocks count microseconds, the loop's time is a fraction."""

SILENCE_MAX_S = 600
"""How long ticks may fail one after another before a slot that came meanwhile counts as silent."""


def reconciled_before_trading(past: Past) -> Iterator[str]:
    """7: no order without a whole statement, nor where the statement is not the journal's account."""
    differs: dict[str, set[str]] = {}
    for step in past.of("opening"):
        statement = past.value(step.event.session, "broker")
        if isinstance(statement, Statement) and isinstance(step.value, Opening):
            differs[step.event.session] = _apart(statement, step.value.book)
    yield from _trusted(past)
    yield from _opened_for_business(past)
    for sent in past.outside.sent:
        differ_here = differs.get(sent.terms.session)
        if differ_here is None:
            yield f"order {sent.terms.order_id} left without a whole statement of the account"
        elif differ_here & {"", str(sent.terms.symbol)}:
            yield f"order {sent.terms.order_id} left although the statement differed in {sorted(differ_here)}"


def _trusted(past: Past) -> Iterator[str]:
    """Yield the orders that left though the exchange had not told of the account, or had told falsely."""
    written_s = {
        (event.session, event.step): at_s
        for event, at_s in zip(past.outside.events, past.outside.event_s, strict=True)
    }
    for sent in past.outside.sent:
        session = sent.terms.session
        since_s, until_s = written_s.get((session, "opened"), 0.0), written_s.get((session, "broker"), 0.0)
        for what in ("positions", "balance"):
            told = [one for one in past.outside.told if one.what == what and since_s <= one.at_s <= until_s]
            if not told:
                yield f"order {sent.terms.order_id} left although no {what} had come back"
            elif {"", sent.terms.symbol} & set(told[-1].false):
                yield f"order {sent.terms.order_id} left although the {what} had come back false"


def _opened_for_business(past: Past) -> Iterator[str]:
    """Yield the orders that left before their process had compared what it found at its start.

    Of a session that an earlier process began, those too whose symbol or account differed then.
    """
    began = {step.event.session: step.event.seq for step in past.steps if step.event.step == "opened"}
    lives = {life.number: life for life in past.outside.lives}
    checks = [step for step in past.steps if isinstance(step.value, Check)]
    for sent in past.outside.sent:
        life = lives[sent.life]
        if not past.machine and not any(seq <= life.events for seq in began.values()):
            continue
        done = [one for one in checks if life.events < one.event.seq <= sent.events]
        if not done:
            yield f"order {sent.terms.order_id} left before process {sent.life} had compared its account"
            continue
        for what in ("positions", "balance"):
            if not any(
                one.what == what and life.events <= one.events < done[-1].event.seq
                for one in past.outside.told
            ):
                yield f"order {sent.terms.order_id} left although no {what} had come back to {sent.life}"
        if began.get(sent.terms.session, 0) <= life.events and not _lifted(past, done[-1], sent):
            differ = _differ(past, done[-1])
            if differ & {"", str(sent.terms.symbol)}:
                yield f"order {sent.terms.order_id} left although the account differed in {sorted(differ)}"


def _lifted(past: Past, checked: Step, sent: Sent) -> bool:
    """Answer whether somebody lifted a halt between the check and the send."""
    between = past.steps[checked.event.seq : sent.events]
    return any(isinstance(step.value, Lift) and not step.value.order_id for step in between)


def _differ(past: Past, checked: Step) -> set[str]:
    """Return the symbols, "" for the cash, in which a check's statement is not the journal's account."""
    if not isinstance(checked.value, Check):
        return {""}
    return differing(past, checked, checked.value.statement, checked.book)


def differing(past: Past, step: Step, statement: Statement, book: Book) -> set[str]:
    """Return the symbols, "" for the cash, in which a statement is not the journal's account at that step.

    What moved and is not on record by then counts as the statement tells it, unless `book` is a session's
    own, which it is in.
    """
    if isinstance(step.value, Opening):
        return _apart(statement, book)
    booked = {
        one.value.movement_id for one in past.steps[: step.event.seq] if isinstance(one.value, Movement)
    }
    paid = sum((one.cash_cny for one in statement.movements if one.movement_id not in booked), ZERO)
    moved = {str(one.symbol) for one in statement.movements if one.shares and one.movement_id not in booked}
    return _apart(statement, book, paid) - moved


def _apart(statement: Statement, book: Book, paid_cny: Decimal = ZERO) -> set[str]:
    theirs, ours = {one.symbol: one.shares for one in statement.holdings if one.shares}, book.holdings()
    found = {str(one) for one in ours.keys() | theirs.keys() if ours.get(one) != theirs.get(one)}
    return found | ({""} if statement.balance.cash_cny != book.cash_cny + paid_cny else set())


def one_session_a_slot(past: Past) -> Iterator[str]:
    """8: one session for each slot, begun once and ended once."""
    slots: dict[datetime, str] = {}
    for step in past.of("opened"):
        if isinstance(step.value, Opened):
            other = slots.setdefault(step.value.slot, step.event.session)
            if other != step.event.session:
                yield f"slot {step.value.slot} has the sessions {other} and {step.event.session}"
    ends = Counter(step.event.session for step in past.of("closed"))
    for session in slots.values():
        if ends[session] != 1:
            yield f"session {session} ended {ends[session]} times"


def a_start_changes_nothing(past: Past) -> Iterator[str]:
    """10: started again where everything is done, nothing comes of it, however often."""
    for number, same in enumerate(past.outside.again, 1):
        if not same:
            yield f"start {number} after the end changed the record"


def no_send_on_a_failed_disk(past: Past) -> Iterator[str]:
    """11: once a write failed nothing is sent; told to stop, the process still cancels what works."""
    for sent in past.outside.sent:
        if sent.disk_failed:
            yield f"order {sent.terms.order_id} left after the disk had failed"
    for life, orders in past.outside.owed_cancels:
        for order_id in orders:
            if (life, order_id) not in past.outside.cancels:
                yield f"order {order_id} was not cancelled by process {life}, whose journal failed"


def no_silent_miss(past: Past) -> Iterator[str]:
    """16: every slot has its session as soon as a process that was up had a moment to spare."""
    opened = [step for step in past.of("opened") if isinstance(step.value, Opened)]
    seqs = {step.value.slot: step.event.seq for step in opened if isinstance(step.value, Opened)}
    expected = _slots(past)
    for slot in expected:
        if slot not in seqs:
            yield f"slot {slot} has no session"
    for idle in _rests(past):
        if idle.doubt:
            continue
        # Until a slot is too late it may wait for the broker's answer.
        wait_s = past.scenario.settings.grace_s if idle.held_up else 0
        until = idle.now - timedelta(seconds=wait_s)
        silent = [slot for slot in expected if slot <= until and seqs.get(slot, 0) > idle.events]
        if silent:
            yield f"slot {silent[0]} was not on record when the process rested at {idle.now}"
    for step in past.of("closed"):
        if isinstance(step.value, Closed) and step.value.outcome is Outcome.MISSED:
            yield from _really_late(past, step.event.session, step.event.at)


def not_before_its_time(past: Past) -> Iterator[str]:
    """No slot is on record before its time has truly come, but for what the clock was ahead for long."""
    ahead_s = sum(max(act.size, 0.0) for act in past.scenario.acts if act.deed is Deed.CLOCK)
    for event, at_s in zip(past.outside.events, past.outside.event_s, strict=True):
        opened = past.value(event.session, event.step) if event.step == "opened" else None
        if isinstance(opened, Opened):
            due_s = (opened.slot - past.scenario.start).total_seconds()
            if at_s + CLOCK_STEP_S < due_s - ahead_s:
                yield f"slot {opened.slot} was on record {due_s - at_s:.0f} s before its time"


def _rests(past: Past) -> Iterator[Idle]:
    """Yield the rests in which nothing may be due: not those until a tick that failed is tried again."""
    well_s = 0.0
    for idle in past.outside.idle:
        if not idle.failed:
            well_s = idle.at_s
        if idle.rest_s >= REST_MAX_S and (not idle.failed or idle.at_s - well_s >= SILENCE_MAX_S):
            yield idle


def _really_late(past: Past, session: str, at: str) -> Iterator[str]:
    """Yield a slot given up although there was time and nobody had asked for an end."""
    opened = past.value(session, "opened")
    closed = past.value(session, "closed")
    if isinstance(opened, Opened) and isinstance(closed, Closed) and not _asked_for(closed):
        # The clock may be set between the look at it and the record.
        set_s = sum(abs(act.size) for act in past.scenario.acts if act.deed is Deed.CLOCK)
        late = datetime.fromisoformat(at) - opened.slot
        if late < timedelta(seconds=past.scenario.settings.grace_s - set_s):
            yield f"slot {opened.slot} was given up {late} after its time"


def _asked_for(closed: Closed) -> bool:
    """Answer whether a person kept the session from running: by the kill file, or by a pause."""
    return "kill file" in closed.reason or closed.reason.startswith("paused by ")


def _slots(past: Past) -> list[datetime]:
    """Return when a session is due, written down apart from the product's own plan."""
    scenario = past.scenario
    times = scenario.settings.times or ()
    days = [
        day
        for day in scenario.days
        if day not in scenario.calendar.closed
        and (day not in scenario.calendar.unknown or scenario.kind is not Kind.RECORDED)
    ]
    return [datetime.combine(day, at, CN) for day in days for at in times]
