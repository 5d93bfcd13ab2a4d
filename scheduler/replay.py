"""A recorded account lived again, step by step, against its record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from scheduler.session import opened, run_session
from scheduler.settling import settle
from scheduler.stages import lapse, look_after, slot_of, wake
from scheduler.world import World
from services.domain.book import OrderEnded
from services.domain.events import Closed, Event, Look, Opened, Outcome, Settlement, StageKind
from services.domain.fills import Fill
from services.domain.orders import OrderId, OrderState
from services.domain.statement import CANCEL
from services.journal.account import SessionState
from services.journal.checking import CheckingJournal
from services.slots import local


@dataclass(slots=True)
class Replay:
    """Runs every recorded session and stage again, in the order in which they happened.

    `world_for` returns the world a session lives in, by the session's first record; `withdraw` cancels an
    order at its exchange as of a moment. Nothing is written; what differs is in the journal's `differences`.
    """

    journal: CheckingJournal
    world_for: Callable[[Opened], World]
    withdraw: Callable[[OrderId, datetime], Awaitable[None]]

    async def run(self, until: str | None = None) -> None:
        """Live again up to and with session `until`, later stages of it included; None: everything."""
        last = max((event.seq for event in self.journal.recorded if event.session == until), default=None)
        for event in self.journal.recorded:
            if last is not None and event.seq > last:
                return
            await self._take(event)
            if event.session and event.session == self.journal.diverging:
                return

    async def _take(self, event: Event) -> None:
        journal = self.journal
        if journal.find(event.session, event.step) is not None:
            return
        journal.start_at(datetime.fromisoformat(event.at))
        if not event.session:
            # What no session computes, people's commands among it, is taken as it stands.
            value = journal.value(event)
            journal.write(event.session, event.step, value)
            if isinstance(value, Settlement) and value.order_id in journal.account.settlements:
                session = journal.account.order_session[value.order_id]
                settle(self.world_for(journal.account.sessions[session].opened), value)
        elif event.step == "opened":
            await self._session(event)
        elif event.kind == "look":
            await self._stage(event)

    async def _session(self, event: Event) -> None:
        journal = self.journal
        recorded = cast(Opened, journal.value(event))
        world = self.world_for(recorded)
        closed = journal.recorded_value(event.session, "closed")
        slot = slot_of(SessionState(opened=recorded, opening=journal.account.book), world)
        if isinstance(closed, Closed) and closed.outcome is Outcome.MISSED:
            journal.log(event.session).settle("opened", opened(event.session, slot, world))
            journal.take_as_recorded(event.session)
            return
        await run_session(slot, world)

    async def _stage(self, event: Event) -> None:
        look = cast(Look, self.journal.value(event))
        state = self.journal.account.sessions[event.session]
        world = self.world_for(state.opened)
        for order_id, moment in self._cancelled_unrecorded(event, local(look.moment, world.market).date()):
            await self.withdraw(order_id, moment)
        self.journal.start_at(look.moment)
        if look.stage is StageKind.WAKE:
            await wake(state, world)
        elif look.stage is StageKind.LAPSE:
            await lapse(state, world)
        else:
            await look_after(state, world, look.stage)

    def _cancelled_unrecorded(self, look: Event, day: date) -> Iterator[tuple[OrderId, datetime]]:
        """Yield the orders that a stage found cancelled by nothing on record, and as of when they were.

        A process that the kill file stopped while its journal could not be written cancelled them, right
        behind what it had recorded last. A cancel on record may confirm that one: of an order whose day is
        over by the stage's `day` it can do nothing else.
        """
        state = self.journal.account.sessions[look.session]
        rested, asked, traded = f"{look.step.removesuffix('look')}rested", set[str](), dict[str, Event]()
        for event in self.journal.of_session(look.session):
            if CANCEL in event.step:
                asked.add(event.step.rpartition(":")[2])
            elif event.seq > look.seq:
                if event.step == rested:
                    return
                if event.kind == "fill":
                    traded[cast(Fill, self.journal.value(event)).order_id] = event
                if event.kind == "order_ended":
                    ended = cast(OrderEnded, self.journal.value(event))
                    terms = state.orders.get(ended.order_id)
                    late = ended.order_id not in asked or (terms is not None and terms.day < day)
                    if late and ended.state is OrderState.CANCELLED:
                        last = traded.get(ended.order_id) or self._last_before(look)
                        yield ended.order_id, datetime.fromisoformat(last.at)

    def _last_before(self, look: Event) -> Event:
        """Return the last event before a stage that a process wrote which had asked its exchange before."""
        before = reversed(self.journal.recorded[: look.seq - 1])
        return next(event for event in before if event.session or event.kind == "check")
