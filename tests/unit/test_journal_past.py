from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from services.clock import VirtualClock
from services.domain.bars import Panel
from services.domain.book import Book, OrderEnded
from services.domain.decision import BadAnswer, BadAnswerKind
from services.domain.events import Opening, Outcome, Verdicts
from services.domain.fills import Fees, Movement, MovementKind
from services.domain.orders import OrderId, OrderState, Rule, Side
from services.domain.past import PastSession
from services.journal.journal import Journal
from services.journal.memory_store import MemoryStore
from services.journal.past import past_of
from tests.monitor_journal import (
    MON,
    TUE,
    WED,
    A,
    B,
    JournalByHand,
    at,
    decided,
    refused,
    session_id,
    terms_of,
)

T_PLUS_1 = refused(Rule.T_PLUS_1)


def paying(text: str) -> Fees:
    return Fees(commission=Decimal(text))


def opening(equity: str, *, unpriced: tuple[str, ...] = ()) -> Opening:
    cny = Decimal(equity)
    return Opening(book=Book(cash_cny=cny), equity_cny=cny, day_equity_cny=cny, unpriced=unpriced)


def told(kept: JournalByHand, session: str, sessions_min: int = 0) -> tuple[PastSession, ...]:
    store = MemoryStore()
    store.append(kept.events, kept.bodies)
    journal = Journal(store, "main", VirtualClock(at(MON, "00:00")), _no_panel)
    return past_of(journal, session, sessions_min)


def _no_panel(digest: str) -> Panel:
    raise LookupError(digest)


@pytest.fixture
def kept() -> JournalByHand:
    """Monday 09:35 bought 200 at 10.00 for 5.02 in fees, and had a sale refused."""
    found = JournalByHand()
    found.genesis()
    found.open(MON)
    found.write("book", opening("10000.00"))
    terms = terms_of(found.session, Side.BUY, 200, limit="10.10")
    found.write("decision", decided(rationale="cheap"), large=True)
    found.write("verdicts", Verdicts(approved=(terms,), refused=(T_PLUS_1,)))
    found.trade(terms, "10.00", paying("5.02"))
    found.close()
    return found


def test_a_session_tells_what_was_decided_refused_and_traded(kept: JournalByHand):
    kept.open(TUE)

    (one,) = told(kept, kept.session)

    assert (one.day, one.slot, one.outcome) == (MON, "2025-10-13 09:35", Outcome.DONE)
    assert (one.equity_cny, one.said, one.reason) == (Decimal("10000.00"), "cheap", "")
    assert one.refused == (T_PLUS_1,)
    (order,) = one.orders
    assert (order.filled, order.state, order.amount_cny) == (200, OrderState.FILLED, Decimal("2000.00"))
    assert order.price_cny == Decimal(10)
    # 200 at 10.50 are 2100.00, less 2000.00 and 5.02 in fees.
    assert order.made_cny(Decimal("10.50")) == Decimal("94.98")


def test_the_present_session_and_what_came_after_its_beginning_are_not_told(kept: JournalByHand):
    waiting = replace(terms_of(kept.session, Side.BUY, 100, limit="9.00"), order_id=OrderId("LATE"))
    kept.write("late1:verdicts", Verdicts(waiting=(waiting,)))
    kept.open(TUE)
    before = told(kept, kept.session)
    tuesday = kept.session

    kept.session = session_id(MON)
    kept.trade(waiting, "9.00", paying("5.00"), number=2)
    kept.session = tuesday
    kept.write("book", opening("9999.00"))

    assert told(kept, tuesday) == before
    assert [order.filled for order in before[0].orders] == [200, 0]
    assert before[0].orders[1].state is None
    assert len(before) == 1


def test_all_sessions_of_today_and_of_the_trading_day_before_are_told_and_more_on_demand(kept: JournalByHand):
    for day, slots in ((TUE, ("10:35", "11:35")), (WED, ("10:35", "11:35", "14:05"))):
        for slot in slots:
            kept.open(day, slot)
            kept.close(Outcome.NO_TRADE)

    slots = [one.slot for one in told(kept, kept.session)]
    more = [one.slot for one in told(kept, kept.session, 5)]

    assert slots == ["2025-10-14 10:35", "2025-10-14 11:35", "2025-10-15 10:35", "2025-10-15 11:35"]
    assert more == ["2025-10-13 09:35", *slots]


def test_a_day_without_trading_is_no_trading_day_before(kept: JournalByHand):
    kept.open(TUE)
    kept.close(Outcome.MARKET_CLOSED)
    kept.open(WED)

    assert [one.day for one in told(kept, kept.session)] == [MON]


def test_the_first_session_has_no_past(kept: JournalByHand):
    assert told(kept, session_id(MON)) == ()


def test_a_sale_tells_what_it_earned_against_the_oldest_shares(kept: JournalByHand):
    kept.open(TUE)
    sale = terms_of(kept.session, Side.SELL, 100, limit="9.00")
    kept.trade(sale, "10.40", paying("5.54"), number=2)
    kept.close()
    kept.open(WED)

    (tuesday,) = told(kept, kept.session)

    # 1040.00 - 5.54 - 1000.00, the cost of the 100 oldest.
    assert tuesday.orders[0].realised_cny == Decimal("34.46")
    assert tuesday.orders[0].shares_now == 0


def test_what_a_share_brought_since_is_counted(kept: JournalByHand):
    kept.open(TUE)
    paid = Movement(
        movement_id="d",
        kind=MovementKind.DIVIDEND,
        symbol=A,
        shares=0,
        cash_cny=Decimal("60.00"),
        day=TUE,
        why="",
    )
    kept.write("movement:d", paid)
    kept.write(
        "movement:b", replace(paid, movement_id="b", kind=MovementKind.BONUS, shares=100, cash_cny=Decimal(0))
    )
    tax = replace(paid, movement_id="t", kind=MovementKind.ADJUST, cash_cny=Decimal("-6.00"))
    kept.write("movement:t", tax)
    kept.close(Outcome.NO_TRADE)
    kept.open(WED)

    order = told(kept, kept.session, 2)[0].orders[0]

    # 200 shares held: 0.30 and half a share each. Tax on a later sale is not of this order.
    assert (order.shares_now, order.received_cny) == (300, Decimal("60.00"))
    # 300 at 7.00 and 60.00, less 2000.00 and 5.02.
    assert order.made_cny(Decimal("7.00")) == Decimal("154.98")


def test_a_movement_of_what_is_not_held_brings_nothing(kept: JournalByHand):
    kept.open(TUE)
    stray = Movement(
        movement_id="x",
        kind=MovementKind.BONUS,
        symbol=A,
        shares=0,
        cash_cny=Decimal("1.00"),
        day=TUE,
        why="",
    )
    kept.write("movement:x", replace(stray, symbol=B))
    kept.open(WED)

    assert told(kept, kept.session, 2)[0].orders[0].received_cny == 0


def test_an_order_that_ended_without_a_fill_says_how_and_a_session_without_a_decision_why(
    kept: JournalByHand,
):
    kept.open(TUE)
    kept.write("book", opening("10000.00", unpriced=("600519.SH",)))
    bad = BadAnswer(kind=BadAnswerKind.EMPTY, reason="the answer is empty", model="m", answer_hash="")
    kept.write("decision", bad)
    terms = terms_of(kept.session, Side.SELL, 100, limit="9.00", why="stop loss")
    kept.write(f"intended:{terms.order_id}", terms)
    kept.write(
        f"ended:{terms.order_id}",
        OrderEnded(order_id=terms.order_id, state=OrderState.EXPIRED, reason="day over"),
    )
    kept.close(Outcome.RISK_ONLY, "bad answer (empty): the answer is empty")
    kept.open(WED)

    (tuesday,) = told(kept, kept.session)

    assert (tuesday.equity_cny, tuesday.said) == (None, "")
    assert tuesday.reason == "bad answer (empty): the answer is empty"
    assert (tuesday.orders[0].state, tuesday.orders[0].filled) == (OrderState.EXPIRED, 0)


def test_a_session_still_open_is_told_as_far_as_it_came(kept: JournalByHand):
    kept.open(TUE)
    kept.open(WED)

    assert [(one.day, one.outcome) for one in told(kept, kept.session)] == [(TUE, None)]
