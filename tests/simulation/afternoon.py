"""A vendor that tells late of the afternoon: until then its last price of the morning is all there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from services.domain.instruments import Symbol

RATIO = 0.5
LUNCH, NOON, ONE = time(11, 35), time(11, 30), time(13)
_LATE_S = (2.0, 6.0, 12.0, 40.0, 200.0, 900.0)
"""Shorter than the pause between two looks, of several of them, and longer than any order waits."""
_KILLS_IN = (0, 0, 1, 2, 3, 4, 6, 8, 10, 12, 15, 20, 30)
_STOPPED_RATIO = 0.2
_STOPS_IN = (1, 2, 3, 4, 5, 8, 12)
_DIES_IN = (0, 0, 0, 1, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True, kw_only=True)
class Afternoon:
    """How many seconds after 13:00 there are prices of the afternoon, by day and symbol; else at once.

    Each time orders are on record to wait on, the process is killed so many touches later as the next of
    `kills_in` says; 0: it is not. Each time orders are on record to wait for 13:00, the kill file is put so
    many touches later as the next of `stops_in` says, and the process is killed so many after that; 0: not.
    """

    late_s: Mapping[tuple[date, Symbol], float] = field(default_factory=dict)
    kills_in: tuple[int, ...] = ()
    stops_in: tuple[tuple[int, int], ...] = ()

    def noon_shown(self, symbol: Symbol, local: datetime) -> datetime | None:
        """Return the end of the morning where its price is all there is of a symbol yet, else None."""
        late = self.late_s.get((local.date(), symbol))
        if late is None or local.time() < ONE:
            return None
        until = datetime.combine(local.date(), ONE, local.tzinfo) + timedelta(seconds=late)
        return datetime.combine(local.date(), NOON, local.tzinfo) if local < until else None


def drawn_afternoon(rng: Random, days: Sequence[date], symbols: Sequence[Symbol]) -> Afternoon:
    """Return what a vendor is late with on the days given, when the process dies of waiting, and kills."""
    late_s = {(day, symbol): rng.choice(_LATE_S) for day in days for symbol in symbols if rng.random() < 0.7}
    kills_in = tuple(rng.choice(_KILLS_IN) for _ in range(rng.choice((0, 1, 2, 3))))
    stops_in: tuple[tuple[int, int], ...] = ()
    if rng.random() < _STOPPED_RATIO:
        stops_in = tuple((rng.choice(_STOPS_IN), rng.choice(_DIES_IN)) for _ in days)
    return Afternoon(late_s=late_s, kills_in=kills_in, stops_in=stops_in)
