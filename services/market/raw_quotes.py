"""What a vendor said of a symbol, field by field, before anybody believes it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from services.domain.instruments import Symbol
from services.domain.quotes import Level
from services.ports import PriceFault


class Status(StrEnum):
    """Whether a vendor says that a symbol trades."""

    TRADING = "trading"
    HALTED = "halted"
    """Stopped for part of the day."""
    SUSPENDED = "suspended"
    """Does not trade all day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawQuote:
    """A vendor's words on one symbol. Every field it did not state, or stated as `-`, blank or 0, is None.

    Prices are CNY a share as stated, volumes shares. `stamped_at` is the exchange's time in the answer,
    aware, None where it holds none; `received_at` is when the answer was there by our clock. A side of
    the book that was stated and is empty is `()`; None means that the vendor states no book. `volume_shares`
    may truly be 0 and is None only where not stated.
    """

    symbol: Symbol
    source: str
    received_at: datetime
    stamped_at: datetime | None = None
    name: str = ""
    last_cny: Decimal | None = None
    prev_close_cny: Decimal | None = None
    open_cny: Decimal | None = None
    high_cny: Decimal | None = None
    low_cny: Decimal | None = None
    limit_up_cny: Decimal | None = None
    limit_down_cny: Decimal | None = None
    bids: tuple[Level, ...] | None = None
    asks: tuple[Level, ...] | None = None
    volume_shares: int | None = None
    amount_cny: Decimal | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawQuotes:
    """One vendor's answer: what came, and by symbol why the rest did not.

    `answered`: the vendor said something, if only that it knows nothing of what it was asked.
    """

    source: str
    quotes: Mapping[Symbol, RawQuote] = field(default_factory=dict)
    faults: Mapping[Symbol, str] = field(default_factory=dict)
    answered: bool = True


class NothingStated(PriceFault):
    """The vendor answered, and states no price of what it was asked."""


class QuoteFeed(Protocol):
    """One vendor's quotes. It translates and decides nothing; rate limit, retry and deadline are inside.

    `family` names where the numbers come from in the end: two feeds of one family are no check on each other.
    """

    @property
    def name(self) -> str:
        """What the configuration calls it, as every quote of it states."""

    @property
    def family(self) -> str:
        """Whose numbers they are, e.g. `eastmoney` for akshare's as well."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts it asks."""

    async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
        """Return what came within the deadline.

        Raises:
            PriceFault: Nothing usable came at all.
        """
