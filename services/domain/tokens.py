"""How many tokens a text has at most, whichever model reads it. Pure."""

from __future__ import annotations

import re

_PIECE = re.compile(r"[0-9]|[A-Za-z]{1,3}|[^\sA-Za-z0-9]|\s(?![A-Za-z])")


def tokens_bound(text: str) -> int:
    """Return a number of tokens that the text stays below with the tokenizers in common use.

    Each model cuts texts in its own way, so what is counted is the dearest way seen: every digit and
    every sign is one token, letters are one for each three of a word, a space is one unless a word
    follows, and a sign outside ASCII is two. Words come out dearer than they are, figures about right.
    """
    return len(_PIECE.findall(text)) + sum(not sign.isascii() for sign in text)
