"""The account that a ledger's entries fold to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


class PlacedOrder(msgspec.Struct):
    """One order as the ledger tells it.

    `amount_cny` and `paid` are the amount and fees of its fills so far, `price_cny` is the last one's
    price. `triggered` is true once a stop woke up, or a parked order came inside the cage.
    """

    terms: OrderTerms
    state: OrderState
    reason: str = ""
    accepted: Accepted | None = None
    filled: int = 0
    fills: int = 0
    amount_cny: Decimal = ZERO
    paid: Fees = _NO_FEES
    price_cny: Decimal | None = None
    triggered: bool = False

    @property
    def left(self) -> int:
        """Shares not filled yet."""
        return self.terms.shares - self.filled

    @property
    def wakes_at_cny(self) -> Decimal | None:
        """The price that wakes the order, None for one that never sleeps.

        A stop that the cage would park when its trigger is reached sleeps on until it would not.
        """
        parked = None if self.accepted is None else self.accepted.parked_until_cny
        return self.terms.stop_cny if parked is None else parked

    @property
    def asleep(self) -> bool:
        """Whether the order waits for a price to wake it."""
        return not self.triggered and self.wakes_at_cny is not None

    @property
    def limit_cny(self) -> Decimal:
        """The price the order may not be worse than: its limit, or what a market order turned into."""
        if self.price_cny is not None and self.terms.kind is OrderKind.MARKET_TO_LIMIT:
            return self.price_cny
        return self.terms.limit_cny

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
        self._used: dict[tuple[Symbol, bool, float], int] = {}

    def used(self, symbol: Symbol, side: Side, picture: float) -> int:
        """Return how many shares this account has bought, or sold, in one bar or against one quote."""
        return self._used.get((symbol, side is Side.BUY, picture), 0)

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
        self.book = self.book.after(entry.terms)
        order = PlacedOrder(entry.terms, OrderState.WORKING, accepted=entry)
        self.orders[entry.terms.order_id] = self.working[entry.terms.order_id] = order

    def _reject(self, entry: Rejected) -> None:
        self.orders[entry.terms.order_id] = PlacedOrder(entry.terms, OrderState.REJECTED, entry.reason)

    def _trigger(self, entry: Triggered) -> None:
        self.orders[entry.order_id].triggered = True

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
        fill, picture = entry.fill, entry.picture
        self.book = self.book.after(fill)
        self.fills.append(fill)
        order = self.orders[fill.order_id]
        order.paid = sum_of_fees(order.paid, fill.fees) if order.fills else fill.fees
        order.filled += fill.shares
        order.fills += 1
        order.amount_cny += fill.amount_cny
        order.price_cny = fill.price_cny
        if picture is not None:
            key = (fill.symbol, fill.side is Side.BUY, picture)
            self._used[key] = self._used.get(key, 0) + fill.shares
        if order.filled == order.terms.shares:
            order.state = OrderState.FILLED
            del self.working[fill.order_id]

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
