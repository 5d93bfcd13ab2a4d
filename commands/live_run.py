"""Paper trading on live prices: stays up and fires on the slots, or runs the current slot once."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import datetime, time, timedelta

from commands.account_claim import claim
from commands.boardless import warn_of_boardless
from commands.failures import Exit
from commands.folders import AccountFolder
from commands.kept_answers import kept_answers, warn_without_key
from commands.live_loop import (
    Attended,
    StayingUp,
    attended,
    require_clock,
    run_once,
    tell_not_opened,
)
from commands.live_prices import require_source
from commands.live_world import live_outside
from commands.minds import mind_of
from commands.options import RunOptions
from commands.run import tell_killed
from commands.screen import Screen
from commands.stored_account import journal_place
from commands.ticking import EndAsked
from monitor.run_view import run_json, run_text
from scheduler.loop import Loop, Plan
from services.domain.instruments import Market
from services.journal.account_lock import account_lock
from services.journal.journal import JournalDrift
from services.ports import Fault
from services.service_notify import READY, STOPPING, notify
from services.settings import Settings
from services.slots import ZONES, local


def run_on_live_prices(settings: Settings, options: RunOptions, screen: Screen) -> Exit:
    """Run the account on live prices until it is stopped, or its current slot once.

    Raises:
        CommandFailed: There is no source for the market, or another process has the account.
        Fault: The account cannot be opened, or its journal not be written.
    """
    require_source(settings)
    mind = mind_of(settings, kept_answers(settings, options.llm, screen), live=True)
    warn_without_key(settings, screen)
    warn_of_boardless(settings.watchlist, screen)
    folder = AccountFolder(settings.data_dir, settings.account)
    with ExitStack() as opened:
        lock = account_lock(journal_place(settings, folder), settings.account)
        asyncio.run(claim(lock, screen, standby=options.standby))
        opened.callback(lock.release)
        outside = live_outside(settings, screen)
        try:
            asyncio.run(require_clock(settings, screen, outside))
            account = attended(settings, mind, opened, options.cache, screen, outside)
        except (JournalDrift, Fault) as error:
            asyncio.run(tell_not_opened(settings, str(error), screen, outside))
            raise
        return asyncio.run(_once(account) if options.once else _stay_up(account))


async def _once(account: Attended) -> Exit:
    """Run the latest slot of today that has not run."""
    world, screen, plan = account.world, account.screen, account.plan
    now = world.clock.now()
    found = await run_once(account)
    if found.killed is not None:
        return tell_killed(found.killed, world, screen)
    following = plan.next_after(now)
    states = world.journal.account.sessions
    screen.result(
        {
            "mode": world.mode,
            "frequency": str(world.frequency),
            "account": world.account,
            "run_id": world.run_id,
            "sessions": len(found.ended),
            "ended": [{"id": session, "outcome": str(states[session].outcome)} for session in found.ended],
            "next_slot": None if following is None else following.local,
        }
    )
    if not found.ended:
        screen.line(why_nothing_ran(plan, world.market, now), day=local(now, world.market).date())
    if following is not None:
        screen.line("live.next", slot=following.local)
    return Exit.UNAVAILABLE if found.failed else Exit.DONE


def why_nothing_ran(plan: Plan, market: Market, now: datetime) -> str:
    """Return the key of the sentence that tells why no slot was left to run at `now`."""
    midnight = datetime.combine(local(now, market).date(), time(0), ZONES[market])
    today = plan.between(midnight, midnight + timedelta(days=1))
    if not today:
        return "live.not_a_trading_day"
    return "live.nothing_due" if today[0].moment > now else "live.already_run"


async def _stay_up(account: Attended) -> Exit:
    """Fire on the slots until a person or the system asks for the end."""
    world, screen = account.world, account.screen
    running = StayingUp(account)

    def stop() -> None:
        notify(STOPPING)
        running.stop()

    def begun() -> None:
        notify(READY)
        tell_next(running.loop, screen)

    asked = EndAsked(stop)
    asked.listen()
    screen.note(
        "live.started",
        account=world.account,
        source=world.prices.name,
        agent=world.agent.name,
        count=len(world.watchlist),
    )
    killed = await running.run(begun)
    if killed is not None:
        return tell_killed(killed, world, screen)
    summary = await running.end_told()
    screen.line("life.summary", text=run_text(summary, screen.lang))
    screen.line("live.stopped")
    screen.result(
        {"mode": world.mode, "account": world.account, "stopped": True, "summary": run_json(summary)}
    )
    return Exit.INTERRUPTED if asked.interrupted else Exit.DONE


def tell_next(loop: Loop, screen: Screen) -> None:
    """Print when the next slot comes."""
    upcoming = loop.next_slot()
    if upcoming is None:
        screen.note("live.no_next")
    else:
        screen.note("live.next", slot=upcoming.local)
