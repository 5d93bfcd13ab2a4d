"""A panel of bars as the simulated exchange sees it. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import floor, isnan

from services.brokers.market_view import Offer, Traded
from services.domain.bars import Adjustment, CorporateAction, Panel, VolumeUnit
from services.domain.instruments import Symbol
from services.domain.money import from_float
from services.domain.price_rows import PriceRow
from services.domain.value import Value

_UNIT_SHARES = {VolumeUnit.SHARE: 1, VolumeUnit.LOT: 100}
"""Shares in one unit of volume; a unit nobody declared is not guessed."""


class _Shown(Value, frozen=True, kw_only=True):
    """What the bars show at one moment: prices and previous closes by symbol, of `row` and its `day`."""

    row: int
    day: date
    in_progress: bool
    prices_cny: PriceRow
    references_cny: PriceRow


class BarMarket:
    """Bars as a market: the open of the bar in progress, low and high of a bar once it has ended.

    A symbol without a price in the row that counts is suspended. Corporate actions are booked on
    raw prices alone: adjusted prices hold them already.
    """

    def __init__(self, panel: Panel) -> None:
        self.actions: Sequence[CorporateAction] = _bookable(panel)
        self._panel, self._columns = panel, panel.column
        # Each returns the number of a row and a column.
        self._high, self._low = panel.high.item, panel.low.item
        self._close, self._volumes = panel.close.item, panel.volume.item
        self._starts = panel.starts.tolist()
        self._ends = panel.ends.tolist()
        self._days = panel.days.tolist()
        self._looks = sorted({*self._starts, *self._ends})
        self._unit_shares = _UNIT_SHARES.get(panel.volume_unit)
        self._at: datetime | None = None
        self._shown: _Shown | None = None

    async def offer(self, symbol: Symbol, at: datetime) -> Offer | None:
        """Return the open of the bar in progress; where none is, the last close and no trade."""
        if at is not self._at:
            self._at, self._shown = at, self._shown_at(at)
        shown, column = self._shown, self._columns.get(symbol)
        if column is None or shown is None:
            return None
        last, prev = shown.prices_cny[symbol], shown.references_cny[symbol]
        if last is None:
            return _suspended(prev, shown.day)
        trade = last if shown.in_progress else None
        return Offer(
            last_cny=last,
            last_on=shown.day,
            prev_close_cny=prev,
            buy_cny=trade,
            sell_cny=trade,
            picture=self._starts[shown.row],
            volume=self._volume(shown.row, column),
        )

    def _shown_at(self, at: datetime) -> _Shown | None:
        """Return what the rows show at a moment, None before the first."""
        # Whole seconds end and begin rows, and whole numbers are compared in a fifth of the time.
        second, panel = floor(at.timestamp()), self._panel
        row = bisect_right(self._ends, second)
        in_progress = row < len(self._starts) and self._starts[row] <= second
        if not in_progress:
            row -= 1
        if row < 0:
            return None
        day = date.fromordinal(self._days[row])
        return _Shown(
            row=row,
            day=day,
            in_progress=in_progress,
            prices_cny=(panel.opens_cny if in_progress else panel.closes_cny)[row],
            # Before the open the last row is of an earlier day; the day's own reference stands in its first
            # row. A row past the last is of a day without data: the last close stands before it.
            references_cny=panel.prev_closes_cny[row if day == at.date() else row + 1],
        )

    def traded(self, symbol: Symbol, second: float) -> Traded | None:
        """Return the bar that ended at `second`."""
        row, column = bisect_left(self._ends, second), self._columns.get(symbol)
        if column is None or row == len(self._ends) or self._ends[row] != second:
            return None
        low, high = _price(self._low, row, column), _price(self._high, row, column)
        close = _price(self._close, row, column)
        if low is None or high is None or close is None:
            return None
        return Traded(
            started=self._starts[row],
            low_cny=low,
            high_cny=high,
            close_cny=close,
            volume=self._volume(row, column),
        )

    def next_look(self, after: float) -> float:
        """Return the first start or end of a bar after `after`, infinity past the last."""
        index = bisect_right(self._looks, after)
        return self._looks[index] if index < len(self._looks) else float("inf")

    def looks(self, after: float, until: float) -> Sequence[float]:
        """Return the starts and ends of bars in (after, until]."""
        return self._looks[bisect_right(self._looks, after) : bisect_right(self._looks, until)]

    def _volume(self, row: int, column: int) -> int | None:
        """Return what traded in the bar, in shares; an open alone, of a bar that never ended, has none.

        Nothing is nothing in a unit nobody declared, too.
        """
        volume = self._volumes(row, column)
        if volume == 0:
            return 0
        if self._unit_shares is None or isnan(volume):
            return None
        return int(volume) * self._unit_shares


def _bookable(panel: Panel) -> Sequence[CorporateAction]:
    """Return the panel's ex-days where its prices are raw."""
    return panel.actions if panel.adjustment is Adjustment.RAW else ()


def _price(number: Callable[[int, int], float], row: int, column: int) -> Decimal | None:
    price = number(row, column)
    return None if isnan(price) else from_float(price)


def _suspended(prev_close_cny: Decimal | None, day: date) -> Offer | None:
    """Return the offer of a symbol that has no bar; None where it never had one before that day."""
    if prev_close_cny is None:
        return None
    return Offer(
        last_cny=prev_close_cny,
        last_on=day,
        prev_close_cny=prev_close_cny,
        buy_cny=None,
        sell_cny=None,
        suspended=True,
    )
