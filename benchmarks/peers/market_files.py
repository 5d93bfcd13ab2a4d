"""The markets as files that any program reads: arrays for the peers, tushare's columns for ours.

A folder holds `open.npy`, `high.npy`, `low.npy`, `close.npy`, `up.npy`, `down.npy` (CNY; the last two
the day's limits) and `volume.npy` (shares), each time × symbol; `ends.npy`, when each bar ended in
seconds of the exchange's own clock since 1970; `market.json`; and `prices.csv`.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np

from benchmarks.backtest import LAST_YEAR
from benchmarks.peers.made_market import BARS_A_DAY, MadeMarket, made_market
from benchmarks.peers.rows import Row
from services.calendars import MarketCalendar
from services.domain.bars import Frequency
from services.domain.instruments import Market
from services.settings_places import cache_folder

SEED = 20261120
_ENDS = (time(10, 30), time(11, 30), time(14, 0), time(15, 0))
_WHOLE = "market.json"


def market_folder(row: Row, markets: Path) -> Path:
    """Return the folder of a row's prices, made where it is not there yet."""
    folder = markets / row.market
    if not (folder / _WHOLE).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _write(row, folder)
    return folder


def _write(row: Row, folder: Path) -> None:
    first, last = date(LAST_YEAR - row.years + 1, 1, 1), date(LAST_YEAR, 12, 31)
    days = MarketCalendar(Market.CN, cache_folder()).trading_days(first, last)
    market = made_market(row.symbols, len(days), SEED)
    daily = row.frequency is Frequency.DAILY
    if daily:
        market = market.by_day()
    for field in ("open", "high", "low", "close", "up", "down"):
        np.save(folder / f"{field}.npy", getattr(market, field) / 100)
    np.save(folder / "volume.npy", market.volume.astype(np.float64))
    ends = [datetime.combine(day, at, UTC) for day in days for at in (_ENDS[-1:] if daily else _ENDS)]
    np.save(folder / "ends.npy", np.array([int(end.timestamp()) for end in ends], dtype=np.int64))
    symbols = [f"{600000 + number}.SH" for number in range(row.symbols)]
    labels = [f"{end:%Y%m%d}" if daily else f"{end:%Y-%m-%d %H:%M:%S}" for end in ends]
    _write_csv(folder / "prices.csv", market, symbols, labels, "trade_date" if daily else "trade_time")
    # Last: a folder that holds it is whole.
    facts = {
        "symbols": symbols,
        "bars_a_day": 1 if daily else BARS_A_DAY,
        "days": [day.isoformat() for day in days],
        "seed": SEED,
    }
    (folder / _WHOLE).write_text(json.dumps(facts), encoding="utf-8")


def _write_csv(path: Path, market: MadeMarket, symbols: list[str], labels: list[str], when: str) -> None:
    priced = (market.open, market.high, market.low, market.close, market.prev_close)
    with path.open("w", encoding="utf-8") as file:
        file.write(f"ts_code,{when},open,high,low,close,pre_close,vol\n")
        for column, symbol in enumerate(symbols):
            cents = zip(*(field[:, column].tolist() for field in priced), strict=True)
            volumes = market.volume[:, column].tolist()
            for label, bar, volume in zip(labels, cents, volumes, strict=True):
                prices = ",".join(f"{price // 100}.{price % 100:02}" for price in bar)
                file.write(f"{symbol},{label},{prices},{volume}\n")
