"""What a mind's own words say it buys or sells, as far as plain words tell. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from services.domain.instruments import Symbol
from services.domain.orders import Side

_SENTENCE = re.compile(r"[^.!?;\n。！？；]+(?:\.\w+[^.!?;\n。！？；]*)*")
_SYMBOL = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{6}\.(?:SH|SZ|BJ)|[A-Z][A-Z.]{0,9}\.US)(?![0-9A-Za-z])")
_WORDS = {
    Side.BUY: re.compile(r"\b(?:buy|buying|bought|purchase|add(?:ing)? to)\b|买入|买进|加仓|建仓|增持", re.I),
    Side.SELL: re.compile(r"\b(?:sell|selling|sold|reduc(?:e|ing)|exit(?:ing)?)\b|卖出|减仓|清仓|减持", re.I),
}
_NOT_NOW = re.compile(
    r"\b(?:not|n't|no|never|avoid|without|instead of|if|unless|later|tomorrow|yesterday|would|could|cannot"
    r"|had|was|were|previously|already|consider(?:ed|ing)?)\b|n't\b"
    r"|不|未|勿|避免|暂缓|如果|若|除非|之后|明日|昨日|曾|已|考虑",
    re.I,
)
_SHOWN_SIGNS_MAX = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Unordered:
    """A trade the words speak of and no order asks for, with the sentence it stands in."""

    side: Side
    symbol: Symbol
    sentence: str


def unordered(
    words: str, watched: Collection[Symbol], ordered: Collection[tuple[Side, str]]
) -> Iterator[Unordered]:
    """Yield each watched symbol that a sentence says is bought or sold and that is not in `ordered`.

    Only plain sentences count: one with a word of either side alone, and none that denies, recalls
    or supposes. What is not seen is no proof that words and orders agree.
    """
    seen: set[tuple[Side, str]] = set(ordered)
    for match in _SENTENCE.finditer(words):
        sentence = match.group()
        sides = [side for side, pattern in _WORDS.items() if pattern.search(sentence)]
        if len(sides) != 1 or _NOT_NOW.search(sentence):
            continue
        for name in _SYMBOL.findall(sentence):
            if name in watched and (sides[0], name) not in seen:
                seen.add((sides[0], name))
                shown = " ".join(sentence.split())[:_SHOWN_SIGNS_MAX]
                yield Unordered(side=sides[0], symbol=Symbol(name), sentence=shown)
