"""Nothing comes from nowhere: an account's events summed beside its fold. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from services.domain.book import Book
from services.domain.fills import Fill, Movement
from services.domain.instruments import Symbol
from services.domain.money import ZERO, to_cent
from services.domain.orders import Side


class Tally:
    """Cash and shares as plain sums of what was paid, received and moved, each event counted once.

    It knows no lots, orders or frozen cash, and shares no line with the book it is held against.
    """

    def __init__(self, cash_cny: Decimal) -> None:
        self.cash_cny = cash_cny
        self.shares: dict[Symbol, int] = {}
        self._counted: set[str] = set()

    def take(self, event: Fill | Movement) -> None:
        """Count a fill or a movement; one counted before changes nothing."""
        name = event.fill_id if isinstance(event, Fill) else event.movement_id
        if name in self._counted:
            return
        self._counted.add(name)
        if isinstance(event, Movement):
            cash, shares = event.cash_cny, event.shares
        elif event.side is Side.BUY:
            cash, shares = -to_cent(event.price_cny * event.shares) - event.fees.total, event.shares
        else:
            cash, shares = to_cent(event.price_cny * event.shares) - event.fees.total, -event.shares
        self.cash_cny += cash
        self.shares[event.symbol] = self.shares.get(event.symbol, 0) + shares

    def problems(self, book: Book) -> Iterator[str]:
        """Yield in what `book` differs from the sums, and what in it is negative."""
        if book.cash_cny != self.cash_cny:
            yield f"cash is {book.cash_cny}, what was paid and received makes {self.cash_cny}"
        held = {symbol: shares for symbol, shares in self.shares.items() if shares}
        if book.holdings() != held:
            yield f"shares are {_text(book.holdings())}, what was bought, sold and given makes {_text(held)}"
        yield from _negative(book)


def _negative(book: Book) -> Iterator[str]:
    """Yield what of the book is below zero."""
    if book.cash_cny < 0 or book.available_cny < 0:
        yield f"cash is {book.cash_cny}, {book.frozen_cny} of it set aside"
    for lot in book.lots:
        if lot.shares <= 0 or lot.cost_cny < 0:
            yield f"a lot of {lot.shares} {lot.symbol} that cost {lot.cost_cny}"
    for order in book.open_orders:
        if order.remaining <= 0 or order.filled < 0 or order.frozen_cny < ZERO:
            yield f"order {order.order_id} has {order.remaining} to go and {order.frozen_cny} set aside"


def _text(holdings: Mapping[Symbol, int]) -> str:
    return ", ".join(f"{shares} {symbol}" for symbol, shares in sorted(holdings.items())) or "none"
