"""The simulated exchange's own record: its entries, where they are kept, and the account they fold to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from services.domain.book import Book, OrderEnded
from services.domain.fills import Fees, Fill, Movement
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderId, OrderKind, OrderState, OrderTerms, Side
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
    `call_at` is there for an order of the closing call alone: the moment of its one uncross.
    """

    at: datetime
    terms: OrderTerms
    expires_at: datetime
    limit_down_cny: Decimal | None
    limit_up_cny: Decimal | None
    fixed_from: datetime | None = None
    call_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An order was not taken; `reason` begins with the rule it breaks."""

    at: datetime
    terms: OrderTerms
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An order traded.

    `picture` is the second since the epoch that names what it traded in: the start of a bar, or the
    moment of a quote; None where how much could trade there is not known.
    """

    at: datetime
    fill: Fill
    picture: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered:
    """The market reached the trigger of a stop: from then on it is a limit order."""

    at: datetime
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """An order was withdrawn, on request or because what is left of its kind does not wait."""

    at: datetime
    order_id: OrderId
    reason: str = "cancelled on request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """An order lapsed at the end of its day."""

    at: datetime
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Cash or shares came or went without an order.

    `taxable_per_share` is what of a distribution is income of each share held, in CNY.
    """

    at: datetime
    movement: Movement
    taxable_per_share: Decimal = ZERO


Entry = AccountOpened | Accepted | Rejected | Filled | Triggered | Cancelled | Expired | Moved


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


_NO_FEES = Fees()


@dataclass(slots=True)
class PlacedOrder:
    """One order as the ledger tells it.

    `amount_cny` and `paid` are the amount and fees of its fills so far, `price_cny` is the last one's
    price. `triggered` is true once a stop woke up.
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
    def asleep(self) -> bool:
        """Whether the order is a stop that nothing has triggered yet."""
        return self.terms.kind is OrderKind.STOP and not self.triggered

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

    `working` are the accepted orders that have not ended, in order of acceptance. `version` rises
    with every entry that changes cash, shares or working orders.
    """

    def __init__(self) -> None:
        self.book = Book(cash_cny=ZERO)
        self.orders: dict[OrderId, PlacedOrder] = {}
        self.working: dict[OrderId, PlacedOrder] = {}
        self.fills: list[Fill] = []
        self.movements: list[Movement] = []
        self.distributions: dict[Symbol, list[Moved]] = {}
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
        if isinstance(entry, Filled):
            self._fill(entry.fill, entry.picture)
        elif isinstance(entry, Accepted):
            self._accept(entry)
        elif isinstance(entry, Rejected):
            order_id = entry.terms.order_id
            self.orders[order_id] = PlacedOrder(entry.terms, OrderState.REJECTED, entry.reason)
        elif isinstance(entry, Cancelled):
            self._end(entry.order_id, OrderState.CANCELLED, entry.reason)
        elif isinstance(entry, Expired):
            self._end(entry.order_id, OrderState.EXPIRED, "the day ended")
        elif isinstance(entry, Moved):
            self._move(entry)
        elif isinstance(entry, Triggered):
            self.orders[entry.order_id].triggered = True
        else:
            self.book = Book(cash_cny=entry.cash_cny)
        self.version += 1

    def _accept(self, entry: Accepted) -> None:
        self.book = self.book.after(entry.terms)
        order = PlacedOrder(entry.terms, OrderState.WORKING, accepted=entry)
        self.orders[entry.terms.order_id] = self.working[entry.terms.order_id] = order

    def _move(self, entry: Moved) -> None:
        self.book = self.book.after(entry.movement)
        self.movements.append(entry.movement)
        if entry.movement.shares or entry.taxable_per_share:
            self.distributions.setdefault(entry.movement.symbol, []).append(entry)

    def _fill(self, fill: Fill, picture: float | None) -> None:
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
