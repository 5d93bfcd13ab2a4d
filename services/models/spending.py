"""What an account's models took, folded from the answers on its record. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.domain.decision import RawAnswer
from services.domain.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """CNY taken on a day, and in the calendar month of that day, the day included."""

    day_cny: Decimal = ZERO
    month_cny: Decimal = ZERO


def nothing_spent(_day: date) -> Spent:
    """Return that nothing was taken."""
    return Spent()


def spent_on(by_day: Mapping[date, Decimal], day: date) -> Spent:
    """Return what the days' sums make of a day and its month."""
    month = (cny for one, cny in by_day.items() if (one.year, one.month) == (day.year, day.month))
    return Spent(day_cny=by_day.get(day, ZERO), month_cny=sum(month, ZERO))


def spent_by(answers: Iterable[tuple[date, RawAnswer]]) -> Callable[[date], Spent]:
    """Return a function from a day to what the answers took; each comes with its session's trading day."""
    by_day: dict[date, Decimal] = {}
    for day, answer in answers:
        by_day[day] = by_day.get(day, ZERO) + answer.usage.cost_cny
    return lambda day: spent_on(by_day, day)
