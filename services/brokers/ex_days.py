"""Ex-days: what holders of the day before are credited, and when. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.domain.bars import CorporateAction
from services.domain.book import Book
from services.domain.fills import Movement, MovementKind
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.rules import dividend_credit


class ExDays:
    """Corporate actions by the second at which they are booked: midnight at the start of the ex-day."""

    def __init__(self, actions: Sequence[CorporateAction], zone: ZoneInfo) -> None:
        self._by_second: dict[float, dict[Symbol, tuple[Decimal, Decimal]]] = {}
        self._days: dict[float, date] = {}
        for action in actions:
            second = datetime.combine(action.ex_date, time(), zone).timestamp()
            self._days[second] = action.ex_date
            symbols = self._by_second.setdefault(second, {})
            cash, shares = symbols.get(action.symbol, (Decimal(0), Decimal(0)))
            symbols[action.symbol] = (cash + action.cash_per_share, shares + action.shares_per_share)
        self._seconds = sorted(self._by_second)

    def next_after(self, second: float) -> float:
        """Return the first ex-day's second after `second`, infinity when there is none."""
        index = bisect_right(self._seconds, second)
        return self._seconds[index] if index < len(self._seconds) else float("inf")

    def between(self, after: float, until: float) -> Sequence[float]:
        """Return the ex-days' seconds in (after, until]."""
        return self._seconds[bisect_right(self._seconds, after) : bisect_right(self._seconds, until)]

    def movements(self, second: float, book: Book) -> Iterator[Movement]:
        """Yield what `book` is credited at `second`; nothing for what it does not hold.

        Cash below 0.01 is cut off and so is a fraction of a share, which clearing allots by lot.
        """
        for symbol, (cash, ratio) in self._by_second.get(second, {}).items():
            held, day = book.held(symbol), self._days[second]
            credit = dividend_credit(held, cash)
            if credit > 0:
                yield Movement(
                    movement_id=f"div-{symbol}-{day}",
                    kind=MovementKind.DIVIDEND,
                    symbol=symbol,
                    shares=0,
                    cash_cny=credit,
                    day=day,
                    why=f"{cash} a share on {held}",
                )
            if shares := int(held * ratio):
                yield Movement(
                    movement_id=f"bonus-{symbol}-{day}",
                    kind=MovementKind.BONUS,
                    symbol=symbol,
                    shares=shares,
                    cash_cny=ZERO,
                    day=day,
                    why=f"{ratio} new shares a share on {held}",
                )
