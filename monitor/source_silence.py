"""Which live price sources give nothing: a fold over what sessions recorded of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from services.domain.events import FaultRecord
from services.domain.quotes import VendorSnapshot

BARS = "bars"
"""Stands for the sources of bars, which a session's record does not tell apart."""


class Silence(NamedTuple):
    """A source, or `BARS`, that gave nothing, and why as far as it is known."""

    of: str
    why: str


class Silences:
    """Folds what sessions asked for into the sources that are silent just now.

    A source is silent where it did not answer, or knew nothing of all that a session looked at; it ends
    with the next price it gives.
    """

    def __init__(self) -> None:
        self._now: dict[str, str] = {}

    @property
    def now(self) -> Mapping[str, str]:
        """Who is silent now, and why."""
        return self._now

    def take(self, step: str, value: object) -> tuple[Silence, ...]:
        """Move over what a step recorded, and return the silences that begin with it."""
        before = frozenset(self._now)
        if isinstance(value, VendorSnapshot):
            self._take_answers(value)
        elif step == "history":
            self._now.pop(BARS, None)
            if isinstance(value, FaultRecord):
                self._now[BARS] = value.why
        return tuple(Silence(of, why) for of, why in self._now.items() if of not in before)

    def _take_answers(self, snapshot: VendorSnapshot) -> None:
        for one in snapshot.answers or ():
            if one.gave:
                self._now.pop(one.source, None)
            elif not one.answered or one.asked == len(frozenset(snapshot.symbols)):
                self._now[one.source] = one.why
