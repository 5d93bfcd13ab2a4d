"""What holdings and the benchmark were worth at the marks of a trail, by a panel's bars."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from math import isnan, nan

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
        for row in np.flatnonzero(np.isnan(known[1:]).any(axis=1)).tolist():
            np.copyto(known[row + 1], known[row], where=np.isnan(known[row + 1]))
        return known

    @cached_property
    def _days(self) -> list[int]:
        """The trading day of each row, as an ordinal."""
        days: list[int] = [] if self.panel is None else self.panel.days.tolist()
        return days

    def rows_until(self, day: date) -> int:
        """Return how many of the panel's rows are of `day` and of days before it."""
        return bisect_right(self._days, day.toordinal())

    def prices(self, mark: Mark) -> FloatArray:
        """Return the panel's prices at a mark, one a column, NaN where none was known.

        At a session: what its quotes showed, the open of the bar in progress or else the last
        close. At a day's end: the day's last close.
        """
        panel = self.panel
        if panel is None:
            return np.empty(0)
        if mark.kind is MarkKind.DAY_END:
            return self._row(self.rows_until(mark.day))
        past = self._row(panel.ended(mark.moment))
        opening = panel.opening(mark.moment)
        if opening is None:
            return past
        opens = panel.open[opening]
        shown: FloatArray = np.where(np.isnan(opens), past, opens)
        return shown

    def market_cny(self, mark: Mark, prices: FloatArray) -> Decimal:
        """Return what the holdings of a mark are worth at the panel's prices there, in CNY."""
        cents, columns = 0, {} if self.panel is None else self.panel.column
        for symbol, shares in mark.book.holdings().items():
            column = columns.get(symbol)
            price = nan if column is None else prices.item(column)
            cents += _cents(_told_cny(mark, symbol) * shares) if isnan(price) else worth_cents(price, shares)
        return Decimal(cents).scaleb(-2)

    def equity_cny(self, mark: Mark) -> Decimal:
        """Return what the account of a mark is worth at the panel's prices there, in CNY."""
        return self.market_cny(mark, self.prices(mark)) + mark.book.cash_cny

    def price_cny(self, mark: Mark, symbol: Symbol) -> Decimal:
        """Return the price a holding counts with at a mark, in CNY a share."""
        column = self.panel.column.get(symbol) if self.panel is not None else None
        price = nan if column is None else self.prices(mark).item(column)
        return _told_cny(mark, symbol) if isnan(price) else from_float(price)

    def _row(self, ended: int) -> FloatArray:
        """Return the prices known after `ended` rows."""
        if ended == 0:
            return np.full(self.known.shape[1], np.nan)
        row: FloatArray = self.known[ended - 1]
        return row


def worth_cents(price: float, shares: int) -> int:
    """Return what shares are worth at a bar's price, rounded half-up to 0.01, in cents.

    It is reckoned in 0.0001 CNY where the price is a whole number of them: below 10 ** 15 of them its text
    has at most 15 digits, and no two decimals of so few are one float.
    """
    units = round(price * 10_000)
    if 0 < units < 10**15 and units / 10_000 == price and shares >= 0:
        return (units * shares + 50) // 100
    return _cents(from_float(price) * shares)


def _cents(amount_cny: Decimal) -> int:
    return int(to_cent(amount_cny).scaleb(2))


def _told_cny(mark: Mark, symbol: Symbol) -> Decimal:
    """Return a holding's price as the journal tells it, or else what it cost."""
    seen = mark.seen.get(symbol)
    return cost_price_cny(mark.book, symbol) if seen is None else seen


def cost_price_cny(book: Book, symbol: Symbol) -> Decimal:
    """Return what a share of a holding cost on average, without fees, in CNY."""
    lots = [lot for lot in book.lots if lot.symbol == symbol]
    return sum((lot.cost_cny for lot in lots), ZERO) / sum(lot.shares for lot in lots)


class Basket:
    """The watchlist bought at a mark and held: units of each column, and the cash that dividends left."""

    def __init__(self, panel: Panel, columns: list[int], units: FloatArray) -> None:
        self.units, self.cash_cny, self._columns = units, 0.0, columns
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

    def worth_cny(self, day: date, prices: FloatArray) -> float:
        """Return what it is worth at a later mark, of `day` and with these prices of the panel, in CNY."""
        self.advance(day)
        return self.cash_cny + float(self.units @ prices[self._columns])


def basket(valuer: Valuer, mark: Mark, watchlist: Sequence[str], cash_cny: Decimal) -> Basket | None:
    """Return the benchmark that begins at a mark with `cash_cny`.

    Equal parts are put, without costs, into every symbol of the watchlist that has a price then, and
    kept; dividends of known corporate actions stay as cash. None without a panel, or where no symbol
    of the watchlist has a price.
    """
    panel = valuer.panel
    if panel is None:
        return None
    columns = [panel.column[Symbol(one)] for one in watchlist if Symbol(one) in panel.column]
    start = valuer.prices(mark)
    columns = [column for column in columns if not isnan(float(start[column]))]
    if not columns:
        return None
    return Basket(panel, columns, float(cash_cny) / len(columns) / start[columns])
