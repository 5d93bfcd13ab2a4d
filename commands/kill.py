"""`kill`: let nothing leave any more, cancel what works, and stop whoever trades."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from commands.account_claim import claim
from commands.earlier_settings import began_in
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.halts import reason, require_place
from commands.minds import silent
from commands.screen import Screen
from commands.stored_account import journal_place, stored_account
from monitor.plain_text import printable
from scheduler.loop import Killed, Loop
from services.clock import SystemClock
from services.domain.inbox import Scope
from services.domain.instruments import Market
from services.domain.slot import Slot
from services.journal.account import Account
from services.journal.account_lock import AccountBusy, WriterLock, account_lock
from services.journal.journal import JournalDrift
from services.journal.kill_file import KILL_NAME, kill_requested, put_kill_file, remove_kill_file
from services.person import person
from services.ports import Fault
from services.settings import Settings

_NOTHING = Killed(orders=0, working=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one account: `state` is running, stopped, finished or failed, `why` why it failed.

    Of a running one the orders are its own process's to cancel.
    """

    account: str
    state: str
    orders: int = 0
    working: int = 0
    why: str = ""


def kill(settings: Settings, scope: Scope, why: str, screen: Screen, cache: Path | None) -> Exit:
    """Put the kill file, then cancel what works and give up what waits of each account that no process runs.

    Raises:
        CommandFailed: There is no such account or folder, or no reason is given.
        JournalFault: The file cannot be made, or the accounts not listed.
    """
    words = f"{reason(why)} ({person()}, {SystemClock().now().isoformat(timespec='seconds')})"
    require_place(settings, scope)
    place = _place(settings, scope)
    put_kill_file(place, words)
    screen.note("kill.put", path=place / KILL_NAME)
    outcomes = [_stopped(settings, name, screen, cache) for name in _accounts(settings, scope)]
    for one in outcomes:
        screen.line(f"kill.{one.state}", **{**asdict(one), "why": printable(one.why)})
        if one.working:
            screen.line("run.killed.working", working=one.working)
    screen.line("run.killed.undo")
    screen.result(
        {"kill_file": str(place / KILL_NAME), "why": words, "accounts": [asdict(one) for one in outcomes]}
    )
    left = any(one.working or one.state == "failed" for one in outcomes)
    return Exit.UNAVAILABLE if left else Exit.DONE


def undo(settings: Settings, scope: Scope, screen: Screen) -> Exit:
    """Take the kill file away; orders leave again once a process is started.

    Raises:
        CommandFailed: There is none.
        JournalFault: It cannot be removed.
    """
    place = _place(settings, scope)
    if not remove_kill_file(place):
        raise CommandFailed(
            Exit.USAGE, f"there is no {place / KILL_NAME}; the data folder has one, and each account's folder"
        )
    still = scope is Scope.HERE and kill_requested(place)
    screen.line("kill.undone.still" if still else "kill.undone", path=place / KILL_NAME)
    screen.result({"kill_file": None, "removed": str(place / KILL_NAME), "killed_still": still})
    return Exit.DONE


def _place(settings: Settings, scope: Scope) -> Path:
    return settings.data_dir / settings.account if scope is Scope.HERE else settings.data_dir


def _accounts(settings: Settings, scope: Scope) -> tuple[str, ...]:
    if scope is Scope.HERE:
        return (settings.account,)
    from services.journal.accounts import accounts_at

    url = settings.journal_url
    data = settings.data_dir if url is None else url.reveal()
    return accounts_at(data, AccountFolder(settings.data_dir, settings.account).journal.name)


def _stopped(settings: Settings, name: str, screen: Screen, cache: Path | None) -> Outcome:
    """Cancel and give up what is open of an account no process runs; whatever fails is in the outcome."""
    own = replace(settings, account=name)
    take = partial(_take, screen)
    try:
        with _locked(own, take) as free:
            if not free:
                return Outcome(account=name, state="running")
            with stored_account(own) as account:
                if account.journal.account.finished is not None:
                    return Outcome(account=name, state="finished")
                if not _anything_open(account.journal.account):
                    return Outcome(account=name, state="stopped")
                live = account.genesis.run_id == "live"
            if live:
                killed = _on_live_prices(own, cache)
        if not live:
            killed = _on_recorded_prices(own, cache, take)
    except AccountBusy:
        return Outcome(account=name, state="running")
    except (CommandFailed, Fault, JournalDrift) as error:
        return Outcome(account=name, state="failed", why=str(error))
    return Outcome(account=name, state="stopped", orders=killed.orders, working=killed.working)


def _take(screen: Screen, lock: WriterLock) -> None:
    """Take the lock; who only looks at it, or says that it listens, is no process that would cancel anything.

    Raises:
        AccountBusy: Another process has it.
        JournalFault: It cannot be taken or told.
    """
    asyncio.run(claim(lock, screen, standby=False))


@contextmanager
def _locked(settings: Settings, take: Callable[[WriterLock], None]) -> Iterator[bool]:
    """Hold the account's lock for the block; False where another process has it."""
    folder = AccountFolder(settings.data_dir, settings.account)
    lock = account_lock(journal_place(settings, folder), settings.account)
    try:
        take(lock)
    except AccountBusy:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _anything_open(account: Account) -> bool:
    return bool(account.working() or account.waiting() or account.unfinished or account.in_stage())


class _NoSlots:
    """No slot ever: nothing new is begun."""

    def between(self, after: datetime, until: datetime) -> tuple[Slot, ...]:
        return ()

    def next_after(self, moment: datetime) -> Slot | None:
        return None


def _on_live_prices(settings: Settings, cache: Path | None) -> Killed:
    """Cancel what works of an account on live prices, whose lock is held."""
    from commands.live_world import as_it_was_left, open_live_account

    folder = AccountFolder(settings.data_dir, settings.account)
    with ExitStack() as opened:
        account = open_live_account(settings, folder, journal_place(settings, folder), opened, cache)
        world = as_it_was_left(account, silent("silent"))
        loop = Loop(world, _NoSlots(), world_of=lambda began: began_in(world, began))
        asyncio.run(loop.tick(world.clock.now()))
    return loop.killed or _NOTHING


def _on_recorded_prices(settings: Settings, cache: Path | None, take: Callable[[WriterLock], None]) -> Killed:
    """Cancel what works of a run over recorded prices that was cut off, on its own clock."""
    from commands.opening import Recorded, open_calendar
    from commands.recorded_run import RecordedRun, Watch, begun
    from commands.recorded_settings import restored

    with stored_account(settings) as account:
        genesis, panel, record = account.genesis, account.panel, begun(account.journal)
    if panel is None or record is None:
        raise CommandFailed(Exit.USAGE, f"{account.folder.root}: the journal holds no prices or settings")
    decided = restored(record)
    market = replace(settings, market=Market(genesis.market))
    recorded = Recorded(
        panel=panel,
        watchlist=decided.watchlist,
        calendar=open_calendar(market, cache),
        genesis=genesis,
        panels=account.panels,
    )
    run = RecordedRun(
        recorded,
        decided,
        silent(genesis.agent),
        account.folder,
        journal_place(settings, account.folder),
        take,
    )
    return run.execute(Watch()).killed or _NOTHING
