"""The momentum rule: symbols ranked on arrays, with ties broken by symbol. Pure."""

from __future__ import annotations

from collections.abc import Mapping
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


class Columns(Value, frozen=True):
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


class Ranking(NamedTuple):
    """Symbols by momentum, the highest first, as positions in `Columns.symbols`.

    A symbol whose momentum is unknown is left out of `order`. `lasts` and `momentum` are in the
    order of `Columns.symbols`; a momentum of 0.05 is a rise of 5%.
    """

    order: list[int]
    lasts: list[float]
    momentum: FloatArray


def rank(briefing: Briefing, history: History, columns: Columns, lookback: int) -> Ranking | None:
    """Return the ranking of the last prices against the closes `lookback` bars ago.

    Where there are fewer bars, against the first there is, symbol by symbol. None where no price
    is later than the first close: there is no momentum to speak of.
    """
    closes = history.closes(lookback)
    lasts = briefing.snapshot.lasts().take(columns.in_quotes)
    if not len(closes):
        return None
    base = closes[0].take(columns.in_charts)
    if len(closes) == 1 and np.array_equal(base, lasts, equal_nan=True):
        return None
    momentum = lasts / base - 1.0
    order = (-momentum).argsort(kind="stable").tolist()
    # What is unknown stands last, so without any there is nothing to look for.
    if order and isnan(momentum.item(order[-1])):
        momentum = lasts / _first_known(closes, columns.in_charts, base) - 1.0
        order = (-momentum).argsort(kind="stable").tolist()
        order = order[: len(order) - np.count_nonzero(np.isnan(momentum))]
    return Ranking(order, lasts.tolist(), momentum)


def _first_known(closes: FloatArray, columns: NDArray[np.int64], base: FloatArray) -> FloatArray:
    """Return `base` with its unknown closes replaced by the column's first known one, where there is one."""
    gaps = np.flatnonzero(np.isnan(base))
    window = closes[:, columns[gaps]]
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
        top = _top(sheet, columns, ranking, options.top)
        _rotate(sheet, columns, ranking, top, resize=options.resize > 0)
        shown = ", ".join(f"{columns.symbols[i]} {ranking.momentum.item(i):+.2%}" for i in top)
        bars = min(history.rows, options.lookback)
        return f"Momentum over {bars} bars, the top {options.top}: {shown or 'none fits'}."


def _top(sheet: OrderSheet, columns: Columns, ranking: Ranking, top: int) -> list[int]:
    """Return the best positions that are held already or can be entered."""
    chosen: list[int] = []
    symbols, held, lasts = columns.symbols, sheet.held, ranking.lasts
    for i in ranking.order:
        if symbols[i] in held or sheet.fits(symbols[i], lasts[i]):
            chosen.append(i)
            if len(chosen) == top:
                break
    return chosen


def _rotate(sheet: OrderSheet, columns: Columns, ranking: Ranking, top: list[int], *, resize: bool) -> None:
    """Write the sells of what left the top, then the buys of what entered; never both of one symbol.

    With `resize` also what brings the others to their share, sells among the sells.
    """
    held, busy, lasts = sheet.held, working(sheet.briefing), ranking.lasts
    chosen = [columns.symbols[i] for i in top]
    for symbol in sorted(held.keys() - busy):
        at = columns.at.get(symbol)
        if at is None:
            continue
        if symbol not in chosen:
            sheet.sell_all(symbol, lasts[at], "left the top")
        elif resize:
            sheet.sell_over(symbol, lasts[at], "above its share")
    for i, symbol in zip(top, chosen, strict=True):
        if symbol not in held and symbol not in busy:
            sheet.buy(symbol, lasts[i], "entered the top")
        elif resize and symbol not in busy:
            sheet.buy_short_of(symbol, lasts[i], "below its share")
