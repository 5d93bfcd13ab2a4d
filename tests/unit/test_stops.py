"""When a stop sells, how much, and when it waits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from risk.gate import review
from risk.limits import Limits
from risk.stops import exits
from services.domain.instruments import Symbol
from services.domain.orders import Intent, Origin, Rule, Side
from tests.unit.gate_desk import (
    FUND,
    MAIN,
    OTHER,
    RICH,
    STAR,
    TUE,
    book,
    desk,
    lot,
    quote,
    refused,
    snapshot,
)

TENTH = Limits(stop_loss_ratio=Decimal("0.1"))


def shares(found: tuple[Intent, ...]) -> dict[Symbol, int | None]:
    return {intent.symbol: intent.shares for intent in found}


@pytest.mark.parametrize(("last", "stops"), [("9.01", False), ("9.00", True), ("8.50", True)])
def test_a_stop_lies_its_ratio_under_the_cost(last, stops):
    account = book(lot(MAIN, 100, "1000.00"))

    assert bool(exits(account, snapshot(quote(last=last)), TUE, TENTH)) is stops


def test_the_cost_is_the_average_over_all_lots():
    account = book(lot(MAIN, 100, "1000.00"), lot(MAIN, 300, "3400.00"))  # 11.00 a share, stop at 9.90

    assert exits(account, snapshot(quote(last="9.91")), TUE, TENTH) == ()
    assert shares(exits(account, snapshot(quote(last="9.90")), TUE, TENTH)) == {MAIN: 400}


def test_the_boundary_is_exact_where_the_average_has_no_end():
    account = book(lot(MAIN, 300, "1000.00"))  # 3.333... a share; nine tenths of it are 3.00

    assert shares(exits(account, snapshot(quote(last="3.00")), TUE, TENTH)) == {MAIN: 300}
    assert exits(account, snapshot(quote(last="3.01")), TUE, TENTH) == ()


def test_without_a_ratio_nothing_stops():
    assert exits(book(lot(MAIN, 100)), snapshot(quote(last="0.01")), TUE, Limits()) == ()


@pytest.mark.parametrize("shown", [quote(OTHER), quote(last="1.00", suspended=True)])
def test_a_holding_without_a_price_or_trade_waits(shown):
    assert exits(book(lot(MAIN, 100)), snapshot(shown), TUE, TENTH) == ()


def test_what_was_bought_today_waits_and_the_rest_goes():
    account = book(lot(MAIN, 200, "2000.00"), lot(MAIN, 100, on=TUE), lot(OTHER, 100, on=TUE))

    found = exits(account, snapshot(quote(last="8.00"), quote(OTHER, last="8.00")), TUE, TENTH)

    assert shares(found) == {MAIN: 200}


def test_a_stop_sells_whole_lots_of_what_may_be_sold():
    """Of 300 held 150 are sellable: a sale of 150 would be refused, and protect nothing."""
    account = book(lot(MAIN, 150, "1500.00"), lot(MAIN, 150, "1500.00", on=TUE))

    assert shares(exits(account, snapshot(quote(last="8.00")), TUE, TENTH)) == {MAIN: 100}


def test_the_odd_lot_leaves_with_the_rest():
    assert shares(exits(book(lot(MAIN, 299, "2990.00")), snapshot(quote(last="8.00")), TUE, TENTH)) == {
        MAIN: 299
    }


def test_what_is_too_small_for_its_board_waits():
    account = book(lot(STAR, 150, "1500.00"), lot(STAR, 200, "2000.00", on=TUE))

    assert exits(account, snapshot(quote(STAR, last="8.00")), TUE, TENTH) == ()


def test_a_large_holding_leaves_one_largest_order_at_a_time():
    account = book(lot(STAR, 250_000, "2500000.00"))

    assert shares(exits(account, snapshot(quote(STAR, last="8.00")), TUE, TENTH)) == {STAR: 100_000}


def test_exits_are_numbered_and_say_where_they_come_from():
    account = book(lot(MAIN, 100), lot(OTHER, 100), lot(FUND, 100))
    shown = snapshot(quote(last="8.00"), quote(OTHER), quote(FUND, last="8.00"))

    found = exits(account, shown, TUE, TENTH)

    assert [(one.symbol, one.index, one.side, one.origin) for one in found] == [
        (MAIN, 0, Side.SELL, Origin.EXIT),
        (FUND, 1, Side.SELL, Origin.EXIT),
    ]
    assert all(one.limit_cny is None and one.why for one in found)


def test_free_shares_lower_the_stop_with_the_cost():
    account = book(lot(MAIN, 100, "1000.00"), lot(MAIN, 100, "0.00"))  # 5.00 a share, stop at 4.50

    assert exits(account, snapshot(quote(last="5.00")), TUE, TENTH) == ()
    assert shares(exits(account, snapshot(quote(last="4.50")), TUE, TENTH)) == {MAIN: 200}


@pytest.mark.parametrize("last", ["9.00", "0.01"])
def test_shares_that_cost_nothing_have_no_stop(last):
    assert exits(book(lot(MAIN, 100, "0.00")), snapshot(quote(last=last)), TUE, TENTH) == ()


def test_where_the_rulebook_is_silent_the_gate_says_so():
    strange, day = Symbol("777777.SH"), date(2026, 7, 14)
    account = book(lot(strange, 150, "1500.00"), cash=RICH)
    shown = quote(strange, last="8.00")

    found = exits(account, snapshot(shown), day, TENTH)

    assert shares(found) == {strange: 150}
    assert refused(review(found, desk(shown, account=account))) == [Rule.RULES_UNKNOWN]


def test_every_exit_passes_the_gate():
    account = book(
        lot(MAIN, 150, "1500.00"),
        lot(MAIN, 150, "1500.00", on=TUE),
        lot(STAR, 250_000, "2500000.00"),
        lot(OTHER, 299, "2990.00"),
    )
    quotes = [quote(symbol, last="8.90", prev="9.00") for symbol in (MAIN, STAR, OTHER)]
    at_desk = desk(*quotes, account=account, watchlist=())

    judged = review(exits(account, at_desk.snapshot, TUE, TENTH), at_desk)

    assert {order.terms.symbol: order.terms.shares for order in judged.approved} == {
        MAIN: 100,
        STAR: 100_000,
        OTHER: 299,
    }
