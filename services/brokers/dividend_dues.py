"""The tax on dividends: what a sale makes due, by how long each lot was held, and what pays it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import takewhile

import msgspec
from msgspec.structs import replace

from services.brokers.ledger import Moved, TaxDue
from services.brokers.ledger_state import LedgerState
from services.domain.fills import Fill, Movement, MovementKind
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import Side
from services.domain.value import Value
from services.rules import DividendTax, OutsideRulebook, dividend_tax

_ONE_DAY = timedelta(days=1)


class _Parcel(msgspec.Struct):
    """Shares that came together, and what each share of them was given since, by ex-date."""

    acquired_on: date
    shares: int
    given: list[tuple[date, Decimal]] = msgspec.field(default_factory=list)


class _Part(Value, frozen=True):
    """Tax of shares sold out of one parcel, on one distribution."""

    shares: int
    acquired_on: date
    rate: Decimal
    tax_cny: Decimal

    def __str__(self) -> str:
        return f"{self.rate:%} of {self.shares} bought {self.acquired_on}: {self.tax_cny}"


def dues_of(sale: Fill, state: LedgerState, at: datetime) -> tuple[TaxDue | Moved, ...]:
    """Return what follows from a sale that `state` holds: tax it makes due, and what is taken of all owed.

    Taken is as much as the account's free cash covers; the rest stays owed. Shares are sold first
    in, first out, in the order the account lists its lots. A distribution before the first rates in
    the rulebook is not taxed. Empty where nothing is due, and nothing taken of an older debt.
    """
    if not state.owed_cny and sale.symbol not in state.distributions:
        return ()
    parts = [part for part in _parts(sale, state) if part.tax_cny]
    due = sum((part.tax_cny for part in parts), ZERO)
    taken = min(state.owed_cny + due, state.book.available_cny)
    if not due and not taken:
        return ()
    movement = _payment(sale.fill_id, sale.symbol, sale.trade_date, parts, state.owed_cny, taken)
    moved = Moved(at=at, movement=replace(movement, order_id=sale.order_id), pays_tax=True)
    if not due:
        return (moved,)
    return (TaxDue(at=at, fill_id=sale.fill_id, symbol=sale.symbol, cash_cny=due), moved)


def paid_out_of(dividend: Movement, state: LedgerState, at: datetime) -> Moved | None:
    """Return what a dividend that `state` holds pays of the tax still owed: no more than it brought."""
    taken = min(state.owed_cny, dividend.cash_cny)
    if not taken:
        return None
    movement = _payment(dividend.movement_id, dividend.symbol, dividend.day, (), state.owed_cny, taken)
    return Moved(at=at, movement=movement, pays_tax=True)


def tax_on(
    shares: int, acquired_on: date, *, sold_on: date, ex_date: date, taxable_per_share: Decimal
) -> DividendTax | None:
    """Return the tax that the sale of `shares` makes due on what each of them was given on `ex_date`.

    `taxable_per_share` is in CNY. None where the rulebook has no rates of so early a day.

    Raises:
        ValueError: The sale is before the purchase.
    """
    try:
        return dividend_tax(
            bought=acquired_on,
            sold=sold_on,
            record_date=ex_date - _ONE_DAY,
            shares=shares,
            cash_per_share=taxable_per_share,
        )
    except OutsideRulebook:
        return None


def _payment(
    source: str, symbol: Symbol, day: date, parts: Sequence[_Part], earlier_cny: Decimal, taken_cny: Decimal
) -> Movement:
    """Return the movement that takes tax; its reason says what for, and what is still owed after it."""
    words = [str(part) for part in parts]
    owed = earlier_cny + sum((part.tax_cny for part in parts), ZERO)
    if earlier_cny:
        words.append(f"{earlier_cny} owed from before")
    if earlier_cny or taken_cny < owed:
        words.append(f"{taken_cny} taken, {owed - taken_cny} still owed")
    return Movement(
        movement_id=f"tax-{source}",
        kind=MovementKind.ADJUST,
        symbol=symbol,
        shares=0,
        cash_cny=-taken_cny if taken_cny else ZERO,
        day=day,
        why="dividend tax, " + "; ".join(words),
    )


def _parts(sale: Fill, state: LedgerState) -> Iterator[_Part]:
    """Yield the tax on what a sale takes, parcel by parcel and distribution by distribution."""
    distributions = state.distributions.get(sale.symbol)
    if not distributions:
        return
    earlier = takewhile(lambda fill: fill.fill_id != sale.fill_id, state.fills)
    parcels = _parcels((fill for fill in earlier if fill.symbol == sale.symbol), distributions)
    for sold in _taken(parcels, sale.shares):
        yield from _taxed(sold, sale.trade_date)


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
        tax = tax_on(sold.shares, sold.acquired_on, sold_on=day, ex_date=ex_date, taxable_per_share=taxable)
        if tax is not None:
            yield _Part(sold.shares, sold.acquired_on, tax.rate, tax.tax_cny)
