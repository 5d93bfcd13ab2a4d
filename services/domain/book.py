"""The account as a fold: cash, lots with buy dates, open orders. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from services.domain.fills import Fill, Movement
from services.domain.instruments import Symbol
from services.domain.money import CENT, ZERO, ceil_to_tick, to_cent
from services.domain.orders import OrderId, OrderState, OrderTerms, Side
from services.domain.value import Value

_BUY, _SELL = Side.BUY, Side.SELL


class BookBroken(RuntimeError):
    """An event cannot have happened to this book: something would turn negative, or its order is not open."""


class Lot(Value, frozen=True, kw_only=True):
    """Shares bought together: `cost_cny` is what was paid for all of them, without fees."""

    symbol: Symbol
    shares: int
    cost_cny: Decimal
    acquired_on: date


class OpenOrder(Value, frozen=True, kw_only=True):
    """An order that left or is about to: what of it is still to come, and the cash set aside for that."""

    order_id: OrderId
    symbol: Symbol
    side: Side
    shares: int
    filled: int
    limit_cny: Decimal
    frozen_cny: Decimal

    @property
    def remaining(self) -> int:
        """Shares not filled yet."""
        return self.shares - self.filled


class OrderEnded(Value, frozen=True, kw_only=True):
    """An order that came to its end without being filled whole."""

    order_id: OrderId
    state: OrderState
    reason: str


BookEvent = OrderTerms | Fill | OrderEnded | Movement


class Book(Value, frozen=True, kw_only=True):
    """Cash, lots and open orders of one account; `after` returns the next one.

    `cash_cny` is all cash, that of open orders included. `sold_cny` are the net proceeds of
    `sold_on`, usable for buying but not withdrawable that day. Lots stand in order of purchase.
    """

    cash_cny: Decimal
    lots: tuple[Lot, ...] = ()
    open_orders: tuple[OpenOrder, ...] = ()
    sold_cny: Decimal = ZERO
    sold_on: date | None = None

    @property
    def frozen_cny(self) -> Decimal:
        """Cash set aside for open buys."""
        frozen = ZERO
        for order in self.open_orders:
            frozen += order.frozen_cny
        return frozen

    @property
    def available_cny(self) -> Decimal:
        """Cash that may buy now."""
        return self.cash_cny - self.frozen_cny if self.open_orders else self.cash_cny

    def withdrawable_cny(self, day: date) -> Decimal:
        """Return the cash that may leave the account on `day`: without that day's sale proceeds."""
        held_back = self.sold_cny if self.sold_on == day else ZERO
        return max(ZERO, self.available_cny - held_back)

    def holdings(self) -> Mapping[Symbol, int]:
        """Return shares by symbol, in order of first purchase."""
        lots, counted = _Counted.last
        if lots is not self.lots:
            counted = _counted(self.lots)
            _Counted.last = self.lots, counted
        return counted

    def held(self, symbol: Symbol) -> int:
        """Return all shares of `symbol`."""
        shares = 0
        for lot in self.lots:
            if lot.symbol == symbol:
                shares += lot.shares
        return shares

    def sellable(self, symbol: Symbol, day: date, settlement_days: int = 1) -> int:
        """Return the shares that may be sold on `day`: bought before it (T+1), less open sells."""
        shares = 0
        for lot in self.lots:
            if lot.symbol == symbol and (lot.acquired_on < day or settlement_days == 0):
                shares += lot.shares
        for order in self.open_orders:
            if order.symbol == symbol and order.side is _SELL:
                shares -= order.remaining
        return shares

    def order(self, order_id: OrderId) -> OpenOrder | None:
        """Return the open order of that id, or None."""
        for order in self.open_orders:
            if order.order_id == order_id:
                return order
        return None

    def after(self, event: BookEvent) -> Book:
        """Return the book after `event`.

        Raises:
            BookBroken: Cash or shares would turn negative, or the order is not open.
        """
        return _AFTER[type(event)](self, event)

    def after_ended(self, ended: OrderEnded) -> Book:
        """Return the book after an order's end; see `after`."""
        order = self.order(ended.order_id)
        if order is None:
            raise _not_open(ended.order_id)
        return replace(self, open_orders=self._without(order))

    def after_intended(self, terms: OrderTerms) -> Book:
        """Return the book with an order that is about to leave."""
        opened = OpenOrder(
            order_id=terms.order_id,
            symbol=terms.symbol,
            side=terms.side,
            shares=terms.shares,
            filled=0,
            limit_cny=terms.limit_cny,
            frozen_cny=terms.freeze_cny,
        )
        return replace(self, open_orders=(*self.open_orders, opened))

    def after_fill(self, fill: Fill) -> Book:
        """Return the book after a trade of one of its open orders; see `after`."""
        order = self.order(fill.order_id)
        if order is None:
            raise _not_open(fill.order_id)
        shares, remaining = fill.shares, order.shares - order.filled
        if shares > remaining or shares <= 0:
            raise BookBroken(f"fill {fill.fill_id}: {shares} of {remaining} remaining shares")
        amount, fees = fill.amount_cny, fill.fees.total
        sold_cny, sold_on = self.sold_cny, self.sold_on
        if fill.side is _BUY:
            cash = self.cash_cny - amount - fees
            bought = Lot(symbol=fill.symbol, shares=shares, cost_cny=amount, acquired_on=fill.trade_date)
            lots = (*self.lots, bought)
        else:
            proceeds = amount - fees
            cash = self.cash_cny + proceeds
            lots = _sold(self.lots, fill)
            sold_cny = proceeds + (sold_cny if sold_on == fill.trade_date else ZERO)
            sold_on = fill.trade_date
        if cash < 0:
            raise BookBroken(f"fill {fill.fill_id}: cash would be {cash}")
        return Book(
            cash_cny=cash,
            lots=lots,
            open_orders=self._without(order) if shares == remaining else self._with_part(order, fill),
            sold_cny=sold_cny,
            sold_on=sold_on,
        )

    def _without(self, order: OpenOrder) -> tuple[OpenOrder, ...]:
        """Return the open orders that are not `order`."""
        place = self.open_orders.index(order)
        return self.open_orders[:place] + self.open_orders[place + 1 :]

    def _with_part(self, order: OpenOrder, fill: Fill) -> tuple[OpenOrder, ...]:
        """Return the open orders after a fill of a part, which frees its share of the cash or what it paid.

        The larger of the two: a part that traded below the limit frees its share, one that bore the
        order's least commission all it paid, so that no cash is both spent and frozen. Its share is
        rounded so that what stays frozen pays for the rest.
        """
        left, frozen = order.remaining - fill.shares, order.frozen_cny
        if order.side is _BUY:
            paid = fill.amount_cny + fill.fees.total
            frozen = max(ZERO, min(ceil_to_tick(frozen * left / order.remaining, CENT), frozen - paid))
        still = replace(order, filled=order.filled + fill.shares, frozen_cny=frozen)
        return tuple([still if one is order else one for one in self.open_orders])

    def after_movement(self, movement: Movement) -> Book:
        """Return the book after what moved without an order; see `after`."""
        lots, cash = self.lots, self.cash_cny + movement.cash_cny
        if movement.shares:
            lots = _granted(self.lots, movement)
        if cash < 0:
            raise BookBroken(f"movement {movement.movement_id}: cash would be {cash}")
        return replace(self, cash_cny=cash, lots=lots)


class _Counted:
    """The lots that were counted last, and the shares they are: all of a session asks for the same ones."""

    last: tuple[tuple[Lot, ...], Mapping[Symbol, int]] = (), {}


def _counted(lots: tuple[Lot, ...]) -> Mapping[Symbol, int]:
    shares: dict[Symbol, int] = {}
    for lot in lots:
        shares[lot.symbol] = shares.get(lot.symbol, 0) + lot.shares
    return shares


def fold(book: Book, events: Iterable[BookEvent]) -> Book:
    """Return the book after all `events`, in order."""
    for event in events:
        book = book.after(event)
    return book


def _not_open(order_id: OrderId) -> BookBroken:
    return BookBroken(f"order {order_id} is not open")


def _sold(lots: tuple[Lot, ...], fill: Fill) -> tuple[Lot, ...]:
    """Return the lots after a sale, the oldest sold first; a lot sold in part keeps its share of the cost."""
    symbol, left, kept = fill.symbol, fill.shares, []
    for lot in lots:
        if left == 0 or lot.symbol != symbol:
            kept.append(lot)
        elif lot.shares <= left:
            left -= lot.shares
        else:
            cost = to_cent(lot.cost_cny * (lot.shares - left) / lot.shares)
            kept.append(replace(lot, shares=lot.shares - left, cost_cny=cost))
            left = 0
    if left:
        raise BookBroken(f"fill {fill.fill_id}: {left} of {fill.shares} {fill.symbol} are not held")
    return tuple(kept)


def _granted(lots: tuple[Lot, ...], movement: Movement) -> tuple[Lot, ...]:
    """Return the lots with shares that came free or left by adjustment.

    New shares inherit the oldest lot's date and cost nothing: the holding's total cost is unchanged.
    """
    dates = [lot.acquired_on for lot in lots if lot.symbol == movement.symbol]
    if movement.shares > 0:
        since = min(dates, default=movement.day)
        return (*lots, Lot(symbol=movement.symbol, shares=movement.shares, cost_cny=ZERO, acquired_on=since))
    raise BookBroken(f"movement {movement.movement_id} takes {-movement.shares} shares away")


_AFTER: Mapping[type, Callable[..., Book]] = {
    Fill: Book.after_fill,
    OrderTerms: Book.after_intended,
    OrderEnded: Book.after_ended,
    Movement: Book.after_movement,
}
