"""The simulated exchange's own record: its entries, and where they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from services.domain.fills import Fill, FillId, Movement
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderId, OrderTerms
from services.domain.value import Value


class AccountOpened(Value, frozen=True, kw_only=True):
    """The first entry: the cash the account starts with."""

    at: datetime
    cash_cny: Decimal


class Accepted(Value, frozen=True, kw_only=True):
    """An order was taken; it lapses at `expires_at`.

    `limit_down_cny` and `limit_up_cny` are the day's price limits, None on an unlimited day.
    `fixed_from` is there for an after-hours order alone: from then on it trades at the close.
    `call_at` is there for an order of the closing call alone: the moment of its one uncross.
    `parked_until_cny` is there for an order parked outside the price cage alone: the price to which
    the market must come for the order to be inside. `approximate` marks an order whose cage was
    reckoned without a book.
    """

    at: datetime
    terms: OrderTerms
    expires_at: datetime
    limit_down_cny: Decimal | None
    limit_up_cny: Decimal | None
    fixed_from: datetime | None = None
    call_at: datetime | None = None
    parked_until_cny: Decimal | None = None
    approximate: bool = False


class Rejected(Value, frozen=True, kw_only=True):
    """An order was not taken; `reason` begins with the rule it breaks."""

    at: datetime
    terms: OrderTerms
    reason: str


class Filled(Value, frozen=True, kw_only=True):
    """An order traded.

    `picture` is the second since the epoch that names what it traded in: the start of a bar, or the
    moment of a quote; None where how much could trade there is not known.
    """

    at: datetime
    fill: Fill
    picture: float | None = None


class Triggered(Value, frozen=True, kw_only=True):
    """The market woke a stop or let a parked order in: from then on it is a limit order."""

    at: datetime
    order_id: OrderId


class Cancelled(Value, frozen=True, kw_only=True):
    """An order was withdrawn, on request or because what is left of its kind does not wait."""

    at: datetime
    order_id: OrderId
    reason: str = "cancelled on request"


class Expired(Value, frozen=True, kw_only=True):
    """An order lapsed at the end of its day."""

    at: datetime
    order_id: OrderId


class Moved(Value, frozen=True, kw_only=True):
    """Cash or shares came or went without an order.

    `taxable_per_share` is what of a distribution is income of each share held, in CNY. `pays_tax`
    marks cash taken for tax that a `TaxDue` made owed.
    """

    at: datetime
    movement: Movement
    taxable_per_share: Decimal = ZERO
    pays_tax: bool = False


class TaxDue(Value, frozen=True, kw_only=True):
    """A sale made `cash_cny` of tax on past distributions due; until it is taken the account owes it."""

    at: datetime
    fill_id: FillId
    symbol: Symbol
    cash_cny: Decimal


Entry = AccountOpened | Accepted | Rejected | Filled | Triggered | Cancelled | Expired | Moved | TaxDue


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
