"""Sessions a second through the whole pipeline: gate, rules, journal, hash chain and audit trail on.

    python -m benchmarks.engine [--symbols 50] [--years 4] [--frequency hourly] [--every 1]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import tempfile
from datetime import date
from pathlib import Path

from benchmarks.synthetic_market import market
from commands.composition import Panels, midnight, with_run_id
from commands.folders import AccountFolder
from commands.minds import mind_of
from commands.opening import Recorded
from commands.recorded_run import RecordedRun, Watch
from commands.recorded_settings import run_settings
from services.calendars import MarketCalendar
from services.clock import stopwatch_s
from services.domain.bars import Frequency
from services.domain.events import Genesis
from services.domain.instruments import Market
from services.settings_file import load_settings
from services.settings_places import cache_folder


def bench(symbols: int, years: int, frequency: Frequency, every: int, profile: bool = False) -> dict[str, object]:
    calendar = MarketCalendar(Market.CN, cache_folder())
    days = calendar.trading_days(date(2025 - years + 1, 1, 1), date(2025, 12, 31))
    panel = market(symbols, days, frequency)
    settings = load_settings(
        None,
        overrides={
            "mode": "backtest",
            "frequency": str(frequency),
            "agent_type": f"rule:momentum:every={every}" if every > 1 else "rule:momentum",
            "agent_config.initial_cash": "1000000.00",
        },
        environment={},
        dotenv=None,
    )
    with tempfile.TemporaryDirectory() as folder_name:
        folder = AccountFolder(Path(folder_name), "main")
        panels = Panels(folder.panels)
        panels.keep(panel)
        mind = mind_of(settings)
        genesis = Genesis(
            account="main",
            mode="backtest",
            run_id="",
            market="cn",
            frequency=str(frequency),
            cash_cny=settings.agent_config.initial_cash,
            agent=mind.name,
            opened_at=midnight(days[0], Market.CN),
            watchlist=panel.symbols,
            panel=panel.digest,
            start=days[0],
            end=days[-1],
            synthetic=True,
        )
        recorded = Recorded(
            panel=panel,
            watchlist=panel.symbols,
            calendar=calendar,
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
        marks: list[float] = []
        profiler = cProfile.Profile()
        if profile:
            profiler.enable()
        began_s = stopwatch_s()
        outcome = run.execute(Watch(ended=lambda _world, _session: marks.append(stopwatch_s())))
        whole_s = stopwatch_s() - began_s
        if profile:
            profiler.disable()
            pstats.Stats(profiler).sort_stats("cumtime").print_stats(70)
        engine_s = marks[-1] - began_s
        fills = sum(event.kind == "fill" for event in outcome.events)
        return {
            "symbols": symbols,
            "years": years,
            "frequency": str(frequency),
            "every": every,
            "sessions": len(marks),
            "events": len(outcome.events),
            "fills": fills,
            "sessions_per_s": round(len(marks) / engine_s),
            "with_saving_s": round(whole_s, 3),
            "journal_bytes_per_session": folder.journal.stat().st_size // len(marks),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--symbols", type=int, default=50)
    options.add_argument("--years", type=int, default=4)
    options.add_argument("--frequency", default="hourly")
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--profile", action="store_true")
    given = options.parse_args()
    print(json.dumps(bench(given.symbols, given.years, Frequency(given.frequency), given.every, given.profile)))


if __name__ == "__main__":
    main()
