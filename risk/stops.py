"""Exits that need no mind. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from risk.limits import Limits
from services.domain.book import Book
from services.domain.orders import Intent, Origin, Side
from services.domain.quotes import Snapshot


def exits(book: Book, snapshot: Snapshot, day: date, limits: Limits) -> tuple[Intent, ...]:
    """Return a sale of all that may be sold of each holding whose price fell to its stop.

    The stop lies `stop_loss_ratio` below the average cost of the holding. A holding that cannot be
    sold today, has no price or is suspended stays as it is: its stop is still armed next time.
    """
    ratio = limits.stop_loss_ratio
    if ratio is None:
        return ()
    found: list[Intent] = []
    for symbol, shares in book.holdings().items():
        quote, sellable = snapshot.get(symbol), book.sellable(symbol, day)
        if quote is None or quote.suspended or sellable <= 0:
            continue
        cost = sum((lot.cost_cny for lot in book.lots if lot.symbol == symbol), Decimal(0)) / shares
        stop = cost * (1 - ratio)
        if quote.last_cny <= stop:
            why = f"stop loss: {quote.last_cny} is at or below {stop:.3f}, {ratio} under the cost {cost:.3f}"
            found.append(
                Intent(
                    symbol=symbol,
                    side=Side.SELL,
                    shares=sellable,
                    why=why,
                    origin=Origin.EXIT,
                    index=len(found),
                )
            )
    return tuple(found)
