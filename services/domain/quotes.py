"""What the market showed at one instant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from math import isnan
from typing import Protocol

import numpy as np

from services.domain.bars import FloatArray, Panel
from services.domain.instruments import Symbol
from services.domain.money import from_float


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of an order book: price in CNY a share, shares offered or asked."""

    price_cny: Decimal
    shares: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price one may reason about: finite, positive, dated, with a source.

    `prev_close_cny` None and limits None mean the source does not say. `bids` and `asks` None mean
    no book is known; an empty tuple means the book is known to be empty on that side.
    `seen_at` is the moment the price was true by the source's own stamp. `approximate` marks a
    price read off bars.
    """

    symbol: Symbol
    last_cny: Decimal
    prev_close_cny: Decimal | None
    seen_at: datetime
    source: str
    limit_up_cny: Decimal | None = None
    limit_down_cny: Decimal | None = None
    bids: tuple[Level, ...] | None = None
    asks: tuple[Level, ...] | None = None
    suspended: bool = False
    approximate: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse a price that is not finite and positive, a naive moment, or a missing source."""
        for price in (self.last_cny, self.prev_close_cny, self.limit_up_cny, self.limit_down_cny):
            if price is not None and not (price.is_finite() and price > 0):
                raise ValueError(f"{self.symbol}: a price must be finite and positive, not {price}")
        if self.seen_at.tzinfo is None:
            raise ValueError(f"{self.symbol}: a quote's moment must have a time zone")
        if not self.source:
            raise ValueError(f"{self.symbol}: a quote must name its source")


class Snapshot(Protocol):
    """Quotes of one instant; a `Quote` is built only for what is looked at."""

    @property
    def moment(self) -> datetime:
        """The instant, aware."""

    @property
    def source(self) -> str:
        """Where the prices come from."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What was asked for, in order; a symbol may have no quote."""

    def get(self, symbol: Symbol) -> Quote | None:
        """Return the quote of `symbol`, None where the source gave none that can be believed."""

    def last(self, symbol: Symbol) -> Decimal | None:
        """Return the last price of `symbol` alone, None where `get` gives no quote."""

    def lasts(self) -> FloatArray:
        """Return the last prices in the order of `symbols`, NaN where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSnapshot:
    """The quotes a vendor answered with, and why others are missing (`faults`, by symbol)."""

    moment: datetime
    source: str
    symbols: tuple[Symbol, ...]
    quotes: tuple[Quote, ...]
    faults: Mapping[str, str]

    def get(self, symbol: Symbol) -> Quote | None:
        """Return the quote of `symbol`, or None."""
        return next((quote for quote in self.quotes if quote.symbol == symbol), None)

    def last(self, symbol: Symbol) -> Decimal | None:
        """Return the last price of `symbol` alone, None where there is no quote."""
        quote = self.get(symbol)
        return None if quote is None else quote.last_cny

    def lasts(self) -> FloatArray:
        """Return the last prices in the order of `symbols`, NaN where unknown."""
        known = {quote.symbol: float(quote.last_cny) for quote in self.quotes}
        return np.array([known.get(symbol, np.nan) for symbol in self.symbols])


@dataclass(frozen=True, kw_only=True)
class PanelSnapshot:
    """What a panel shows at `moment`: the open of the bar in progress, else the last close.

    A symbol without a bar where others have one is suspended; its last price is its last close.
    """

    panel: Panel
    moment: datetime

    @property
    def source(self) -> str:
        """The panel's source."""
        return self.panel.source

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The panel's symbols."""
        return self.panel.symbols

    @property
    def in_progress(self) -> bool:
        """Whether a bar is in progress at this moment."""
        return self._opening is not None

    @cached_property
    def _ended(self) -> int:
        return self.panel.ended(self.moment)

    @cached_property
    def _opening(self) -> int | None:
        return self.panel.opening(self.moment)

    @cached_property
    def _lasts(self) -> FloatArray:
        if self._opening is not None:
            opens: FloatArray = self.panel.open[self._opening]
            return opens
        if self._ended == 0:
            return np.full(len(self.panel.symbols), np.nan)
        closes: FloatArray = self.panel.close[self._ended - 1]
        return closes

    def lasts(self) -> FloatArray:
        """Return the last prices in the order of `symbols`, NaN where this instant has none."""
        return self._lasts

    def last(self, symbol: Symbol) -> Decimal | None:
        """Return the last price of `symbol` alone; cheaper than its whole quote."""
        column = self.panel.column.get(symbol)
        if column is not None and not isnan(price := self._lasts.item(column)):
            return from_float(price)
        quote = self.get(symbol)
        return None if quote is None else quote.last_cny

    @cached_property
    def _quotes(self) -> dict[Symbol, Quote | None]:
        return {}

    def get(self, symbol: Symbol) -> Quote | None:
        """Return the quote of `symbol`; None before its first bar, or where its last is unknown."""
        known = self._quotes
        if symbol not in known:
            known[symbol] = self._read(symbol)
        return known[symbol]

    def _read(self, symbol: Symbol) -> Quote | None:
        panel, column = self.panel, self.panel.column.get(symbol)
        if column is None:
            return None
        row = self._opening
        price = float(self._lasts[column])
        seen = panel._starts[row] if row is not None else panel._ends[self._ended - 1] if self._ended else 0
        suspended = isnan(price)
        if suspended:
            past = _last_known(panel, column, self._ended - 1)
            if past is None or _still_open(panel, column, self._ended - 1):
                return None
            price, seen = float(panel.close[past, column]), panel._ends[past]
        prev = self._prev_close(column)
        return Quote(
            symbol=symbol,
            last_cny=from_float(price),
            prev_close_cny=None if prev is None else from_float(prev),
            seen_at=datetime.fromtimestamp(seen, UTC),
            source=panel.source,
            suspended=suspended,
            approximate=True,
            name=panel.names[column],
        )

    def _prev_close(self, column: int) -> float | None:
        """Return the close before the day of `moment`, as stated by the file or as last traded."""
        panel = self.panel
        row = self._opening if self._opening is not None else self._ended - 1
        if panel.prev_close is not None and not isnan(stated := float(panel.prev_close[row, column])):
            return stated
        past = _last_known(panel, column, panel.first_rows[row] - 1)
        return None if past is None else float(panel.close[past, column])


def _last_known(panel: Panel, column: int, row: int) -> int | None:
    """Return the last row not after `row` with a close for the column."""
    while row >= 0:
        if not isnan(panel.close[row, column]):
            return row
        row -= 1
    return None


def _still_open(panel: Panel, column: int, row: int) -> bool:
    """Answer whether the row holds an open without a close: a bar that never ended."""
    return row >= 0 and not isnan(panel.open[row, column]) and isnan(panel.close[row, column])
