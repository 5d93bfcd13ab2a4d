"""At which price, if any, an order trades against what the market shows. Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from services.brokers.ledger import Accepted
from services.brokers.ledger_state import PlacedOrder
from services.brokers.market_view import Offer, Traded
from services.domain.money import ZERO, to_tick
from services.domain.orders import Side
from services.domain.value import Value
from services.rules import after_hours_price

_WHOLE = Decimal(10_000)
_BUY = Side.BUY


class Frictions(Value, frozen=True, kw_only=True):
    """What simulated trading meets beside fees: worse prices, a thin market, the tax on dividends.

    A price moves by `slippage_bp` of itself to the next tick, then by `slippage_ticks`.
    `volume_cap_ratio` is the part of a bar's volume one account may trade on one side, 0 for no cap.
    `dividend_tax`: a sale bears an individual's tax on what its shares were given while held.
    `quote_age_s_max` is how long the market may have traded since a live quote that orders still
    trade on.
    """

    slippage_bp: Decimal = Decimal(0)
    slippage_ticks: int = 0
    volume_cap_ratio: Decimal = Decimal(0)
    dividend_tax: bool = False
    quote_age_s_max: int = 180


def price_on_offer(
    order: PlacedOrder, accepted: Accepted, offer: Offer, moved: Mover, tick: Decimal
) -> Decimal | None:
    """Return the price at which the order trades at once: what is offered, moved by slippage against it.

    None where nobody offers, the side is sealed, or the moved price leaves the order's limit or
    the day's limits. A price between ticks (adjusted history) is rounded against the order.
    """
    offered = offer.buy_cny if order.terms.side is _BUY else offer.sell_cny
    if offered is None or (offer.from_trades and sealed(accepted, offered)):
        return None
    return moved.within(order, accepted, offered, tick)


def price_in_bar(order: PlacedOrder, traded: Traded, tick: Decimal) -> Decimal | None:
    """Return the price at which an order that worked while the bar ran traded in it: its limit.

    Only where the bar went through the limit: one that merely touched it may have had a queue in
    front. That is also why a bar that stayed at limit-up fills no buy.
    """
    limit = order.limit_cny
    through = traded.low_cny < limit if order.terms.side is _BUY else traded.high_cny > limit
    return to_tick(limit, tick) if through else None


def price_of_stop(
    order: PlacedOrder, accepted: Accepted, stop_cny: Decimal, moved: Mover, tick: Decimal
) -> Decimal | None:
    """Return the price at which a stop triggered inside a bar trades: its trigger, moved by slippage."""
    return None if sealed(accepted, stop_cny) else moved.within(order, accepted, stop_cny, tick)


def price_at_close(
    order: PlacedOrder, accepted: Accepted, close_cny: Decimal, tick: Decimal
) -> Decimal | None:
    """Return the day's close where the order trades at it; nothing moves the one price of an uncross.

    A close at limit-up has nobody to sell, one at limit-down nobody to buy; one beyond is no close.
    """
    price = after_hours_price(order.terms.side, order.limit_cny, close_cny)
    if price is None or sealed(accepted, close_cny):
        return None
    price = to_tick(price, tick)
    return price if _inside(accepted, price) else None


def reaches(side: Side, price_cny: Decimal, stop_cny: Decimal) -> bool:
    """Answer whether a trade at `price_cny` wakes an order: at the price it waits for, or beyond."""
    return price_cny >= stop_cny if side is _BUY else price_cny <= stop_cny


def sealed(order: Accepted, price: Decimal) -> bool:
    """Answer whether at `price` the other side is empty: limit-up for a buy, limit-down for a sell."""
    if order.terms.side is _BUY:
        return order.limit_up_cny is not None and price >= order.limit_up_cny
    return order.limit_down_cny is not None and price <= order.limit_down_cny


class Mover:
    """Moves a price by slippage against an order."""

    def __init__(self, frictions: Frictions) -> None:
        self._ratio = frictions.slippage_bp / _WHOLE if frictions.slippage_bp else None
        self._ticks = frictions.slippage_ticks

    def within(self, order: PlacedOrder, accepted: Accepted, price: Decimal, tick: Decimal) -> Decimal | None:
        """Return the price moved against the order, None where that leaves its limit or the day's."""
        ratio, limit = self._ratio, order.limit_cny
        if order.terms.side is _BUY:
            price = (price if ratio is None else price * (1 + ratio)).quantize(tick, ROUND_CEILING)
            price = price + self._ticks * tick if self._ticks else price
            inside = price <= limit
        else:
            price = (price if ratio is None else price * (1 - ratio)).quantize(tick, ROUND_FLOOR)
            price = price - self._ticks * tick if self._ticks else price
            inside = price >= limit
        return price if inside and _inside(accepted, price) else None


def _inside(order: Accepted, price: Decimal) -> bool:
    """Answer whether `price` is positive and inside the day's limits."""
    highest, lowest = order.limit_up_cny, order.limit_down_cny
    return price > ZERO and (highest is None or price <= highest) and (lowest is None or price >= lowest)
