"""External scores of symbols, each told only after the moment it was made. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta

from services.domain.instruments import Symbol
from services.domain.value import Value


class Score(Value, frozen=True):
    """One symbol's score; it counts in sessions later than `after`, an aware moment."""

    after: datetime
    value: float


class Scores(Value, frozen=True, kw_only=True):
    """A file of scores: its name, the SHA-256 (hex) of its bytes, each symbol's scores in order of time."""

    name: str
    digest: str
    by_symbol: Mapping[Symbol, tuple[Score, ...]]

    def at(self, symbol: Symbol, moment: datetime, age_days_max: int) -> Score | None:
        """Return the latest score made before `moment`, None where there is none or it is too old.

        Too old is more than `age_days_max` times 24 hours.
        """
        scores = self.by_symbol.get(symbol, ())
        earlier = bisect_left(scores, moment, key=lambda score: score.after)
        if earlier == 0:
            return None
        score = scores[earlier - 1]
        return score if moment - score.after <= timedelta(days=age_days_max) else None
