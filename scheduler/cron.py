"""The triggers of a loop on the system clock: APScheduler, in memory, each only calling `tick`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import time

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from services.domain.instruments import Market
from services.slots import ZONES

AFTER_SLOT = {
    Market.CN: (time(13, 0), time(15, 0), time(15, 30)),
    Market.US: (time(16, 0),),
}
"""When waiting orders wake and working orders end, market-local."""

HEARTBEAT_S = 60


def triggers(
    tick: Callable[[], Awaitable[None]], market: Market, times: Iterable[time], grace_s: int
) -> AsyncIOScheduler:
    """Return a scheduler that calls `tick` at each of `times` on weekdays, and once a minute.

    `tick` decides what is due; a trigger that fires late, twice or not at all changes nothing but
    the moment. The scheduler is not started.
    """
    zone = ZONES[market]
    scheduler = AsyncIOScheduler(timezone=zone)
    for at in sorted({*times, *AFTER_SLOT[market]}):
        scheduler.add_job(
            tick,
            CronTrigger(day_of_week="mon-fri", hour=at.hour, minute=at.minute, second=0, timezone=zone),
            id=f"slot-{at:%H%M}",
            misfire_grace_time=grace_s,
            coalesce=True,
            max_instances=1,
        )
    scheduler.add_job(
        tick,
        IntervalTrigger(seconds=HEARTBEAT_S, timezone=zone),
        id="heartbeat",
        misfire_grace_time=HEARTBEAT_S,
        coalesce=True,
        max_instances=1,
    )
    return scheduler
