"""Ex-days: what holders of the day before are credited, and when. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time
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


class Credit(NamedTuple):
    """What an account is credited, and how much of it is a holder's income, in CNY a share held."""

    movement: Movement
    taxable_per_share: Decimal


class ExDays:
    """Corporate actions by the second at which they are booked: midnight at the start of the ex-day."""

    def __init__(self, actions: Sequence[CorporateAction], zone: ZoneInfo) -> None:
        self._by_second: dict[float, dict[Symbol, list[CorporateAction]]] = {}
        for action in actions:
            second = datetime.combine(action.ex_date, time(), zone).timestamp()
            self._by_second.setdefault(second, {}).setdefault(action.symbol, []).append(action)
        self._seconds = sorted(self._by_second)

    def next_after(self, second: float) -> float:
        """Return the first ex-day's second after `second`, infinity when there is none."""
        index = bisect_right(self._seconds, second)
        return self._seconds[index] if index < len(self._seconds) else float("inf")

    def between(self, after: float, until: float) -> Sequence[float]:
        """Return the ex-days' seconds in (after, until]."""
        return self._seconds[bisect_right(self._seconds, after) : bisect_right(self._seconds, until)]

    def credits(self, second: float, book: Book, taxed: Callable[[Symbol], bool]) -> Iterator[Credit]:
        """Yield what `book` is credited at `second`; nothing for what it does not hold.

        Cash below 0.01 is cut off and so is a fraction of a share, which clearing allots by lot: the
        reason says so. `taxed` tells whose distributions are income. Rights are not taken up: a
        credit of nothing names them.
        """
        for symbol, actions in self._by_second.get(second, {}).items():
            held = book.held(symbol)
            if held:
                owes = taxed(symbol)
                yield from _cash(actions, held, taxed=owes)
                yield from _new_shares(actions, held, taxed=owes)
                yield from _rights(actions, held)


def _cash(actions: Sequence[CorporateAction], held: int, *, taxed: bool) -> Iterator[Credit]:
    per_share = sum((action.cash_per_share for action in actions), Decimal(0))
    cash = dividend_credit(held, per_share)
    if cash > 0:
        why = f"{per_share} a share on {held}"
        movement = _movement("div", MovementKind.DIVIDEND, actions[0], why, cash=cash)
        yield Credit(movement, per_share if taxed else ZERO)


def _new_shares(actions: Sequence[CorporateAction], held: int, *, taxed: bool) -> Iterator[Credit]:
    per_share = sum((action.shares_per_share for action in actions), Decimal(0))
    bonus = sum((action.bonus_per_share for action in actions), Decimal(0))
    shares = int(held * per_share)
    if shares:
        why = f"{per_share} new shares a share on {held}" + _cut_off(held * per_share)
        movement = _movement("bonus", MovementKind.BONUS, actions[0], why, shares=shares)
        yield Credit(movement, bonus * _PAR_CNY if taxed else ZERO)


def _rights(actions: Sequence[CorporateAction], held: int) -> Iterator[Credit]:
    offered = [
        f"{action.rights_per_share} new shares a share at {action.rights_price_cny} CNY"
        for action in actions
        if action.rights_per_share
    ]
    if offered:
        why = f"rights on {held} not taken up: " + "; ".join(offered)
        yield Credit(_movement("rights", MovementKind.ADJUST, actions[0], why), ZERO)


def _movement(
    name: str, kind: MovementKind, of: CorporateAction, why: str, *, cash: Decimal = ZERO, shares: int = 0
) -> Movement:
    return Movement(
        movement_id=f"{name}-{of.symbol}-{of.ex_date}",
        kind=kind,
        symbol=of.symbol,
        shares=shares,
        cash_cny=cash,
        day=of.ex_date,
        why=why,
    )


def _cut_off(shares: Decimal) -> str:
    fraction = shares % 1
    return f"; {fraction.normalize():f} of a share, which clearing may allot, is left out" if fraction else ""
