"""What a bar or a top of book says about a fill."""

from decimal import Decimal

import pytest

from services.domain.orders import Side
from services.rules import Band, after_hours_price, bar_fill_price, book_fill_price

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
BAND = Band(limit_down=D("9.00"), limit_up=D("11.00"))
FREE = Band(limit_down=None, limit_up=None)


@pytest.mark.parametrize(
    ("side", "limit", "bar", "expected"),
    [
        (BUY, "11.00", ("11.00", "11.00", "11.00"), None),  # sealed limit-up: nobody sells
        (SELL, "11.00", ("11.00", "11.00", "11.00"), "11.00"),
        (SELL, "9.00", ("9.00", "9.00", "9.00"), None),  # sealed limit-down: nobody buys
        (BUY, "9.00", ("9.00", "9.00", "9.00"), "9.00"),
        (BUY, "11.00", ("10.50", "11.00", "10.40"), "10.50"),  # touched only: the open was to be had
        (BUY, "10.45", ("10.50", "11.00", "10.40"), "10.45"),  # reached later
        (BUY, "10.40", ("10.50", "11.00", "10.40"), "10.40"),  # touched: it could have traded
        (BUY, "10.39", ("10.50", "11.00", "10.40"), None),
        (SELL, "10.00", ("10.50", "11.00", "10.40"), "10.50"),
        (SELL, "10.80", ("10.50", "11.00", "10.40"), "10.80"),
        (SELL, "11.00", ("10.50", "10.99", "10.40"), None),
    ],
)
def test_a_limit_order_against_a_bar(side, limit, bar, expected):
    opened, high, low = map(D, bar)

    price = bar_fill_price(side, D(limit), BAND, opened=opened, high=high, low=low)

    assert price == (expected and D(expected))


def test_a_bar_of_one_price_fills_on_an_unlimited_day():
    flat = {"opened": D("11.00"), "high": D("11.00"), "low": D("11.00")}

    assert bar_fill_price(BUY, D("11.00"), FREE, **flat) == D("11.00")
    assert bar_fill_price(SELL, D("11.00"), FREE, **flat) == D("11.00")


@pytest.mark.parametrize(
    ("side", "limit", "ask", "bid", "expected"),
    [
        (BUY, "11.00", None, "11.00", None),
        (BUY, "10.01", "10.01", "10.00", "10.01"),
        (BUY, "10.00", "10.01", "10.00", None),
        (SELL, "9.00", "9.00", None, None),
        (SELL, "10.00", "10.01", "10.00", "10.00"),
        (SELL, "10.01", "10.01", "10.00", None),
    ],
)
def test_a_limit_order_against_a_book(side, limit, ask, bid, expected):
    price = book_fill_price(side, D(limit), best_ask=ask and D(ask), best_bid=bid and D(bid))

    assert price == (expected and D(expected))


@pytest.mark.parametrize(
    ("side", "limit", "expected"),
    [
        (BUY, "10.10", "10.00"),
        (BUY, "10.00", "10.00"),
        (BUY, "9.99", None),
        (SELL, "9.90", "10.00"),
        (SELL, "10.00", "10.00"),
        (SELL, "10.01", None),
    ],
)
def test_an_after_hours_order_trades_at_the_close_or_is_invalid(side, limit, expected):
    assert after_hours_price(side, D(limit), D("10.00")) == (expected and D(expected))
