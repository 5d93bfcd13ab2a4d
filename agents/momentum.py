"""The momentum rule: symbols ranked on arrays, with ties broken by symbol. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from itertools import chain
from math import isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.baselines import renews
from agents.order_sheet import OrderSheet, working
from agents.rule_options import RuleOptions
from services.domain.bars import FloatArray, History
from services.domain.decision import Briefing
from services.domain.instruments import Symbol
from services.domain.value import Value

_Places = NDArray[np.int64]

MANY = 128
"""Of more values than this the smallest are found apart."""
LEADING = 32
"""How many those are, and one more, besides what is equal to the last."""


class Columns(Value, frozen=True):
    """Where the watchlist's symbols, in ascending order, stand in a snapshot and in a history.

    `in_quotes` and `in_charts` are None where they stand there just so. `at` is each symbol's place in
    `symbols`.
    """

    watchlist: tuple[Symbol, ...]
    quoted: tuple[Symbol, ...]
    charted: tuple[Symbol, ...]
    symbols: tuple[Symbol, ...]
    in_quotes: _Places | None
    in_charts: _Places | None
    at: Mapping[Symbol, int]

    def fits(self, briefing: Briefing) -> bool:
        """Answer whether these columns were made for the very symbols of `briefing`."""
        return (
            self.watchlist is briefing.watchlist
            and self.quoted is briefing.snapshot.symbols
            and (briefing.history is None or self.charted is briefing.history.symbols)
        )


def columns_of(briefing: Briefing) -> Columns:
    """Return the columns of the watchlist; a symbol not both quoted and charted is left out."""
    quoted = briefing.snapshot.symbols
    charted = briefing.history.symbols if briefing.history is not None else ()
    quote_at = {symbol: i for i, symbol in enumerate(quoted)}
    chart_at = {symbol: i for i, symbol in enumerate(charted)}
    symbols = tuple(sorted(s for s in set(briefing.watchlist) if s in quote_at and s in chart_at))
    return Columns(
        watchlist=briefing.watchlist,
        quoted=quoted,
        charted=charted,
        symbols=symbols,
        in_quotes=_places([quote_at[symbol] for symbol in symbols], len(quoted)),
        in_charts=_places([chart_at[symbol] for symbol in symbols], len(charted)),
        at={symbol: i for i, symbol in enumerate(symbols)},
    )


def _places(at: list[int], of: int) -> _Places | None:
    """Return the places as an array, None where they are all `of` them in order."""
    return None if at == list(range(of)) else np.array(at, dtype=np.int64)


class Ranking(NamedTuple):
    """Symbols by momentum, the highest first, as positions in `Columns.symbols`.

    A symbol whose momentum is unknown is left out of `order`, which is gone through once. `lasts` and
    `falls` are in the order of `Columns.symbols`; a fall of -0.05 is a rise of 5%.
    """

    order: Iterator[int]
    lasts: FloatArray
    falls: FloatArray


def rank(briefing: Briefing, history: History, columns: Columns, lookback: int) -> Ranking | None:
    """Return the ranking of the last prices against the closes `lookback` bars ago.

    Where there are fewer bars, against the first there is, symbol by symbol. None where no price
    is later than the first close: there is no momentum to speak of.
    """
    closes = history.closes(lookback)
    if not len(closes):
        return None
    lasts, base = briefing.snapshot.lasts(), closes[0]
    if columns.in_quotes is not None:
        lasts = lasts[columns.in_quotes]
    if columns.in_charts is not None:
        base = base[columns.in_charts]
    if len(closes) == 1 and np.array_equal(base, lasts, equal_nan=True):
        return None
    falls = 1.0 - lasts / base
    # A sum of squares is NaN where one of them is.
    if isnan(falls.dot(falls)):
        falls = 1.0 - lasts / _first_known(closes, columns.in_charts, base)
    return Ranking(ascending(falls), lasts, falls)


def ascending(values: FloatArray) -> Iterator[int]:
    """Return the positions of the values from the smallest on, of equal ones in their order, without NaN."""
    if len(values) > MANY:
        return chain.from_iterable(_leading_first(values))
    order: list[int] = values.argsort(kind="stable").tolist()
    # What is NaN stands last.
    while order and isnan(values.item(order[-1])):
        order.pop()
    return iter(order)


def _leading_first(values: FloatArray) -> Iterator[list[int]]:
    """Yield the positions as `ascending` tells, in two parts; the rest is sorted once it is asked for."""
    edge = np.partition(values, LEADING)[LEADING]
    # With so few known that the edge is NaN, nothing is beyond it.
    leading = ~np.isnan(values) if isnan(edge) else values <= edge
    for which in (leading, values > edge):
        at = which.nonzero()[0]
        yield at[values[at].argsort(kind="stable")].tolist()


def _first_known(closes: FloatArray, columns: _Places | None, base: FloatArray) -> FloatArray:
    """Return `base` with its unknown closes replaced by the column's first known one, where there is one."""
    gaps = np.flatnonzero(np.isnan(base))
    window = closes[:, gaps if columns is None else columns[gaps]]
    first = np.argmax(~np.isnan(window), axis=0)
    filled = base.copy()
    filled[gaps] = window[first, np.arange(len(gaps))]
    return filled


class MomentumRule:
    """Holds the `top` symbols by momentum; keeps where the symbols' columns are, and nothing else."""

    def __init__(self) -> None:
        self._columns: Columns | None = None

    def __call__(self, sheet: OrderSheet, options: RuleOptions) -> str:
        """Write what leaves and enters the top, and return the rationale."""
        briefing, history = sheet.briefing, sheet.briefing.history
        if history is None:
            return "No bars to rank by."
        if not renews(briefing, options.every):
            return f"Not a bar to renew on: every {options.every}."
        columns = self._columns
        if columns is None or not columns.fits(briefing):
            columns = self._columns = columns_of(briefing)
        ranking = rank(briefing, history, columns, options.lookback)
        if ranking is None:
            return "No bars to rank by."
        top = _top(sheet, columns, ranking, options)
        busy = working(briefing)
        # Never both of one symbol.
        _sell(sheet, columns, ranking, top, busy)
        _buy(sheet, columns, ranking, top, busy)
        # Not -fall, which tells an unchanged price as -0.00%.
        at, fall = columns.at, ranking.falls.item
        shown = ", ".join([f"{symbol} {0.0 - fall(at[symbol]):+.2%}" for symbol in top])
        bars = min(history.rows, options.lookback)
        return f"Momentum over {bars} bars, the top {options.top}: {shown or 'none fits'}."


def _top(
    sheet: OrderSheet, columns: Columns, ranking: Ranking, options: RuleOptions
) -> dict[Symbol, int | None]:
    """Return the best symbols that are held already or can be entered, each with the shares to hold of it.

    None for what is held and stays as it is: it cannot trade now, or is not resized.
    """
    chosen: dict[Symbol, int | None] = {}
    symbols, held, last = columns.symbols, sheet.held, ranking.lasts.item
    for at in ranking.order:
        symbol = symbols[at]
        share = sheet.share(symbol, last(at)) if options.resize or symbol not in held else None
        if share or symbol in held:
            chosen[symbol] = share
            if len(chosen) == options.top:
                break
    return chosen


def _sell(
    sheet: OrderSheet, columns: Columns, ranking: Ranking, top: Mapping[Symbol, int | None], busy: Set[Symbol]
) -> None:
    """Write the sells of what left the top, and of what is held beyond its share where that is known."""
    held, last = sheet.held, ranking.lasts.item
    for symbol in sorted(held):
        at = columns.at.get(symbol)
        if at is None or symbol in busy:
            continue
        if symbol not in top:
            sheet.sell(symbol, last(at), "left the top")
        elif (share := top[symbol]) is not None and held[symbol] > share:
            sheet.sell(symbol, last(at), "above its share", held[symbol] - share)


def _buy(
    sheet: OrderSheet, columns: Columns, ranking: Ranking, top: Mapping[Symbol, int | None], busy: Set[Symbol]
) -> None:
    """Write the buys of what entered the top, and of what is short of its share where that is known."""
    held, last = sheet.held, ranking.lasts.item
    for symbol, share in top.items():
        if share is None or symbol in busy:
            continue
        if symbol not in held:
            sheet.buy(symbol, last(columns.at[symbol]), "entered the top")
        elif share > held[symbol]:
            sheet.buy_more(symbol, last(columns.at[symbol]), "below its share", share - held[symbol])
