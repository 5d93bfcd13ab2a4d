"""What is due now: decided from the slot plan and the journal, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from scheduler.clock_watch import ClockWatch
from scheduler.commands_inbox import note_kill, stop_asked, take_commands
from scheduler.order_times import expiry, next_beat, wake_due, working_on
from scheduler.reconciler import Reconciler
from scheduler.session import opened, run_session
from scheduler.settling import settle_what_was_said
from scheduler.stages import lapse, look_after, slot_of, wake
from scheduler.world import World
from services.domain.events import CheckOccasion, Opened, Outcome, StageKind
from services.domain.inbox import Pause
from services.domain.orders import OrderTerms
from services.domain.slot import Slot
from services.domain.value import Value
from services.journal.account import SessionState
from services.journal.journal import JournalDrift, Log
from services.ports import BrokerFault, JournalFault
from services.slots import local


class Plan(Protocol):
    """Slots in time."""

    def between(self, after: datetime, until: datetime) -> tuple[Slot, ...]:
        """Return the slots with after < moment <= until, ascending."""

    def next_after(self, moment: datetime) -> Slot | None:
        """Return the first slot after `moment`."""


class Killed(Value, frozen=True, kw_only=True):
    """The kill file was found: how many orders worked then, and how many still do after their cancel."""

    orders: int
    working: int


class Loop:
    """One account's loop. `tick` may be called at any time and as often as one likes.

    Before anything is sent, what a process found at its start is compared with the broker's statement; while
    the broker does not answer whole, slots that pass end as missed.

    `killed` is there once the kill file was found and what worked was cancelled, `stop_asked` tells that
    a command asks for the loop's end: from then on nothing is due. `ended` is called with the id of each
    session that came to its end, `woken` with that of each whose waiting orders were sent later. `world_of`
    returns the world a session began in, in which it is also finished; None where settings cannot change
    on the way.
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
        self.stop_asked = False
        self._first_look = True
        self._looked: set[str] = set()
        self._beaten: datetime | None = None
        self._grace = timedelta(seconds=world.grace_s)
        self._reconciler = Reconciler(world, self._world_of)
        self._clock = ClockWatch(world)

    @property
    def reconciled(self) -> bool:
        """Whether the broker's statement was compared in this process, and trading is open."""
        return self._reconciler.done

    @property
    def why(self) -> str:
        """What is wrong with the clock, why it is not, or what failed last; empty while all is well."""
        return self._clock.why or self._reconciler.why

    @property
    def again_at(self) -> datetime | None:
        """When a broker that did not answer is asked again, None while it does."""
        return self._reconciler.again_at

    @property
    def wakes_again_at(self) -> datetime | None:
        """When orders that wait on for a price of after the break are woken again, None where none do."""
        waiting = self._world.journal.account.waiting()
        return min((wake_due(state) for state in waiting if state.woken_at is not None), default=None)

    async def tick(self, now: datetime) -> None:
        """Go on with what was cut off, take what was asked from outside, then do what is due at `now`.

        While the clock is in doubt only what was asked from outside is taken: no slot comes or is missed.

        Raises:
            JournalFault: The journal cannot be written, or the commands not read.
            JournalDrift: A session cut off does not come out again as recorded.
        """
        try:
            settle_what_was_said(self._world)
            whole = self._clock.believed(now) and await self._go_on_with_what_was_cut_off(now)
            if not await self._killed():
                self._take_commands()
                if whole:
                    await self._do_what_is_due(now)
                await self._killed()
        except (JournalFault, JournalDrift):
            if self._world.killed():
                await self._cancel_unrecorded()
            raise

    async def _go_on_with_what_was_cut_off(self, now: datetime) -> bool:
        """Answer whether all is whole again; what sends waits until the broker's statement was compared."""
        account = self._world.journal.account
        if account.unfinished is None and not account.in_stage():
            return True
        waking, begun = await self._finish_looks(), self._begun()
        if begun is None and not waking:
            return True
        bar = ""
        if not await self._reconciler.compare(CheckOccasion.GOING_ON, now):
            bar = self._bar(begun, waking, now)
            if not bar:
                return False
        await self._finish(begun, waking, now, bar)
        return True

    def _begun(self) -> SessionState | None:
        """Return the session that was cut off, None where none was."""
        account = self._world.journal.account
        return None if account.unfinished is None else account.sessions[account.unfinished]

    async def _finish(
        self, begun: SessionState | None, waking: list[SessionState], now: datetime, bar: str
    ) -> None:
        if begun is not None:
            await self._go_on(begun, now, bar)
        for state in waking:
            await self._wake(state, bar)

    async def _finish_looks(self) -> list[SessionState]:
        """Finish the stages cut off that send nothing; return the sessions whose orders were being woken."""
        waking: list[SessionState] = []
        for state in self._world.journal.account.in_stage():
            if state.stage is None or state.stage.kind is StageKind.WAKE:
                waking.append(state)
            elif state.stage.kind is StageKind.LAPSE:
                await lapse(state, self._world_of(state.opened))
            else:
                await look_after(state, self._world_of(state.opened), state.stage.kind)
        return waking

    def _bar(self, begun: SessionState | None, waking: list[SessionState], now: datetime) -> str:
        """Return why what was cut off is brought to its end without sending, empty while it may yet send."""
        if self._world.killed():
            return "the kill file is there"
        late = begun is None or self._too_late(slot_of(begun, self._world), now)
        stages = [state.stage for state in waking if state.stage is not None]
        last = max((terms.send_by for stage in stages for terms in stage.waiting), default=now)
        return f"the broker did not answer in time: {self._reconciler.why}" if late and last <= now else ""

    def _barred(self, state: SessionState, bar: str) -> World:
        world = self._world_of(state.opened)
        return replace(world, executor=world.executor.barred(bar)) if bar else world

    async def cancel_working(self) -> None:
        """Cancel what works, for an account that is stopped and leaves no order at work.

        What was cut off and waits for its broker sends nothing any more.

        Raises:
            JournalFault: The journal cannot be written.
        """
        waking, begun = await self._finish_looks(), self._begun()
        if begun is not None and not self._world.journal.log(begun.opened.session).has("verdicts"):
            begun = None
        await self._finish(begun, waking, self._world.clock.now(), "the account is stopped")
        await self._look_after(self._world.journal.account.working(), StageKind.STOP)

    def _take_commands(self) -> None:
        words = take_commands(self._world)
        if words:
            self.stop_asked = self.stop_asked or stop_asked(words, first_look=self._first_look)
        self._first_look = False

    async def _do_what_is_due(self, now: datetime) -> None:
        account = self._world.journal.account
        if self.stop_asked:
            return
        if not await self._reconciler.start(now):
            self._give_up_late_slots(now)
            return
        await self._reconciler.before_slots(now)
        await self._give_up_what_a_kill_found()
        for state in account.waiting():
            if wake_due(state) <= now:
                if account.paused is None:
                    await self._wake(state)
                else:
                    await lapse(state, self._world_of(state.opened))
        await self._look_at_working(now)
        for slot in self._plan.between(self._handled(), now):
            if why := self._why_not(slot, now):
                self._missed(slot, why)
                continue
            await self._look_after(account.working(), StageKind.NEXT_SLOT)
            await run_session(slot, self._world)
            self._ended(self._world.session_id(slot))
        await self._reconciler.after_close(now)

    def _give_up_late_slots(self, now: datetime) -> None:
        """Record the slots that passed while the broker did not answer; one still in time is waited with."""
        for slot in self._plan.between(self._handled(), now):
            why = self._why_not(slot, now)
            if not why:
                return
            self._missed(slot, f"{why}; {self._reconciler.why}")

    async def _killed(self) -> bool:
        """Answer whether the kill file is there; note it once, cancel what works and give up what waits.

        What was cut off comes to its end before, without sending: it may not yet have been gone on with, and
        what is cancelled must not be sent by the process that goes on with it later.
        """
        if self.killed is None and self._world.killed():
            account = self._world.journal.account
            waking, begun = await self._finish_looks(), self._begun()
            await self._finish(begun, waking, self._world.clock.now(), "the kill file is there")
            working = account.working()
            note_kill(self._world)
            await self._look_after(working, StageKind.KILL)
            await self._give_up_what_a_kill_found()
            self.killed = Killed(orders=len(working), working=len(account.working()))
        return self.killed is not None

    async def _give_up_what_a_kill_found(self) -> None:
        """Give up the orders that waited when a kill file was found, also where it was taken away since."""
        for state in self._world.journal.account.waiting():
            if state.killed:
                await lapse(state, self._world_of(state.opened))

    async def _cancel_unrecorded(self) -> None:
        """Cancel what works although the journal cannot say so: the broker's listing tells it later."""
        for terms in self._world.journal.account.working():
            with suppress(BrokerFault):
                await self._world.broker.cancel_order(terms.order_id)

    async def _look_at_working(self, now: datetime) -> None:
        """Look after the orders whose day is over, then after those whose heartbeat has come."""
        account = self._world.journal.account
        if not account.book.open_orders:
            return
        working = account.working()
        over = [
            terms
            for terms in working
            if terms.order_id not in self._looked and expiry(terms, self._world) <= now
        ]
        await self._look_after(over, StageKind.EXPIRY)
        again = await self._reconciler.found_again(now)
        await self._look_after(
            [terms for terms in account.working() if terms.order_id in again], StageKind.HEARTBEAT
        )
        beat = next_beat(self._world, self._beaten)
        if beat is not None and beat <= now:
            self._beaten = now
            await self._look_after(
                working_on(self._world, local(now, self._world.market).date()), StageKind.HEARTBEAT
            )

    def next_due(self) -> datetime | None:
        """Return the next moment at which there is something to do, None when there is nothing more."""
        if self.killed is not None or self.stop_asked:
            return None
        account, again_at = self._world.journal.account, self._reconciler.again_at
        if again_at is not None:
            held_up = not self.reconciled or account.unfinished is not None or account.in_stage()
            if held_up:
                return again_at
        slot = self._plan.next_after(self._handled())
        moments = [] if slot is None else [slot.utc]
        for state in account.waiting():
            moments.append(wake_due(state))
        moments += self._reconciler.next_due()
        if account.book.open_orders:
            moments += self._looks_due()
        return min(moments, default=None)

    def _looks_due(self) -> list[datetime]:
        """Return when working orders are looked at next: as their day ends, and at a heartbeat."""
        working = self._world.journal.account.working()
        moments = [expiry(terms, self._world) for terms in working if terms.order_id not in self._looked]
        beat = next_beat(self._world, self._beaten)
        return moments if beat is None else [*moments, beat]

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
        return account.genesis.opened_at - self._grace

    async def _wake(self, state: SessionState, bar: str = "") -> None:
        await wake(state, self._barred(state, bar))
        if not state.waiting:
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

    async def _go_on(self, state: SessionState, now: datetime, bar: str) -> None:
        """Finish a session that was cut off; one cut off before its verdicts is not begun anew too late.

        Nor is it where the kill file is there: its working orders are waiting to be cancelled; nor one that
        a pause was about to put on record as missed, resumed by now or not.
        """
        slot, log = slot_of(state, self._world), self._world.journal.log(state.opened.session)
        if log.has("verdicts"):
            await run_session(slot, self._barred(state, bar))
            self._ended(log.session)
        elif self._world.killed():
            self._close_missed(log, "the kill file is there")
        elif why := self._why_not(slot, now, state.pause):
            self._close_missed(log, why)
        else:
            await run_session(slot, self._barred(state, bar))
            self._ended(log.session)

    def _too_late(self, slot: Slot, now: datetime) -> bool:
        return now - slot.utc > self._grace

    def _why_not(self, slot: Slot, now: datetime, opened_in: Pause | None = None) -> str:
        """Return why no session begins for the slot, empty where one does.

        `opened_in` is the pause in which the first record of it was written. What came before the pause was
        put and is too late was not announced by it.
        """
        pause = opened_in or self._world.journal.account.paused
        if pause is not None and pause.since <= slot.utc:
            return pause.words
        if self._too_late(slot, now):
            return self._late(slot, now)
        return "" if pause is None else pause.words

    def _missed(self, slot: Slot, why: str) -> None:
        log = self._world.journal.log(self._world.session_id(slot))
        log.settle("opened", opened(log.session, slot, self._world))
        self._close_missed(log, why)

    def _late(self, slot: Slot, now: datetime) -> str:
        late_s = int((now - slot.utc).total_seconds())
        return f"{late_s} s late, at most {self._world.grace_s} s are allowed"

    def _close_missed(self, log: Log, why: str) -> None:
        log.close(Outcome.MISSED, why)
        self._ended(log.session)
