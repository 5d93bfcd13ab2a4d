"""One moment at which a session is due. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cached_property

from services.domain.bars import Frequency
from services.domain.instruments import Market
from services.domain.value import Value


class Slot(Value, frozen=True, kw_only=True, dict=True):
    """A planned session: its trading day, the market's local label and the exact moment (aware)."""

    market: Market
    frequency: Frequency
    day: date
    at: time
    moment: datetime

    @cached_property
    def label(self) -> str:
        """`20251010-1035`: the day and local time, part of the session id."""
        return f"{self.day.isoformat().replace('-', '')}-{self.at.isoformat('minutes').replace(':', '')}"

    @cached_property
    def utc(self) -> datetime:
        """The moment in UTC: moments of one zone are compared twenty times faster than those of two."""
        return self.moment.astimezone(UTC)

    @property
    def local(self) -> str:
        """`2025-10-10 10:35:00`: the slot time in the market's zone, as the audit trail prints it."""
        return f"{self.day.isoformat()} {self.at.isoformat('seconds')}"
