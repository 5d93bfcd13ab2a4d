"""Days that are known, as spans: what was asked for and answered, whether or not there was anything. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from services.domain.instruments import Span, Symbol

_DAY = timedelta(days=1)


class Days(NamedTuple):
    """The calendar days from one to another, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        """Return them as `2025-01-01..2025-03-31`."""
        return f"{self.first}..{self.last}"


@dataclass(frozen=True, slots=True)
class Covered:
    """Spans of days, ascending, of which no two overlap or follow each other; made by `covering`."""

    spans: tuple[Days, ...] = ()

    def holds(self, day: date) -> bool:
        """Answer whether a day is in one of them."""
        return any(first <= day <= last for first, last in self.spans)

    def plus(self, days: Iterable[Days]) -> Covered:
        """Return these days and those."""
        return covering((*self.spans, *days))

    def less(self, days: Iterable[Days]) -> Covered:
        """Return these days without those."""
        left = list(self.spans)
        for gone in days:
            left = [piece for span in left for piece in _without(span, gone)]
        return Covered(tuple(left))

    def missing(self, first: date, last: date) -> tuple[Days, ...]:
        """Return the days of [first, last] that are not in any of them, ascending."""
        return covering([Days(first, last)]).less(self.spans).spans

    def gap(self, one: date, two: date) -> bool:
        """Answer whether a day between two days, neither of them included, is not in any of them."""
        return bool(self.missing(one + _DAY, two - _DAY))

    def within(self, days: Days) -> Covered:
        """Return these days as far as they are among those."""
        first, last = days
        return covering(Days(max(one.first, first), min(one.last, last)) for one in self.spans)


NOTHING = Covered()


class Cover(NamedTuple):
    """Days of a symbol that are known of a topic: bars of a length and adjustment, ex-days, factors."""

    topic: str
    symbol: Symbol
    days: Days


def covering(days: Iterable[Days]) -> Covered:
    """Return the spans together; one that ends before it begins holds nothing."""
    found: list[Days] = []
    for first, last in sorted(one for one in days if one.first <= one.last):
        if found and first.toordinal() <= found[-1].last.toordinal() + 1:
            found[-1] = Days(found[-1].first, max(found[-1].last, last))
        else:
            found.append(Days(first, last))
    return Covered(tuple(found))


def cut(states: Iterable[Span], days: Days) -> tuple[Span, ...]:
    """Return what is told of a state on the days alone; one without an end is told up to their last."""
    within = (Span(since=max(one.since, days.first), until=_until(one, days.last)) for one in states)
    return tuple(one for one in within if one.until is not None and one.since <= one.until)


def joined(states: Iterable[Span]) -> tuple[Span, ...]:
    """Return a state's spans ascending, those that overlap or follow each other as one."""
    whole = covering(Days(one.since, one.until or date.max) for one in states)
    return tuple(Span(since=first, until=None if last == date.max else last) for first, last in whole.spans)


def _until(state: Span, last: date) -> date:
    return last if state.until is None else min(state.until, last)


def _without(span: Days, gone: Days) -> Iterable[Days]:
    """Yield what is left of a span."""
    if gone.last < span.first or span.last < gone.first:
        yield span
        return
    if span.first < gone.first:
        yield Days(span.first, gone.first - _DAY)
    if gone.last < span.last:
        yield Days(gone.last + _DAY, span.last)
