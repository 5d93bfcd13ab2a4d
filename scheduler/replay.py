"""A recorded account lived again, step by step, against its record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from scheduler.session import opened, run_session
from scheduler.settling import settle
from scheduler.stages import lapse, look_after, slot_of, wake
from scheduler.world import World
from services.domain.events import Closed, Event, Look, Opened, Outcome, Settlement, StageKind
from services.journal.account import SessionState
from services.journal.checking import CheckingJournal


@dataclass(slots=True)
class Replay:
    """Runs every recorded session and stage again, in the order in which they happened.

    `world_for` returns the world a session lives in, by the session's first record. Nothing is
    written; what differs is in the journal's `differences`.
    """

    journal: CheckingJournal
    world_for: Callable[[Opened], World]

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
        self.journal.start_at(look.moment)
        if look.stage is StageKind.WAKE:
            await wake(state, world)
        elif look.stage is StageKind.LAPSE:
            await lapse(state, world)
        else:
            await look_after(state, world, look.stage)
