"""The cash dividends a holding has received: what of a fall in price was paid out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from services.domain.book import Book, Lot
from services.domain.events import Dividend
from services.domain.fills import Movement, MovementKind
from services.domain.money import ZERO

Dividends = Mapping[str, tuple[Dividend, ...]]


def dividends_after(
    known: Dividends, book: Book, movements: Sequence[Movement]
) -> dict[str, tuple[Dividend, ...]]:
    """Return the dividends that lots now held received, by symbol in ascending order, oldest first.

    `book` is the account before the movements. New shares make earlier dividends smaller a share; a
    holding that is held no more has none.
    """
    shares = dict(book.holdings())
    found = {symbol: list(known.get(symbol, ())) for symbol in shares}
    for movement in movements:
        symbol, before = movement.symbol, shares.get(movement.symbol, 0)
        if not before:
            continue
        if movement.kind is MovementKind.DIVIDEND:
            found[symbol].append(Dividend(day=movement.day, cny_per_share=movement.cash_cny / before))
        shares[symbol] = before + movement.shares
        if movement.kind is MovementKind.BONUS:
            found[symbol] = [
                replace(one, cny_per_share=one.cny_per_share * before / shares[symbol])
                for one in found[symbol]
            ]
    since = {symbol: min(lot.acquired_on for lot in book.lots if lot.symbol == symbol) for symbol in found}
    kept = {
        symbol: tuple(one for one in found[symbol] if one.day > since[symbol]) for symbol in sorted(found)
    }
    return {symbol: ones for symbol, ones in kept.items() if ones}


def received_cny(lot: Lot, dividends: Sequence[Dividend]) -> Decimal:
    """Return the cash a lot received before tax: of the ex-days after its purchase."""
    return sum((lot.shares * one.cny_per_share for one in dividends if one.day > lot.acquired_on), ZERO)
