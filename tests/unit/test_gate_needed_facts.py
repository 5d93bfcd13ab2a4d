"""Which facts a rule hangs on: what a source could not tell refuses by name, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from risk.gate import review
from risk.limits import Desk
from services.domain.instruments import Fact, Instrument, Kind, Span, Symbol, marks_of, nothing_told
from services.domain.orders import Rule
from services.domain.quotes import Quote
from tests.unit.gate_desk import FUND, MAIN, RICH, STAR, TUE, book, buy, desk, lot, quote

LONG = date(1999, 11, 10)
PLAIN = Instrument(symbol=MAIN, name="PLAIN", listed_on=LONG)


def shown(symbol: Symbol = MAIN, *, name: str = "", limits: tuple[str, str] | None = None) -> Quote:
    return replace(quote(symbol, limits=limits), name=name)


def at(
    shows: Quote, told: Instrument | None = None, unknown: Mapping[Fact, str] | None = None, **more: object
) -> Desk:
    instruments = {} if told is None else {told.symbol: told}
    standing = desk(shows, instruments=instruments, **more)  # type: ignore[arg-type]  # Passed on as given.
    return replace(standing, unknown={shows.symbol: unknown or {}})


def reasons(standing: Desk, symbol: Symbol = MAIN, shares: int = 200) -> list[tuple[Rule, str]]:
    return [(one.rule, one.reason) for one in review([buy(symbol, shares)], standing).verdicts.refused]


@pytest.mark.parametrize(
    ("fact", "asked"),
    [
        (Fact.RISK_WARNING, "whether it carries a risk warning is not known (w)"),
        (Fact.LISTING, "when it was listed is not known (w)"),
        (Fact.DELISTING, "when its delisting period began is not known (w)"),
    ],
)
def test_a_fact_of_a_stock_that_could_not_be_told_refuses_with_its_reason(fact: Fact, asked: str) -> None:
    ((rule, reason),) = reasons(at(shown(), PLAIN, {fact: "w"}))

    assert (rule, reason) == (Rule.RULES_UNKNOWN, f"{MAIN}: {asked}, and hand states no limits")


@pytest.mark.parametrize(
    "fact", [Fact.RISK_WARNING, Fact.LISTING, Fact.DELISTING, Fact.FUND_KIND, Fact.SUSPENSION]
)
def test_limits_that_are_stated_and_agree_need_no_fact(fact: Fact) -> None:
    assert reasons(at(shown(limits=("9.00", "11.00")), PLAIN, {fact: "w"})) == []


@pytest.mark.parametrize("fact", [Fact.FUND_KIND, Fact.SUSPENSION])
def test_a_fact_no_limit_of_a_stock_hangs_on_may_stay_unknown(fact: Fact) -> None:
    # What does not trade has no quote of today.
    assert reasons(at(shown(), PLAIN, {fact: "w"})) == []


@pytest.mark.parametrize("fact", [Fact.RISK_WARNING, Fact.LISTING, Fact.DELISTING, Fact.SUSPENSION])
def test_of_a_fund_only_its_kind_is_needed(fact: Fact) -> None:
    kind = Instrument(symbol=FUND, kind=Kind.ETF_EQUITY)

    assert reasons(at(shown(FUND), kind, {fact: "w"}), FUND) == []


@pytest.mark.parametrize(
    ("told", "unknown", "why"),
    [
        (None, {}, ""),
        (Instrument(symbol=FUND, name="FUND"), {}, ""),
        (Instrument(symbol=FUND, name="FUND"), {Fact.FUND_KIND: "w"}, " (w)"),
        (Instrument(symbol=FUND, kind=Kind.ETF_EQUITY), {Fact.FUND_KIND: "two differ"}, " (two differ)"),
    ],
)
def test_no_name_tells_what_kind_of_fund_it_is(
    told: Instrument | None, unknown: Mapping[Fact, str], why: str
) -> None:
    ((rule, reason),) = reasons(at(shown(FUND, name="FUND"), told, unknown), FUND)

    assert rule is Rule.RULES_UNKNOWN
    assert reason.startswith(f"{FUND}: what kind of fund it is, is not known{why}, ")


def test_a_fund_with_20_percent_limits_is_judged_by_them() -> None:
    wide = Instrument(symbol=FUND, kind=Kind.ETF_EQUITY_20)

    assert reasons(at(shown(FUND, limits=("8.000", "12.000")), wide), FUND) == []


def test_a_vendors_name_and_the_facts_that_speak_differently_refuse_and_are_both_named() -> None:
    warned = Instrument(symbol=MAIN, name="*ST A", listed_on=LONG, st=(Span(since=TUE, until=TUE),))
    for told, name in ((PLAIN, "ST PLAIN"), (warned, "A")):
        ((rule, reason),) = reasons(at(shown(name=name), told))

        assert rule is Rule.RULES_UNKNOWN
        assert name in reason
        assert told.name in reason
    assert reasons(at(shown(name="XDPLAIN"), PLAIN)) == []
    assert reasons(at(shown(name="ST A"), warned)) == []


def test_facts_without_a_name_let_a_vendors_name_warn() -> None:
    told = Instrument(symbol=MAIN, listed_on=LONG)
    at_cap = book(lot(MAIN, 500_000, on=TUE))

    assert reasons(at(shown(name="ST A"), told)) == []
    assert reasons(at(shown(name="ST A"), told, account=at_cap))[0][0] is Rule.ST_DAILY_CAP


@pytest.mark.parametrize("name", ["N甲", "C甲", "XDC甲"])
def test_a_name_of_the_first_days_needs_the_day_of_the_listing(name: str) -> None:
    ((rule, reason),) = reasons(at(shown(name=name)))

    assert rule is Rule.RULES_UNKNOWN
    assert name in reason
    assert reasons(at(shown(name=name), Instrument(symbol=MAIN, name=name, listed_on=LONG))) == []


def test_the_name_may_stand_in_the_facts() -> None:
    ((rule, _),) = reasons(at(shown(), Instrument(symbol=MAIN, name="C甲")))

    assert rule is Rule.RULES_UNKNOWN


def test_where_a_listing_means_nothing_its_day_may_be_unknown() -> None:
    # The first day of a B share was as any other.
    share = Symbol("900901.SH")
    standing = at(shown(share), None, dict.fromkeys(Fact, "w"), watchlist=(share,))

    # Its fees are not in the book, which is the first thing missing.
    ((_, reason),) = reasons(standing, share, shares=100)
    assert reason == "SSE_B: stamp duty or transfer fee of 2026-07-14 is not known"


def test_a_first_day_with_limits_of_its_own_needs_the_day_of_the_listing_too() -> None:
    # Under approval, before 2019-07-22, no main-board listing had unlimited days; the first took 64% to 144%.
    before = date(2019, 7, 1)
    shows = replace(quote(MAIN, day=before), name="")

    ((rule, reason),) = reasons(at(shows, PLAIN, {Fact.LISTING: "w", Fact.DELISTING: "w"}, day=before))

    assert (rule, "when it was listed is not known (w)" in reason) == (Rule.RULES_UNKNOWN, True)


def test_a_listing_on_record_lifts_the_limits_on_its_first_days() -> None:
    listed = Instrument(symbol=STAR, name="N甲", listed_on=TUE, first_days=(TUE,))
    far = replace(quote(STAR, "30.00"), name="")

    standing = at(far, listed, watchlist=(STAR,))
    ordered = review([buy(STAR, 200, "30.10")], standing).verdicts

    assert [one.rule for one in ordered.refused] == []


def test_a_warning_nobody_tells_is_held_to_the_cap_whatever_limits_are_stated() -> None:
    bought = book(lot(MAIN, 499_900, on=TUE), cash=RICH)
    standing = at(shown(limits=("9.00", "11.00")), PLAIN, {Fact.RISK_WARNING: "two differ"}, account=bought)

    ((rule, reason),) = reasons(standing)
    assert rule is Rule.RULES_UNKNOWN
    assert "two differ" in reason
    assert reasons(standing, shares=100) == []


def test_prices_read_off_bars_stay_approximate() -> None:
    shows = replace(shown(), approximate=True)

    assert reasons(at(shows, PLAIN, dict.fromkeys(Fact, "w"))) == []


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        ("浦发银行", (False, False, False)),
        ("ST甲", (True, False, False)),
        ("*ST甲", (True, False, False)),
        ("SST甲", (True, False, False)),
        ("S*ST甲", (True, False, False)),
        ("XDST甲", (True, False, False)),
        ("S佳通", (False, False, False)),  # Its share reform is pending: another mark.
        ("退市甲", (False, True, False)),
        ("甲退", (False, True, False)),
        ("N甲", (False, False, True)),
        ("C甲", (False, False, True)),
        ("DRC甲", (False, False, True)),
        ("CNOOC", (False, False, False)),
        ("C", (False, False, False)),
        ("", (False, False, False)),
    ],
)
def test_a_name_marks_what_the_exchange_writes_into_it(name: str, marks: tuple[bool, bool, bool]) -> None:
    assert marks_of(name)[:3] == marks


@pytest.mark.parametrize(
    ("name", "unreformed"),
    [
        ("S佳通", True),
        ("XDS佳通", True),
        ("SST甲", True),
        ("S*ST甲", True),
        ("ST甲", False),
        ("SAP", False),
        ("S", False),
    ],
)
def test_an_s_before_a_name_says_that_the_share_reform_is_to_come(name: str, unreformed: bool) -> None:
    assert marks_of(name).unreformed is unreformed


def test_where_nothing_is_told_every_fact_of_every_symbol_is_unknown() -> None:
    told = nothing_told((MAIN, FUND), "down")

    assert told.instruments == ()
    assert told.unknown == {symbol: dict.fromkeys(Fact, "down") for symbol in (MAIN, FUND)}


@pytest.mark.parametrize("symbol", [Symbol("508000.SH"), Symbol("113001.SH")])
def test_of_a_trust_and_of_a_bond_the_day_of_the_listing_alone_is_needed(symbol: Symbol) -> None:
    others: Mapping[Fact, str] = {fact: "w" for fact in Fact if fact is not Fact.LISTING}
    listed = Instrument(symbol=symbol, listed_on=date(2022, 8, 1))

    def said(told: Instrument | None, unknown: Mapping[Fact, str]) -> list[tuple[Rule, str]]:
        return reasons(at(shown(symbol), told, unknown, watchlist=(symbol,)), symbol, shares=100)

    assert said(listed, others) == []
    late: Mapping[Fact, str] = {Fact.LISTING: "w"}
    for told, unknown in ((None, {}), (Instrument(symbol=symbol), {}), (listed, late)):
        ((rule, reason),) = said(told, unknown)
        assert (rule, "when it was listed is not known" in reason) == (Rule.RULES_UNKNOWN, True)


@pytest.mark.parametrize("symbol", [Symbol("508000.SH"), Symbol("113001.SH")])
def test_limits_stated_for_a_trust_or_a_bond_need_no_listing(symbol: Symbol) -> None:
    limits = ("8.000", "12.000") if symbol.startswith("113") else ("9.000", "11.000")
    standing = at(shown(symbol, limits=limits), None, {Fact.LISTING: "w"}, watchlist=(symbol,))

    assert reasons(standing, symbol, shares=100) == []
