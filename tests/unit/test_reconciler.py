"""A process compares its account with the broker before it trades, daily, and until what is open is known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from scheduler.reconciler import pause_s
from services.domain.book import OrderEnded
from services.domain.events import Check, CheckOccasion, Closed, Halt, HaltCause, Lift, Outcome
from services.domain.fills import Movement, MovementKind
from services.domain.orders import OrderId, OrderState
from services.domain.statement import Ack, AckKind, Balance, Holding, OrderStatus, Sight, Sighting
from services.journal.journal import Journal
from services.ports import Broker, BrokerFault
from tests.unit.world import HOLD, MAIN, MON, OTHER, TUE, Live, Setup, answer, at, order

BUY = answer(order("buy", MAIN, 1000))
BOTH = answer(order("buy", MAIN, 1000), order("buy", OTHER, 100))
MORNING = "20260713-1035"
LATER = "20260713-1405"
TIMES = (time(10, 35), time(14, 5))
UNTIL = at(MON, "11:00")


class Died(BaseException):
    """The process died here."""


@dataclass
class Office:
    """The broker's side, which outlives a process. `dies_at` is the send that is our last.

    `away` fails every listing; `told` is what it says of any order, None for the truth; `cash` and `shares`
    are what is added to its statement; `mute` loses every answer to an order that arrived.
    """

    away: bool = False
    told: Sighting | None = None
    cash: str = "0.00"
    shares: dict[str, int] = field(default_factory=dict)
    nothing_held: bool = False
    fills_hidden: bool = False
    fills_fail: bool = False
    mute: bool = False
    strange: tuple[OrderStatus, ...] = ()
    booked: tuple[Movement, ...] = ()
    dies_at: int = 0
    sent: list[OrderId] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def door(self, broker: Broker, _journal: Journal) -> Broker:
        through: Broker = Door(self, broker)  # type: ignore[assignment]  # It passes all else on.
        return through


class Door:
    """The broker as our process reaches it."""

    def __init__(self, office: Office, inner: Broker) -> None:
        self._office, self._inner = office, inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def submit_order(self, order: Any) -> Ack:
        office = self._office
        office.sent.append(order.order_id)
        if len(office.sent) == office.dies_at:
            raise Died
        ack = await self._inner.submit_order(order)
        return Ack(kind=AckKind.NO_ANSWER, reason="no answer") if office.mute else ack

    async def get_order_status(self, order_id: OrderId) -> Sighting:
        self._office.asked.append("status")
        return self._office.told or await self._inner.get_order_status(order_id)

    async def get_open_orders(self) -> tuple[OrderStatus, ...]:
        self._listed("open orders")
        return (*await self._inner.get_open_orders(), *self._office.strange)

    async def get_fills(self, since: Any) -> Any:
        self._listed("fills")
        if self._office.fills_fail:
            raise BrokerFault("fills", "cut off in the middle")
        return () if self._office.fills_hidden else await self._inner.get_fills(since)

    async def get_movements(self, since: Any) -> tuple[Movement, ...]:
        return (*await self._inner.get_movements(since), *self._office.booked)

    async def get_positions(self) -> tuple[Holding, ...]:
        self._listed("positions")
        if self._office.nothing_held:
            return ()
        held = {one.symbol: one for one in await self._inner.get_positions()}
        return tuple(
            replace(one, shares=one.shares + self._office.shares.get(one.symbol, 0)) for one in held.values()
        )

    async def get_balance(self) -> Balance:
        self._listed("balance")
        balance = await self._inner.get_balance()
        return replace(balance, cash_cny=balance.cash_cny + Decimal(self._office.cash))

    def _listed(self, what: str) -> None:
        self._office.asked.append(what)
        if self._office.away:
            raise BrokerFault(what, "no connection")


def setup_with(office: Office, *answers: str, **more: Any) -> Setup:
    return Setup(answers=answers or [BUY], broker=office.door, times=TIMES, **more)


def cut_off(office: Office, setup: Setup) -> None:
    """Let the process die in its first session."""
    with pytest.raises(Died):
        setup.open().run(UNTIL)
    office.dies_at = 0


def checks(live: Live) -> list[Check]:
    values = [live.journal.value(event) for event in live.journal.events if event.step.startswith("check:")]
    return [one for one in values if isinstance(one, Check)]


def halts(live: Live) -> list[tuple[str, HaltCause]]:
    return [(one.symbol, one.cause) for one in live.journal.account.halts.values()]


def ack(live: Live, symbol: str) -> Ack:
    """Return the answer to the morning's order in the symbol."""
    (terms,) = [
        one
        for one in live.journal.account.sessions[live.session(MORNING)].orders.values()
        if one.symbol == symbol
    ]
    value = live.value(MORNING, f"sent:{terms.order_id}")
    assert isinstance(value, Ack)
    return value


# The start.


def test_a_run_that_begins_here_has_nothing_to_compare():
    office = Office()

    live = setup_with(office).open().run(UNTIL)

    assert checks(live) == []
    assert live.loop.reconciled
    assert live.loop.why == ""


def test_a_process_that_goes_on_with_an_account_compares_it_before_its_next_session():
    office = Office()
    setup = setup_with(office)
    setup.open().run(UNTIL)

    live = setup.open().run(at(MON, "14:10"))

    (check,) = checks(live)
    assert (check.occasion, check.halts) == (CheckOccasion.START, ())
    assert [(one.symbol, one.shares) for one in check.statement.holdings] == [(MAIN, 1000)]
    (started,) = [one.seq for one in live.journal.events if one.kind == "check"]
    later = live.journal.find(live.session(LATER), "opened")
    assert later is not None
    assert started < later.seq


def test_a_difference_found_at_the_start_halts_what_it_touches():
    office = Office()
    setup = setup_with(office)
    setup.open().run(UNTIL)
    office.shares = {MAIN: 100}

    live = setup.open(at(MON, "12:00"))
    live.tick()

    assert halts(live) == [(MAIN, HaltCause.RECONCILIATION)]
    assert [(one.symbol, one.shares) for one in live.journal.account.book.lots] == [(MAIN, 1000)]


def test_an_empty_listing_is_not_flat():
    office = Office()
    setup = setup_with(office)
    setup.open().run(UNTIL)
    office.nothing_held = True

    live = setup.open(at(MON, "12:00"))
    live.tick()

    assert halts(live) == [(MAIN, HaltCause.RECONCILIATION)]


def test_a_dividend_booked_meanwhile_is_no_difference():
    office = Office()
    setup = setup_with(office)
    setup.open().run(UNTIL)
    dividend = Movement(
        movement_id="D1",
        kind=MovementKind.DIVIDEND,
        symbol=MAIN,
        shares=0,
        cash_cny=Decimal("50.00"),
        day=MON,
        why="dividend",
    )
    office.booked, office.cash = (dividend,), "50.00"

    live = setup.open(at(MON, "12:00"))
    live.tick()

    assert halts(live) == []
    # The next session books it.
    assert live.journal.account.movements == {}


def test_a_listing_of_fills_that_fails_at_the_start_keeps_the_account_closed():
    office = Office()
    setup = setup_with(office, answer(order("buy", MAIN, 1000, limit="9.00")), keep_orders=True)
    setup.open().run(UNTIL)
    office.fills_fail = True

    live = setup.open(at(MON, "12:00"))
    live.tick()

    assert not live.loop.reconciled
    assert checks(live) == []


def test_an_order_at_the_broker_that_is_not_ours_halts_its_symbol():
    office = Office()
    setup = setup_with(office)
    setup.open().run(UNTIL)
    stranger = OrderStatus(
        order_id=OrderId("SOMEBODYS"),
        symbol=OTHER,
        side="buy",  # type: ignore[arg-type]  # As a listing has it.
        shares=100,
        filled=0,
        limit_cny=Decimal("10.00"),
        state=OrderState.WORKING,
    )
    ended = replace(stranger, order_id=OrderId("ENDED"), symbol=MAIN, state=OrderState.CANCELLED)
    office.strange = (stranger, ended)

    live = setup.open(at(MON, "12:00"))
    live.tick()

    assert halts(live) == [(OTHER, HaltCause.RECONCILIATION)]


def test_a_difference_known_and_halted_is_not_halted_again_at_the_next_start():
    office = Office()
    setup = setup_with(office)
    setup.open().run(UNTIL)
    office.shares = {MAIN: 100}
    setup.open(at(MON, "12:00")).tick()

    live = setup.open(at(MON, "12:01"))
    live.tick()

    assert len(checks(live)) == 2
    assert len([one for one in live.kinds("halt")]) == 1


# A broker that does not answer.


def test_while_the_broker_does_not_answer_nothing_is_sent_and_slots_that_pass_are_missed_with_that_reason():
    office = Office()
    setup = setup_with(office, HOLD, BUY)
    setup.open().run(UNTIL)
    office.away = True

    live = setup.open(at(MON, "14:05"))
    live.tick()
    before = (live.loop.reconciled, live.loop.why, live.journal.find(live.session(LATER), "opened"))
    live.tick(at(MON, "14:10") + timedelta(seconds=1))

    assert before == (False, "broker: open orders: no connection", None)
    closed = live.value(LATER, "closed")
    assert isinstance(closed, Closed)
    assert closed.outcome is Outcome.MISSED
    assert closed.reason == "301 s late, at most 300 s are allowed; broker: open orders: no connection"
    assert office.sent == []
    assert checks(live) == []


def test_a_broker_that_answers_again_in_time_is_traded_with():
    office = Office()
    setup = setup_with(office, HOLD, BUY)
    setup.open().run(UNTIL)
    office.away = True
    live = setup.open(at(MON, "14:05"))
    live.tick()
    office.away = False

    live.tick(at(MON, "14:07"))

    assert live.loop.reconciled
    assert live.loop.why == ""
    assert live.loop.again_at is None
    assert len(office.sent) == 1


def test_it_is_asked_again_after_a_pause_and_each_reason_is_recorded_once():
    office = Office()
    setup = setup_with(office)
    setup.open().run(UNTIL)
    office.away = True
    live = setup.open(at(MON, "12:00"))
    office.asked.clear()

    live.tick(at(MON, "12:00"))
    live.tick(at(MON, "12:00"))
    again = live.loop.next_due()
    assert again is not None
    assert again == live.loop.again_at
    live.tick(again)

    assert office.asked == ["open orders", "open orders"]
    assert [one.step.partition(":")[0] for one in live.kinds("fault_record")] == ["unanswered"]


def test_a_clock_set_back_does_not_make_the_pause_longer():
    office = Office()
    setup = setup_with(office)
    setup.open().run(UNTIL)
    office.away = True
    live = setup.open(at(MON, "12:00"))
    live.tick(at(MON, "12:00"))
    office.asked.clear()

    asyncio.run(live.loop.tick(at(MON, "11:50")))

    assert office.asked == ["open orders"]


def test_the_pause_grows_from_a_second_to_a_minute_and_is_the_same_every_time():
    pauses = [pause_s("main", failures) for failures in range(20)]

    assert pauses == [pause_s("main", failures) for failures in range(20)]
    assert pauses != [pause_s("other", failures) for failures in range(20)]
    assert pauses[0] == 1.0
    # Half of the doubled second at least: 8 s after three failures, 60 s from six on.
    assert 4 <= pauses[3] <= 8
    assert all(30 <= one <= 60 for one in pauses[6:])


# A session cut off after its verdicts.


def test_a_session_cut_off_sends_the_rest_only_on_a_fresh_statement():
    office = Office(dies_at=2)
    setup = setup_with(office, BOTH)
    cut_off(office, setup)
    office.asked.clear()

    live = setup.open().run(UNTIL)

    going_on, start = checks(live)
    assert (going_on.occasion, start.occasion) == (CheckOccasion.GOING_ON, CheckOccasion.START)
    # What traded before the end is in the journal by then: it is no difference.
    assert going_on.halts == ()
    assert [(one.symbol, one.shares) for one in going_on.statement.holdings] == [(MAIN, 1000)]
    assert live.journal.account.book.holdings() == {MAIN: 1000, OTHER: 100}


def test_what_differs_by_then_is_not_sent():
    office = Office(dies_at=2)
    setup = setup_with(office, BOTH)
    cut_off(office, setup)
    office.cash = "-7.00"

    live = setup.open().run(UNTIL)

    assert ack(live, OTHER).kind is AckKind.WITHHELD
    assert ("", HaltCause.RECONCILIATION) in halts(live)
    assert len(office.sent) == 2
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_a_symbol_that_differs_does_not_hold_back_another():
    office = Office(dies_at=2)
    setup = setup_with(office, BOTH)
    cut_off(office, setup)
    office.shares = {MAIN: 300}

    live = setup.open().run(UNTIL)

    assert halts(live) == [(MAIN, HaltCause.RECONCILIATION)]
    assert ack(live, OTHER).kind is AckKind.ACCEPTED


def test_a_session_cut_off_waits_for_the_broker_and_goes_on_when_it_answers():
    office = Office(dies_at=2)
    setup = setup_with(office, BOTH)
    cut_off(office, setup)
    # Away it cannot tell of the order either: that is no word on the order yet.
    office.away, office.told = True, Sighting(sight=Sight.CANNOT_TELL, reason="no connection")
    live = setup.open()
    live.tick()
    waiting = live.journal.account.unfinished
    office.away, office.told = False, None

    live.tick(at(MON, "10:35") + timedelta(seconds=5))

    assert waiting == live.session(MORNING)
    assert len(office.sent) == 3
    assert live.journal.account.book.holdings() == {MAIN: 1000, OTHER: 100}


def test_a_session_cut_off_ends_without_sending_where_the_broker_does_not_answer_in_time():
    office = Office(dies_at=2)
    setup = setup_with(office, BOTH)
    cut_off(office, setup)
    office.away, office.told = True, Sighting(sight=Sight.CANNOT_TELL, reason="no connection")

    live = setup.open(at(MON, "10:41"))
    live.tick()

    assert live.journal.account.unfinished is None
    assert len(office.sent) == 2
    assert halts(live) == [(OTHER, HaltCause.UNRESOLVED)]


# What nobody can tell of.


def muted() -> Office:
    """Return a broker that takes every order and says so to nobody."""
    told = Sighting(sight=Sight.CANNOT_TELL, reason="the listing may lag")
    return Office(mute=True, fills_hidden=True, told=told)


def test_a_working_order_the_broker_cannot_tell_of_at_the_start_halts_its_symbol():
    office = Office()
    bars = answer(order("buy", MAIN, 1000, limit="9.00"))
    setup = setup_with(office, bars, keep_orders=True)
    setup.open().run(UNTIL)
    office.told = Sighting(sight=Sight.CANNOT_TELL, reason="maintenance")

    live = setup.open(at(MON, "12:00"))
    live.tick()

    assert halts(live) == [(MAIN, HaltCause.UNRESOLVED)]
    (check,) = checks(live)
    assert check.unresolved == (live.only_order(),)


def test_an_unresolved_order_is_asked_for_at_each_heartbeat_and_its_halt_ends_once_it_is_found():
    office = muted()
    setup = setup_with(office, heartbeat_s=60)
    live = setup.open()
    live.tick(at(MON, "10:35"))
    halted = halts(live)
    office.asked.clear()
    live.tick(at(MON, "10:36"))
    live.tick(at(MON, "10:36"))
    asked = office.asked.count("status")
    office.told, office.fills_hidden = None, False

    live.tick(at(MON, "10:38"))

    assert halted == [(MAIN, HaltCause.UNRESOLVED)]
    assert asked >= 1
    assert halts(live) == []
    (lift,) = [live.journal.value(event) for event in live.kinds("lift")]
    assert isinstance(lift, Lift)
    assert (lift.symbol, lift.order_id, lift.by) == (MAIN, live.only_order(), "")
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_a_fill_that_comes_with_anothers_ends_the_halt_of_an_unresolved_order():
    office = muted()
    live = setup_with(office, BUY, answer(order("buy", OTHER, 100))).open()
    live.tick(at(MON, "10:35"))
    halted = halts(live)
    # The broker still cannot tell of the order, but lists what it traded.
    office.fills_hidden = False

    live.tick(at(MON, "14:05"))

    assert halted == [(MAIN, HaltCause.UNRESOLVED)]
    assert live.journal.account.book.held(MAIN) == 1000
    assert MAIN not in [symbol for symbol, _ in halts(live)]


def test_it_is_asked_for_after_the_close_too():
    office = muted()
    live = setup_with(office, heartbeat_s=60).open()
    live.tick(at(MON, "10:35"))
    live.tick(at(MON, "20:00"))
    halted = halts(live)
    office.told, office.fills_hidden = None, False

    live.tick(at(MON, "20:02"))

    assert halted == [(MAIN, HaltCause.UNRESOLVED)]
    assert halts(live) == []
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_an_unresolved_order_that_has_ended_is_asked_for_no_more_and_nothing_waits_for_it():
    office = muted()
    live = setup_with(office, heartbeat_s=60).open()
    for moment in ("10:35", "10:36"):
        live.tick(at(MON, moment))
    asked, order_id = office.asked.count("status"), live.only_order()
    # As where the journal could be written between an order's end and that of its halt no more.
    ended = OrderEnded(order_id=order_id, state=OrderState.EXPIRED, reason="nobody has it")
    live.journal.write(live.session(MORNING), f"ended:{order_id}", ended)

    due = live.loop.next_due()
    live.tick(at(MON, "10:38"))

    assert live.journal.account.unresolved
    assert (due, office.asked.count("status")) == (at(MON, "14:05"), asked)
    assert live.loop.next_due() == at(MON, "14:05")


def test_a_persons_halt_of_the_symbol_stays_when_its_order_is_found():
    office = muted()
    setup = setup_with(office, heartbeat_s=60)
    live = setup.open()
    live.tick(at(MON, "10:35"))
    live.journal.write("", "by hand", Halt(symbol=MAIN, why="a rumour", cause=HaltCause.PERSON, by="ann"))
    office.told, office.fills_hidden = None, False

    live.tick(at(MON, "10:37"))

    assert halts(live) == [(MAIN, HaltCause.PERSON)]


# Each trading day.


def daily(office: Office, *answers: str) -> Live:
    live = setup_with(office, *answers or (HOLD,)).open(at(MON, "08:00"))
    live.world = replace(live.world, daily_checks=True)
    live.loop = type(live.loop)(live.world, live.plan, live.ended.append, live.woken.append)
    return live


def occasions(live: Live) -> Sequence[CheckOccasion]:
    return [one.occasion for one in checks(live)]


def test_the_statement_is_compared_before_the_first_slot_and_after_the_close_of_each_day():
    live = daily(Office(), BUY)
    moments: list[datetime] = [
        at(day, clock)
        for day in (MON, TUE)
        for clock in ("09:14", "09:15", "09:16", "10:35", "14:05", "15:34", "15:35", "18:00")
    ]
    for moment in moments:
        live.tick(moment)

    a_day = [CheckOccasion.BEFORE_OPEN, CheckOccasion.AFTER_CLOSE]
    assert occasions(live) == [CheckOccasion.START, *a_day, *a_day]
    assert [one.moment for one in checks(live)][1:3] == [at(MON, "09:15"), at(MON, "15:35")]
    assert halts(live) == []


def test_a_day_without_trading_has_no_comparison():
    live = daily(Office())
    saturday = MON + timedelta(days=5)
    live.tick(at(MON, "16:00"))
    count = len(checks(live))

    live.tick(at(saturday, "10:00"))
    live.tick(at(saturday, "16:00"))

    assert len(checks(live)) == count


def test_a_difference_after_the_close_halts():
    office = Office()
    live = daily(office, BUY)
    live.tick(at(MON, "10:35"))
    office.cash = "-0.01"

    live.tick(at(MON, "15:36"))

    assert halts(live) == [("", HaltCause.RECONCILIATION)]
    assert checks(live)[-1].occasion is CheckOccasion.AFTER_CLOSE
