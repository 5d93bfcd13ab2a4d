"""A backtest over a synthetic market, ready to run: what the benchmarks measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from benchmarks.synthetic_market import market
from commands.composition import Panels, midnight, with_run_id
from commands.folders import AccountFolder
from commands.minds import mind_of
from commands.opening import Recorded
from commands.recorded_run import RecordedRun
from commands.recorded_settings import run_settings
from services.calendars import MarketCalendar
from services.domain.bars import Frequency, Panel
from services.domain.events import Genesis
from services.domain.instruments import Market
from services.settings import Settings
from services.settings_file import load_settings
from services.settings_places import cache_folder

LAST_YEAR = 2025


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a run is made of: `years` up to the end of 2025, rebalanced each `every` bars.

    `mode` is `backtest`, or `paper`: the same with journal and ledger on the disk at every step. Of the
    days the last `days_max` are run.
    """

    mode: str = "backtest"
    days_max: int | None = None
    symbols: int = 50
    years: int = 4
    frequency: Frequency = Frequency.HOURLY
    every: int = 1


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """A run that has not begun, and where it will lie."""

    run: RecordedRun
    folder: AccountFolder
    settings: Settings
    panel: Panel
    days: tuple[date, ...]


def backtest(work: Work, data_dir: Path) -> Backtest:
    """Return the run of `work` in an empty data folder."""
    days, panel = prices(work.symbols, work.years, work.frequency)
    settings = settings_of(work)
    first = days[-(work.days_max or len(days))]
    folder = AccountFolder(data_dir, "main")
    panels = Panels(folder.panels)
    panels.keep(panel)
    mind = mind_of(settings)
    genesis = Genesis(
        account="main",
        mode=work.mode,
        run_id="",
        market="cn",
        frequency=str(work.frequency),
        cash_cny=settings.agent_config.initial_cash,
        agent=mind.name,
        opened_at=midnight(first, Market.CN),
        watchlist=panel.symbols,
        panel=panel.digest,
        start=first,
        end=days[-1],
        synthetic=True,
    )
    recorded = Recorded(
        panel=panel,
        watchlist=panel.symbols,
        calendar=MarketCalendar(Market.CN, cache_folder()),
        genesis=with_run_id(genesis, settings.config_hash),
        panels=panels,
    )
    run = RecordedRun(
        recorded,
        run_settings(settings, panel.symbols, panel.source),
        mind,
        folder,
        folder.journal,
        lambda lock: lock.acquire(),
    )
    return Backtest(run=run, folder=folder, settings=settings, panel=panel, days=days)


@lru_cache(maxsize=1)
def prices(symbols: int, years: int, frequency: Frequency) -> tuple[tuple[date, ...], Panel]:
    """Return the trading days of the last `years` and a market over them."""
    calendar = MarketCalendar(Market.CN, cache_folder())
    days = calendar.trading_days(date(LAST_YEAR - years + 1, 1, 1), date(LAST_YEAR, 12, 31))
    return days, market(symbols, days, frequency)


def settings_of(work: Work) -> Settings:
    """Return the usual settings with a million to trade and momentum as the mind."""
    return load_settings(
        None,
        overrides={
            "mode": work.mode,
            "frequency": str(work.frequency),
            "agent_type": f"rule:momentum:every={work.every}" if work.every > 1 else "rule:momentum",
            "agent_config.initial_cash": "1000000.00",
        },
        environment={},
        dotenv=None,
    )
