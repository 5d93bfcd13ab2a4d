"""The days on which the index circuit breaker ended trading early; no calendar knows them. Pure."""

from __future__ import annotations

from datetime import date, time

from services.rules.rows import CN_FIRST, Confidence, Row, Series


def breaker_at(day: date) -> time | None:
    """Return the local time at which the breaker ended trading on `day`, None on any other day."""
    return next((row.value for row in BREAKERS.rows if row.since == day == row.until), None)


def _row(value: time | None, since: date, until: date | None) -> Row[time | None]:
    return Row(value=value, since=since, until=until, source=_SOURCE, confidence=Confidence.MEDIUM)


_SOURCE = "index circuit breaker of 2016, in force 2016-01-01 to 2016-01-07; the minute is approximate"

BREAKERS: Series[time | None] = Series(
    name="circuit breaker",
    rows=(
        _row(None, CN_FIRST, date(2016, 1, 3)),
        _row(time(13, 33), date(2016, 1, 4), date(2016, 1, 4)),
        _row(None, date(2016, 1, 5), date(2016, 1, 6)),
        _row(time(9, 59), date(2016, 1, 7), date(2016, 1, 7)),
        _row(None, date(2016, 1, 8), None),
    ),
)
"""Mainland exchanges, stocks and funds; the mechanism was suspended from 2016-01-08."""
