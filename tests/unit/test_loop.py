"""What is due when: decided from the plan and the journal, whoever ticks and however often."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.domain.events import Closed, Outcome
from services.domain.instruments import Market
from services.slots import ZONES
from tests.crash.touches import Crash, Fate, Store
from tests.exchange_market import MAIN, MON, TUE, Weekdays, at
from tests.unit.world import HOLD, Live, Setup, answer, order

BUY = answer(order("buy", MAIN, 1000))
SLOTS = ("1035", "1135", "1405", "1505")
ALL = [f"{day}-{slot}" for day in ("20260713", "20260714") for slot in SLOTS]


def outcomes(live: Live) -> dict[str, Outcome | None]:
    return {name[:13]: state.outcome for name, state in live.journal.account.sessions.items()}


def test_every_slot_gets_exactly_one_session_in_order():
    live = Setup(answers=[BUY]).open().run()

    assert [name[:13] for name in live.ended] == ALL
    assert list(outcomes(live)) == ALL
    assert live.loop.next_due() is None
    assert live.loop.next_slot() is None


def test_a_tick_before_the_first_slot_does_nothing():
    live = Setup().open()

    live.tick(at(MON, "10:34"))

    assert live.ended == []
    assert live.loop.next_due() == at(MON, "10:35")


def test_ticks_without_anything_due_write_nothing():
    live = Setup(answers=[BUY]).open().run(at(MON, "10:40"))
    before = len(live.journal.events)

    for minute in ("10:41", "10:41", "11:00", "11:34"):
        live.tick(at(MON, minute))

    assert len(live.journal.events) == before


@pytest.mark.parametrize(
    ("late_s", "outcome"), [(0, Outcome.NO_TRADE), (300, Outcome.NO_TRADE), (301, Outcome.MISSED)]
)
def test_a_slot_is_run_within_its_grace_and_missed_beyond(late_s, outcome):
    live = Setup(answers=[HOLD]).open()

    live.tick(at(MON, "10:35") + timedelta(seconds=late_s))

    assert outcomes(live) == {"20260713-1035": outcome}


def test_a_missed_slot_asks_nobody_and_says_how_late_it_was():
    live = Setup(answers=[BUY]).open()

    live.tick(at(MON, "11:00"))

    closed = live.value("20260713-1035", "closed")
    assert isinstance(closed, Closed)
    assert "1500" in closed.reason
    assert live.steps("20260713-1035") == ["opened", "closed"]
    assert live.mind.asked == 0


def test_after_a_night_without_the_process_each_slot_missed_is_on_record():
    setup = Setup(answers=[HOLD])
    setup.open().run(at(MON, "10:40"))

    live = setup.open()
    live.tick(at(TUE, "10:36"))

    assert list(outcomes(live).values()) == [
        Outcome.NO_TRADE,
        *[Outcome.MISSED] * 3,
        Outcome.NO_TRADE,
    ]
    assert live.journal.account.last_session is not None


def test_a_process_started_after_a_slot_within_the_grace_runs_it():
    setup = Setup(answers=[HOLD])

    live = setup.open(at(MON, "10:38"))
    live.tick()

    assert outcomes(live) == {"20260713-1035": Outcome.NO_TRADE}


def cut_off(setup: Setup, step: str) -> None:
    """Die right after that step of the first session was written."""
    fate = Fate()
    spare = replace(setup, store=type(setup.store)(), ledger=type(setup.ledger)())
    replace(spare, store=Store(spare.store, fate)).open().run(at(MON, "10:40"))  # type: ignore[arg-type]
    number = next(i for i, touch in enumerate(fate.touched, 1) if touch.startswith(f"append {step}"))
    store = Store(setup.store, Fate(number, before=False))
    with pytest.raises(Crash):
        replace(setup, store=store).open().run(at(MON, "10:40"))  # type: ignore[arg-type]


def test_a_session_cut_off_is_finished_before_anything_else():
    setup = Setup(answers=[BUY])
    cut_off(setup, "verdicts")

    live = setup.open()
    live.tick(at(MON, "10:36"))

    assert outcomes(live) == {"20260713-1035": Outcome.DONE}
    assert live.mind.asked == 0
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_a_session_cut_off_before_its_verdicts_is_not_begun_anew_too_late():
    setup = Setup(answers=[BUY])
    cut_off(setup, "answer")

    live = setup.open()
    live.tick(at(MON, "11:00"))

    assert outcomes(live) == {"20260713-1035": Outcome.MISSED}
    assert live.kinds("order_terms") == []


def test_a_session_cut_off_after_its_verdicts_is_finished_late_and_sends_nothing():
    setup = Setup(answers=[BUY])
    cut_off(setup, "verdicts")

    live = setup.open()
    live.tick(at(MON, "11:00"))

    assert outcomes(live) == {"20260713-1035": Outcome.DONE}
    assert live.journal.account.book.holdings() == {}
    assert [event.step[:5] for event in live.kinds("ack")] == ["sent:"]
    assert live.journal.account.book.open_orders == ()


def test_a_session_cut_off_keeps_its_answer_and_asks_the_mind_no_second_time():
    setup = Setup(answers=[BUY])
    cut_off(setup, "answer")

    live = setup.open()
    live.tick(at(MON, "10:36"))

    assert live.mind.asked == 0
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def test_own_slot_times_replace_the_usual_ones():
    live = Setup(times=(at(MON, "10:00").time(), at(MON, "14:30").time())).open().run()

    assert [name[9:13] for name in live.ended] == ["1000", "1430"] * 2


def test_a_day_the_plan_does_not_hold_has_no_session():
    friday, monday = MON - timedelta(days=3), MON
    setup = Setup(first=friday, last=monday, calendar=Weekdays())

    slots = setup.open().plan.slots

    assert {slot.day for slot in slots} == {friday, monday}
    assert {slot.moment.tzinfo for slot in slots} == {ZONES[Market.CN]}
