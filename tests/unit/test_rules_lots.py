"""Order sizes: what is wrong with one, and the largest valid one below."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.instruments import Board
from services.domain.orders import Side
from services.rules import lot_problem, round_lot_down, rules_on

DAY = date(2026, 11, 20)
BUY, SELL = Side.BUY, Side.SELL
OK = None


def code(board, side, shares, held=0, day=DAY, **how):
    problem = lot_problem(rules_on(board, day), side, shares, held, **how)
    return None if problem is None else problem.code


@pytest.mark.parametrize(
    ("board", "shares", "expected"),
    [
        (Board.SSE_MAIN, 0, "not_positive"),
        (Board.SSE_MAIN, -100, "not_positive"),
        (Board.SSE_MAIN, 50, "below_min"),
        (Board.SSE_MAIN, 100, OK),
        (Board.SSE_MAIN, 101, "not_multiple"),  # the 2026 rules kept whole hundreds
        (Board.SSE_MAIN, 1_000_000, OK),
        (Board.SSE_MAIN, 1_000_100, "over_max"),
        (Board.SSE_MAIN, 1_000_150, "not_multiple"),  # the form is judged before the maximum
        (Board.CHINEXT, 300_000, OK),
        (Board.CHINEXT, 300_100, "over_max"),
        (Board.STAR, 199, "below_min"),
        (Board.STAR, 200, OK),
        (Board.STAR, 201, OK),
        (Board.STAR, 100_001, "over_max"),
        (Board.BSE, 99, "below_min"),
        (Board.BSE, 101, OK),
        (Board.BSE, 1_000_001, "over_max"),
        (Board.SSE_FUND, 150, "not_multiple"),
        (Board.CONVERTIBLE, 10, OK),
        (Board.CONVERTIBLE, 15, "not_multiple"),
        (Board.US, 1, OK),
        (Board.US, 5_000_000, OK),
    ],
)
def test_the_size_of_a_buy(board, shares, expected):
    assert code(board, BUY, shares) == expected


@pytest.mark.parametrize(
    ("board", "held", "shares", "expected"),
    [
        # From 299 the exchange's letter lists 99, 100, 199, 200 and 299 as valid.
        *((Board.SSE_MAIN, 299, shares, OK) for shares in (99, 100, 199, 200, 299)),
        *((Board.SSE_MAIN, 299, shares, "splits_odd_lot") for shares in (1, 101, 198, 298)),
        (Board.SSE_MAIN, 300, 150, "not_multiple"),
        (Board.SSE_MAIN, 300, 300, OK),
        (Board.STAR, 199, 199, OK),
        (Board.STAR, 199, 150, "below_min"),
        (Board.STAR, 350, 150, "below_min"),
        (Board.STAR, 350, 200, OK),
        (Board.STAR, 350, 333, OK),
        (Board.BSE, 57, 57, OK),
        (Board.BSE, 57, 56, "below_min"),
        (Board.CONVERTIBLE, 25, 5, OK),
        (Board.CONVERTIBLE, 25, 4, "splits_odd_lot"),
        (Board.US, 3, 2, OK),
    ],
)
def test_the_size_of_a_sell(board, held, shares, expected):
    assert code(board, SELL, shares, held) == expected


def test_a_market_order_has_its_own_maximum():
    assert code(Board.CHINEXT, BUY, 150_000, market_order=True) is OK
    assert code(Board.CHINEXT, BUY, 150_100, market_order=True) == "over_max"
    assert code(Board.STAR, BUY, 50_001, market_order=True) == "over_max"
    assert code(Board.CONVERTIBLE, BUY, 10, market_order=True) == "no_market_orders"


def test_an_after_hours_order_may_be_larger_than_an_auction_order():
    assert code(Board.STAR, BUY, 100_001, after_hours=True) is OK
    assert code(Board.STAR, BUY, 1_000_001, after_hours=True) == "over_max"


def test_chinext_took_larger_orders_before_its_reform():
    assert code(Board.CHINEXT, BUY, 300_100, day=date(2020, 8, 23)) is OK
    assert code(Board.CHINEXT, BUY, 300_100, day=date(2020, 8, 24)) == "over_max"


def test_a_problem_says_its_numbers():
    rules = rules_on(Board.SSE_MAIN, DAY)

    split = lot_problem(rules, SELL, 198, 299)
    large = lot_problem(rules, BUY, 1_000_100, 0)

    assert split is not None
    assert split.detail == "198 of 299 shares splits the odd lot of 99, which is sold complete or not at all"
    assert not split.over_max
    assert large is not None
    assert large.detail == "1000100 shares is over the 1000000 of one order"
    assert large.over_max


@pytest.mark.parametrize(
    ("board", "side", "shares", "held", "expected"),
    [
        (Board.SSE_MAIN, BUY, 250, 0, 200),
        (Board.SSE_MAIN, BUY, 99, 0, 0),
        (Board.SSE_MAIN, BUY, -5, 0, 0),
        (Board.SSE_MAIN, BUY, 1_234_567, 0, 1_000_000),
        (Board.STAR, BUY, 199, 0, 0),
        (Board.STAR, BUY, 203, 0, 203),
        (Board.STAR, BUY, 123_456, 0, 100_000),
        (Board.BSE, BUY, 157, 0, 157),
        (Board.SSE_MAIN, SELL, 299, 299, 299),
        (Board.SSE_MAIN, SELL, 298, 299, 200),
        (Board.SSE_MAIN, SELL, 199, 299, 199),
        (Board.SSE_MAIN, SELL, 150, 299, 100),
        (Board.SSE_MAIN, SELL, 99, 299, 99),
        (Board.SSE_MAIN, SELL, 98, 299, 0),
        (Board.SSE_MAIN, SELL, 500, 299, 299),  # never more than is held
        (Board.SSE_MAIN, SELL, 100, 0, 0),
        (Board.STAR, SELL, 199, 199, 199),
        (Board.STAR, SELL, 150, 199, 0),
        (Board.STAR, SELL, 250, 300, 250),
        (Board.BSE, SELL, 57, 57, 57),
        (Board.BSE, SELL, 56, 57, 0),
        (Board.US, SELL, 3, 7, 3),
    ],
)
def test_a_size_is_rounded_down_to_a_valid_one(board, side, shares, held, expected):
    assert round_lot_down(rules_on(board, DAY), side, shares, held) == expected


@given(
    board=st.sampled_from(Board),
    side=st.sampled_from(Side),
    shares=st.integers(-10, 3_000_000),
    held=st.integers(0, 3_000_000),
)
def test_a_rounded_size_is_valid_and_none_between_is(board, side, shares, held):
    rules = rules_on(board, DAY)

    rounded = round_lot_down(rules, side, shares, held)

    assert 0 <= rounded <= max(shares, 0)
    assert rounded == 0 or lot_problem(rules, side, rounded, held) is None
    most = min(shares, held) if side is SELL else shares
    above = range(rounded + 1, min(most, rounded + 250) + 1)
    assert all(lot_problem(rules, side, size, held) is not None for size in above)
