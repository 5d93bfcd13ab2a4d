"""What a bar or a top of book says about whether an order would have traded. Pure."""

from __future__ import annotations

from decimal import Decimal

from services.domain.orders import Side
from services.rules.limits import Band


def bar_fill_price(
    side: Side, limit: Decimal, band: Band, *, opened: Decimal, high: Decimal, low: Decimal
) -> Decimal | None:
    """Return the price at which a limit order standing from the bar's open trades, None if it cannot.

    The open where it is within the limit, else the limit where the bar touched it: it could have
    traded, which the simulated exchange, minding the queue, does not take for granted. A bar that
    never left the day's limit is sealed: nobody sells at limit-up, nobody buys at limit-down.
    """
    if side is Side.BUY:
        if (band.limit_up is not None and low >= band.limit_up) or limit < low:
            return None
        return min(opened, limit)
    if (band.limit_down is not None and high <= band.limit_down) or limit > high:
        return None
    return max(opened, limit)


def book_fill_price(
    side: Side, limit: Decimal, *, best_ask: Decimal | None, best_bid: Decimal | None
) -> Decimal | None:
    """Return the price at which a limit order trades at once against the book, None if it waits.

    An empty side (None) has nobody to trade with.
    """
    if side is Side.BUY:
        return best_ask if best_ask is not None and best_ask <= limit else None
    return best_bid if best_bid is not None and best_bid >= limit else None


def after_hours_price(side: Side, limit: Decimal, close: Decimal) -> Decimal | None:
    """Return the close at which an after-hours order trades, None where its limit makes it invalid.

    A buy below the close and a sell above it are invalid.
    """
    valid = limit >= close if side is Side.BUY else limit <= close
    return close if valid else None
