"""An account on a clock and a vendor of the tests, kept up by the code that keeps real ones up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from agents.scripted import ScriptedAgent
from commands.folders import AccountFolder
from commands.live_loop import StayingUp, attended
from commands.live_world import LiveOutside
from commands.minds import Mind
from commands.screen import Screen
from scheduler.loop import Killed
from services.clock import VirtualClock
from services.domain.inbox import LifeWord, Scope
from services.domain.instruments import Symbol
from services.domain.vitals import Vitals
from services.journal.account_lock import AccountLock
from services.journal.inbox import Inboxes
from services.settings import Settings
from services.settings_reading import read_section
from services.vitals_file import read_vitals
from tests.unit.vendor import Vendor

WATCHED = "600000.SH"
FRIDAY = datetime.fromisoformat("2025-10-10T10:00:00+08:00")
HOLDS = '{"rationale": "hold", "orders": []}'


def at_ten(_symbol: Symbol, _moment: datetime) -> str:
    """Show 10.00 for everything, always."""
    return "10.00"


def friday(clock: str) -> datetime:
    """Return a time of the first day."""
    return datetime.fromisoformat(f"2025-10-10T{clock}:00+08:00")


def scripted(*answers: str) -> Mind:
    """Return a mind that gives these answers, one a session."""
    return Mind(
        name="scripted:hand",
        make=lambda past: ScriptedAgent(answers, past.ordinal_of, name="scripted:hand"),
        script="0" * 64,
    )


def settings_in(data_dir: Path, **more: object) -> Settings:
    """Return the settings of an hourly paper account."""
    given = {"data_dir": str(data_dir), "frequency": "hourly", "watchlist": (WATCHED,), **more}
    return read_section(Settings, given)


class Process:
    """A process that stays up: driven by hand, minute by minute, as its triggers would drive it."""

    def __init__(self, settings: Settings, *answers: str, now: datetime = FRIDAY) -> None:
        self.settings, self.clock = settings, VirtualClock(now)
        self.vendor = Vendor(self.clock, at_ten)
        self.folder = AccountFolder(settings.data_dir, settings.account)
        self._mind = scripted(*(answers or (HOLDS,) * 8))
        self.running: StayingUp | None = None

    def outside(self) -> LiveOutside:
        """Return the clock and the vendor it goes by."""
        return LiveOutside(self.clock, self.vendor)

    @property
    def up(self) -> StayingUp:
        """What keeps the account up, once it is opened."""
        assert self.running is not None
        return self.running

    def live(self, *acts: Callable[[Process], Awaitable[None]]) -> Killed | None:
        """Start, do the acts, ask for the end where nobody did, and return how it ended."""

        async def life() -> Killed | None:
            with ExitStack() as opened:
                lock = AccountLock(self.folder.root)
                lock.acquire()
                opened.callback(lock.release)
                account = attended(
                    self.settings,
                    self._mind,
                    opened,
                    None,
                    Screen("en", as_json=False),
                    self.outside(),
                )
                self.running = StayingUp(account)
                begun = asyncio.Event()
                running = asyncio.create_task(self.running.run(begun.set))
                waiting = asyncio.create_task(begun.wait())
                await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
                for act in acts:
                    if not running.done():
                        await act(self)
                if not running.done() and not self.running.commanded:
                    self.running.stop()
                waiting.cancel()
                return await running

        return asyncio.run(life())

    async def tick(self, moment: datetime) -> None:
        """Let the clock stand at `moment` and a trigger fire."""
        self.clock.jump(moment)
        await self.up.tick()

    def put(self, word: LifeWord, why: str = "w") -> None:
        """Put a word into the account's inbox, as another process does."""
        inboxes = Inboxes(self.folder.journal, self.settings.account)
        args = {"why": why, "by": "ann", "at": self.clock.now().isoformat()}
        inboxes.put(Scope.HERE, str(word), args)
        inboxes.close()

    @property
    def vitals(self) -> Vitals:
        """What the process last said."""
        found = read_vitals(self.folder.root)
        assert found is not None
        return found


def ticks(*clocks: str) -> Callable[[Process], Awaitable[None]]:
    """Return an act that lets triggers fire at these times of the first day."""

    async def act(process: Process) -> None:
        for clock in clocks:
            await process.tick(friday(clock))

    return act
