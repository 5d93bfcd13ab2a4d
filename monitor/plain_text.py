"""Text of strangers (a model's words, a broker's, a file's) made safe to show. Pure."""

from __future__ import annotations

import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_DIRECTION_MARKS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def printable(text: str) -> str:
    """Return `text` without what a terminal or a browser would obey instead of show.

    Control characters but tab and newline, marks that turn the reading direction and lone
    surrogates become U+FFFD.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(REPLACEMENT if _commands(char) else char for char in text)


def _commands(char: str) -> bool:
    if char in "\t\n":
        return False
    return char in _DIRECTION_MARKS or unicodedata.category(char) in {"Cc", "Cs"}
