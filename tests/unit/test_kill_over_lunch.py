"""The kill file while orders wait for their time: they are given up, on record, and never leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scheduler.loop import Killed
from services.domain.events import StageKind, Verdicts
from services.domain.inbox import LifeWord, Scope
from services.domain.orders import Rule
from services.journal.memory_inbox import MemoryInboxes
from tests.crash.touches import Crash
from tests.exchange_market import MON, OTHER, at
from tests.replay.test_vendor_replay import require_identical
from tests.unit.test_executor import Desk
from tests.unit.test_kill import BUY, LUNCH, Switch, killable
from tests.unit.test_stages import stages
from tests.unit.test_waiting_for_the_afternoon import after, sent, setup_of, since
from tests.unit.world import HOLD, Live, Setup, answer, order

LOW = answer(order("buy", OTHER, 1000, limit="9.90"))


def given_up(live: Live, step: str = "late1:verdicts") -> list[tuple[Rule, str]]:
    verdicts = live.value(LUNCH, step)
    assert isinstance(verdicts, Verdicts)
    return [(one.rule, one.reason) for one in verdicts.refused]


def killed_at_noon(setup: Setup, switch: Switch) -> Live:
    live = setup.open().run(at(MON, "11:59"))
    switch.on = True
    live.tick(at(MON, "12:00"))
    switch.on = False
    return live


def test_what_waits_at_a_kill_is_refused_at_once_and_with_what_the_file_says():
    switch = Switch()
    live = killed_at_noon(killable(switch, HOLD, BUY), switch)

    assert live.journal.account.waiting() == ()
    assert stages(live) == [StageKind.LAPSE]
    ((rule, reason),) = given_up(live)
    assert rule is Rule.HALTED
    assert "enough" in reason


def test_with_the_file_taken_away_before_one_it_does_not_leave_then():
    switch, desk = Switch(), Desk()
    setup = killable(switch, HOLD, BUY, broker=desk.door)
    killed_at_noon(setup, switch)

    setup.open(at(MON, "12:30")).run(at(MON, "13:30"))

    assert desk.sent == []
    require_identical(setup)


def test_what_works_is_cancelled_before_what_waits_is_given_up():
    switch = Switch()
    live = killed_at_noon(killable(switch, LOW, BUY, keep_orders=True), switch)

    assert live.loop.killed == Killed(orders=1, working=0)
    assert stages(live)[-2:] == [StageKind.KILL, StageKind.LAPSE]


def test_what_waits_on_for_a_price_of_the_afternoon_is_given_up_too():
    switch = Switch()
    setup = setup_of(since(20), HOLD, BUY, killed=switch.killed, stop=switch.stop)
    live = setup.open().run(after(4))
    assert live.kinds("waits_on") != []
    switch.on = True
    live.tick(after(5))
    switch.on = False

    again = setup.open(after(6)).run(at(MON, "13:30"))

    assert (sent(again), again.journal.account.waiting()) == ({}, ())
    require_identical(setup)


def test_a_session_that_the_file_came_in_gives_up_what_it_decided():
    class Thinking:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        async def decide(self, briefing: Any) -> Any:
            switch.on = "1135" in briefing.session
            return await self._inner.decide(briefing)

    switch = Switch()
    live = killable(switch, HOLD, BUY, agent=Thinking).open().run(at(MON, "11:40"))

    assert live.loop.killed == Killed(orders=0, working=0)
    assert live.journal.account.waiting() == ()


class Dying:
    """A store whose process dies after it wrote a step that begins so."""

    def __init__(self, inner: Any, step: str) -> None:
        self._inner, self._step = inner, step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, events: Any, bodies: Any) -> None:
        self._inner.append(events, bodies)
        if any(event.step.startswith(self._step) for event in events):
            raise Crash(self._step)


@pytest.mark.parametrize("step", ["kill:", "late1:look", "late1:verdicts", "late1:rested"])
@pytest.mark.parametrize("file_stays", [True, False])
def test_cut_off_as_it_is_given_up_it_is_so_by_the_next_process(step: str, file_stays: bool):
    switch, desk = Switch(), Desk()
    setup = killable(switch, HOLD, BUY, broker=desk.door)
    setup.open().run(at(MON, "11:59"))
    switch.on = True
    with pytest.raises(Crash):
        replace(setup, store=Dying(setup.store, step)).open().tick(at(MON, "12:00"))  # type: ignore[arg-type]
    switch.on = file_stays

    live = setup.open(at(MON, "12:30"))
    live.tick()

    assert live.journal.account.waiting() == ()
    ((rule, reason),) = given_up(live)
    assert (rule, "enough" in reason) == (Rule.HALTED, True)
    switch.on = False
    setup.open().run(at(MON, "13:30"))
    assert desk.sent == []
    require_identical(setup)


def test_what_is_decided_after_the_kill_leaves():
    switch, desk = Switch(), Desk()
    setup = killable(switch, HOLD, BUY, HOLD, BUY, broker=desk.door)
    live = setup.open().run(at(MON, "10:40"))
    switch.on = True
    live.tick(at(MON, "11:00"))
    switch.on = False

    setup.open(at(MON, "11:34")).run(at(MON, "13:30"))

    assert len(desk.sent) == 1


def test_a_command_that_only_has_the_name_gives_nothing_up():
    inboxes, desk = MemoryInboxes(), Desk()
    live = Setup(answers=[HOLD, BUY], commands=inboxes, broker=desk.door).open().run(at(MON, "11:59"))
    inboxes.put(Scope.HERE, "kill", {"why": "by hand", "by": "ann"})

    live.run(at(MON, "13:30"))

    assert len(desk.sent) == 1


def test_paused_too_it_is_given_up_by_the_kill_and_not_only_when_its_time_comes():
    switch, inboxes, desk = Switch(), MemoryInboxes(), Desk()
    setup = killable(switch, HOLD, BUY, commands=inboxes, broker=desk.door)
    live = setup.open().run(at(MON, "11:59"))
    put_at = at(MON, "11:50").isoformat()
    inboxes.put(Scope.HERE, str(LifeWord.PAUSE), {"why": "lunch", "by": "ann", "at": put_at})
    live.tick(at(MON, "11:59") + timedelta(seconds=30))
    switch.on = True
    live.tick(at(MON, "12:00"))
    switch.on = False
    inboxes.put(Scope.HERE, str(LifeWord.RESUME), {"by": "ann", "at": at(MON, "12:10").isoformat()})

    setup.open(at(MON, "12:30")).run(at(MON, "13:30"))

    assert (desk.sent, [rule for rule, _ in given_up(live)]) == ([], [Rule.HALTED])
    require_identical(setup)
