"""Whether the machine's clock can be believed, and the record lies behind it."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.world import World
from services.domain.events import FaultRecord
from services.domain.instruments import Market
from services.journal.journal import Journal
from services.ports import ClockFault
from services.slots import local

AHEAD_MAX = timedelta(seconds=60)
"""The record may be ahead of the clock by so much: time servers move it by seconds."""


class ClockWatch:
    """Looks at the clock of an account; `why` tells what is wrong with it, empty while all is well.

    Each trouble is recorded once. A clock that only moves when it is moved is never in doubt.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.why = ""

    def believed(self, now: datetime) -> bool:
        """Answer whether the clock is to be believed at `now`: while it is not, nothing is due or sent.

        Raises:
            JournalFault: The trouble cannot be recorded.
        """
        world = self._world
        if world.clock_doubt is None:
            return True
        doubt, before = world.clock_doubt(), self.why
        self.why = doubt or _ahead(world, now)
        if self.why and self.why != before:
            record = FaultRecord(door=ClockFault.door, asked="the time", why=self.why)
            world.journal.write("", f"{ClockFault.door}:{len(world.journal.events)}", record)
        return not doubt


def require_behind(journal: Journal, market: Market, now: datetime) -> None:
    """Return where the record lies behind the clock: else that is wrong, or was.

    Raises:
        ClockFault: The record is ahead of it by more than a minute.
    """
    last = journal.moment
    if last is None or last <= now + AHEAD_MAX:
        return
    ends, here = (local(one, market).isoformat(" ", "seconds") for one in (last, now))
    raise ClockFault(
        "the time",
        f"the record of {journal.name} goes to {ends}, this clock says {here}, and nothing is traded twice; "
        f"set the clock right; if it is right, start again after {ends}, or restore a backup made before",
    )


def _ahead(world: World, now: datetime) -> str:
    """Return that the record is ahead of the clock, empty where it is not."""
    last = world.journal.moment
    if last is None or last <= now + AHEAD_MAX:
        return ""
    ends = local(last, world.market).isoformat(" ", "seconds")
    return f"the record goes to {ends}, which the clock has not come to: no slot before then is run"
