"""The account that a ledger's entries fold to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

import msgspec

from services.brokers.ledger import (
    Accepted,
    AccountOpened,
    Cancelled,
    Entry,
    Expired,
    Filled,
    Moved,
    Rejected,
    TaxDue,
    Triggered,
)
from services.domain.book import Book, OrderEnded
from services.domain.fills import Fees, Fill, Movement
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderId, OrderKind, OrderState, OrderTerms, Side
from services.domain.statement import OrderStatus

_NO_FEES = Fees()
_WORKING, _FILLED = OrderState.WORKING, OrderState.FILLED
_MARKET_TO_LIMIT = OrderKind.MARKET_TO_LIMIT


class PlacedOrder(msgspec.Struct):
    """One order as the ledger tells it.

    `limit_cny` is the price it may not be worse than: its limit, or what a market order turned into.
    `asleep`: it waits for the market to reach `wakes_at_cny`, None for one that never did. A stop
    that the cage would park when its trigger is reached sleeps on until it would not.
    `fills`, `amount_cny` and `paid` are the number, amount and fees of its fills so far, as long as
    more may come.
    """

    terms: OrderTerms
    state: OrderState
    limit_cny: Decimal
    reason: str = ""
    accepted: Accepted | None = None
    wakes_at_cny: Decimal | None = None
    asleep: bool = False
    filled: int = 0
    fills: int = 0
    amount_cny: Decimal = ZERO
    paid: Fees = _NO_FEES

    @property
    def left(self) -> int:
        """Shares not filled yet."""
        return self.terms.shares - self.filled

    @property
    def status(self) -> OrderStatus:
        """The order as a look-up shows it."""
        terms = self.terms
        return OrderStatus(
            order_id=terms.order_id,
            symbol=terms.symbol,
            side=terms.side,
            shares=terms.shares,
            filled=self.filled,
            limit_cny=terms.limit_cny,
            state=self.state,
            reason=self.reason,
        )


def sum_of_fees(one: Fees, other: Fees) -> Fees:
    """Return two bills as one, line by line."""
    return Fees(
        commission=one.commission + other.commission,
        stamp_duty=one.stamp_duty + other.stamp_duty,
        transfer_fee=one.transfer_fee + other.transfer_fee,
        handling_fee=one.handling_fee + other.handling_fee,
        csrc_fee=one.csrc_fee + other.csrc_fee,
    )


class LedgerState:
    """The fold of a ledger's entries; `apply` moves it one entry forward.

    `working` are the accepted orders that have not ended, in order of acceptance. `owed_cny` is tax
    due and not taken yet. `version` rises with every entry that changes cash, shares, working orders
    or what is owed.
    """

    def __init__(self) -> None:
        self.book = Book(cash_cny=ZERO)
        self.orders: dict[OrderId, PlacedOrder] = {}
        self.working: dict[OrderId, PlacedOrder] = {}
        self.fills: list[Fill] = []
        self.movements: list[Movement] = []
        self.distributions: dict[Symbol, list[Moved]] = {}
        self.owed_cny = ZERO
        self.version = 0
        self._day = date.min
        self._day_began = 0
        self._traded: dict[Symbol, list[Filled]] = {}

    def fills_since(self, day: date) -> tuple[Fill, ...]:
        """Return the fills of `day` and later, oldest first."""
        if day > self._day:
            return ()
        fills, first = self.fills, self._day_began
        while first and fills[first - 1].trade_date >= day:
            first -= 1
        return tuple(fills[first:])

    def used(self, symbol: Symbol, side: Side, picture: float) -> int:
        """Return how many shares this account has bought, or sold, in one bar or against one quote.

        A bar lies within a day, and nobody stands in a quote of another day: the last day that saw a
        fill is looked at alone.
        """
        used = 0
        for entry in self._traded.get(symbol, ()):
            if entry.picture == picture and entry.fill.side is side:
                used += entry.fill.shares
        return used

    def apply(self, entry: Entry) -> None:
        """Move the state over one entry.

        Raises:
            BookBroken: The entry cannot follow those before it.
        """
        _STEPS[type(entry)](self, entry)
        self.version += 1

    def _open(self, entry: AccountOpened) -> None:
        self.book = Book(cash_cny=entry.cash_cny)

    def _accept(self, entry: Accepted) -> None:
        terms = entry.terms
        self.book = self.book.after_intended(terms)
        wakes_at_cny = terms.stop_cny if entry.parked_until_cny is None else entry.parked_until_cny
        self.orders[terms.order_id] = self.working[terms.order_id] = PlacedOrder(
            terms=terms,
            state=_WORKING,
            limit_cny=terms.limit_cny,
            accepted=entry,
            wakes_at_cny=wakes_at_cny,
            asleep=wakes_at_cny is not None,
        )

    def _reject(self, entry: Rejected) -> None:
        terms = entry.terms
        self.orders[terms.order_id] = PlacedOrder(
            terms=terms, state=OrderState.REJECTED, limit_cny=terms.limit_cny, reason=entry.reason
        )

    def _trigger(self, entry: Triggered) -> None:
        self.orders[entry.order_id].asleep = False

    def _cancel(self, entry: Cancelled) -> None:
        self._end(entry.order_id, OrderState.CANCELLED, entry.reason)

    def _expire(self, entry: Expired) -> None:
        self._end(entry.order_id, OrderState.EXPIRED, "the day ended")

    def _owe(self, entry: TaxDue) -> None:
        self.owed_cny += entry.cash_cny

    def _move(self, entry: Moved) -> None:
        self.book = self.book.after(entry.movement)
        self.movements.append(entry.movement)
        if entry.pays_tax:
            self.owed_cny += entry.movement.cash_cny
        if entry.movement.shares or entry.taxable_per_share:
            self.distributions.setdefault(entry.movement.symbol, []).append(entry)

    def _fill(self, entry: Filled) -> None:
        fill = entry.fill
        self.book = self.book.after_fill(fill)
        if fill.trade_date != self._day:
            self._day, self._day_began, self._traded = fill.trade_date, len(self.fills), {}
        self.fills.append(fill)
        self._traded.setdefault(fill.symbol, []).append(entry)
        order = self.orders[fill.order_id]
        order.filled += fill.shares
        if order.filled == order.terms.shares:
            order.state = _FILLED
            del self.working[fill.order_id]
            return
        order.paid = sum_of_fees(order.paid, fill.fees) if order.fills else fill.fees
        order.fills += 1
        order.amount_cny += fill.amount_cny
        if order.terms.kind is _MARKET_TO_LIMIT:
            order.limit_cny = fill.price_cny

    def _end(self, order_id: OrderId, state: OrderState, reason: str) -> None:
        self.book = self.book.after(OrderEnded(order_id=order_id, state=state, reason=reason))
        order = self.working.pop(order_id)
        order.state, order.reason = state, reason


_STEPS: Mapping[type[Entry], Callable[..., None]] = MappingProxyType(
    {
        AccountOpened: LedgerState._open,
        Accepted: LedgerState._accept,
        Rejected: LedgerState._reject,
        Filled: LedgerState._fill,
        Triggered: LedgerState._trigger,
        Cancelled: LedgerState._cancel,
        Expired: LedgerState._expire,
        Moved: LedgerState._move,
        TaxDue: LedgerState._owe,
    }
)
