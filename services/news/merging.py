"""Items of several sources as one list: what two of them tell stands there once, as it was first. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from services.domain.news import NewsItem

SAME_WITHIN = timedelta(hours=48)
"""Two items of one title about one symbol that lie further apart are two: some titles come every month."""

_NAME_SIGNS_MAX = 12


def merged(items: Iterable[NewsItem]) -> tuple[NewsItem, ...]:
    """Return the items, oldest first, each once: same kind, and same address or same title.

    The earliest stays, with its own words and the symbols of all, so that nothing is seen earlier
    than the first source told it. A company's name before a title (`贵州茅台：...`) is no part of it.
    """
    found: list[NewsItem] = []
    known: dict[Hashable, tuple[int, datetime]] = {}
    for item in sorted(items, key=lambda one: (one.published_at, one.source, one.title, one.url)):
        keys = tuple(_keys(item))
        places = [known[key] for key in keys if key in known]
        place = next((at for at, last in places if item.published_at - last <= SAME_WITHIN), None)
        if place is None:
            place = len(found)
            found.append(item)
        else:
            found[place] = _joined(found[place], item)
        known |= dict.fromkeys(keys, (place, item.published_at))
    return tuple(found)


def _keys(item: NewsItem) -> Iterator[Hashable]:
    if item.url:
        yield (item.kind, item.url)
    title = _bare(item.title)
    if title:
        for symbol in item.symbols or ("",):
            yield (item.kind, title, symbol)


def _bare(title: str) -> str:
    """Return a title in the form in which two sources write the same one."""
    words = "".join(unicodedata.normalize("NFKC", title).casefold().split())
    name, colon, rest = words.partition(":")
    return rest if colon and rest and len(name) <= _NAME_SIGNS_MAX else words


def _joined(first: NewsItem, later: NewsItem) -> NewsItem:
    """Return the first item with the symbols of both; of its text it keeps what it said then."""
    return replace(first, symbols=tuple(dict.fromkeys((*first.symbols, *later.symbols))))
