"""The composition root: which objects stand behind the doors of an account."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec.structs import replace

from agents.briefing import TEMPLATE_VERSION
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.interventions import Interventions
from commands.recorded_settings import RunSettings
from scheduler.world import World
from services.brokers.market_view import MarketView
from services.domain.bars import CorporateAction, Frequency, Panel
from services.domain.events import Genesis
from services.domain.instruments import Instrument, Market, Symbol, facts_of
from services.domain.universe import Universe
from services.domain.value import Value
from services.executor import Executor
from services.journal.codec import VERSION
from services.journal.journal import Journal
from services.market.columns import open_panel, save_panel
from services.market.first_days import with_first_days
from services.pacing import Pace, at_once
from services.ports import Agent, Broker, Calendar, Clock, PriceSource
from services.rules import RULES_VERSION
from services.version import KAIPAN_VERSION

VERSIONS: Mapping[str, str] = {
    "kaipan": KAIPAN_VERSION,
    "rules": RULES_VERSION,
    "journal": str(VERSION),
    "briefing": TEMPLATE_VERSION,
}
"""What a session's outcome depends on beside its inputs."""


class Panels:
    """The stored panels of a data folder, each opened once and checked against its digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Panel] = {}

    def get(self, digest: str) -> Panel:
        """Return the panel of that digest.

        Raises:
            OSError: It is not there.
            ValueError: It was changed.
        """
        if digest not in self._open:
            self._open[digest] = open_panel(self._folder, digest)
        return self._open[digest]

    def hold(self, panel: Panel) -> None:
        """Hold a panel that was opened from the folder, and checked, just now."""
        self._open[panel.digest] = panel

    def keep(self, panel: Panel) -> None:
        """Store the panel, so that the journal can name it."""
        save_panel(panel, self._folder)
        self._open[panel.digest] = panel


class Parts(Value, frozen=True, kw_only=True, dict=True):
    """What one account is made of; `world` puts it together."""

    genesis: Genesis
    settings: RunSettings
    config_hash: str
    clock: Clock
    calendar: Calendar
    prices: PriceSource
    agent: Agent
    broker: Broker
    journal: Journal
    panels: Panels
    outside: Interventions = msgspec.field(default_factory=Interventions)
    pace: Pace = at_once
    versions: Mapping[str, str] | None = None

    @cached_property
    def world(self) -> World:
        """The world its sessions run in."""
        settings, outside = self.settings, self.outside
        return World(
            account=self.genesis.account,
            mode=self.genesis.mode,
            run_id=self.genesis.run_id,
            market=Market(self.genesis.market),
            frequency=Frequency(self.genesis.frequency),
            clock=self.clock,
            calendar=self.calendar,
            prices=self.prices,
            agent=self.agent,
            broker=self.broker,
            journal=self.journal,
            executor=Executor(
                self.broker,
                self.clock,
                self.journal,
                outside.stop,
                outside.commands,
                exits_while_halted=settings.limits.exits.while_halted,
                pace=self.pace,
            ),
            watchlist=settings.watchlist,
            instruments=instruments_of(self.prices.panel, settings.watchlist),
            limits=settings.limits,
            commission=settings.commission,
            versions=self.versions or VERSIONS,
            config_hash=self.config_hash,
            lang=settings.lang,
            briefing_tokens_max=settings.briefing_tokens_max,
            memory_sessions=settings.memory_sessions,
            grace_s=settings.grace_s,
            keep_orders=settings.keep_orders,
            times=settings.times,
            watched=frozenset(settings.watchlist),
            keep_panel=self.panels.keep,
            commands=outside.commands,
            killed=outside.killed,
            kill_words=outside.kill_words,
            universe=_universe(self.prices.panel, settings.watchlist),
        )


def _universe(panel: Panel | None, watchlist: tuple[Symbol, ...]) -> Universe | None:
    """Return who may be bought when, where the panel tells of an index's members."""
    return Universe(watchlist, panel.members) if panel is not None and panel.members else None


def instruments_of(panel: Panel | None, watchlist: tuple[Symbol, ...]) -> Mapping[Symbol, Instrument]:
    """Return the facts a panel declares of the symbols, or what their names say."""
    if panel is None:
        return {}
    names = dict(zip(panel.symbols, panel.names, strict=True))
    first = date.fromordinal(int(panel.days[0]))
    return {
        symbol: with_first_days(facts_of(symbol, names.get(symbol, ""), panel.instruments.get(symbol)), first)
        for symbol in watchlist
    }


def run_id(genesis: Genesis, config_hash: str, script: str = "") -> str:
    """Return the ten letters that name a run: configuration, prices, agent, period and versions."""
    parts = {
        "config": config_hash,
        "mode": genesis.mode,
        "account": genesis.account,
        "market": genesis.market,
        "frequency": genesis.frequency,
        "cash": str(genesis.cash_cny),
        "agent": genesis.agent,
        "script": script,
        "watchlist": list(genesis.watchlist),
        "panel": genesis.panel,
        "start": genesis.start.isoformat() if genesis.start else None,
        "end": genesis.end.isoformat() if genesis.end else None,
        "versions": dict(VERSIONS),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:10]


def market_view(
    panel: Panel | None,
    remembered: PriceSource | None,
    actions: Callable[[], Sequence[CorporateAction]] = tuple,
) -> MarketView:
    """Return the market a simulated exchange trades on: bars in hand, or quotes as they were seen.

    Beside quotes `actions` returns the ex-days announced so far.
    """
    from services.brokers.bar_matching import BarMarket
    from services.brokers.snapshot_matching import SnapshotMarket

    if panel is not None:
        return BarMarket(panel)
    if remembered is None:
        raise ValueError("a simulated exchange needs bars or quotes")
    # Asking what is remembered costs nobody anything. A pause between looks would be one that a
    # process started anew does not know of, and a replay would look at other moments.
    return SnapshotMarket(remembered, look_s=0.0, actions=actions)


def midnight(day: date, market: Market) -> datetime:
    """Return the first moment of a day in the market's zone."""
    from services.slots import ZONES

    return datetime.combine(day, time(0), ZONES[market])


_SAME = ("run_id", "mode", "account", "market", "frequency")
"""What two first records must share to be of one run; on live prices the run id says nothing of the rest."""


def require_ledger(journal: Journal, ledger: Path) -> None:
    """Do nothing where the exchange's ledger is there, or nothing was ever sent to it.

    Raises:
        CommandFailed: The journal holds orders and the ledger is gone: a new one would start with full cash.
    """
    if journal.account.order_session and not ledger.exists():
        raise CommandFailed(
            Exit.UNAVAILABLE,
            f"{ledger}: is gone, but the journal holds orders sent to it; put it back from a copy, or start "
            "a new account with --account",
        )


def same_run(there: Genesis, wanted: Genesis, folder: AccountFolder) -> None:
    """Do nothing where a journal is of the wanted run, or of the account that is to live on.

    Raises:
        CommandFailed: It is of another.
    """
    if all(getattr(there, name) == getattr(wanted, name) for name in _SAME):
        return
    raise CommandFailed(
        Exit.USAGE,
        f"{folder.root}: holds another run ({there.mode}, {there.frequency}, {there.agent}, "
        f"run {there.run_id}); choose another --data-dir or --account",
    )


def with_run_id(genesis: Genesis, config_hash: str, script: str = "") -> Genesis:
    """Return the genesis with its run id."""
    return replace(genesis, run_id=run_id(genesis, config_hash, script))
