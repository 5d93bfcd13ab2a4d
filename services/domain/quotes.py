"""What the market showed at one instant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from math import isnan, nan
from typing import Protocol

import msgspec
import numpy as np

from services.domain.bars import FloatArray, Panel
from services.domain.instruments import Symbol
from services.domain.money import ZERO, from_float
from services.domain.orders import Rule
from services.domain.own_clock import ClockReading
from services.domain.price_rows import PriceRow, last_known
from services.domain.value import Value


class Level(Value, frozen=True, kw_only=True):
    """One level of an order book: price in CNY a share, shares offered or asked."""

    price_cny: Decimal
    shares: int


class Quote(Value, frozen=True, kw_only=True):
    """A price one may reason about: finite, positive, dated, with a source.

    `prev_close_cny` None and limits None mean the source does not say. `bids` and `asks` None mean
    no book is known; an empty tuple means the book is known to be empty on that side.
    `seen_at` is the moment the price was true by the source's own stamp. `approximate` marks a
    price read off bars. `barred` tells why no order may go by this price although it was stated, and
    `barred_by` by which rule orders are refused then: it values what is held and nothing else. Empty and
    None where orders may. `disputed`: even that it does not, because it is contradicted or one source's word
    alone. `confirmed_by` names the independent source that agreed, empty where none did.
    A barred quote whose source did not date it is dated by when the answer came.
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
    barred: str = ""
    barred_by: Rule | None = None
    disputed: bool = False
    confirmed_by: str = ""

    def __post_init__(self) -> None:
        """Refuse a price that is not finite and positive, a naive moment, or a missing source."""
        for price in (self.last_cny, self.prev_close_cny, self.limit_up_cny, self.limit_down_cny):
            if price is not None and not (price.is_finite() and price > ZERO):
                raise ValueError(f"{self.symbol}: a price must be finite and positive, not {price}")
        if self.seen_at.tzinfo is None:
            raise ValueError(f"{self.symbol}: a quote's moment must have a time zone")
        if not self.source:
            raise ValueError(f"{self.symbol}: a quote must name its source")


class Comparison(Value, frozen=True, kw_only=True):
    """How the quotes of one source stood to another's in one snapshot.

    `compared` symbols were looked at; `differed` counts them by the field in which they did not agree.
    `other` is a source, `RULEBOOK`, `OWN_CLOCK` or `HISTORY`.
    """

    source: str
    other: str
    compared: int
    differed: Mapping[str, int] = msgspec.field(default_factory=dict)


class SourceAnswer(Value, frozen=True, kw_only=True):
    """What one source gave of the `asked` symbols: the price of `gave`, and of another `why` not.

    `answered`: it said something, if only that it knows nothing of them.
    """

    source: str
    asked: int
    gave: int
    answered: bool
    why: str = ""


RULEBOOK = "rulebook"
"""Names the exchanges' rules in a comparison with a source."""

OWN_CLOCK = "clock"
"""Names this machine's clock in a comparison with a source."""

HISTORY = "history"
"""Names the closes of the day before, as they are remembered, in a comparison with a source."""


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
        """Return the last price of `symbol` alone, None where `get` gives none that values anything."""

    def prev_close(self, symbol: Symbol) -> Decimal | None:
        """Return the previous close of `symbol` alone, None where none is known that values anything."""

    def lasts(self) -> FloatArray:
        """Return the last prices in the order of `symbols`, NaN where unknown."""


class VendorSnapshot(Value, frozen=True, kw_only=True, dict=True):
    """The quotes a vendor answered with, and why others are missing (`faults`, by symbol).

    `comparisons` tell how the sources stood to each other, None where nobody judged the quotes.
    `answers` tell what each source gave that was waited for, `own_clock` how this machine's clock stood
    to theirs; both are None where it is not known.
    A disputed quote is there for `get` alone, which tells why.
    """

    moment: datetime
    source: str
    symbols: tuple[Symbol, ...]
    quotes: tuple[Quote, ...]
    faults: Mapping[str, str]
    comparisons: tuple[Comparison, ...] | None = None
    answers: tuple[SourceAnswer, ...] | None = None
    own_clock: ClockReading | None = None

    def get(self, symbol: Symbol) -> Quote | None:
        """Return the quote of `symbol`, or None."""
        return self._by_symbol.get(symbol)

    @cached_property
    def _by_symbol(self) -> Mapping[Symbol, Quote]:
        """The quotes by symbol, of a symbol that is there twice the first."""
        return {quote.symbol: quote for quote in reversed(self.quotes)}

    def last(self, symbol: Symbol) -> Decimal | None:
        """Return the last price of `symbol` alone, None where there is no quote or it is disputed."""
        quote = self.get(symbol)
        return None if quote is None or quote.disputed else quote.last_cny

    def prev_close(self, symbol: Symbol) -> Decimal | None:
        """Return the previous close of `symbol` alone, None where none is known or the quote is disputed."""
        quote = self.get(symbol)
        return None if quote is None or quote.disputed else quote.prev_close_cny

    def lasts(self) -> FloatArray:
        """Return the last prices in the order of `symbols`, NaN where unknown or barred.

        They are what a mind reckons with, and it is to reckon with none that it cannot trade at.
        """
        known = {quote.symbol: float(quote.last_cny) for quote in self.quotes if not quote.barred}
        return np.array([known.get(symbol, np.nan) for symbol in self.symbols])


def is_judged(snapshot: Snapshot) -> bool:
    """Answer whether somebody judged the snapshot's quotes, as nobody did in the first records."""
    return isinstance(snapshot, VendorSnapshot) and snapshot.comparisons is not None


def untradable(snapshot: Snapshot, symbol: Symbol) -> str:
    """Return why those who judged the snapshot's quotes bar orders in `symbol`, empty where they do not.

    Where the symbol has no quote the words are in part the source's own.
    """
    quote = snapshot.get(symbol)
    if quote is not None:
        return quote.barred
    if isinstance(snapshot, VendorSnapshot) and is_judged(snapshot):
        return snapshot.faults.get(symbol, "")
    return ""


class PanelSnapshot:
    """What a panel shows at `moment`: the open of the bar in progress, else the last close.

    A symbol without a bar where others have one is suspended; its last price is its last close. What it
    shows is found when it is made, a quote when somebody looks at it, and neither changes.
    """

    __slots__ = ("_ended", "_in_progress", "_lasts_cny", "_moment", "_panel", "_quotes", "_row", "_seen_at")

    def __init__(self, *, panel: Panel, moment: datetime) -> None:
        """Find the row whose prices are shown; there is none before the first bar."""
        self._panel, self._moment = panel, moment
        ended, opening = panel.place(moment)
        self._ended, self._row = ended, ended - 1 if opening is None else opening
        self._in_progress = opening is not None
        if self._row < 0:
            self._lasts_cny = PriceRow({}, lambda _: nan)
        else:
            self._lasts_cny = (panel.closes_cny if opening is None else panel.opens_cny)[self._row]
        self._quotes: dict[Symbol, Quote | None] = {}
        self._seen_at: datetime | None = None

    def __repr__(self) -> str:
        """Name the panel's source and the moment, for a test that fails."""
        return f"PanelSnapshot({self._panel.source}, {self._moment.isoformat()})"

    @property
    def panel(self) -> Panel:
        """Whose prices are shown."""
        return self._panel

    @property
    def moment(self) -> datetime:
        """When they are shown."""
        return self._moment

    @property
    def in_progress(self) -> bool:
        """Whether a bar has opened and not ended, whose open is the last price."""
        return self._in_progress

    @property
    def source(self) -> str:
        """The panel's source."""
        return self._panel.source

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The panel's symbols."""
        return self._panel.symbols

    def lasts(self) -> FloatArray:
        """Return the last prices in the order of `symbols`, NaN where this instant has none."""
        if self._row < 0:
            return np.full(len(self._panel.symbols), np.nan)
        row: FloatArray = (self._panel.open if self._in_progress else self._panel.close)[self._row]
        return row

    def last(self, symbol: Symbol) -> Decimal | None:
        """Return the last price of `symbol` alone; cheaper than its whole quote."""
        price = self._lasts_cny[symbol]
        if price is not None:
            return price
        quote = self.get(symbol)
        return None if quote is None else quote.last_cny

    def prev_close(self, symbol: Symbol) -> Decimal | None:
        """Return the previous close of `symbol` alone; cheaper than its whole quote."""
        if self._lasts_cny[symbol] is None:
            quote = self.get(symbol)
            return None if quote is None else quote.prev_close_cny
        return self._panel.prev_closes_cny[self._row][symbol]

    def get(self, symbol: Symbol) -> Quote | None:
        """Return the quote of `symbol`; None before its first bar, or where its last is unknown."""
        known = self._quotes
        if symbol not in known:
            price = self._lasts_cny[symbol]
            known[symbol] = self._suspended(symbol) if price is None else self._traded(symbol, price)
        return known[symbol]

    def _traded(self, symbol: Symbol, price: Decimal) -> Quote:
        """Return the quote of a symbol that has a price in the row shown."""
        panel, row, seen_at = self._panel, self._row, self._seen_at
        if seen_at is None:
            begun_or_ended = panel.starts if self._in_progress else panel.ends
            seen_at = self._seen_at = datetime.fromtimestamp(begun_or_ended.item(row), UTC)
        return Quote(
            symbol=symbol,
            last_cny=price,
            prev_close_cny=panel.prev_closes_cny[row][symbol],
            seen_at=seen_at,
            source=panel.source,
            approximate=True,
            name=panel.names[panel.column[symbol]],
        )

    def _suspended(self, symbol: Symbol) -> Quote | None:
        """Return the last close as the quote of a symbol that has no price in the row shown."""
        panel, last = self._panel, self._ended - 1
        column = panel.column.get(symbol)
        past = None if column is None else last_known(panel.close, column, last)
        if column is None or past is None or _still_open(panel, column, last):
            return None
        return Quote(
            symbol=symbol,
            last_cny=from_float(panel.close.item(past, column)),
            prev_close_cny=panel.prev_closes_cny[self._row][symbol],
            seen_at=datetime.fromtimestamp(panel.ends.item(past), UTC),
            source=panel.source,
            suspended=True,
            approximate=True,
            name=panel.names[column],
        )


def _still_open(panel: Panel, column: int, row: int) -> bool:
    """Answer whether the row holds an open without a close: a bar that never ended."""
    return row >= 0 and not isnan(panel.open[row, column]) and isnan(panel.close[row, column])
