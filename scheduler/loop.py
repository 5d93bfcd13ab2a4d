"""What is due now: decided from the slot plan and the journal, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from scheduler.commands_inbox import note_kill, take_commands
from scheduler.session import opened, run_session
from scheduler.stages import look_after, slot_of, wake
from scheduler.world import World
from services.domain.events import Opened, Outcome, StageKind
from services.domain.instruments import Market
from services.domain.orders import OrderTerms
from services.domain.slot import Slot
from services.journal.account import SessionState
from services.journal.journal import JournalDrift, Log
from services.ports import BrokerFault, JournalFault
from services.rules import rules_of
from services.slots import ZONES, local

_DAY_ENDS = {Market.CN: (time(15, 0), time(15, 30)), Market.US: (time(16, 0), time(16, 0))}
"""When day orders and after-hours orders end, market-local."""

_CLOSE_SHOWN = timedelta(seconds=60)
"""How long after the end of trading a vendor surely shows the closing call's price."""


class Plan(Protocol):
    """Slots in time."""

    def between(self, after: datetime, until: datetime) -> tuple[Slot, ...]:
        """Return the slots with after < moment <= until, ascending."""

    def next_after(self, moment: datetime) -> Slot | None:
        """Return the first slot after `moment`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """The kill file was found: how many orders worked then, and how many still do after their cancel."""

    orders: int
    working: int


class Loop:
    """One account's loop. `tick` may be called at any time and as often as one likes.

    `killed` is there once the kill file was found and what worked was cancelled: from then on nothing
    is due. `ended` is called with the id of each session that came to its end, `woken` with that of
    each whose waiting orders were sent later. `world_of` returns the world a session began in, in which it
    is also finished; None where settings cannot change on the way.
    """

    def __init__(
        self,
        world: World,
        plan: Plan,
        ended: Callable[[str], None] = lambda _id: None,
        woken: Callable[[str], None] = lambda _id: None,
        world_of: Callable[[Opened], World] | None = None,
    ) -> None:
        self._world, self._plan, self._ended, self._woken = world, plan, ended, woken
        self._world_of = world_of or (lambda _opened: world)
        self.killed: Killed | None = None
        self._looked: set[str] = set()
        self._beaten: datetime | None = None

    async def tick(self, now: datetime) -> None:
        """Go on with what was cut off, take what was asked from outside, then do what is due at `now`.

        Raises:
            JournalFault: The journal cannot be written, or the commands not read.
            JournalDrift: A session cut off does not come out again as recorded.
        """
        try:
            await self._go_on_with_what_was_cut_off(now)
            if not await self._killed():
                take_commands(self._world)
                await self._do_what_is_due(now)
                await self._killed()
        except (JournalFault, JournalDrift):
            if self._world.killed():
                await self._cancel_unrecorded()
            raise

    async def _go_on_with_what_was_cut_off(self, now: datetime) -> None:
        account = self._world.journal.account
        if account.unfinished is not None:
            await self._go_on(account.sessions[account.unfinished], now)
        for state in account.in_stage():
            if state.stage is None or state.stage.kind is StageKind.WAKE:
                await self._wake(state)
            else:
                await look_after(state, self._world_of(state.opened), state.stage.kind)

    async def _do_what_is_due(self, now: datetime) -> None:
        account = self._world.journal.account
        for state in account.waiting():
            if min(terms.not_before for terms in state.waiting.values()) <= now:
                await self._wake(state)
        await self._look_at_working(now)
        for slot in self._plan.between(self._handled(), now):
            if self._too_late(slot, now):
                self._missed(slot, now)
                continue
            await self._look_after(account.working(), StageKind.NEXT_SLOT)
            await self._run(slot)

    async def _killed(self) -> bool:
        """Answer whether the kill file is there; the first time, cancel what works and note it."""
        if self.killed is None and self._world.killed():
            account = self._world.journal.account
            working = account.working()
            note_kill(self._world)
            await self._look_after(working, StageKind.KILL)
            self.killed = Killed(orders=len(working), working=len(account.working()))
        return self.killed is not None

    async def _cancel_unrecorded(self) -> None:
        """Cancel what works although the journal cannot say so: the broker's listing tells it later."""
        for terms in self._world.journal.account.working():
            with suppress(BrokerFault):
                await self._world.broker.cancel_order(terms.order_id)

    async def _look_at_working(self, now: datetime) -> None:
        """Look after the orders whose day is over, then after those whose heartbeat has come."""
        working = self._world.journal.account.working()
        over = [
            terms
            for terms in working
            if terms.order_id not in self._looked and self._expiry(terms) <= now
        ]
        await self._look_after(over, StageKind.EXPIRY)
        beat = self._next_beat()
        if beat is not None and beat <= now:
            self._beaten = now
            await self._look_after(self._on(local(now, self._world.market).date()), StageKind.HEARTBEAT)

    def next_due(self) -> datetime | None:
        """Return the next moment at which there is something to do, None when there is nothing more."""
        if self.killed is not None:
            return None
        account = self._world.journal.account
        moments = [terms.not_before for state in account.waiting() for terms in state.waiting.values()]
        moments += [
            self._expiry(terms) for terms in account.working() if terms.order_id not in self._looked
        ]
        beat = self._next_beat()
        if beat is not None:
            moments.append(beat)
        slot = self._plan.next_after(self._handled())
        if slot is not None:
            moments.append(slot.moment)
        return min(moments, default=None)

    def next_slot(self) -> Slot | None:
        """Return the next slot not handled yet."""
        return self._plan.next_after(self._handled())

    def _handled(self) -> datetime:
        """Return the moment up to which every slot has its session."""
        account = self._world.journal.account
        if account.last_session is not None:
            return account.last_session.opened.slot
        if account.genesis is None:
            raise RuntimeError("the journal has no first event")
        return account.genesis.opened_at - timedelta(seconds=self._world.grace_s)

    async def _run(self, slot: Slot) -> None:
        await run_session(slot, self._world)
        self._ended(self._world.session_id(slot))

    async def _wake(self, state: SessionState) -> None:
        await wake(state, self._world_of(state.opened))
        self._woken(state.opened.session)

    async def _look_after(self, orders: tuple[OrderTerms, ...] | list[OrderTerms], kind: StageKind) -> None:
        if not orders:
            return
        account = self._world.journal.account
        for session in dict.fromkeys(terms.session for terms in orders):
            state = account.sessions[session]
            await look_after(state, self._world_of(state.opened), kind)
        if kind is StageKind.EXPIRY:
            self._looked.update(terms.order_id for terms in orders)

    async def _go_on(self, state: SessionState, now: datetime) -> None:
        """Finish a session that was cut off; one cut off before its verdicts is not begun anew too late.

        Nor is it where the kill file is there: its working orders are waiting to be cancelled.
        """
        slot, log = slot_of(state, self._world), self._world.journal.log(state.opened.session)
        if log.has("verdicts"):
            await run_session(slot, self._world_of(state.opened))
            self._ended(log.session)
        elif self._world.killed():
            self._close_missed(log, "the kill file is there")
        elif self._too_late(slot, now):
            self._close_missed(log, self._late(slot, now))
        else:
            await run_session(slot, self._world_of(state.opened))
            self._ended(log.session)

    def _next_beat(self) -> datetime | None:
        """Return when working orders are to be looked at next, None where no heartbeat comes that day.

        Once the heartbeat's time has come round and the market is closed, that is when it trades again.
        """
        world = self._world
        working = world.journal.account.working() if world.heartbeat_s else ()
        if not working:
            return None
        sent = max(terms.not_before for terms in working)
        beat = max(sent, self._beaten or sent) + timedelta(seconds=world.heartbeat_s)
        at = local(beat, world.market)
        starts = [
            max(at, datetime.combine(at.date(), span.start, at.tzinfo))
            for terms in self._on(at.date())
            for span in rules_of(terms.symbol, terms.day).phases
            if span.matches and at.time() < span.end
        ]
        return min(starts, default=None)

    def _on(self, day: date) -> tuple[OrderTerms, ...]:
        """Return the working orders of `day`."""
        return tuple(terms for terms in self._world.journal.account.working() if terms.day == day)

    def _too_late(self, slot: Slot, now: datetime) -> bool:
        return now - slot.moment > timedelta(seconds=self._world.grace_s)

    def _missed(self, slot: Slot, now: datetime) -> None:
        log = self._world.journal.log(self._world.session_id(slot))
        log.settle("opened", opened(log.session, slot, self._world))
        self._close_missed(log, self._late(slot, now))

    def _late(self, slot: Slot, now: datetime) -> str:
        late_s = int((now - slot.moment).total_seconds())
        return f"{late_s} s late, at most {self._world.grace_s} s are allowed"

    def _close_missed(self, log: Log, why: str) -> None:
        log.close(Outcome.MISSED, why)
        self._ended(log.session)

    def _expiry(self, terms: OrderTerms) -> datetime:
        """Return when a day order is looked at for the last time: as its phase ends, on bars.

        A vendor's quote that tells how the closing call ended comes a little later.
        """
        usual, after_hours = _DAY_ENDS[self._world.market]
        sent = local(terms.not_before, self._world.market).time()
        end = datetime.combine(terms.day, usual if sent < usual else after_hours, ZONES[self._world.market])
        return end if self._world.prices.panel is not None else end + _CLOSE_SHOWN
