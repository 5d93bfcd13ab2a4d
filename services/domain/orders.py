"""From wish to order: intents, approved orders, refusals. Pure."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from services.domain.instruments import Symbol
from services.domain.value import Value

OrderId = NewType("OrderId", str)
SessionId = NewType("SessionId", str)


class Side(StrEnum):
    """Which way shares move."""

    BUY = "buy"
    SELL = "sell"


class OrderKind(StrEnum):
    """How an order meets the market.

    MARKET_PROTECTED takes what stands against it up to its protective limit, and the rest is
    cancelled; MARKET_TO_LIMIT's rest goes on as a limit order at its last price. A STOP sleeps until
    the market trades at its trigger or through it, and is a limit order from then on.
    """

    LIMIT = "limit"
    MARKET_PROTECTED = "market_protected"
    MARKET_TO_LIMIT = "market_to_limit"
    STOP = "stop"

    @property
    def market(self) -> bool:
        """Whether the order trades at once or not at all."""
        return self is OrderKind.MARKET_PROTECTED or self is OrderKind.MARKET_TO_LIMIT


class Origin(StrEnum):
    """Who wanted the order: the mind that was asked, or an exit that needs no mind."""

    DECISION = "decision"
    EXIT = "exit"


class Rule(StrEnum):
    """Why an intent is refused, in order of precedence: the first that applies is the reason."""

    SYMBOL_UNKNOWN = "symbol_unknown"
    NOT_ALLOWED = "not_allowed"
    RULES_UNKNOWN = "rules_unknown"
    SUSPENDED = "suspended"
    QUOTE_MISSING = "quote_missing"
    QUOTE_STALE = "quote_stale"
    QUOTE_DISAGREES = "quote_disagrees"
    HALTED = "halted"
    UNRESOLVED = "unresolved"
    DUPLICATE = "duplicate"
    CONTRADICTORY = "contradictory"
    PHASE = "phase"
    SIZE = "size"
    POSITION = "position"
    BOARD_LOT = "board_lot"
    ORDER_MAX = "order_max"
    T_PLUS_1 = "t_plus_1"
    TICK = "tick"
    PRICE_LIMIT = "price_limit"
    LIMIT_UP = "limit_up"
    LIMIT_DOWN = "limit_down"
    CAGE = "cage"
    PRICE_BAND = "price_band"
    DRIFT = "drift"
    ST_DAILY_CAP = "st_daily_cap"
    ORDER_CNY = "order_cny"
    ORDER_COUNT = "order_count"
    ORDER_RATE = "order_rate"
    NOTIONAL = "notional"
    TURNOVER = "turnover"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    LOSING_STREAK = "losing_streak"
    SIZING = "sizing"
    CAPITAL = "capital"
    POSITION_RATIO = "position_ratio"
    SECTOR = "sector"
    GROSS_EXPOSURE = "gross_exposure"
    CORRELATION = "correlation"
    VAR = "var"
    CASH_RESERVE = "cash_reserve"
    CASH = "cash"


class Intent(Value, frozen=True, kw_only=True):
    """What is wanted; it grants nothing.

    Exactly one of `shares` (any int; the gate judges it) and `target_weight` (0 to 1, of the
    account's equity) is given. `limit_cny` None asks for a marketable limit made by the gate.
    `index` counts from 0 within its origin and is part of the order id.
    """

    symbol: Symbol
    side: Side
    shares: int | None = None
    target_weight: Decimal | None = None
    limit_cny: Decimal | None = None
    why: str = ""
    origin: Origin = Origin.DECISION
    index: int = 0


class OrderTerms(Value, frozen=True, kw_only=True):
    """Every field of an order as the broker gets it; what the journal holds of one.

    `freeze_cny` is the cash set aside for a buy: limit times shares plus fees; 0 for a sell.
    `not_before` is the first moment the order may be sent, `send_by` the last. `limit_cny` is the
    protective price of a market order. `stop_cny` is the trigger of a stop, None for any other kind.
    """

    order_id: OrderId
    session: SessionId
    symbol: Symbol
    side: Side
    shares: int
    limit_cny: Decimal
    freeze_cny: Decimal
    not_before: datetime
    send_by: datetime
    day: date
    why: str
    origin: Origin
    index: int
    rules_version: str
    approximate: bool = False
    kind: OrderKind = OrderKind.LIMIT
    stop_cny: Decimal | None = None


class ApprovedOrder(Value, frozen=True, kw_only=True):
    """Proof that the gate let an order through. Only `risk.gate` makes one (a test reads the code)."""

    terms: OrderTerms

    @property
    def order_id(self) -> OrderId:
        """The order's id."""
        return self.terms.order_id


class Refusal(Value, frozen=True, kw_only=True):
    """An intent that is not sent, the first rule that forbids it, and a sentence with the numbers."""

    symbol: str
    side: Side
    shares: int
    rule: Rule
    reason: str
    origin: Origin = Origin.DECISION
    index: int = 0


class Change(Value, frozen=True, kw_only=True):
    """A size the gate made smaller, because the configuration says so: from what, to what, by which rule."""

    symbol: str
    side: Side
    asked: int
    shares: int
    rule: Rule
    reason: str
    origin: Origin = Origin.DECISION
    index: int = 0


class LimitUse(Value, frozen=True, kw_only=True):
    """How much of one limit a session's orders used, were they all filled; both in the limit's own unit.

    `subject` is the symbol or sector it is counted for, empty where it is the account's.
    """

    rule: Rule
    used: Decimal
    allowed: Decimal
    subject: str = ""


class OrderState(StrEnum):
    """Where an order is. The last four are terminal and never left."""

    WORKING = "working"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"

    @property
    def terminal(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self is not OrderState.WORKING


def order_id(*parts: str) -> OrderId:
    """Return the 20-character `[A-Z2-7]` id that the parts of a decision always derive.

    Parts: run id or "live", account, slot, origin, index, symbol, side, child.
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    bits, pair = int.from_bytes(digest[:13]) >> 4, _PAIRS
    return OrderId(
        f"{pair[bits >> 90]}{pair[bits >> 80 & 1023]}{pair[bits >> 70 & 1023]}{pair[bits >> 60 & 1023]}"
        f"{pair[bits >> 50 & 1023]}{pair[bits >> 40 & 1023]}{pair[bits >> 30 & 1023]}"
        f"{pair[bits >> 20 & 1023]}{pair[bits >> 10 & 1023]}{pair[bits & 1023]}"
    )


_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PAIRS = tuple(one + other for one in _BASE32 for other in _BASE32)
"""Base32 (RFC 4648) of ten bits."""
