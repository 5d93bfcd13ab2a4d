"""The kinds of value a configuration holds, and what every section of it is."""

import re
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a key, as the table of keys shows it."""

    name: str


def _plain_number(value: object) -> object:
    """Return a number as the exact Decimal it was written as; other things pass on to be refused."""
    if isinstance(value, int | float):
        value = repr(value)
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise ValueError("must be a plain number such as 0.2, without thousands separators or units")
        return Decimal(value)
    return value


def _clock_time(value: object) -> object:
    """Return the market-local time that a text like `09:35` writes."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        return time.fromisoformat(value)
    raise ValueError('must be a market-local time in quotes, such as "09:35"')


def _calendar_day(value: object) -> object:
    """Return the day that a text like `2025-10-10` writes."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("is a day that no calendar has") from None
    raise ValueError("must be a day such as 2025-10-10")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def web_address(url: str) -> str:
    """Return the address without a slash at its end.

    Raises:
        ValueError: It is none, or holds a user's name.
    """
    if not re.fullmatch(r"https?://[^\s/]+.*", url) or urlsplit(url).username is not None:
        raise ValueError("must be an http(s) address without user name or password")
    return url.rstrip("/")


Number = Annotated[Decimal, BeforeValidator(_plain_number)]
Whole = Annotated[int, BeforeValidator(_plain_number)]
Measure = Annotated[float, BeforeValidator(_plain_number)]
CalendarDay = Annotated[date, BeforeValidator(_calendar_day)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Ratio = Annotated[Number, Unit("ratio"), Field(gt=0, le=1)]
Key = Annotated[str, BeforeValidator(_lower), Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Section(BaseModel):
    """A part of the configuration: closed, unchangeable, silent about secrets.

    Its checks are made ready with those of the whole it is read in, not once more for itself.
    """

    model_config = ConfigDict(
        defer_build=True,
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=False,
    )
