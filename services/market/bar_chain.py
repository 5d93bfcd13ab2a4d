"""Recent bars of several vendors in order: who is asked next is asked for what is still missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.domain.bars import Frequency, Panel
from services.domain.instruments import Symbol
from services.market.raw_bars import RawBar
from services.market.recent_bars import BarFeed, BarsTold, history_panel
from services.ports import Clock, PriceFault


class BarChain:
    """Asks its feeds in order until every symbol has bars, or none is left to ask."""

    def __init__(self, feeds: Sequence[BarFeed], clock: Clock, name: str) -> None:
        if not feeds:
            raise ValueError("bars need at least one source")
        self._feeds, self._clock, self._name = tuple(feeds), clock, name

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that bars come from, in the order in which they are asked."""
        return tuple(dict.fromkeys(host for feed in self._feeds for host in feed.bar_hosts))

    async def panel(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the ended bars of the last weeks, adjusted forward, volume in lots.

        A symbol of which nobody has bars is left out. The columns stand in the order of `symbols`, and
        the panel's source names the vendors its bars came from: `akshare+tencent:history`. The bars of one
        symbol are all of one vendor.

        Raises:
            PriceFault: No symbol has bars.
        """
        # Taken before the first request: a bar that ends while they run may come unfinished.
        now = self._clock.now()
        wanted = tuple(dict.fromkeys(symbols))
        found: dict[Symbol, tuple[RawBar, ...]] = {}
        faults: dict[Symbol, list[str]] = {symbol: [] for symbol in wanted}
        told_by: list[str] = []
        for feed in self._feeds:
            missing = tuple(symbol for symbol in wanted if symbol not in found)
            if not missing:
                break
            told = await _told(feed, missing, frequency, now)
            came = {symbol: told.bars[symbol] for symbol in missing if symbol in told.bars}
            found |= came
            told_by += [feed.name] if came else []
            for symbol in missing:
                faults[symbol].append(f"{feed.name}: {told.faults.get(symbol, 'nothing of it')}")
        if not found:
            first = next((f"{one}: {'; '.join(said)}" for one, said in faults.items()), "")
            why = first or "no symbol was asked for"
            raise PriceFault(f"{self._name}, {len(wanted)} symbols", f"no {frequency} bars at all; {why}")
        ordered = {symbol: found[symbol] for symbol in wanted if symbol in found}
        return history_panel(ordered, frequency, "+".join(told_by))


async def _told(feed: BarFeed, symbols: Sequence[Symbol], frequency: Frequency, now: datetime) -> BarsTold:
    try:
        return await feed.bars(symbols, frequency, now)
    except PriceFault as fault:
        return BarsTold(faults=dict.fromkeys(symbols, f"{fault.asked}: {fault.why}"))
