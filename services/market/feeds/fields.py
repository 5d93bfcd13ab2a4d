"""Reads single fields of a vendor's answer. What is missing, a hyphen, 0 or no number is None. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from services.domain.instruments import Market, Symbol
from services.domain.quotes import Level
from services.slots import ZONES

LOT_SHARES = 100

_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_PRICE_MIN, _PRICE_MAX = Decimal("0.0001"), Decimal(10_000_000)
COUNT_MAX = 10**15
"""No share, and no sum of money, is counted beyond this."""
EPOCH_S_MIN, EPOCH_S_MAX = 946_684_800, 4_102_444_800
"""The years 2000 to 2099: another number is no time of a quote."""
_DECIMALS_MAX = 6
_MARGIN = Decimal("0.01")
"""An average price is worked out of rounded figures; lots and shares lie a hundredfold apart."""


class BadAnswer(ValueError):
    """The bytes are not the answer that was asked for: another format, cut short, or of another charset."""


def number_of(stated: object) -> Decimal | None:
    """Return a number that is not negative, as it is written; None for everything else."""
    if not isinstance(stated, str | int | float | Decimal):
        return None
    text = str(stated).strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def price_of(stated: object) -> Decimal | None:
    """Return a price from 0.0001 to 10,000,000 with at most six decimals, None for everything else."""
    price = number_of(stated)
    if price is None or not _PRICE_MIN <= price <= _PRICE_MAX:
        return None
    exponent = price.as_tuple().exponent
    # In `1E+3` the digits stand apart from their weight; a price is written out.
    return price if isinstance(exponent, int) and -_DECIMALS_MAX <= exponent <= 0 else None


def amount_of(stated: object, times: int = 1) -> Decimal | None:
    """Return an amount of money above 0, `times` what is stated, None for everything else."""
    amount = number_of(stated)
    return amount * times if amount is not None and 0 < amount <= COUNT_MAX else None


def count_of(stated: object) -> int | None:
    """Return a whole number that may be 0, None for everything else."""
    number = number_of(stated)
    if number is None or number > COUNT_MAX or number != number.to_integral_value():
        return None
    return int(number)


def text_of(stated: object) -> str:
    """Return a text without what surrounds it, empty for everything else and for a hyphen.

    Half of a surrogate pair, which JSON can write and no record can hold, becomes a question mark.
    """
    text = stated.strip() if isinstance(stated, str) else ""
    return "" if text == "-" else text.encode("utf-8", "replace").decode()


def local_moment(stated: object, form: str, length: int, market: Market = Market.CN) -> datetime | None:
    """Return the market-local moment written in that form (`strptime`'s) with `length` characters."""
    text = text_of(stated)
    if len(text) != length or not text.isascii():
        return None
    try:
        return datetime.strptime(text, form).replace(tzinfo=ZONES[market])
    except ValueError:
        return None


def epoch_moment(stated: object) -> datetime | None:
    """Return the moment that whole seconds since 1970 name, in UTC; None outside 2000 to 2099."""
    seconds = count_of(stated)
    if seconds is None or not EPOCH_S_MIN <= seconds < EPOCH_S_MAX:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)


def levels_of(pairs: Sequence[tuple[object, object]], unit_shares: int) -> tuple[Level, ...]:
    """Return the levels of one side in the order of the pairs (price, count); one lacking either is none."""
    read = ((price_of(price), count_of(count)) for price, count in pairs)
    stated = ((price, count) for price, count in read if price and count)
    return tuple(Level(price_cny=price, shares=count * unit_shares) for price, count in stated)


def counted_in(
    count: int | None, amount_cny: Decimal | None, low: Decimal | None, high: Decimal | None, declared: int
) -> int | None:
    """Return how many shares one unit of a day's volume is: 1, or 100 where it counts lots.

    Vendors mix the two by board. The day's average price must lie in its range: that tells them apart.
    Where nothing traded or a figure is missing it is `declared`; None where neither fits.
    """
    if not count or amount_cny is None or low is None or high is None:
        return declared
    for unit in (1, LOT_SHARES):
        if low * (1 - _MARGIN) <= amount_cny / (count * unit) <= high * (1 + _MARGIN):
            return unit
    return None


def json_object(body: bytes) -> dict[str, object]:
    """Return the JSON object that the bytes write in UTF-8; numbers with a point as Decimal.

    Raises:
        BadAnswer: They write something else.
    """
    try:
        found = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError, InvalidOperation) as error:
        # The last of them tells of an exponent that no Decimal holds.
        raise BadAnswer(f"not JSON but {_beginning(body)}") from error
    if not isinstance(found, dict):
        raise BadAnswer(f"not a JSON object but {_beginning(body)}")
    return found


def gbk_text(body: bytes) -> str:
    """Return the text that the bytes write in GBK, or in GB18030, which holds it.

    Raises:
        BadAnswer: They write none.
    """
    try:
        return body.decode("gb18030")
    except UnicodeDecodeError as error:
        raise BadAnswer(f"not GBK but {_beginning(body)}") from error


def prefixed(symbol: Symbol) -> str:
    """Return what Sina and Tencent call a mainland symbol: `sh600519`; empty for any other."""
    code, _, exchange = symbol.partition(".")
    return f"{exchange.lower()}{code}" if exchange in {"SH", "SZ", "BJ"} else ""


def _no_number(name: str) -> NoReturn:
    raise BadAnswer(f"{name} for a number")


def _beginning(body: bytes) -> str:
    """Return the first characters of a body for a fault, printable and on one line."""
    return ascii(body[:40].decode("ascii", "replace"))
