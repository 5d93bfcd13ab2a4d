"""The close of the day before: where it is known, and what an ex-day makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.domain.bars import Adjustment
from services.domain.instruments import Distribution, Symbol
from services.domain.quotes import Quote, VendorSnapshot
from services.market.known_closes import KnownCloses
from tests.exchange_market import FLAT, HOURS, MAIN, MON, OTHER, TUE, WED, Bar, at, panel

D = Decimal
FRI, SUN = date(2026, 7, 10), date(2026, 7, 12)
LAST: Bar = (9.5, 9.6, 9.4, 9.55)
DIVIDEND = Distribution(symbol=MAIN, ex_date=TUE, cash_per_share=D("0.50"), shares_per_share=D("0.10"))


def of_bars(today: date = TUE, adjustment: Adjustment = Adjustment.RAW) -> KnownCloses:
    """Return what bars of Monday and Tuesday, asked for at 10:35 of a day, tell; Monday closed at 9.55."""
    known = KnownCloses()
    bars = [FLAT, FLAT, FLAT, LAST] + [FLAT] * 4
    known.take_bars(panel({MAIN: bars}, adjustment=adjustment), at(today, "10:35"))
    return known


def test_bars_tell_the_close_of_the_last_day_before_today():
    assert of_bars().previous(MAIN, TUE, ()) == (D("9.55"),)
    assert of_bars(WED).previous(MAIN, WED, ()) == (D("10.0"),)
    assert of_bars().previous(OTHER, TUE, ()) == ()


def test_a_close_is_told_for_the_next_weekday_alone():
    """After a holiday nobody here knows which day was the last."""
    assert of_bars().previous(MAIN, WED, ()) == ()
    friday = KnownCloses()
    friday.take_bars(panel({MAIN: [FLAT] * 4}, days=(FRI,)), at(SUN, "10:35"))
    assert friday.previous(MAIN, MON, ()) == (D("10.0"),)


def test_on_the_ex_day_it_is_also_what_the_exchange_makes_of_it():
    # (9.55 - 0.50) / 1.10 = 8.2272...
    assert of_bars().previous(MAIN, TUE, (DIVIDEND,)) == (D("9.55"), D("8.23"))
    assert of_bars().previous(MAIN, TUE, (replace(DIVIDEND, ex_date=WED),)) == (D("9.55"),)
    assert of_bars().previous(MAIN, TUE, (replace(DIVIDEND, cash_per_share=D(10)),)) == ()


def test_on_the_ex_day_of_a_rights_issue_it_is_not_known_for_not_all_rights_were_taken_up():
    offered = Distribution(symbol=MAIN, ex_date=TUE, rights_per_share=D("0.15"), rights_price_cny=D("8.00"))

    assert of_bars().previous(MAIN, TUE, (offered,)) == ()


@pytest.mark.parametrize("adjustment", [Adjustment.BACKWARD, Adjustment.UNKNOWN])
def test_bars_whose_prices_are_none_of_the_exchange_tell_nothing(adjustment: Adjustment):
    assert of_bars(adjustment=adjustment).previous(MAIN, TUE, ()) == ()


def test_bars_that_do_not_reach_the_close_tell_nothing():
    short = KnownCloses()

    short.take_bars(panel({MAIN: [FLAT] * 3}, days=(MON,), hours=HOURS[:3]), at(TUE, "10:35"))
    short.take_bars(panel({MAIN: [FLAT] * 4}, days=(TUE,)), at(TUE, "10:35"))

    assert short.previous(MAIN, TUE, ()) == ()


def test_a_share_without_a_bar_that_day_has_no_close_of_it():
    known = KnownCloses()
    known.take_bars(panel({MAIN: [FLAT, FLAT, FLAT, None], OTHER: [FLAT] * 4}, days=(MON,)), at(TUE, "10:35"))

    assert (known.previous(MAIN, TUE, ()), known.previous(OTHER, TUE, ())) == ((), (D("10.0"),))


CLOSE = Quote(
    symbol=MAIN, last_cny=D("9.55"), prev_close_cny=None, seen_at=at(MON, "15:00"), source="one",
    confirmed_by="two",
)  # fmt: skip


@pytest.mark.parametrize(("quote", "known"), [
    (CLOSE, (D("9.55"),)),
    (replace(CLOSE, seen_at=at(MON, "14:59")), ()),
    (replace(CLOSE, confirmed_by=""), ()),
    (replace(CLOSE, barred="why"), ()),
])  # fmt: skip
def test_confirmed_quotes_of_after_the_close_tell_it(quote: Quote, known: tuple[Decimal, ...]):
    closes = KnownCloses()

    closes.take_quotes(
        VendorSnapshot(moment=at(MON, "15:05"), source="v", symbols=(MAIN,), quotes=(quote,), faults={})
    )

    assert closes.previous(MAIN, TUE, ()) == known


def test_american_shares_have_their_close_at_another_hour():
    apple, closes = Symbol("AAPL.US"), KnownCloses()
    quote = replace(CLOSE, symbol=apple)

    closes.take_quotes(
        VendorSnapshot(moment=at(MON, "22:00"), source="v", symbols=(apple,), quotes=(quote,), faults={})
    )

    assert closes.previous(apple, TUE, ()) == ()
