"""A clock that is set is not believed at once, and time goes on evenly until it is."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from commands.true_time import require_right, true_time
from services.clock import elapsed_s
from services.steady_clock import SteadyClock

START = datetime.fromisoformat("2026-11-20T02:30:00+00:00")


class Machine:
    """A machine's clock that may be set, and its stopwatch that may not."""

    def __init__(self) -> None:
        self.run_s = 5000.0
        self.wrong = timedelta(0)
        self.steady = SteadyClock(self, lambda: self.run_s)
        self.steady.now()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.run_s - 5000.0) + self.wrong

    def after(self, seconds: float, *, wrong: timedelta = timedelta(0)) -> datetime:
        """Return what the steady clock says so much later, the machine's set wrong by that much then."""
        self.run_s, self.wrong = self.run_s + seconds, wrong
        return self.steady.now()


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_a_clock_that_nobody_sets_is_shown_as_it_is():
    machine = Machine()

    assert [machine.after(wait_s) for wait_s in (0.25, 60, 7200)] == [
        later(0.25),
        later(60.25),
        later(7260.25),
    ]
    assert machine.steady.doubt() == ""


@pytest.mark.parametrize("step_s", [60, -60, 3, -3])
def test_a_small_step_passes(step_s: int):
    machine = Machine()

    assert machine.after(10, wrong=timedelta(seconds=step_s)) == later(10 + step_s)
    assert machine.steady.doubt() == ""


def test_small_steps_pass_however_many_there_are():
    machine = Machine()

    for step in range(1, 101):
        machine.after(10, wrong=timedelta(seconds=50 * step))

    # 100 steps of 50 s, each 10 s after the one before.
    assert machine.steady.now() == later(1000 + 5000)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (timedelta(days=17, hours=1), "ahead by 17 d 01:00:00, to 2026-12-07 03:30:10+00:00"),
        (timedelta(hours=-1), "back by 01:00:00, to 2026-11-20 01:30:10+00:00"),
        (timedelta(seconds=61), "ahead by 00:01:01, to 2026-11-20 02:31:11+00:00"),
    ],
)
def test_a_large_step_is_told_and_time_goes_on_evenly(wrong: timedelta, words: str):
    machine = Machine()

    assert machine.after(10, wrong=wrong) == later(10)
    assert machine.steady.doubt() == f"the clock was set {words}"
    assert machine.after(50, wrong=wrong) == later(60)
    assert machine.steady.doubt() == f"the clock was set {words}"


def test_a_clock_set_right_again_is_believed_at_once():
    machine = Machine()
    machine.after(10, wrong=timedelta(days=17))

    assert machine.after(1) == later(11)
    assert machine.steady.doubt() == ""


@pytest.mark.parametrize(("wait_s", "shown_s"), [(119, 129), (120, 3600 + 130)])
def test_a_clock_that_goes_on_evenly_for_two_minutes_is_believed(wait_s: float, shown_s: float):
    machine, hour = Machine(), timedelta(hours=1)
    machine.after(10, wrong=hour)

    assert machine.after(wait_s, wrong=hour) == later(shown_s)


def test_a_clock_set_once_more_is_waited_for_anew():
    machine = Machine()
    machine.after(10, wrong=timedelta(hours=1))
    machine.after(100, wrong=timedelta(hours=5))

    assert machine.after(100, wrong=timedelta(hours=5)) == later(210)
    assert machine.after(20, wrong=timedelta(hours=5)) == later(230 + 5 * 3600)


def test_the_stopwatch_runs_forward():
    assert elapsed_s() <= elapsed_s()


def test_what_a_clock_does_once_a_start_has_asked_others_for_the_time_is_no_first_moment():
    run_s, wrong = 5000.0, timedelta(0)

    class Clock:
        def now(self) -> datetime:
            return START + timedelta(seconds=run_s) + wrong

    steady = SteadyClock(Clock(), lambda: run_s)
    asyncio.run(require_right(true_time((), steady)))
    run_s, wrong = 5003.0, timedelta(days=17)

    assert steady.now() == later(5003)
    assert "ahead by 17 d" in steady.doubt()
