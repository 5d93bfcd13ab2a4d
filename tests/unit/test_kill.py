"""The kill file: nothing leaves, what works is cancelled, and the loop has nothing more to do."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from commands.interventions import interventions_in
from scheduler.loop import Killed
from services.domain.events import Asked, Closed, Outcome, StageKind
from services.domain.inbox import Scope
from services.domain.orders import OrderState
from services.domain.statement import Ack, AckKind
from services.journal.journal import JournalDrift
from services.journal.kill_file import KILL_NAME, kill_words, put_kill_file, remove_kill_file
from services.journal.memory_inbox import MemoryInboxes
from services.ports import BrokerFault, JournalFault
from tests.crash.touches import Crash, Fate, Store
from tests.exchange_market import MAIN, MON, OTHER, TUE, at
from tests.replay.test_vendor_replay import require_identical
from tests.unit.test_executor import SILENCE, Desk
from tests.unit.test_stages import ended, stages
from tests.unit.vendor import SteppingClock, Vendor
from tests.unit.world import HOLD, Live, Setup, answer, order

MORNING, LUNCH = "20260713-1035", "20260713-1135"
BUY = answer(order("buy", MAIN, 1000))
LOW = answer(order("buy", MAIN, 1000, limit="9.90"), order("buy", OTHER, 1000, limit="9.90"))


@dataclass
class Switch:
    """A kill file that can be put and taken away."""

    on: bool = False

    def killed(self) -> bool:
        return self.on

    def stop(self) -> str:
        return "the kill file is there" if self.on else ""


def killable(switch: Switch, *answers: str, **more: Any) -> Setup:
    return Setup(answers=answers, killed=switch.killed, stop=switch.stop, **more)


def test_what_works_is_cancelled_at_the_next_tick_and_nothing_is_due_any_more():
    switch, desk = Switch(), Desk()
    live = killable(switch, LOW, broker=desk.door).open().run(at(MON, "10:40"))
    assert len(live.journal.account.working()) == 2
    switch.on = True

    live.tick(at(MON, "10:41"))

    assert live.loop.killed == Killed(orders=2, working=0)
    assert len(desk.cancels) == 2
    assert [one.state for one in ended(live)] == [OrderState.CANCELLED] * 2
    assert stages(live) == [StageKind.KILL]
    assert live.journal.account.book.available_cny == Decimal("100000.00")
    assert live.loop.next_due() is None


def test_orders_that_are_kept_over_slots_are_cancelled_too():
    switch = Switch()
    live = killable(switch, LOW, keep_orders=True).open().run(at(MON, "10:40"))
    switch.on = True

    live.tick(at(MON, "10:41"))

    assert live.loop.killed == Killed(orders=2, working=0)


def test_the_record_tells_that_it_was_the_kill_file_and_what_it_said():
    live = killable(Switch(on=True)).open()

    live.tick(at(MON, "10:35"))

    (event,) = live.kinds("asked")
    assert (event.session, live.journal.value(event)) == ("", Asked(command="kill", args={"why": "enough"}))


def test_with_the_kill_file_there_no_session_is_begun():
    live = killable(Switch(on=True), BUY).open()

    for minute in ("10:35", "10:36", "11:35"):
        live.tick(at(MON, minute))

    assert live.journal.account.sessions == {}
    assert live.loop.killed == Killed(orders=0, working=0)


def test_put_while_the_mind_thinks_nothing_leaves_and_the_same_tick_cancels_and_ends():
    switch, desk = Switch(), Desk()

    class Thinking:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        async def decide(self, briefing: Any) -> Any:
            switch.on = live.journal.account.sessions[briefing.session].ordinal == 1
            return await self._inner.decide(briefing)

    setup = killable(switch, LOW, BUY, broker=desk.door, agent=Thinking, keep_orders=True)
    live = setup.open()

    live.run(at(MON, "11:40"))

    assert len(desk.sent) == 2  # Those of the first session.
    assert live.loop.killed == Killed(orders=2, working=0)
    assert live.journal.account.working() == ()


def test_taken_away_a_new_process_trades_again_at_its_next_slot():
    switch = Switch()
    setup = killable(switch, LOW, HOLD, BUY)
    live = setup.open().run(at(MON, "10:40"))
    switch.on = True
    live.tick(at(MON, "10:41"))
    switch.on = False

    again = setup.open(at(MON, "11:34")).run(at(MON, "14:10"))

    assert again.loop.killed is None
    assert again.journal.account.book.holdings() == {MAIN: 1000}


def test_a_cancel_without_an_answer_is_told_and_asked_for_again_by_the_next_process():
    switch = Switch()
    low = answer(order("buy", MAIN, 1000, limit="9.90"))
    desk = Desk(cancel_answers=[SILENCE])
    setup = killable(switch, low, broker=desk.door)
    live = setup.open().run(at(MON, "10:40"))
    switch.on = True
    live.tick(at(MON, "10:41"))
    assert live.loop.killed == Killed(orders=1, working=1)

    again = setup.open()
    again.tick(at(MON, "10:42"))

    assert again.loop.killed == Killed(orders=1, working=0)
    assert len(desk.cancels) == 2


def test_a_broker_that_is_down_is_noted_and_the_order_is_told_as_working():
    class Down:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        async def cancel_order(self, order_id: Any) -> Any:
            raise BrokerFault("cancel", "down")

    switch = Switch()
    setup = killable(switch, LOW, broker=lambda broker, _journal: Down(broker))
    live = setup.open().run(at(MON, "10:40"))
    switch.on = True

    live.tick(at(MON, "10:41"))

    assert live.loop.killed == Killed(orders=2, working=2)
    noted = [event.step.rpartition(":")[0] for event in live.kinds("fault_record")]
    assert noted.count("late1:cancel") == 2


def test_no_vendor_is_waited_for_before_the_cancels():
    switch, vendors = Switch(), list[Vendor]()

    def vendor(clock: Any) -> Vendor:
        vendors.append(Vendor(clock, lambda _symbol, _moment: "10.00"))
        return vendors[-1]

    live = killable(switch, LOW, vendor=vendor, clock=SteppingClock).open().run(at(MON, "10:40"))
    asked = vendors[0].asked
    switch.on = True

    live.tick(at(MON, "10:41"))

    assert live.loop.killed == Killed(orders=2, working=0)
    assert vendors[0].asked == asked > 0


# Cut off, then killed.


def cut_off(setup: Setup, step: str) -> None:
    """Die right after that step of the first session was written."""
    fate = Fate()
    spare = replace(setup, store=type(setup.store)(), ledger=type(setup.ledger)())
    replace(spare, store=Store(spare.store, fate)).open().run(at(MON, "10:40"))  # type: ignore[arg-type]
    number = next(i for i, touch in enumerate(fate.touched, 1) if touch.startswith(f"append {step}"))
    store = Store(setup.store, Fate(number, before=False))
    with pytest.raises(Crash):
        replace(setup, store=store).open().run(at(MON, "10:40"))  # type: ignore[arg-type]


def test_a_session_cut_off_before_its_verdicts_is_given_up_and_nobody_is_asked():
    switch = Switch()
    setup = killable(switch, BUY)
    cut_off(setup, "prices")
    switch.on = True

    live = setup.open()
    live.tick(at(MON, "10:36"))

    closed = live.value(MORNING, "closed")
    assert isinstance(closed, Closed)
    assert (closed.outcome, live.mind.asked) == (Outcome.MISSED, 0)
    assert live.loop.killed == Killed(orders=0, working=0)


def test_a_session_cut_off_between_two_sends_sends_no_second_and_its_first_is_cancelled():
    switch, desk = Switch(), Desk()
    setup = killable(switch, LOW, broker=desk.door)
    cut_off(replace(setup, broker=lambda broker, _journal: broker), "sent:")
    switch.on = True

    live = setup.open()
    live.tick(at(MON, "10:36"))

    assert desk.sent == []
    assert len(desk.cancels) == 1
    acks = [live.journal.value(event) for event in live.kinds("ack")]
    assert [one.kind for one in acks if isinstance(one, Ack)] == [
        AckKind.ACCEPTED,
        AckKind.WITHHELD,
        AckKind.ACCEPTED,  # Of the cancel.
    ]
    assert live.journal.account.working() == ()


@pytest.mark.parametrize("step", ["kill:", "late1:look", "late1:cancel", "ended:"])
def test_a_kill_cut_off_anywhere_is_gone_on_with_by_the_next_process(step: str):
    switch = Switch()
    setup = killable(switch, LOW)
    setup.open().run(at(MON, "10:40"))
    switch.on = True

    class Dying:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def append(self, events: Any, bodies: Any) -> None:
            self._inner.append(events, bodies)
            if any(event.step.startswith(step) for event in events):
                raise Crash(step)

    with pytest.raises(Crash):
        replace(setup, store=Dying(setup.store)).open().tick(at(MON, "10:41"))  # type: ignore[arg-type]

    live = setup.open()
    live.tick(at(MON, "10:42"))

    assert live.journal.account.working() == ()
    assert [one.state for one in ended(live)] == [OrderState.CANCELLED] * 2


# The journal cannot be kept: the cancels go out all the same.


class Full:
    """A store whose disk is full from a moment on."""

    def __init__(self, inner: Any) -> None:
        self._inner, self.full = inner, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, events: Any, bodies: Any) -> None:
        if self.full:
            raise JournalFault("append", "no space left")
        self._inner.append(events, bodies)


def test_on_a_full_disk_the_cancels_go_out_and_are_found_afterwards():
    switch, desk = Switch(), Desk()
    setup = killable(switch, LOW, broker=desk.door)
    store = Full(setup.store)
    live = replace(setup, store=store).open().run(at(MON, "10:40"))  # type: ignore[arg-type]
    switch.on, store.full = True, True

    with pytest.raises(JournalFault, match="no space"):
        live.tick(at(MON, "10:41"))
    assert len(desk.cancels) == 2

    store.full = False
    again = setup.open()
    again.tick(at(MON, "10:42"))
    assert [one.state for one in ended(again)] == [OrderState.CANCELLED] * 2


@pytest.mark.parametrize("undone", [False, True])
@pytest.mark.parametrize("next_day", [False, True])
def test_cancels_that_could_not_be_recorded_come_out_again_in_a_replay(undone: bool, next_day: bool):
    switch = Switch()
    setup = killable(switch, LOW, HOLD, HOLD, HOLD, BUY)
    store = Full(setup.store)
    live = replace(setup, store=store).open().run(at(MON, "10:40"))  # type: ignore[arg-type]
    switch.on, store.full = True, True
    with pytest.raises(JournalFault):
        live.tick(at(MON, "10:41"))

    switch.on = not undone
    later = at(TUE, "10:30") if next_day else at(MON, "10:43")
    setup.commands.put(Scope.HERE, "lift", {"symbol": "", "why": "the disk has room again", "by": "p"})
    setup.open(later).tick(later)
    switch.on = False
    again = setup.open(later).run()

    assert [one.state for one in ended(again)][:2] == [OrderState.CANCELLED] * 2
    # The later buy alone: 1,000 shares at 10.00, a commission of 5.00, a transfer fee of 0.10.
    assert again.journal.account.book.available_cny == Decimal("89994.90")
    require_identical(setup)


def test_a_full_disk_without_a_kill_file_cancels_nothing():
    switch, desk = Switch(), Desk()
    setup = killable(switch, LOW, broker=desk.door)
    store = Full(setup.store)
    live = replace(setup, store=store).open().run(at(MON, "10:40"))  # type: ignore[arg-type]
    store.full = True

    with pytest.raises(JournalFault):
        live.tick(at(MON, "11:35"))

    assert desk.cancels == []


def test_commands_that_cannot_be_read_do_not_keep_the_kill_file_from_working():
    class Damaged(MemoryInboxes):
        def unread(self, taken: Any) -> Any:
            if switch.on:
                raise JournalFault("read the commands", "damaged")
            return super().unread(taken)

    switch = Switch()
    live = killable(switch, LOW, commands=Damaged()).open().run(at(MON, "10:40"))
    switch.on = True

    live.tick(at(MON, "10:41"))

    assert live.loop.killed == Killed(orders=2, working=0)


def test_a_session_that_does_not_come_out_again_does_not_keep_its_orders_from_being_cancelled():
    switch, desk = Switch(), Desk()
    setup = killable(switch, LOW, broker=desk.door)
    cut_off(replace(setup, broker=lambda broker, _journal: broker), "sent:")
    switch.on = True
    changed = replace(setup, limits=replace(setup.limits, marketable_bp=Decimal(50), order_ttl_s=7))

    live = changed.open()
    with pytest.raises(JournalDrift):
        live.tick(at(MON, "10:36"))

    assert len(desk.cancels) == 1


# The file itself.


def test_what_a_kill_file_says_is_read_on_one_line_from_the_account_first(tmp_path: Path):
    account = tmp_path / "main"
    account.mkdir()
    assert kill_words(account) == ""

    put_kill_file(tmp_path, "everything\nstops")
    assert kill_words(account) == "everything stops"
    put_kill_file(account, "this one " + "x" * 500)

    assert kill_words(account).startswith("this one xxx")
    assert len(kill_words(account)) == 200


def test_a_kill_file_of_any_bytes_is_one(tmp_path: Path):
    (tmp_path / KILL_NAME).write_bytes(b"\xff\xfe\x00 stop")

    assert "stop" in kill_words(tmp_path)


def test_removing_it_says_whether_there_was_one(tmp_path: Path):
    put_kill_file(tmp_path, "x")

    assert [remove_kill_file(tmp_path), remove_kill_file(tmp_path)] == [True, False]


def test_a_kill_file_that_cannot_be_made_or_removed_is_a_fault(tmp_path: Path):
    with pytest.raises(JournalFault, match=KILL_NAME):
        put_kill_file(tmp_path / "nowhere", "x")
    (tmp_path / KILL_NAME).mkdir()
    with pytest.raises(JournalFault, match=KILL_NAME):
        remove_kill_file(tmp_path)


def test_before_a_send_the_file_is_looked_for_and_so_is_whether_the_account_is_still_ours(tmp_path: Path):
    folder, gone = tmp_path / "main", [""]
    folder.mkdir()
    with ExitStack() as opened:
        outside = interventions_in(folder, folder / "journal.sqlite3", "main", opened, lambda: gone[0])
        assert (outside.stop(), outside.killed(), outside.kill_words()) == ("", False, "")

        (folder / KILL_NAME).touch()
        assert (outside.stop() != "", outside.killed(), outside.kill_words()) == (True, True, "")
        put_kill_file(tmp_path, "the roof is on fire")
        remove_kill_file(folder)
        assert "the roof is on fire" in outside.stop()
        assert outside.kill_words() == "the roof is on fire"

        gone[0] = "another process took the account over"
        assert outside.stop() == gone[0]


def test_everything_of_a_killed_life_is_on_record_for_the_next(tmp_path: Path):
    switch = Switch()
    setup = killable(switch, LOW, audit=tmp_path / "position.jsonl")
    live = setup.open().run(at(MON, "10:40"))
    switch.on = True
    live.tick(at(MON, "10:41"))

    again = Live(setup)

    assert again.kinds("repaired") == []
    assert (tmp_path / "position.jsonl").read_text().count("\n") == 2  # The opening and one no_trade.
