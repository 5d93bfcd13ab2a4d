"""What a reader hands to the builder: one bar as the file states it, and where it stands."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple


class PriceFileError(ValueError):
    """A price file that cannot be used: one line naming the file, the place and the mend."""


class RawBar(NamedTuple):
    """One bar as stated: `line` counts from 1, numbers are None where the file has none.

    `amount` is in the file's own unit, whichever that is.
    """

    line: int
    symbol: str
    name: str
    label: str
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None
    prev_close: float | None = None
    amount: float | None = None


def read_number(stated: object, field: str) -> float | None:
    """Return the number a field states, None where it states none (absent, empty).

    Raises:
        ValueError: It is not a finite decimal number; the message names the field.
    """
    if stated is None or stated == "":
        return None
    if isinstance(stated, bool) or not isinstance(stated, str | int | float):
        raise ValueError(f"{field} is {stated!r}, not a number; write it like 12.34")
    try:
        number = float(stated)
    except (ValueError, OverflowError):
        raise ValueError(f"{field} is {stated!r}, not a number; write it like 12.34") from None
    if not isfinite(number) or (isinstance(stated, str) and "_" in stated):
        raise ValueError(f"{field} is {stated!r}, not a finite number; correct the bar or leave it out")
    return number
