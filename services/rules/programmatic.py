"""What the mainland asks of orders a program makes or places: the rows. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.rules.rows import CN_FIRST, Confidence, Row, Series


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammaticRule:
    """Whether trading must be reported first, and from how many orders and cancels on it is high-frequency.

    The thresholds are per account, either suffices, and None means that there is none.
    """

    report_first: bool
    high_frequency_per_second: int | None = None
    high_frequency_per_day: int | None = None


PROGRAMMATIC: Series[ProgrammaticRule] = Series(
    name="programmatic trading",
    rows=(
        Row(
            value=ProgrammaticRule(report_first=False),
            since=CN_FIRST,
            until=date(2024, 10, 7),
            source="before the CSRC rules on programmatic trading",
            confidence=Confidence.MEDIUM,
        ),
        Row(
            value=ProgrammaticRule(report_first=True),
            since=date(2024, 10, 8),
            until=date(2025, 7, 6),
            source="CSRC 《证券市场程序化交易管理规定（试行）》",
            confidence=Confidence.HIGH,
        ),
        Row(
            value=ProgrammaticRule(
                report_first=True, high_frequency_per_second=300, high_frequency_per_day=20_000
            ),
            since=date(2025, 7, 7),
            source="SSE, SZSE and BSE 《程序化交易管理实施细则》 of 2025-04-03",
            confidence=Confidence.HIGH,
        ),
    ),
)
"""Mainland stocks and funds; futures have rules of their own."""
