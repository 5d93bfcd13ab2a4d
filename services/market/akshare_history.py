"""Turns akshare's frames of bars into a panel of those that have ended. No network here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from services.domain.bars import Adjustment, Frequency, Panel, VolumeUnit
from services.domain.instruments import Market, Symbol
from services.market.akshare_calls import NoAnswer
from services.market.bar_times import bar_time
from services.market.columns import with_digest
from services.market.panel_builder import DeclaredFacts, build_panel
from services.market.raw_bars import RawBar, read_number
from services.slots import local

HISTORY_BARS = 60
"""About how many bars of a symbol are asked for; holidays leave fewer, a block under way adds some."""

_WEEKS_SHOWN = {Frequency.DAILY: HISTORY_BARS // 5, Frequency.HOURLY: HISTORY_BARS // 20}
"""Weeks of trading that hold that many bars."""

_WEEKS_A_BLOCK = {Frequency.DAILY: 4, Frequency.HOURLY: 1}
"""For how long the first bar stays the same."""

FACTS = DeclaredFacts(adjustment=Adjustment.FORWARD, volume_unit=VolumeUnit.LOT)
"""What is asked of the vendor (`qfq`), and what its `成交量` counts."""

_LABELS = {Frequency.DAILY: "日期", Frequency.HOURLY: "时间"}
_NUMBERS = ("开盘", "最高", "最低", "收盘", "成交量")


class NoBars(NoAnswer):
    """The vendor answered, but with no bars one may reason about."""


def first_day(frequency: Frequency, now: datetime) -> date:
    """Return the Monday from which bars are asked for.

    It stays the same for four weeks (hourly: one), so that a rule that acts every so many bars from
    the first on does so live: in a window of fixed length every session would be the same bar's.
    """
    today = local(now, Market.CN).date()
    # Day 1 of the calendar was a Monday.
    into_block = (today.toordinal() - 1) % (7 * _WEEKS_A_BLOCK[frequency])
    return today - timedelta(days=into_block, weeks=_WEEKS_SHOWN[frequency])


def ended_bars(symbol: Symbol, frame: Any, frequency: Frequency, now: datetime) -> tuple[RawBar, ...]:
    """Return the bars of one symbol that had ended at `now`, oldest first.

    Raises:
        NoBars: There is none, or one of them cannot be a bar.
    """
    if not len(frame):
        raise NoBars("no bars")
    try:
        bars = tuple(bar for bar in _raw_bars(symbol, frame, frequency) if _has_ended(bar, now))
        if not bars:
            raise NoBars("no bar has ended yet")
        # Each symbol is checked by itself, so that a bad one does not take the others with it.
        build_panel(Path(symbol), bars, FACTS, frequency)
    except ValueError as problem:
        raise NoBars(str(problem)) from None
    return bars


def history_panel(bars: Mapping[Symbol, Iterable[RawBar]], frequency: Frequency, source: str) -> Panel:
    """Return the checked bars of at least one symbol as a panel of that source, with its digest."""
    together = (bar for series in bars.values() for bar in series)
    panel = build_panel(Path(source), together, FACTS, frequency)
    return with_digest(replace(panel, source=f"{source}:history"))


def _raw_bars(symbol: Symbol, frame: Any, frequency: Frequency) -> Iterator[RawBar]:
    columns = [frame[name] for name in (_LABELS[frequency], *_NUMBERS)]
    for line, (label, *stated) in enumerate(zip(*columns, strict=True), start=1):
        numbers = [read_number(float(number), name) for number, name in zip(stated, _NUMBERS, strict=True)]
        yield RawBar(line, symbol, "", str(label), *numbers)


def _has_ended(bar: RawBar, now: datetime) -> bool:
    return bar_time(bar.label, Market.CN).end_s <= now.timestamp()
