"""What is kept from order to order of a session, against the same worked out anew."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from risk.candidate import Proposal
from risk.gate import review
from risk.limits import Limits, PortfolioLimits
from risk.measures import Measures
from risk.portfolio import portfolio_of
from services.domain.instruments import Kind, Symbol
from services.domain.orders import Origin, Side
from services.rules import rules_of
from tests.unit.gate_desk import (
    BSE,
    CHINEXT,
    FUND,
    MAIN,
    OTHER,
    STAR,
    TUE,
    bars,
    book,
    buy,
    d,
    desk,
    lot,
    quote,
    sell,
    snapshot,
)

WAVES = {
    MAIN: [0.05, -0.05, 0.02, -0.01, 0.03, -0.02],
    OTHER: [0.04, -0.06, 0.01, 0.01, 0.02, -0.03],
    CHINEXT: [-0.05, 0.05, -0.02, 0.01, -0.03, 0.02],
    FUND: [0.0] * 6,
}
HISTORY = bars(WAVES)
LIMITS = Limits(portfolio=PortfolioLimits(var_ratio_max=d("0.5"), var_bars=6, var_horizon_bars=2))
ANSWER = (6, 2, d("0.95"))


def order(symbol: Symbol, side: Side, shares: int) -> Proposal:
    return Proposal(
        symbol=symbol,
        side=side,
        buys=side is Side.BUY,
        origin=Origin.DECISION,
        index=0,
        rules=rules_of(symbol, TUE),
        kind=Kind.STOCK,
        shares=shares,
        limit_cny=d("10.00"),
    )


def anew(values: dict[Symbol, Decimal]) -> Decimal | None:
    return Measures(HISTORY).value_at_risk_cny(values, *ANSWER)


buys = some.lists(some.tuples(some.sampled_from(list(WAVES)), some.integers(1, 50)), max_size=6)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(wanted=buys, sold=some.integers(0, 10))
def test_value_at_risk_kept_from_order_to_order_is_that_of_what_is_held(wanted, sold):
    account = book(lot(MAIN, 1000), lot(OTHER, 500))
    found = portfolio_of(desk(account=account, limits=LIMITS, history=HISTORY))
    assert found.value_at_risk_with_cny(MAIN, d("0.00")) == anew(found.values_cny)
    if sold:
        found.take(order(MAIN, Side.SELL, sold * 100))

    for symbol, hundreds in wanted:
        amount = 1000 * Decimal(hundreds)
        asked = found.value_at_risk_with_cny(symbol, amount)
        found.take(order(symbol, Side.BUY, hundreds * 100))
        # Sums of floats in another order may differ in the last of six decimals.
        assert abs(asked - found.value_at_risk_cny()) <= d("0.000001")

    assert abs(found.value_at_risk_cny() - anew(found.values_cny)) <= d("0.000001")
    assert found.gross_cny == sum(found.values_cny.values(), d("0"))


def test_a_buy_of_what_has_no_bars_leaves_the_value_at_risk_unknown():
    found = portfolio_of(desk(account=book(lot(MAIN, 1000)), limits=LIMITS, history=HISTORY))

    assert found.value_at_risk_with_cny(BSE, d("1000.00")) is None
    assert found.value_at_risk_with_cny(OTHER, d("1000.00")) is not None
    found.take(order(BSE, Side.BUY, 100))
    assert found.value_at_risk_with_cny(OTHER, d("1000.00")) is None
    assert found.value_at_risk_cny() is None


def test_what_is_held_without_bars_leaves_it_unknown_too():
    account = book(lot(STAR, 1000))
    found = portfolio_of(desk(quote(STAR), account=account, limits=LIMITS, history=HISTORY))

    assert found.value_at_risk_with_cny(MAIN, d("1000.00")) is None


def test_an_order_counts_as_large_as_it_was_when_it_was_let_through():
    found = portfolio_of(desk(account=book(lot(MAIN, 1000))))
    bought, sold = order(OTHER, Side.BUY, 300), order(MAIN, Side.SELL, 400)

    found.take(bought)
    found.take(sold)
    bought.shares = sold.shares = 100

    # 600 left of 1,000 at 10.00, and 300 bought at 10.00.
    assert found.shares == {MAIN: 600, OTHER: 300}
    assert found.values_cny == {MAIN: d("6000.00"), OTHER: d("3000.00")}
    assert (found.sectors, found.gross_cny) == ({"": d("9000.00")}, d("9000.00"))


def test_an_order_counts_once_however_often_one_looks():
    found = portfolio_of(desk(account=book(lot(MAIN, 1000))))
    found.take(order(MAIN, Side.BUY, 200))

    looked = [found.shares[MAIN], found.shares[MAIN]]
    found.take(order(MAIN, Side.BUY, 300))

    assert (looked, found.shares[MAIN]) == ([1200, 1200], 1500)


class Watched:
    """A snapshot that keeps which symbols it was asked about."""

    def __init__(self, *symbols: Symbol) -> None:
        self._told = snapshot(*map(quote, symbols))
        self.moment, self.source, self.symbols = self._told.moment, "hand", symbols
        self.asked: set[Symbol] = set()

    def get(self, symbol: Symbol):
        self.asked.add(symbol)
        return self._told.get(symbol)

    def last(self, symbol: Symbol):
        self.asked.add(symbol)
        return self._told.last(symbol)


@pytest.mark.parametrize(
    ("limits", "asked"),
    [
        (Limits(), {MAIN, OTHER}),
        (Limits(portfolio=PortfolioLimits(gross_ratio_max=d("0.9"))), {MAIN, OTHER, STAR}),
    ],
)
def test_what_is_held_is_priced_for_a_limit_alone(limits, asked):
    shown = Watched(MAIN, OTHER, STAR)
    account = book(lot(STAR, 1000), lot(OTHER, 500))

    judged = review([sell(OTHER), buy(MAIN)], replace(desk(account=account, limits=limits), snapshot=shown))

    assert len(judged.verdicts.refused) == 0
    assert shown.asked == asked


def test_of_several_the_closest_is_named():
    measures = Measures(HISTORY)
    each = {other: measures.correlation(MAIN, other, 6) for other in (OTHER, CHINEXT)}

    assert measures.closest(MAIN, [CHINEXT, OTHER], 6) == (OTHER, each[OTHER])
    assert each[OTHER] > each[CHINEXT]


@pytest.mark.parametrize("others", [[BSE, OTHER], [OTHER, BSE], [OTHER, FUND]])
def test_one_of_which_the_correlation_is_not_known_stands_for_all(others):
    """BSE has no bars, and FUND's never moved."""
    nearest = Measures(HISTORY).closest(MAIN, others, 6)

    assert nearest == (BSE if BSE in others else FUND, None)


def test_without_others_nothing_is_close_and_without_bars_nobody_knows():
    assert Measures(HISTORY).closest(MAIN, [], 6) is None
    assert Measures(None).closest(MAIN, [OTHER], 6) == (OTHER, None)
    assert Measures(HISTORY).closest(MAIN, [OTHER], 7) == (OTHER, None)


@pytest.mark.parametrize(("bars_asked", "horizon"), [(6, 0), (6, 7), (7, 1), (0, 1)])
def test_results_over_bars_that_are_not_there_are_not_known(bars_asked, horizon):
    assert Measures(HISTORY).unit_results(MAIN, bars_asked, horizon) is None


def test_results_of_two_bars_overlap():
    # 1.05 x 0.95, 0.95 x 1.02, 1.02 x 0.99, 0.99 x 1.03, 1.03 x 0.98
    found = Measures(HISTORY).unit_results(MAIN, 6, 2)

    assert found is not None
    assert [round(float(one), 6) for one in found] == [-0.0025, -0.031, 0.0098, 0.0197, 0.0094]


def test_a_gain_beyond_any_market_is_not_known():
    wild = bars({MAIN: [0.01, 1e13], OTHER: [0.01, 0.01]})

    assert Measures(wild).unit_results(MAIN, 2, 1) is None
    assert Measures(wild).unit_results(OTHER, 2, 1) is not None
