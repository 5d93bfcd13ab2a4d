"""What an account's models took, folded from what its record says of their answers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal

import msgspec

from services.domain.money import ZERO
from services.domain.value import Value


class Spent(Value, frozen=True, kw_only=True):
    """CNY taken on a day, and in the calendar month of that day, the day included."""

    day_cny: Decimal = ZERO
    month_cny: Decimal = ZERO


class Takings(msgspec.Struct):
    """CNY that this process took or holds, by trading day; purses that share it share days and months."""

    by_day: dict[date, Decimal] = msgspec.field(default_factory=dict)

    def add(self, day: date, cny: Decimal) -> None:
        """Take or hold so much more on that day; below 0 it is given back."""
        self.by_day[day] = self.by_day.get(day, ZERO) + cny


def nothing_spent(_day: date) -> Spent:
    """Return that nothing was taken."""
    return Spent()


def spent_on(by_day: Mapping[date, Decimal], day: date) -> Spent:
    """Return what the days' sums make of a day and its month."""
    month = (cny for one, cny in by_day.items() if (one.year, one.month) == (day.year, day.month))
    return Spent(day_cny=by_day.get(day, ZERO), month_cny=sum(month, ZERO))


def spent_by(costs: Iterable[tuple[date, Decimal]]) -> Callable[[date], Spent]:
    """Return a function from a day to what was taken; each cost in CNY comes with its trading day."""
    by_day: dict[date, Decimal] = {}
    for day, cny in costs:
        by_day[day] = by_day.get(day, ZERO) + cny
    return lambda day: spent_on(by_day, day)
