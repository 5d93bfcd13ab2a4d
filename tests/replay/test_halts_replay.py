"""What people stepped in with, lived again: the same events, on recorded prices and on a vendor's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from commands.twin import Twin
from services.domain.events import StageKind
from services.domain.inbox import Scope, Taken
from services.journal.memory_inbox import MemoryInboxes
from tests.crash.touches import Crash, Fate
from tests.exchange_market import MAIN, MON, OTHER, at
from tests.replay.test_vendor_replay import mortal, price, require_identical
from tests.unit.test_halts import halting
from tests.unit.test_kill import Switch
from tests.unit.test_stages import stages
from tests.unit.vendor import SteppingClock, Vendor
from tests.unit.world import HOLD, Live, Memory, Setup, answer, order

SCRIPT = (
    answer(order("buy", MAIN, 3000), order("buy", OTHER, 100, limit="9.90")),
    answer(order("buy", OTHER, 2000)),  # Over lunch: it waits for 13:00.
    answer(order("buy", MAIN, 1000)),
    HOLD,
    answer(order("sell", MAIN, 3000), order("buy", OTHER, 100)),
)

Made = Callable[..., Setup]


def on_bars(**more: Any) -> Setup:
    return Setup(answers=SCRIPT, **more)


def on_quotes(**more: Any) -> Setup:
    return Setup(answers=SCRIPT, vendor=lambda clock: Vendor(clock, price), clock=SteppingClock, **more)


def stepped_in(setup: Setup, box: MemoryInboxes) -> Live:
    """Halt the account over lunch, lift it and halt a symbol in the afternoon, and something unknown."""
    live = setup.open().run(at(MON, "12:00"))
    box.put(Scope.EVERYWHERE, "halt", {"why": "over lunch", "by": "ann"})
    live.run(at(MON, "14:00"))
    box.put(Scope.EVERYWHERE, "lift", {"why": "all is well", "by": "ann"})
    box.put(Scope.HERE, "halt", {"why": "a rumour", "symbol": OTHER})
    box.put(Scope.HERE, "dance", {"tempo": "slow"})
    return live.run()


@pytest.mark.parametrize("made", [on_bars, on_quotes])
def test_halts_and_lifts_come_out_the_same(made: Made):
    box = MemoryInboxes()
    setup = made(commands=box)

    live = stepped_in(setup, box)

    kinds = [event.kind for event in live.journal.events if event.step.startswith("command:")]
    assert sorted(kinds) == ["asked", "halt", "halt", "lift"]
    # It traded before, not over lunch, and after the lift all but the halted symbol.
    assert dict(live.journal.account.book.holdings()) == {MAIN: 1000}
    require_identical(setup)


@pytest.mark.parametrize("made", [on_bars, on_quotes])
def test_an_order_a_halt_held_back_in_its_own_session_comes_out_the_same(made: Made):
    box = MemoryInboxes()
    setup = made(commands=box, agent=halting(box))

    live = setup.open().run()

    assert live.kinds("fill") == []
    assert "withheld" in " ".join(event.body for event in live.kinds("ack"))
    require_identical(setup)


@pytest.mark.parametrize("made", [on_bars, on_quotes])
def test_a_kill_and_the_life_after_it_come_out_the_same(made: Made):
    switch = Switch()
    setup = made(killed=switch.killed, stop=switch.stop, keep_orders=True)
    live = setup.open().run(at(MON, "10:40"))
    switch.on = True
    live.tick(at(MON, "10:41"))
    switch.on = False

    after = setup.open().run()

    assert StageKind.KILL in stages(after)
    require_identical(setup)


def test_a_changed_lift_is_a_difference():
    box = MemoryInboxes()
    setup = on_bars(commands=box)
    stepped_in(setup, box)
    store: Any = setup.store
    number = next(i for i, event in enumerate(store._events) if event.kind == "lift")
    lifted = store._events[number]
    here = lifted.body.replace('"everywhere":true', '"everywhere":false')
    store._events[number] = lifted._replace(body=here)
    twin = Twin(setup.store, setup.genesis, Memory(setup.market))

    asyncio.run(twin.replay.run())

    assert twin.journal.differences != []


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("made", [on_bars, on_quotes])
def test_cut_off_anywhere_each_command_is_taken_once_and_all_comes_out_the_same(made: Made, before: bool):
    fate = Fate()
    whole_box = MemoryInboxes()
    whole = stepped_in(mortal(made(commands=whole_box), fate), whole_box)
    assert sum(touch.startswith("append command:") for touch in fate.touched) == 4
    tried = 0
    for dies_at in range(1, fate.count + 1, 5):
        box, dying = MemoryInboxes(), Fate(dies_at, before)
        setup = made(commands=box)
        with pytest.raises(Crash):
            stepped_in(mortal(setup, dying), box)
        for scope, command, args in missing(box, whole_box):
            box.put(scope, command, args)

        live = setup.open().run()

        steps = [event.step for event in live.journal.events if event.step.startswith("command:")]
        assert sorted(steps) == sorted(
            event.step for event in whole.journal.events if event.step.startswith("command:")
        )
        assert dying.sent_twice == []
        require_identical(setup, in_order=False)
        tried += 1
    assert tried > 15


def missing(box: MemoryInboxes, whole: MemoryInboxes) -> list[tuple[Scope, str, Any]]:
    """Return what a life cut off early had not put yet."""
    there = {(one.scope, one.seq) for one in box.unread(Taken())}
    return [
        (one.scope, one.command, one.args)
        for one in whole.unread(Taken())
        if (one.scope, one.seq) not in there
    ]
