"""A synthetic A-share market from a fixed seed: prices on the tick, inside the limits, with limit days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np

from services.domain.bars import Adjustment, Frequency, Panel, VolumeUnit
from services.domain.instruments import Market, Symbol
from services.market.columns import with_digest
from services.slots import ZONES

_ENDS = {
    Frequency.DAILY: ((time(9, 30), time(15, 0)),),
    Frequency.HOURLY: (
        (time(9, 30), time(10, 30)),
        (time(10, 30), time(11, 30)),
        (time(13, 0), time(14, 0)),
        (time(14, 0), time(15, 0)),
    ),
}


def weekdays(start: date, count: int) -> list[date]:
    days, day = [], start
    while len(days) < count:
        if day.isoweekday() <= 5:
            days.append(day)
        day += timedelta(days=1)
    return days


def market(symbols: int, days: tuple[date, ...], frequency: Frequency, seed: int = 20261120) -> Panel:
    """Return `symbols` main-board shares over `days`; about one symbol-day in 300 closes at a limit."""
    rng = np.random.default_rng(seed)
    bars = _ENDS[frequency]
    rows = len(days) * len(bars)
    prev = rng.uniform(5, 80, symbols).round(2)
    arrays = {name: np.empty((rows, symbols)) for name in ("open", "high", "low", "close", "volume", "prev")}
    for d in range(len(days)):
        up, down = np.floor(prev * 110 + 0.5) / 100, np.floor(prev * 90 + 0.5) / 100
        last = np.clip((prev * (1 + rng.normal(0, 0.006, symbols))).round(2), down, up)
        jump = rng.random(symbols) < 1 / 300
        for b in range(len(bars)):
            row = d * len(bars) + b
            close = np.clip((last * (1 + rng.normal(0.0001, 0.012, symbols))).round(2), down, up)
            close = np.where(jump, up, close)
            high = np.minimum(up, (np.maximum(last, close) * (1 + rng.random(symbols) * 0.004)).round(2))
            low = np.maximum(down, (np.minimum(last, close) * (1 - rng.random(symbols) * 0.004)).round(2))
            arrays["open"][row], arrays["close"][row] = last, close
            arrays["high"][row] = np.maximum(high, np.maximum(last, close))
            arrays["low"][row] = np.minimum(low, np.minimum(last, close))
            arrays["volume"][row] = rng.integers(10_000, 5_000_000, symbols) * 100
            arrays["prev"][row] = prev
            last = close
        prev = np.maximum(last, 1.0)
    zone = ZONES[Market.CN]
    names = tuple(Symbol(f"{600000 + i}.SH") for i in range(symbols))
    seconds = [
        [int(datetime.combine(day, bar[edge], zone).timestamp()) for day in days for bar in bars]
        for edge in (0, 1)
    ]
    return with_digest(
        Panel(
            symbols=names,
            names=tuple(f"bench {i}" for i in range(symbols)),
            starts=np.array(seconds[0], dtype=np.int64),
            ends=np.array(seconds[1], dtype=np.int64),
            days=np.array([day.toordinal() for day in days for _ in bars], dtype=np.int64),
            open=arrays["open"],
            high=arrays["high"],
            low=arrays["low"],
            close=arrays["close"],
            volume=arrays["volume"],
            prev_close=arrays["prev"],
            frequency=frequency,
            adjustment=Adjustment.RAW,
            volume_unit=VolumeUnit.SHARE,
            source="bench:synthetic",
            digest="",
            synthetic=True,
        )
    )
