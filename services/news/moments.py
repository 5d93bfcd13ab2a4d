"""When an item was published, by what a vendor states: nothing is known before it was out. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from services.domain.instruments import Market
from services.slots import ZONES

_STATED = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:[.:]\d{1,6})?)?)?", re.ASCII
)
_MIDNIGHT = time()
_EPOCH_MS_MIN, _EPOCH_MS_MAX = 946_684_800_000, 4_102_444_800_000
"""The years 2000 to 2099: another number is no time of an item."""
_YEARS = range(2000, 2100)
"""As above: 9999-12-31 and 0001-01-01 are what systems hold for no day."""


def moment_of(stated: object) -> datetime | None:
    """Return the moment that mainland local time states, None where it states none.

    A day without a time, or with the time 00:00:00 that stands for none, counts from its END: the
    item may have come out at any time of it.
    """
    match = _STATED.fullmatch(stated.strip()) if isinstance(stated, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    if year not in _YEARS:
        return None
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=ZONES[Market.CN])
    except ValueError:
        return None
    return known_at(at)


def moment_of_epoch_ms(stated: object) -> datetime | None:
    """Return the moment that milliseconds since 1970 name, as `moment_of` does."""
    if isinstance(stated, bool) or not isinstance(stated, int):
        return None
    if not _EPOCH_MS_MIN <= stated < _EPOCH_MS_MAX:
        return None
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=stated)
    return known_at(at.astimezone(ZONES[Market.CN]))


def known_at(at: datetime) -> datetime:
    """Return the moment, or the end of its day where it is the midnight that stands for a mere date."""
    return at + timedelta(days=1) if at.time() == _MIDNIGHT else at
