"""The kill file while the clock is not believed: what was cut off before sends nothing then, nor later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.loop import Killed, Loop
from services.domain.book import OrderEnded
from services.domain.events import Closed, Outcome, StageKind
from services.domain.orders import OrderState
from services.domain.statement import Ack, AckKind
from services.journal.memory_store import MemoryStore
from tests.exchange_market import MAIN, MON, OTHER, at
from tests.replay.test_vendor_replay import require_identical
from tests.unit.test_executor import Desk
from tests.unit.test_kill import BUY, LOW, MORNING, Switch, cut_off, killable
from tests.unit.test_stages import stages
from tests.unit.test_waiting_for_the_afternoon import LUNCH, Died, DiesAt, after, setup_of, since
from tests.unit.world import HOLD, Live, Setup, answer, order


def doubting(setup: Setup) -> Live:
    """Return a process that does not believe its clock."""
    live = setup.open()
    live.loop = Loop(replace(live.world, clock_doubt=lambda: "it jumped"), live.plan)
    return live


@pytest.mark.parametrize("answered", [BUY, LOW])
@pytest.mark.parametrize("step", ["requote", "verdicts", "intended:", "sent:"])
def test_a_session_cut_off_is_ended_then_and_sends_nothing_once_the_file_is_gone(step: str, answered: str):
    switch, desk = Switch(), Desk()
    setup = killable(switch, answered, broker=desk.door)
    cut_off(replace(setup, broker=lambda broker, _journal: broker), step)
    switch.on = True
    live = doubting(setup)
    live.tick(at(MON, "10:35"))
    closed = live.value(MORNING, "closed")
    switch.on = False

    again = setup.open().run(at(MON, "10:40"))

    assert isinstance(closed, Closed)
    assert live.journal.account.working() == again.journal.account.working() == ()
    assert desk.sent == []


def test_orders_that_were_being_woken_are_withheld_and_the_working_ones_cancelled():
    """The first left at the wake and works; the process died before the second did."""
    switch, store = Switch(), MemoryStore()
    low = answer(order("buy", OTHER, 1000, limit="9.90"), order("buy", MAIN, 1000, limit="9.90"))
    setup = replace(setup_of(since(0), HOLD, low, killed=switch.killed, stop=switch.stop), store=store)
    spare = setup.open().run(at(MON, "12:00"))
    second = [terms.order_id for terms in spare.journal.account.waiting()[0].waiting.values()][1]
    with pytest.raises(Died):
        replace(setup, store=DiesAt(store, f"intended:{second}")).open().run(after(30))  # type: ignore[arg-type]
    switch.on = True

    live = doubting(setup)
    live.tick(after(1))

    assert live.loop.killed == Killed(orders=1, working=0)
    assert stages(live) == [StageKind.WAKE, StageKind.KILL]
    answered = live.value(LUNCH, f"sent:{second}")
    assert isinstance(answered, Ack)
    assert answered.kind is AckKind.WITHHELD
    ends = [live.journal.value(event) for event in live.kinds("order_ended")]
    assert [one.state for one in ends if isinstance(one, OrderEnded)] == [
        OrderState.EXPIRED,
        OrderState.CANCELLED,
    ]
    require_identical(setup)


def test_an_order_on_record_as_ended_is_not_sent_by_the_session_that_goes_on():
    """As a kill left it that cancelled before the session had come to its end."""
    switch, desk = Switch(), Desk()
    setup = killable(switch, BUY, broker=desk.door)
    cut_off(replace(setup, broker=lambda broker, _journal: broker), "intended:")
    live = setup.open()
    (terms,) = live.journal.account.working()
    log = live.journal.log(terms.session)
    log.settle(
        f"ended:{terms.order_id}",
        OrderEnded(order_id=terms.order_id, state=OrderState.EXPIRED, reason="the broker does not have it"),
    )

    live.run(at(MON, "10:40"))

    closed = live.value(MORNING, "closed")
    assert isinstance(closed, Closed)
    assert closed.outcome is Outcome.DONE
    assert (desk.sent, live.journal.account.book.holdings()) == ([], {})
