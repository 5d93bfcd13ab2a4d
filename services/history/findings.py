"""What a check of bars may find, and how sure it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from services.domain.instruments import Symbol


class Certainty(StrEnum):
    """How sure a finding is; all but a note let a check fail."""

    ERROR = "error"
    """It is wrong whatever else is true."""
    SUSPECT = "suspect"
    """It is most likely wrong; what would settle it is not in the data."""
    NOTE = "note"
    """It is as it may be, and worth knowing."""


class FindingKind(StrEnum):
    """What is found, in the order in which it is told."""

    UNREADABLE = "unreadable"
    DAMAGED = "damaged"
    ORPHANED = "orphaned"
    MEMBERS_SHORT = "members_short"
    OTHER_MARKET = "other_market"
    MIXED_LENGTHS = "mixed_lengths"
    BAD_LABEL = "bad_label"
    START_LABEL = "start_label"
    OFF_SESSION = "off_session"
    CLOSED_DAY = "closed_day"
    OUT_OF_ORDER = "out_of_order"
    DUPLICATE = "duplicate"
    INCOMPLETE = "incomplete"
    NO_PRICE = "no_price"
    TOO_LARGE = "too_large"
    TOO_FINE = "too_fine"
    HIGH_LOW = "high_low"
    ZERO_VOLUME = "zero_volume"
    MISSING_BARS = "missing_bars"
    MISSING_DAYS = "missing_days"
    NOT_COVERED = "not_covered"
    SUSPENDED = "suspended"
    BEGINS_LATE = "begins_late"
    ENDS_EARLY = "ends_early"
    LIMIT_BREACH = "limit_breach"
    EX_DAY = "ex_day"
    FACTOR = "factor"
    UNIT_MIXED = "unit_mixed"
    UNIT_DECLARED = "unit_declared"
    UNIT_UNLIKELY = "unit_unlikely"
    ADJUSTMENT_DIFFERS = "adjustment_differs"
    UNIT_DIFFERS = "unit_differs"
    BARS_DIFFER = "bars_differ"
    IN_PROGRESS = "in_progress"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found, of some symbols (of all bars where there is none) and so many bars.

    `first` and `last` are labels, market-local; `detail` states numbers, `mend` what would repair it.
    """

    kind: FindingKind
    certainty: Certainty
    symbols: tuple[Symbol, ...] = ()
    bars: int = 0
    first: str = ""
    last: str = ""
    detail: str = ""
    mend: str = ""


_ORDER = {kind: place for place, kind in enumerate(FindingKind)}
_SURE = {certainty: place for place, certainty in enumerate(Certainty)}


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the findings, the surest first, then by kind, symbol and time."""
    return tuple(
        sorted(findings, key=lambda one: (_SURE[one.certainty], _ORDER[one.kind], one.symbols, one.first))
    )


def passes(findings: tuple[Finding, ...]) -> bool:
    """Answer whether nothing but notes was found."""
    return all(one.certainty is Certainty.NOTE for one in findings)


def together(findings: list[Finding]) -> list[Finding]:
    """Return the findings, those that differ in their symbols alone as one."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for one in findings:
        key = (one.kind, one.certainty, one.first, one.last, one.detail, one.mend)
        groups.setdefault(key, []).append(one)
    return [
        replace(
            same[0],
            symbols=tuple(sorted({symbol for one in same for symbol in one.symbols})),
            bars=sum(one.bars for one in same),
        )
        for same in groups.values()
    ]


def condensed(findings: list[Finding]) -> list[Finding]:
    """Return the findings, those of one kind and the same symbols as one that tells the first in full."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for one in together(findings):
        groups.setdefault((one.kind, one.certainty, one.symbols, one.mend), []).append(one)
    return [
        same[0]
        if len(same) == 1
        else replace(
            same[0],
            bars=sum(one.bars for one in same),
            first=min(one.first for one in same),
            last=max(one.last for one in same),
            detail=f"{same[0].detail}; and {len(same) - 1} more such",
        )
        for same in groups.values()
    ]
