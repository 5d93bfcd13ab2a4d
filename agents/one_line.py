"""A stranger's words as one short line that cannot pass for a line or a column of a briefing. Pure."""

from __future__ import annotations

import unicodedata


def one_line(words: str, signs_max: int) -> str:
    """Return the words without anything that cannot be seen, without bars, on one line, cut if too long."""
    visible = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in words)
    line = " ".join(visible.replace("|", " ").split())
    return line if len(line) <= signs_max else line[: signs_max - 1] + "…"
