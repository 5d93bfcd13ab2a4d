"""What a gate is set to, and all it may look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.domain.book import Book
from services.domain.events import Halt
from services.domain.instruments import Instrument, Market, Symbol
from services.domain.orders import SessionId
from services.domain.quotes import Snapshot
from services.rules import Commission
from services.slots import ZONES

BP = Decimal(10_000)
"""Basis points in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings of the gate. Ratios are of the account's equity, 0 to 1; None switches a limit off.

    `marketable_bp` is how far a limit made by the gate lies from the quote; `drift_bp_max` how far
    a quote may have moved while the mind was thinking; `order_ttl_s` how long after its moment an
    order may still be sent; `quote_age_s_max` how long the market may have traded since a vendor's
    quote; `cash_reserve_cny_min` is cash that no buy may touch.
    """

    marketable_bp: Decimal = Decimal(100)
    drift_bp_max: Decimal = Decimal(200)
    order_ttl_s: int = 60
    quote_age_s_max: int = 180
    position_ratio_max: Decimal | None = None
    daily_loss_ratio_max: Decimal | None = None
    cash_reserve_cny_min: Decimal = Decimal("0.00")
    stop_loss_ratio: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything one review looks at; nothing of it is read from a clock or a file.

    `moment` is the snapshot's own. `first` is the snapshot shown to the mind, against which drift
    is measured; `names` derive order ids: run, account and slot label. `book` is the account
    before the session's orders.
    """

    session: SessionId
    names: tuple[str, str, str]
    market: Market
    day: date
    moment: datetime
    local: time
    book: Book
    snapshot: Snapshot
    first: Snapshot
    watchlist: frozenset[Symbol]
    instruments: Mapping[Symbol, Instrument]
    limits: Limits
    commission: Commission
    equity_cny: Decimal
    day_equity_cny: Decimal
    halts: Mapping[str, Halt] = field(default_factory=dict)

    @property
    def slot_zone(self) -> ZoneInfo:
        """The market's time zone."""
        return ZONES[self.market]
