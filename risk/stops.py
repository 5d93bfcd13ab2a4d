"""Exits that need no mind. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from risk.limits import Limits
from services.domain.book import Book
from services.domain.instruments import Symbol
from services.domain.orders import Intent, Origin, Side
from services.domain.quotes import Snapshot
from services.rules import OutsideRulebook, board_of, round_lot_down, rules_on


def exits(book: Book, snapshot: Snapshot, day: date, limits: Limits) -> tuple[Intent, ...]:
    """Return a sale of all that one order may sell of each holding whose price fell to its stop.

    The stop lies `stop_loss_ratio` below the average cost of the holding. A holding that cannot be
    sold today, has no price or is suspended stays as it is, and so does what one order cannot take:
    its stop is still armed next time.
    """
    ratio = limits.stop_loss_ratio
    if ratio is None:
        return ()
    found: list[Intent] = []
    for symbol, held in book.holdings().items():
        quote, sellable = snapshot.get(symbol), book.sellable(symbol, day)
        if quote is None or quote.suspended or sellable <= 0:
            continue
        cost = sum((lot.cost_cny for lot in book.lots if lot.symbol == symbol), Decimal(0))
        # Total against total: an average cost need not have an end, and the boundary must be exact.
        if quote.last_cny * held > cost * (1 - ratio):
            continue
        shares = _one_order(symbol, day, sellable, held)
        if shares > 0:
            why = (
                f"stop loss: {quote.last_cny} is at or below {cost * (1 - ratio) / held:.3f}, "
                f"{ratio} under the cost {cost / held:.3f}"
            )
            found.append(
                Intent(
                    symbol=symbol,
                    side=Side.SELL,
                    shares=shares,
                    why=why,
                    origin=Origin.EXIT,
                    index=len(found),
                )
            )
    return tuple(found)


def _one_order(symbol: Symbol, day: date, sellable: int, held: int) -> int:
    """Return the most that one order may sell; where the book is silent all, which the gate refuses."""
    try:
        return round_lot_down(rules_on(board_of(symbol, day), day), Side.SELL, sellable, held)
    except OutsideRulebook:
        return sellable
