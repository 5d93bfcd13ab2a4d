"""What an account's process says of itself while it runs, for whoever looks: written as it lives."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import datetime

from commands.folders import AccountFolder
from commands.screen import Screen
from monitor.signs import RunSummary, Signs
from scheduler.loop import Loop
from services.domain.vitals import LifeState, Vitals
from services.ports import Clock, JournalFault
from services.service_notify import ALIVE, STARTING, notify
from services.settings import Settings
from services.slots import local
from services.version import KAIPAN_VERSION
from services.vitals_file import write_vitals

BEAT_S = 15.0
"""How often a process says how it is doing."""


class Beats:
    """The vitals of one account, from the claim of its lock to its end.

    They are written every `BEAT_S` by a task of the very event loop that trades, so that they stop where it
    hangs, and at once where the state changes. `listen` takes the journal's events. `given_up` tells how
    many alerts reached nobody.
    """

    def __init__(
        self,
        settings: Settings,
        folder: AccountFolder,
        clock: Clock,
        screen: Screen,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings, self._folder, self._clock, self._screen = settings, folder, clock, screen
        self._sleep = sleep
        self.given_up: Callable[[], int] = lambda: 0
        self.signs = Signs()
        self.listen = self.signs.listen
        self.started_at = clock.now()
        self._state, self._why = LifeState.STARTING, ""
        self._loop: Loop | None = None
        self._ticked_at: datetime | None = None
        self._written: LifeState | None = None
        self._untold = True

    @property
    def state(self) -> LifeState:
        """Where the account is in its life; one that runs may be paused."""
        paused = self._state is LifeState.RUNNING and self.signs.paused
        return LifeState.PAUSED if paused else self._state

    def follow(self, loop: Loop) -> None:
        """Tell of this loop from now on."""
        self._loop = loop

    def say(self, state: LifeState, why: str = "") -> None:
        """Go on to a state, and write so."""
        self._state, self._why = state, why
        level = "error" if state is LifeState.ERROR else "info"
        self._screen.log("life", level, state=state, why=why)
        self.write()

    def ticked(self, trouble: str = "") -> None:
        """Note that a tick came through, or what kept it from that; write where the state changed by it."""
        self._why = trouble
        if not trouble:
            self._ticked_at = self._clock.now()
        if self._written is not self.state:
            self.write()

    async def run(self) -> None:
        """Write again and again, until cancelled."""
        while True:
            self.write()
            notify(f"{ALIVE}\n{STARTING}" if self._state is LifeState.STARTING else ALIVE)
            await self._sleep(BEAT_S)

    def write(self) -> None:
        """Write the vitals as of now; where that fails it is told once, and the account goes on."""
        try:
            write_vitals(self._folder.root, self.vitals())
            self._written, self._untold = self.state, True
        except JournalFault as fault:
            if self._untold:
                self._screen.note("life.vitals", why=fault)
            self._untold = False

    def vitals(self) -> Vitals:
        """Return how the account is doing now."""
        signs, now, loop = self.signs, self._clock.now(), self._loop
        upcoming = loop.next_slot() if loop is not None and self._state.alive else None
        return Vitals(
            account=self._settings.account,
            mode=str(self._settings.mode),
            market=str(self._settings.market),
            state=self.state,
            pid=os.getpid(),
            host=socket.gethostname(),
            version=KAIPAN_VERSION,
            at=now,
            started_at=self.started_at,
            beat_s=BEAT_S,
            ticked_at=self._ticked_at,
            reconciled=loop is not None and loop.reconciled,
            next_slot=None if upcoming is None else upcoming.moment,
            sessions=signs.sessions,
            orders_placed=signs.placed,
            orders_filled=signs.filled,
            unresolved=signs.unresolved,
            halts=len(signs.account.halts),
            pnl_today_cny=signs.profit_cny_on(local(now, self._settings.market).date()),
            equity_cny=signs.equity_cny,
            prices_at=signs.prices_at,
            alerts_given_up=self.given_up(),
            why=self._why or (loop.why if loop is not None else ""),
        )

    def summary(self) -> RunSummary:
        """Return what became of the account since the process began."""
        return self.signs.summary(self.started_at, self._clock.now())
