"""Whether an account is open for business: its broker has answered this process whole, and was compared."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from scheduler.statement_check import WorldOf, check
from scheduler.world import World
from services.domain.events import CheckOccasion, FaultRecord, TradingDay
from services.domain.instruments import Market
from services.domain.orders import OrderId
from services.domain.statement import Sight
from services.ports import BrokerFault
from services.slots import ZONES, local

PAUSE_S_MIN, PAUSE_S_MAX = 1.0, 60.0

_BEFORE_OPEN = time(9, 15)
_AFTER_CLOSE = {Market.CN: time(15, 35), Market.US: time(16, 5)}
"""When the day's statements are asked for, market-local: the latter once day orders have ended."""


def pause_s(account: str, failures: int) -> float:
    """Return how long to wait after so many failures in a row, in seconds: doubled each time, 1 to 60.

    Up to half of it is left out, by chance seeded from both, so that accounts do not come back together.
    """
    whole = min(PAUSE_S_MAX, PAUSE_S_MIN * 2.0 ** min(failures, 10))
    return max(PAUSE_S_MIN, whole * (1 - Random(f"{account}:{failures}").random() / 2))


class Reconciler:
    """Holds the broker's statement against the journal when it is time; after a failure again, with a pause.

    `done` tells that this process may trade: what it found at its start was compared. `why` tells why it may
    not, or what failed last; empty while all is well. `again_at` is when a check that failed comes again.
    """

    def __init__(self, world: World, world_of: WorldOf) -> None:
        self._world, self._world_of = world, world_of
        self.done = False
        self.why = "the broker's statement was not compared yet"
        self.again_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._failures = 0
        self._told = ""
        self._asked_at: datetime | None = None

    async def start(self, now: datetime) -> bool:
        """Compare what this process found at its start, once; answer whether it may trade.

        A run that begins here found nothing, and is compared by its first session.

        Raises:
            JournalFault: It cannot be written.
        """
        if not self.done:
            world = self._world
            past = world.daily_checks or world.journal.account.last_session is not None
            self.done = not past or await self.compare(CheckOccasion.START, now)
            if self.done:
                self.why = ""
        return self.done

    async def compare(self, occasion: CheckOccasion, now: datetime) -> bool:
        """Compare now, unless it failed just before; answer whether the broker answered whole.

        Raises:
            JournalFault: It cannot be written.
        """
        if self._pausing(now):
            return False
        try:
            await check(self._world, self._world_of, occasion)
        except BrokerFault as fault:
            self._failed(fault)
            return False
        self._failed_at = self.again_at = None
        self._failures, self.why, self._told = 0, "", ""
        return True

    def _pausing(self, now: datetime) -> bool:
        """Answer whether the last failure is too fresh; a clock set back does not make the pause longer."""
        since, until = self._failed_at, self.again_at
        return since is not None and until is not None and since <= now < until

    def _failed(self, fault: BrokerFault) -> None:
        """Come again later; each reason is recorded once."""
        self._failed_at = self._world.clock.now()
        wait = timedelta(seconds=pause_s(self._world.account, self._failures))
        self.again_at, self._failures = self._failed_at + wait, self._failures + 1
        self.why = str(fault)
        if self._told != self.why:
            self._told, journal = self.why, self._world.journal
            record = FaultRecord(door=fault.door, asked=fault.asked, why=fault.why)
            journal.write("", f"unanswered:{len(journal.events)}", record)

    async def before_slots(self, now: datetime) -> None:
        """Compare before the day's first slot, where that is asked for and was not done yet.

        Raises:
            JournalFault: It cannot be written.
        """
        if self._world.daily_checks:
            await self._compare_daily(CheckOccasion.BEFORE_OPEN, _BEFORE_OPEN, now)

    async def after_close(self, now: datetime) -> None:
        """Compare once day orders have ended, where that is asked for and was not done yet.

        Raises:
            JournalFault: It cannot be written.
        """
        if self._world.daily_checks:
            await self._compare_daily(CheckOccasion.AFTER_CLOSE, _AFTER_CLOSE[self._world.market], now)

    async def _compare_daily(self, occasion: CheckOccasion, since: time, now: datetime) -> None:
        world = self._world
        day = local(now, world.market).date()
        due = _at(day, since, world.market)
        checked = world.journal.account.checked_at
        if now < due or (checked is not None and checked >= due):
            return
        if world.calendar.trading_day(day) is TradingDay.OPEN:
            await self.compare(occasion, now)

    async def found_again(self, now: datetime) -> tuple[OrderId, ...]:
        """Return the unresolved orders of which the broker can tell now; it is asked once each heartbeat."""
        world, account = self._world, self._world.journal.account
        if not account.unresolved or not world.heartbeat_s:
            return ()
        beat = timedelta(seconds=world.heartbeat_s)
        if self._asked_at is not None and self._asked_at <= now < self._asked_at + beat:
            return ()
        self._asked_at = now
        found: list[OrderId] = []
        for order_id in account.unresolved:
            if account.book.order(order_id) is not None:
                sighting = await world.broker.get_order_status(order_id)
                if sighting.sight is not Sight.CANNOT_TELL:
                    found.append(order_id)
        return tuple(found)

    def next_due(self) -> tuple[datetime, ...]:
        """Return when it has something to ask again."""
        moments, account = [] if self.again_at is None else [self.again_at], self._world.journal.account
        if account.unresolved and account.book.open_orders and self._asked_at is not None:
            moments.append(self._asked_at + timedelta(seconds=self._world.heartbeat_s))
        return tuple(moments)


def _at(day: date, at: time, market: Market) -> datetime:
    return datetime.combine(day, at, ZONES[market])
