"""What a broker says of an account. Pure."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from services.domain.fills import Movement
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderId, OrderState, Side
from services.domain.value import Value


class Balance(Value, frozen=True, kw_only=True):
    """Cash in CNY: all of it, what may buy now, what may leave now, what open orders hold.

    `owed_cny` is what the broker will still take of later income, such as tax that cash did not cover.
    """

    cash_cny: Decimal
    available_cny: Decimal
    withdrawable_cny: Decimal
    frozen_cny: Decimal
    owed_cny: Decimal = ZERO


class Holding(Value, frozen=True, kw_only=True):
    """Shares of one symbol, and how many may be sold now."""

    symbol: Symbol
    shares: int
    sellable: int


class OrderStatus(Value, frozen=True, kw_only=True):
    """What the broker knows of one order."""

    order_id: OrderId
    symbol: Symbol
    side: Side
    shares: int
    filled: int
    limit_cny: Decimal
    state: OrderState
    reason: str = ""


class Statement(Value, frozen=True, kw_only=True):
    """Cash, positions, working orders and movements without an order, as of one moment."""

    balance: Balance
    holdings: tuple[Holding, ...]
    open_orders: tuple[OrderStatus, ...]
    movements: tuple[Movement, ...] = ()


CANCEL = "cancel:"
"""What the step of an answer to a cancel holds before the order's id, and no other: `late1:cancel:ORDER`."""


class AckKind(StrEnum):
    """How a broker answered a send or a cancel. NO_ANSWER is not a refusal: the order may live.

    WITHHELD is our own: the order did not leave, because its last moment passed or a stop was asked for.
    """

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    WITHHELD = "withheld"


class Ack(Value, frozen=True, kw_only=True):
    """The answer to a send or a cancel, in the broker's words."""

    kind: AckKind
    reason: str = ""


class Sight(StrEnum):
    """What a look-up can say. ABSENT only from a broker that can really know it."""

    FOUND = "found"
    ABSENT = "absent"
    CANNOT_TELL = "cannot_tell"


class Sighting(Value, frozen=True, kw_only=True):
    """The answer to a look-up; `status` is there when FOUND."""

    sight: Sight
    status: OrderStatus | None = None
    reason: str = ""
