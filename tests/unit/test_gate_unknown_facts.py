"""What the gate does where a vendor's quote leaves open what a rule hangs on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from risk.gate import review
from services.domain.instruments import Instrument, Span, Symbol
from services.domain.orders import Rule
from services.domain.quotes import Quote
from tests.unit.gate_desk import CHINEXT, FUND, MAIN, MON, TUE, book, buy, desk, lot, quote, verdict

STATED = ("9.00", "11.00")  # 10% around 10.00


def bare(symbol: Symbol = MAIN, limits: tuple[str, str] | None = None) -> Quote:
    """Return a vendor's quote without a name."""
    return replace(quote(symbol, limits=limits), name="")


@pytest.mark.parametrize(
    ("symbol", "fact"),
    [
        (MAIN, f"{MAIN}: whether it carries a risk warning is not known, and hand states no limits"),
        (CHINEXT, f"{CHINEXT}: whether it carries a risk warning is not known, and hand states no limits"),
        (FUND, f"{FUND}: what kind of fund it is, is not known, and hand states no limits"),
    ],
)
def test_a_vendors_quote_without_name_facts_or_limits_is_refused_with_what_is_missing(
    symbol: Symbol, fact: str
) -> None:
    (refusal,) = review([buy(symbol)], desk(bare(symbol), instruments={})).verdicts.refused

    assert (refusal.rule, refusal.reason) == (Rule.RULES_UNKNOWN, fact)


def test_a_name_declared_facts_or_agreeing_limits_make_the_limits_known() -> None:
    known = {MAIN: Instrument(symbol=MAIN)}

    assert verdict(desk(quote(name="PLAIN")), buy()) is None
    assert verdict(desk(bare(), instruments=known), buy()) is None
    assert verdict(desk(bare(limits=STATED)), buy()) is None
    assert verdict(desk(bare(FUND, ("9.000", "11.000"))), buy(FUND)) is None


def test_a_nameless_stock_or_fund_whose_stated_limits_are_not_the_plain_ones_is_refused() -> None:
    # 5% of a risk warning before 2026-07-06, 20% of a wide fund
    assert verdict(desk(bare(limits=("9.50", "10.50"))), buy()) is Rule.QUOTE_DISAGREES
    assert verdict(desk(bare(FUND, ("8.000", "12.000"))), buy(FUND)) is Rule.QUOTE_DISAGREES


def test_bars_stay_approximate_without_a_name() -> None:
    assert verdict(desk(replace(bare(), approximate=True)), buy()) is None


def test_a_nameless_stock_is_held_to_the_daily_cap_of_a_risk_warned_one() -> None:
    bought = book(lot(MAIN, 499_900, on=TUE))
    shown = bare(limits=STATED)

    (refusal,) = review([buy(shares=200)], desk(shown, account=bought)).verdicts.refused

    assert refusal.rule is Rule.RULES_UNKNOWN
    assert refusal.reason == (
        f"{MAIN}: whether it carries a risk warning is not known; with one, "
        "499900 bought today and 200 more exceed the day's 500000"
    )
    assert verdict(desk(shown, account=bought), buy(shares=100)) is None
    assert verdict(desk(quote(name="PLAIN"), account=bought), buy(shares=200)) is None


def test_a_declared_name_warns_where_the_quote_has_none() -> None:
    named = {MAIN: Instrument(symbol=MAIN, name="*ST AAA")}
    at_cap = book(lot(MAIN, 500_000, on=TUE))

    judged = verdict(desk(quote(name=""), instruments=named, account=at_cap), buy())

    assert judged is Rule.ST_DAILY_CAP


@pytest.mark.parametrize(("until", "rule"), [(TUE, Rule.SUSPENDED), (None, Rule.SUSPENDED), (MON, None)])
def test_a_declared_suspension_refuses_until_its_last_day(until: date | None, rule: Rule | None) -> None:
    halted = {MAIN: Instrument(symbol=MAIN, suspended=(Span(since=MON, until=until),))}

    assert verdict(desk(instruments=halted), buy()) is rule


def test_a_refusal_tells_a_halt_of_now_from_a_suspension_of_the_day() -> None:
    halted = {MAIN: Instrument(symbol=MAIN, suspended=(Span(since=MON),))}

    (now,) = review([buy()], desk(quote(suspended=True))).verdicts.refused
    (today,) = review([buy()], desk(instruments=halted)).verdicts.refused

    assert (now.reason, today.reason) == (f"{MAIN} does not trade now", f"{MAIN} does not trade today")


def test_a_nameless_convertible_hangs_on_no_name() -> None:
    bond = Symbol("113050.SH")
    nameless = replace(quote(bond, last="110.000", prev="110.000"), name="")
    listed = {bond: Instrument(symbol=bond, listed_on=date(2021, 5, 20))}

    assert verdict(desk(nameless, watchlist=(bond,), instruments=listed), buy(bond, 10, None)) is None
