"""A process whose machine's clock is set while it runs, or was when the record was written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from commands.live_world import LiveOutside
from services.clock import VirtualClock
from services.domain.events import FaultRecord, Outcome
from services.domain.inbox import LifeWord
from services.domain.vitals import LifeState
from services.journal.kill_file import put_kill_file
from services.ports import ClockFault
from services.steady_clock import SteadyClock
from tests.unit.staying_up import FRIDAY, WATCHED, Process, friday, settings_in
from tests.unit.vendor import Vendor
from tests.unit.world import answer, order

BUY = answer(order("buy", WATCHED, 200))  # type: ignore[arg-type]  # A symbol.
Act = Callable[["Machine"], Awaitable[None]]


class Wall(VirtualClock):
    """A machine's clock: true time, and what somebody set it wrong by."""

    wrong = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.wrong

    def true_s(self) -> float:
        return super().now().timestamp()


class Machine(Process):
    """A process on a machine whose clock may be set, held against a stopwatch as live ones are."""

    def __init__(self, folder: Path, *answers: str, now: datetime = FRIDAY) -> None:
        super().__init__(settings_in(folder), *answers, now=now)
        self.wall = Wall(now)
        self.steady = SteadyClock(self.wall, self.wall.true_s)
        self.vendor = Vendor(self.wall, lambda _symbol, _moment: "10.00")

    def outside(self) -> LiveOutside:
        return LiveOutside(self.steady, self.vendor, self.steady.doubt)

    async def at(self, clock: str, wrong: timedelta = timedelta(0)) -> None:
        """Let it truly be that time, the clock wrong by so much, and a trigger fire."""
        self.wall.jump(friday(clock))
        self.wall.wrong = wrong
        await self.up.tick()

    @property
    def outcomes(self) -> dict[str, Outcome | None]:
        sessions = self.up.account.world.journal.account.sessions
        return {name[:13]: state.outcome for name, state in sessions.items()}

    @property
    def troubles(self) -> list[str]:
        journal = self.up.account.world.journal
        values = [journal.value(one) for one in journal.events if one.step.startswith("clock:")]
        return [one.why for one in values if isinstance(one, FaultRecord)]


def lived(folder: Path, act: Act, *answers: str, now: datetime = FRIDAY) -> Machine:
    machine = Machine(folder, *answers, now=now)

    async def on_it(process: Process) -> None:
        assert process is machine
        await act(machine)

    machine.live(on_it)
    return machine


WEEKS = timedelta(days=17)


def test_a_clock_that_was_ahead_for_a_moment_burns_no_slot(tmp_path: Path):
    seen: list[str] = []

    async def act(machine: Machine) -> None:
        await machine.at("10:30")
        await machine.at("10:31", WEEKS)
        machine.up.account.beats.write()
        seen.append(machine.vitals.why)
        await machine.at("10:32")
        machine.up.account.beats.write()
        seen.append(machine.vitals.why)
        await machine.at("10:35")

    machine = lived(tmp_path, act)

    assert machine.outcomes == {"20251010-1035": Outcome.NO_TRADE}
    assert len(machine.troubles) == 1
    assert "ahead by 17 d 00:00:00" in machine.troubles[0]
    assert seen == [machine.troubles[0], ""]
    # Nothing is stamped with the wrong time, which the exchange and the next start would go by.
    moment = machine.up.account.world.journal.moment
    assert moment is not None
    assert moment < friday("10:36")


def test_each_doubt_is_recorded_once(tmp_path: Path):
    async def act(machine: Machine) -> None:
        await machine.at("10:10", WEEKS)
        await machine.at("10:11", WEEKS)
        await machine.at("10:12")
        await machine.at("10:13", WEEKS)

    assert len(lived(tmp_path, act).troubles) == 2


def test_a_clock_that_goes_on_evenly_is_believed_and_what_passed_is_missed(tmp_path: Path):
    async def act(machine: Machine) -> None:
        for clock in ("10:30", "10:31", "10:32"):
            await machine.at(clock, timedelta(hours=1))

    # Believed at 10:32, two minutes after it was seen to be an hour ahead: 11:32, and 10:35 is 57 min ago.
    assert lived(tmp_path, act).outcomes == {"20251010-1035": Outcome.MISSED}


@pytest.mark.parametrize("wrong", [timedelta(hours=-1), timedelta(seconds=70)])
def test_while_the_clock_is_in_doubt_nothing_is_sent(tmp_path: Path, wrong: timedelta):
    placed: list[int] = []

    async def act(machine: Machine) -> None:
        await machine.at("10:34")
        await machine.at("10:35", wrong)
        placed.append(len(machine.outcomes))
        await machine.at("10:36")

    machine = lived(tmp_path, act, BUY)

    assert placed == [0]
    assert machine.outcomes == {"20251010-1035": Outcome.DONE}


def test_small_steps_pass(tmp_path: Path):
    async def act(machine: Machine) -> None:
        await machine.at("10:35", timedelta(seconds=3))

    machine = lived(tmp_path, act)

    assert (list(machine.outcomes.values()), machine.troubles) == ([Outcome.NO_TRADE], [])


def test_a_sleep_that_the_stopwatch_counts_is_no_jump(tmp_path: Path):
    async def act(machine: Machine) -> None:
        await machine.at("14:06")

    machine = lived(tmp_path, act)

    assert list(machine.outcomes.values()) == [Outcome.MISSED, Outcome.MISSED, Outcome.NO_TRADE]
    assert machine.troubles == []


def test_what_a_person_asks_is_taken_in_a_doubt(tmp_path: Path):
    seen: list[object] = []

    async def act(machine: Machine) -> None:
        machine.put(LifeWord.PAUSE)
        await machine.at("10:10", WEEKS)
        seen.append(machine.vitals.state)
        put_kill_file(machine.folder.root, "enough")
        await machine.at("10:11", WEEKS)
        seen.append(machine.up.loop.killed is not None)

    lived(tmp_path, act)

    assert seen == [LifeState.PAUSED, True]


def test_a_record_ahead_of_the_clock_stops_a_start_with_both_times(tmp_path: Path):
    async def act(machine: Machine) -> None:
        await machine.at("10:35")

    lived(tmp_path, act)
    again = Machine(tmp_path, now=friday("10:33"))

    with pytest.raises(ClockFault) as caught:
        again.live()

    assert "2025-10-10 10:35:00+08:00" in str(caught.value)
    assert "2025-10-10 10:33:00+08:00" in str(caught.value)
    assert again.vitals.state is LifeState.ERROR
    assert again.vitals.why == str(caught.value)


def test_a_minute_of_difference_stops_no_start(tmp_path: Path):
    async def act(machine: Machine) -> None:
        await machine.at("10:35")

    lived(tmp_path, act)
    seen: list[str] = []

    async def look(machine: Machine) -> None:
        seen.append(machine.up.loop.why)

    lived(tmp_path, look, now=friday("10:34"))

    assert seen == [""]


def test_a_clock_that_was_ahead_for_long_and_came_back_is_told_as_long_as_it_lasts(tmp_path: Path):
    seen: list[str] = []

    async def act(machine: Machine) -> None:
        day = timedelta(days=3)
        for clock in ("10:30", "10:32"):
            await machine.at(clock, day)
        for clock in ("10:33", "10:35"):
            await machine.at(clock)
        seen.append(machine.up.loop.why)
        await machine.at("10:40")

    machine = lived(tmp_path, act)

    # Three days from Friday 10:32 it is Monday 10:32: what came until then is burnt, and stays so.
    assert set(machine.outcomes.values()) == {Outcome.MISSED}
    assert list(machine.outcomes)[-1] == "20251010-1505"
    assert "2025-10-1" in seen[0]
    assert len(machine.troubles) == 3
