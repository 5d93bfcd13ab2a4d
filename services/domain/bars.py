"""Price history as arrays, shown only as far as a moment allows. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from math import floor
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.domain.instruments import Instrument, Span, Symbol
from services.domain.price_rows import PriceRows, ReferenceRows
from services.domain.value import Value

if TYPE_CHECKING:
    from services.domain.bar_moves import ExDay, Moves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Frequency(StrEnum):
    """How often a session fires, and the length of a file's bars."""

    DAILY = "daily"
    HOURLY = "hourly"


class Adjustment(StrEnum):
    """How a series treats ex-rights days; declared with the file, never guessed."""

    RAW = "raw"
    FORWARD = "forward"
    BACKWARD = "backward"
    UNKNOWN = "unknown"


class VolumeUnit(StrEnum):
    """What one unit of a series' volume is; declared with the file, never guessed."""

    SHARE = "share"
    LOT = "lot"
    UNKNOWN = "unknown"


class CorporateAction(Value, frozen=True, kw_only=True):
    """An ex-day: cash per share and new shares per share, for holders of the day before.

    `bonus_per_share` is the part of the new shares paid out of profit, which is taxed at par (送股);
    the rest is capitalisation, which is not (转增). `rights_per_share` new shares a share may be bought
    at `rights_price_cny` (配股); nobody has to.
    """

    symbol: Symbol
    ex_date: date
    cash_per_share: Decimal = Decimal(0)
    shares_per_share: Decimal = Decimal(0)
    bonus_per_share: Decimal = Decimal(0)
    rights_per_share: Decimal = Decimal(0)
    rights_price_cny: Decimal = Decimal(0)


class Panel(Value, frozen=True, kw_only=True, dict=True):
    """Bars as arrays time x symbol, read through `until` and `opening` alone.

    `starts` and `ends` are int64 seconds since the epoch, ascending, one per row; a row's label is
    its end. `days` holds each row's trading day as a proleptic ordinal. Price arrays are float64 in
    CNY a share (US: USD), NaN where there is no bar or the field is not known yet; `volume` is in
    `volume_unit`. `prev_close`, where the file states it, is the exchange's (ex-adjusted) previous
    close of the row's day. `source` names the file kind and its content; `digest` is the SHA-256
    of the stored columns; `synthetic` marks a market that is not real. `members`, where there are any, are
    the days on which a symbol belonged to the index whose members alone may be bought.
    """

    symbols: tuple[Symbol, ...]
    names: tuple[str, ...]
    starts: IntArray
    ends: IntArray
    days: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    frequency: Frequency
    adjustment: Adjustment
    volume_unit: VolumeUnit
    source: str
    digest: str
    prev_close: FloatArray | None = None
    instruments: Mapping[Symbol, Instrument] = msgspec.field(default_factory=dict)
    actions: tuple[CorporateAction, ...] = ()
    synthetic: bool = False
    members: Mapping[Symbol, tuple[Span, ...]] = msgspec.field(default_factory=dict)

    @cached_property
    def column(self) -> Mapping[Symbol, int]:
        """The column of each symbol."""
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    @cached_property
    def first_rows(self) -> list[int]:
        """For each row the first row of its day."""
        firsts: list[int] = []
        for row, day in enumerate(self.days.tolist()):
            same = row > 0 and day == self.days[row - 1]
            firsts.append(firsts[-1] if same else row)
        return firsts

    @cached_property
    def opens_cny(self) -> PriceRows:
        """The opens as exact decimals, `opens_cny[row][symbol]`: of ended rows and of the one in progress."""
        return PriceRows(self.column, self.open)

    @cached_property
    def closes_cny(self) -> PriceRows:
        """The closes as exact decimals, of rows that ended."""
        return PriceRows(self.column, self.close)

    @cached_property
    def prev_closes_cny(self) -> ReferenceRows:
        """The close before each row's day, as the file states it or as last traded, as exact decimals.

        The row past the last is of a day without data.
        """
        return ReferenceRows(self.column, self.prev_close, self.close, self.first_rows)

    @cached_property
    def moves(self) -> Moves:
        """How prices moved from bar to bar; adjusted prices hold their ex-days already."""
        # Few minds and limits look at moves, so they are loaded here.
        from services.domain.bar_moves import Moves

        if self.adjustment is not Adjustment.RAW:
            return Moves(close=self.close, high=self.high, low=self.low, days=self.days)
        return Moves(
            close=self.close,
            high=self.high,
            low=self.low,
            days=self.days,
            stated=self.prev_close,
            ex_days=self._ex_days(),
        )

    def _ex_days(self) -> Mapping[int, tuple[ExDay, ...]]:
        """Return each column's ex-days, oldest first; the shares of a rights issue count as taken up."""
        due: dict[tuple[Symbol, date], tuple[Decimal, Decimal]] = {}
        for one in self.actions:
            cash, shares = due.get((one.symbol, one.ex_date), (Decimal(0), Decimal(0)))
            cash += one.cash_per_share - one.rights_per_share * one.rights_price_cny
            shares += one.shares_per_share + one.rights_per_share
            due[one.symbol, one.ex_date] = cash, shares
        found: dict[int, list[ExDay]] = {}
        for (symbol, ex_date), (cash, shares) in sorted(due.items()):
            row = int(np.searchsorted(self.days, ex_date.toordinal()))
            found.setdefault(self.column[symbol], []).append((row, float(cash), float(shares)))
        return {column: tuple(ex_days) for column, ex_days in found.items()}

    @cached_property
    def place(self) -> Callable[[datetime], tuple[int, int | None]]:
        """What returns how many rows have ended at a moment, and the row in progress: `ended`, `opening`."""
        return _Places(self.starts.tolist(), self.ends.tolist()).of

    def ended(self, moment: datetime) -> int:
        """Return how many rows have ended at `moment` (end <= moment)."""
        return self.place(moment)[0]

    def until(self, moment: datetime) -> History:
        """Return the bars whose end is not after `moment`."""
        return History(panel=self, rows=self.ended(moment))

    def opening(self, moment: datetime) -> int | None:
        """Return the row of the bar in progress, of which the open alone may be looked at.

        None where no bar is in progress (lunch, after the close, outside the data).
        """
        return self.place(moment)[1]


class _Places:
    """Where moments stand in the rows: how many have ended, and the one in progress.

    The last moment asked for is remembered by its identity, for all who look at one moment ask for it.
    """

    __slots__ = ("_ends", "_latest", "_starts")

    def __init__(self, starts: list[int], ends: list[int]) -> None:
        self._starts, self._ends = starts, ends
        self._latest: tuple[datetime | None, tuple[int, int | None]] = None, (0, None)

    def of(self, moment: datetime) -> tuple[int, int | None]:
        latest, place = self._latest
        if moment is not latest:
            # Whole seconds end and begin rows, and whole numbers are compared in a fifth of the time.
            second = floor(moment.timestamp())
            row = bisect_right(self._ends, second)
            opened = row < len(self._starts) and self._starts[row] <= second
            place = row, row if opened else None
            self._latest = moment, place
        return place


class History(Value, frozen=True, kw_only=True):
    """The ended bars of a panel at some moment: row views, oldest first, nothing later."""

    panel: Panel
    rows: int

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The columns, in order."""
        return self.panel.symbols

    def closes(self, bars: int) -> FloatArray:
        """Return the last `bars` rows of closes (fewer if there are fewer), time x symbol."""
        return self.panel.close[max(0, self.rows - bars) : self.rows]

    def opens(self, bars: int) -> FloatArray:
        """Return the last `bars` rows of opens, time x symbol."""
        return self.panel.open[max(0, self.rows - bars) : self.rows]

    def highs(self, bars: int) -> FloatArray:
        """Return the last `bars` rows of highs, time x symbol."""
        return self.panel.high[max(0, self.rows - bars) : self.rows]

    def lows(self, bars: int) -> FloatArray:
        """Return the last `bars` rows of lows, time x symbol."""
        return self.panel.low[max(0, self.rows - bars) : self.rows]

    def volumes(self, bars: int) -> FloatArray:
        """Return the last `bars` rows of volume in the panel's unit, time x symbol."""
        return self.panel.volume[max(0, self.rows - bars) : self.rows]

    def ends(self, bars: int) -> IntArray:
        """Return the ends of the last `bars` rows, seconds since the epoch."""
        return self.panel.ends[max(0, self.rows - bars) : self.rows]
