"""The world of an account on live prices: as the configuration has it, or as the account was left."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from commands.composition import Panels, Parts, market_view, require_ledger, same_run
from commands.earlier_settings import same_terms
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.interventions import interventions_in
from commands.live_prices import live_source
from commands.minds import Mind
from commands.opening import follow_calendar, live_genesis
from commands.past import past_in
from commands.recorded_run import begin
from commands.recorded_settings import recorded, restored, run_settings
from commands.screen import Screen
from commands.true_time import TrueTime, clock_hosts, true_time
from commands.whole_journal import require_whole
from scheduler.clock_watch import require_behind
from scheduler.world import World
from services.brokers.ledger_file import FileLedger
from services.brokers.simulated import SimulatedExchange
from services.clock import LastEventClock, SystemClock
from services.domain.events import Genesis, SettingsRecord
from services.domain.instruments import Market, Symbol
from services.journal.audit_file import AuditFile
from services.journal.journal import Journal, Listener
from services.journal.sql_store import SqlStore
from services.market.feeds.host_registry import HostRegistry
from services.market.seen_prices import SeenPrices
from services.market.vendor_source import VendorSource
from services.pacing import Pacer
from services.ports import Clock, JournalFault, PriceSource
from services.settings import Settings
from services.slots import ZONES
from services.steady_clock import SteadyClock

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


class LiveOutside(NamedTuple):
    """The clock an account on live prices goes by, and where its prices come from.

    `clock_doubt` tells why the clock is not believed just now, empty while it is; None for one that cannot
    be wrong. `true_time` asks others for the time; None: nobody is asked.
    """

    clock: Clock
    source: PriceSource
    clock_doubt: Callable[[], str] | None = None
    true_time: TrueTime | None = None


def live_outside(
    settings: Settings, screen: Screen | None = None, hosts: HostRegistry | None = None
) -> LiveOutside:
    """Return the system's clock and the vendors that the settings name.

    `hosts` counts what is asked of each host, for all sources of the process; None: a new one.

    Raises:
        CommandFailed: What the settings name is not installed.
    """
    clock = SteadyClock(SystemClock())

    def tell(why: str) -> None:
        if screen is not None:
            screen.note("live.redis_down", why=why)

    source = live_source(settings, clock, tell, hosts)
    return LiveOutside(clock, source, clock.doubt, true_time(clock_hosts(settings), clock))


def watchlist_of(settings: Settings) -> tuple[Symbol, ...]:
    """Return what an account on live prices watches."""
    return settings.watchlist or DEFAULT_WATCHLIST


@dataclass(frozen=True, kw_only=True)
class LiveAccount:
    """An account on live prices, its lock held: where it lies, and its journal open for writing."""

    settings: Settings
    folder: AccountFolder
    place: Path | str
    opened: ExitStack
    clock: Clock
    store: SqlStore
    audit: AuditFile
    seen: SeenPrices
    journal: Journal
    panels: Panels
    cache: Path | None


def open_live_account(
    settings: Settings,
    folder: AccountFolder,
    place: Path | str,
    opened: ExitStack,
    cache: Path | None,
    listeners: Callable[[SqlStore], tuple[Listener, ...]] = lambda _store: (),
    outside: LiveOutside | None = None,
) -> LiveAccount:
    """Return the account of the settings; what is opened is given back by `opened`.

    `listeners` are told of every event too, once the store is open. Without an `outside` it is the
    system's clock and a source of the account's own.

    Raises:
        CommandFailed: Its journal was changed by somebody.
        JournalFault: Its journal cannot be opened.
    """
    outside = outside or live_outside(settings)
    clock, source = outside.clock, outside.source
    panels = Panels(folder.panels)
    store = SqlStore.open(place, settings.account)
    opened.callback(store.close)
    require_whole(store, settings.account)
    audit, seen = AuditFile(folder.audit), SeenPrices(source)
    heard = (source.listen,) if isinstance(source, VendorSource) else ()
    return LiveAccount(
        settings=settings,
        folder=folder,
        place=place,
        opened=opened,
        clock=clock,
        store=store,
        audit=audit,
        seen=seen,
        journal=Journal(
            store,
            settings.account,
            clock,
            panels.get,
            (audit.hears, seen.listen, *heard, *listeners(store)),
            store.between,
        ),
        panels=panels,
        cache=cache,
    )


def configured(account: LiveAccount, mind: Mind) -> World:
    """Return the account's world by its settings; the first time the account is begun with them.

    Raises:
        ClockFault: Its record is ahead of the clock.
        CommandFailed: The account was begun with others that cannot be changed.
        JournalFault: The journal or the audit trail cannot be written.
    """
    settings, journal = account.settings, account.journal
    require_behind(journal, settings.market, account.clock.now())
    watchlist = watchlist_of(settings)
    genesis = live_genesis(settings, mind, watchlist, account.clock.now())
    if journal.account.genesis is not None:
        same_run(journal.account.genesis, genesis, account.folder)
        genesis = journal.account.genesis
    account.store.take_fence()
    decided = same_terms(journal, run_settings(settings, watchlist, account.seen.name))
    return _wired(account, genesis, recorded(decided), mind)


def as_it_was_left(account: LiveAccount, mind: Mind) -> World:
    """Return the account's world by the settings it ran under last, whatever the configuration says now.

    Raises:
        CommandFailed: The account has run nothing yet.
        JournalFault: The journal or the audit trail cannot be written.
    """
    journal = account.journal
    genesis = journal.account.genesis
    last = [journal.value(event) for event in journal.events if event.kind == "settings_record"][-1:]
    if genesis is None or not last or not isinstance(last[0], SettingsRecord):
        raise CommandFailed(Exit.USAGE, f"{account.folder.root}: the journal holds no settings; see `verify`")
    account.store.take_fence()
    return _wired(account, genesis, last[0], mind)


def _wired(account: LiveAccount, genesis: Genesis, record: SettingsRecord, mind: Mind) -> World:
    journal, seen, clock, folder = account.journal, account.seen, account.clock, account.folder
    begin(journal, account.audit, genesis, record)
    require_ledger(journal, folder.ledger)
    decided, market = restored(record), Market(genesis.market)
    ledger = account.opened.enter_context(closing(FileLedger(folder.ledger)))
    calendar = follow_calendar(replace(account.settings, market=market), account.cache)
    exchange = SimulatedExchange(
        market=market_view(None, seen.remembered(), seen.actions),
        clock=LastEventClock(journal, clock),
        calendar=calendar,
        cash_cny=genesis.cash_cny,
        commission=decided.commission,
        frictions=decided.frictions,
        ledger=ledger,
        instruments=seen.instruments,
        zone=ZONES[market],
    )

    def lost() -> str:
        with suppress(JournalFault):
            account.store.require_fence()
            return ""
        return "another process took the account over"

    return Parts(
        genesis=genesis,
        settings=decided,
        config_hash=record.config_hash,
        clock=clock,
        calendar=calendar,
        prices=seen,
        agent=mind.make(past_in(journal)),
        broker=exchange,
        journal=journal,
        panels=account.panels,
        outside=interventions_in(folder.root, account.place, genesis.account, account.opened, lost),
        pace=Pacer(decided.limits.caps.orders_per_second_max).turn,
    ).world
