"""When working orders are looked at: as their day ends, and at each heartbeat while the market trades."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from scheduler.world import World
from services.domain.instruments import Market
from services.domain.orders import OrderTerms
from services.journal.account import SessionState
from services.rules import rules_of
from services.slots import ZONES, local

_DAY_ENDS = {Market.CN: (time(15, 0), time(15, 30)), Market.US: (time(16, 0), time(16, 0))}
"""When day orders and after-hours orders end, market-local."""

_CLOSE_SHOWN = timedelta(seconds=60)
"""How long after the end of trading a vendor surely shows the closing call's price."""

WAKE_AGAIN = timedelta(seconds=8)
"""After how long prices are asked for again where those there are were made before a break.

No cache gives out the same ones for that long, as it comes.
"""


def expiry(terms: OrderTerms, world: World) -> datetime:
    """Return when a day order is looked at for the last time: as its phase ends, on bars.

    A vendor's quote that tells how the closing call ended comes a little later.
    """
    usual, after_hours = _DAY_ENDS[world.market]
    sent = local(terms.not_before, world.market).time()
    end = datetime.combine(terms.day, usual if sent < usual else after_hours, ZONES[world.market])
    return end if world.prices.panel is not None else end + _CLOSE_SHOWN


def wake_due(state: SessionState) -> datetime:
    """Return when a session's waiting orders are woken: as their time comes, again where they wait on.

    There is at least one.
    """
    due = min(terms.not_before for terms in state.waiting.values())
    return due if state.woken_at is None else max(due, state.woken_at + WAKE_AGAIN)


def next_beat(world: World, beaten: datetime | None) -> datetime | None:
    """Return when working orders are to be looked at next, None where no heartbeat comes that day.

    `beaten` is when they were looked at last. Once the heartbeat's time has come round and the market is
    closed, that is when it trades again.
    """
    working = world.journal.account.working() if world.heartbeat_s else ()
    if not working:
        return None
    sent = max(terms.not_before for terms in working)
    beat = max(sent, beaten or sent) + timedelta(seconds=world.heartbeat_s)
    at = local(beat, world.market)
    starts = [
        max(at, datetime.combine(at.date(), span.start, at.tzinfo))
        for terms in working_on(world, at.date())
        for span in rules_of(terms.symbol, terms.day).phases
        if span.matches and at.time() < span.end
    ]
    return min(starts, default=None)


def working_on(world: World, day: date) -> tuple[OrderTerms, ...]:
    """Return the working orders of `day`."""
    return tuple(terms for terms in world.journal.account.working() if terms.day == day)
