"""Whatever is wrong with a quote, at whichever source and whenever: no order goes by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest

from risk.limits import ExitTerms, Limits, PortfolioLimits
from services.clock import VirtualClock
from services.domain.events import Opening, Outcome, Verdicts
from services.domain.instruments import Symbol
from services.domain.orders import Rule
from services.domain.quotes import Level, VendorSnapshot
from services.market.quote_terms import GateTerms
from services.market.raw_quotes import RawQuote, Status
from services.market.vendor_source import VendorSource
from tests.exchange_market import MAIN, MON, at
from tests.replay.test_vendor_replay import require_identical
from tests.unit.raw_market import FakeFeed, raw
from tests.unit.test_vendor_source import Rest
from tests.unit.vendor import SteppingClock
from tests.unit.world import HOLD, Live, Setup, answer, order

Spoil = Callable[[RawQuote], RawQuote | str]


def changed(**fields: object) -> Spoil:
    return lambda good: replace(good, **fields)  # type: ignore[arg-type]  # A table of fields.


def dated(**later: float) -> Spoil:
    def spoil(good: RawQuote) -> RawQuote:
        assert good.stamped_at is not None
        return replace(good, stamped_at=good.stamped_at + timedelta(**later))

    return spoil


def level(price: str) -> tuple[Level, ...]:
    return (Level(price_cny=Decimal(price), shares=100),)


BAD: dict[str, Spoil] = {
    "missing": lambda _good: "not in the answer",
    "undated": changed(stamped_at=None),
    "of yesterday": dated(days=-1),
    "of last week": dated(days=-7),
    "stale": dated(seconds=-16),
    "hours old": dated(hours=-1),
    "ahead": dated(seconds=3),
    "of tomorrow": dated(days=1),
    "no last": changed(last_cny=None),
    "no previous close": changed(prev_close_cny=None),
    "above its limits": changed(last_cny=Decimal("11.01")),
    "below its limits": changed(last_cny=Decimal("8.99")),
    "limits of another day": changed(limit_down_cny=Decimal("10.50"), limit_up_cny=Decimal("12.80")),
    "crossed": changed(bids=level("10.02"), asks=level("10.01")),
    "suspended": changed(status=Status.SUSPENDED),
    "halted": changed(status=Status.HALTED),
    "another price": changed(last_cny=Decimal("10.50")),
    "another previous close": changed(
        prev_close_cny=Decimal("9.90"), limit_down_cny=Decimal("8.91"), limit_up_cny=Decimal("10.89")
    ),
    "yesterday's data under today's stamp": changed(
        last_cny=Decimal("9.60"), prev_close_cny=Decimal("9.50"), limit_down_cny=Decimal("8.55"),
        limit_up_cny=Decimal("10.45"), bids=level("9.59"), asks=level("9.61"),
    ),
    "apart": dated(seconds=-11),
}  # fmt: skip
GOOD = "good"
ONE_SLOT = (time(10, 35),)


def feed(name: str, clock: VirtualClock, state: Callable[[int], str]) -> FakeFeed:
    """Return a vendor whose words on its n-th answer, from 1, are spoiled as `state` says."""

    def says(symbol: Symbol, now: datetime) -> RawQuote | str:
        good = replace(raw(symbol), stamped_at=now)
        how = state(len(made.asked))
        return good if how == GOOD else BAD[how](good)

    made = FakeFeed(name, clock, says, takes_s=0.0)
    return made


def lived(first: Callable[[int], str], second: Callable[[int], str]) -> tuple[Setup, Live]:
    """Return a session that wants to buy, on two vendors."""

    def vendor(clock: VirtualClock) -> VendorSource:
        feeds = (feed("one", clock, first), feed("two", clock, second))
        return VendorSource(feeds, Rest(), clock, GateTerms())

    setup = Setup(
        answers=(answer(order("buy", MAIN, 100), order("buy", MAIN, 100)),),
        vendor=vendor, times=ONE_SLOT, first=MON, last=MON, clock=SteppingClock,
    )  # fmt: skip
    return setup, setup.open().run()


def always(state: str) -> Callable[[int], str]:
    return lambda _asked: state


def orders(live: Live) -> int:
    return len(live.kinds("order_terms"))


def test_with_two_good_sources_the_order_goes_out():
    """Else the tests below would show nothing."""
    setup, live = lived(always(GOOD), always(GOOD))

    assert orders(live) == 1
    require_identical(setup)


@pytest.mark.parametrize("state", BAD)
@pytest.mark.parametrize("where", ["first", "second", "both"])
@pytest.mark.parametrize("when", ["shown", "asked again", "always"])
def test_no_order_leaves_on_a_bad_quote(state: str, where: str, when: str):
    """Not when it was bad only as the mind was shown it, nor when it turned bad while the mind thought."""

    def of(source: str) -> Callable[[int], str]:
        def told(asked: int) -> str:
            spoiled = where in (source, "both") and (when == "always" or (asked == 1) is (when == "shown"))
            return state if spoiled else GOOD

        return told

    _, live = lived(of("first"), of("second"))

    # Two sources that are wrong alike pass where only another source, or the time before, could tell.
    unseen = state in ALIKE and (when == "always" or state not in ELSEWHERE)
    assert orders(live) == int(where == "both" and unseen)


ELSEWHERE = ("another price", "yesterday's data under today's stamp")
"""The price is more than 2 % away from the good one: it ran away while the mind was thinking."""
ALIKE = (*ELSEWHERE, "another previous close", "apart")


@pytest.mark.parametrize("one", BAD)
def test_no_order_leaves_on_two_quotes_that_are_bad_in_different_ways(one: str):
    for other in BAD:
        if other != one:
            _, live = lived(always(one), always(other))
            assert orders(live) == 0, other


@pytest.mark.parametrize("state", ["stale", "another price", "missing", "halted"])
def test_the_session_says_why_and_comes_out_the_same_again(state: str):
    setup, live = lived(always(GOOD), always(state))

    verdicts = live.value("20260713-1035", "verdicts")
    assert isinstance(verdicts, Verdicts)
    rule = Rule.SUSPENDED if state == "halted" else Rule.QUOTE_DISAGREES
    assert verdicts.refused[0].rule is rule
    assert live.value("20260713-1035", "closed").outcome is Outcome.NO_TRADE  # type: ignore[attr-defined]  # A Closed.
    require_identical(setup)


def two_days(banned: dict[str, tuple[datetime, datetime]]) -> Live:
    """Return two days of hourly slots on three vendors, a buy at each, some vendors banned for a time."""

    def vendor(clock: VirtualClock) -> VendorSource:
        def says(symbol: Symbol, now: datetime) -> RawQuote:
            return replace(raw(symbol), stamped_at=now)

        feeds = [
            FakeFeed(name, clock, says, takes_s=0.0, banned=banned.get(name))
            for name in ("one", "two", "three")
        ]
        return VendorSource(feeds, Rest(), clock, GateTerms())

    answers = (answer(order("buy", MAIN, 100)),) * 8
    return Setup(answers=answers, vendor=vendor, clock=SteppingClock).open().run()


def test_a_price_nobody_confirms_makes_no_peak_and_halts_no_account():
    """While only one vendor answers, over lunch, it tells of another share, ten times as dear."""
    lunch = at(MON, "11:30"), at(MON, "12:30")

    def vendor(clock: VirtualClock) -> VendorSource:
        def says(symbol: Symbol, now: datetime) -> RawQuote:
            good = replace(raw(symbol), stamped_at=now)
            if not lunch[0] <= now < lunch[1]:
                return good
            hundred = Decimal("100.00")
            dear = replace(good, last_cny=hundred, prev_close_cny=hundred, stamped_at=lunch[0])
            return replace(dear, limit_down_cny=None, limit_up_cny=None, bids=None, asks=None)

        one = FakeFeed("one", clock, says, takes_s=0.0)
        feeds = [one, FakeFeed("two", clock, says, takes_s=0.0, banned=lunch)]
        return VendorSource(feeds, Rest(), clock, GateTerms())

    weigh = '{"rationale": "x", "orders": [{"symbol": "000999.SZ", "side": "buy", "target_weight": "0.5"}]}'
    limits = Limits(
        portfolio=PortfolioLimits(drawdown_ratio_max=Decimal("0.2")),
        exits=ExitTerms(trailing_stop_ratio=Decimal("0.1")),
    )
    live = Setup(
        answers=(answer(order("buy", MAIN, 1000)), weigh, HOLD, HOLD),
        vendor=vendor, first=MON, last=MON, clock=SteppingClock, limits=limits,
    ).open().run()  # fmt: skip

    books = [live.value(slot, "book") for slot in SLOTS[:4]]
    openings = [one for one in books if isinstance(one, Opening)]
    assert [one.unpriced for one in openings] == [(), (str(MAIN),), (), ()]
    assert max(one.peak_equity_cny for one in openings) == Decimal("100000.00")
    assert len({one.peaks_cny[MAIN] for one in openings[1:]}) == 1
    assert (orders(live), live.journal.account.halts) == (1, {})


FROM_MONDAY_11 = (at(MON, "11:00"), at(MON, "11:00") + timedelta(hours=20))
SLOTS = [f"{day}-{slot}" for day in ("20260713", "20260714") for slot in ("1035", "1135", "1405", "1505")]


def sources(live: Live, slot: str) -> tuple[str, str]:
    shown = live.value(slot, "prices")
    assert isinstance(shown, VendorSnapshot)
    quote = shown.get(MAIN)
    assert quote is not None
    return quote.source, quote.confirmed_by


def test_a_ban_of_twenty_hours_costs_no_slot_while_two_sources_are_left():
    live = two_days({"one": FROM_MONDAY_11})

    # The ban ends on Tuesday at 07:00.
    on_two = [slot for slot in SLOTS if sources(live, slot) == ("two", "three")]
    assert on_two == SLOTS[1:4]
    assert all(sources(live, slot) == ("one", "two") for slot in (SLOTS[0], *SLOTS[4:]))
    assert {live.value(slot, "closed").outcome for slot in SLOTS} == {Outcome.DONE}  # type: ignore[attr-defined]  # A Closed.
    # The order over lunch is written down when it waits, and again when it is sent.
    assert len(live.journal.account.order_session) == 8


@pytest.mark.parametrize(("banned", "outcome"), [
    (("one", "two"), Outcome.NO_TRADE),  # Nobody confirms the third.
    (("one", "two", "three"), Outcome.FAILED),
])  # fmt: skip
def test_where_too_few_are_left_slots_end_without_an_order_until_one_is_back(
    banned: tuple[str, ...], outcome: Outcome
):
    live = two_days(dict.fromkeys(banned, FROM_MONDAY_11))

    ended = [live.value(slot, "closed").outcome for slot in SLOTS]  # type: ignore[attr-defined]  # A Closed.
    assert ended == [Outcome.DONE, *[outcome] * 3, *[Outcome.DONE] * 4]
    assert len(live.journal.account.order_session) == 5
