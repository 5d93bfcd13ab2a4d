"""What can be seen of the machine under an account: its disk, its logs, its clock, the calendar."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from services.calendar_check import Compared
from services.clock_offset import Offset
from services.domain.instruments import Market
from services.domain.watched import MachineSeen
from services.slots import local

LOG_NAMES = ("*.log", "*.log.*")
"""What files of a log are called, in the data folder and up to two folders below it."""

CHECK_AGAIN_S = 3600.0
"""A comparison of the calendar that nobody answered is made again after so long; else it is daily."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePlace:
    """Where the data lies, and who tells the rest.

    `known_until` returns the calendar's last day and why it cannot be told, one of them empty;
    `decided` the days its overlay states. `offset` asks hosts for the time, `compare` other sources
    for trading days; None where nobody is to be asked.
    """

    data_dir: Path
    market: Market
    known_until: Callable[[], tuple[date | None, str]]
    decided: Callable[[], Collection[date]]
    offset: Callable[[], Awaitable[Offset | None]] | None
    compare: Callable[[], Awaitable[Compared]] | None
    clock_every_s: float


class MachineEye:
    """Looks at the machine, again and again; what needs the network is asked when it is due, by `ask`."""

    def __init__(self, place: MachinePlace, began: datetime) -> None:
        self._place, self._began = place, began
        self._clock_due: datetime | None = None
        self._days_due: datetime | None = None
        self._offset: Offset | None = None
        self._offset_at: datetime | None = None
        self._compared: Compared | None = None
        self.compared_on: date | None = None

    def look(self, now: datetime) -> MachineSeen:
        """Return what is there at `now`; what cannot be read is named, not raised."""
        place = self._place
        known_until, calendar_fault = place.known_until()
        seen = MachineSeen(
            today=local(now, place.market).date(),
            watched_since=self._began,
            log_bytes=_log_bytes(place.data_dir),
            known_until=known_until,
            calendar_fault=calendar_fault,
        )
        if self._offset is not None:
            found = self._offset
            seen = replace(
                seen, clock_offset_s=found.offset_s, clock_within_s=found.within_s, clock_host=found.host
            )
        if self._compared is not None:
            decided = place.decided()
            differs = tuple(one for one in self._compared.differs if one.day not in decided)
            seen = replace(seen, differs=differs)
        try:
            usage = shutil.disk_usage(place.data_dir)
        except OSError as error:
            seen = replace(seen, disk_fault=f"{place.data_dir}: {error.strerror or error}")
        else:
            seen = replace(seen, free_bytes=usage.free, total_bytes=usage.total)
        # With nobody to ask, the clock is not what is wrong.
        return replace(seen, clock_at=now if place.offset is None else self._offset_at)

    async def ask(self, now: datetime) -> None:
        """Ask hosts and sources what is due at `now`; what they say is in the next look."""
        await self.ask_time(now)
        place = self._place
        today = local(now, place.market).date()
        if place.compare is not None and self.compared_on != today and _due(self._days_due, now):
            self._days_due = now + timedelta(seconds=CHECK_AGAIN_S)
            compared = await place.compare()
            if compared.until:
                self._compared, self.compared_on = compared, today

    async def ask_time(self, now: datetime) -> None:
        """Ask hosts what time it is, where that is due at `now`."""
        place = self._place
        if place.offset is not None and _due(self._clock_due, now):
            self._clock_due = now + timedelta(seconds=place.clock_every_s)
            found = await place.offset()
            if found is not None:
                self._offset, self._offset_at = found, now


def _log_bytes(folder: Path) -> int | None:
    """Return how large the log files are together, None where the folder cannot be looked into."""
    total = 0
    try:
        for below in ("", "*/", "*/*/"):
            files = {path for name in LOG_NAMES for path in folder.glob(f"{below}{name}")}
            total += sum(path.lstat().st_size for path in files)
    except OSError:
        return None
    return total


def _due(due: datetime | None, now: datetime) -> bool:
    """Answer whether something is due; a clock that was set back does not put it off for as long."""
    return due is None or not now < due <= now + timedelta(days=1)
