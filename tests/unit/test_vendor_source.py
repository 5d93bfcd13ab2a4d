"""Several vendors as one source: who is asked when, what is believed, and what a failing one costs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from services.domain.bars import Frequency, Panel
from services.domain.events import Event
from services.domain.instruments import Fact, Facts, Instrument, Symbol
from services.domain.orders import Rule
from services.domain.quotes import RULEBOOK, Comparison, Quote, VendorSnapshot
from services.market.known_facts import KnownFacts
from services.market.quote_terms import CrossCheck, GateTerms
from services.market.raw_quotes import RawQuote, RawQuotes, Status
from services.market.vendor_source import VendorSource
from services.ports import PriceFault
from tests.exchange_market import MAIN, MON, OTHER, panel
from tests.simulation.virtual_time import VirtualLoop
from tests.unit.raw_market import FakeFeed, Says, clock_at, raw

BOTH = (MAIN, OTHER)
BAN = timedelta(hours=20)
T = TypeVar("T")


class LoopClock:
    """The time of an asyncio loop that waits for nothing, from 10:35:01 on."""

    def __init__(self) -> None:
        self.loop = VirtualLoop(0.0)
        self.started = clock_at("10:35:01")

    def now(self) -> datetime:
        return self.started + timedelta(seconds=self.loop.now_s)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the work brings; time passes by its waiting alone."""
        return self.loop.run_until_complete(work)


class Rest:
    """Bars and facts as another source tells them."""

    name = "rest"
    panel: Panel | None = None

    def __init__(self, facts: Facts | None = None, bars: Panel | None = None) -> None:
        self.facts, self.bars = facts, bars

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        raise AssertionError

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        if self.bars is None:
            raise PriceFault("bars", f"none for {len(symbols)}")
        return self.bars

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        if self.facts is None:
            raise PriceFault("facts", "none")
        return self.facts


@pytest.fixture
def clock() -> Any:
    made = LoopClock()
    yield made
    made.loop.close()


def now_at(**stated: Any) -> Says:
    """Return a vendor that dates its words with the moment it is asked."""

    def says(symbol: Symbol, now: datetime) -> RawQuote:
        return replace(raw(symbol, **stated), stamped_at=now)

    return says


def source(clock: LoopClock, *feeds: FakeFeed, rest: Rest | None = None, **options: Any) -> VendorSource:
    terms = options.pop("terms", GateTerms())
    return VendorSource(feeds, rest or Rest(), clock, terms, **options)


def prices(clock: LoopClock, made: VendorSource, symbols: Sequence[Symbol] = BOTH) -> VendorSnapshot:
    return clock.run(made.get_current_prices(symbols))


def good(clock: LoopClock, name: str, **options: Any) -> FakeFeed:
    return FakeFeed(name, clock, now_at(), **options)


def tradable(snapshot: VendorSnapshot) -> dict[Symbol, tuple[str, str]]:
    """Return by symbol that may be traded where its price is from and who confirms it."""
    return {one.symbol: (one.source, one.confirmed_by) for one in snapshot.quotes if not one.barred}


def test_the_first_source_prices_and_an_independent_one_confirms(clock: LoopClock):
    one, kin, two, three = (good(clock, name) for name in ("one", "kin", "two", "three"))

    found = prices(clock, source(clock, one, kin, two, three))

    assert tradable(found) == {MAIN: ("one", "two"), OTHER: ("one", "two")}
    # Asked at once: all of it took as long as one answer, 50 ms.
    assert (clock.loop.now_s, kin.asked, three.asked) == (pytest.approx(0.05), [], [])
    assert (found.moment, found.symbols, found.faults) == (clock.now(), BOTH, {})


def test_a_source_banned_for_twenty_hours_leaves_every_slot_to_the_others(clock: LoopClock):
    start = clock.started
    one = good(clock, "one", banned=(start, start + BAN))
    two, three = good(clock, "two"), good(clock, "three")
    made = source(clock, one, two, three)

    during = [tradable(prices(clock, made))]
    clock.loop.now_s += 3600
    during.append(tradable(prices(clock, made)))
    clock.started += timedelta(days=1) - timedelta(seconds=clock.loop.now_s)
    after = tradable(prices(clock, made))

    assert during == [{MAIN: ("two", "three"), OTHER: ("two", "three")}] * 2
    assert after == {MAIN: ("one", "two"), OTHER: ("one", "two")}


def test_with_all_but_one_banned_nothing_is_traded_and_nothing_is_valued(clock: LoopClock):
    ban = (clock.started, clock.started + BAN)
    found = prices(
        clock,
        source(clock, good(clock, "one", banned=ban), good(clock, "two"), good(clock, "three", banned=ban)),
    )

    assert tradable(found) == {}
    assert (found.last(MAIN), found.prev_close(MAIN)) == (None, None)
    assert {one.barred_by for one in found.quotes} == {Rule.QUOTE_DISAGREES}


def test_with_all_banned_there_is_no_snapshot_and_the_fault_says_why(clock: LoopClock):
    ban = (clock.started, clock.started + BAN)
    made = source(clock, *(good(clock, name, banned=ban) for name in ("one", "two", "three")))

    with pytest.raises(PriceFault, match=r"HTTP 403.*HTTP 403.*HTTP 403"):
        prices(clock, made)


def test_a_slow_source_is_not_waited_for_where_two_others_do(clock: LoopClock):
    slow, two, three = good(clock, "one", takes_s=30.0), good(clock, "two"), good(clock, "three")

    found = prices(clock, source(clock, slow, two, three, hedge_s=2.0))

    assert tradable(found) == {MAIN: ("two", "three"), OTHER: ("two", "three")}
    # The second answers after 50 ms, the third is asked 2 s later.
    assert clock.loop.now_s == pytest.approx(2.1)
    assert slow.given_up == 1


def test_a_source_that_fails_is_replaced_at_once(clock: LoopClock):
    one = good(clock, "one", banned=(clock.started, clock.started + BAN))
    feeds = one, good(clock, "two", takes_s=1.5), good(clock, "three")

    assert tradable(prices(clock, source(clock, *feeds)))[MAIN] == ("two", "three")
    assert clock.loop.now_s == pytest.approx(1.5)


def test_nobody_is_waited_for_beyond_the_deadline(clock: LoopClock):
    feeds = [good(clock, name, takes_s=60.0) for name in ("one", "two", "three")]

    with pytest.raises(PriceFault, match="no answer within 5 s"):
        prices(clock, source(clock, *feeds, deadline_s=5.0))

    assert clock.loop.now_s == pytest.approx(5.0)
    assert [feed.given_up for feed in feeds] == [1, 1, 1]


def test_half_of_the_symbols_missing_is_filled_from_further_sources(clock: LoopClock):
    def half(symbol: Symbol, now: datetime) -> RawQuote | str:
        return now_at()(symbol, now) if symbol == MAIN else "not in the answer"

    one, two, three = FakeFeed("one", clock, half), good(clock, "two"), good(clock, "three")

    found = prices(clock, source(clock, one, two, three))

    assert tradable(found) == {MAIN: ("one", "two"), OTHER: ("two", "three")}
    assert three.asked == [(OTHER,)]


def test_a_symbol_nobody_knows_is_a_fault_that_names_each_source(clock: LoopClock):
    def known(symbol: Symbol, now: datetime) -> RawQuote | str:
        return now_at()(symbol, now) if symbol == MAIN else "no such share"

    found = prices(clock, source(clock, *(FakeFeed(name, clock, known) for name in ("one", "two"))))

    assert tradable(found) == {MAIN: ("one", "two")}
    assert found.faults == {OTHER: "one: no such share; two: no such share"}


@pytest.mark.parametrize("of", [OTHER, MAIN])
def test_a_quote_that_names_another_symbol_or_source_is_nobodys(clock: LoopClock, of: Symbol):
    class Muddled(FakeFeed):
        async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
            answer = await super().quotes(BOTH)
            wrong = replace(answer.quotes[of], source="one" if of == OTHER else "two")
            return replace(answer, quotes={MAIN: wrong})

    muddled = Muddled("one", clock, now_at())
    found = prices(clock, source(clock, muddled, good(clock, "two"), good(clock, "three")), (MAIN,))

    assert tradable(found) == {MAIN: ("two", "three")}
    assert [one.symbol for one in found.quotes] == [MAIN]


def test_yesterdays_quotes_are_left_to_the_sources_of_today(clock: LoopClock):
    def yesterday(symbol: Symbol, _now: datetime) -> RawQuote:
        return raw(symbol, day=MON)

    found = prices(
        clock, source(clock, FakeFeed("one", clock, yesterday), good(clock, "two"), good(clock, "three"))
    )

    assert tradable(found) == {MAIN: ("two", "three"), OTHER: ("two", "three")}
    assert Comparison(source="one", other="clock", compared=2, differed={"wrong_day": 2}) in (
        found.comparisons or ()
    )


def test_yesterdays_quotes_under_todays_stamp_are_traded_on_by_nobody(clock: LoopClock):
    """They are sound in themselves: nobody can say who is right."""
    old = FakeFeed("one", clock, now_at(last="9.60", prev="9.50", limits=("8.55", "10.45"), bids=None))

    found = prices(clock, source(clock, old, good(clock, "two"), good(clock, "three")))

    assert tradable(found) == {}
    assert {one.barred_by for one in found.quotes} == {Rule.QUOTE_DISAGREES}
    assert found.last(MAIN) is None
    differed = {"prev_close_differs": 2, "last_differs": 2}
    assert Comparison(source="one", other="two", compared=2, differed=differed) in (found.comparisons or ())


def test_a_source_that_swaps_symbols_confirms_and_prices_nothing(clock: LoopClock):
    def swapped(symbol: Symbol, now: datetime) -> RawQuote:
        return replace(now_at(last="55.00", prev="55.00", limits=(None, None))(symbol, now), bids=None)

    found = prices(clock, source(clock, good(clock, "one"), FakeFeed("two", clock, swapped)))

    assert tradable(found) == {}


def test_a_contradiction_asks_nobody_further(clock: LoopClock):
    three = good(clock, "three")

    prices(clock, source(clock, good(clock, "one"), FakeFeed("two", clock, now_at(last="10.50")), three))

    assert three.asked == []


def test_without_a_cross_check_one_source_is_asked_and_believed(clock: LoopClock):
    two = good(clock, "two")

    found = prices(clock, source(clock, good(clock, "one"), two, terms=GateTerms(cross_check=CrossCheck.OFF)))

    assert tradable(found) == {MAIN: ("one", ""), OTHER: ("one", "")}
    assert two.asked == []


def test_where_a_check_is_wanted_when_available_the_others_are_still_asked(clock: LoopClock):
    ban = (clock.started, clock.started + BAN)
    terms = GateTerms(cross_check=CrossCheck.WHEN_AVAILABLE)
    lonely = source(clock, good(clock, "one"), good(clock, "two", banned=ban), terms=terms)

    checked = source(clock, good(clock, "one"), good(clock, "two", takes_s=0.5), terms=terms)

    assert tradable(prices(clock, lonely))[MAIN] == ("one", "")
    assert tradable(prices(clock, checked))[MAIN] == ("one", "two")


def test_a_bug_in_a_feed_is_no_fault_of_the_outside_and_ends_the_others(clock: LoopClock):
    def broken(_symbol: Symbol, _now: datetime) -> RawQuote:
        raise ZeroDivisionError

    slow = good(clock, "two", takes_s=9.0)

    with pytest.raises(ZeroDivisionError):
        prices(clock, source(clock, FakeFeed("one", clock, broken), slow))
    assert slow.given_up == 1


def test_an_asker_that_goes_away_takes_the_questions_with_it(clock: LoopClock):
    feeds = [good(clock, name, takes_s=9.0) for name in ("one", "two")]

    async def gone() -> None:
        asking = asyncio.ensure_future(source(clock, *feeds).get_current_prices(BOTH))
        await asyncio.sleep(1.0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    clock.run(gone())

    assert [feed.given_up for feed in feeds] == [1, 1]


FACTS = Facts(
    instruments=(
        Instrument(symbol=MAIN, name="PLAIN", listed_on=date(2001, 1, 5)),
        Instrument(symbol=OTHER, name="PLAIN", listed_on=date(2001, 1, 5)),
    )
)


def test_facts_told_today_hold_the_quotes_to_the_rulebook(clock: LoopClock):
    wrong = now_at(limits=("9.50", "10.50"))
    made = source(clock, FakeFeed("one", clock, wrong), FakeFeed("two", clock, wrong), rest=Rest(FACTS))

    before = tradable(prices(clock, made))
    told = clock.run(made.get_instruments(BOTH))
    after = prices(clock, made)
    clock.started += timedelta(days=1)
    tomorrow = tradable(prices(clock, made))

    assert told == FACTS
    assert (len(before), tradable(after), len(tomorrow)) == (2, {}, 2)
    assert Comparison(source="one", other=RULEBOOK, compared=2, differed={"limits_disagree": 2}) in (
        after.comparisons or ()
    )


def test_a_fact_that_is_not_known_leaves_the_limits_to_the_risk_gate(clock: LoopClock):
    wrong = now_at(limits=("9.50", "10.50"))
    facts = replace(FACTS, unknown={MAIN: {Fact.RISK_WARNING: "no list"}})
    made = source(clock, FakeFeed("one", clock, wrong), FakeFeed("two", clock, wrong), rest=Rest(facts))

    clock.run(made.get_instruments(BOTH))

    assert tradable(prices(clock, made)).keys() == {MAIN}


def test_bars_and_facts_are_the_other_sources(clock: LoopClock):
    made = source(clock, good(clock, "one"), good(clock, "two"))

    with pytest.raises(PriceFault, match="bars"):
        clock.run(made.get_history(BOTH, Frequency.DAILY))
    with pytest.raises(PriceFault, match="facts"):
        clock.run(made.get_instruments(BOTH))
    assert (made.name, made.panel) == ("vendors", None)


def test_a_halt_is_asked_of_a_third_where_another_source_shows_trading(clock: LoopClock):
    halted = FakeFeed("two", clock, now_at(status=Status.HALTED))
    also = FakeFeed("three", clock, now_at(status=Status.HALTED))

    lonely = prices(clock, source(clock, good(clock, "one"), halted, good(clock, "three")))
    backed = prices(clock, source(clock, good(clock, "one"), halted, also))

    assert tradable(lonely) == {MAIN: ("one", "three"), OTHER: ("one", "three")}
    differed = {"status_differs": 2}
    assert Comparison(source="two", other="one", compared=2, differed=differed) in (lonely.comparisons or ())
    assert {(one.symbol, one.suspended) for one in backed.quotes} == {(MAIN, True), (OTHER, True)}


FACTS = Facts(instruments=tuple(Instrument(symbol=one, listed_on=date(2001, 1, 5)) for one in BOTH))


def looked_at_by_the_rulebook(found: VendorSnapshot) -> set[int]:
    return {one.compared for one in found.comparisons or () if one.other == RULEBOOK}


def test_facts_asked_for_one_account_do_not_make_those_of_another_forgotten(clock: LoopClock):
    rest = Rest(FACTS)
    made = source(clock, good(clock, "one"), good(clock, "two"), rest=rest)

    clock.run(made.get_instruments(BOTH))
    rest.facts = replace(FACTS, instruments=FACTS.instruments[:1])
    clock.run(made.get_instruments(BOTH[:1]))

    assert looked_at_by_the_rulebook(prices(clock, made)) == {2}
    clock.started += timedelta(days=1)
    assert looked_at_by_the_rulebook(prices(clock, made)) == set()


def event_at(moment: datetime) -> Event:
    return Event(
        seq=1, account="main", session="s", step="facts", kind="facts", version=1,
        at=moment.astimezone(UTC).isoformat(), body="", prev="", hash="",
    )  # fmt: skip


def test_facts_on_record_are_known_after_a_restart(clock: LoopClock):
    made = source(clock, good(clock, "one"), good(clock, "two"))

    made.listen(event_at(clock.now() - timedelta(days=1)), FACTS, None)
    stale = looked_at_by_the_rulebook(prices(clock, made))
    made.listen(event_at(clock.now()), FACTS, None)

    assert (stale, looked_at_by_the_rulebook(prices(clock, made))) == (set(), {2})


def test_facts_of_two_markets_are_each_of_their_own_day(clock: LoopClock):
    """At 23:30 in Shanghai it is still noon in New York: two hours later one of the two has a new day."""
    known, apple = KnownFacts(), Symbol("AAPL.US")
    both = Facts(instruments=(Instrument(symbol=MAIN), Instrument(symbol=apple)))
    evening = datetime.fromisoformat("2026-07-13T23:30:00+08:00")

    known.take(both, evening)

    later = evening + timedelta(hours=2)
    assert known.of(MAIN, later).instrument is None
    assert known.of(apple, later).instrument == Instrument(symbol=apple)


def test_a_close_on_record_is_held_against_the_next_days_previous_close(clock: LoopClock):
    """Closed at 9.50 on Monday; on Tuesday all vendors tell 10.00."""
    made = source(clock, good(clock, "one"), good(clock, "two"))
    closed = Quote(
        symbol=MAIN, last_cny=Decimal("9.50"), prev_close_cny=None, seen_at=clock_at("15:00", MON),
        source="one", confirmed_by="two",
    )  # fmt: skip
    shown = VendorSnapshot(
        moment=clock_at("15:05", MON), source="v", symbols=(MAIN,), quotes=(closed,), faults={}
    )

    made.listen(event_at(clock.now()), shown, None)

    assert tradable(prices(clock, made)) == {OTHER: ("one", "two")}


def test_bars_tell_the_close_too_and_a_disputed_ex_day_makes_it_unknown(clock: LoopClock):
    bars = panel({MAIN: [(9.5, 9.5, 9.5, 9.5)] * 4, OTHER: [(10.0, 10.0, 10.0, 10.0)] * 4}, days=(MON,))
    rest = Rest(FACTS, bars)
    made = source(clock, good(clock, "one"), good(clock, "two"), rest=rest)

    clock.run(made.get_history(BOTH, Frequency.HOURLY))
    known = tradable(prices(clock, made))
    rest.facts = replace(FACTS, disputed={MAIN: "two vendors differ"})
    clock.run(made.get_instruments(BOTH))

    assert known == {OTHER: ("one", "two")}
    assert tradable(prices(clock, made)) == {MAIN: ("one", "two"), OTHER: ("one", "two")}


def test_a_source_needs_a_feed(clock: LoopClock):
    with pytest.raises(ValueError, match="at least one feed"):
        source(clock)
