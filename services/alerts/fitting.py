"""Texts cut to what a platform takes, whole characters only. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

CUT = "…"
"""What stands at the end of a text that was cut."""

_CALL = re.compile(r"<(?=@|at\s)", re.IGNORECASE)


def in_bytes(text: str, bytes_max: int) -> str:
    """Return the text, or its beginning and a mark, in at most that many bytes of UTF-8."""
    return _fitted(text, bytes_max, lambda part: len(part.encode()))


def in_characters(text: str, characters_max: int) -> str:
    """Return the text, or its beginning and a mark, in at most that many characters."""
    return _fitted(text, characters_max, len)


def in_utf16_units(text: str, units_max: int) -> str:
    """Return the text, or its beginning and a mark, in at most that many units of UTF-16."""
    return _fitted(text, units_max, lambda part: len(part.encode("utf-16-le")) // 2)


def without_calls(text: str) -> str:
    """Return the text so that no platform reads a call to somebody in it, such as `<@all>`.

    What a model or a vendor wrote may stand in an alert; it must not page a whole group.
    """
    return _CALL.sub("< ", text)


def one_line(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split())


def _fitted(text: str, most: int, measure: Callable[[str], int]) -> str:
    if measure(text) <= most:
        return text
    room = most - measure(CUT)
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle]) <= room else (low, middle - 1)
    return text[:low] + CUT
