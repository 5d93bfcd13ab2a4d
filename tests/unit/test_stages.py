"""After a session's close: orders that wait for 13:00, orders that work, and their end."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from risk.limits import Limits
from services.domain.book import OrderEnded
from services.domain.decision import Decision
from services.domain.events import Outcome, Rested, StageKind, Verdicts
from services.domain.fills import Fill
from services.domain.orders import OrderState, OrderTerms, Origin, Rule, Side
from services.ports import Broker, BrokerFault, PriceFault
from tests.exchange_market import FLAT, MAIN, MON, OTHER, TUE, Bar, at, panel
from tests.unit.test_executor import Desk
from tests.unit.test_session import Moody, moody_prices
from tests.unit.world import HOLD, Live, Setup, answer, flat, order

MORNING, LUNCH, AFTERNOON = "20260713-1035", "20260713-1135", "20260713-1405"
BUY = answer(order("buy", MAIN, 1000))
LOW = answer(order("buy", MAIN, 1000, limit="9.90"))


def ended(live: Live) -> list[OrderEnded]:
    values = [live.journal.value(event) for event in live.kinds("order_ended")]
    return [value for value in values if isinstance(value, OrderEnded)]


def stages(live: Live) -> list[StageKind]:
    return [live.journal.value(event).stage for event in live.kinds("look")]  # type: ignore[attr-defined]  # A Look.


def test_an_order_of_the_lunch_session_waits_for_the_afternoon():
    desk = Desk()
    live = Setup(answers=[HOLD, BUY], broker=desk.door).open().run(at(MON, "12:59"))

    verdicts = live.value(LUNCH, "verdicts")
    assert isinstance(verdicts, Verdicts)
    (waiting,) = verdicts.waiting
    assert waiting.not_before == at(MON, "13:00")
    assert waiting.send_by == at(MON, "13:01")
    assert desk.sent == []
    assert live.loop.next_due() == at(MON, "13:00")
    assert live.journal.account.sessions[live.session(LUNCH)].outcome is Outcome.DONE


def test_a_waiting_order_is_sent_at_one_and_pays_the_afternoons_open():
    # The afternoon opens at 10.10.
    bars: list[Bar] = [FLAT, FLAT, (10.1, 10.1, 10.1, 10.1), (10.1, 10.1, 10.1, 10.1)] * 2
    series = {MAIN: bars, OTHER: flat()[OTHER]}
    market = panel(series, prev_close={MAIN: [10.0, 10.1], OTHER: [10.0, 10.0]})

    live = Setup(answers=[HOLD, BUY], market=market).open().run(at(MON, "13:00"))

    (fill,) = [live.journal.value(event) for event in live.kinds("fill")]
    assert isinstance(fill, Fill)
    assert (fill.price_cny, fill.traded_at) == (Decimal("10.10"), at(MON, "13:00"))
    assert live.woken == [live.session(LUNCH)]
    assert live.value(LUNCH, "late1:rested") == Rested(working=0)
    assert stages(live) == [StageKind.WAKE]


def test_what_waiting_orders_are_judged_by_is_at_hand_while_they_wait_and_no_longer():
    setup = Setup(answers=[BUY, answer(order("sell", MAIN, 1000), order("buy", OTHER, 100))])
    setup.open().run(at(MON, "12:59"))
    nothing = (None, None, ())

    live = setup.open()
    morning, lunch = (live.journal.account.sessions[live.session(label)] for label in (MORNING, LUNCH))
    held = [(one.found, one.seen, one.intents) for one in (morning, lunch)]
    seen_at = lunch.seen and lunch.seen.moment
    live.run(at(MON, "13:00"))

    decision = live.value(LUNCH, "decision")
    assert isinstance(decision, Decision)
    assert held[0] == nothing
    assert (held[1][0], seen_at, held[1][2]) == (
        live.value(LUNCH, "book"),
        at(MON, "11:35"),
        decision.intents,
    )
    assert (lunch.found, lunch.seen, lunch.intents) == nothing


def test_an_exit_that_waits_over_lunch_wakes_beside_what_the_mind_wanted():
    # Bought at 10.00 on Monday, where a fall of 5 % sells all; on Tuesday it ends the morning at 9.40.
    falls, low = (10.0, 10.0, 9.4, 9.4), (9.4, 9.4, 9.4, 9.4)
    bars: list[Bar] = [FLAT, FLAT, FLAT, FLAT, FLAT, falls, low, low]
    series = {MAIN: bars, OTHER: flat()[OTHER]}
    market = panel(series, days=(MON, TUE), prev_close={MAIN: [10.0, 10.0], OTHER: [10.0, 10.0]})
    limits = replace(Limits(), stop_loss_ratio=Decimal("0.05"))
    answers = [BUY, HOLD, HOLD, HOLD, HOLD, answer(order("buy", OTHER, 100))]

    live = Setup(market=market, limits=limits, answers=answers).open().run(at(TUE, "13:00"))

    label = f"{TUE:%Y%m%d}-1135"
    values = [live.journal.value(event) for event in live.kinds("order_terms") if event.step.startswith("in")]
    left = [(one.symbol, one.side, one.origin) for one in values[1:] if isinstance(one, OrderTerms)]
    assert left == [(MAIN, Side.SELL, Origin.EXIT), (OTHER, Side.BUY, Origin.DECISION)]
    assert live.woken == [live.session(label)]


def test_a_stage_ends_with_the_count_of_its_own_sessions_orders_that_still_work():
    other = answer(order("buy", OTHER, 1000, limit="9.90"))
    times = (time(10, 35), time(10, 45), time(10, 55))

    live = Setup(answers=[LOW, other], times=times, keep_orders=True).open().run(at(MON, "10:55"))

    first, second = "20260713-1035", "20260713-1045"
    assert live.value(first, "late1:rested") == Rested(working=1)
    assert live.value(first, "late2:rested") == Rested(working=1)
    assert live.value(second, "late1:rested") == Rested(working=1)


def test_a_waiting_order_passes_the_gate_again_and_may_be_refused_there():
    # 300 bp higher than at the answer, where 200 are allowed.
    bars: list[Bar] = [FLAT, FLAT, (10.3, 10.3, 10.3, 10.3), (10.3, 10.3, 10.3, 10.3)] * 2
    series = {MAIN: bars, OTHER: flat()[OTHER]}
    market = panel(series, prev_close={MAIN: [10.0, 10.3], OTHER: [10.0, 10.0]})

    live = Setup(answers=[HOLD, BUY], market=market).open().run(at(MON, "13:00"))

    verdicts = live.value(LUNCH, "late1:verdicts")
    assert isinstance(verdicts, Verdicts)
    assert [one.rule for one in verdicts.refused] == [Rule.DRIFT]
    assert live.kinds("order_terms") == []


@pytest.mark.parametrize(
    ("moment", "sent"), [("13:00:00", True), ("13:01:00", True), ("13:01:01", False), ("13:30:00", False)]
)
def test_a_waiting_order_woken_after_its_last_moment_is_refused(moment, sent):
    setup = Setup(answers=[HOLD, BUY])
    setup.open().run(at(MON, "12:59"))

    live = setup.open()
    live.tick(at(MON, moment))

    assert (live.kinds("order_terms") != []) is sent
    if not sent:
        verdicts = live.value(LUNCH, "late1:verdicts")
        assert isinstance(verdicts, Verdicts)
        assert [one.rule for one in verdicts.refused] == [Rule.PHASE]
    assert live.journal.account.waiting() == ()


def test_a_waiting_order_without_a_price_at_one_is_refused():
    fault = PriceFault("quotes", "down")
    # Questions 1 and 2 are the two sessions' prices, 3 the lunch session's requote, 4 the waking.
    setup = Setup(answers=[HOLD, BUY], prices=lambda source: moody_prices(source, fault, [4]))

    live = setup.open().run(at(MON, "13:00"))

    verdicts = live.value(LUNCH, "late1:verdicts")
    assert isinstance(verdicts, Verdicts)
    assert [one.rule for one in verdicts.refused] == [Rule.QUOTE_MISSING]
    assert live.journal.account.waiting() == ()


def test_a_sell_and_the_buy_it_pays_for_both_wait_and_the_sell_goes_first():
    everything = answer(order("buy", MAIN, 9000))
    swap = answer(order("buy", OTHER, 5000), order("sell", MAIN, 9000))
    setup = Setup(answers=[everything, HOLD, HOLD, HOLD, HOLD, swap])

    live = setup.open().run(at(TUE, "13:00"))

    sides = [live.journal.value(event).side for event in live.kinds("order_terms")]  # type: ignore[attr-defined]
    assert sides == [Side.BUY, Side.SELL, Side.BUY]
    assert live.journal.account.book.holdings() == {OTHER: 5000}


def test_what_still_works_is_cancelled_before_the_next_slot():
    live = Setup(answers=[LOW]).open().run(at(MON, "11:35"))

    assert stages(live) == [StageKind.NEXT_SLOT]
    assert [one.state for one in ended(live)] == [OrderState.CANCELLED]
    assert live.journal.account.book.available_cny == Decimal("100000.00")
    # It is over before the next session looks at the account.
    assert live.kinds("order_ended")[0].seq < live.journal.find(live.session(LUNCH), "opened").seq  # type: ignore[union-attr]


def test_what_still_works_may_be_kept_and_blocks_its_symbol():
    setup = Setup(answers=[LOW, HOLD, BUY], keep_orders=True)

    live = setup.open().run(at(MON, "14:05"))

    verdicts = live.value(AFTERNOON, "verdicts")
    assert isinstance(verdicts, Verdicts)
    assert [one.rule for one in verdicts.refused] == [Rule.UNRESOLVED]
    assert len(live.journal.account.working()) == 1


def test_a_working_order_expires_with_its_day():
    # The slot of 14:05 is the day's last, so nothing cancels before 15:00.
    setup = Setup(answers=[LOW], times=(at(MON, "14:05").time(),))

    live = setup.open().run(at(MON, "15:00"))

    assert stages(live) == [StageKind.EXPIRY]
    assert [one.state for one in ended(live)] == [OrderState.EXPIRED]
    assert live.journal.account.working() == ()
    assert live.loop.next_due() == at(TUE, "14:05")


def test_a_working_order_that_traded_meanwhile_is_found_filled():
    # Its close alone is surely later than the order.
    bars: list[Bar] = [FLAT, (10.0, 10.0, 9.8, 9.89), FLAT, FLAT] * 2
    market = panel({MAIN: bars, OTHER: flat()[OTHER]}, prev_close={MAIN: [10.0] * 2, OTHER: [10.0] * 2})

    live = Setup(answers=[LOW], market=market).open().run(at(MON, "11:35"))

    (fill,) = [live.journal.value(event) for event in live.kinds("fill")]
    assert isinstance(fill, Fill)
    assert (fill.price_cny, fill.traded_at) == (Decimal("9.90"), at(MON, "11:30"))
    assert live.kinds("fill")[0].session == live.session(MORNING)
    assert ended(live) == []


def test_an_order_stuck_at_the_broker_is_looked_at_once_a_day_end_not_at_every_tick():
    fault = BrokerFault("status", "down")
    door = stuck(fault)
    setup = Setup(answers=[LOW], times=(at(MON, "14:05").time(),), broker=door)
    live = setup.open().run(at(MON, "15:00"))
    looks = len(live.kinds("look"))

    for minute in ("15:01", "15:02", "16:00", "23:00"):
        live.tick(at(MON, minute))

    assert looks == 1
    assert len(live.kinds("look")) == 1


def stuck(fault: BrokerFault) -> Any:
    def door(broker: Broker, _journal: Any) -> Any:
        return Moody(broker, "get_order_status", fault, range(1, 100))

    return door


def test_a_broker_that_is_silent_at_a_look_is_asked_again_before_the_next_slot():
    fault = BrokerFault("status", "down")

    def door(broker: Broker, _journal: Any) -> Any:
        return Moody(broker, "get_order_status", fault, [1])

    live = Setup(answers=[LOW], broker=door).open().run(at(MON, "14:05"))

    assert stages(live) == [StageKind.NEXT_SLOT, StageKind.NEXT_SLOT]
    assert len(live.kinds("fault_record")) == 1
    assert [one.state for one in ended(live)] == [OrderState.CANCELLED]


def test_a_stage_cut_off_is_gone_on_with_and_not_begun_again():
    class Killed(BaseException):
        pass

    class Door(Moody):
        def __getattr__(self, name: str) -> Any:
            if name == "get_order_status":
                raise Killed
            return getattr(self._inner, name)

    setup = Setup(answers=[LOW])
    fault = BrokerFault("status", "down")
    with pytest.raises(Killed):
        replace(
            setup,
            broker=lambda broker, _journal: Door(broker, "", fault, ()),  # type: ignore[arg-type,return-value]
        ).open().run(at(MON, "11:35"))

    live = setup.open().run(at(MON, "11:35"))

    assert len(live.kinds("look")) == 1
    assert live.value(MORNING, "late1:rested") == Rested(working=0)
    assert [one.state for one in ended(live)] == [OrderState.CANCELLED]
