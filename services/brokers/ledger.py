"""The simulated exchange's own record: its entries, where they are kept, and the account they fold to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from services.domain.book import Book, OrderEnded
from services.domain.fills import Fill, Movement
from services.domain.money import ZERO
from services.domain.orders import OrderId, OrderState, OrderTerms
from services.domain.statement import OrderStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened:
    """The first entry: the cash the account starts with."""

    at: datetime
    cash_cny: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An order was taken; it lapses at `expires_at`.

    `limit_down_cny` and `limit_up_cny` are the day's price limits, None on an unlimited day.
    `fixed_from` is there for an after-hours order alone: from then on it trades at the close.
    """

    at: datetime
    terms: OrderTerms
    expires_at: datetime
    limit_down_cny: Decimal | None
    limit_up_cny: Decimal | None
    fixed_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An order was not taken; `reason` begins with the rule it breaks."""

    at: datetime
    terms: OrderTerms
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An order traded."""

    at: datetime
    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """An order was withdrawn on request."""

    at: datetime
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """An order lapsed at the end of its day."""

    at: datetime
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Cash or shares came without an order."""

    at: datetime
    movement: Movement


Entry = AccountOpened | Accepted | Rejected | Filled | Cancelled | Expired | Moved


class LedgerStore(Protocol):
    """Where the entries lie. What `append` returned from is durable."""

    def entries(self) -> Sequence[Entry]:
        """Return every entry, oldest first.

        Raises:
            BrokerFault: The ledger cannot be read.
        """

    def append(self, entries: Sequence[Entry]) -> None:
        """Write the entries of one call, all or nothing.

        Raises:
            BrokerFault: The ledger cannot be written; nothing was.
        """

    def close(self) -> None:
        """Give everything back."""


class MemoryLedger:
    """A ledger that lives as long as the process; for backtests."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def entries(self) -> Sequence[Entry]:
        """Return every entry, oldest first."""
        return tuple(self._entries)

    def append(self, entries: Sequence[Entry]) -> None:
        """Add the entries."""
        self._entries.extend(entries)

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""


@dataclass(slots=True)
class PlacedOrder:
    """One order as the ledger tells it. `amount_cny` and `commission_cny` are those of its fills so far."""

    terms: OrderTerms
    state: OrderState
    reason: str = ""
    accepted: Accepted | None = None
    filled: int = 0
    fills: int = 0
    amount_cny: Decimal = ZERO
    commission_cny: Decimal = ZERO

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


class LedgerState:
    """The fold of a ledger's entries; `apply` moves it one entry forward.

    `working` are the accepted orders that have not ended, in order of acceptance. `version` rises
    with every entry that changes cash, shares or working orders.
    """

    def __init__(self) -> None:
        self.book = Book(cash_cny=ZERO)
        self.orders: dict[OrderId, PlacedOrder] = {}
        self.working: dict[OrderId, PlacedOrder] = {}
        self.fills: list[Fill] = []
        self.movements: list[Movement] = []
        self.version = 0

    def apply(self, entry: Entry) -> None:
        """Move the state over one entry.

        Raises:
            BookBroken: The entry cannot follow those before it.
        """
        if isinstance(entry, Filled):
            self._fill(entry.fill)
        elif isinstance(entry, Accepted):
            self._accept(entry)
        elif isinstance(entry, Rejected):
            order_id = entry.terms.order_id
            self.orders[order_id] = PlacedOrder(entry.terms, OrderState.REJECTED, entry.reason)
        elif isinstance(entry, Cancelled):
            self._end(entry.order_id, OrderState.CANCELLED, "cancelled on request")
        elif isinstance(entry, Expired):
            self._end(entry.order_id, OrderState.EXPIRED, "the day ended")
        elif isinstance(entry, Moved):
            self.book = self.book.after(entry.movement)
            self.movements.append(entry.movement)
        else:
            self.book = Book(cash_cny=entry.cash_cny)
        self.version += 1

    def _accept(self, entry: Accepted) -> None:
        self.book = self.book.after(entry.terms)
        order = PlacedOrder(entry.terms, OrderState.WORKING, accepted=entry)
        self.orders[entry.terms.order_id] = self.working[entry.terms.order_id] = order

    def _fill(self, fill: Fill) -> None:
        self.book = self.book.after(fill)
        self.fills.append(fill)
        order = self.orders[fill.order_id]
        order.filled += fill.shares
        order.fills += 1
        order.amount_cny += fill.amount_cny
        order.commission_cny += fill.fees.commission
        if order.filled == order.terms.shares:
            order.state = OrderState.FILLED
            del self.working[fill.order_id]

    def _end(self, order_id: OrderId, state: OrderState, reason: str) -> None:
        self.book = self.book.after(OrderEnded(order_id=order_id, state=state, reason=reason))
        order = self.working.pop(order_id)
        order.state, order.reason = state, reason
