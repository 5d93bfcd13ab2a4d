"""At which price, if any, an order trades against what the market shows. Pure."""

from __future__ import annotations

from decimal import Decimal

from services.brokers.ledger import Accepted
from services.brokers.market_view import Offer, Traded
from services.domain.money import ceil_to_tick, floor_to_tick, to_tick
from services.domain.orders import Side
from services.rules import after_hours_price

_WHOLE = Decimal(10_000)


def price_on_offer(order: Accepted, offer: Offer, slippage_bp: Decimal, tick: Decimal) -> Decimal | None:
    """Return the price at which `order` trades at once: what is offered, moved by slippage against it.

    None where nobody offers, the side is sealed, or the moved price leaves the order's limit or
    the day's limits. A price between ticks (adjusted history) is rounded against the order.
    """
    buys = order.terms.side is Side.BUY
    offered = offer.buy_cny if buys else offer.sell_cny
    if offered is None or (offer.from_trades and _sealed(order, offered)):
        return None
    if buys:
        price = ceil_to_tick(offered * (1 + slippage_bp / _WHOLE) if slippage_bp else offered, tick)
        within = price <= order.terms.limit_cny
    else:
        price = floor_to_tick(offered * (1 - slippage_bp / _WHOLE) if slippage_bp else offered, tick)
        within = price >= order.terms.limit_cny
    return price if within and _inside(order, price) else None


def price_in_bar(order: Accepted, traded: Traded, tick: Decimal) -> Decimal | None:
    """Return the price at which `order`, working while the bar ran, traded in it: its limit.

    Only where the bar went through the limit: one that merely touched it may have had a queue in
    front. That is also why a bar that stayed at limit-up fills no buy.
    """
    limit = order.terms.limit_cny
    through = traded.low_cny < limit if order.terms.side is Side.BUY else traded.high_cny > limit
    return to_tick(limit, tick) if through else None


def price_after_hours(order: Accepted, close_cny: Decimal, tick: Decimal) -> Decimal | None:
    """Return the day's close where the after-hours order trades at it; nothing moves a fixed price.

    A close at limit-up has nobody to sell, one at limit-down nobody to buy.
    """
    if _sealed(order, close_cny):
        return None
    price = after_hours_price(order.terms.side, order.terms.limit_cny, close_cny)
    return None if price is None else to_tick(price, tick)


def _sealed(order: Accepted, price: Decimal) -> bool:
    """Answer whether at `price` the other side is empty: limit-up for a buy, limit-down for a sell."""
    if order.terms.side is Side.BUY:
        return order.limit_up_cny is not None and price >= order.limit_up_cny
    return order.limit_down_cny is not None and price <= order.limit_down_cny


def _inside(order: Accepted, price: Decimal) -> bool:
    """Answer whether `price` is inside the day's limits."""
    above = order.limit_up_cny is not None and price > order.limit_up_cny
    below = order.limit_down_cny is not None and price < order.limit_down_cny
    return not (above or below)
