"""From when to when a share was a member of an index, by lists of all members on some days. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from services.domain.instruments import Span, Symbol
from services.history.index import HistoryError
from services.history.index_sizes import roll_problem
from services.history.spans import Covered, Days, covering
from services.history.tables import Roll, Stay

ROLL_DAYS_MAX = 92
"""How long a list of members is believed: indices are reviewed twice a year, and listed monthly."""


def membership(
    rolls: Sequence[Roll], index: str, days: Days, stays: Sequence[Stay] = ()
) -> dict[Symbol, tuple[Span, ...]]:
    """Return the days among `days` on which each symbol is known to have been a member.

    Who stands in two lists that follow each other was one between them. Who stands in one of the two alone
    left or joined on a day that nobody told, unless `stays` tells it: between the two it counts as none.
    A day on which `stays` tells that one left ends its days up to the next list, or to when it joined again;
    who joined after the last list is one from then on.

    Raises:
        HistoryError: Of a day no list is known that is new enough, or a list is not whole.
    """
    ordered = sorted(rolls, key=lambda roll: roll.day)
    known = [roll for roll in ordered if roll.day <= days.last]
    _require_known([roll.day for roll in known], index, days)
    # The first list after the days says who did not stay.
    counted = [*known, *ordered[len(known) : len(known) + 1]]
    begins = max(number for number, roll in enumerate(known) if roll.day <= days.first)
    counted = counted[begins:]
    _require_whole(counted)
    found: dict[Symbol, list[Days]] = {}
    for symbol, span in _spans(counted, days.last, stays):
        found.setdefault(symbol, []).append(span)
    told = {symbol: covering(spans).within(days).spans for symbol, spans in sorted(found.items())}
    return {
        symbol: tuple(Span(since=first, until=last) for first, last in spans)
        for symbol, spans in told.items()
        if spans
    }


def ever_listed(rolls: Sequence[Roll], stays: Sequence[Stay]) -> tuple[Symbol, ...]:
    """Return who stands in one of the lists, oldest first, and who is known to have joined after the last."""
    last = max((roll.day for roll in rolls), default=date.max)
    joined = (one.symbol for one in stays if one.since > last)
    return tuple(dict.fromkeys((*(symbol for roll in rolls for symbol in roll.members), *joined)))


def _spans(rolls: Sequence[Roll], last: date, stays: Sequence[Stay]) -> Iterator[tuple[Symbol, Days]]:
    """Yield the days of each member from list to list; those of the last one reach to `last`."""
    for roll, after in pairwise(rolls):
        staying, before = frozenset(roll.members) & frozenset(after.members), _before(after.day)
        for symbol in roll.members:
            until = before if symbol in staying else _left_on(symbol, Days(roll.day, before), stays)
            yield from ((symbol, span) for span in _stayed(symbol, Days(roll.day, until), stays))
        for symbol in frozenset(after.members) - staying:
            since = _joined_on(symbol, Days(roll.day, before), stays)
            if since is not None:
                yield symbol, Days(since, before)
    since, members = rolls[-1].day, frozenset(rolls[-1].members)
    after_all = Days(since, max(last, since))
    for symbol in rolls[-1].members:
        yield from ((symbol, span) for span in _stayed(symbol, after_all, stays))
    for one in stays:
        if one.symbol not in members and one.since > since:
            yield one.symbol, Days(one.since, min(one.until or after_all.last, after_all.last))


def _stayed(symbol: Symbol, days: Days, stays: Sequence[Stay]) -> tuple[Days, ...]:
    """Return the days of a member without those between a day it is known to have left on and its return."""
    own = [one for one in stays if one.symbol == symbol]
    gone = []
    for left in (one.until for one in own if one.until is not None and days.first <= one.until < days.last):
        back = min((one.since for one in own if one.since > left), default=date.max)
        gone.append(Days(left + timedelta(days=1), min(_before(back), days.last)))
    return Covered((days,)).less(gone).spans


def _left_on(symbol: Symbol, days: Days, stays: Sequence[Stay]) -> date:
    """Return the last day among days on which a symbol is known to have been a member, the first at least."""
    told = [one.until for one in stays if one.symbol == symbol and one.until is not None]
    return max((day for day in told if days.first <= day <= days.last), default=days.first)


def _joined_on(symbol: Symbol, days: Days, stays: Sequence[Stay]) -> date | None:
    """Return the day after the first of the days on which a symbol is known to have become a member."""
    told = [one.since for one in stays if one.symbol == symbol]
    return max((day for day in told if days.first < day <= days.last), default=None)


def _require_whole(rolls: Sequence[Roll]) -> None:
    problem = next((found for roll in rolls if (found := roll_problem(roll))), "")
    if problem:
        raise HistoryError(
            f"{problem}; download it again with `data download --index {rolls[0].index}`, or import the "
            "whole list with `data import`"
        )


def _require_known(rolled: Sequence[date], index: str, days: Days) -> None:
    mend = f"download them with `data download --index {index}`, or import a list with `data import`"
    first, last = days
    if not rolled or rolled[0] > first:
        since = f" before {rolled[0]}" if rolled else ""
        raise HistoryError(f"{index}: its members are not known{since}; give a later --start, or {mend}")
    for day, following in pairwise([*rolled, last + timedelta(days=1)]):
        lapsed, until = day + timedelta(days=ROLL_DAYS_MAX + 1), _before(following)
        if max(lapsed, first) <= min(until, last):
            raise HistoryError(
                f"{index}: its members are known as of {day}, too long ago from {lapsed} to {until}; {mend}"
            )


def _before(day: date) -> date:
    return day - timedelta(days=1)
