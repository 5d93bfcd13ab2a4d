"""Which days a vendor is asked for, of which symbols, and in what order. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from services.domain.instruments import Symbol
from services.history.spans import NOTHING, Covered, Days

_DAY = timedelta(days=1)
_NEAR = timedelta(days=40)
"""So far from what is not known a bar is looked for: no holiday lasts so long, but a suspension may."""


class Gap(NamedTuple):
    """Days of a symbol not known, and those asked for: from and to a bar that is there, where one is.

    Where an answer holds the bars on both sides, it was cut off at neither.
    """

    symbol: Symbol
    days: Days
    asked: Days

    @property
    def known(self) -> tuple[Days, ...]:
        """The days asked for that are known already."""
        return Covered((self.asked,)).less([self.days]).spans


def unknown_days(
    symbols: Sequence[Symbol], covered: Mapping[Symbol, Covered], days: Days
) -> dict[Symbol, tuple[Days, ...]]:
    """Return what is not known of the days, of each symbol of which something is not."""
    missing = ((symbol, covered.get(symbol, NOTHING).missing(*days)) for symbol in symbols)
    return {symbol: spans for symbol, spans in missing if spans}


def beside(
    unknown: Mapping[Symbol, Sequence[Days]], covered: Mapping[Symbol, Covered]
) -> dict[Symbol, list[Days]]:
    """Return the days right before and after those not known, where some of them are known."""
    found: dict[Symbol, list[Days]] = {}
    for symbol, spans in unknown.items():
        known = covered.get(symbol, NOTHING)
        for first, last in spans:
            if known.holds(first - _DAY):
                found.setdefault(symbol, []).append(Days(first - _NEAR, first - _DAY))
            if known.holds(last + _DAY):
                found.setdefault(symbol, []).append(Days(last + _DAY, last + _NEAR))
    return found


def with_anchors(
    unknown: Mapping[Symbol, Sequence[Days]],
    covered: Mapping[Symbol, Covered],
    bar_days: Mapping[Symbol, set[date]],
) -> dict[Symbol, list[Gap]]:
    """Return the gaps, each asked for from the nearest bar before it to the nearest one after it.

    Between the bar and the gap all days are known; `bar_days` are days on which the symbols have bars.
    """
    found: dict[Symbol, list[Gap]] = {}
    for symbol, spans in unknown.items():
        known, there = covered.get(symbol, NOTHING), bar_days.get(symbol, set())
        for days in spans:
            # A bar of a day that is not whole shows nothing: what lacks beside it was not cut off.
            sure = [one for one in there if known.holds(one)]
            before = max((one for one in sure if one < days.first), default=days.first)
            after = min((one for one in sure if one > days.last), default=days.last)
            asked = Days(
                days.first if known.gap(before, days.first) else before,
                days.last if known.gap(days.last, after) else after,
            )
            found.setdefault(symbol, []).append(Gap(symbol, days, asked))
    return found


def in_parts(gaps: Mapping[Symbol, Sequence[Gap]], at_a_time: int) -> Iterator[list[Gap]]:
    """Yield the gaps, so many at a time, none of them two of one symbol: its first ones come first."""
    for turn in range(max(map(len, gaps.values()), default=0)):
        some = [of_one[turn] for of_one in gaps.values() if turn < len(of_one)]
        for first in range(0, len(some), at_a_time):
            yield some[first : first + at_a_time]
