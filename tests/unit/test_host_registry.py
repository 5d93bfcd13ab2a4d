"""What is asked of a host is counted once a process, whoever asks it and in however many calls."""

from __future__ import annotations

import asyncio

from services.clock import VirtualClock
from services.market.feeds.breaker import Standing
from services.market.feeds.choice import Surroundings, call_gate, feed_of, wire_of
from services.market.feeds.host_registry import HostRegistry
from services.market.feeds.throttle import Pace, slower
from services.market.feeds.wire import Wire
from services.ports import PriceFault
from services.settings_sections import DataSourceSettings
from tests.unit.test_feed_wire import HOST, URL, Request, asked, plain
from tests.vendor_network import NOW, PACE, Network, Time, in_turn, replies


def wires(time: Time, network: Network, hosts: HostRegistry, *paces: Pace) -> list[Wire]:
    return [
        Wire(
            time.clock, pace, deadline_s=10.0, environment={}, hosts=hosts, transport=network,
            stopwatch=time.loop.time,
        )
        for pace in paces
    ]  # fmt: skip


async def thirty(wire: Wire) -> list[str]:
    async with wire.line() as line:
        requests = [Request(url=f"{URL}?{number}") for number in range(30)]
        return list(
            map(
                str,
                await asyncio.gather(
                    *(line.ask(request, plain) for request in requests), return_exceptions=True
                ),
            )
        )


def test_calls_side_by_side_have_no_more_requests_under_way_than_one_may():
    time, network = Time(), Network(replies(b"yes", after_s=0.3))
    wire, other = wires(time, network, HostRegistry(time.clock, time.loop.time), PACE, PACE)
    said: list[list[str]] = []

    async def life() -> None:
        said.extend(await asyncio.gather(thirty(wire), thirty(wire), thirty(other), thirty(other)))

    time.run(life())

    assert [set(one) for one in said] == [{"yes"}] * 4
    # 8 is the pace's; four calls of their own would have had 32.
    assert network.under_way_max == 8
    moments = [at_s for at_s, _ in network.asked]
    busiest = max(sum(start <= at_s < start + 1 for at_s in moments) for start in moments)
    assert busiest <= 50 + 20


def test_after_a_ban_four_calls_send_one_probe():
    time, network = Time(), Network(replies(b"no", 403))
    wire, other = wires(time, network, HostRegistry(time.clock, time.loop.time), PACE, PACE)

    async def life() -> None:
        await asked(wire)
        await asyncio.sleep(301)
        await asyncio.gather(thirty(wire), thirty(wire), thirty(other), thirty(other))

    time.run(life())

    assert len(network.asked) == 2
    assert wire.states()[0].standing is other.states()[0].standing is Standing.RESTING


def test_what_one_account_learns_of_a_ban_another_need_not():
    time, network = Time(), Network(in_turn(replies(b"no", 403), replies(b"yes")))
    wire, other = wires(time, network, HostRegistry(time.clock, time.loop.time), PACE, PACE)
    said: list[str] = []

    async def life() -> None:
        said.append(await asked(wire))
        said.append(await asked(other))

    time.run(life())

    assert said[1].startswith("fault: left alone")
    assert len(network.asked) == 1


def test_of_two_paces_for_a_host_the_slower_of_each_figure_holds():
    time, network = Time(), Network(replies(b"yes", after_s=0.3))
    fast = Pace(requests_per_s_max=50, burst_requests_max=1, concurrent_requests_max=8)
    narrow = Pace(requests_per_s_max=2, burst_requests_max=20, concurrent_requests_max=3)
    wire, other = wires(time, network, HostRegistry(time.clock, time.loop.time), fast, narrow)

    async def four(wire: Wire) -> None:
        async with wire.line() as line:
            await asyncio.gather(*(line.ask(Request(url=URL), plain) for _ in range(4)))

    for one in (wire, other):
        one.door(HOST)

    time.run(four(wire))

    # One at once by the first, then two a second by the second.
    assert [at_s for at_s, _ in network.asked] == [0.0, 0.5, 1.0, 1.5]


def test_the_slower_of_two_paces_is_so_in_either_order():
    one = Pace(requests_per_s_max=50, burst_requests_max=1, concurrent_requests_max=8)
    other = Pace(requests_per_s_max=2, burst_requests_max=20, concurrent_requests_max=3)
    both = Pace(requests_per_s_max=2, burst_requests_max=1, concurrent_requests_max=3)

    assert slower(one, other) == slower(other, one) == both


def test_a_slower_pace_narrows_the_door_for_those_who_knew_it_before():
    time, network = Time(), Network(replies(b"yes", after_s=0.3))
    narrow = Pace(requests_per_s_max=50, burst_requests_max=20, concurrent_requests_max=2)
    hosts = HostRegistry(time.clock, time.loop.time)
    wire, other = wires(time, network, hosts, PACE, narrow)
    seen: list[int] = []

    async def life() -> None:
        await thirty(wire)
        seen.append(network.under_way_max)
        network.under_way_max = 0
        await asked(other)
        await thirty(wire)
        seen.append(network.under_way_max)

    time.run(life())

    assert seen == [8, 2]


def test_a_registry_serves_one_loop_after_the_other():
    first, network = Time(), Network(replies(b"yes", after_s=0.1))
    hosts = HostRegistry(first.clock, lambda: 0.0)
    pace = Pace(requests_per_s_max=1000, burst_requests_max=1000, concurrent_requests_max=1)
    first.run(thirty(wires(first, network, hosts, pace)[0]))
    second = Time()

    second.run(thirty(wires(second, network, hosts, pace)[0]))

    assert len(network.asked) == 60


def test_feeds_and_libraries_of_one_process_share_their_hosts():
    time = Time()
    network = Network(replies(b"no", 403))
    around = Surroundings(
        clock=time.clock, environment={}, hosts=HostRegistry(time.clock, time.loop.time),
        transport=network, stopwatch=time.loop.time,
    )  # fmt: skip
    strict, usual = DataSourceSettings(requests_per_s_max=1), DataSourceSettings()
    one, two = feed_of("sina", usual, around), wire_of(strict, around)
    said: list[str] = []

    async def life() -> None:
        try:
            await one.quotes(("600519.SH",))  # type: ignore[arg-type]  # A symbol is a string.
        except PriceFault:
            said.append(await asked(two, Request(url="https://hq.sinajs.cn/list=x")))

    time.run(life())

    assert "left alone" in said[0]
    assert len(network.asked) == 1
    assert call_gate("akshare", usual, around) is call_gate("akshare", strict, around)
    assert call_gate("akshare", usual, around) is not call_gate("yfinance", usual, around)


def test_a_library_asked_by_two_is_held_to_the_slower_pace():
    clock = VirtualClock(NOW)
    around = Surroundings(
        clock=clock, environment={}, hosts=HostRegistry(clock, lambda: 0.0), stopwatch=lambda: 0.0
    )
    gate = call_gate("akshare", DataSourceSettings(burst_requests_max=1), around)
    call_gate("akshare", DataSourceSettings(requests_per_s_max=2), around)
    waited: list[float] = []
    call = gate.around(
        "a.call", lambda: "yes", most_s=10, wait=lambda wait_s: bool(waited.append(wait_s)), failures=()
    )

    assert [call(), call()] == ["yes", "yes"]
    assert waited == [0.5]
