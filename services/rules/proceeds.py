"""When the cash of a sale is there: the rows. Pure data."""

from __future__ import annotations

from datetime import date

from services.rules.rows import CN_FIRST, US_FIRST, Confidence, Row, Series

CN_WITHDRAWABLE_DAYS: Series[int] = Series(
    name="proceeds of mainland sales",
    rows=(
        Row(
            value=1,
            since=CN_FIRST,
            source="SSE, SZSE and BSE trading rules: proceeds buy at once; clearing on the next trading day",
            confidence=Confidence.HIGH,
        ),
    ),
)
"""Trading days until the proceeds of a sale may leave the account; they may buy at once."""

US_SETTLEMENT_DAYS: Series[int] = Series(
    name="settlement of US trades",
    rows=(
        Row(
            value=3,
            since=US_FIRST,
            until=date(2017, 9, 4),
            source="SEC rule 15c6-1 before its amendments",
            confidence=Confidence.MEDIUM,
        ),
        Row(
            value=2,
            since=date(2017, 9, 5),
            until=date(2024, 5, 27),
            source="SEC rule 15c6-1, T+2 from 2017-09-05",
            confidence=Confidence.HIGH,
        ),
        Row(
            value=1,
            since=date(2024, 5, 28),
            source="SEC rule 15c6-1, T+1 from 2024-05-28",
            confidence=Confidence.HIGH,
        ),
    ),
)
"""Sessions from a US trade to its settlement. Bank holidays on which exchanges trade are not in it."""
