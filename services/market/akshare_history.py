"""Turns akshare's frames of bars into those that have ended. No network here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from services.domain.bars import Frequency
from services.domain.instruments import Symbol
from services.market.raw_bars import RawBar, read_number
from services.market.recent_bars import NoBars, ended

_LABELS = {Frequency.DAILY: "日期", Frequency.HOURLY: "时间"}
_NUMBERS = ("开盘", "最高", "最低", "收盘", "成交量")


def ended_bars(symbol: Symbol, frame: Any, frequency: Frequency, now: datetime) -> tuple[RawBar, ...]:
    """Return the bars of one symbol that had ended at `now`, oldest first.

    Raises:
        NoBars: There is none, or one of them cannot be a bar.
    """
    if not len(frame):
        raise NoBars("no bars")
    try:
        stated = tuple(_raw_bars(symbol, frame, frequency))
    except ValueError as problem:
        raise NoBars(str(problem)) from None
    return ended(symbol, stated, frequency, now)


def _raw_bars(symbol: Symbol, frame: Any, frequency: Frequency) -> Iterator[RawBar]:
    columns = [frame[name] for name in (_LABELS[frequency], *_NUMBERS)]
    for line, (label, *stated) in enumerate(zip(*columns, strict=True), start=1):
        numbers = [read_number(float(number), name) for number, name in zip(stated, _NUMBERS, strict=True)]
        yield RawBar(line, symbol, "", str(label), *numbers)
