"""Every check of the quote gate at its boundary: what bars a quote, and the nearest that passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.domain.instruments import Fact, Instrument, Kind, Span, Symbol
from services.domain.orders import Rule
from services.domain.quotes import HISTORY, OWN_CLOCK, RULEBOOK
from services.market.quote_gate import _quote, judge
from services.market.quote_terms import (
    RULE_OF,
    Compared,
    CrossCheck,
    Flaw,
    GateTerms,
    Judged,
)
from services.market.raw_quotes import RawQuote, Status
from tests.exchange_market import CHINEXT, MAIN, MON, TUE
from tests.unit.raw_market import clock_at, raw, seen

PLAIN = Instrument(symbol=MAIN, name="PLAIN", listed_on=date(2001, 1, 5))
WARNED = replace(PLAIN, name="ST PLAIN", st=(Span(since=date(2026, 7, 1)),))
NEW = Instrument(symbol=MAIN, name="N PLAIN", listed_on=TUE, first_days=(TUE,))
IDLE = Instrument(symbol=MAIN, name="PLAIN", suspended=(Span(since=MON, until=TUE),))
ALONE = GateTerms(cross_check=CrossCheck.OFF)


def judged(
    *quotes: RawQuote,
    now: str = "10:35:01",
    day: date = TUE,
    facts: Instrument | None = None,
    unknown: dict[Fact, str] | None = None,
    terms: GateTerms | None = None,
    symbol: Symbol = MAIN,
) -> Judged:
    return judge(symbol, seen(*quotes), facts, unknown or {}, terms or GateTerms(), clock_at(now, day))


def alone(now: str = "10:35:01", facts: Instrument | None = None, **stated: Any) -> Flaw | None:
    """Return the flaw of one source's words on their own."""
    return judged(raw(**stated), now=now, facts=facts, terms=ALONE).flaw


def pair(second: RawQuote, now: str = "10:35:01", terms: GateTerms | None = None, **first: Any) -> Judged:
    return judged(raw(**first), second, now=now, terms=terms)


# The flaw; what has it; and the nearest thing that has none. Limits at 10.00 are 9.00 and 11.00.
ALONE_ROWS: Sequence[tuple[Flaw, dict[str, Any], dict[str, Any]]] = (
    (Flaw.SUSPENDED, {"status": Status.SUSPENDED}, {"status": Status.TRADING}),
    (Flaw.SUSPENDED, {"facts": IDLE}, {"facts": replace(IDLE, suspended=(Span(since=MON, until=MON),))}),
    (Flaw.HALTED, {"status": Status.HALTED}, {"status": None}),
    (Flaw.UNPRICED, {"last": None}, {}),
    (Flaw.UNPRICED, {"prev": None}, {}),
    (Flaw.UNDATED, {"stamp": None}, {}),
    (Flaw.WRONG_DAY, {"day": MON}, {"day": TUE}),
    # This machine's clock may be 2 s behind the source's.
    (Flaw.AHEAD, {"stamp": "10:35:03.1"}, {"stamp": "10:35:03"}),
    # 15 s in continuous trading.
    (Flaw.STALE, {"stamp": "10:34:45.9"}, {"stamp": "10:34:46"}),
    # Lunch ages nothing, and yet a price of the morning is none of the afternoon; nor is the opening call's.
    (
        Flaw.STALE,
        {"stamp": "11:30:00", "now": "13:00:02"},
        {"stamp": "13:00:00", "now": "13:00:02"},
    ),
    (Flaw.STALE, {"stamp": "09:29:59", "now": "09:30:01"}, {"stamp": "09:30:00", "now": "09:30:01"}),
    # The closing call goes on from the price before it.
    (Flaw.STALE, {"stamp": "14:56:31", "now": "14:57:02"}, {"stamp": "14:56:58", "now": "14:57:02"}),
    # While it lasts, the last minute of the morning will do.
    (Flaw.STALE, {"stamp": "11:28:59", "now": "11:35"}, {"stamp": "11:29:00", "now": "11:35"}),
    # In a call the time of day counts: half a minute of it.
    (Flaw.STALE, {"stamp": "09:19:29", "now": "09:20"}, {"stamp": "09:19:30", "now": "09:20"}),
    (Flaw.STALE, {"stamp": "14:58:29", "now": "14:59"}, {"stamp": "14:58:30", "now": "14:59"}),
    # The opening auction makes a price at 09:25, the closing one at 15:00.
    (Flaw.STALE, {"stamp": "09:24:59", "now": "09:28"}, {"stamp": "09:25:00", "now": "09:28"}),
    (Flaw.STALE, {"stamp": "14:59:59", "now": "15:05"}, {"stamp": "15:00:00", "now": "15:05"}),
    # Nobody can sell above the upper limit, nor buy below the lower one.
    (Flaw.OUTSIDE_LIMITS, {"asks": (("11.01", 1),)}, {"asks": (("11.00", 1),)}),
    (Flaw.OUTSIDE_LIMITS, {"bids": (("8.99", 1),)}, {"bids": (("9.00", 1),)}),
    (Flaw.OUTSIDE_LIMITS, {"last": "11.01"}, {"last": "11.00", "bids": None}),
    (Flaw.OUTSIDE_LIMITS, {"last": "8.99"}, {"last": "9.00", "asks": None}),
    # A source that states none is held against the rulebook, where the facts are known.
    (
        Flaw.OUTSIDE_LIMITS,
        {"last": "11.01", "limits": (None, None), "facts": PLAIN},
        {"last": "11.01", "limits": (None, None)},
    ),
    (
        Flaw.OUTSIDE_LIMITS,
        {"last": "11.01", "limits": (None, None), "facts": PLAIN},
        {"last": "11.01", "limits": (None, None), "facts": NEW},
    ),
    (Flaw.LIMITS_DISAGREE, {"limits": ("9.00", "11.01"), "facts": PLAIN}, {"facts": PLAIN}),
    (Flaw.LIMITS_DISAGREE, {"limits": ("9.00", None), "facts": PLAIN}, {"limits": ("9.00", None)}),
    (Flaw.LIMITS_DISAGREE, {"facts": NEW}, {"limits": (None, None), "facts": NEW}),
    (Flaw.CROSSED, {"bids": (("10.01", 1),)}, {"bids": (("10.00", 1),)}),
    # In a call both sides show the price that the auction would make.
    (
        Flaw.CROSSED,
        {"bids": (("10.01", 1),)},
        {"bids": (("10.01", 1),), "stamp": "09:18", "now": "09:18"},
    ),
)  # fmt: skip


@pytest.mark.parametrize(("flaw", "bad", "good"), ALONE_ROWS)
def test_a_flaw_of_one_sources_words_bars_the_quote_and_the_nearest_words_without_it_do_not(
    flaw: Flaw, bad: dict[str, Any], good: dict[str, Any]
):
    assert alone(**bad) is flaw
    assert alone(**good) is None


# The flaw; what the second source states otherwise; and the nearest with which both agree.
PAIR_ROWS: Sequence[tuple[Flaw, dict[str, Any], dict[str, Any], dict[str, Any]]] = (
    (Flaw.PREV_CLOSE_DIFFERS, {"prev": "10.01"}, {"prev": "10.00"}, {}),
    # At 10.00 the larger of 2 ticks (0.02) and 0.3 % (0.03) is allowed.
    (Flaw.LAST_DIFFERS, {"last": "10.04"}, {"last": "10.03"}, {}),
    (Flaw.LAST_DIFFERS, {"last": "9.96"}, {"last": "9.97"}, {}),
    # At 2.00 it is 2 ticks, 0.02; 0.3 % would be 0.006.
    (
        Flaw.LAST_DIFFERS,
        {"last": "2.03", "prev": "2.00", "limits": ("1.80", "2.20")},
        {"last": "2.02", "prev": "2.00", "limits": ("1.80", "2.20")},
        {"last": "2.00", "prev": "2.00", "limits": ("1.80", "2.20"), "bids": None, "asks": None},
    ),
    (Flaw.STAMPS_APART, {"stamp": "10:34:49"}, {"stamp": "10:34:50"}, {}),
    # Over lunch the morning's last minute will do, and 11 s of it are 11 s.
    (
        Flaw.STAMPS_APART,
        {"stamp": "11:29:49", "now": "11:35"},
        {"stamp": "11:29:50", "now": "11:35"},
        {"stamp": "11:30:00"},
    ),
    (Flaw.LIMITS_DISAGREE, {"limits": ("9.50", "10.50")}, {"limits": (None, "11.00")}, {}),
)


@pytest.mark.parametrize(("flaw", "bad", "good", "first"), PAIR_ROWS)
def test_a_second_source_that_says_otherwise_bars_the_quote(
    flaw: Flaw, bad: dict[str, Any], good: dict[str, Any], first: dict[str, Any]
):
    def second(stated: dict[str, Any]) -> Judged:
        stated = {"bids": None, "asks": None, **stated}
        now = stated.pop("now", "10:35:01")
        return pair(raw(source="two", **stated), now=now, **first)

    assert second(bad).flaw is flaw
    assert second(good).flaw is None
    agreed = second(good).quote
    assert agreed is not None
    assert (agreed.source, agreed.confirmed_by, agreed.barred, agreed.barred_by) == ("one", "two", "", None)


def test_after_the_close_two_stamps_that_lie_apart_show_the_same_close():
    found = pair(raw(source="two", stamp="15:00:41"), now="15:05", stamp="15:00:00")

    assert found.flaw is None


def test_nobody_saying_anything_is_a_flaw_of_its_own():
    found = judged()

    assert (found.flaw, found.quote) == (Flaw.MISSING, None)


@pytest.mark.parametrize(("terms", "flaw"), [
    (CrossCheck.REQUIRE, Flaw.UNCHECKED),
    (CrossCheck.WHEN_AVAILABLE, None),
    (CrossCheck.OFF, None),
])  # fmt: skip
def test_a_price_nobody_confirms_passes_only_where_the_settings_let_it(terms: CrossCheck, flaw: Flaw | None):
    assert judged(raw(), terms=GateTerms(cross_check=terms)).flaw is flaw


@pytest.mark.parametrize(("terms", "flaw"), [
    (CrossCheck.REQUIRE, Flaw.LAST_DIFFERS),
    (CrossCheck.WHEN_AVAILABLE, Flaw.LAST_DIFFERS),
    (CrossCheck.OFF, None),
])  # fmt: skip
def test_a_contradiction_counts_wherever_sources_are_compared(terms: CrossCheck, flaw: Flaw | None):
    assert pair(raw(source="two", last="10.50"), terms=GateTerms(cross_check=terms)).flaw is flaw


def test_a_source_of_the_same_family_confirms_nothing():
    assert pair(raw(source="kin")).flaw is Flaw.UNCHECKED
    assert pair(raw(source="two")).flaw is None


def test_one_contradiction_outweighs_an_agreement():
    found = judged(raw(), raw(source="two"), raw(source="three", prev="9.00", limits=(None, None)))

    assert found.flaw is Flaw.PREV_CLOSE_DIFFERS


def test_a_source_that_is_merely_late_contradicts_nothing_where_another_agrees():
    """Its last price, of half a minute ago in a wide gate, is another one."""
    wide = GateTerms(age_s_max=60)

    found = judged(raw(), raw(source="two", last="10.50", stamp="10:34:31"), raw(source="three"), terms=wide)

    assert (found.flaw, found.quote.confirmed_by if found.quote else "") == (None, "three")


@pytest.mark.parametrize("spoiled", [
    {"last": None}, {"stamp": None}, {"day": MON}, {"stamp": "10:30:00"}, {"stamp": "10:36:00"},
    {"last": "12.00"}, {"prev": None}, {"bids": (("10.50", 1),)},
])  # fmt: skip
def test_words_that_are_unsound_on_their_own_neither_price_nor_confirm(spoiled: dict[str, Any]):
    """The second source is chosen in the first one's place, and needs a third to agree."""
    first = raw(**spoiled)

    lonely = judged(first, raw(source="two"))
    both = judged(first, raw(source="two"), raw(source="three"))

    assert lonely.flaw is Flaw.UNCHECKED
    assert both.quote is not None
    assert (both.flaw, both.quote.source, both.quote.confirmed_by) == (None, "two", "three")
    assert judged(raw(source="two"), first).flaw is Flaw.UNCHECKED


def test_the_rulebook_is_asked_only_where_every_fact_that_limits_hang_on_is_known():
    wrong = {"limits": ("9.50", "10.50")}

    assert judged(raw(**wrong), facts=PLAIN, terms=ALONE).flaw is Flaw.LIMITS_DISAGREE
    for fact in (Fact.RISK_WARNING, Fact.LISTING, Fact.DELISTING, Fact.FUND_KIND):
        assert judged(raw(**wrong), facts=PLAIN, unknown={fact: "no list"}, terms=ALONE).flaw is None
    assert judged(raw(**wrong), facts=PLAIN, unknown={Fact.SUSPENSION: ""}, terms=ALONE).flaw is not None


def test_limits_follow_the_dated_rules_of_risk_warned_shares():
    """Since 2026-07-06 a warned main board share moves 10 % like any other; before it was 5 %."""
    ordinary = {"limits": ("9.00", "11.00")}
    before = date(2026, 7, 3)  # A Friday.

    assert alone(facts=WARNED, **ordinary) is None
    old = judged(raw(day=before, **ordinary), day=before, facts=WARNED, terms=ALONE)
    assert old.flaw is Flaw.LIMITS_DISAGREE


def test_a_day_or_code_the_rulebook_does_not_know_bars_the_quote():
    new_year = date(2027, 1, 4)

    unknown_day = judged(raw(day=new_year), day=new_year)
    unknown_code = judged(raw(Symbol("123456.SH")), symbol=Symbol("123456.SH"))

    assert (unknown_day.flaw, unknown_code.flaw) == (Flaw.RULES_UNKNOWN, Flaw.RULES_UNKNOWN)


def test_what_it_is_suspended_by_all_day_and_for_a_part_of_it_is_told_apart():
    all_day = judged(raw(last=None, status=Status.SUSPENDED))
    by_list = judged(raw(), raw(source="two"), facts=IDLE)
    part = judged(raw(status=Status.HALTED), raw(source="two"))

    assert (all_day.flaw, by_list.flaw, part.flaw) == (Flaw.SUSPENDED, Flaw.SUSPENDED, Flaw.HALTED)
    assert all(one.quote is not None and one.quote.suspended for one in (all_day, by_list, part))


def test_a_source_that_says_it_does_not_trade_is_believed_until_two_others_show_that_it_does():
    halted = raw(source="three", status=Status.HALTED)

    against_one = judged(raw(), halted, facts=PLAIN)
    against_two = judged(raw(), raw(source="two"), halted)
    against_two_at_odds = judged(raw(), raw(source="two", last="10.50"), halted)
    against_kin = judged(raw(), raw(source="kin"), halted)

    assert (against_one.flaw, against_one.settled) == (Flaw.HALTED, False)
    assert (against_two.flaw, against_two.settled) == (None, True)
    assert (against_two_at_odds.flaw, against_kin.flaw) == (Flaw.HALTED, Flaw.HALTED)
    for other in ("one", "two"):
        assert Compared(source="three", other=other, differed=("status_differs",)) in against_two.compared


@pytest.mark.parametrize("stated", [
    {"day": MON}, {"stamp": None}, {"stamp": "10:36:00"},
])  # fmt: skip
def test_a_status_is_believed_only_of_words_of_today(stated: dict[str, Any]):
    """A share that trades again is not barred by who still tells of yesterday."""
    old = raw(last=None, status=Status.SUSPENDED, **stated)

    assert judged(old, raw(source="two"), raw(source="three")).flaw is None
    assert judged(old).flaw is not Flaw.SUSPENDED


def test_two_who_say_that_it_does_not_trade_settle_it():
    one, two = raw(status=Status.HALTED), raw(source="two", status=Status.HALTED)

    assert judged(one, two, facts=PLAIN).settled
    assert not judged(one, raw(source="kin", status=Status.HALTED), facts=PLAIN).settled
    assert judged(one, terms=ALONE).settled
    # Its worth is not known yet: a third source may tell.
    assert not judged(one, raw(source="two", prev="9.00", status=Status.HALTED), facts=PLAIN).settled
    assert judged(raw(), raw(source="two"), facts=IDLE).settled


def test_limits_of_any_timely_source_that_are_not_the_rulebooks_bar_the_quote():
    wrong = {"source": "three", "limits": ("9.50", "10.50")}

    timely = judged(raw(), raw(source="two"), raw(**wrong), facts=PLAIN)
    late = judged(raw(), raw(source="two"), raw(stamp="10:30:00", **wrong), facts=PLAIN)

    assert (timely.flaw, timely.settled, late.flaw) == (Flaw.LIMITS_DISAGREE, True, None)


def test_limits_that_sources_state_are_compared_though_the_chosen_one_states_none():
    silent = {"limits": (None, None)}
    two, three = raw(source="two"), raw(source="three", limits=("9.50", "10.50"))

    apart = judged(raw(**silent), two, three)

    assert apart.flaw is Flaw.LIMITS_DISAGREE
    assert Compared(source="two", other="three", differed=("limits_disagree",)) in apart.compared
    assert judged(raw(**silent), two, raw(source="three")).flaw is None


def remembered(*closes: str, **stated: Any) -> Judged:
    known = tuple(Decimal(one) for one in closes)
    quotes = seen(raw(**stated), raw(source="two", **stated))
    return judge(MAIN, quotes, PLAIN, {}, GateTerms(), clock_at("10:35:01"), known)


def test_a_previous_close_that_is_not_what_the_day_before_closed_at_bars_the_quote():
    """All vendors tell of yesterday under today's stamp: that alone shows it."""
    agreed = {"limits": (None, None)}

    assert remembered("9.50", **agreed).flaw is Flaw.HISTORY_DIFFERS
    assert remembered("9.98", **agreed).flaw is Flaw.HISTORY_DIFFERS
    assert remembered("9.99", **agreed).flaw is None
    assert remembered("10.50", "10.00", **agreed).flaw is None
    assert remembered(**agreed).flaw is None
    off = remembered("9.50", **agreed)
    assert Compared(source="two", other=HISTORY, differed=("history_differs",)) in off.compared
    assert (off.settled, off.quote.disputed if off.quote else None) == (True, True)
    assert Compared(source="one", other=HISTORY) in remembered("10.00", **agreed).compared
    lonely = judge(MAIN, seen(raw()), None, {}, ALONE, clock_at("10:35:01"), (Decimal("9.50"),))
    assert lonely.flaw is Flaw.HISTORY_DIFFERS


@pytest.mark.parametrize("flaw", list(Flaw))
def test_every_flaw_has_its_rule(flaw: Flaw):
    assert RULE_OF[flaw] in (
        Rule.QUOTE_MISSING, Rule.QUOTE_STALE, Rule.QUOTE_DISAGREES, Rule.SUSPENDED, Rule.RULES_UNKNOWN,
    )  # fmt: skip


def test_a_barred_quote_tells_why_and_by_which_rule():
    stale = judged(raw(stamp="10:30:00"), raw(source="two", stamp="10:30:00"), facts=PLAIN)
    contradicted = pair(raw(source="two", last="10.50"))

    assert stale.quote is not None
    assert contradicted.quote is not None
    assert (stale.quote.barred, stale.quote.barred_by) == (stale.why, Rule.QUOTE_STALE)
    assert (stale.quote.last_cny, stale.quote.disputed) == (Decimal("10.00"), False)
    assert (contradicted.quote.barred_by, contradicted.quote.disputed) == (Rule.QUOTE_DISAGREES, True)
    for number in ("10.00", "10.50", "one", "two"):
        assert number in contradicted.why


def test_an_undated_quote_is_dated_by_when_it_came():
    quote = judged(raw(stamp=None, received="10:35:01")).quote

    assert quote is not None
    assert (quote.seen_at, bool(quote.barred)) == (clock_at("10:35:01"), True)


def test_of_unsound_words_those_with_a_price_are_kept():
    found = judged(raw(last=None), raw(source="two", stamp="10:30:00"))

    assert found.quote is not None
    assert (found.flaw, found.quote.source) == (Flaw.STALE, "two")
    assert judged(raw(last=None)).flaw is Flaw.UNPRICED


def test_limits_and_book_that_are_not_stated_come_from_who_agreed():
    bare = raw(limits=(None, None), bids=None, asks=None)
    full = raw(source="two")

    filled, own = judged(bare, full).quote, judged(full, bare).quote

    for quote in (filled, own):
        assert quote is not None
        assert (quote.limit_down_cny, quote.limit_up_cny) == (Decimal("9.00"), Decimal("11.00"))
        assert (quote.bids, quote.asks) == (full.bids, full.asks)


def test_half_a_book_is_not_taken_where_who_agreed_has_a_whole_one():
    """A side that is not stated is not an empty one: at the limit nobody could tell the two apart."""
    half = raw(asks=None)
    full = raw(source="two", asks=())

    quote = judged(half, full).quote

    assert quote is not None
    assert (quote.bids, quote.asks) == (full.bids, ())


def test_a_sealed_board_reaches_the_risk_gate_as_it_was_stated():
    """Last, first bid and upper limit are one price, and nobody sells."""
    sealed = {"last": "11.00", "bids": (("11.00", 900),), "asks": ()}

    quote = judged(raw(**sealed), raw(source="two", **sealed)).quote

    assert quote is not None
    assert (quote.asks, quote.bids[0].shares if quote.bids else 0, quote.limit_up_cny) == (
        (), 900, Decimal("11.00"),
    )  # fmt: skip


def test_who_disagreed_with_whom_and_in_what_is_told():
    found = judged(
        raw(),
        raw(source="two", last="10.50", prev="9.99", limits=(None, None)),
        raw(source="three", day=MON),
        facts=PLAIN,
    )
    wrong = judged(raw(), raw(source="two", limits=("9.50", "10.50")), facts=PLAIN)
    silent = judged(raw(), raw(source="two", last=None), facts=PLAIN)

    both = ("prev_close_differs", "last_differs")
    assert Compared(source="one", other="two", differed=both) in found.compared
    assert Compared(source="three", other=OWN_CLOCK, differed=("wrong_day",)) in found.compared
    assert Compared(source="one", other=OWN_CLOCK) in found.compared
    assert Compared(source="one", other=RULEBOOK) in found.compared
    assert Compared(source="two", other=RULEBOOK, differed=("limits_disagree",)) in wrong.compared
    assert not any(one.source == "three" and one.other == RULEBOOK for one in found.compared)
    assert {one.source for one in silent.compared} == {"one"}


def test_other_boards_go_by_their_own_limits_and_hours():
    """ChiNext moves 20 %."""
    wide = {"limits": ("8.00", "12.00"), "last": "11.90", "bids": None, "asks": None}
    facts = Instrument(symbol=CHINEXT, name="PLAIN", listed_on=date(2015, 1, 5))

    found = judged(raw(CHINEXT, **wide), raw(CHINEXT, "two", **wide), symbol=CHINEXT, facts=facts)

    assert found.flaw is None


def test_a_fund_of_known_kind_is_held_against_the_rulebook():
    fund = Symbol("510300.SH")
    known = Instrument(symbol=fund, name="ETF", kind=Kind.ETF_EQUITY, listed_on=date(2012, 5, 28))

    narrow = judged(raw(fund, limits=("9.500", "10.500")), symbol=fund, facts=known, terms=ALONE)

    assert narrow.flaw is Flaw.LIMITS_DISAGREE


def test_an_american_quote_goes_by_new_yorks_clock():
    apple, now = Symbol("AAPL.US"), datetime.fromisoformat("2026-07-14T10:35:01-04:00")
    stamped = replace(
        raw(apple, limits=(None, None)), stamped_at=datetime.fromisoformat("2026-07-14T10:34:46-04:00")
    )
    late = replace(stamped, stamped_at=datetime.fromisoformat("2026-07-14T10:34:45-04:00"))

    assert judge(apple, seen(stamped), None, {}, ALONE, now).flaw is None
    assert judge(apple, seen(late), None, {}, ALONE, now).flaw is Flaw.STALE


def test_where_the_rulebook_cannot_tell_the_days_limits_the_sources_own_are_all_there_is():
    """Listed eight weekdays ago: whether this is one of the first five trading days holidays decide."""
    fresh = Instrument(symbol=CHINEXT, name="PLAIN", listed_on=date(2026, 7, 2))

    found = judged(raw(CHINEXT, limits=("9.99", "10.01")), symbol=CHINEXT, facts=fresh, terms=ALONE)

    assert found.flaw is None


def test_a_quote_that_is_not_sound_cannot_become_one_to_trade_on():
    for spoiled in (raw(last=None), raw(stamp=None)):
        with pytest.raises(RuntimeError, match="judged sound"):
            _quote(spoiled, None)


def test_a_suspension_of_a_symbol_nobody_prices_is_told_and_values_nothing():
    bare = raw(last=None, prev=None, status=Status.SUSPENDED)

    found = judged(bare, replace(bare, source="two"))

    assert found.flaw is Flaw.SUSPENDED
    assert found.quote is None
