"""The prices of a record's lines: which bar a line's date names, and what that bar and its day say. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np

from monitor.foreign_record import RecordLine
from services.domain.bars import FloatArray, Frequency, Panel
from services.domain.instruments import Market, Symbol
from services.domain.money import from_float
from services.market.bar_times import HOURLY_STARTS, bar_time, market_of
from services.slots import TIMES, ZONES

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class RecordUnusable(ValueError):
    """A record that cannot be held against the prices given: one line with the mend."""


class LabelledPrices:
    """A panel asked by the dates a record writes. A bar's label is its end; trades pay its open."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.market = market_of(panel.symbols[0])
        self.zone = ZONES[self.market]
        self.days = [date.fromordinal(day) for day in panel.days.tolist()]
        self._row_of_end = {int(end): row for row, end in enumerate(panel.ends.tolist())}
        self._closes = _carried(panel)

    def symbol(self, written: str) -> Symbol | None:
        """Return a record's symbol as the panel has it, None where it has none; `AAPL` is AAPL.US."""
        return next((Symbol(name) for name in (written, f"{written}.US") if name in self.panel.column), None)

    def name(self, symbol: Symbol) -> str:
        """Return the instrument's name as the file has it."""
        return self.panel.names[self.panel.column[symbol]]

    def row(self, label: str) -> int | None:
        """Return the bar that a line's date names: by its label, or as the one in progress just then."""
        try:
            return self._row_of_end.get(bar_time(label, self.market).end_s)
        except ValueError:
            moment = self._moment(label)
            return None if moment is None else self.panel.opening(moment)

    def row_of(self, line: RecordLine) -> int | None:
        """Return the bar a line traded in: by its trade time, where it has none by its date."""
        row = None if line.traded_at is None else self.row(line.traded_at)
        return self.row(line.label) if row is None else row

    def bars_of(self, line: RecordLine) -> tuple[int, ...]:
        """Return the bars in one of which a line's trade was: two at a moment at which one follows another.

        A trade of the opening call is of its day's first bar, one after the close of its last.
        """
        rows = {self.row_of(line)}
        moment = None if line.traded_at is None else self._moment(line.traded_at)
        if moment is not None:
            rows |= {self.panel.opening(moment), self._beside_the_day(moment)}
        return tuple(sorted(row for row in rows if row is not None))

    def _beside_the_day(self, moment: datetime) -> int | None:
        """Return the day's first bar before it has begun, its last once it has ended."""
        ended, days = self.panel.ended(moment), self.days
        if ended and days[ended - 1] == moment.date():
            last = ended == len(days) or days[ended] != moment.date()
            return ended - 1 if last else None
        return ended if ended < len(days) and days[ended] == moment.date() else None

    def reached(self, label: str) -> int:
        """Return the last bar that a line's date names or that had ended by then, -1 before the first."""
        row = self.row(label)
        moment = self._moment(label)
        if row is not None or moment is None:
            return -1 if row is None else row
        return self.panel.ended(moment) - 1

    def day(self, label: str) -> date | None:
        """Return the trading day of a line's date, None where it is no date."""
        moment = self._moment(label)
        return None if moment is None else moment.date()

    def label(self, row: int) -> str:
        """Return how a record writes the end of a bar."""
        if self.panel.frequency is Frequency.DAILY:
            return self.days[row].isoformat()
        return f"{datetime.fromtimestamp(int(self.panel.ends[row]), self.zone):%Y-%m-%d %H:%M:%S}"

    def open(self, symbol: Symbol, row: int) -> Decimal | None:
        """Return a bar's open, None where the symbol has no such bar."""
        return self._price(self.panel.open, symbol, row)

    def low(self, symbol: Symbol, row: int) -> Decimal | None:
        """Return a bar's low, None where it is not known."""
        return self._price(self.panel.low, symbol, row)

    def high(self, symbol: Symbol, row: int) -> Decimal | None:
        """Return a bar's high, None where it is not known."""
        return self._price(self.panel.high, symbol, row)

    def value(self, symbol: Symbol, row: int) -> Decimal | None:
        """Return what a share is worth at a bar's end: the close, or the last one there was."""
        return self._price(self._closes, symbol, row)

    def prev_close(self, symbol: Symbol, row: int) -> Decimal | None:
        """Return the close of the day before a bar's, as the file states it or as its last bar shows it."""
        stated = self.panel.prev_close
        if stated is not None and (price := self._price(stated, symbol, row)) is not None:
            return price
        first = self.panel.first_rows[row]
        return self._price(self._closes, symbol, first - 1) if first else None

    def suspended(self, symbol: Symbol, row: int) -> bool:
        """Answer whether a symbol did not trade in a bar that others have."""
        panel, column = self.panel, self.panel.column[symbol]
        if np.isnan(panel.open[row, column]):
            return True
        return bool(panel.volume[row, column] == 0 and panel.high[row, column] == panel.low[row, column])

    def _price(self, prices: FloatArray, symbol: Symbol, row: int) -> Decimal | None:
        price = prices[row, self.panel.column[symbol]]
        return None if np.isnan(price) else from_float(price)

    def _moment(self, label: str) -> datetime | None:
        try:
            moment = datetime.fromisoformat(label)
        except ValueError:
            return None
        at = time.max if _DAY.fullmatch(label) else moment.time()
        return datetime.combine(moment.date(), at, self.zone)


def require_same_frequency(lines: Sequence[RecordLine], prices: LabelledPrices) -> None:
    """Return when the record can be of the bars' frequency.

    Raises:
        RecordUnusable: A daily record with hourly bars, or the other way round.
    """
    for line in lines[1:] or lines:
        frequency = _frequency(line.label, prices.market)
        if frequency is None:
            continue
        if frequency is not prices.panel.frequency:
            raise RecordUnusable(
                f"line {line.number} is dated {line.label}, so the record is {frequency}, but the prices "
                f"are {prices.panel.frequency}; give the {frequency} prices: adjustment and unit differ"
            )
        return


def _frequency(label: str, market: Market) -> Frequency | None:
    """Return the frequency whose sessions or bars a date is of, None where it tells neither."""
    if _DAY.fullmatch(label):
        return Frequency.DAILY
    try:
        at = datetime.fromisoformat(label).time()
    except ValueError:
        return None
    if at in HOURLY_STARTS or at in TIMES[market, Frequency.HOURLY]:
        return Frequency.HOURLY
    return Frequency.DAILY if at in TIMES[market, Frequency.DAILY] else None


def _carried(panel: Panel) -> FloatArray:
    """Return closes without gaps: the open of a bar in progress, the last close where there is no bar."""
    closes = np.where(np.isnan(panel.close), panel.open, panel.close)
    for row in range(1, len(closes)):
        missing = np.isnan(closes[row])
        closes[row, missing] = closes[row - 1, missing]
    return closes
