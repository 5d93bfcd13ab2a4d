"""Recent bars of a vendor, all in one form: ended, adjusted forward, volume in lots. No network here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from services.domain.bars import Adjustment, Frequency, Panel, VolumeUnit
from services.domain.instruments import Market, Symbol
from services.market.akshare_calls import NoAnswer
from services.market.bar_times import bar_time
from services.market.columns import with_digest
from services.market.panel_builder import DeclaredFacts, build_panel
from services.market.raw_bars import RawBar
from services.slots import local

HISTORY_BARS = 60
"""About how many bars of a symbol are asked for; holidays leave fewer, a block under way adds some."""

_WEEKS_SHOWN = {Frequency.DAILY: HISTORY_BARS // 5, Frequency.HOURLY: HISTORY_BARS // 20}
"""Weeks of trading that hold that many bars."""

_WEEKS_A_BLOCK = {Frequency.DAILY: 4, Frequency.HOURLY: 1}
"""For how long the first bar stays the same."""

FACTS = DeclaredFacts(adjustment=Adjustment.FORWARD, volume_unit=VolumeUnit.LOT)
"""What every vendor's bars are turned into before they are shown."""


class NoBars(NoAnswer):
    """The vendor answered, but with no bars one may reason about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsTold:
    """One vendor's answer: the checked bars by symbol, oldest first, and why others have none."""

    bars: Mapping[Symbol, tuple[RawBar, ...]] = field(default_factory=dict)
    faults: Mapping[Symbol, str] = field(default_factory=dict)


class BarFeed(Protocol):
    """One vendor's recent bars. Rate limit, retry and deadline are inside."""

    @property
    def name(self) -> str:
        """What the panel's source calls it."""

    @property
    def bar_hosts(self) -> tuple[str, ...]:
        """The hosts its bars come from."""

    async def bars(self, symbols: Sequence[Symbol], frequency: Frequency, now: datetime) -> BarsTold:
        """Return the bars that had ended at `now`, from `first_day` on, as `FACTS` declares them.

        Raises:
            PriceFault: Nobody could be asked at all.
        """


def first_day(frequency: Frequency, now: datetime) -> date:
    """Return the Monday from which bars are asked for.

    It stays the same for four weeks (hourly: one), so that a rule that acts every so many bars from
    the first on does so live: in a window of fixed length every session would be the same bar's.
    """
    today = local(now, Market.CN).date()
    # Day 1 of the calendar was a Monday.
    into_block = (today.toordinal() - 1) % (7 * _WEEKS_A_BLOCK[frequency])
    return today - timedelta(days=into_block, weeks=_WEEKS_SHOWN[frequency])


def ended(
    symbol: Symbol, stated: Iterable[RawBar], frequency: Frequency, now: datetime
) -> tuple[RawBar, ...]:
    """Return the bars of one symbol, from `first_day` on, that had ended at `now`, oldest first.

    Raises:
        NoBars: There is none, or one of them cannot be a bar.
    """
    since = first_day(frequency, now).toordinal()
    try:
        bars = tuple(bar for bar in stated if _is_shown(bar, since, now))
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


def _is_shown(bar: RawBar, since: int, now: datetime) -> bool:
    when = bar_time(bar.label, Market.CN)
    return when.day >= since and when.end_s <= now.timestamp()
