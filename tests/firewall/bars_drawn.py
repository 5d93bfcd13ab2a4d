"""Random bars: prices as a file holds them, and the history that measures are computed from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from random import Random

import numpy as np

from services.domain.bars import Adjustment, Frequency, Panel, VolumeUnit
from services.domain.instruments import Symbol
from tests.exchange_market import CN
from tests.firewall.markets import UNIVERSE, Listing


def bars_of(rng: Random, listings: Mapping[Symbol, Listing], moment: datetime) -> Panel:
    """Return the same prices as bars of a file: yesterday's close, today's open, and NaN here and there."""
    quotes = [one.quote for one in listings.values()]
    today = [np.nan if one is None or one.suspended else float(one.last_cny) for one in quotes]
    before = [np.nan if one is None else float(one.prev_close_cny or np.nan) for one in quotes]
    grid = np.array([before, today])
    grid[np.array([[rng.random() < 0.06 for _ in quotes] for _ in range(2)])] = np.nan
    unfinished = np.array([grid[0], np.full(len(quotes), np.nan)])
    begins, ends = moment - timedelta(seconds=30), moment + timedelta(minutes=5)
    yesterday = begins - timedelta(days=1)
    return Panel(
        symbols=tuple(listings),
        names=tuple("" if one is None else one.name for one in quotes),
        starts=np.array([int((yesterday - timedelta(hours=1)).timestamp()), int(begins.timestamp())]),
        ends=np.array([int(yesterday.timestamp()), int(ends.timestamp())]),
        days=np.array([yesterday.toordinal(), moment.toordinal()]),
        open=grid,
        high=unfinished,
        low=unfinished,
        close=unfinished,
        volume=np.full(grid.shape, 1e6),
        frequency=Frequency.DAILY,
        adjustment=Adjustment.RAW,
        volume_unit=VolumeUnit.SHARE,
        source="drawn",
        digest="0" * 64,
    )


@cache
def history_panel(number: int) -> Panel:
    """Return one of a few fixed series of daily bars before any day played; some columns have holes."""
    rng = np.random.default_rng(number)
    rows, columns = 45, len(UNIVERSE)
    spread = rng.uniform(0.0, 0.04, columns) * rng.choice((0, 1, 1, 1, 1), columns)
    common = rng.normal(-0.002 if number % 2 else 0.002, 0.02, (rows, 1))
    moves = (
        common * rng.choice((0.0, 0.5, 1.0), columns) * (spread > 0)
        + rng.normal(0, 1, (rows, columns)) * spread
    )
    close = np.round(20 * np.cumprod(1 + moves, axis=0), 2).clip(0.01)
    if number % 3 == 0:
        close[rng.integers(0, rows, 4), rng.integers(0, columns, 4)] = np.nan
    first = datetime(2021, 6, 1, 9, 30, tzinfo=CN)
    starts = np.array([int((first + timedelta(days=row)).timestamp()) for row in range(rows)])
    return Panel(
        symbols=UNIVERSE,
        names=UNIVERSE,
        starts=starts,
        ends=starts + 19_800,
        days=np.array([(first.date() + timedelta(days=row)).toordinal() for row in range(rows)]),
        open=close,
        high=close * 1.01,
        low=close * 0.99,
        close=close,
        volume=np.full(close.shape, 1e6),
        frequency=Frequency.DAILY,
        adjustment=Adjustment.FORWARD,
        volume_unit=VolumeUnit.SHARE,
        source="drawn",
        digest=f"{number:064d}",
    )
