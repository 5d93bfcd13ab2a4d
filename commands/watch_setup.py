"""From configurations to watches: which accounts, who looks at the machine, where each keeps its files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from commands.alert_channels import lines_of
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.screen import Screen
from commands.stored_account import journal_place
from commands.true_time import clock_hosts, true_time
from commands.watch_desk import WatchDesk, WatchPost
from scheduler.slot_plan import OpenPlan
from services.alerts.dead_man import DeadManPing
from services.calendar_apart import DaysApart
from services.calendar_check import Compared, DaySource, compare, day_sources
from services.calendars import FollowedCalendar
from services.clock import stopwatch_s
from services.domain.bars import Frequency
from services.domain.events import Genesis
from services.domain.instruments import Market
from services.journal.account_lock import is_taken
from services.journal.accounts import accounts_at
from services.journal.tail import JournalTail
from services.ports import Clock, JournalFault
from services.process_table import ProcessFigures, process_figures, this_host
from services.settings import Settings
from services.settings_environment import process_environment
from services.slots import ZONES, local
from services.watched_account import AccountEye, WatchedPlace
from services.watched_machine import MachineEye, MachinePlace


@dataclass(frozen=True, kw_only=True)
class WatchOutside:
    """What a watch goes by beside the files: the clock, the stopwatch, the process table, the network.

    `locks` tells to look whether a process has the account's lock, where that lies beside the journal:
    for who looks once. `network` False asks nobody.
    """

    clock: Clock
    stopwatch: Callable[[], float] = stopwatch_s
    figures: Callable[[int], ProcessFigures | None] = process_figures
    host: str = ""
    network: bool = True
    locks: bool = False


def watches(
    asked: Sequence[Settings], cache: Path | None, screen: Screen, outside: WatchOutside
) -> tuple[WatchDesk, ...]:
    """Return a watch of each account; the first of each data folder looks at the machine too.

    Raises:
        CommandFailed: An account stands twice, or is a run over recorded prices.
        JournalFault: The accounts of a folder or database cannot be listed.
    """
    desks: list[WatchDesk] = []
    seen_folders: set[Path] = set()
    seen_accounts: set[Path] = set()
    for settings in asked:
        root = AccountFolder(settings.data_dir, settings.account).root.absolute()
        if root in seen_accounts:
            raise CommandFailed(Exit.USAGE, f"account {settings.account!r} is named twice; leave one out")
        seen_accounts.add(root)
        data_dir = settings.data_dir.absolute()
        leads = data_dir not in seen_folders
        seen_folders.add(data_dir)
        first = leads and not desks
        desks.append(WatchDesk(_post(settings, cache, screen, outside, leads=leads, first=first)))
    return tuple(desks)


def accounts_of(settings: Settings) -> tuple[Settings, ...]:
    """Return the settings for each account on live prices in the data folder or database of `settings`.

    Raises:
        CommandFailed: There is none.
        JournalFault: They cannot be listed.
    """
    url = settings.journal_url
    data = settings.data_dir if url is None else url.reveal()
    names = accounts_at(data, AccountFolder(settings.data_dir, settings.account).journal.name)
    found = []
    for name in names:
        own = replace(settings, account=name)
        begun = genesis_of(own)
        if begun is None or begun.run_id == "live":
            found.append(own)
    if not found:
        raise CommandFailed(
            Exit.USAGE, f"there is no account on live prices in {settings.data_dir}; see --data-dir"
        )
    return tuple(found)


def require_live(settings: Settings) -> None:
    """Do nothing where the account is on live prices, or was not begun yet.

    Raises:
        CommandFailed: It is a run over recorded prices, which fires on no clock.
    """
    begun = genesis_of(settings)
    if begun is not None and begun.run_id != "live":
        raise CommandFailed(
            Exit.USAGE,
            f"account {settings.account!r} in {settings.data_dir} is a run over recorded prices, which "
            "nobody has to watch; name one on live prices",
        )


def genesis_of(settings: Settings) -> Genesis | None:
    """Return the first record of an account, None where there is none or it cannot be read now."""
    tail = JournalTail(
        journal_place(settings, AccountFolder(settings.data_dir, settings.account)), settings.account
    )
    try:
        tail.catch_up()
    except JournalFault:
        return None
    return tail.told.genesis


def watch_folder(settings: Settings) -> Path:
    """Return where the watch of an account keeps its own files: beside the data folder, not in it."""
    usual = settings.data_dir.absolute()
    folder = settings.watchdog.folder or usual.with_name(f"{usual.name}-watchdog")
    return folder / settings.account


def _post(
    settings: Settings, cache: Path | None, screen: Screen, outside: WatchOutside, *, leads: bool, first: bool
) -> WatchPost:
    begun, now = genesis_of(settings), outside.clock.now()
    market = settings.market if begun is None else Market(begun.market)
    frequency = settings.frequency if begun is None else Frequency(begun.frequency)
    calendar = FollowedCalendar(market, cache, settings.calendar_overlay, strict=False)
    folder = AccountFolder(settings.data_dir, settings.account)
    place = WatchedPlace(
        account=settings.account,
        folder=folder.root,
        journal=journal_place(settings, folder),
        market=market,
        calendar=calendar,
        due=OpenPlan(market, frequency, calendar, settings.slot_times).between,
        grace_s=settings.grace_s,
        host=outside.host or this_host(),
        figures=outside.figures,
        stopwatch=outside.stopwatch,
        locked=partial(is_taken, folder.root) if outside.locks and settings.journal_url is None else None,
    )
    url = settings.watchdog.dead_man_url
    return WatchPost(
        settings=settings,
        folder=watch_folder(settings),
        account=AccountEye(place, now),
        machine=MachineEye(_machine(settings, market, calendar, outside), now) if leads else None,
        lines=lines_of(settings, outside.clock),
        dead_man=DeadManPing(url.reveal()) if url is not None and first else None,
        clock=outside.clock,
        zone=ZONES[market],
        screen=screen,
    )


def _machine(
    settings: Settings, market: Market, calendar: FollowedCalendar, outside: WatchOutside
) -> MachinePlace:
    def known_until() -> tuple[date | None, str]:
        return calendar.known_until, calendar.fault

    def decided() -> Collection[date]:
        return calendar.decided

    async def compared() -> Compared:
        return await compared_days(settings, market, calendar, outside.clock)

    asked = true_time(clock_hosts(settings), outside.clock, outside.stopwatch)
    checked = outside.network and settings.watchdog.calendar_check and market is Market.CN
    return MachinePlace(
        data_dir=settings.data_dir,
        market=market,
        known_until=known_until,
        decided=decided,
        offset=asked if outside.network else None,
        compare=compared if checked else None,
        clock_every_s=settings.watchdog.clock_every_s,
    )


async def compared_days(
    settings: Settings, market: Market, calendar: FollowedCalendar, clock: Clock
) -> Compared:
    """Return what other sources say of the market's trading days."""
    sources = day_sources_of(settings, market, clock, DaysApart())
    return await compare(calendar, sources, local(clock.now(), market).date(), calendar.decided)


def day_sources_of(
    settings: Settings, market: Market, clock: Clock, akshare: DaySource
) -> tuple[DaySource, ...]:
    """Return who may be asked of the market's trading days: tushare where its token is configured."""
    key = settings.data_source.api_key
    token = key.reveal() if key is not None and settings.data_source.type == "tushare" else ""
    return day_sources(market, clock, token, process_environment(), akshare)
