"""A panel's prices as exact decimals, each made once while its row is looked at. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from services.domain.instruments import Symbol
from services.domain.money import from_float

ROWS_KEPT = 8
"""How many rows of one array keep their decimals: readers look at the present row and few before it."""

_Prices = NDArray[np.float64]


class PriceRow(dict[Symbol, Decimal | None]):
    """The prices of one row in CNY a share: `row[symbol]`, None where there is none, or no such column.

    `[]` alone reads what nobody asked for before; `get` and `in` do not.
    """

    __slots__ = ("_columns", "_price")

    def __init__(self, columns: Mapping[Symbol, int], price: Callable[[int], float]) -> None:
        """Make a row whose prices `price` returns by column, NaN where there is none."""
        self._columns, self._price = columns, price

    def __missing__(self, symbol: Symbol) -> Decimal | None:
        """Make one price's decimal and keep it."""
        column = self._columns.get(symbol)
        price = nan if column is None else self._price(column)
        exact = self[symbol] = None if isnan(price) else from_float(price)
        return exact


class PriceRows(dict[int, PriceRow]):
    """The rows of an array of prices: `rows[row][symbol]`. Of the last few that were begun all is kept.

    One thread at a time.

    Raises:
        IndexError: The array has no such row; none is counted from its end.
    """

    __slots__ = ("_columns", "_prices")

    def __init__(self, columns: Mapping[Symbol, int], prices: _Prices) -> None:
        self._columns, self._prices = columns, prices

    def __missing__(self, row: int) -> PriceRow:
        """Begin a row; where there are too many, the one begun first is let go."""
        if row < 0:
            raise IndexError(f"row {row}: nothing is known before the first")
        begun = self._begun(row)
        while len(self) >= ROWS_KEPT:
            del self[next(iter(self))]
        self[row] = begun
        return begun

    def _begun(self, row: int) -> PriceRow:
        return PriceRow(self._columns, self._prices[row].item)


class ReferenceRows(PriceRows):
    """The close before each row's day: as the file states it in `stated`, else as last traded in `closes`.

    `first_rows` holds for each row the first of its day; the row past the last begins a day.
    """

    __slots__ = ("_first_rows", "_stated")

    def __init__(
        self,
        columns: Mapping[Symbol, int],
        stated: _Prices | None,
        closes: _Prices,
        first_rows: Sequence[int],
    ) -> None:
        super().__init__(columns, closes)
        self._stated, self._first_rows = stated, first_rows

    def _begun(self, row: int) -> PriceRow:
        past = row == len(self._first_rows)
        before = (row if past else self._first_rows[row]) - 1
        closes, stated = self._prices, None if past or self._stated is None else self._stated[row]

        def close_before(column: int) -> float:
            price: float = nan if stated is None else stated.item(column)
            if isnan(price) and (known := last_known(closes, column, before)) is not None:
                price = closes.item(known, column)
            return price

        return PriceRow(self._columns, close_before)


def last_known(closes: _Prices, column: int, row: int) -> int | None:
    """Return the last row not after `row` with a close in the column, None where there is none."""
    while row >= 0:
        if not isnan(closes.item(row, column)):
            return row
        row -= 1
    return None
