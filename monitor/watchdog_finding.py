"""One thing a watchdog finds wrong. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.domain.alerts import Severity
from services.domain.watched import Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong, how much that matters, and what fills its sentence.

    `place` tells it from others of its kind: a slot, a day. `level` is how far it went: where that
    changes it is told again. `wording` is the key of its sentences.
    """

    what: Watched
    severity: Severity
    wording: str
    place: str = ""
    level: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What it is told once under."""
        return f"{self.what}:{self.place}" if self.place else str(self.what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found in one look, and what could not be told in it and therefore has not passed either."""

    findings: tuple[Finding, ...]
    untold: frozenset[Watched] = frozenset()


def mib(size_bytes: float) -> str:
    """Return a size in MiB, as a sentence has it."""
    return f"{size_bytes / 1024**2:.0f}"


def lasting(seconds: float) -> str:
    """Return how long something lasts: `90 s`, `12 min`, `5.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
