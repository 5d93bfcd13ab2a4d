"""Bars of the history store written by hand: prices as text, times as they stand on a label."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np

from services.domain.bars import Adjustment, VolumeUnit
from services.domain.instruments import Market, Symbol
from services.history.lengths import BarLength, ends_of_day, moment_of
from services.history.series import NONE, Kind, Series, scaled

RAW = Kind(length=BarLength.DAY, adjustment=Adjustment.RAW, volume_unit=VolumeUnit.SHARE)
HOURLY = replace(RAW, length=BarLength.MIN_60)
MINUTES = replace(RAW, length=BarLength.MIN_1)

Row = tuple[str, str, str, str, str, int]


def second(label: str) -> int:
    """Return the end of the mainland bar labelled so: `2025-10-10`, or `2025-10-10 10:30`."""
    day, _, at = label.partition(" ")
    return moment_of(Market.CN, date.fromisoformat(day), time.fromisoformat(at) if at else time(15, 0))


def series(symbol: str, kind: Kind, rows: Sequence[Row], amounts: Sequence[str] | None = None) -> Series:
    """Return bars of (label, open, high, low, close, volume), with amounts in CNY where they are given."""
    columns = {
        name: np.array([scaled(Decimal(row[place])) for row in rows], dtype=np.int64)
        for place, name in enumerate(("open", "high", "low", "close"), start=1)
    }
    told = [NONE] * len(rows) if amounts is None else [int(Decimal(one) * 100) for one in amounts]
    return Series(
        symbol=Symbol(symbol),
        kind=kind,
        ends=np.array([second(row[0]) for row in rows], dtype=np.int64),
        volume=np.array([row[5] for row in rows], dtype=np.int64),
        amount=np.array(told, dtype=np.int64),
        **columns,
    )


def flat(symbol: str, kind: Kind, labels: Sequence[str], price: str = "10.00", volume: int = 1000) -> Series:
    """Return bars that all say one price and volume."""
    return series(symbol, kind, [(label, price, price, price, price, volume) for label in labels])


def minutes(symbol: str, day: str, length: BarLength = BarLength.MIN_1) -> Series:
    """Return a day's bars, the nth of which closes at 10 CNY and n cents and trades n shares for 10n CNY."""
    kind = replace(MINUTES, length=length)
    labels = [f"{day} {at:%H:%M}" for at in ends_of_day(Market.CN, length)]
    rows = [
        (label, "10.00", f"{Decimal(10) + Decimal(n) / 100}", "9.99", f"{Decimal(10) + Decimal(n) / 100}", n)
        for n, label in enumerate(labels, start=1)
    ]
    return series(symbol, kind, rows, [str(10 * n) for n in range(1, len(rows) + 1)])


AT = datetime.fromisoformat("2026-01-02T03:04:05+00:00")
