"""This machine's clock is held against the times that hosts state, and no order goes by one that is off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from services.domain.instruments import Symbol
from services.domain.orders import Rule
from services.domain.own_clock import ClockReading
from services.journal.codec import decode, encode
from services.market.own_clock import KEPT_S, OwnClock, timed_by
from services.market.quote_gate import judge
from services.market.quote_terms import CrossCheck, Flaw, GateTerms, Sighting
from services.market.reachability import stated_time
from services.market.vendor_source import VendorSource
from tests.exchange_market import MAIN
from tests.unit.raw_market import FakeFeed, raw
from tests.unit.test_feed_wire import asked
from tests.unit.test_vendor_source import LoopClock, Rest, now_at
from tests.vendor_network import NOW, Time, replies


class Watch:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def told(own: OwnClock, *ahead_s: float, host: str = "a.example", took_s: float = 0.2) -> None:
    """Let a host state times that ours is so far ahead of."""
    for off_s in ahead_s:
        middle = NOW + timedelta(seconds=off_s)
        half = timedelta(seconds=took_s / 2)
        own.take(host, NOW, middle - half, middle + half)


def test_where_no_host_told_the_time_nothing_is_known():
    assert OwnClock(Watch()).reading() is None


def test_the_middle_of_the_last_five_answers_counts():
    own = OwnClock(Watch())
    told(own, 100, 4, 0.1, 0.3, 90, 0.2)

    # The first has gone: 4, 0.1, 0.3, 90, 0.2 have 0.3 in the middle.
    assert own.reading() == ClockReading(hosts=("a.example",), ahead_ms=300, within_ms=1000)


def test_one_host_whose_clock_is_wrong_is_outvoted_by_two():
    own = OwnClock(Watch())
    told(own, -3600, host="wrong.example")
    told(own, 0.1, host="b.example")
    told(own, 0.2, host="c.example")

    reading = own.reading()

    assert reading is not None
    assert (reading.ahead_ms, reading.is_wrong) == (100, False)
    assert reading.hosts == ("b.example", "c.example", "wrong.example")


def test_a_slow_answer_tells_less():
    own = OwnClock(Watch())
    told(own, 4.0, took_s=5.0)

    # Half of 5 s, and half of the second that is stated.
    assert own.reading() == ClockReading(hosts=("a.example",), ahead_ms=4000, within_ms=3000)


def test_what_was_told_long_ago_counts_no_more():
    watch = Watch()
    own = OwnClock(watch)
    told(own, 5.0)
    watch.now_s = KEPT_S + 1

    assert own.reading() is None


@pytest.mark.parametrize(
    ("ahead_ms", "within_ms", "wrong"),
    [
        (3000, 1000, False),  # 2 s and the second that nobody knows
        (3001, 1000, True),
        (-3001, 1000, True),
        (-3000, 1000, False),
        (3001, 1002, False),
    ],
)
def test_a_clock_is_wrong_beyond_two_seconds_and_what_is_not_known(ahead_ms, within_ms, wrong):
    assert ClockReading(hosts=("h",), ahead_ms=ahead_ms, within_ms=within_ms).is_wrong is wrong


def test_the_words_tell_which_way_and_of_whom():
    ahead = ClockReading(hosts=("a", "b"), ahead_ms=4200, within_ms=1000)
    behind = ClockReading(hosts=("a",), ahead_ms=-4200, within_ms=1500)

    assert ahead.words == "4.2 s ahead of a, b, give or take 1.0 s"
    assert behind.words == "4.2 s behind a, give or take 1.5 s"


def test_the_time_of_an_answer_is_the_middle_of_its_second_and_as_old_as_its_cache_says():
    date = "Tue, 14 Jul 2026 02:35:05 GMT"
    at = datetime(2026, 7, 14, 2, 35, 5, 500_000, tzinfo=UTC)

    assert stated_time(date, "0") == at
    assert stated_time(date, "30") == at + timedelta(seconds=30)
    for wrong, age in (("", "0"), ("today", "0"), (date, "new"), (date, "9" * 20)):
        assert stated_time(wrong, age) is None
    # RFC 5322: -0000 is a time of no zone.
    assert stated_time("Tue, 14 Jul 2026 02:35:05 -0000", "0") is None


def test_a_wire_reads_the_time_in_every_answer_a_refusal_too():
    time = Time()
    stated = format_datetime(NOW - timedelta(seconds=7), usegmt=True)
    wire, _ = time.wire(replies(b"no", 403, after_s=0.4, date=stated))

    async def life() -> None:
        await asked(wire)

    time.run(life())

    # Half of 0.4 s under way, 7 s off, half a second of the one that is stated.
    assert wire.hosts.own_clock.reading() == ClockReading(
        hosts=("quotes.example",), ahead_ms=6700, within_ms=1000
    )


def snapshot_with(own_clock: Callable[[], ClockReading | None]):
    clock = LoopClock()
    feeds = [FakeFeed(name, clock, now_at()) for name in ("one", "two")]
    source = VendorSource(feeds, Rest(), clock, GateTerms(), own_clock=own_clock)
    try:
        return clock.run(source.get_current_prices([MAIN]))
    finally:
        clock.loop.close()


def test_while_the_clock_is_off_no_order_goes_by_any_quote_and_holdings_keep_their_value():
    reading = ClockReading(hosts=("h",), ahead_ms=-3500, within_ms=1000)

    found = snapshot_with(lambda: reading)

    quote = found.get(MAIN)
    assert quote is not None
    assert (quote.barred_by, quote.disputed) == (Rule.QUOTE_STALE, False)
    assert "3.5 s behind h" in quote.barred
    assert found.own_clock == reading
    assert decode("vendor_snapshot", 1, encode(found)) == found


@pytest.mark.parametrize(
    "reading", [None, ClockReading(hosts=("h",), ahead_ms=2900, within_ms=1000)], ids=["unknown", "right"]
)
def test_a_clock_that_is_right_or_not_known_bars_nothing(reading):
    quote = snapshot_with(lambda: reading).get(MAIN)

    assert quote is not None
    assert not quote.barred


def test_what_is_wrong_with_a_quote_itself_is_told_first():
    reading = ClockReading(hosts=("h",), ahead_ms=9000, within_ms=1000)
    terms = GateTerms(cross_check=CrossCheck.OFF)
    missing = judge(Symbol(MAIN), (), None, {}, terms, NOW)

    assert timed_by(missing, reading) == missing
    assert missing.flaw is Flaw.MISSING
    words = replace(raw(MAIN), stamped_at=NOW - timedelta(days=1))
    old = judge(MAIN, (Sighting(family="one", raw=words),), None, {}, terms, NOW)
    assert old.quote is not None
    assert timed_by(old, reading) == old
    assert old.flaw is Flaw.WRONG_DAY
