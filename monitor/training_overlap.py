"""How much of a period lies in what the account's models may have read in training. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date

from monitor.json_value import Json
from services.domain.value import Value


class TrainingOverlap(Value, frozen=True, kw_only=True):
    """The last day that training data may hold, and how many of a period's trading days lie up to it.

    `cutoff` is None where no model decides, or nobody said until when its data goes.
    """

    cutoff: date | None = None
    days_known: int = 0
    days: int = 0

    @property
    def said(self) -> tuple[tuple[str, Mapping[str, object]], ...]:
        """The sentences a reader is told, as wording and its values; none where nothing overlaps."""
        if self.cutoff is None or not self.days_known:
            return ()
        values = {"cutoff": self.cutoff.isoformat(), "known": self.days_known, "days": self.days}
        return (("training.overlap", values),)

    def as_json(self) -> dict[str, Json]:
        """Return the figures as a JSON object."""
        return {
            "cutoff": None if self.cutoff is None else self.cutoff.isoformat(),
            "days_up_to_it": self.days_known,
            "days": self.days,
        }


NO_OVERLAP = TrainingOverlap()
"""Of an account that no model decides."""


def training_overlap(settings: Mapping[str, str], days: Collection[date]) -> TrainingOverlap:
    """Return the overlap of trading days with the cut-off that a journal's settings hold, if any."""
    recorded = json.loads(settings.get("training_cutoff", "null"))
    cutoff = None if recorded is None else date.fromisoformat(recorded)
    own = set(days)
    known = 0 if cutoff is None else sum(day <= cutoff for day in own)
    return TrainingOverlap(cutoff=cutoff, days_known=known, days=len(own))
