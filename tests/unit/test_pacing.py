"""The rate of orders and cancels is bounded, on a stopwatch of the test's own."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from monitor.order_traffic import Standing, bound_uses
from services.pacing import Pacer


class Stopwatch:
    """A stopwatch that runs only while somebody waits on it."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waited_s: list[float] = []

    def read(self) -> float:
        return self.now_s

    async def sleep(self, wait_s: float) -> None:
        self.waited_s.append(wait_s)
        self.now_s += wait_s


def paced(per_second: int, turns: int, pause_s: float = 0.0) -> list[float]:
    """Return the seconds waited for each of several turns, with a pause after each."""
    watch = Stopwatch()
    pacer = Pacer(per_second, stopwatch=watch.read, sleep=watch.sleep)

    async def go() -> None:
        for _ in range(turns):
            await pacer.turn()
            watch.now_s += pause_s

    asyncio.run(go())
    return watch.waited_s


def test_the_first_goes_at_once_and_each_next_a_second_and_a_little_after_the_one_before():
    # A second and 2 %.
    assert [round(wait_s, 9) for wait_s in paced(1, 3)] == [1.02, 1.02]


def test_ten_a_second_are_a_tenth_of_a_second_and_a_little_apart():
    assert [round(wait_s, 9) for wait_s in paced(10, 3)] == [0.102, 0.102]


def test_no_second_of_another_clock_holds_more_than_the_bound():
    watch = Stopwatch()
    pacer = Pacer(10, stopwatch=watch.read, sleep=watch.sleep)
    monday = datetime.fromisoformat("2026-07-13T10:35:00+08:00")
    sent = list[datetime]()

    async def go() -> None:
        for _ in range(25):
            await pacer.turn()
            # The other clock runs 1 % slow, and is read to the millisecond.
            sent.append(monday + timedelta(milliseconds=int((watch.now_s - 100) * 990)))

    asyncio.run(go())
    (use,) = bound_uses(Counter(sent), day_max=None, second_max=10, real_time=True)[1:2]
    assert (use.used, use.standing) == (10, Standing.NEAR)


def test_whoever_waited_long_enough_by_itself_waits_no_more():
    assert paced(1, 3, pause_s=2.0) == []


def test_two_that_come_at_once_are_let_through_one_after_the_other():
    watch = Stopwatch()
    pacer = Pacer(1, stopwatch=watch.read, sleep=watch.sleep)

    async def go() -> None:
        await asyncio.gather(pacer.turn(), pacer.turn(), pacer.turn())

    asyncio.run(go())
    assert watch.now_s >= 102.0
