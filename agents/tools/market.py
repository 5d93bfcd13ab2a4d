"""Tools on prices: quotes, bars and indicators of the watchlist, as the briefing has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cached_property
from math import isfinite
from typing import Annotated

import msgspec

from agents.page import row_of
from agents.tools.tool import Arguments, Refused, Tool, tool
from services.domain.bars import FloatArray, History
from services.domain.decision import Briefing
from services.domain.instruments import Symbol
from services.domain.money import from_float
from services.domain.quotes import Level, Quote
from services.slots import local

BARS_MAX = 250
QUOTES_MAX = 20
INDICATORS_MAX = 10
_LEVELS = 5
_SIGNIFICANT = ".6g"

_Symbol = Annotated[str, msgspec.Meta(max_length=12, description="A symbol such as 600519.SH.")]
_Quoted = Annotated[list[_Symbol], msgspec.Meta(min_length=1, max_length=QUOTES_MAX)]
_Measured = Annotated[list[_Symbol], msgspec.Meta(min_length=1, max_length=INDICATORS_MAX)]
_Bars = Annotated[int, msgspec.Meta(ge=1, le=BARS_MAX, description="How many of the last ended bars.")]


class QuoteArguments(Arguments):
    """Which symbols' quotes."""

    symbols: _Quoted


class BarsArguments(Arguments):
    """Which symbol's bars, and how many."""

    symbol: _Symbol
    bars: _Bars = 20


class IndicatorsArguments(Arguments):
    """Which symbols' indicators."""

    symbols: _Measured


@dataclass(frozen=True, kw_only=True)
class MarketTools:
    """What the briefing's snapshot and ended bars answer; of other symbols nothing is known."""

    briefing: Briefing

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools, by name `quote`, `bars`, `indicators`."""
        return (
            tool(
                "quote",
                "Prices of symbols at this session's moment: last, previous close, limits, order book where "
                "known, suspended or not. CNY (US: USD) a share.",
                QuoteArguments,
                self._quotes,
                self._source,
            ),
            tool(
                "bars",
                "The last ended bars of a symbol, oldest first: end (market-local), open, high, low, close, "
                "volume. The bar in progress is not among them.",
                BarsArguments,
                self._bars,
                self._source,
            ),
            tool(
                "indicators",
                "Moving averages, RSI, Bollinger bands, MACD, ATR, momentum, volatility and volume ratio of "
                "symbols, of ended bars with ex-days taken out; null where there are too few bars.",
                IndicatorsArguments,
                self._indicators,
                self._source,
            ),
        )

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset((*self.briefing.watchlist, *self.briefing.book.holdings()))

    @property
    def _source(self) -> str:
        return f"price source {self.briefing.snapshot.source}"

    async def _quotes(self, asked: QuoteArguments) -> object:
        return [self._quote(self._symbol(text)) for text in dict.fromkeys(asked.symbols)]

    def _quote(self, symbol: Symbol) -> Mapping[str, object]:
        row = row_of(self.briefing, symbol)
        quote = row.quote
        if quote is None:
            return {"symbol": symbol, "last": None, "why": "no price is known at this moment"}
        return {
            "symbol": symbol,
            "name": quote.name or row.instrument.name,
            "last": row.price(quote.last_cny),
            "prev_close": None if quote.prev_close_cny is None else row.price(quote.prev_close_cny),
            "limit_down": row.limit_down_cny,
            "limit_up": row.limit_up_cny,
            "suspended": quote.suspended,
            "seen_at": self._local(quote.seen_at),
            "approximate": quote.approximate,
            **_book_of(quote),
        }

    async def _bars(self, asked: BarsArguments) -> object:
        symbol, history = self._symbol(asked.symbol), self._history()
        panel, column = history.panel, history.panel.column.get(symbol)
        if column is None:
            raise Refused(f"no bars of {symbol} are known")
        ends = [self._local(datetime.fromtimestamp(end, UTC)) for end in history.ends(asked.bars).tolist()]
        columns = [
            _cells(part(asked.bars), column)
            for part in (history.opens, history.highs, history.lows, history.closes, history.volumes)
        ]
        return {
            "symbol": symbol,
            "frequency": panel.frequency,
            "adjustment": panel.adjustment,
            "volume_unit": panel.volume_unit,
            "columns": ["end", "open", "high", "low", "close", "volume"],
            "bars": [list(row) for row in zip(ends, *columns, strict=True)],
        }

    async def _indicators(self, asked: IndicatorsArguments) -> object:
        symbols, history = [self._symbol(text) for text in dict.fromkeys(asked.symbols)], self._history()
        # The library behind it is loaded by the first who asks.
        from agents.indicators import indicators

        return {
            symbol: {name: _shown(value) for name, value in indicators(history, symbol).items()}
            for symbol in symbols
        }

    def _history(self) -> History:
        if self.briefing.history is None:
            raise Refused("no bars are known in this session")
        return self.briefing.history

    def _symbol(self, text: str) -> Symbol:
        if text in self._known:
            return Symbol(text)
        near = get_close_matches(text.upper(), sorted(self._known), n=3)
        mend = f"; did you mean {' or '.join(near)}?" if near else ""
        raise Refused(f"{text!r} is not in the watchlist{mend}")

    def _local(self, moment: datetime) -> str:
        return f"{local(moment, self.briefing.slot.market):%Y-%m-%d %H:%M}"


def _book_of(quote: Quote) -> Mapping[str, object]:
    if quote.bids is None and quote.asks is None:
        return {}
    return {"bids": _levels(quote.bids), "asks": _levels(quote.asks)}


def _levels(levels: Sequence[Level] | None) -> object:
    return None if levels is None else [[level.price_cny, level.shares] for level in levels[:_LEVELS]]


def _cells(table: FloatArray, column: int) -> list[object]:
    """Return a column as exact texts, None where there is no value."""
    return [
        format(from_float(value).normalize(), "f") if isfinite(value) else None
        for value in table[:, column].tolist()
    ]


def _shown(value: float | None) -> str | None:
    return None if value is None else format(value, _SIGNIFICANT)
