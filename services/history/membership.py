"""From when to when a share was a member of an index, by lists of all members on some days. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from services.domain.instruments import Span, Symbol
from services.history.index import HistoryError
from services.history.tables import Roll

ROLL_DAYS_MAX = 92
"""How long a list of members is believed: indices are reviewed twice a year, and listed monthly."""


def membership(rolls: Sequence[Roll], index: str, first: date, last: date) -> dict[Symbol, tuple[Span, ...]]:
    """Return the days in [first, last] on which each symbol was a member.

    On each day the last list up to that day counts, nothing that came after: who is taken out later is
    still a member, and who is taken in later is not one yet.

    Raises:
        HistoryError: Of a day no list is known that is new enough.
    """
    known = sorted((roll for roll in rolls if roll.day <= last), key=lambda roll: roll.day)
    _require_known([roll.day for roll in known], index, first, last)
    found: dict[Symbol, list[Span]] = {}
    for roll, until in zip(known, [*(_before(roll.day) for roll in known[1:]), last], strict=True):
        if until < first:
            continue
        since = max(first, roll.day)
        for symbol in roll.members:
            spans = found.setdefault(symbol, [])
            if spans and spans[-1].until == _before(since):
                spans[-1] = Span(since=spans[-1].since, until=until)
            else:
                spans.append(Span(since=since, until=until))
    return {symbol: tuple(spans) for symbol, spans in sorted(found.items())}


def _require_known(days: Sequence[date], index: str, first: date, last: date) -> None:
    mend = f"download them with `data download --index {index}`, or import a list with `data import`"
    if not days or days[0] > first:
        since = f" before {days[0]}" if days else ""
        raise HistoryError(f"{index}: its members are not known{since}; give a later --start, or {mend}")
    for day, following in pairwise([*days, last + timedelta(days=1)]):
        lapsed, until = day + timedelta(days=ROLL_DAYS_MAX + 1), _before(following)
        if max(lapsed, first) <= min(until, last):
            raise HistoryError(
                f"{index}: its members are known as of {day}, too long ago from {lapsed} to {until}; {mend}"
            )


def _before(day: date) -> date:
    return day - timedelta(days=1)
