"""Ex-days: what holders of the day before are credited, and when. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.domain.bars import CorporateAction
from services.domain.book import Book
from services.domain.fills import Movement, MovementKind
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.rules import dividend_credit

_PAR_CNY = Decimal("1.00")


class _Distribution(NamedTuple):
    """What a share is given: cash, new shares, and the part of those that are taxed at par."""

    cash: Decimal
    shares: Decimal
    bonus: Decimal


class Credit(NamedTuple):
    """What an account is credited, and how much of it is a holder's income, in CNY a share held."""

    movement: Movement
    taxable_per_share: Decimal


class ExDays:
    """Corporate actions by the second at which they are booked: midnight at the start of the ex-day."""

    def __init__(self, actions: Sequence[CorporateAction], zone: ZoneInfo) -> None:
        self._by_second: dict[float, dict[Symbol, _Distribution]] = {}
        self._days: dict[float, date] = {}
        for action in actions:
            second = datetime.combine(action.ex_date, time(), zone).timestamp()
            self._days[second] = action.ex_date
            symbols = self._by_second.setdefault(second, {})
            before = symbols.get(action.symbol, _Distribution(Decimal(0), Decimal(0), Decimal(0)))
            symbols[action.symbol] = _Distribution(
                before.cash + action.cash_per_share,
                before.shares + action.shares_per_share,
                before.bonus + action.bonus_per_share,
            )
        self._seconds = sorted(self._by_second)

    def next_after(self, second: float) -> float:
        """Return the first ex-day's second after `second`, infinity when there is none."""
        index = bisect_right(self._seconds, second)
        return self._seconds[index] if index < len(self._seconds) else float("inf")

    def between(self, after: float, until: float) -> Sequence[float]:
        """Return the ex-days' seconds in (after, until]."""
        return self._seconds[bisect_right(self._seconds, after) : bisect_right(self._seconds, until)]

    def credits(
        self, second: float, book: Book, taxed: Callable[[Symbol, date], bool]
    ) -> Iterator[Credit]:
        """Yield what `book` is credited at `second`; nothing for what it does not hold.

        Cash below 0.01 is cut off and so is a fraction of a share, which clearing allots by lot: the
        reason says so. `taxed` tells whose distributions are income.
        """
        for symbol, given in self._by_second.get(second, {}).items():
            held, day = book.held(symbol), self._days[second]
            if not held:
                continue
            owes = taxed(symbol, day)
            credit = dividend_credit(held, given.cash)
            if credit > 0:
                yield Credit(
                    Movement(
                        movement_id=f"div-{symbol}-{day}",
                        kind=MovementKind.DIVIDEND,
                        symbol=symbol,
                        shares=0,
                        cash_cny=credit,
                        day=day,
                        why=f"{given.cash} a share on {held}",
                    ),
                    given.cash if owes else ZERO,
                )
            if shares := int(held * given.shares):
                yield Credit(
                    Movement(
                        movement_id=f"bonus-{symbol}-{day}",
                        kind=MovementKind.BONUS,
                        symbol=symbol,
                        shares=shares,
                        cash_cny=ZERO,
                        day=day,
                        why=f"{given.shares} new shares a share on {held}" + _cut_off(held * given.shares),
                    ),
                    given.bonus * _PAR_CNY if owes else ZERO,
                )


def _cut_off(shares: Decimal) -> str:
    fraction = shares % 1
    return f"; {fraction.normalize():f} of a share, which clearing may allot, is left out" if fraction else ""
