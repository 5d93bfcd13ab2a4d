"""Codes of each board that stand for nobody: ranges without a listing that we know of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from random import Random
from types import MappingProxyType

from services.domain.instruments import Board, Symbol
from services.rules import OutsideRulebook
from services.rules.boards import board_of, is_lof

_RANGES: Mapping[str, tuple[int, int, str]] = MappingProxyType(
    {
        f"{Board.SSE_MAIN}.SH": (605600, 605900, "SH"),
        f"{Board.STAR}.SH": (689100, 689900, "SH"),
        f"{Board.SZSE_MAIN}.SZ": (3200, 3800, "SZ"),
        f"{Board.CHINEXT}.SZ": (302300, 302900, "SZ"),
        f"{Board.BSE}.BJ": (923000, 929000, "BJ"),
        f"{Board.SSE_FUND}.SH": (539000, 539900, "SH"),
        f"{Board.SZSE_FUND}.SZ": (157000, 157900, "SZ"),
        f"{Board.REIT}.SH": (508700, 508900, "SH"),
        f"{Board.REIT}.SZ": (180850, 180990, "SZ"),
        f"{Board.CONVERTIBLE}.SH": (111800, 111990, "SH"),
        f"{Board.CONVERTIBLE}.SZ": (125100, 125300, "SZ"),
        f"{Board.SSE_B}.SH": (900960, 900990, "SH"),
        f"{Board.SZSE_B}.SZ": (200300, 200399, "SZ"),
    }
)
"""By board and exchange: the first code, the one after the last, the suffix."""
_LOF_RANGES: Mapping[str, tuple[int, int, str]] = MappingProxyType(
    {"SH": (506850, 506990, "SH"), "SZ": (168500, 168990, "SZ")}
)
_US_LETTERS, _US_LENGTH = "BCDFGHJKLMNPQRSTVWXZ", 6
"""Longer than any ticker of a US exchange, and without vowels that would make a word."""


class NoCode(ValueError):
    """There is no code left, or none is known, to stand for a symbol."""


def stand_in(symbol: Symbol, day: date, taken: set[str], chance: Random) -> Symbol:
    """Return a code of the symbol's board on `day` that is not `taken`, drawn by `chance`.

    Raises:
        NoCode: The symbol's board is not known, or all its codes are taken.
    """
    if symbol.endswith(".US"):
        found = "".join(chance.choices(_US_LETTERS, k=_US_LENGTH))
        return Symbol(f"{found}.US") if f"{found}.US" not in taken else stand_in(symbol, day, taken, chance)
    first, end, suffix = _range(symbol, day)
    free = [code for number in range(first, end) if (code := f"{number:06d}.{suffix}") not in taken]
    if not free:
        raise NoCode(f"{symbol}: all codes that could stand for one of its board are taken")
    return Symbol(chance.choice(free))


def _range(symbol: Symbol, day: date) -> tuple[int, int, str]:
    if is_lof(symbol):
        return _LOF_RANGES[symbol[-2:]]
    try:
        return _RANGES[f"{board_of(symbol, day)}.{symbol[-2:]}"]
    except OutsideRulebook as error:
        raise NoCode(f"{symbol}: {error}") from error
