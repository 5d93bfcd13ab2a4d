"""What was traded and what it cost; what moved without a trade. Pure."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderId, Side
from services.domain.value import Value

FillId = NewType("FillId", str)


class Fees(Value, frozen=True, kw_only=True):
    """The additive fee lines of a fill, in CNY, each rounded to 0.01.

    With an all-in commission, handling and levy are inside `commission` and are 0 here.
    """

    commission: Decimal = ZERO
    stamp_duty: Decimal = ZERO
    transfer_fee: Decimal = ZERO
    handling_fee: Decimal = ZERO
    csrc_fee: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """The sum of the lines."""
        total = self.commission + self.stamp_duty + self.transfer_fee
        if self.handling_fee or self.csrc_fee:
            total += self.handling_fee + self.csrc_fee
        return total


class Fill(Value, frozen=True, kw_only=True):
    """A trade of one order. `amount_cny` is price times shares, before fees; a `fill_id` counts once."""

    fill_id: FillId
    order_id: OrderId
    symbol: Symbol
    side: Side
    shares: int
    price_cny: Decimal
    amount_cny: Decimal
    fees: Fees
    trade_date: date
    traded_at: datetime
    approximate: bool = False


class MovementKind(StrEnum):
    """Why cash or shares moved without an order."""

    DIVIDEND = "dividend"
    BONUS = "bonus"
    ADJUST = "adjust"


class Movement(Value, frozen=True, kw_only=True):
    """Cash or shares that came or went without an order; a `movement_id` counts once.

    `order_id` names the sale on which a dividend's tax fell due, None for anything else.
    """

    movement_id: str
    kind: MovementKind
    symbol: Symbol
    shares: int
    cash_cny: Decimal
    day: date
    why: str
    order_id: OrderId | None = None
