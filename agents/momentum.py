"""Ranking symbols by momentum, on arrays, with ties broken by symbol. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.domain.bars import FloatArray, History
from services.domain.decision import Briefing
from services.domain.instruments import Symbol


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the watchlist's symbols, in ascending order, stand in a snapshot and in a history.

    `at` is each symbol's place in `symbols`.
    """

    watchlist: tuple[Symbol, ...]
    quoted: tuple[Symbol, ...]
    charted: tuple[Symbol, ...]
    symbols: tuple[Symbol, ...]
    in_quotes: NDArray[np.int64]
    in_charts: NDArray[np.int64]
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
        in_quotes=np.array([quote_at[symbol] for symbol in symbols], dtype=np.int64),
        in_charts=np.array([chart_at[symbol] for symbol in symbols], dtype=np.int64),
        at={symbol: i for i, symbol in enumerate(symbols)},
    )


@dataclass(frozen=True, slots=True)
class Ranking:
    """Symbols by momentum, the highest first, as positions in `Columns.symbols`.

    A symbol whose momentum is unknown is left out of `order`. `lasts` and `momentum` are in the
    order of `Columns.symbols`; a momentum of 0.05 is a rise of 5%.
    """

    order: list[int]
    lasts: list[float]
    momentum: list[float]


def rank(briefing: Briefing, history: History, columns: Columns, lookback: int) -> Ranking | None:
    """Return the ranking of the last prices against the closes `lookback` bars ago.

    Where there are fewer bars, against the first there is, symbol by symbol. None where no price
    is later than the first close: there is no momentum to speak of.
    """
    closes = history.closes(lookback)
    lasts = briefing.snapshot.lasts()[columns.in_quotes]
    if not len(closes):
        return None
    base = closes[0][columns.in_charts]
    if len(closes) == 1 and np.array_equal(base, lasts, equal_nan=True):
        return None
    unknown = np.isnan(base)
    if np.count_nonzero(unknown):
        base = _first_known(closes, columns.in_charts, base, unknown)
    momentum = lasts / base - 1.0
    order = (-momentum).argsort(kind="stable")
    known = len(order) - np.count_nonzero(np.isnan(momentum))
    return Ranking(order[:known].tolist(), lasts.tolist(), momentum.tolist())


def _first_known(
    closes: FloatArray, columns: NDArray[np.int64], base: FloatArray, unknown: NDArray[np.bool_]
) -> FloatArray:
    """Return `base` with its unknown closes replaced by the column's first known one, where there is one."""
    gaps = np.flatnonzero(unknown)
    window = closes[:, columns[gaps]]
    first = np.argmax(~np.isnan(window), axis=0)
    filled = base.copy()
    filled[gaps] = window[first, np.arange(len(gaps))]
    return filled
