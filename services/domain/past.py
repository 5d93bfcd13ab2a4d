"""What an account did in earlier sessions and what came of it, as a mind is told. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.domain.events import Outcome
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderState, Origin, Refusal, SessionId, Side
from services.domain.value import Value


class Payout(Value, frozen=True, kw_only=True):
    """What one held share brought on an ex-day: CNY before tax, and new shares. `seq` is its event."""

    seq: int
    day: date
    cny_per_share: Decimal
    shares_per_share: Decimal


class PastOrder(Value, frozen=True, kw_only=True):
    """An order that was let through, and what came of it until now.

    `shares` were ordered, `filled` of them traded for `amount_cny` before `fees_cny`. What was bought
    would be `shares_now` shares today, and brought `received_cny` in dividends. `realised_cny` is what
    a sale earned after its fees, against the cost of the oldest shares; None for a buy. `state` None
    means the order still works or waits for its time.
    """

    symbol: Symbol
    side: Side
    shares: int
    why: str
    origin: Origin
    state: OrderState | None = None
    filled: int = 0
    amount_cny: Decimal = ZERO
    fees_cny: Decimal = ZERO
    shares_now: Decimal = ZERO
    received_cny: Decimal = ZERO
    realised_cny: Decimal | None = None

    @property
    def price_cny(self) -> Decimal:
        """The average price of what was filled, not rounded.

        Raises:
            ZeroDivisionError: Nothing was filled.
        """
        return self.amount_cny / self.filled

    def made_cny(self, last_cny: Decimal) -> Decimal:
        """Return what a buy has made at the price `last_cny`, its own fees counted, were nothing sold."""
        return self.shares_now * last_cny + self.received_cny - self.amount_cny - self.fees_cny


class PastSession(Value, frozen=True, kw_only=True):
    """One earlier session as far as it was over when the present one began.

    `slot` is `2025-10-10 10:35` in the market's time. `equity_cny` is what it found, None where it
    came to no valuation. `said` is the mind's rationale, `reason` why there was no decision.
    """

    session: SessionId
    day: date
    slot: str
    outcome: Outcome | None = None
    equity_cny: Decimal | None = None
    said: str = ""
    reason: str = ""
    orders: tuple[PastOrder, ...] = ()
    refused: tuple[Refusal, ...] = ()
