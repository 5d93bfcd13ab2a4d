"""How numbers are written for a person. Pure."""

from __future__ import annotations

from decimal import Decimal

from services.domain.money import to_cent

UNDEFINED = "–"


def money(amount_cny: Decimal) -> str:
    """Return an amount with thousands set apart and two decimals, e.g. `1,234.50`."""
    return f"{to_cent(amount_cny):,}"


def percent(fraction: float | None) -> str:
    """Return a fraction as a percentage with two decimals, a dash where there is none."""
    return UNDEFINED if fraction is None else f"{fraction * 100:.2f}%"


def ratio(value: float | None) -> str:
    """Return a ratio with two decimals, a dash where there is none."""
    return UNDEFINED if value is None else f"{value:.2f}"


def price(price_cny: Decimal) -> str:
    """Return a price with all its decimals, two at the least, e.g. `29.60` or `1.234`."""
    exponent = price_cny.as_tuple().exponent
    decimals = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{price_cny:,.{decimals}f}"


def plain(value: Decimal) -> str:
    """Return a number as a configuration writes it, to four decimals, without idle zeros, e.g. `0.2`."""
    return f"{round(value, 4).normalize():f}"
