"""The tax on dividends that a sale makes due: by how long each lot sold was held. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from services.brokers.ledger import LedgerState, Moved
from services.domain.fills import Fill, Movement, MovementKind
from services.domain.money import ZERO
from services.domain.orders import Side
from services.rules import OutsideRulebook, dividend_tax

_ONE_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Parcel:
    """Shares that came together, and what each share of them was given since, by ex-date."""

    acquired_on: date
    shares: int
    given: list[tuple[date, Decimal]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    """Tax of shares sold out of one parcel, on one distribution."""

    shares: int
    acquired_on: date
    rate: Decimal
    tax_cny: Decimal

    def __str__(self) -> str:
        return f"{self.rate:%} of {self.shares} bought {self.acquired_on}: {self.tax_cny}"


def tax_on(sale: Fill, state: LedgerState) -> Movement | None:
    """Return the tax that the newest fill of `state`, a sale, makes due; None where none is.

    Shares are sold first in, first out, in the order the account lists its lots. What the account's
    free cash does not cover is let go. A distribution before the first rates in the rulebook is not
    taxed.
    """
    distributions = state.distributions.get(sale.symbol)
    if not distributions:
        return None
    before = [fill for fill in state.fills[:-1] if fill.symbol == sale.symbol]
    parcels = _parcels(before, distributions)
    parts = [part for sold in _taken(parcels, sale.shares) for part in _taxed(sold, sale.trade_date)]
    owed = sum((part.tax_cny for part in parts), ZERO)
    due = min(owed, state.book.available_cny)
    if due <= 0:
        return None
    let_go = f"; {owed - due} of it let go, for want of cash" if due < owed else ""
    return Movement(
        movement_id=f"tax-{sale.fill_id}",
        kind=MovementKind.ADJUST,
        symbol=sale.symbol,
        shares=0,
        cash_cny=-due,
        day=sale.trade_date,
        why="dividend tax, " + "; ".join(str(part) for part in parts if part.tax_cny) + let_go,
        order_id=sale.order_id,
    )


def _parcels(fills: Iterable[Fill], distributions: Iterable[Moved]) -> list[_Parcel]:
    """Return what is held after `fills` and `distributions`, each parcel with what it was given.

    What was distributed on a day comes before that day's trades.
    """
    parcels: list[_Parcel] = []
    waiting = list(distributions)
    for fill in fills:
        while waiting and waiting[0].movement.day <= fill.trade_date:
            _give(parcels, waiting.pop(0))
        if fill.side is Side.BUY:
            parcels.append(_Parcel(fill.trade_date, fill.shares))
        else:
            parcels = list(_left(parcels, fill.shares))
    for moved in waiting:
        _give(parcels, moved)
    return parcels


def _give(parcels: list[_Parcel], moved: Moved) -> None:
    """Let the parcels have a distribution; new shares are a parcel of the oldest one's age."""
    movement = moved.movement
    if moved.taxable_per_share:
        for parcel in parcels:
            parcel.given.append((movement.day, moved.taxable_per_share))
    if movement.shares:
        since = min((parcel.acquired_on for parcel in parcels), default=movement.day)
        parcels.append(_Parcel(since, movement.shares))


def _taken(parcels: Iterable[_Parcel], shares: int) -> Iterator[_Parcel]:
    """Yield what a sale of `shares` takes, parcel by parcel."""
    for parcel in parcels:
        taken = min(parcel.shares, shares)
        if taken:
            yield _Parcel(parcel.acquired_on, taken, parcel.given)
        shares -= taken


def _left(parcels: Iterable[_Parcel], shares: int) -> Iterator[_Parcel]:
    """Yield what a sale of `shares` leaves."""
    for parcel in parcels:
        taken = min(parcel.shares, shares)
        shares -= taken
        if parcel.shares > taken:
            yield _Parcel(parcel.acquired_on, parcel.shares - taken, parcel.given)


def _taxed(sold: _Parcel, day: date) -> Iterator[_Part]:
    """Yield the tax of one parcel sold on `day`, distribution by distribution."""
    for ex_date, taxable in sold.given:
        try:
            tax = dividend_tax(
                bought=sold.acquired_on,
                sold=day,
                record_date=ex_date - _ONE_DAY,
                shares=sold.shares,
                cash_per_share=taxable,
            )
        except OutsideRulebook:
            continue
        yield _Part(sold.shares, sold.acquired_on, tax.rate, tax.tax_cny)
