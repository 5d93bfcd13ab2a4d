"""How prices moved from bar to bar, with ex-days taken out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALL_AT_ONCE = 64
"""Up to so many columns it costs less to compute all at once than one by one as they are asked for."""

ExDay = tuple[int, float, float]
"""The first row that is not before the day, the cash in CNY that a share gives, its new shares."""


@dataclass(frozen=True, kw_only=True)
class Moves:
    """Growth and true range of every bar, computed once a panel, of the columns that are looked at.

    Arrays come out symbol x time, and a cell holds nothing of a later bar. A cell is NaN where a
    price that it needs is missing or not positive. What a bar is measured against is the close of
    the row before; on an ex-day that close less the cash, spread over the new shares as well; on the
    first bar of a day without a declared one, the previous close that the file states in `stated`.
    """

    close: Floats
    high: Floats
    low: Floats
    days: NDArray[np.int64]
    stated: Floats | None = None
    ex_days: Mapping[int, tuple[ExDay, ...]] = field(default_factory=dict)
    _growth: dict[int, Floats] = field(default_factory=dict, init=False, repr=False)
    _ranges: dict[int, tuple[Floats, Floats]] = field(default_factory=dict, init=False, repr=False)

    def columns(self, column: int) -> slice:
        """Return the columns to ask for when that one is wanted: all where they are few."""
        width = self.close.shape[1]
        return slice(0, width) if width <= ALL_AT_ONCE else slice(column, column + 1)

    def growth(self, columns: slice) -> Floats:
        """Return each close by the one it is measured against, above 0; NaN in the first row of time."""
        if columns.start not in self._growth:
            with np.errstate(all="ignore"):
                closes, references = self._references(columns)
                found: Floats = closes / references
                found[~((found > 0) & (closes > 0) & np.isfinite(found))] = np.nan
            self._growth[columns.start] = found
        return self._growth[columns.start]

    def true_ranges(self, columns: slice) -> tuple[Floats, Floats]:
        """Return the true ranges in CNY of a share of their day, and what a CNY before each bar is after it.

        A true range reaches from the lower of low and previous close to the higher of high and
        previous close. The second array is 1 but where an ex-day lies between two bars.
        """
        if columns.start not in self._ranges:
            highs = np.ascontiguousarray(self.high[:, columns].T)
            lows = np.ascontiguousarray(self.low[:, columns].T)
            growth = self.growth(columns)
            with np.errstate(all="ignore"):
                closes, references = self._references(columns)
                found: Floats = np.maximum(highs, references) - np.minimum(lows, references)
                found[~((lows > 0) & np.isfinite(found) & np.isfinite(growth))] = np.nan
                steps: Floats = np.ones_like(closes)
                steps[:, 1:] = references[:, 1:] / closes[:, :-1]
            self._ranges[columns.start] = found, steps
        return self._ranges[columns.start]

    def _references(self, columns: slice) -> tuple[Floats, Floats]:
        """Return the closes, and what each is measured against: NaN in the first row of time."""
        closes = np.ascontiguousarray(self.close[:, columns].T)
        references = np.full_like(closes, np.nan)
        references[:, 1:] = closes[:, :-1]
        if self.stated is not None:
            opens_day = np.diff(self.days, prepend=self.days[:1]) != 0
            stated = self.stated[:, columns].T
            # Where there was no trade the bar before, the stated close has no bar to be a move from.
            np.copyto(references, stated, where=opens_day & ~np.isnan(stated) & ~np.isnan(references))
        self._take_out(columns, closes, references)
        return closes, references

    def _take_out(self, columns: slice, closes: Floats, references: Floats) -> None:
        """Replace what the first bar of each ex-day, or the first bar after one, is measured against."""
        rows = references.shape[1]
        for place in range(references.shape[0]):
            before = -1
            for row, cash_cny, shares in self.ex_days.get(columns.start + place, ()):
                if 0 < row < rows:
                    # Two ex-days without a bar between: the second starts from what the first left.
                    close = references[place, row] if row == before else closes[place, row - 1]
                    references[place, row] = (close - cash_cny) / (1 + shares)
                    before = row
