"""A session that was let go of, and is written to again: nothing of it counts as not recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from weakref import ref

import pytest
from msgspec.structs import replace

import services.journal.journal
from services.clock import VirtualClock
from services.domain.book import OrderEnded
from services.domain.events import (
    Closed,
    Event,
    FaultRecord,
    Halt,
    HaltCause,
    Lift,
    Look,
    Opened,
    Outcome,
    StageKind,
    Verdicts,
)
from services.domain.orders import OrderId, OrderState, OrderTerms, Origin, SessionId, Side
from services.journal.journal import Journal
from services.journal.memory_store import MemoryStore
from tests.exchange_market import MAIN, MON, TUE, at
from tests.unit.test_settling import muted, setup_with
from tests.unit.world import HOLD, answer, order

START = datetime(2026, 7, 13, 1, 35, tzinfo=UTC)


def journal_of(store: MemoryStore) -> Journal:
    def read(first: int, last: int) -> Sequence[Event]:
        return list(store.events())[first - 1 : last]

    return Journal(store, "main", VirtualClock(START), lambda _digest: pytest.fail("no panel"), read=read)


def lived(count: int, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """Return a journal that has let go of all but the last two of so many sessions."""
    monkeypatch.setattr(services.journal.journal, "SESSIONS_HELD", 2)
    journal = journal_of(MemoryStore())
    live(journal, range(count))
    return journal


def live(journal: Journal, numbers: Iterable[int]) -> None:
    """Begin and close sessions of these numbers."""
    for number in numbers:
        name = SessionId(f"s{number}")
        opened = Opened(
            session=name,
            day=START.date(),
            at="",
            slot=START + timedelta(hours=number),
            mode="paper",
            agent="rule",
            versions={},
            config_hash="",
        )
        journal.write(name, "opened", opened)
        journal.write(name, "closed", Closed(outcome=Outcome.NO_TRADE, reason=""))


def test_what_was_recorded_before_is_found_after_a_late_event_of_the_same_session(
    monkeypatch: pytest.MonkeyPatch,
):
    journal = lived(6, monkeypatch)
    assert len(journal.recent) < 6

    journal.write("s0", "late", FaultRecord(door="broker", asked="orders", why="late"))

    found = journal.find("s0", "opened")
    assert found is not None
    assert found.seq == 1
    assert journal.holds("s0", "closed")
    assert journal.holds("s0", "late")


def test_a_log_from_before_its_session_was_let_go_of_finds_all_that_was_written_before_and_since(
    monkeypatch: pytest.MonkeyPatch,
):
    journal = lived(1, monkeypatch)
    log = journal.log("s0")
    live(journal, range(1, 6))

    journal.write("s0", "late", FaultRecord(door="broker", asked="orders", why="late"))

    assert [step for step in ("opened", "closed", "late", "never") if log.has(step)] == [
        "opened",
        "closed",
        "late",
    ]
    assert log.close(Outcome.NO_TRADE) == Closed(outcome=Outcome.NO_TRADE)
    assert journal.events[-1].step == "late"


def test_a_session_is_at_hand_until_nothing_of_it_is_open(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(services.journal.journal, "SESSIONS_HELD", 1)
    live = setup_with(muted(), answer(order("buy", MAIN, 100)), HOLD, HOLD, HOLD).open()
    for moment in (at(MON, "10:35"), at(MON, "14:05"), at(TUE, "10:35"), at(TUE, "14:05")):
        live.tick(moment)
    reads: list[int] = []

    def read(first: int, last: int) -> Sequence[Event]:
        reads.append(first)
        return live.journal.events[first - 1 : last]

    there = live.journal
    journal = Journal(there._store, "main", VirtualClock(START), there._panel_of, read=read)
    unresolved, over, *_ = journal.account.sessions
    whole = [1, len(there.events) + 1]

    assert journal.holds(unresolved, "opened")
    assert reads == whole
    assert journal.holds(over, "opened")
    assert len(reads) > len(whole)


SENT = OrderTerms(
    order_id=OrderId("A"),
    session=SessionId("s0"),
    symbol=MAIN,
    side=Side.BUY,
    shares=100,
    limit_cny=Decimal("10.00"),
    freeze_cny=Decimal("1005.01"),
    not_before=START,
    send_by=START,
    day=START.date(),
    why="",
    origin=Origin.DECISION,
    index=0,
    rules_version="1",
)
ENDED = OrderEnded(order_id=SENT.order_id, state=OrderState.EXPIRED, reason="")
UNTOLD = Halt(symbol=MAIN, why="no answer", cause=HaltCause.UNRESOLVED, by=SENT.order_id)
TOLD = Lift(symbol=MAIN, why="it expired", order_id=SENT.order_id)


@pytest.mark.parametrize(
    ("written", "over"),
    [
        ({}, True),
        ({"intended:A": SENT}, False),  # it works
        ({"intended:A": SENT, "ended:A": ENDED}, True),
        ({"intended:A": SENT, "ended:A": ENDED, "halt:A": UNTOLD}, False),  # nobody can tell of it
        ({"intended:A": SENT, "ended:A": ENDED, "halt:A": UNTOLD, "lift:A:1": TOLD}, True),
        ({"verdicts": Verdicts(waiting=(SENT,))}, False),  # its time comes later
        ({"late1:look": Look(stage=StageKind.EXPIRY, moment=START)}, False),  # a stage was cut off
    ],
)
def test_a_session_is_over_when_no_order_of_it_is_open_and_no_stage_under_way(
    written: dict[str, object], over: bool
):
    journal = journal_of(MemoryStore())
    live(journal, [0])

    for step, value in written.items():
        journal.write("s0", step, value)

    assert journal.account.forget("s0") is over


def test_a_session_that_has_not_ended_is_not_over():
    journal = journal_of(MemoryStore())
    live(journal, [0])
    opened = journal.account.sessions["s0"].opened

    journal.write("s1", "opened", replace(opened, session=SessionId("s1")))

    assert not journal.account.forget("s1")


def test_orders_of_one_session_do_not_keep_another():
    journal = journal_of(MemoryStore())
    live(journal, [0, 1])

    journal.write("s0", "intended:A", SENT)
    journal.write("s0", "halt:A", UNTOLD)

    assert journal.account.forget("s1")


def test_a_journal_that_nobody_holds_is_gone_at_once():
    """One that waited for the collector of cycles would lie beside that of the next run."""
    journal = journal_of(MemoryStore())
    seen = ref(journal)

    del journal

    assert seen() is None
