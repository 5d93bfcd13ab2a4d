"""Symbols that are watched though no order in them can pass: no board is known for their code."""

from __future__ import annotations

from collections.abc import Iterable

from commands.screen import Screen
from services.domain.instruments import Symbol
from services.rules import OutsideRulebook, last_board_of

_NAMED_MAX = 5


def boardless(symbols: Iterable[Symbol]) -> str:
    """Return those of the symbols that belong to no board, a few by name; empty where all belong to one.

    An index is such a symbol, and so is a share with the suffix of another exchange.
    """
    found = [symbol for symbol in symbols if not _has_board(symbol)]
    named = ", ".join(found[:_NAMED_MAX])
    return f"{named} (+{len(found) - _NAMED_MAX})" if found[_NAMED_MAX:] else named


def warn_of_boardless(symbols: Iterable[Symbol], screen: Screen) -> None:
    """Say at the start which of the symbols will never trade."""
    found = boardless(symbols)
    if found:
        screen.note("watchlist.boardless", symbols=found)


def _has_board(symbol: Symbol) -> bool:
    try:
        last_board_of(symbol)
    except OutsideRulebook:
        return False
    return True
