"""The account by the journal against the account by the broker. Pure."""

from __future__ import annotations

from services.domain.book import Book
from services.domain.events import Halt
from services.domain.statement import Statement


def not_ours(book: Book, statement: Statement) -> tuple[Halt, ...]:
    """Return a halt for each symbol in which the broker works on an order that the journal has not open."""
    if not statement.open_orders:
        return ()
    ours = {order.order_id for order in book.open_orders}
    return tuple(
        Halt(symbol=order.symbol, why=f"the broker works on order {order.order_id}, the journal does not")
        for order in statement.open_orders
        if order.order_id not in ours and not order.state.terminal
    )


def differences(book: Book, statement: Statement) -> tuple[Halt, ...]:
    """Return a halt for each symbol, and for the account, on which book and statement differ."""
    found: list[Halt] = []
    cash = statement.balance.cash_cny
    if cash != book.cash_cny:
        found.append(Halt(symbol="", why=f"the broker states {cash} CNY, the journal {book.cash_cny}"))
    ours = book.holdings()
    theirs = {holding.symbol: holding.shares for holding in statement.holdings if holding.shares}
    if ours == theirs:
        return tuple(found)
    for symbol in sorted(ours.keys() | theirs.keys()):
        if ours.get(symbol, 0) != theirs.get(symbol, 0):
            why = f"the broker states {theirs.get(symbol, 0)} shares, the journal {ours.get(symbol, 0)}"
            found.append(Halt(symbol=symbol, why=why))
    return tuple(found)
