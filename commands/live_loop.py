"""An account on live prices, attended: its world with what tells a person of it, run once or on its slots."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from commands.alert_desk import AlertDesk
from commands.earlier_settings import began_in
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.live_world import LiveOutside, configured, open_live_account
from commands.minds import Mind
from commands.run import show_session, show_woken
from commands.screen import Screen
from commands.stored_account import journal_place
from scheduler.loop import Killed, Loop
from scheduler.slot_plan import OncePlan, OpenPlan
from scheduler.world import World
from services.domain.events import Outcome
from services.domain.instruments import Market
from services.journal.journal import Listener
from services.journal.sql_store import SqlStore
from services.ports import Fault, JournalFault
from services.settings import Settings
from services.slots import TIMES

_ONCE_GRACE_S = int(timedelta(days=1).total_seconds())

_HEARTBEAT_S = 45
"""Shorter than the minute between two ticks, so that working orders are looked at on each of them."""


def require_source(settings: Settings) -> None:
    """Do nothing where there is a source of live prices for the settings.

    Raises:
        CommandFailed: There is none.
    """
    if settings.market is not Market.CN or settings.data_source.type != "akshare":
        raise CommandFailed(
            Exit.UNAVAILABLE,
            f"no source of live prices for market {settings.market}, data_source.type "
            f"{settings.data_source.type!r}; there is akshare for cn; give --prices FILE to run on a file",
        )


@dataclass(frozen=True, kw_only=True)
class Attended:
    """An account whose lock is held: its world, and the desk that tells a person of it."""

    world: World
    desk: AlertDesk
    screen: Screen

    @property
    def plan(self) -> OpenPlan:
        """The slots the account fires on."""
        world = self.world
        return OpenPlan(world.market, world.frequency, world.calendar, world.times)


def attended(
    settings: Settings,
    mind: Mind,
    opened: ExitStack,
    cache: Path | None,
    screen: Screen,
    outside: LiveOutside,
    listener: Listener | None = None,
) -> Attended:
    """Return the settings' account; what is opened is given back by `opened`. The caller holds the lock.

    `listener` is told of every event too.

    Raises:
        CommandFailed: The account was begun with settings that cannot be changed.
        JournalFault: The journal, the audit trail or the outbox cannot be written.
    """
    folder = AccountFolder(settings.data_dir, settings.account)
    place = journal_place(settings, folder)
    desk = AlertDesk(settings, folder, place, outside.clock, screen, outside.source)

    def listeners(store: SqlStore) -> tuple[Listener, ...]:
        desk.begin(store.head().seq, opened)
        return (desk.listen,) if listener is None else (desk.listen, listener)

    account = open_live_account(settings, folder, place, opened, cache, listeners, outside)
    world = replace(configured(account, mind), heartbeat_s=_HEARTBEAT_S)
    return Attended(world=world, desk=desk, screen=screen)


@dataclass(frozen=True, kw_only=True)
class OneSlot:
    """What came of running the current slot once: the sessions that ended, and whether it was killed."""

    ended: tuple[str, ...]
    killed: Killed | None
    failed: bool


async def run_once(account: Attended) -> OneSlot:
    """Run the latest slot of today that has not run, and send what there is to tell of it."""
    try:
        return await _one_slot(account)
    finally:
        await account.desk.end(account.world)


async def _one_slot(account: Attended) -> OneSlot:
    world = replace(account.world, grace_s=_ONCE_GRACE_S)
    once = OncePlan(
        account.plan, world.market, lambda slot: world.session_id(slot) in world.journal.account.sessions
    )
    ended: list[str] = []
    loop = Loop(world, once, ended.append, world_of=lambda opened: began_in(world, opened))
    await loop.tick(world.clock.now())
    for session in ended:
        show_session(world, session, account.screen)
    states = world.journal.account.sessions
    return OneSlot(
        ended=tuple(ended),
        killed=loop.killed,
        failed=any(states[session].outcome is Outcome.FAILED for session in ended),
    )


class EndAsked:
    """Ctrl-C and the system's request to end, passed on to `stop`; `interrupted` tells of Ctrl-C."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self.interrupted = False

    def listen(self) -> None:
        """Listen from now on."""
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, self._take, number)

    def _take(self, number: signal.Signals) -> None:
        self.interrupted = self.interrupted or number is signal.SIGINT
        self._stop()


class Ticker:
    """Ticks a loop, one tick at a time, until its end is asked for or a tick breaks what it needs."""

    def __init__(self, loop: Loop, world: World, screen: Screen) -> None:
        self._loop, self._world, self._screen = loop, world, screen
        self._stopping, self._turn = asyncio.Event(), asyncio.Lock()
        self._broken: list[Exception] = []

    async def tick(self) -> None:
        """Do what is due now; a fault of the outside is told, and the next tick tries again."""
        async with self._turn:
            try:
                await self._loop.tick(self._world.clock.now())
            except JournalFault as fault:
                self._break(fault)
            except Fault as fault:
                self._screen.note("live.tick_failed", why=fault)
            except Exception as error:
                self._break(error)
                raise
            if self._loop.killed is not None:
                self._stopping.set()

    def stop(self) -> None:
        """Ask for the end: the tick under way is the last."""
        self._stopping.set()

    async def ended(self) -> None:
        """Return once the end was asked for and the tick under way is through.

        Raises:
            Exception: What broke a tick.
        """
        await self._stopping.wait()
        async with self._turn:
            if self._broken:
                raise self._broken[0]

    def watch(self, task: asyncio.Task[None]) -> None:
        """End where the task beside the loop breaks: an account that can tell nobody is not left alone."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self._break(error)

    def _break(self, error: Exception) -> None:
        self._broken.append(error)
        self._stopping.set()


class StayingUp:
    """An account that fires on its slots until a person or the system asks for the end."""

    def __init__(self, account: Attended) -> None:
        world, screen = account.world, account.screen
        self.account = account
        self.loop = Loop(
            world,
            account.plan,
            lambda session: show_session(world, session, screen),
            lambda session: show_woken(world, session, screen),
            lambda opened: began_in(world, opened),
        )
        self._ticker = Ticker(self.loop, world, screen)

    def stop(self) -> None:
        """Ask for the end."""
        self._ticker.stop()

    async def run(self, begun: Callable[[], None] = lambda: None) -> Killed | None:
        """Fire until the end; `begun` is called once what was due at the start is done.

        Returns what a kill file found, None where the end was asked for.

        Raises:
            JournalFault: The journal cannot be written.
            Exception: A bug.
        """
        from scheduler.cron import triggers

        world, desk, ticker = self.account.world, self.account.desk, self._ticker
        times = world.times or TIMES[world.market, world.frequency]
        scheduler = triggers(ticker.tick, world.market, times, world.grace_s)
        scheduler.start()
        telling = asyncio.create_task(desk.run(world))
        telling.add_done_callback(ticker.watch)
        try:
            await ticker.tick()
            if self.loop.killed is None:
                begun()
            await ticker.ended()
        finally:
            scheduler.shutdown(wait=False)
            await desk.end(world, telling)
            telling.cancel()
        return self.loop.killed
