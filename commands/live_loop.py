"""An account on live prices, attended: its world with what tells a person of it, run once or on its slots."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from commands.account_log import journal_log, open_log
from commands.alert_desk import AlertDesk
from commands.beats import Beats
from commands.earlier_settings import began_in
from commands.failures import CommandFailed
from commands.folders import AccountFolder
from commands.live_world import LiveOutside, configured, open_live_account
from commands.minds import Mind
from commands.run import show_session, show_woken
from commands.screen import Screen
from commands.stored_account import journal_place
from commands.ticking import Ticker
from commands.true_time import require_right
from monitor.run_view import broken_alert, stopped_alert
from monitor.signs import RunSummary
from scheduler.loop import Killed, Loop
from scheduler.slot_plan import OncePlan, OpenPlan
from scheduler.world import World
from services.domain.events import Outcome
from services.domain.vitals import LifeState
from services.journal.journal import JournalDrift, Listener
from services.journal.sql_store import SqlStore
from services.ports import ClockFault, Fault
from services.settings import Settings
from services.slots import TIMES, ZONES

_ONCE_GRACE_S = int(timedelta(days=1).total_seconds())

_ASKED_AGAIN_MAX = 4
"""How often a broker that does not answer is asked again for one slot: after some 1, 2, 4 and 8 s."""

_HEARTBEAT_S = 45
"""Shorter than the minute between two ticks, so that working orders are looked at on each of them."""


@dataclass(frozen=True, kw_only=True)
class Attended:
    """An account whose lock is held: its world, the desk that tells a person of it, and its vitals.

    `leave_orders` tells that orders go on working once the process is stopped.
    """

    world: World
    desk: AlertDesk
    screen: Screen
    beats: Beats
    leave_orders: bool

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
    beats: Beats | None = None,
) -> Attended:
    """Return the settings' account; what is opened is given back by `opened`. The caller holds the lock.

    `listener` is told of every event too; without `beats` the account's vitals are its own. Where the
    account cannot be opened its vitals say why; the caller lets `tell_not_opened` tell of a fault.

    Raises:
        ClockFault: The account's record is ahead of the clock.
        CommandFailed: The account was begun with settings that cannot be changed.
        JournalDrift: The record does not come out again.
        JournalFault: The journal, the audit trail or the outbox cannot be written.
    """
    folder = AccountFolder(settings.data_dir, settings.account)
    place = journal_place(settings, folder)
    desk = AlertDesk(settings, folder, place, outside.clock, screen, outside.source)
    log = open_log(settings, folder.root, outside.clock)
    opened.callback(log.close)
    screen.log = log
    told = beats or Beats(settings, folder, outside.clock, screen)
    told.given_up = lambda: desk.given_up
    told.say(LifeState.STARTING)

    def listeners(store: SqlStore) -> tuple[Listener, ...]:
        desk.begin(store.head().seq, opened)
        heard = (desk.listen, told.listen, journal_log(log, store.head().seq))
        return heard if listener is None else (*heard, listener)

    try:
        account = open_live_account(settings, folder, place, opened, cache, listeners, outside)
        world = replace(
            configured(account, mind),
            heartbeat_s=_HEARTBEAT_S,
            daily_checks=True,
            clock_doubt=outside.clock_doubt,
        )
    except (CommandFailed, JournalDrift, Fault) as error:
        told.say(LifeState.ERROR, str(error))
        raise
    told.signs.begin()
    return Attended(
        world=world, desk=desk, screen=screen, beats=told, leave_orders=settings.stop_orders == "leave"
    )


async def require_clock(settings: Settings, screen: Screen, outside: LiveOutside) -> None:
    """Return where no web server says that the clock is wrong; else the account's vitals say so.

    Raises:
        ClockFault: It is: what is recorded under a clock that is ahead keeps slots to come from being run.
    """
    try:
        await require_right(outside.true_time)
    except ClockFault as fault:
        folder = AccountFolder(settings.data_dir, settings.account)
        Beats(settings, folder, outside.clock, screen).say(LifeState.ERROR, str(fault))
        raise


async def tell_not_opened(settings: Settings, why: str, screen: Screen, outside: LiveOutside) -> None:
    """Tell a person that the account could not be opened, as far as its channels can be reached."""
    folder = AccountFolder(settings.data_dir, settings.account)
    place = journal_place(settings, folder)
    desk = AlertDesk(settings, folder, place, outside.clock, screen, outside.source)
    try:
        await desk.tell(broken_alert(settings.account, why, outside.clock.now()))
    finally:
        desk.close()


@dataclass(frozen=True, kw_only=True)
class OneSlot:
    """What came of running the current slot once: the sessions that ended, and whether it was killed."""

    ended: tuple[str, ...]
    killed: Killed | None
    failed: bool


async def run_once(account: Attended) -> OneSlot:
    """Run the latest slot of today that has not run, and send what there is to tell of it."""
    beats = account.beats
    beating = asyncio.create_task(beats.run())
    try:
        found = await _one_slot(account)
    except Exception as error:
        beats.say(LifeState.ERROR, str(error) or type(error).__name__)
        raise
    finally:
        beating.cancel()
        await account.desk.end(account.world)
    beats.say(LifeState.STOPPED)
    return found


async def _one_slot(account: Attended) -> OneSlot:
    world = replace(account.world, grace_s=_ONCE_GRACE_S)
    once = OncePlan(
        account.plan, world.market, lambda slot: world.session_id(slot) in world.journal.account.sessions
    )
    ended: list[str] = []
    loop = Loop(world, once, ended.append, world_of=lambda opened: began_in(world, opened))
    account.beats.follow(loop)
    account.beats.say(LifeState.RUNNING)
    await loop.tick(world.clock.now())
    for _ in range(_ASKED_AGAIN_MAX):
        if loop.again_at is None or loop.killed is not None:
            break
        # A slot run once does not wait for a broker for long: it says that it failed, and why.
        await asyncio.sleep(max(0.0, (loop.again_at - world.clock.now()).total_seconds()))
        await loop.tick(world.clock.now())
    held_up = loop.killed is None and not loop.stop_asked and not loop.reconciled
    if held_up:
        account.screen.note("live.tick_failed", why=loop.why)
    for session in ended:
        show_session(world, session, account.screen)
    states = world.journal.account.sessions
    return OneSlot(
        ended=tuple(ended),
        killed=loop.killed,
        failed=held_up or any(states[session].outcome is Outcome.FAILED for session in ended),
    )


class StayingUp:
    """An account that fires on its slots until a person or the system asks for the end.

    After `run` `commanded` tells whether a command asked for it.
    """

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
        account.beats.follow(self.loop)
        self._ticker = Ticker(self.loop, world, screen, account.beats.ticked)

    @property
    def commanded(self) -> bool:
        """Whether a command asked for the end."""
        return self.loop.stop_asked

    async def tick(self) -> None:
        """Do what is due now, as each trigger asks."""
        await self._ticker.tick()

    def stop(self) -> None:
        """Ask for the end: a session under way is finished."""
        self.account.beats.say(LifeState.STOPPING)
        self._ticker.stop()

    async def run(self, begun: Callable[[], None] = lambda: None) -> Killed | None:
        """Fire until the end; `begun` is called once what was due at the start is done.

        Returns what a kill file found, None where the end was asked for.

        Raises:
            JournalFault: The journal cannot be written.
            Exception: A bug.
        """
        world, desk, beats = self.account.world, self.account.desk, self.account.beats
        telling = asyncio.create_task(desk.run(world))
        beating = asyncio.create_task(beats.run())
        for task in (telling, beating):
            task.add_done_callback(self._ticker.watch)
        why = ""
        try:
            await self._fire(begun)
        except Exception as error:
            why = str(error) or type(error).__name__
            beats.say(LifeState.ERROR, why)
            self.account.screen.log("broken", "error", why=why, exc_info=True)
            raise
        finally:
            await desk.end(world, telling)
            telling.cancel()
            beating.cancel()
            if why:
                await desk.tell(broken_alert(world.account, why, world.clock.now()))
        beats.say(LifeState.STOPPED, "" if self.loop.killed is None else "the kill file is there")
        return self.loop.killed

    async def end_told(self) -> RunSummary:
        """Return what became of the account since the process began, told to its channels too."""
        summary = self.account.beats.summary()
        await self.account.desk.tell(stopped_alert(summary, ZONES[self.account.world.market]))
        return summary

    async def _fire(self, begun: Callable[[], None]) -> None:
        from scheduler.cron import triggers

        world, ticker, beats = self.account.world, self._ticker, self.account.beats
        times = world.times or TIMES[world.market, world.frequency]
        scheduler = triggers(self.tick, world.market, times, world.grace_s)
        scheduler.start()
        listening = asyncio.create_task(ticker.listen())
        listening.add_done_callback(ticker.watch)
        try:
            await self.tick()
            if self.loop.killed is None:
                if beats.state is LifeState.STARTING:
                    beats.say(LifeState.RUNNING)
                begun()
            await ticker.ended()
        finally:
            scheduler.shutdown(wait=False)
            listening.cancel()
        beats.say(LifeState.STOPPING)
        if self.loop.killed is None and not self.account.leave_orders:
            await self.loop.cancel_working()
