"""Quotes kept for a moment: who is asked again, who shares an answer, what a failing Redis costs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import fakeredis
import msgspec
import pytest

from commands.failures import CommandFailed, Exit
from commands.live_prices import live_source
from services.clock import VirtualClock
from services.domain.instruments import Symbol
from services.market.quote_cache import CachedFeed, QuoteCache, QuoteStore
from services.market.quote_terms import GateTerms
from services.market.raw_quotes import RawQuote, RawQuotes
from services.market.redis_quotes import RedisMissing, RedisQuotes
from services.market.vendor_source import VendorSource
from services.ports import PriceFault
from services.settings_file import load_settings
from tests.exchange_market import MAIN, OTHER
from tests.unit.raw_market import FakeFeed, clock_at, raw
from tests.unit.test_vendor_source import LoopClock, Rest

T = TypeVar("T")
NOW = clock_at("10:35:00")
TTL_S = 7.5
"""Half of the 15 s that a quote may age."""


@pytest.fixture
def clock() -> Iterator[LoopClock]:
    made = LoopClock()
    yield made
    made.loop.close()


def stamped(symbol: Symbol, now: datetime) -> RawQuote:
    return replace(raw(symbol), stamped_at=now)


def feed(clock: Any, name: str = "one", **options: Any) -> FakeFeed:
    return FakeFeed(name, clock, options.pop("says", stamped), **options)


def cached(clock: Any, inner: FakeFeed, ttl_s: float = 60, store: QuoteStore | None = None) -> CachedFeed:
    return QuoteCache(clock, GateTerms(), ttl_s, store).of(inner)


def ask(clock: LoopClock, one: CachedFeed, *symbols: Symbol) -> RawQuotes:
    return clock.run(one.quotes(symbols))


@pytest.mark.parametrize(("ttl_s", "after_s", "asked"), [
    (60, TTL_S, 1), (60, TTL_S + 0.1, 2),  # Never longer than half of what a quote may age.
    (3, 3, 1), (3, 3.1, 2),
    (0, 0.1, 2),
])  # fmt: skip
def test_a_quote_is_given_out_again_for_its_time_and_no_longer(
    clock: LoopClock, ttl_s: float, after_s: float, asked: int
):
    inner = feed(clock, takes_s=0.0)
    one = cached(clock, inner, ttl_s)

    first = ask(clock, one, MAIN)
    clock.loop.now_s += after_s
    again = ask(clock, one, MAIN)

    assert len(inner.asked) == asked
    assert (again.quotes[MAIN] == first.quotes[MAIN]) is (asked == 1)


def test_a_quote_that_grew_too_old_while_it_was_kept_is_asked_for_again(clock: LoopClock):
    """Dated 10 s ago, as of a share that hardly trades: 6 s later the gate would bar it."""

    def slow(symbol: Symbol, now: datetime) -> RawQuote:
        return replace(raw(symbol), stamped_at=now - timedelta(seconds=10))

    inner = feed(clock, says=slow, takes_s=0.0)
    one = cached(clock, inner)

    ask(clock, one, MAIN)
    clock.loop.now_s += 5
    ask(clock, one, MAIN)
    within = len(inner.asked)
    clock.loop.now_s += 1
    ask(clock, one, MAIN)

    assert (within, len(inner.asked)) == (1, 2)


def test_a_quote_of_before_lunch_is_shared_over_lunch(clock: LoopClock):
    """It was as old when it came, and does not age: asking again would bring the same."""

    def morning(symbol: Symbol, _now: datetime) -> RawQuote:
        return replace(raw(symbol), stamped_at=clock_at("11:30:00"))

    clock.started = clock_at("11:35:00")
    inner = feed(clock, says=morning, takes_s=0.0)
    one = cached(clock, inner)

    ask(clock, one, MAIN)
    clock.loop.now_s += 5
    ask(clock, one, MAIN)

    assert len(inner.asked) == 1


def test_only_what_is_lacking_is_asked_for(clock: LoopClock):
    inner = feed(clock)
    one = cached(clock, inner)

    ask(clock, one, MAIN)
    found = ask(clock, one, MAIN, OTHER)

    assert inner.asked == [(MAIN,), (OTHER,)]
    assert set(found.quotes) == {MAIN, OTHER}


def test_accounts_that_ask_at_the_same_time_share_one_question(clock: LoopClock):
    inner = feed(clock)
    one = cached(clock, inner)

    async def at_once() -> list[RawQuotes]:
        return await asyncio.gather(*(one.quotes((MAIN, OTHER)) for _ in range(5)), one.quotes((OTHER,)))

    found = clock.run(at_once())

    assert inner.asked == [(MAIN, OTHER)]
    assert [sorted(one.quotes) for one in found] == [[OTHER, MAIN]] * 5 + [[OTHER]]


def test_a_question_under_way_is_not_put_twice_where_another_asks_for_more(clock: LoopClock):
    inner = feed(clock)
    one = cached(clock, inner)

    async def overlapping() -> None:
        await asyncio.gather(one.quotes((MAIN,)), one.quotes((MAIN, OTHER)))

    clock.run(overlapping())

    assert inner.asked == [(MAIN,), (OTHER,)]


def test_who_goes_away_takes_the_answer_from_nobody_else_and_the_last_one_ends_the_question(
    clock: LoopClock,
):
    inner = feed(clock, takes_s=9.0)
    one = cached(clock, inner)

    async def leave(count: int) -> None:
        asking = [asyncio.ensure_future(one.quotes((MAIN,))) for _ in range(2)]
        await asyncio.sleep(1.0)
        for task in asking[:count]:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await asyncio.sleep(0)

    clock.run(leave(1))
    stayed = inner.given_up
    clock.loop.now_s += 60
    clock.run(leave(2))

    assert (stayed, inner.given_up) == (0, 1)


def test_a_fault_reaches_everybody_who_waited_and_is_not_kept(clock: LoopClock):
    inner = feed(clock, banned=(NOW, clock_at("10:35:02")))
    one = cached(clock, inner)

    async def both() -> list[Any]:
        return await asyncio.gather(*(one.quotes((MAIN,)) for _ in range(2)), return_exceptions=True)

    found = clock.run(both())
    clock.loop.now_s += 2
    after = ask(clock, one, MAIN)

    assert [type(one) for one in found] == [PriceFault, PriceFault]
    assert set(after.quotes) == {MAIN}


def test_what_is_kept_is_given_out_although_the_rest_fails(clock: LoopClock):
    inner = feed(clock)
    one = cached(clock, inner)
    ask(clock, one, MAIN)
    inner.banned = (NOW, clock_at("11:00:00"))

    found = ask(clock, one, MAIN, OTHER)

    assert set(found.quotes) == {MAIN}
    assert "403" in found.faults[OTHER]


def test_a_symbol_without_a_quote_is_asked_for_each_time(clock: LoopClock):
    inner = feed(clock, says=lambda symbol, now: stamped(symbol, now) if symbol == MAIN else "unknown")
    one = cached(clock, inner)

    ask(clock, one, MAIN, OTHER)
    found = ask(clock, one, MAIN, OTHER)

    assert inner.asked == [(MAIN, OTHER), (OTHER,)]
    assert "unknown" in found.faults[OTHER]


def test_prices_asked_again_after_a_minds_answer_are_new_ones(clock: LoopClock):
    """Two accounts begin at one slot on one question; their minds answer after minutes."""
    inner = feed(clock), feed(clock, "two")
    cache = QuoteCache(clock, GateTerms(), 60)
    source = VendorSource([cache.of(one) for one in inner], Rest(), clock, GateTerms())

    async def slot() -> tuple[Any, Any]:
        first, _ = await asyncio.gather(*(source.get_current_prices((MAIN,)) for _ in range(2)))
        await asyncio.sleep(120)
        return first, await source.get_current_prices((MAIN,))

    first, fresh = clock.run(slot())

    assert [len(one.asked) for one in inner] == [2, 2]
    assert fresh.get(MAIN).seen_at - first.get(MAIN).seen_at >= timedelta(seconds=120)
    assert not fresh.get(MAIN).barred


def test_a_cached_feed_is_its_feed(clock: LoopClock):
    inner = feed(clock)
    one = cached(clock, inner)

    assert (one.name, one.family, one.hosts) == (inner.name, inner.family, inner.hosts)


class Told:
    """What was told of a failing Redis."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def __call__(self, why: str) -> None:
        self.sentences.append(why)


def process(
    server: fakeredis.FakeServer, clock: VirtualClock, told: Told | None = None
) -> tuple[Any, FakeFeed]:
    """Return the cached feed of a process, and the feed behind it."""
    redis = RedisQuotes(
        "redis://nowhere", clock, told or Told(), lambda _url: fakeredis.FakeAsyncRedis(server=server)
    )
    inner = feed(clock)
    return cached(clock, inner, 60, redis), inner


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def test_two_processes_put_one_question_with_redis_between_them():
    server, clock = fakeredis.FakeServer(), VirtualClock(NOW)
    (mine, my_feed), (theirs, their_feed) = process(server, clock), process(server, clock)

    async def slot() -> tuple[RawQuotes, ...]:
        return tuple(await asyncio.gather(mine.quotes((MAIN,)), theirs.quotes((MAIN,))))

    first, second = run(slot())

    assert first == second
    assert sorted([my_feed.asked, their_feed.asked]) == [[], [(MAIN,)]]


def test_a_process_asks_for_what_redis_does_not_hold():
    server, clock = fakeredis.FakeServer(), VirtualClock(NOW)
    (mine, _), (theirs, their_feed) = process(server, clock), process(server, clock)

    async def one_after_the_other() -> RawQuotes:
        await mine.quotes((MAIN,))
        return await theirs.quotes((MAIN, OTHER))

    found = run(one_after_the_other())

    assert their_feed.asked == [(OTHER,)]
    assert set(found.quotes) == {MAIN, OTHER}


def test_redis_gives_out_nothing_older_than_memory_would():
    server, clock = fakeredis.FakeServer(), VirtualClock(NOW)
    (mine, _), (theirs, their_feed) = process(server, clock), process(server, clock)

    async def later() -> None:
        await mine.quotes((MAIN,))
        clock.jump(NOW + timedelta(seconds=TTL_S + 0.1))
        await theirs.quotes((MAIN,))

    run(later())

    assert their_feed.asked == [(MAIN,)]


def test_a_value_that_is_no_quote_or_of_another_feed_is_not_believed():
    server, clock = fakeredis.FakeServer(), VirtualClock(NOW)
    (mine, my_feed), _ = process(server, clock), None

    async def spoiled() -> RawQuotes:
        client = fakeredis.FakeAsyncRedis(server=server)
        await client.set(f"kaipan:quote:one:{MAIN}", b'{"symbol": "600001.SH"')
        stranger = replace(raw(OTHER, "two"), received_at=NOW, stamped_at=NOW)
        await client.set(f"kaipan:quote:one:{OTHER}", msgspec.json.encode(stranger))
        return await mine.quotes((MAIN, OTHER))

    found = run(spoiled())

    assert my_feed.asked == [(MAIN, OTHER)]
    assert set(found.quotes) == {MAIN, OTHER}


def test_a_redis_that_is_down_is_told_of_once_and_gone_without():
    server, clock, told = fakeredis.FakeServer(), VirtualClock(NOW), Told()
    one, inner = process(server, clock, told)
    server.connected = False

    async def three_times() -> list[RawQuotes]:
        found = [await one.quotes((MAIN,))]
        for _ in range(2):
            clock.jump(clock.now() + timedelta(minutes=5))
            found.append(await one.quotes((MAIN,)))
        return found

    found = run(three_times())

    assert all(set(one.quotes) == {MAIN} for one in found)
    assert (len(inner.asked), len(told.sentences)) == (3, 1)
    assert "nowhere" not in told.sentences[0]


def test_a_redis_that_comes_back_is_used_again():
    server, clock = fakeredis.FakeServer(), VirtualClock(NOW)
    (mine, _), (theirs, their_feed) = process(server, clock), process(server, clock)
    server.connected = False

    async def back() -> None:
        await mine.quotes((MAIN,))
        server.connected = True
        clock.jump(NOW + timedelta(minutes=5))
        await mine.quotes((MAIN,))
        await theirs.quotes((MAIN,))

    run(back())

    assert their_feed.asked == []


def test_another_process_that_never_ends_its_turn_is_not_waited_for_forever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.market.redis_quotes.TURN_S", 0.1)
    server, clock = fakeredis.FakeServer(), VirtualClock(NOW)
    one, inner = process(server, clock)

    async def stuck() -> RawQuotes:
        await fakeredis.FakeAsyncRedis(server=server).set("kaipan:turn:one", b"1")
        return await one.quotes((MAIN,))

    assert set(run(stuck()).quotes) == {MAIN}
    assert inner.asked == [(MAIN,)]


def settings_with(**of_source: object) -> Any:
    overrides = {f"data_source.{key}": value for key, value in of_source.items()}
    return load_settings(None, overrides=overrides, environment={}, dotenv=None)


def test_a_redis_without_its_package_is_one_line_that_names_the_mend(monkeypatch: pytest.MonkeyPatch):
    import sys

    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    settings = settings_with(redis_url="redis://127.0.0.1:1/0")

    with pytest.raises(CommandFailed, match="extra `redis`") as refused:
        live_source(settings, VirtualClock(NOW), Told())
    assert refused.value.code is Exit.USAGE
    with pytest.raises(RedisMissing):
        RedisQuotes("redis://127.0.0.1:1/0", VirtualClock(NOW), Told())


@pytest.mark.parametrize(("given", "kept"), [({}, True), ({"use_cache": False}, False)])
def test_the_cache_is_the_settings_to_switch(given: dict[str, object], kept: bool):
    source = live_source(settings_with(**given), VirtualClock(NOW), Told())

    assert isinstance(source, VendorSource)
    assert [isinstance(one, CachedFeed) for one in source._feeds] == [kept] * 3
