"""A fact with its dates and its source, and how the fact of a day is found. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from services.domain.value import Value

T_co = TypeVar("T_co", covariant=True)

CN_FIRST = date(1996, 12, 16)
"""The day daily price limits began; the book knows nothing of mainland markets before it."""

US_FIRST = date(2001, 4, 9)
"""The day US prices were decimal everywhere; the book knows nothing of US markets before it."""

KNOWN_UNTIL = date(2026, 12, 31)
"""The last day the book speaks for. Rows without an end hold until here and no further."""


class OutsideRulebook(LookupError):
    """The rule asked for is not known: another day, another board, or a fact that is missing."""


class Confidence(StrEnum):
    """How well a row is supported."""

    HIGH = "H"
    MEDIUM = "M"
    LOW = "L"


class Row(Value, Generic[T_co], frozen=True, kw_only=True):
    """One value, the days it holds (both ends included, no end means until further notice), and why.

    `source` names the exchange document or the kind of evidence.
    """

    value: T_co
    since: date
    until: date | None = None
    source: str
    confidence: Confidence


class Series(Value, Generic[T_co], frozen=True, kw_only=True):
    """The rows of one fact, oldest first, without gap or overlap (a test holds that)."""

    name: str
    rows: tuple[Row[T_co], ...]

    def row_on(self, day: date) -> Row[T_co]:
        """Return the row that holds on `day`.

        Raises:
            OutsideRulebook: No row holds on that day, or the day is past `KNOWN_UNTIL`.
        """
        require_known(day)
        for row in reversed(self.rows):
            if row.since <= day:
                if row.until is not None and day > row.until:
                    break
                return row
        raise OutsideRulebook(f"{self.name}: no rule is known for {day}")

    def on(self, day: date) -> T_co:
        """Return the value that holds on `day`.

        Raises:
            OutsideRulebook: No row holds on that day, or the day is past `KNOWN_UNTIL`.
        """
        latest = self.rows[-1] if self.rows else None
        if latest is not None and latest.until is None and latest.since <= day <= KNOWN_UNTIL:
            return latest.value
        return self.row_on(day).value

    def faults(self) -> list[str]:
        """Return one sentence for each gap, overlap or inverted row; empty when the series is sound."""
        found = [] if self.rows else [f"{self.name}: no rows"]
        for row in self.rows:
            if row.until is not None and row.until < row.since:
                found.append(f"{self.name}: row from {row.since} ends {row.until}")
        for left, right in zip(self.rows, self.rows[1:], strict=False):
            if left.until is None or left.until + timedelta(days=1) != right.since:
                found.append(f"{self.name}: {left.until} is not the day before {right.since}")
        return found


def require_known(day: date) -> None:
    """Return when `day` is not past the end of the book.

    Raises:
        OutsideRulebook: The day is past `KNOWN_UNTIL`.
    """
    if day > KNOWN_UNTIL:
        raise OutsideRulebook(f"the rulebook is known until {KNOWN_UNTIL}, asked for {day}")
