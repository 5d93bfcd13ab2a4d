"""What a price no order may go by is still worth: nothing, unless only age is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.domain.instruments import Fact, Instrument, Span
from services.domain.quotes import VendorSnapshot
from services.market.quote_gate import judge
from services.market.quote_terms import CrossCheck, Flaw, GateTerms
from services.market.raw_quotes import RawQuote, Status
from tests.exchange_market import MAIN, MON, TUE
from tests.unit.raw_market import clock_at, raw, seen

PLAIN = Instrument(symbol=MAIN, name="PLAIN", listed_on=date(2001, 1, 5))
IDLE = replace(PLAIN, suspended=(Span(since=MON, until=TUE),))
OLD: dict[str, Any] = {"stamp": "10:30:00"}
HALTED: dict[str, Any] = {"status": Status.HALTED, "stamp": "10:00:00"}
STOPPED: dict[str, Any] = {"last": None, "status": Status.SUSPENDED, "stamp": "09:00:00"}


def worth(
    *quotes: RawQuote,
    facts: Instrument | None = PLAIN,
    cross_check: CrossCheck = CrossCheck.REQUIRE,
    closes: tuple[str, ...] = (),
    unknown: dict[Fact, str] | None = None,
) -> tuple[Flaw | None, Decimal | None]:
    """Return the flaw, and at what a holding is valued, None where nobody can say."""
    now, known = clock_at("10:35:01"), tuple(map(Decimal, closes))
    terms = GateTerms(cross_check=cross_check)
    found = judge(MAIN, seen(*quotes), facts, unknown or {}, terms, now, known)
    assert found.quote is not None
    shown = VendorSnapshot(
        moment=now, source="v", symbols=(MAIN,), quotes=(found.quote,), faults={}, comparisons=()
    )
    return found.flaw, shown.last(MAIN)


WORTHLESS = {
    "one source's word alone": (Flaw.UNCHECKED, [raw()]),
    "two of one family": (Flaw.UNCHECKED, [raw(), raw(source="kin")]),
    "one old word": (Flaw.STALE, [raw(**OLD)]),
    "one halted": (Flaw.HALTED, [raw(**HALTED)]),
    "one suspended": (Flaw.SUSPENDED, [raw(**STOPPED)]),
    # The shares of two neighbours swapped by the one vendor that answers: all fits together.
    "another share": (
        Flaw.UNCHECKED, [raw(last="100.00", prev="99.00", limits=("89.10", "108.90"), bids=None, asks=None)]
    ),
    "limits not the rulebook's": (Flaw.LIMITS_DISAGREE, [raw(limits=("9.50", "10.50")), raw(source="two")]),
    "crossed, and another old": (
        Flaw.CROSSED, [raw(bids=(("10.02", 1),)), raw(source="two", bids=(("10.02", 1),))]
    ),
    "of yesterday, twice": (Flaw.WRONG_DAY, [raw(day=MON), raw(source="two", day=MON)]),
    "of the future, twice": (Flaw.AHEAD, [raw(stamp="10:36:00"), raw(source="two", stamp="10:36:00")]),
    "undated, twice": (Flaw.UNDATED, [raw(stamp=None), raw(source="two", stamp=None)]),
    "without a close, twice": (Flaw.UNPRICED, [raw(prev=None), raw(source="two", prev=None)]),
    "outside the limits": (Flaw.OUTSIDE_LIMITS, [raw(last="11.01"), raw(source="two", last="11.01")]),
    "another last": (Flaw.LAST_DIFFERS, [raw(), raw(source="two", last="10.50")]),
    "another close": (
        Flaw.PREV_CLOSE_DIFFERS, [raw(), raw(source="two", prev="10.01", limits=(None, None))]
    ),
    "old, another last then": (Flaw.STALE, [raw(**OLD), raw(source="two", last="10.50", **OLD)]),
    "old, another last later": (
        Flaw.STALE, [raw(**OLD), raw(source="two", last="10.50", stamp="10:33:00")]
    ),
    "old, another close": (Flaw.STALE, [raw(**OLD), raw(source="two", prev="10.01", **OLD)]),
    "old, a third has another close": (
        Flaw.STALE,
        [raw(**OLD), raw(source="two", **OLD), raw(source="three", prev="9.99", limits=(None, None), **OLD)],
    ),
    "old, a third is outside its limits": (
        Flaw.STALE, [raw(**OLD), raw(source="two", **OLD), raw(source="three", last="11.01", **OLD)]
    ),
    "old, a third states other limits": (
        Flaw.STALE,
        [raw(**OLD), raw(source="two", **OLD), raw(source="three", limits=("9.50", "10.50"), **OLD)],
    ),
    "old, a third gave another last then": (
        Flaw.STALE, [raw(**OLD), raw(source="two", **OLD), raw(source="three", last="10.50", **OLD)]
    ),
    "old, the other without a last": (Flaw.STALE, [raw(**OLD), raw(source="two", last=None, **OLD)]),
    "halted at another price": (Flaw.HALTED, [raw(**HALTED), raw(source="two", last="10.50")]),
    "suspended, closes differ": (
        Flaw.SUSPENDED, [raw(**STOPPED), raw(source="two", **STOPPED | {"prev": "9.99"})]
    ),
    "suspended, the other of yesterday": (Flaw.SUSPENDED, [raw(**STOPPED), raw(source="two", day=MON)]),
}  # fmt: skip


@pytest.mark.parametrize("case", WORTHLESS)
def test_a_price_that_is_contradicted_or_one_sources_word_values_nothing(case: str):
    flaw, quotes = WORTHLESS[case]

    assert worth(*quotes) == (flaw, None)


WORTH = {
    "two old words": (Flaw.STALE, "10.00", [raw(**OLD), raw(source="two", last="10.03", **OLD)]),
    "an old and a new word": (Flaw.UNCHECKED, "10.03", [raw(**OLD), raw(source="two", last="10.03")]),
    "two new words too far apart": (
        Flaw.STAMPS_APART, "10.00", [raw(), raw(source="two", stamp="10:34:48")]
    ),
    "a halt": (Flaw.HALTED, "10.00", [raw(**HALTED), raw(source="two", stamp="10:00:02")]),
    "a suspension": (Flaw.SUSPENDED, "9.87", [
        raw(**STOPPED | {"prev": "9.87"}), raw(source="two", **STOPPED | {"prev": "9.87"})
    ]),
    # What the vendor shows as its last is of whenever it traded last.
    "a suspension with a last": (Flaw.SUSPENDED, "10.00", [
        raw(**STOPPED | {"last": "12.00"}), raw(source="two", **STOPPED)
    ]),
}  # fmt: skip


@pytest.mark.parametrize("case", WORTH)
def test_a_price_with_which_nothing_but_age_is_wrong_values_what_is_held(case: str):
    flaw, last, quotes = WORTH[case]

    assert worth(*quotes) == (flaw, Decimal(last))


def test_what_the_list_suspends_is_worth_the_close_two_sources_agree_on():
    assert worth(raw(), raw(source="two"), facts=IDLE) == (Flaw.SUSPENDED, Decimal("10.00"))
    assert worth(raw(), raw(source="two", prev="9.00"), facts=IDLE) == (Flaw.SUSPENDED, None)


def test_without_the_rulebooks_limits_an_old_price_values_nothing():
    old = (raw(**OLD), raw(source="two", **OLD))

    assert worth(*old, facts=None) == (Flaw.STALE, None)
    assert worth(*old, unknown={Fact.RISK_WARNING: "no list"}) == (Flaw.STALE, None)


def test_a_close_that_was_another_yesterday_makes_an_old_price_worthless():
    old = (raw(**OLD), raw(source="two", **OLD))

    assert worth(*old, closes=("10.00",)) == (Flaw.STALE, Decimal("10.00"))
    assert worth(*old, closes=("9.50",)) == (Flaw.STALE, None)


@pytest.mark.parametrize("cross_check", [CrossCheck.WHEN_AVAILABLE, CrossCheck.OFF])
def test_who_asks_for_no_second_source_has_old_prices_valued_by_one(cross_check: CrossCheck):
    assert worth(raw(**OLD), cross_check=cross_check) == (Flaw.STALE, Decimal("10.00"))
    assert worth(raw(last="11.01", **OLD), cross_check=cross_check)[1] is None
    assert worth(raw(day=MON), facts=IDLE, cross_check=cross_check) == (Flaw.SUSPENDED, None)


def test_what_is_suspended_and_states_no_close_is_kept_with_its_last_and_values_nothing():
    stated = raw(**STOPPED | {"last": "9.00", "prev": None})

    assert worth(stated) == (Flaw.SUSPENDED, None)
