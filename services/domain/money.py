"""Exact money: Decimal built from text, rounded only where a rule says so. Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

_TENTH = Decimal("0.1")
_CENTS_UNTIL = 1e11
"""Below it whole cents have 13 digits at most; of 15 digits or less no two decimals are the same float."""


def cny(text: str) -> Decimal:
    """Return the amount that `text` writes, with the decimals it writes.

    Raises:
        ValueError: The text is not a finite decimal number.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"not an amount of money: {text!r}") from None
    if not amount.is_finite():
        raise ValueError(f"not a finite amount of money: {text!r}")
    return amount


def to_cent(amount: Decimal) -> Decimal:
    """Return `amount` rounded half-up to 0.01, the rounding of every fee line."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """Return `price` rounded half-up to a multiple of `tick` (a power of ten)."""
    return price.quantize(tick, ROUND_HALF_UP)


def floor_to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """Return the highest multiple of `tick` (a power of ten) that is not above `price`."""
    return price.quantize(tick, ROUND_FLOOR)


def ceil_to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """Return the lowest multiple of `tick` (a power of ten) that is not below `price`."""
    return price.quantize(tick, ROUND_CEILING)


def from_float(price: float) -> Decimal:
    """Return the decimal that the shortest text of `price` writes.

    Bulk history holds float64; a price of up to 15 digits that came from text goes back to
    the same text, so nothing is lost at the boundary.

    Raises:
        ValueError: The number is NaN or infinite.
    """
    # The two zeros are equal, and not written alike.
    return _written(price) if price else Decimal(repr(float(price)))


@lru_cache(maxsize=1 << 14)
def _written(price: float) -> Decimal:
    """Return the decimal of `from_float`; prices come back, and reading one takes five times as long."""
    if 0.0 < price < _CENTS_UNTIL:
        cents = round(price * 100)
        if cents / 100 == price:
            # The shortest text of so few digits writes just these cents, one decimal of them at least.
            return cents * CENT if cents % 10 else cents // 10 * _TENTH
    if not isfinite(price):
        raise ValueError(f"not a finite price: {price!r}")
    return Decimal(repr(float(price)))
