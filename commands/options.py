"""What the command line asked for, beside the settings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from services.domain.value import Value


class RunOptions(Value, frozen=True, kw_only=True):
    """The main job's options that are not settings. Days are trading days, both included.

    `history` is the folder of the history store, from which prices named `history:60m` come.
    """

    prices: Path | None = None
    demo: bool = False
    start: date | None = None
    end: date | None = None
    once: bool = False
    standby: bool = False
    report: bool = True
    cache: Path | None = None
    llm: str | None = None
    history: Path | None = None

    @property
    def recorded(self) -> bool:
        """Whether the run is over recorded prices, on a virtual clock."""
        return self.demo or self.prices is not None
