from __future__ import annotations

from decimal import Decimal

import pytest

from monitor.records import session_records, state_of
from services.domain.book import OrderEnded
from services.domain.decision import BadAnswer, BadAnswerKind, RawAnswer
from services.domain.events import ArmedExit, Exits, FaultRecord, Halt, Opened, Outcome, TradingDay, Verdicts
from services.domain.fills import Fees, Movement, MovementKind
from services.domain.orders import OrderState, Rule, Side
from services.domain.record import SessionRecord
from services.domain.statement import Balance, Statement
from services.journal.codec import KINDS
from services.ports import JournalFault
from tests.monitor_journal import (
    MON,
    TUE,
    WED,
    A,
    JournalByHand,
    decided,
    refused,
    session_id,
    terms_of,
    three_days,
)

STATEMENT = Statement(
    balance=Balance(
        cash_cny=Decimal("10000.00"),
        available_cny=Decimal("10000.00"),
        withdrawable_cny=Decimal("10000.00"),
        frozen_cny=Decimal("0.00"),
    ),
    holdings=(),
    open_orders=(),
)


def records(journal: JournalByHand) -> list[SessionRecord]:
    return list(session_records(journal.events, journal.value))


def opened() -> JournalByHand:
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    return journal


def test_every_session_is_there_in_order_with_its_day_slot_and_outcome():
    found = records(three_days())

    assert [(one.session, one.day, one.slot, one.state, one.outcome) for one in found] == [
        (session_id(MON), MON, "09:35", "COMPLETED", Outcome.DONE),
        (session_id(TUE), TUE, "09:35", "NO_TRADE", Outcome.NO_TRADE),
        (session_id(WED), WED, "09:35", "COMPLETED", Outcome.DONE),
    ]


def test_a_session_holds_what_it_was_told_what_it_sent_and_what_it_got():
    journal = opened()
    journal.write("trading_day", TradingDay.OPEN)
    journal.write("broker", STATEMENT)
    dividend = Movement(
        movement_id="div-1",
        kind=MovementKind.DIVIDEND,
        symbol=A,
        shares=0,
        cash_cny=Decimal("1.00"),
        day=MON,
        why="0.01 a share",
    )
    journal.write("movement:div-1", dividend)
    decision = decided()
    journal.write("decision", decision)
    order = terms_of(journal.session, Side.BUY, 200)
    verdicts = Verdicts(approved=(order,), refused=(refused(Rule.CASH),))
    journal.write("verdicts", verdicts)
    journal.write(f"intended:{order.order_id}", order)
    journal.fill(order, "10.00", Fees(), shares=100)
    end = OrderEnded(order_id=order.order_id, state=OrderState.CANCELLED, reason="next slot")
    journal.write(f"ended:{order.order_id}", end)
    journal.close(reason="thought about it")

    (record,) = records(journal)

    assert isinstance(record.opened, Opened)
    assert record.statement == STATEMENT
    assert record.movements == (dividend,)
    assert record.decision == decision
    assert record.verdicts == (verdicts,)
    assert record.orders == (order,)
    assert [fill.shares for fill in record.fills] == [100]
    assert record.ended == (end,)
    assert [refusal.rule for refusal in record.refusals] == [Rule.CASH]
    assert record.reason == "thought about it"


def test_a_fill_that_came_after_the_close_belongs_to_its_session():
    journal = opened()
    order = terms_of(journal.session, Side.BUY, 100)
    journal.write(f"intended:{order.order_id}", order)
    journal.close()
    journal.fill(order, "10.00", Fees())
    journal.open(TUE)

    first, second = records(journal)

    assert len(first.fills) == 1
    assert second.fills == ()


def test_a_refusal_repeated_by_later_verdicts_counts_once():
    journal = opened()
    journal.write("verdicts", Verdicts(refused=(refused(Rule.CASH), refused(Rule.T_PLUS_1, index=1))))
    journal.write("funded", Verdicts(refused=(refused(Rule.CASH),)))

    (record,) = records(journal)

    assert [refusal.rule for refusal in record.refusals] == [Rule.CASH, Rule.T_PLUS_1]


def test_what_failed_and_what_was_halted_is_named():
    journal = opened()
    fault = FaultRecord(door="agent", asked="a decision", why="no answer in 120 s")
    journal.write("answer", fault)
    halt = Halt(symbol=A, why="the broker holds 100, the journal 0")
    journal.write(f"halt:{A}", halt)

    (record,) = records(journal)

    assert record.faults == (fault,)
    assert record.halts == (halt,)


def test_an_exit_that_could_not_be_carried_out_is_in_the_record():
    journal = opened()
    waits = ArmedExit(symbol=A, shares=300, why="stop loss", rule=Rule.T_PLUS_1, reason="bought today")
    journal.write("exits", Exits(intents=(), armed=(waits,)))

    (record,) = records(journal)

    assert record.armed == (waits,)


def test_a_bad_answer_stands_in_the_place_of_a_decision():
    journal = opened()
    bad = BadAnswer(kind=BadAnswerKind.NOT_JSON, reason="prose", model="m", answer_hash="a" * 64)
    journal.write("decision", bad)

    assert records(journal)[0].decision == bad


def test_a_session_without_its_opening_takes_day_and_slot_from_its_id():
    journal = JournalByHand()
    journal.genesis()
    journal.session = session_id(TUE, "10:35")
    journal.close(Outcome.MISSED)

    (record,) = records(journal)

    assert (record.day, record.slot, record.state) == (TUE, "10:35", "MISSED")


def test_a_large_body_is_read_from_where_it_lies():
    journal = opened()
    journal.write("verdicts", Verdicts(refused=(refused(Rule.CASH),)), large=True)

    assert len(records(journal)[0].refusals) == 1


def test_a_large_body_without_a_reader_is_a_fault_and_not_a_session_without_refusals():
    journal = opened()
    journal.write("verdicts", Verdicts(refused=(refused(Rule.CASH),)), large=True)

    with pytest.raises(JournalFault):
        list(session_records(journal.events))


def test_a_large_body_nobody_asks_for_is_not_fetched():
    journal = opened()
    answer = RawAnswer(text="x" * 5000, model="m")
    journal.write("answer", answer, large=True)

    assert len(list(session_records(journal.events))) == 1


@pytest.mark.parametrize(
    ("steps", "outcome", "state"),
    [
        ((), None, "IDLE"),
        (("opened", "trading_day", "broker"), None, "FETCHING"),
        (("opened", "prices", "briefing"), None, "ANALYZING"),
        (("opened", "prices", "answer"), None, "DECIDING"),
        (("opened", "prices", "answer", "verdicts"), None, "EXECUTING"),
        ((), Outcome.DONE, "COMPLETED"),
        ((), Outcome.NO_TRADE, "NO_TRADE"),
        ((), Outcome.MARKET_CLOSED, "NO_TRADE"),
        ((), Outcome.CALENDAR_UNKNOWN, "FAILED"),
        ((), Outcome.RISK_ONLY, "NO_TRADE"),
        (("intended:X",), Outcome.RISK_ONLY, "COMPLETED"),
        (("late1:intended:X",), Outcome.RISK_ONLY, "COMPLETED"),
        ((), Outcome.HALTED, "HALTED"),
        ((), Outcome.MISSED, "MISSED"),
        ((), Outcome.FAILED, "FAILED"),
    ],
)
def test_the_state_a_person_sees(steps: tuple[str, ...], outcome: Outcome | None, state: str):
    assert state_of(steps, outcome) == state


def test_every_outcome_has_a_state():
    assert all(state_of((), outcome) for outcome in Outcome)


def test_the_journal_knows_every_type_that_is_read():
    from monitor.records import _WANTED as RECORDS
    from monitor.trail import _WANTED as TRAIL

    assert {*RECORDS, *TRAIL} - set(KINDS.values()) == set()
