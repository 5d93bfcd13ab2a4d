"""A paused account: no session begins, each slot is on record, and nobody is told of one by one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.parsing import parse
from monitor.alarms import Alarms
from scheduler.commands_inbox import stop_asked
from services.domain.alerts import AlertKind, Severity
from services.domain.events import Asked, Closed, Outcome, StageKind, Verdicts
from services.domain.inbox import LifeWord, Pause, Scope, pause_after, put_at
from services.domain.orders import Rule
from services.domain.statement import OrderStatus
from services.journal.journal import Journal
from services.journal.memory_inbox import MemoryInboxes
from services.ports import Broker, BrokerFault
from tests.crash.touches import Crash, Fate, Store
from tests.exchange_market import MAIN, MON, TUE, at
from tests.unit.world import HOLD, Live, Setup, answer, order

BUY = answer(order("buy", MAIN, 1000))
LOW = answer(order("buy", MAIN, 1000, limit="9.50"))  # Works, and never fills at 10.00.


@dataclass
class Desk:
    """An account and what is put to it."""

    inbox: MemoryInboxes = field(default_factory=MemoryInboxes)

    def setup(self, **more: object) -> Setup:
        return Setup(commands=self.inbox, **more)  # type: ignore[arg-type]  # Fields of a setup.

    def put(self, word: LifeWord, when: datetime, why: str = "lunch") -> None:
        self.inbox.put(Scope.HERE, str(word), {"why": why, "by": "ann", "at": when.isoformat()})


def outcomes(live: Live) -> dict[str, Outcome | None]:
    return {name[4:13]: state.outcome for name, state in live.journal.account.sessions.items()}


def reason(live: Live, label: str) -> str:
    closed = live.value(label, "closed")
    assert isinstance(closed, Closed)
    return closed.reason


def alerts(live: Live) -> list[tuple[AlertKind, Severity]]:
    fold = Alarms(parse)
    found = [one for event in live.journal.events for one in fold.take(event, live.journal.value(event))]
    return [(one.kind, one.severity) for one in found]


def stages(live: Live) -> list[StageKind]:
    return [live.journal.value(event).stage for event in live.kinds("look")]  # type: ignore[attr-defined]  # A Look.


# What a pause is.


SINCE = datetime(2026, 7, 13, 3, tzinfo=UTC)


def asked(command: str, **args: str) -> Asked:
    return Asked(command=command, args=args)


def test_a_pause_counts_from_when_it_was_put_and_at_the_latest_from_when_it_was_taken():
    put = SINCE.isoformat()
    late = (SINCE + timedelta(hours=1)).isoformat()
    taken = SINCE + timedelta(minutes=1)

    found = [pause_after(None, asked("pause", by="ann", why="w", at=one), taken) for one in (put, late, "x")]

    assert found[0] == Pause(since=SINCE, by="ann", why="w")
    assert [one.since for one in found[1:] if one] == [taken, taken]


def test_the_first_of_two_pauses_counts_and_one_resume_ends_it():
    first = Pause(since=SINCE, by="ann", why="w")

    assert pause_after(first, asked("pause", by="bob"), SINCE) is first
    assert pause_after(first, asked("resume"), SINCE) is None
    assert pause_after(None, asked("resume"), SINCE) is None
    assert pause_after(first, asked("kill"), SINCE) is first


def test_the_words_of_a_pause_say_who_and_why_as_far_as_that_is_known():
    assert Pause(since=SINCE, by="ann", why="lunch").words == "paused by ann: lunch"
    assert Pause(since=SINCE, by="", why="").words == "paused by somebody unnamed: no reason given"


@pytest.mark.parametrize("text", ["", "noon", "2026-07-13T10:00:00"])
def test_a_moment_that_is_none_or_knows_no_zone_is_not_believed(text: str):
    assert put_at({"at": text}) is None


# The loop.


def test_each_slot_of_a_pause_is_on_record_at_once_as_missed_with_who_and_why():
    desk = Desk()
    live = desk.setup(answers=[BUY]).open(at(MON, "10:00"))
    desk.put(LifeWord.PAUSE, at(MON, "10:10"))

    live.run(at(MON, "14:10"))

    assert outcomes(live) == {f"0713-{slot}": Outcome.MISSED for slot in ("1035", "1135", "1405")}
    assert reason(live, "20260713-1035") == "paused by ann: lunch"
    assert live.mind.asked == 0


def test_a_pause_survives_the_process_and_resume_ends_it():
    desk = Desk()
    setup = desk.setup(answers=[HOLD] * 4)
    first = setup.open(at(MON, "10:00"))
    desk.put(LifeWord.PAUSE, at(MON, "10:10"))
    first.tick(at(MON, "10:36"))

    second = setup.open(at(MON, "11:36"))
    second.tick()
    desk.put(LifeWord.RESUME, at(MON, "12:00"))
    second.run(at(MON, "14:10"))

    assert list(outcomes(second).values()) == [Outcome.MISSED, Outcome.MISSED, Outcome.NO_TRADE]
    assert second.journal.account.paused is None


def test_slots_that_came_while_no_process_ran_and_the_account_was_paused_were_announced():
    desk = Desk()
    setup = desk.setup()
    first = setup.open(at(MON, "10:00"))
    desk.put(LifeWord.PAUSE, at(MON, "10:10"))
    first.tick(at(MON, "10:11"))

    second = setup.open(at(MON, "14:00"))
    second.tick()

    assert reason(second, "20260713-1035") == reason(second, "20260713-1135") == "paused by ann: lunch"
    assert alerts(second) == [(AlertKind.PAUSED, Severity.WARNING)]


def test_a_slot_missed_before_the_pause_was_put_is_late_and_is_told_of():
    desk = Desk()
    live = desk.setup().open(at(MON, "11:00"))
    desk.put(LifeWord.PAUSE, at(MON, "10:55"))

    live.tick()

    assert "1500 s late" in reason(live, "20260713-1035")
    assert AlertKind.MISSED in [kind for kind, _ in alerts(live)]


def test_a_slot_that_was_due_just_before_the_pause_is_not_run_and_is_told_of():
    desk = Desk()
    live = desk.setup(answers=[BUY]).open(at(MON, "10:36"))
    desk.put(LifeWord.PAUSE, at(MON, "10:35") + timedelta(seconds=30))

    live.tick()

    assert reason(live, "20260713-1035") == "paused by ann: lunch"
    assert AlertKind.MISSED in [kind for kind, _ in alerts(live)]


def test_pause_and_resume_are_told_once_each():
    desk = Desk()
    live = desk.setup(answers=[HOLD] * 8).open(at(MON, "10:00"))
    for word in (LifeWord.RESUME, LifeWord.PAUSE, LifeWord.PAUSE, LifeWord.RESUME, LifeWord.STOP):
        desk.put(word, at(MON, "10:00"))

    live.tick()

    assert alerts(live) == [(AlertKind.PAUSED, Severity.WARNING), (AlertKind.RESUMED, Severity.INFO)]


def test_working_orders_are_looked_after_in_a_pause_until_their_day_is_over():
    desk = Desk()
    live = desk.setup(answers=[LOW], last=MON).open(at(MON, "10:00"))
    live.run(at(MON, "10:40"))
    desk.put(LifeWord.PAUSE, at(MON, "10:41"))

    live.run()

    assert StageKind.EXPIRY in stages(live)
    assert StageKind.NEXT_SLOT not in stages(live)
    assert live.journal.account.book.open_orders == ()


def waiting_at_lunch(desk: Desk, **more: object) -> Live:
    """Return an account with an order of 11:35 that waits for 13:00."""
    live = desk.setup(answers=[HOLD, BUY], last=MON, **more).open(at(MON, "10:00"))
    live.run(at(MON, "11:40"))
    assert len(live.journal.account.waiting()) == 1
    return live


def test_a_waiting_order_is_given_up_when_its_time_comes_in_a_pause():
    desk = Desk()
    live = waiting_at_lunch(desk)
    desk.put(LifeWord.PAUSE, at(MON, "11:41"))

    live.run()

    verdicts = live.value("20260713-1135", "late1:verdicts")
    assert isinstance(verdicts, Verdicts)
    (refused,) = verdicts.refused
    assert (refused.rule, refused.reason, refused.shares) == (Rule.HALTED, "paused by ann: lunch", 1000)
    assert stages(live) == [StageKind.LAPSE]
    assert live.kinds("order_terms") == []
    assert live.journal.account.waiting() == ()


def test_resumed_before_its_time_a_waiting_order_is_sent():
    desk = Desk()
    live = waiting_at_lunch(desk)
    desk.put(LifeWord.PAUSE, at(MON, "11:41"))
    live.tick(at(MON, "11:42"))
    desk.put(LifeWord.RESUME, at(MON, "12:30"))

    live.run(at(MON, "13:05"))

    assert stages(live) == [StageKind.WAKE]
    assert live.journal.account.book.holdings() == {MAIN: 1000}


def cut(desk: Desk, touch: str, until: str) -> Setup:
    """Return an account paused at 11:41 whose process died right after a write of that step."""
    setup = desk.setup(answers=[HOLD, BUY], last=MON)

    def live_on(store: object, desk: Desk) -> None:
        live = replace(setup, store=store, commands=desk.inbox).open(at(MON, "10:00"))  # type: ignore[arg-type]
        live.run(at(MON, "11:40"))
        desk.put(LifeWord.PAUSE, at(MON, "11:41"))
        live.run(at(MON, until))

    fate = Fate()
    live_on(Store(type(setup.store)(), fate), Desk())
    number = max(i for i, one in enumerate(fate.touched, 1) if one.startswith(f"append {touch}"))
    # What the exchange keeps is made anew with each life in memory: nothing was sent, so it is the same.
    with pytest.raises(Crash):
        live_on(Store(setup.store, Fate(number, before=False)), desk)
    return setup


def test_a_stage_of_a_pause_that_was_cut_off_is_finished_and_sends_nothing():
    desk = Desk()
    setup = cut(desk, "late1:look", "13:05")

    live = setup.open(at(MON, "13:00"))
    live.tick()

    assert live.steps("20260713-1135")[-2:] == ["late1:verdicts", "late1:rested"]
    assert live.kinds("order_terms") == []


def test_a_missed_slot_cut_off_between_its_two_records_is_not_run_after_all():
    desk = Desk()
    setup = cut(desk, "opened", "14:05")

    live = setup.open(at(MON, "14:06"))
    live.tick()

    assert reason(live, "20260713-1405") == "paused by ann: lunch"
    assert live.mind.asked == 0


@dataclass
class Away:
    """A broker that cannot be reached while `away`; else the one behind it."""

    inner: Broker
    away: bool = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def get_open_orders(self) -> tuple[OrderStatus, ...]:
        if self.away:
            raise BrokerFault("open orders", "no connection")
        return await self.inner.get_open_orders()


def test_nor_is_it_run_where_the_account_is_resumed_while_its_end_waits_for_the_broker():
    desk, doors = Desk(), list[Away]()
    setup = cut(desk, "opened", "14:05")
    desk.put(LifeWord.RESUME, at(MON, "14:06"))

    def door(broker: Broker, _journal: Journal) -> Broker:
        doors.append(Away(broker))
        return doors[-1]  # type: ignore[return-value]  # It passes all else on.

    live = replace(setup, broker=door).open(at(MON, "14:06"))
    live.tick()
    (broker,) = doors
    resumed, broker.away = live.journal.account.paused is None, False
    live.tick(at(MON, "14:07"))

    assert resumed
    assert reason(live, "20260713-1405") == "paused by ann: lunch"
    assert live.mind.asked == 0


# The end by a command.


@pytest.mark.parametrize(("words", "first_look", "expected"), [
    ((), False, False),
    (("stop",), False, True),
    (("stop", "start"), False, False),
    (("start", "stop"), False, True),
    (("stop",), True, False),           # Put to the process before.
    (("start", "stop"), True, True),    # Put to this one, after it was asked for.
    (("stop", "start", "stop", "start"), True, False),
    (("halt", "pause"), False, False),
])  # fmt: skip
def test_a_stop_is_for_the_loop_that_ran_when_it_was_put(
    words: tuple[str, ...], first_look: bool, expected: bool
):
    assert stop_asked(words, first_look=first_look) is expected


def test_after_a_stop_nothing_is_due_and_a_new_process_goes_on():
    desk = Desk()
    setup = desk.setup(answers=[HOLD] * 8)
    live = setup.open(at(MON, "10:00"))
    live.tick()
    desk.put(LifeWord.STOP, at(MON, "10:30"))
    live.tick(at(MON, "10:36"))

    assert live.loop.stop_asked
    assert live.loop.next_due() is None
    assert outcomes(live) == {}

    again = setup.open(at(MON, "10:37"))
    again.tick()

    assert not again.loop.stop_asked
    assert outcomes(again) == {"0713-1035": Outcome.NO_TRADE}


def test_what_works_is_cancelled_where_no_order_is_to_be_left():
    live = Setup(answers=[LOW], last=MON).open(at(MON, "10:00"))
    live.run(at(MON, "10:40"))
    assert len(live.journal.account.working()) == 1

    asyncio.run(live.loop.cancel_working())

    assert live.journal.account.working() == ()
    assert stages(live) == [StageKind.STOP]


def test_a_tuesday_after_a_resumed_monday_is_an_ordinary_day():
    desk = Desk()
    live = desk.setup(answers=[HOLD] * 8).open(at(MON, "10:00"))
    desk.put(LifeWord.PAUSE, at(MON, "10:00"))
    live.run(at(MON, "15:06"))
    desk.put(LifeWord.RESUME, at(TUE, "09:00"))
    live.run()

    assert list(outcomes(live).values()) == [Outcome.MISSED] * 4 + [Outcome.NO_TRADE] * 4


def test_the_audit_trail_has_a_line_for_each_slot_of_a_pause(tmp_path: Path):
    desk = Desk()
    live = desk.setup(audit=tmp_path / "position.jsonl", last=MON).open(at(MON, "10:00"))
    desk.put(LifeWord.PAUSE, at(MON, "10:00"))

    live.run()

    text = (tmp_path / "position.jsonl").read_text(encoding="utf-8")
    assert text.count("paused by ann: lunch") == 4
