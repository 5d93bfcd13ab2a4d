"""Quotes shared by a real Redis: who asks the vendor, for how long, and what a dying or hanging one costs."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from services.clock import VirtualClock, stopwatch_s
from services.market.quote_cache import CachedFeed, QuoteCache
from services.market.quote_terms import GateTerms
from services.market.raw_quotes import RawQuotes
from services.market.redis_quotes import RedisQuotes
from tests.command_line import ROOT
from tests.exchange_market import MAIN, OTHER
from tests.unit.raw_market import FakeFeed, clock_at, raw

PROGRAM = shutil.which("redis-server")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no program redis-server on this machine's PATH")
pytest.importorskip("redis", reason="the extra redis is not installed")

NOW = clock_at("10:35:02")
PASSWORD = "hush-hush"


@dataclass
class Server:
    """A Redis of its own, in memory, on a socket that nobody else knows."""

    process: subprocess.Popen[bytes]
    url: str

    def hang(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def die(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    place = tmp_path / "redis.sock"
    stated = ("--port", "0", "--unixsocket", str(place), "--save", "", "--appendonly", "no")
    process = subprocess.Popen(
        [PROGRAM or "", *stated, "--requirepass", PASSWORD, "--dir", str(tmp_path)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    made = Server(process, f"unix://:{PASSWORD}@{place}")
    try:
        # It says so once it listens.
        said = process.stdout
        while said is not None and b"ready to accept" not in (line := said.readline()).lower():
            assert line, "the server ended"
        yield made
    finally:
        if process.poll() is None:
            made.go_on()
        made.die()
        if process.stdout is not None:
            process.stdout.close()


class Asking:
    """One process's feed behind its cache; `told` is what it said of its Redis."""

    def __init__(self, url: str, clock: VirtualClock, takes_s: float = 0.0) -> None:
        self.told: list[str] = []
        self.feed = FakeFeed("one", clock, lambda symbol, now: raw(symbol, stamp="10:35:00"), takes_s=takes_s)
        self.redis = RedisQuotes(url, clock, self.told.append)
        self.cached: CachedFeed = QuoteCache(clock, GateTerms(), 60, self.redis).of(self.feed)

    async def quotes(self, *symbols: str) -> RawQuotes:
        return await self.cached.quotes(symbols)  # type: ignore[arg-type]  # Symbols are text.

    async def close(self) -> None:
        await self.redis._redis.aclose()


def test_two_that_ask_at_once_put_one_question(server: Server):
    clock = VirtualClock(NOW)
    one, two = Asking(server.url, clock, takes_s=0.1), Asking(server.url, clock, takes_s=0.1)

    async def slot() -> list[RawQuotes]:
        found = await asyncio.gather(one.quotes(MAIN, OTHER), two.quotes(MAIN, OTHER))
        await asyncio.gather(one.close(), two.close())
        return found

    first, second = asyncio.run(slot())

    assert first == second
    assert sorted([one.feed.asked, two.feed.asked]) == [[], [(MAIN, OTHER)]]
    assert one.told + two.told == []


def child(program: str, server: Server) -> str:
    """Return what a program of its own process prints, given the address of the server."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, server.url], cwd=ROOT, capture_output=True,
        encoding="utf-8", check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


CHILD = """
import asyncio, sys
from tests.contract.test_quotes_on_redis import MAIN, NOW, OTHER, Asking
from services.clock import VirtualClock
one = Asking(sys.argv[1], VirtualClock(NOW))
async def life():
    found = await one.quotes(MAIN, OTHER)
    await one.close()
    print(one.feed.asked, [(quote.last_cny, quote.stamped_at.isoformat()) for quote in found.quotes.values()])
asyncio.run(life())
"""


def test_another_process_takes_what_the_first_one_asked(server: Server):
    one = Asking(server.url, VirtualClock(NOW))

    async def life() -> None:
        await one.quotes(MAIN)
        await one.close()

    asyncio.run(life())
    said = child(CHILD, server)

    assert said.startswith(f"[('{OTHER}',)] [(Decimal('10.00'), '2026-07-14T10:35:00+08:00')")


def test_a_quote_lives_there_for_half_of_what_it_may_age(server: Server):
    one = Asking(server.url, VirtualClock(NOW))

    async def life() -> int:
        await one.quotes(MAIN)
        left_ms: int = await one.redis._redis.pttl(f"kaipan:quote:one:{MAIN}")
        await one.close()
        return left_ms

    # 15 s may it age; a loaded machine needs some of the 7.5 s to look.
    assert 2_000 < asyncio.run(life()) <= 7_500


def test_a_redis_that_dies_while_the_vendor_is_asked_costs_no_answer(server: Server):
    clock = VirtualClock(NOW)
    one = Asking(server.url, clock)

    async def life() -> list[RawQuotes]:
        found = [await one.quotes(MAIN)]
        one.feed.says = dying
        found.append(await one.quotes(OTHER))
        clock.jump(NOW + timedelta(minutes=5))
        found.append(await one.quotes(MAIN))
        return found

    def dying(symbol, now):  # type: ignore[no-untyped-def]  # As `FakeFeed.says`.
        server.die()
        return raw(symbol)

    first, second, third = asyncio.run(life())

    assert [set(found.quotes) for found in (first, second, third)] == [{MAIN}, {OTHER}, {MAIN}]
    assert len(one.told) == 1


def test_a_redis_that_hangs_is_waited_for_once_and_then_gone_without(server: Server):
    clock = VirtualClock(NOW)
    one = Asking(server.url, clock)

    async def life() -> tuple[RawQuotes, RawQuotes, float]:
        await one.quotes(MAIN)
        server.hang()
        began_s = stopwatch_s()
        found = await one.quotes(OTHER)
        clock.jump(NOW + timedelta(seconds=30))
        again = await one.quotes(MAIN)
        return found, again, stopwatch_s() - began_s

    found, again, took_s = asyncio.run(life())

    assert (set(found.quotes), set(again.quotes), len(one.told)) == ({OTHER}, {MAIN}, 1)
    # Half a second for the one question that it did not answer; none for the next, within the minute.
    assert took_s < 3.0


def test_a_redis_that_comes_back_is_used_again(server: Server):
    clock = VirtualClock(NOW)
    one, two = Asking(server.url, clock), Asking(server.url, clock)

    async def life() -> None:
        server.hang()
        await one.quotes(MAIN)
        server.go_on()
        clock.jump(NOW + timedelta(minutes=2))
        await one.quotes(MAIN)
        await two.quotes(MAIN)
        await asyncio.gather(one.close(), two.close())

    asyncio.run(life())

    assert (len(one.feed.asked), two.feed.asked) == (2, [])


@pytest.mark.parametrize("wrong", ["unix://:guess@", "unix://"])
def test_a_redis_that_lets_nobody_in_is_told_of_without_its_password(server: Server, wrong: str):
    one = Asking(wrong + server.url.partition("@")[2], VirtualClock(NOW))

    found = asyncio.run(one.quotes(MAIN))

    assert set(found.quotes) == {MAIN}
    assert len(one.told) == 1
    assert "guess" not in one.told[0]


LOOPS = """
import asyncio, sys
from datetime import timedelta
from tests.contract.test_quotes_on_redis import MAIN, NOW, Asking
from services.clock import VirtualClock
clock = VirtualClock(NOW)
one, two = Asking(sys.argv[1], clock), Asking(sys.argv[1], clock)
asyncio.run(one.quotes(MAIN))
clock.jump(NOW + timedelta(seconds=20))
asyncio.run(one.quotes(MAIN))
asyncio.run(two.quotes(MAIN))
print(len(one.feed.asked), len(two.feed.asked), one.told + two.told)
"""


def test_a_second_loop_of_the_program_shares_as_the_first_one_did(server: Server):
    # In a process of its own: what is left of a loop's connections warns when it is thrown away.
    assert child(LOOPS, server) == "2 0 []\n"
