"""What was published about the market, each item from the moment it was. Pure."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.instruments import Symbol


class NewsKind(StrEnum):
    """Who speaks: the press, or a listed company and its exchange."""

    NEWS = "news"
    ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsItem:
    """One thing published: `published_at` is aware, `symbols` are those it is about by its source.

    Its words are a stranger's. `url` is empty where there is no address.
    """

    published_at: datetime
    source: str
    title: str
    text: str = ""
    url: str = ""
    symbols: tuple[Symbol, ...] = ()
    kind: NewsKind = NewsKind.NEWS

    def __post_init__(self) -> None:
        """Refuse a moment without a time zone, and an item that names no source or says nothing."""
        if self.published_at.tzinfo is None:
            raise ValueError("the moment of an item must have a time zone")
        if not self.source or not (self.title or self.text):
            raise ValueError("an item must name its source and have a title or a text")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsQuery:
    """What is asked of a source: one kind of items, published in [since, until].

    `symbols` are those the items should be about; empty, about anything the source looks at.
    """

    since: datetime
    until: datetime
    kind: NewsKind
    symbols: tuple[Symbol, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsAnswer:
    """What a source told: items, oldest first, each once.

    `undated` is how many it left out since nobody knows when they were published; `silent` names
    what did not answer, and why.
    """

    items: tuple[NewsItem, ...] = ()
    undated: int = 0
    silent: tuple[str, ...] = ()


def in_order(items: Iterable[NewsItem]) -> tuple[NewsItem, ...]:
    """Return the items, oldest first, each once.

    Two are the same when they are of one kind and have the same words, whoever repeats them and
    however spaced; the earliest stays.
    """
    found: dict[tuple[NewsKind, str, str], NewsItem] = {}
    for item in sorted(items, key=lambda one: (one.published_at, one.source, one.title, one.text, one.url)):
        found.setdefault((item.kind, _words(item.title), _words(item.text)), item)
    return tuple(found.values())


def between(items: tuple[NewsItem, ...], since: datetime, until: datetime) -> tuple[NewsItem, ...]:
    """Return the items published in [since, until], of items that are in order."""
    first = bisect_left(items, since, key=lambda item: item.published_at)
    return items[first : bisect_right(items, until, key=lambda item: item.published_at)]


def _words(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
