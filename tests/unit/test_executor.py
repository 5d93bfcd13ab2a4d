"""An approved order's way: once and never twice, whatever the broker says or does not say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.domain.book import OrderEnded
from services.domain.events import Closed, Halt, HaltCause, Outcome
from services.domain.orders import ApprovedOrder, OrderId, OrderState
from services.domain.statement import Ack, AckKind, OrderStatus, Sight, Sighting
from services.journal.journal import Journal
from services.journal.memory_store import MemoryStore
from services.ports import Broker, BrokerFault
from tests.exchange_market import MAIN, MON, OTHER, TUE, at
from tests.unit.test_waiting_for_the_afternoon import Died, DiesAt
from tests.unit.world import HOLD, Live, Setup, answer, order

MORNING, LUNCH = "20260713-1035", "20260713-1135"
BUY = answer(order("buy", MAIN, 1000))
UNTIL = at(MON, "10:40")

SILENCE = Ack(kind=AckKind.NO_ANSWER, reason="timed out")


class Killed(BaseException):
    """The process died here."""


@dataclass
class Desk:
    """The broker's side, which outlives our process: what reached it, and how it answers.

    `sends` holds an answer for each send, in order: an `Ack` given without the order having
    arrived, "late" for no answer although it arrived, "dies" for our death after it arrived, and
    None for the exchange's own answer, as after the last. `looks` does the same for look-ups.
    """

    sends: Sequence[Ack | BrokerFault | str | None] = ()
    looks: Sequence[Sighting | BrokerFault | None] = ()
    arrived: list[OrderId] = field(default_factory=list)
    sent: list[OrderId] = field(default_factory=list)
    looked: list[OrderId] = field(default_factory=list)
    intended_first: list[bool] = field(default_factory=list)
    cancels: list[OrderId] = field(default_factory=list)
    cancel_answers: Sequence[Ack] = ()

    def door(self, broker: Broker, journal: Journal) -> Broker:
        through: Broker = Wire(self, broker, journal)  # type: ignore[assignment]  # It passes all on.
        return through


class Wire:
    """The broker as our process reaches it."""

    def __init__(self, desk: Desk, inner: Broker, journal: Journal) -> None:
        self._desk, self._inner, self._journal = desk, inner, journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def submit_order(self, order: ApprovedOrder) -> Ack:
        desk = self._desk
        due = desk.sends[len(desk.sent)] if len(desk.sent) < len(desk.sends) else None
        desk.sent.append(order.order_id)
        desk.intended_first.append(
            any(event.step == f"intended:{order.order_id}" for event in self._journal._store.events())
        )
        if isinstance(due, BrokerFault):
            raise due
        if isinstance(due, Ack):
            return due
        desk.arrived.append(order.order_id)
        ack = await self._inner.submit_order(order)
        if due == "dies":
            raise Killed
        return SILENCE if due == "late" else ack

    async def cancel_order(self, order_id: OrderId) -> Ack:
        desk = self._desk
        desk.cancels.append(order_id)
        count = len(desk.cancels)
        if count <= len(desk.cancel_answers):
            return desk.cancel_answers[count - 1]
        return await self._inner.cancel_order(order_id)

    async def get_order_status(self, order_id: OrderId) -> Sighting:
        desk = self._desk
        due = desk.looks[len(desk.looked)] if len(desk.looked) < len(desk.looks) else None
        desk.looked.append(order_id)
        if isinstance(due, BrokerFault):
            raise due
        return due if due is not None else await self._inner.get_order_status(order_id)


def cannot_tell() -> Sighting:
    return Sighting(sight=Sight.CANNOT_TELL, reason="the listing is not complete")


def setup_with(desk: Desk, *answers: str, **more: Any) -> Setup:
    return Setup(answers=answers or [BUY], broker=desk.door, **more)


def ended(live: Live) -> list[OrderEnded]:
    values = [live.journal.value(event) for event in live.kinds("order_ended")]
    return [value for value in values if isinstance(value, OrderEnded)]


def ack_of(live: Live, label: str = MORNING) -> Ack:
    value = live.value(label, f"sent:{live.only_order()}")
    assert isinstance(value, Ack)
    return value


def test_an_order_is_in_the_journal_before_the_broker_hears_of_it():
    desk = Desk()

    setup_with(desk).open().run(UNTIL)

    assert desk.intended_first == [True]


def test_an_order_that_leaves_and_fills_is_sent_once():
    desk = Desk()

    live = setup_with(desk).open().run(UNTIL)

    assert len(desk.sent) == 1
    assert ack_of(live).kind is AckKind.ACCEPTED
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_a_rejected_order_ends_with_the_brokers_words_and_gives_its_cash_back():
    desk = Desk(sends=[Ack(kind=AckKind.REJECTED, reason="not today")])

    live = setup_with(desk).open().run(UNTIL)

    (end,) = ended(live)
    assert (end.state, end.reason) == (OrderState.REJECTED, "not today")
    assert live.journal.account.book.available_cny == Decimal("100000.00")


def test_an_order_that_got_no_answer_and_never_arrived_is_sent_once_more():
    desk = Desk(sends=[SILENCE])

    live = setup_with(desk).open().run(UNTIL)

    assert (len(desk.sent), len(desk.arrived), len(desk.looked)) == (2, 1, 1)
    assert ack_of(live).kind is AckKind.ACCEPTED


def test_an_order_that_got_no_answer_and_arrived_is_adopted():
    desk = Desk(sends=["late"])

    live = setup_with(desk).open().run(UNTIL)

    assert (len(desk.sent), len(desk.arrived)) == (1, 1)
    assert ack_of(live).kind is AckKind.ACCEPTED
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_an_order_found_rejected_is_rejected():
    status = OrderStatus(
        order_id=OrderId("A" * 20),
        symbol=MAIN,
        side="buy",  # type: ignore[arg-type]  # Not looked at.
        shares=1000,
        filled=0,
        limit_cny=Decimal("10.10"),
        state=OrderState.REJECTED,
        reason="not today",
    )
    desk = Desk(sends=[SILENCE], looks=[Sighting(sight=Sight.FOUND, status=status)])

    live = setup_with(desk).open().run(UNTIL)

    assert [(one.state, one.reason) for one in ended(live)] == [(OrderState.REJECTED, "not today")]
    assert len(desk.sent) == 1


def test_a_fill_known_before_the_answer_to_its_order_is_taken_after_it_and_the_order_is_not_sent_again():
    # The process dies as its order arrives; the broker does not find it at first, but lists its fill.
    desk = Desk(sends=["dies"], looks=[Sighting(sight=Sight.ABSENT, reason="not yet")])
    setup = setup_with(desk)
    with pytest.raises(Killed):
        setup.open().run(UNTIL)

    live = setup.open().run(UNTIL)

    steps = [step.partition(":")[0] for step in live.steps(MORNING)]
    assert (len(desk.sent), len(desk.looked)) == (1, 2)
    assert steps.index("sent") < steps.index("fill")
    assert live.journal.account.book.holdings() == {MAIN: 1000}


@pytest.mark.parametrize("first", [SILENCE, "late"])
def test_an_order_nobody_can_tell_of_is_never_sent_again_and_halts_its_symbol(first):
    both = answer(order("buy", MAIN, 100), order("buy", OTHER, 100))
    desk = Desk(sends=[first], looks=[cannot_tell()] * 9)

    live = setup_with(desk, BUY, HOLD, both).open().run(at(MON, "14:10"))

    first_id = live.journal.account.sessions[live.session(MORNING)].orders
    (main_order,) = first_id
    assert desk.sent.count(main_order) == 1
    halts = [live.journal.value(event) for event in live.kinds("halt")]
    assert [one.symbol for one in halts if isinstance(one, Halt)][:1] == [MAIN]


def test_an_order_silent_twice_is_halted_not_sent_a_third_time():
    desk = Desk(sends=[SILENCE, SILENCE], looks=[])

    live = setup_with(desk).open().run(UNTIL)

    assert len(desk.sent) == 2
    assert ack_of(live).kind is AckKind.NO_ANSWER
    assert [(one.symbol, one.cause, one.by) for one in live.journal.account.halts.values()] == [
        (MAIN, HaltCause.UNRESOLVED, live.only_order())
    ]


# After a crash between `intended` and `sent`.


def die_once(desk: Desk, setup: Setup) -> None:
    with pytest.raises(Killed):
        setup.open().run(UNTIL)


def test_an_order_that_arrived_before_our_death_is_adopted_and_not_sent_again():
    desk = Desk(sends=["dies"])
    setup = setup_with(desk)
    die_once(desk, setup)

    live = setup.open().run(UNTIL)

    assert (len(desk.sent), len(desk.looked)) == (1, 1)
    assert ack_of(live).kind is AckKind.ACCEPTED
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_a_fill_known_before_the_answer_to_its_order_is_written_after_it():
    until = at(TUE, "10:40")
    swap = answer(order("sell", MAIN, 1000), order("buy", OTHER, 500))
    desk = Desk(sends=[None, None, "dies"])
    setup = setup_with(desk, BUY, HOLD, HOLD, HOLD, swap)
    with pytest.raises(Killed):
        setup.open().run(until)

    live = setup.open().run(until)

    bought = live.journal.account.sessions[live.session("20260714-1035")].orders
    buy = next(terms.order_id for terms in bought.values() if terms.symbol == OTHER)
    steps = [event.step for event in live.journal.events if buy in event.step or event.kind == "fill"]
    fills = [step for step in steps if step.startswith("fill:")]
    assert live.journal.account.book.holdings() == {OTHER: 500}
    assert steps.index(f"sent:{buy}") < steps.index(fills[-1])


def test_an_order_that_did_not_arrive_before_our_death_is_sent_once_in_time():
    setup = setup_with(desk := Desk())
    store = CutBefore(setup.store, "sent:")
    with pytest.raises(Killed):
        replace(setup, store=store, broker=lost(desk)).open().run(UNTIL)
    desk.sent.clear()

    live = setup.open().run(UNTIL)

    assert (len(desk.sent), len(desk.arrived)) == (1, 1)
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def lost(desk: Desk) -> Callable[[Broker, Journal], Broker]:
    """A wire on which the send is lost: it answers, and nothing arrives."""
    gone = replace(desk, sends=[Ack(kind=AckKind.ACCEPTED)])
    return gone.door


class CutBefore:
    """A store in which the process dies before a step of that name is written."""

    def __init__(self, inner: Any, step: str) -> None:
        self._inner, self._step = inner, step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, events: Any, bodies: Any) -> None:
        if any(event.step.startswith(self._step) for event in events):
            raise Killed
        self._inner.append(events, bodies)


def test_an_order_found_absent_sent_and_cut_off_again_is_looked_for_anew():
    # Absent at the first look-up, sent, and dead before the answer is on record: at the second
    # look-up it is there. What was recorded of the first look-up must not be believed again.
    desk = Desk(sends=[None, "dies"])
    setup = setup_with(desk)
    with pytest.raises(Killed):
        replace(setup, store=CutBefore(setup.store, "sent:"), broker=lost(desk)).open().run(UNTIL)
    desk.sent[:] = [OrderId("the one that was lost")]
    die_once(desk, setup)

    live = setup.open().run(UNTIL)

    assert len(desk.arrived) == 1
    assert len(desk.sent) == 2
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_an_order_nobody_can_tell_of_after_our_death_is_not_sent_and_halts_its_symbol():
    desk = Desk(sends=["dies"], looks=[cannot_tell()] * 9)
    setup = setup_with(desk)
    die_once(desk, setup)

    live = setup.open().run(UNTIL)

    assert len(desk.sent) == 1
    assert ack_of(live).kind is AckKind.NO_ANSWER
    halt = live.value(MORNING, f"halt:{live.only_order()}")
    assert isinstance(halt, Halt)
    assert (halt.symbol, halt.cause, halt.by) == (MAIN, HaltCause.UNRESOLVED, live.only_order())
    # The look-ups never told of it, the listing of fills did: that is the broker's word too.
    assert live.journal.account.book.holdings() == {MAIN: 1000}
    assert live.journal.account.halts == {}


def test_a_halt_whose_end_was_cut_off_after_the_fill_that_tells_it_is_ended_by_the_next_process():
    desk = Desk(sends=["dies"], looks=[cannot_tell()] * 9)
    setup = setup_with(desk)
    die_once(desk, setup)
    with pytest.raises(Killed):
        replace(setup, store=CutBefore(setup.store, "lift:")).open().run(UNTIL)

    live = setup.open().run(UNTIL)

    assert live.journal.account.book.holdings() == {MAIN: 1000}
    assert live.journal.account.halts == {}
    assert len(desk.sent) == 1


def test_after_its_last_moment_an_order_cut_off_is_adopted_but_never_sent():
    desk = Desk(sends=["dies"])
    setup = setup_with(desk)
    die_once(desk, setup)

    live = setup.open(at(MON, "10:35") + timedelta(seconds=61)).run(UNTIL)

    assert len(desk.sent) == 1
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_after_its_last_moment_an_order_that_never_arrived_is_withheld():
    setup = setup_with(desk := Desk())
    with pytest.raises(Killed):
        replace(setup, store=CutBefore(setup.store, "sent:"), broker=lost(desk)).open().run(UNTIL)
    desk.sent.clear()

    # The order's last moment is 10:36:00, 60 s after the session's.
    live = setup.open(at(MON, "10:36") + timedelta(seconds=1)).run(UNTIL)

    assert desk.sent == []
    assert ack_of(live).kind is AckKind.WITHHELD
    assert [one.state for one in ended(live)] == [OrderState.EXPIRED]
    assert live.journal.account.book.available_cny == Decimal("100000.00")


def test_at_its_last_moment_an_order_still_leaves():
    setup = setup_with(desk := Desk())
    with pytest.raises(Killed):
        replace(setup, store=CutBefore(setup.store, "intended:")).open().run(UNTIL)

    setup.open(at(MON, "10:36")).run(UNTIL)

    assert len(desk.sent) == 1


def test_a_stop_is_asked_for_before_every_send():
    asked: list[int] = []

    def stop() -> str:
        asked.append(len(desk.sent))
        return "the kill file is there" if len(asked) > 1 else ""

    both = answer(order("buy", MAIN, 100), order("buy", OTHER, 100))
    desk = Desk()

    live = setup_with(desk, both, stop=stop).open().run(UNTIL)

    assert asked == [0, 1]
    assert len(desk.sent) == 1
    assert [(one.state, one.reason) for one in ended(live)] == [
        (OrderState.EXPIRED, "the kill file is there")
    ]


def test_a_stop_holds_back_a_second_send_after_silence():
    answers = iter(["", "the kill file is there"])
    desk = Desk(sends=[SILENCE])

    live = setup_with(desk, stop=lambda: next(answers)).open().run(UNTIL)

    assert len(desk.sent) == 1
    assert ack_of(live) == Ack(kind=AckKind.WITHHELD, reason="the kill file is there")


def test_a_broker_that_fails_at_a_send_leaves_the_order_open_until_it_is_looked_after():
    desk = Desk(sends=[BrokerFault("submit", "down")])

    live = setup_with(desk).open().run(at(MON, "11:40"))

    closed = live.value(MORNING, "closed")
    assert isinstance(closed, Closed)
    assert closed.outcome is Outcome.FAILED
    # Before the next slot the broker is asked: it certainly never got the order.
    assert [one.state for one in ended(live)] == [OrderState.EXPIRED]
    assert live.journal.account.book.open_orders == ()
    assert len(desk.sent) == 1


def test_a_send_that_failed_before_its_process_died_does_not_hold_up_the_next_while_the_broker_answers():
    desk = Desk(sends=[BrokerFault("submit", "down")])
    kept = MemoryStore()
    setup = setup_with(desk, grace_s=1800, store=kept)
    with pytest.raises(Died):
        replace(setup, store=DiesAt(kept, "closed")).open().run(UNTIL)  # type: ignore[arg-type]

    live = setup.open()
    live.tick(at(MON, "10:36"))

    closed = live.value(MORNING, "closed")
    assert isinstance(closed, Closed)
    assert (closed.outcome, live.loop.reconciled, live.loop.again_at) == (Outcome.FAILED, True, None)
    assert [one.state for one in ended(live)] == [OrderState.EXPIRED]
    assert len(desk.sent) == 1


def test_fills_that_cannot_be_listed_are_taken_later_and_once():
    fault = BrokerFault("fills", "down")
    setup = Setup(answers=[BUY], broker=lambda broker, _journal: forgetful(broker, fault))

    live = setup.open().run(at(MON, "11:40"))

    assert live.value(MORNING, "closed") == Closed(outcome=Outcome.FAILED, reason=str(fault))
    assert [event.step for event in live.kinds("fill")] == [f"fill:{live.only_order()}-1"]
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def forgetful(broker: Broker, fault: BrokerFault) -> Broker:
    class Forgetful:
        calls = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(broker, name)

        async def get_fills(self, since: Any) -> Any:
            self.calls += 1
            if self.calls == 1:
                raise fault
            return await broker.get_fills(since)

    door: Broker = Forgetful()  # type: ignore[assignment]  # It passes all on.
    return door


def test_a_cancel_without_an_answer_is_asked_for_again_before_the_slot_after():
    # A buy at 9.50 works while the market stands at 10.00.
    low = answer(order("buy", MAIN, 1000, limit="9.90"))
    desk = Desk(cancel_answers=[SILENCE])

    live = setup_with(desk, low).open().run(at(MON, "14:10"))

    assert len(desk.cancels) == 2
    assert [one.state for one in ended(live)] == [OrderState.CANCELLED]


def test_a_journal_that_cannot_be_written_sends_nothing():
    desk = Desk()
    store = CutBefore(MemoryStore(), "intended:")

    with pytest.raises(Killed):
        setup_with(desk, store=store).open().run(UNTIL)

    assert desk.sent == []
