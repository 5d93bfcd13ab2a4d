"""Vendors' libraries are held to a pace, and left alone when what they ask fails or bans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.clock import VirtualClock
from services.market.call_gate import LibraryGate, NotAsked
from services.market.feeds.breaker import Standing
from services.market.feeds.throttle import USUAL_PACE, Pace

NOW = datetime(2026, 7, 14, 2, 35, tzinfo=UTC)


class Network(Exception):
    """There is none."""


class Banned(Exception):
    """Go away."""


class Library:
    """A call that does what it is told, behind a gate."""

    def __init__(self, pace: Pace = USUAL_PACE) -> None:
        self.clock, self.now_s, self.waited_s = VirtualClock(NOW), 0.0, list[float]()
        self.gate = LibraryGate(self.clock, pace, stopwatch=lambda: self.now_s)
        self.trouble: Exception | None = None
        self.over = False

    def ask(self, name: str = "one", most_s: float = 10.0) -> str:
        def wait(wait_s: float) -> bool:
            self.waited_s.append(wait_s)
            return self.over

        def call(answer: str) -> str:
            if self.trouble is not None:
                raise self.trouble
            return answer

        gated = self.gate.around(name, call, most_s=most_s, wait=wait, failures=(Network,), bans=(Banned,))
        return gated("yes")

    def fails(self, trouble: Exception, times: int, name: str = "one") -> None:
        self.trouble = trouble
        for _ in range(times):
            with pytest.raises(type(trouble)):
                self.ask(name)
        self.trouble = None

    def standing(self, name: str = "one") -> Standing:
        return next(state.standing for state in self.gate.host_states() if state.host == name)


def test_five_failures_in_a_row_end_the_calling_of_that_call_and_of_no_other():
    library = Library()

    library.fails(Network(), 5)

    with pytest.raises(NotAsked, match="left alone until 02:35:30 UTC"):
        library.ask()
    assert library.ask("another") == "yes"


def test_a_ban_ends_the_calling_at_once():
    library = Library()

    library.fails(Banned(), 1)

    assert library.standing() is Standing.RESTING


def test_an_answer_of_another_form_is_an_answer():
    library = Library()
    library.fails(Network(), 4)

    library.fails(KeyError("data"), 1)
    library.fails(Network(), 4)

    assert library.standing() is Standing.SERVING


@pytest.mark.parametrize(("trouble", "after"), [(None, Standing.SERVING), (Network(), Standing.RESTING)])
def test_after_the_rest_one_call_probes(trouble, after):
    library = Library()
    library.fails(Banned(), 1)
    library.clock.jump(NOW + timedelta(seconds=301))

    def while_probing() -> str:
        with pytest.raises(NotAsked):
            library.ask()
        if trouble is not None:
            raise trouble
        return "yes"

    probe = library.gate.around(
        "one", while_probing, most_s=1, wait=lambda _: False, failures=(Network,), bans=(Banned,)
    )
    if trouble is None:
        assert probe() == "yes"
    else:
        with pytest.raises(Network):
            probe()

    assert library.standing() is after


def test_a_failed_probe_leaves_the_next_rest_a_probe_of_its_own():
    library = Library()
    library.fails(Banned(), 1)
    library.clock.jump(NOW + timedelta(seconds=301))
    library.fails(Network(), 1)

    library.clock.jump(NOW + timedelta(seconds=2000))

    assert library.ask() == "yes"
    assert library.standing() is Standing.SERVING


def test_calls_wait_for_their_turn_and_one_that_is_too_far_off_is_not_taken():
    library = Library(Pace(requests_per_s_max=1, burst_requests_max=2, concurrent_requests_max=4))

    answers = [library.ask(most_s=2.5) for _ in range(4)]

    assert answers == ["yes"] * 4
    assert library.waited_s == [1.0, 2.0]
    with pytest.raises(NotAsked, match="rate"):
        library.ask(most_s=2.5)


def test_time_that_is_up_while_a_call_waits_means_it_is_not_made():
    library = Library(Pace(requests_per_s_max=1, burst_requests_max=1, concurrent_requests_max=4))
    library.ask()
    library.over = True

    with pytest.raises(NotAsked, match="too late"):
        library.ask()


@pytest.mark.parametrize("most_s", [0.0, 10.0])
def test_a_probe_that_got_no_turn_leaves_the_next_one_its_chance(most_s):
    library = Library(Pace(requests_per_s_max=0.1, burst_requests_max=1, concurrent_requests_max=4))
    library.fails(Banned(), 1)
    library.clock.jump(NOW + timedelta(seconds=301))
    library.over = True
    with pytest.raises(NotAsked):
        library.ask(most_s=most_s)

    library.over, library.now_s = False, 1000.0

    assert library.ask() == "yes"
