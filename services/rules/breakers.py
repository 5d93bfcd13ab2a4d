"""The days on which the index circuit breaker ended trading early; no calendar knows them. Pure."""

from __future__ import annotations

from datetime import date, time

from services.rules.rows import Confidence, Row


def breaker_at(day: date) -> time | None:
    """Return the local time at which the breaker ended trading on `day`, None on any other day."""
    return next((row.value for row in BREAKERS if row.since == day), None)


def _ended(day: date, at: time, source: str) -> Row[time]:
    return Row(value=at, since=day, until=day, source=source, confidence=Confidence.MEDIUM)


_SOURCE = "index circuit breaker of 2016, in force 2016-01-01 to 2016-01-07; the minute is approximate"

BREAKERS: tuple[Row[time], ...] = (
    _ended(date(2016, 1, 4), time(13, 33), _SOURCE),
    _ended(date(2016, 1, 7), time(9, 59), _SOURCE),
)
"""Mainland exchanges, stocks and funds; the mechanism was suspended from 2016-01-08."""
