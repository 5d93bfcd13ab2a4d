"""The peers' market: hourly bars from a fixed seed, in whole cents, within the day's limits of 10%.

A bar knows what was before it and nothing else. One symbol-day in 300 ends at the upper limit and as
many at the lower; a bar that opens and closes at a limit shows no other price, so nobody trades in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BARS_A_DAY = 4
_LIMIT_DAYS = 1 / 300
_LEAST = 100

Cents = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeMarket:
    """Bars, time × symbol: prices and limits in cents, volume in shares."""

    open: Cents
    high: Cents
    low: Cents
    close: Cents
    volume: Cents
    prev_close: Cents
    up: Cents
    down: Cents

    def by_day(self) -> MadeMarket:
        """Return the same market in daily bars."""
        first, last = slice(0, None, BARS_A_DAY), slice(BARS_A_DAY - 1, None, BARS_A_DAY)
        days = (-1, BARS_A_DAY, self.open.shape[1])
        return MadeMarket(
            open=self.open[first],
            high=self.high.reshape(days).max(1),
            low=self.low.reshape(days).min(1),
            close=self.close[last],
            volume=self.volume.reshape(days).sum(1),
            prev_close=self.prev_close[first],
            up=self.up[first],
            down=self.down[first],
        )


def made_market(symbols: int, days: int, seed: int) -> MadeMarket:
    """Return `days` of hourly bars of `symbols` shares."""
    rng = np.random.default_rng(seed)
    prev = rng.integers(500, 8000, symbols)
    rows = []
    for _ in range(days):
        rows += _day(rng, prev)
        prev = np.maximum(rows[-1][3], _LEAST)
    fields = (np.array(field, dtype=np.int64) for field in zip(*rows, strict=True))
    opened, high, low, close, volume, before, up, down = fields
    return MadeMarket(
        open=opened, high=high, low=low, close=close, volume=volume, prev_close=before, up=up, down=down
    )


def _day(rng: np.random.Generator, prev: Cents) -> list[tuple[Cents, ...]]:
    """Return a day's bars as open, high, low, close, volume, previous close and the two limits."""
    count = len(prev)
    up, down = (prev * 110 + 50) // 100, (prev * 90 + 50) // 100
    draw = rng.random(count)
    rises, falls = draw < _LIMIT_DAYS, draw > 1 - _LIMIT_DAYS
    last = _moved(rng.normal(0, 0.006, count), prev, up, down)
    bars: list[tuple[Cents, ...]] = []
    for _ in range(BARS_A_DAY):
        close = _moved(rng.normal(0.0001, 0.012, count), last, up, down)
        close = np.where(rises, up, np.where(falls, down, close))
        high = _moved(rng.random(count) * 0.004, np.maximum(last, close), up, down)
        low = _moved(-rng.random(count) * 0.004, np.minimum(last, close), up, down)
        sealed = (last == close) & ((close == up) | (close == down))
        high, low = np.where(sealed, close, high), np.where(sealed, close, low)
        volume = rng.integers(10_000, 5_000_000, count) * 100
        bars.append((last, high, low, close, volume, prev, up, down))
        last = close
    return bars


def _moved(by: NDArray[np.float64], price: Cents, up: Cents, down: Cents) -> Cents:
    moved: Cents = np.clip(np.rint(price * (1 + by)).astype(np.int64), down, up)
    return moved
