"""The bars of one symbol as arrays of whole numbers, so that no cent is lost on the way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import numpy as np

from services.domain.bars import Adjustment, IntArray, VolumeUnit
from services.domain.instruments import Market, Symbol
from services.history.lengths import BarLength, moment_of
from services.history.spans import Days
from services.market.bar_times import market_of
from services.slots import ZONES

SCALE = 6
"""Decimals of a stored price: raw ones have at most three, adjusted ones what their source gives."""

UNIT = 10**SCALE
AMOUNT_UNIT = 100
NONE = -1
"""Stands for a number that the source did not state; no price, volume or amount is negative."""

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume", "amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What bars have to have in common before they may stand side by side."""

    length: BarLength
    adjustment: Adjustment
    volume_unit: VolumeUnit

    def __str__(self) -> str:
        """Return its words."""
        return f"{self.length} {self.adjustment}, volume in {self.volume_unit}"

    @property
    def topic(self) -> str:
        """Under what days are known of such bars: lots and shares say the same."""
        return f"{self.length} {self.adjustment}"


@dataclass(frozen=True, kw_only=True)
class Series:
    """Bars of one symbol and kind, oldest first; `ends` are seconds since the epoch, each once.

    Prices are int64 in millionths of a CNY (US: USD), `volume` in the kind's unit, `amount` in hundredths;
    `NONE` where not stated.
    """

    symbol: Symbol
    kind: Kind
    ends: IntArray
    open: IntArray
    high: IntArray
    low: IntArray
    close: IntArray
    volume: IntArray
    amount: IntArray

    def __post_init__(self) -> None:
        """Refuse columns of unequal length, and ends that do not ascend."""
        if any(len(getattr(self, name)) != len(self.ends) for name in COLUMNS):
            raise ValueError(f"{self.symbol}: columns of unequal length")
        if len(self.ends) > 1 and not bool(np.all(np.diff(self.ends) > 0)):
            raise ValueError(f"{self.symbol}: bars out of order, or one of them twice")

    def __len__(self) -> int:
        """Return how many bars there are."""
        return len(self.ends)

    @property
    def market(self) -> Market:
        """Where the symbol is traded."""
        return market_of(self.symbol)

    def label(self, row: int) -> str:
        """Return a row's label, market-local."""
        return self.label_of(int(self.ends[row]))

    def label_of(self, end: int) -> str:
        """Return the label of a bar of this length that ends then."""
        at = datetime.fromtimestamp(end, ZONES[self.market])
        return f"{at:%Y-%m-%d}" if self.kind.length.minutes is None else f"{at:%Y-%m-%d %H:%M}"

    def rows(self, keep: IntArray) -> Series:
        """Return the rows at the given positions, ascending."""
        return replace(self, ends=self.ends[keep], **{name: getattr(self, name)[keep] for name in COLUMNS})

    def between(self, first_s: int, last_s: int) -> Series:
        """Return the bars whose end lies in [first_s, last_s]."""
        low, high = np.searchsorted(self.ends, [first_s, last_s + 1])
        return self.rows(np.arange(low, high, dtype=np.int64))

    def price(self, row: int, name: str) -> Decimal | None:
        """Return a price of a row, None where not stated."""
        return unscaled(int(getattr(self, name)[row]))


def scaled(price: Decimal) -> int:
    """Return a price as it is stored.

    Raises:
        ValueError: It has more decimals than are kept, is negative, or no number.
    """
    if not price.is_finite() or price < 0:
        raise ValueError(f"{price} is no price")
    whole = price.scaleb(SCALE)
    if whole != whole.to_integral_value():
        raise ValueError(f"{price} has more than {SCALE} decimals")
    return int(whole)


def rounded(price: float) -> int:
    """Return a price that a vendor gives as a binary number, as it is stored: to the nearest that is kept."""
    whole: int = round(price * UNIT)
    return whole


def unscaled(stored: int) -> Decimal | None:
    """Return a stored price, None for `NONE`."""
    return None if stored == NONE else Decimal(stored).scaleb(-SCALE)


class BarsDiffer(ValueError):
    """A bar stands twice and says two things: of which symbol and kind, and its label, market-local."""

    def __init__(self, symbol: Symbol, kind: Kind, label: str, column: str) -> None:
        super().__init__(f"{symbol} {kind}: two bars of {label} differ in {column}")
        self.symbol, self.kind, self.label = symbol, kind, label


def together(parts: tuple[Series, ...]) -> Series:
    """Return series of one symbol and kind as one; a bar that stands in two of them must be the same in both.

    Raises:
        BarsDiffer: A bar does.
        ValueError: They are of different symbols or kinds, or there is none.
    """
    first = parts[0]
    if any((one.symbol, one.kind) != (first.symbol, first.kind) for one in parts):
        raise ValueError(f"{first.symbol}: bars of different kinds")
    ends = np.concatenate([one.ends for one in parts])
    order = np.argsort(ends, kind="stable")
    ends = ends[order]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in parts])[order] for name in COLUMNS
    }
    again = np.flatnonzero(ends[1:] == ends[:-1]) + 1
    for name in COLUMNS:
        differs = again[columns[name][again] != columns[name][again - 1]]
        if len(differs):
            raise BarsDiffer(first.symbol, first.kind, first.label_of(int(ends[differs[0]])), name)
    keep = np.setdiff1d(np.arange(len(ends)), again)
    return replace(first, ends=ends[keep], **{name: column[keep] for name, column in columns.items()})


def conflicts(ours: Series, theirs: Series, columns: Sequence[str] = COLUMNS) -> tuple[int, ...]:
    """Return the ends at which both have a bar and the bars differ in one of the columns, ascending.

    An amount that one of them does not state is no difference.
    """
    _, left, right = np.intersect1d(ours.ends, theirs.ends, assume_unique=True, return_indices=True)
    differs = np.zeros(len(left), dtype=bool)
    for name in columns:
        one, two = getattr(ours, name)[left], getattr(theirs, name)[right]
        stated = (one != NONE) & (two != NONE) if name == "amount" else True
        differs |= (one != two) & stated
    return tuple(int(end) for end in ours.ends[left[differs]])


def joined(pieces: Sequence[Series]) -> bool:
    """Answer whether series of one symbol hang together: each has a bar in common with one of the others.

    Bars of a moment in common tell the same prices.
    """
    linked, left = [*pieces[:1]], [*pieces[1:]]
    while left:
        near = next((one for one in left if any(_meet(one, other) for other in reversed(linked))), None)
        if near is None:
            return False
        linked.append(near)
        left = [one for one in left if one is not near]
    return True


def _meet(one: Series, other: Series) -> bool:
    return bool(np.isin(one.ends, other.ends).any()) and not conflicts(one, other, PRICES)


def without(series: Series, ends: IntArray) -> Series:
    """Return the bars of a series that end at none of the moments."""
    return series.rows(np.flatnonzero(~np.isin(series.ends, ends)))


def on_days(series: Series, days: Iterable[Days]) -> Series:
    """Return the bars of a series on some days, ascending spans of which no two overlap."""
    pieces = tuple(series.between(*seconds_of(series.market, one)) for one in days)
    return together(pieces) if pieces else series.rows(np.empty(0, dtype=np.int64))


def seconds_of(market: Market, days: Days) -> tuple[int, int]:
    """Return between which moments the bars of some days end, in seconds since the epoch, both included."""
    first, last = days
    return moment_of(market, first, time(0)), moment_of(market, last, time(23, 59))
