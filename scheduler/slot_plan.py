"""The slots of an account in time: those of a fixed period, or without end."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from operator import attrgetter

from services.domain.bars import Frequency
from services.domain.events import TradingDay
from services.domain.instruments import Market
from services.domain.slot import Slot
from services.ports import Calendar
from services.slots import ZONES, slots_of

_LOOK_AHEAD_DAYS = 30


class FixedPlan:
    """All slots of the open days in [start, end].

    A loop asks several times for what comes after one moment, that of the slot handled last: how many slots
    lie not after it is kept until another moment is asked for. That is mostly the next slot's own, and then
    the count is one more, since no two slots share a moment.
    """

    def __init__(
        self,
        market: Market,
        frequency: Frequency,
        calendar: Calendar,
        start: date,
        end: date,
        times: tuple[time, ...] | None = None,
    ) -> None:
        self.slots = tuple(
            slot
            for day in calendar.trading_days(start, end)
            for slot in slots_of(market, frequency, day, times, calendar.early_close(day))
        )
        self._handled: datetime | None = None
        self._past = 0

    def between(self, after: datetime, until: datetime) -> tuple[Slot, ...]:
        """Return the slots with after < moment <= until, ascending."""
        first = end = self._not_after(after)
        until = until.astimezone(UTC)
        while end < len(self.slots) and self.slots[end].utc <= until:
            end += 1
        return self.slots[first:end]

    def next_after(self, moment: datetime) -> Slot | None:
        """Return the first slot after `moment`, None when the period is over."""
        at = self._not_after(moment)
        return self.slots[at] if at < len(self.slots) else None

    def _not_after(self, moment: datetime) -> int:
        """Return how many slots lie not after `moment`."""
        if moment is not self._handled:
            past, self._handled = self._past, moment
            if past < len(self.slots) and self.slots[past].moment is moment:
                self._past = past + 1
            else:
                self._past = bisect_right(self.slots, moment.astimezone(UTC), key=attrgetter("utc"))
        return self._past


class OpenPlan:
    """Slots without end. A weekday the calendar does not know has slots too: each ends without a trade."""

    def __init__(
        self,
        market: Market,
        frequency: Frequency,
        calendar: Calendar,
        times: tuple[time, ...] | None = None,
    ) -> None:
        self._market, self._calendar, self._times = market, calendar, times
        # The calendar itself is asked each time: what it knows of a day may change while this stays up.
        self._of = lru_cache(maxsize=64)(partial(slots_of, market, frequency))

    def between(self, after: datetime, until: datetime) -> tuple[Slot, ...]:
        """Return the slots with after < moment <= until, ascending."""
        zone = ZONES[self._market]
        day, last = after.astimezone(zone).date(), until.astimezone(zone).date()
        found: list[Slot] = []
        while day <= last:
            found += [slot for slot in self.on(day) if after < slot.moment <= until]
            day += timedelta(days=1)
        return tuple(found)

    def next_after(self, moment: datetime) -> Slot | None:
        """Return the first slot after `moment`, None when there is none within 30 days."""
        found = self.between(moment, moment + timedelta(days=_LOOK_AHEAD_DAYS))
        return found[0] if found else None

    def on(self, day: date) -> tuple[Slot, ...]:
        """Return the slots of a day, ascending; empty where it has none."""
        known = self._calendar.trading_day(day)
        if known is TradingDay.CLOSED or (known is TradingDay.UNKNOWN and day.isoweekday() > 5):
            return ()
        return self._of(day, self._times, self._calendar.early_close(day))


class OncePlan:
    """The latest slot of today that has come and has no session yet: what `--once` runs."""

    def __init__(self, plan: OpenPlan, market: Market, taken: Callable[[Slot], bool]) -> None:
        self._plan, self._market, self._taken = plan, market, taken

    def between(self, after: datetime, until: datetime) -> tuple[Slot, ...]:
        """Return that slot, if there is one; `after` does not matter."""
        midnight = until.astimezone(ZONES[self._market]).replace(hour=0, minute=0, second=0, microsecond=0)
        come = self._plan.between(midnight, until)[-1:]
        return tuple(slot for slot in come if not self._taken(slot))

    def next_after(self, moment: datetime) -> Slot | None:
        """Return None: one slot is all there is."""
        return None
