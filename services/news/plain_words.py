"""Strangers' words made plain: no markup, nothing that cannot be seen, no more than is wanted. Pure."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

TITLE_SIGNS_MAX = 300
TEXT_SIGNS_MAX = 4_000
URL_SIGNS_MAX = 500

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Control and format characters (which turn the direction of reading), private ones, halves of pairs."""

_ADDRESS = re.compile(r"https?://[\x21-\x7e]+")


def plain(stated: object, signs_max: int) -> str:
    """Return a text on one line, at most `signs_max` characters long; empty for what is no text."""
    if not isinstance(stated, str):
        return ""
    # Ten times as much is looked at: what is cut off later may be markup.
    untagged = _TAG.sub("", unescape(_TAG.sub("", stated[: 10 * signs_max])))
    seen = ("" if _is_unseen(sign) else sign for sign in untagged)
    return " ".join("".join(seen).split())[:signs_max]


def address(stated: object) -> str:
    """Return a web address as it stands, empty for anything else."""
    text = stated.strip() if isinstance(stated, str) else ""
    return text if len(text) <= URL_SIGNS_MAX and _ADDRESS.fullmatch(text) else ""


def _is_unseen(sign: str) -> bool:
    return sign not in "\t\n\r" and unicodedata.category(sign) in _UNSEEN
