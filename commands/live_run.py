"""Paper trading on live prices: stays up and fires on the slots, or runs the current slot once."""

from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime, time, timedelta

from commands.account_claim import claim
from commands.earlier_settings import began_in
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.kept_answers import kept_answers
from commands.live_world import configured, open_live_account
from commands.minds import mind_of
from commands.options import RunOptions
from commands.run import show_session, show_woken, tell_killed
from commands.screen import Screen
from commands.stored_account import journal_place
from scheduler.loop import Loop, Plan
from scheduler.slot_plan import OncePlan, OpenPlan
from scheduler.world import World
from services.domain.events import Outcome
from services.domain.instruments import Market
from services.journal.account_lock import account_lock
from services.ports import Fault, JournalFault
from services.settings import Settings
from services.slots import TIMES, ZONES, local

_ONCE_GRACE_S = int(timedelta(days=1).total_seconds())

_HEARTBEAT_S = 45
"""Shorter than the minute between two ticks, so that working orders are looked at on each of them."""


def run_on_live_prices(settings: Settings, options: RunOptions, screen: Screen) -> Exit:
    """Run the account on live prices until it is stopped, or its current slot once.

    Raises:
        CommandFailed: There is no source for the market, or another process has the account.
    """
    if settings.market is not Market.CN or settings.data_source.type != "akshare":
        raise CommandFailed(
            Exit.UNAVAILABLE,
            f"no source of live prices for market {settings.market}, data_source.type "
            f"{settings.data_source.type!r}; there is akshare for cn; give --prices FILE to run on a file",
        )
    mind = mind_of(settings, kept_answers(settings, options.llm, screen), live=True)
    folder = AccountFolder(settings.data_dir, settings.account)
    with ExitStack() as opened:
        place = journal_place(settings, folder)
        lock = account_lock(place, settings.account)
        asyncio.run(claim(lock, screen, standby=options.standby))
        opened.callback(lock.release)
        account = open_live_account(settings, folder, place, opened, options.cache)
        world = replace(configured(account, mind), heartbeat_s=_HEARTBEAT_S)
        if options.once:
            return asyncio.run(_once(replace(world, grace_s=_ONCE_GRACE_S), screen))
        return asyncio.run(_stay_up(world, screen))


async def _once(world: World, screen: Screen) -> Exit:
    """Run the latest slot of today that has not run."""
    plan = OpenPlan(world.market, world.frequency, world.calendar, world.times)
    ended: list[str] = []
    now = world.clock.now()
    once = OncePlan(
        plan, world.market, lambda slot: world.session_id(slot) in world.journal.account.sessions
    )
    loop = Loop(world, once, ended.append, world_of=lambda opened: began_in(world, opened))
    await loop.tick(now)
    for session in ended:
        show_session(world, session, screen)
    if loop.killed is not None:
        return tell_killed(loop.killed, world, screen)
    following = plan.next_after(now)
    states = world.journal.account.sessions
    screen.result(
        {
            "mode": world.mode,
            "frequency": str(world.frequency),
            "account": world.account,
            "run_id": world.run_id,
            "sessions": len(ended),
            "ended": [{"id": session, "outcome": str(states[session].outcome)} for session in ended],
            "next_slot": None if following is None else following.local,
        }
    )
    if not ended:
        screen.line(why_nothing_ran(plan, world.market, now), day=local(now, world.market).date())
    if following is not None:
        screen.line("live.next", slot=following.local)
    failed = any(states[session].outcome is Outcome.FAILED for session in ended)
    return Exit.UNAVAILABLE if failed else Exit.DONE


def why_nothing_ran(plan: Plan, market: Market, now: datetime) -> str:
    """Return the key of the sentence that tells why no slot was left to run at `now`."""
    midnight = datetime.combine(local(now, market).date(), time(0), ZONES[market])
    today = plan.between(midnight, midnight + timedelta(days=1))
    if not today:
        return "live.not_a_trading_day"
    return "live.nothing_due" if today[0].moment > now else "live.already_run"


class _Ticker:
    """Ticks a loop, one tick at a time, until its end is asked for or a tick breaks what it needs."""

    def __init__(self, loop: Loop, world: World, screen: Screen) -> None:
        self._loop, self._world, self._screen = loop, world, screen
        self._stopping, self._turn = asyncio.Event(), asyncio.Lock()
        self._broken: list[Exception] = []
        self.interrupted = False

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

    def listen(self) -> None:
        """End on Ctrl-C and on the system's request."""
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                asyncio.get_running_loop().add_signal_handler(number, self._stop, number)

    async def ended(self) -> None:
        """Return once the end was asked for and the tick under way is through.

        Raises:
            Exception: What broke a tick.
        """
        await self._stopping.wait()
        async with self._turn:
            if self._broken:
                raise self._broken[0]

    def _stop(self, number: signal.Signals) -> None:
        self.interrupted = self.interrupted or number is signal.SIGINT
        self._stopping.set()

    def _break(self, error: Exception) -> None:
        self._broken.append(error)
        self._stopping.set()


async def _stay_up(world: World, screen: Screen) -> Exit:
    """Fire on the slots until a person or the system asks for the end."""
    from scheduler.cron import triggers

    loop = Loop(
        world,
        OpenPlan(world.market, world.frequency, world.calendar, world.times),
        lambda session: show_session(world, session, screen),
        lambda session: show_woken(world, session, screen),
        lambda opened: began_in(world, opened),
    )
    ticker = _Ticker(loop, world, screen)
    ticker.listen()
    screen.note(
        "live.started",
        account=world.account,
        source=world.prices.name,
        agent=world.agent.name,
        count=len(world.watchlist),
    )
    times = world.times or TIMES[world.market, world.frequency]
    scheduler = triggers(ticker.tick, world.market, times, world.grace_s)
    scheduler.start()
    await ticker.tick()
    if loop.killed is None:
        _tell_next(loop, screen)
    try:
        await ticker.ended()
    finally:
        scheduler.shutdown(wait=False)
    if loop.killed is not None:
        return tell_killed(loop.killed, world, screen)
    screen.line("live.stopped")
    screen.result({"mode": world.mode, "account": world.account, "stopped": True})
    return Exit.INTERRUPTED if ticker.interrupted else Exit.DONE


def _tell_next(loop: Loop, screen: Screen) -> None:
    upcoming = loop.next_slot()
    if upcoming is None:
        screen.note("live.no_next")
    else:
        screen.note("live.next", slot=upcoming.local)
