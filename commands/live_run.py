"""Paper trading on live prices: stays up and fires on the slots, or runs the current slot once."""

from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

from commands.account_claim import claim
from commands.composition import Panels, Parts, market_view, require_ledger, same_run
from commands.earlier_settings import began_in, same_terms
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.minds import Mind, mind_of
from commands.opening import live_genesis, open_calendar
from commands.options import RunOptions
from commands.recorded_run import begin, ordinal_in
from commands.recorded_settings import recorded, run_settings
from commands.run import show_session, show_woken
from commands.screen import Screen
from commands.stored_account import journal_place
from scheduler.loop import Loop, Plan
from scheduler.slot_plan import OncePlan, OpenPlan
from scheduler.world import World
from services.brokers.ledger_file import FileLedger
from services.brokers.simulated import SimulatedExchange
from services.clock import LastEventClock, SystemClock
from services.domain.events import Outcome
from services.domain.instruments import Market, Symbol
from services.journal.account_lock import account_lock
from services.journal.audit_file import AuditFile
from services.journal.journal import Journal
from services.journal.kill_file import kill_requested
from services.journal.sql_store import SqlStore
from services.market.akshare_source import AkshareSource
from services.market.seen_prices import SeenPrices
from services.ports import Fault, JournalFault
from services.settings import Settings
from services.slots import TIMES, ZONES, local

DEFAULT_WATCHLIST = tuple(
    map(
        Symbol,
        (
            "600519.SH",
            "601318.SH",
            "600036.SH",
            "600900.SH",
            "601899.SH",
            "688981.SH",
            "300750.SZ",
            "000333.SZ",
            "002594.SZ",
            "000858.SZ",
        ),
    )
)
"""Ten liquid shares, watched where the configuration names none."""

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
    mind = mind_of(settings)
    folder = AccountFolder(settings.data_dir, settings.account)
    with ExitStack() as opened:
        place = journal_place(settings, folder)
        lock = account_lock(place, settings.account)
        asyncio.run(claim(lock, screen, standby=options.standby))
        opened.callback(lock.release)
        world = _world(settings, mind, folder, place, opened, once=options.once, cache=options.cache)
        if options.once:
            return asyncio.run(_once(world, screen))
        return asyncio.run(_stay_up(world, screen))


def _world(
    settings: Settings,
    mind: Mind,
    folder: AccountFolder,
    place: Path | str,
    opened: ExitStack,
    *,
    once: bool,
    cache: Path | None,
) -> World:
    clock, panels = SystemClock(), Panels(folder.panels)
    watchlist = settings.watchlist or DEFAULT_WATCHLIST
    genesis = live_genesis(settings, mind, watchlist, clock.now())
    store = SqlStore.open(place, settings.account)
    opened.callback(store.close)
    audit, seen = AuditFile(folder.audit), SeenPrices(AkshareSource(clock))
    journal = Journal(store, settings.account, clock, panels.get, (audit.listen, seen.listen))
    if journal.account.genesis is not None:
        same_run(journal.account.genesis, genesis, folder)
        genesis = journal.account.genesis
    store.take_fence()
    decided = run_settings(settings, watchlist, seen.name)
    record = recorded(decided)
    same_terms(journal, decided)
    begin(journal, audit, genesis, record)
    require_ledger(journal, folder.ledger)
    ledger = opened.enter_context(closing(FileLedger(folder.ledger)))
    calendar = open_calendar(settings, cache)
    exchange = SimulatedExchange(
        market=market_view(None, seen.remembered()),
        clock=LastEventClock(lambda: journal.moment, clock),
        calendar=calendar,
        cash_cny=genesis.cash_cny,
        commission=decided.commission,
        frictions=decided.frictions,
        ledger=ledger,
        instruments={},
        zone=ZONES[Market(genesis.market)],
    )

    def stop() -> str:
        with suppress(JournalFault):
            store.require_fence()
            return "the kill file is there" if kill_requested(folder.root) else ""
        return "another process took the account over"

    world = Parts(
        genesis=genesis,
        settings=decided,
        config_hash=record.config_hash,
        clock=clock,
        calendar=calendar,
        prices=seen,
        agent=mind.make(ordinal_in(journal)),
        broker=exchange,
        journal=journal,
        panels=panels,
        stop=stop,
    ).world
    return replace(world, heartbeat_s=_HEARTBEAT_S, grace_s=_ONCE_GRACE_S if once else world.grace_s)


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
    upcoming = loop.next_slot()
    if upcoming is None:
        screen.note("live.no_next")
    else:
        screen.note("live.next", slot=upcoming.local)
    try:
        await ticker.ended()
    finally:
        scheduler.shutdown(wait=False)
    screen.line("live.stopped")
    screen.result({"mode": world.mode, "account": world.account, "stopped": True})
    return Exit.INTERRUPTED if ticker.interrupted else Exit.DONE
