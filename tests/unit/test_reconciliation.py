"""The journal's account against the broker's: every difference halts what it touches."""

from __future__ import annotations

from decimal import Decimal

import pytest

from scheduler.reconciliation import differences
from services.domain.book import Book
from services.domain.instruments import Symbol
from services.domain.statement import Balance, Holding, Statement
from tests.unit.gate_desk import MAIN, MON, OTHER, STAR, TUE, book, d, lot

OURS = book(lot(MAIN, 200), lot(MAIN, 100, on=TUE), lot(OTHER, 100), cash="1000.00")


def statement(cash: str = "1000.00", **holdings: int) -> Statement:
    return Statement(
        balance=Balance(
            cash_cny=Decimal(cash), available_cny=d("0.00"), withdrawable_cny=d("0.00"), frozen_cny=d("0.00")
        ),
        holdings=tuple(
            Holding(symbol=Symbol(symbol), shares=shares, sellable=0) for symbol, shares in holdings.items()
        ),
        open_orders=(),
    )


def halted(ours: Book, theirs: Statement) -> list[str]:
    return [halt.symbol for halt in differences(ours, theirs)]


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        (statement(**{MAIN: 300, OTHER: 100}), []),
        (statement(**{OTHER: 100, MAIN: 300}), []),  # in any order
        (statement("1000.0", **{MAIN: 300, OTHER: 100, STAR: 0}), []),  # nothing held is nothing
        (statement("1000.01", **{MAIN: 300, OTHER: 100}), [""]),  # a cent halts the account
        (statement("999.99", **{MAIN: 300, OTHER: 100}), [""]),
        (statement(**{MAIN: 299, OTHER: 100}), [MAIN]),
        (statement(**{MAIN: 300}), [OTHER]),  # ours alone
        (statement(**{MAIN: 300, OTHER: 100, STAR: 1}), [STAR]),  # theirs alone
        (statement("0.00"), ["", OTHER, MAIN]),  # all of it, symbols in order
    ],
)
def test_a_difference_halts_what_it_touches(theirs, expected):
    assert halted(OURS, theirs) == expected


def test_a_halt_says_both_numbers():
    (halt,) = differences(OURS, statement(**{MAIN: 299, OTHER: 100}))

    assert "299" in halt.why
    assert "300" in halt.why


def test_when_shares_were_bought_does_not_matter():
    older = book(lot(MAIN, 300, on=MON), lot(OTHER, 100), cash="1000.00")

    assert halted(older, statement(**{MAIN: 300, OTHER: 100})) == []
