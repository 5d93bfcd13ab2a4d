"""The one way to vendors: bounded in time, size, rate and retries, and closed to a host that bans."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise

import httpx2
import pytest

from services.market.feeds.breaker import Breaker, Standing
from services.market.feeds.fields import BadAnswer
from services.market.feeds.throttle import Pace, Throttle
from services.market.feeds.wire import BODY_BYTES_MAX, Request, Wire
from services.ports import PriceFault
from tests.vendor_network import NOW, PACE, Network, Time, drips, hangs, in_turn, refuses, replies, resets

URL = "https://quotes.example/one"
HOST = "quotes.example"


def plain(body: bytes) -> str:
    text = body.decode()
    if text.startswith("<html"):
        raise BadAnswer("HTML")
    return text


async def asked(wire: Wire, request: Request | None = None) -> str:
    """Return the answer to one call, or the fault it ended with."""
    async with wire.line() as line:
        try:
            return await line.ask(request or Request(url=URL), plain)
        except PriceFault as fault:
            return f"{'fault' if fault.asked == HOST else fault.asked}: {fault.why}"


def once(answer, **options) -> tuple[str, list[tuple[float, str]], float, Wire]:
    """Return the answer of one call, what was asked when, and how long the call took."""
    time = Time()
    wire, network = time.wire(answer, **options)
    said: list[str] = []

    async def life() -> None:
        said.append(await asked(wire))

    time.run(life())
    return said[0], network.asked, time.loop.now_s, wire


def test_an_answer_is_what_the_reader_makes_of_it():
    said, asked_at, _, wire = once(replies(b"yes"))

    assert said == "yes"
    assert asked_at == [(0.0, URL)]
    assert wire.states()[0].standing is Standing.SERVING


def test_a_host_that_hangs_is_given_up_at_the_deadline_and_not_later():
    said, asked_at, took_s, wire = once(hangs, deadline_s=2.0)

    assert said.startswith("fault: no answer")
    assert took_s == pytest.approx(1.98)
    assert len(asked_at) == 1
    # It is the host that is known to hang, not only the call that was late.
    assert wire.states()[0].failures == 1


def test_an_attempt_gets_three_seconds_and_the_whole_call_its_deadline():
    said, asked_at, took_s, _ = once(hangs, deadline_s=5.0)

    assert said.startswith("fault: no answer")
    # 3 s, a pause of 0.1 to 0.2 s, and what is left.
    assert len(asked_at) == 2
    assert 3.1 <= asked_at[1][0] <= 3.2
    assert took_s == pytest.approx(4.98)


def test_a_body_that_drips_does_not_outlast_its_attempt():
    said, _, took_s, _ = once(drips(b"x" * 100), deadline_s=2.5)

    assert said.startswith("fault: no answer")
    assert took_s <= 2.5


@pytest.mark.parametrize("failing", [refuses, resets, replies(b"", 502), replies(b"busy", 503)])
def test_what_may_pass_is_tried_again_with_growing_pauses(failing):
    said, asked_at, _, _ = once(in_turn(failing, failing, replies(b"yes")))

    assert said == "yes"
    first_s, second_s = (later[0] - before[0] for before, later in pairwise(asked_at))
    assert 0.1 <= first_s <= 0.2
    assert 0.2 <= second_s <= 0.4


def test_three_attempts_are_all():
    said, asked_at, _, _ = once(refuses)

    assert said == "fault: cannot be reached: Connection refused"
    assert len(asked_at) == 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (replies(b"gone", 404), "HTTP 404"),
        (replies(b"", 302, location="https://elsewhere.example/"), "redirects"),
        (replies(b"<html>verify</html>"), "HTML"),
        (replies(b"x" * (BODY_BYTES_MAX + 1)), "longer than"),
        (replies(b"packed", content_encoding="gzip"), "packed"),
        (replies(b"yes", content_type="text/html; charset=GBK"), "charset"),
        (replies(b"", 200), "empty"),
        (replies(b"no", 403), "403"),
        (replies(b"slow down", 429), "429"),
    ],
)
def test_what_will_not_pass_is_not_asked_again(answer, why):
    said, asked_at, _, wire = once(answer)

    assert said.startswith("fault: ")
    assert why in said
    assert len(asked_at) == 1
    assert wire.states()[0].failures == 1


@pytest.mark.parametrize(
    ("answer", "rest_s"),
    [
        (replies(b"no", 403), 300),
        (replies(b"slow down", 429), 300),
        (replies(b"slow down", 429, retry_after="600"), 600),
        (replies(b"slow down", 429, retry_after="999999"), 1800),
        (replies(b"slow down", 429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), 300),
        (replies(b""), 300),
    ],
)
def test_a_sign_of_a_ban_ends_the_asking_at_once(answer, rest_s):
    _, _, _, wire = once(answer)

    state = wire.states()[0]
    assert (state.host, state.standing) == (HOST, Standing.RESTING)
    assert state.resumes_at is not None
    assert state.resumes_at - NOW == pytest.approx(timedelta(seconds=rest_s), abs=timedelta(seconds=0.5))


def test_a_host_that_says_when_to_come_again_is_asked_again_then():
    said, asked_at, _, wire = once(in_turn(replies(b"", 429, retry_after="4"), replies(b"yes")))

    assert said == "yes"
    assert [at_s for at_s, _ in asked_at] == [0.0, 4.0]
    assert wire.states()[0].standing is Standing.SERVING


def test_a_host_that_puts_us_off_every_time_is_left_alone():
    _, asked_at, _, wire = once(replies(b"", 429, retry_after="1"))

    assert len(asked_at) == 3
    assert wire.states()[0].standing is Standing.RESTING


def many(time: Time, wire: Wire, count: int) -> list[str]:
    """Return the answers to `count` requests of one call."""
    said: list[str] = []

    async def life() -> None:
        async with wire.line() as line:
            requests = [Request(url=f"{URL}?{number}") for number in range(count)]
            answers = await asyncio.gather(
                *(line.ask(request, plain) for request in requests), return_exceptions=True
            )
            said.extend(str(answer) for answer in answers)

    time.run(life())
    return said


@pytest.mark.parametrize(
    ("symbols", "within_s"),
    # The 20 of the burst go at once, eight at a time; the others come at 50 a second.
    [(50, 0.7), (300, 5.7)],
)
def test_fifty_requests_take_under_two_seconds_and_three_hundred_under_eight(symbols, within_s):
    time = Time()
    wire, network = time.wire(replies(b"yes", after_s=0.05))

    said = many(time, wire, symbols)

    assert said == ["yes"] * symbols
    assert time.loop.now_s < within_s
    assert network.under_way_max == 8
    moments = [at_s for at_s, _ in network.asked]
    busiest = max(sum(start <= at_s < start + 1 for at_s in moments) for start in moments)
    assert busiest <= 50 + 20


def test_what_the_rate_leaves_no_time_for_is_not_asked():
    time = Time()
    pace = Pace(requests_per_s_max=1, burst_requests_max=2, concurrent_requests_max=8)
    wire, network = time.wire(replies(b"yes"), pace=pace, deadline_s=3.0)

    said = many(time, wire, 9)

    # Two at once, and one each at 1 s and 2 s; at 3 s the call is over.
    assert said.count("yes") == len(network.asked) == 4
    assert all("not asked" in answer or answer == "yes" for answer in said)
    assert time.loop.now_s <= 3.0


def test_a_dead_host_is_known_after_a_few_failures_and_the_rest_is_not_asked():
    time = Time()
    wire, network = time.wire(hangs)

    said = many(time, wire, 50)

    assert len(network.asked) == 8
    assert time.loop.now_s < 4.0
    assert sum("left alone until" in answer for answer in said) >= 42


def test_who_waits_for_a_turn_when_the_host_bans_does_not_take_it():
    time = Time()
    pace = Pace(requests_per_s_max=10, burst_requests_max=1, concurrent_requests_max=8)
    wire, network = time.wire(replies(b"no", 403), pace=pace)

    said = many(time, wire, 8)

    assert len(network.asked) == 1
    assert sum("left alone" in answer for answer in said) == 7


def test_after_its_rest_a_host_is_probed_by_one_request_and_the_others_wait_for_it():
    time = Time()
    wire, network = time.wire(in_turn(replies(b"no", 403), replies(b"yes", after_s=0.5)))
    said: list[str] = []

    async def life() -> None:
        said.append(await asked(wire))
        said.append(await asked(wire))
        await asyncio.sleep(301)
        async with wire.line() as line:
            answers = await asyncio.gather(*(line.ask(Request(url=URL), plain) for _ in range(5)))
            said.extend(answers)

    time.run(life())

    assert said[0] == "fault: HTTP 403: turned away"
    assert said[1].startswith("fault: left alone until 02:40:05 UTC after: HTTP 403")
    assert said[2:] == ["yes"] * 5
    probe_s, *others_s = (at_s for at_s, _ in network.asked[1:])
    assert others_s == [probe_s + 0.5] * 4


def test_a_ban_of_twenty_hours_costs_one_request_in_half_an_hour_and_ends_by_itself():
    time = Time()
    lifted_s = 20 * 3600
    banned, serving = replies(b"no", 403), replies(b"yes")

    async def until_lifted(request: httpx2.Request) -> httpx2.Response:
        return await (banned if time.loop.now_s < lifted_s else serving)(request)

    wire, network = time.wire(until_lifted)
    first_s: list[float] = []

    async def life() -> None:
        while not first_s:
            if await asked(wire) == "yes":
                first_s.append(time.loop.now_s)
            await asyncio.sleep(60)

    time.run(life())

    # Rests of 5, 10 and 20 minutes, then of 30: 3 + 1165 / 30, and the first.
    assert 40 <= len(network.asked) <= 44
    assert first_s[0] - lifted_s <= 1860


def test_a_failed_probe_doubles_the_rest_and_a_good_one_forgets_it():
    time = Time()
    breaker = Breaker(HOST, time.clock)
    rests_s: list[float] = []

    async def life() -> None:
        for _ in range(4):
            breaker.failed("HTTP 403", banned=True)
            state = breaker.state()
            assert state.resumes_at is not None
            rests_s.append((state.resumes_at - time.clock.now()).total_seconds())
            await asyncio.sleep(rests_s[-1])
        assert breaker.standing() is Standing.PROBED
        breaker.succeeded()

    time.run(life())

    assert rests_s == [300, 600, 1200, 1800]
    assert breaker.state().standing is Standing.SERVING
    assert (breaker.state().failures, breaker.state().why) == (0, "")


def test_five_failures_in_a_row_are_a_rest_and_an_answer_between_them_is_none():
    time = Time()
    breaker = Breaker(HOST, time.clock)

    for _ in range(4):
        breaker.failed("late")
    breaker.succeeded()
    for _ in range(4):
        breaker.failed("late")
    before = breaker.standing()
    breaker.failed("late again")
    time.loop.close()

    assert before is Standing.SERVING
    assert breaker.standing() is Standing.RESTING
    assert breaker.state().why == "late again"


def test_an_answer_that_was_under_way_when_the_rest_began_does_not_end_it():
    time = Time()
    breaker = Breaker(HOST, time.clock)
    breaker.failed("HTTP 403", banned=True)
    until = breaker.state().resumes_at

    breaker.succeeded()
    after_answer = breaker.standing()
    breaker.failed("HTTP 403", banned=True)
    time.loop.close()

    assert after_answer is Standing.RESTING
    assert breaker.state().resumes_at == until


def test_a_probe_that_fails_in_any_way_is_the_next_rest():
    time = Time()
    breaker = Breaker(HOST, time.clock)
    breaker.failed("HTTP 403", banned=True)

    async def life() -> None:
        await asyncio.sleep(301)
        breaker.failed("late")

    time.run(life())

    assert breaker.standing() is Standing.RESTING
    assert breaker.state().failures == 2


def test_a_clock_set_back_ends_a_rest_sooner_and_not_later():
    time = Time()
    breaker = Breaker(HOST, time.clock)
    breaker.failed("HTTP 403", banned=True)

    time.clock.wrong_s = -3600.0
    standing = breaker.standing()
    time.loop.close()

    assert standing is Standing.PROBED


def test_turns_are_a_burst_and_then_evenly_apart():
    now_s = 100.0
    throttle = Throttle(
        Pace(requests_per_s_max=2, burst_requests_max=3, concurrent_requests_max=1), lambda: now_s
    )

    assert [throttle.turn_in_s(10) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    assert throttle.turn_in_s(1.0) is None
    assert throttle.turn_in_s(10) == 1.5
    now_s = 1000.0
    # After however long a pause the burst is no larger.
    assert [throttle.turn_in_s(10) for _ in range(4)] == [0, 0, 0, 0.5]


def test_the_secret_of_a_post_is_in_no_fault_and_no_description():
    request = Request(url=URL, body=b'{"token": "canary-5512"}')
    time = Time()
    wire, _ = time.wire(replies(b"no", 404))
    said: list[str] = []

    async def life() -> None:
        said.append(await asked(wire, request))

    time.run(life())

    assert "canary-5512" not in said[0] + repr(request)


@pytest.mark.parametrize(("patience_s", "failures"), [(2.0, 1), (0.5, 0)])
def test_a_host_that_was_waited_for_in_vain_counts_as_slow(patience_s, failures):
    time = Time()
    wire, _ = time.wire(hangs)

    async def life() -> None:
        task = asyncio.ensure_future(asked(wire))
        await asyncio.sleep(patience_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    time.run(life())

    assert wire.states()[0].failures == failures


def test_certificates_that_cannot_be_read_name_the_variable_and_the_file():
    time = Time()
    wire, _ = time.wire(replies(b"yes"), environment={"REQUESTS_CA_BUNDLE": "no-such-file.pem"})
    faults: list[PriceFault] = []

    async def life() -> None:
        try:
            async with wire.line():
                pass
        except PriceFault as fault:
            faults.append(fault)

    time.run(life())

    assert "REQUESTS_CA_BUNDLE" in str(faults[0])
    assert "no-such-file.pem" in str(faults[0])


def test_even_a_wait_that_oversleeps_ends_at_the_deadline():
    time = Time()
    network = Network(refuses)
    wire = Wire(
        time.clock, PACE, deadline_s=5.0, environment={}, transport=network, stopwatch=time.loop.time,
        sleep=lambda wait_s: asyncio.sleep(wait_s + 60),
    )  # fmt: skip
    said: list[str] = []

    async def life() -> None:
        said.append(await asked(wire))

    time.run(life())

    assert said == ["fault: no answer within 5 s"]
    assert time.loop.now_s == 5.0


def test_a_pace_outlasts_the_call():
    time = Time()
    pace = Pace(requests_per_s_max=1, burst_requests_max=1, concurrent_requests_max=8)
    wire, network = time.wire(replies(b"yes"), pace=pace)

    async def life() -> None:
        for _ in range(3):
            await asked(wire)

    time.run(life())

    assert [at_s for at_s, _ in network.asked] == [0.0, 1.0, 2.0]
    assert PACE.requests_per_s_max == 50
