"""A price source over bars in hand: files and the demo market."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, time

from services.domain.bars import Frequency, Panel
from services.domain.instruments import Facts, Market, Symbol
from services.domain.quotes import PanelSnapshot
from services.market.bar_times import DAY_SPAN, HOURLY_STARTS, market_of
from services.ports import Clock, PriceFault
from services.slots import local


class PanelSource:
    """Shows a panel as far as the clock allows.

    A bar that should be in progress, or should just have ended, but is in no row at all is a fault:
    an older price is not passed off as the present one.
    """

    def __init__(self, panel: Panel, clock: Clock) -> None:
        self._panel = panel
        self._clock = clock
        self._market = market_of(panel.symbols[0])
        self._starts = _starts(self._market, panel.frequency)
        self._known = frozenset(panel.symbols)
        self._watchlist: Sequence[Symbol] = ()
        self._latest: PanelSnapshot | None = None

    @property
    def name(self) -> str:
        """The panel's source."""
        return self._panel.source

    @property
    def panel(self) -> Panel:
        """The bars in hand."""
        return self._panel

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> PanelSnapshot:
        """Return the panel at the present moment; the cost does not depend on `symbols`.

        Raises:
            PriceFault: A symbol is not in the panel, or no symbol has the bar of this moment.
        """
        if symbols is not self._watchlist:
            self._require_known(symbols)
        moment, snapshot = self._clock.now(), self._latest
        if snapshot is None or snapshot.moment != moment:
            snapshot = PanelSnapshot(panel=self._panel, moment=moment)
            if not snapshot.in_progress:
                self._require_latest(moment)
            self._latest = snapshot
        return snapshot

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the panel: its own `until` shows no more of it than the moment allows."""
        return self._panel

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return the declared facts of the symbols; what nobody declared is left out."""
        declared = self._panel.instruments
        return Facts(instruments=tuple(declared[symbol] for symbol in symbols if symbol in declared))

    def _require_known(self, symbols: Sequence[Symbol]) -> None:
        """Raise where one of the symbols is not in the panel; remember the longest tuple, the watchlist."""
        if not self._known.issuperset(symbols):
            absent = next(symbol for symbol in symbols if symbol not in self._known)
            raise PriceFault(absent, f"is not in {self._panel.source}")
        if isinstance(symbols, tuple) and len(symbols) > len(self._watchlist):
            self._watchlist = symbols

    def _require_latest(self, moment: datetime) -> None:
        """Raise where the newest bar that has begun by `moment` is missing from the panel."""
        now = local(moment, self._market)
        begun = bisect_right(self._starts, now.time())
        if not begun:
            return
        expected = datetime.combine(now.date(), self._starts[begun - 1], now.tzinfo)
        panel = self._panel
        row = panel.ended(moment) - 1
        if row < 0 or panel.starts.item(row) != int(expected.timestamp()):
            raise PriceFault(
                f"prices at {now:%Y-%m-%d %H:%M}",
                f"{self._panel.source} has no bar that began at {expected:%Y-%m-%d %H:%M}",
            )


def _starts(market: Market, frequency: Frequency) -> tuple[time, ...]:
    """Return when the bars of a day begin, ascending."""
    if frequency is Frequency.DAILY:
        return (DAY_SPAN[market][0],)
    return tuple(HOURLY_STARTS.values())
