"""The price cage: its reference, its bound and where there is none."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.instruments import Board
from services.domain.orders import Side
from services.rules import OutsideRulebook, cage_bound, rules_on

D = Decimal
DAY = date(2026, 11, 20)
BUY, SELL = Side.BUY, Side.SELL


def bound(board, side, ask=None, bid=None, last=None, prev=None, day=DAY):
    found = cage_bound(
        rules_on(board, day),
        side,
        best_ask=ask and D(ask),
        best_bid=bid and D(bid),
        last=last and D(last),
        prev_close=prev and D(prev),
    )
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("board", "side", "reference", "day", "expected"),
    [
        (Board.SSE_MAIN, BUY, "10.00", DAY, "10.20"),
        (Board.SSE_MAIN, BUY, "3.33", DAY, "3.43"),  # ten ticks beat 3.3966
        (Board.SZSE_MAIN, SELL, "9.99", DAY, "9.79"),  # 9.7902
        (Board.SZSE_MAIN, SELL, "3.00", DAY, "2.90"),  # ten ticks beat 2.94
        (Board.STAR, BUY, "3.33", DAY, "3.40"),  # no ten ticks: 3.3966
        (Board.STAR, SELL, "3.33", DAY, "3.26"),  # 3.2634
        (Board.STAR, BUY, "0.20", DAY, "0.21"),  # 0.204 would be the reference: one tick at least
        (Board.STAR, SELL, "0.20", DAY, "0.19"),
        (Board.CHINEXT, BUY, "3.33", date(2023, 4, 9), "3.40"),
        (Board.CHINEXT, BUY, "3.33", date(2023, 4, 10), "3.43"),
        (Board.BSE, BUY, "10.00", DAY, "10.50"),
        (Board.BSE, SELL, "1.50", DAY, "1.40"),  # ten ticks beat 1.425
        (Board.SSE_MAIN, SELL, "0.05", DAY, "0.01"),  # no price is below one tick
        (Board.SSE_MAIN, BUY, "10.25", DAY, "10.46"),  # 10.455 is a tie and goes up
        (Board.SSE_B, BUY, "0.500", DAY, "0.510"),
    ],
)
def test_the_bound_of_an_order(board, side, reference, day, expected):
    both = {"ask": reference, "bid": reference}

    assert bound(board, side, day=day, **both) == expected


@pytest.mark.parametrize(
    ("board", "day"),
    [
        (Board.SSE_MAIN, date(2023, 4, 9)),
        (Board.SZSE_MAIN, date(2023, 4, 9)),
        (Board.CHINEXT, date(2020, 8, 23)),
        (Board.SSE_FUND, DAY),
        (Board.SZSE_FUND, DAY),
        (Board.REIT, DAY),
        (Board.CONVERTIBLE, DAY),
        (Board.US, DAY),
    ],
)
def test_there_is_no_cage(board, day):
    assert bound(board, BUY, ask="10.00", day=day) is None


@pytest.mark.parametrize(
    ("side", "seen", "expected"),
    [
        (BUY, {"ask": "10.00", "bid": "20.00", "last": "30.00", "prev": "40.00"}, "10.20"),
        (BUY, {"bid": "20.00", "last": "30.00", "prev": "40.00"}, "20.40"),  # the book sealed at limit-up
        (BUY, {"last": "30.00", "prev": "40.00"}, "30.60"),
        (BUY, {"prev": "40.00"}, "40.80"),
        (SELL, {"bid": "20.00", "ask": "10.00", "last": "30.00", "prev": "40.00"}, "19.60"),
        (SELL, {"ask": "10.00", "last": "30.00", "prev": "40.00"}, "9.80"),
        (SELL, {"last": "30.00", "prev": "40.00"}, "29.40"),
        (SELL, {"prev": "40.00"}, "39.20"),
    ],
)
def test_the_reference_is_the_first_there_is(side, seen, expected):
    assert bound(Board.SSE_MAIN, side, **seen) == expected


def test_without_any_reference_the_cage_cannot_be_told():
    with pytest.raises(OutsideRulebook, match="no reference price"):
        bound(Board.SSE_MAIN, BUY)


def test_chinext_parked_orders_outside_the_cage_until_2023():
    before, after = (rules_on(Board.CHINEXT, day).cage for day in (date(2023, 4, 9), date(2023, 4, 10)))

    assert before is not None
    assert before.parks
    assert after is not None
    assert not after.parks


CAGED = [Board.SSE_MAIN, Board.SZSE_MAIN, Board.STAR, Board.CHINEXT, Board.BSE]


@given(board=st.sampled_from(CAGED), cents=st.integers(2, 1_000_000))
def test_a_bound_is_a_tick_on_its_side_of_the_reference(board, cents):
    reference = str(D(cents) / 100)

    cap, floor = bound(board, BUY, ask=reference), bound(board, SELL, bid=reference)

    assert D(cap) >= D(reference) + D("0.01")
    assert D("0.01") <= D(floor) <= D(reference) - D("0.01")
    assert D(cap) % D("0.01") == D(floor) % D("0.01") == 0
