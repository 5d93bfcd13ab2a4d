"""The values in a line of anybody's record: numbers one can reckon with, shares, money, names. Pure."""

from __future__ import annotations

from decimal import Decimal

_SHARES_MAX = 10**15
_PRICE_MAX = 10**7
_ADJUSTED = range(-99, 16)
"""The exponents of numbers that can be reckoned with: sums of others overflow, or round to nothing."""


class Unreadable(ValueError):
    """A line cannot be used."""


def decimal_number(text: str) -> Decimal:
    """Return the number a text writes.

    Raises:
        Unreadable: It is beyond what can be reckoned with.
    """
    try:
        return Decimal(text)
    except ArithmeticError:
        raise Unreadable(f"has {shown(text)}, which is no number one can reckon with") from None


def no_number(constant: str) -> object:
    """Return nothing: `NaN` and its like are no numbers.

    Raises:
        Unreadable: Always.
    """
    raise Unreadable(f"has {constant}, which is no number")


def symbol_name(written: str) -> str:
    """Return a symbol as it is written.

    Raises:
        Unreadable: It is no text that can be printed or stored.
    """
    try:
        written.encode()
    except UnicodeEncodeError:
        raise Unreadable(f"has the symbol {shown(written)}, which is no text") from None
    return written


def whole_shares(name: str, value: object) -> int:
    """Return a whole number; 200.0 is one, and so is 0 where nothing is held.

    Raises:
        Unreadable: It is none, or too large.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unreadable(f"{shown(name)} is {shown(value)}, not a number of shares")
    shares = Decimal(value)
    if not _in_range(shares) or shares != int(shares):
        raise Unreadable(f"{shown(name)} is {shown(value)}, not a whole number of shares")
    return int(shares)


def money(name: str, value: object) -> Decimal:
    """Return an amount as written, with all its decimals.

    Raises:
        Unreadable: It is no number, or beyond what can be reckoned with.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unreadable(f"{name} is {shown(value)}, not an amount of money")
    amount = Decimal(value)
    if not _in_range(amount):
        raise Unreadable(f"{name} is {shown(value)}, not an amount of money")
    return amount


def traded_price(stated: object, *, traded: bool) -> Decimal | None:
    """Return a stated price, None where there is none; that of a line that `traded` is above 0.

    Raises:
        Unreadable: It is no price.
    """
    price = stated_money("price", stated)
    if traded and price is not None and not 0 < price <= _PRICE_MAX:
        raise Unreadable(f"price is {shown(stated)}, at which nothing trades")
    return price


def stated_money(name: str, value: object) -> Decimal | None:
    """Return money written as text or as a number, None where there is none.

    Raises:
        Unreadable: It is no amount.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        return money(name, value)
    try:
        amount = Decimal(value)
    except ArithmeticError:
        raise Unreadable(f"{name} is {shown(value)}, not an amount of money") from None
    if not amount.is_finite():
        raise Unreadable(f"{name} is {shown(value)}, not an amount of money")
    return money(name, amount)


def shown(value: object) -> str:
    """Return a value as a problem quotes it: plain characters, at most 40."""
    text = ascii(str(value) if isinstance(value, Decimal) else value)
    return text if len(text) <= 40 else text[:37] + "..."


def _in_range(number: Decimal) -> bool:
    return number.adjusted() in _ADJUSTED and abs(number) <= _SHARES_MAX
