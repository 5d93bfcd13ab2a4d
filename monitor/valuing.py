"""What holdings and the benchmark were worth at the marks of a trail, by a panel's bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from math import isnan

import numpy as np

from monitor.trail import Mark, MarkKind
from services.domain.bars import FloatArray, Panel
from services.domain.book import Book
from services.domain.instruments import Symbol
from services.domain.money import ZERO, from_float, to_cent
from services.domain.value import Value


class Valuer(Value, frozen=True, kw_only=True, dict=True):
    """Prices at a mark: read off the panel, else as the journal tells them.

    Where the journal knows none either, holdings count at what they cost.
    """

    panel: Panel | None

    @cached_property
    def known(self) -> FloatArray:
        """The last known price at each row, time x symbol, NaN before a symbol's first bar.

        A bar without a close is its series' last, still in progress: it counts with its open.
        """
        if self.panel is None:
            return np.empty((0, 0))
        known: FloatArray = np.where(np.isnan(self.panel.close), self.panel.open, self.panel.close)
        # Row by row: a long history has no room for a second table of its size.
        for before, row in pairwise(known):
            np.copyto(row, before, where=np.isnan(row))
        return known

    def prices(self, mark: Mark) -> FloatArray:
        """Return the panel's prices at a mark, one a column, NaN where none was known.

        At a session: what its quotes showed, the open of the bar in progress or else the last
        close. At a day's end: the day's last close.
        """
        panel = self.panel
        if panel is None:
            return np.empty(0)
        if mark.kind is MarkKind.DAY_END:
            return self._row(int(np.searchsorted(panel.days, mark.day.toordinal(), side="right")))
        past = self._row(panel.ended(mark.moment))
        opening = panel.opening(mark.moment)
        if opening is None:
            return past
        opens = panel.open[opening]
        shown: FloatArray = np.where(np.isnan(opens), past, opens)
        return shown

    def market_cny(self, mark: Mark) -> Decimal:
        """Return what the holdings of a mark are worth, in CNY."""
        if not mark.book.lots:
            return ZERO
        prices = self.prices(mark)
        worth = ZERO
        for symbol, shares in mark.book.holdings().items():
            worth += to_cent(self._price(prices, mark, symbol) * shares)
        return worth

    def price_cny(self, mark: Mark, symbol: Symbol) -> Decimal:
        """Return the price a holding counts with at a mark, in CNY a share."""
        return self._price(self.prices(mark), mark, symbol)

    def _row(self, ended: int) -> FloatArray:
        """Return the prices known after `ended` rows."""
        if ended == 0:
            return np.full(self.known.shape[1], np.nan)
        row: FloatArray = self.known[ended - 1]
        return row

    def _price(self, prices: FloatArray, mark: Mark, symbol: Symbol) -> Decimal:
        column = self.panel.column.get(symbol) if self.panel is not None else None
        if column is not None and not isnan(price := float(prices[column])):
            return from_float(price)
        if symbol in mark.seen:
            return mark.seen[symbol]
        return cost_price_cny(mark.book, symbol)


def cost_price_cny(book: Book, symbol: Symbol) -> Decimal:
    """Return what a share of a holding cost on average, without fees, in CNY."""
    lots = [lot for lot in book.lots if lot.symbol == symbol]
    return sum((lot.cost_cny for lot in lots), ZERO) / sum(lot.shares for lot in lots)


def benchmark(
    valuer: Valuer, marks: Sequence[Mark], watchlist: Sequence[str], cash_cny: Decimal
) -> tuple[float, ...] | None:
    """Return what `cash_cny` in the watchlist was worth at each mark, in CNY.

    Equal parts are put, at the first mark and without costs, into every symbol that has a price
    then, and kept; dividends of known corporate actions stay as cash. None without a panel, or
    where no symbol of the watchlist has a price at the first mark.
    """
    panel = valuer.panel
    if panel is None or not marks:
        return None
    columns = [panel.column[Symbol(one)] for one in watchlist if Symbol(one) in panel.column]
    start = valuer.prices(marks[0])
    columns = [column for column in columns if not isnan(float(start[column]))]
    if not columns:
        return None
    basket = _Basket(panel, columns, float(cash_cny) / len(columns) / start[columns])
    worth = []
    for mark in marks:
        basket.advance(mark.day)
        worth.append(basket.cash_cny + float(basket.units @ valuer.prices(mark)[columns]))
    return tuple(worth)


class _Basket:
    """Units held of each column, and the cash that dividends left."""

    def __init__(self, panel: Panel, columns: list[int], units: FloatArray) -> None:
        self.units, self.cash_cny = units, 0.0
        self._place = {panel.symbols[column]: at for at, column in enumerate(columns)}
        self._actions = sorted(
            (one for one in panel.actions if one.symbol in self._place),
            key=lambda one: (one.ex_date, one.symbol),
        )
        self._day: date | None = None

    def advance(self, day: date) -> None:
        """Book the corporate actions of ex-dates after the last day up to `day`."""
        if self._day is not None and day > self._day:
            for action in self._actions:
                if self._day < action.ex_date <= day:
                    at = self._place[action.symbol]
                    self.cash_cny += self.units[at] * float(action.cash_per_share)
                    self.units[at] *= 1.0 + float(action.shares_per_share)
        self._day = day
