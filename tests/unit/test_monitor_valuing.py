"""What a holding is worth at a bar's price: to the cent, as exact decimals would have it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from random import Random

import pytest

from monitor.valuing import worth_cents


@pytest.mark.parametrize(("price", "shares", "cents"), [
    (10.00, 100, 100_000),
    (0.07, 300, 2_100),
    (1.2345, 1, 123),  # 1.2345
    (1.2355, 1, 124),  # 1.2355
    (1.005, 1, 101),  # half a cent goes up, though the float lies below it
    (2.675, 1, 268),
    (1.00005, 100, 10_001),  # 100.005: more than four decimals
    (0.00004, 100, 0),  # 0.004
    (1234567.891, 7, 864_197_524),  # 8641975.237
])  # fmt: skip
def test_what_shares_are_worth_is_rounded_half_up_to_the_cent(price, shares, cents):
    assert worth_cents(price, shares) == cents


def test_it_is_what_the_decimal_of_the_prices_shortest_text_gives():
    rng = Random(1)
    for _ in range(50_000):
        digits, decimals = rng.randrange(1, 17), rng.randrange(0, 8)
        price, shares = rng.randrange(10**digits) / 10**decimals, rng.randrange(1, 10**6)
        exact = Decimal(repr(price)) * shares
        assert worth_cents(price, shares) == exact.quantize(Decimal("0.01"), ROUND_HALF_UP) * 100


def test_prices_next_to_a_whole_ten_thousandth_are_not_taken_for_it():
    assert worth_cents(0.00005, 100) == 1  # 0.005, half a cent
    assert worth_cents(0.000049999999999999996, 100) == 0
