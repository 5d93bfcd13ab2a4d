"""Asks a vendor for news symbol by symbol, and puts together what came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from services.domain.instruments import Symbol
from services.domain.news import NewsAnswer, NewsItem, NewsQuery
from services.ports import NewsFault, PriceFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one answer held: items, and how many more had no date."""

    items: tuple[NewsItem, ...] = ()
    undated: int = 0


async def each(name: str, symbols: Sequence[Symbol], ask: Callable[[Symbol], Awaitable[Read]]) -> NewsAnswer:
    """Return what was told of the symbols; of whom nothing came is named in `silent`.

    Raises:
        NewsFault: Nothing came of any of them, or there is none to ask about.
    """
    if not symbols:
        raise NewsFault(name, "no mainland symbol to ask about")
    read: list[Read] = []
    silent: list[str] = []

    async def one(symbol: Symbol) -> None:
        try:
            read.append(await ask(symbol))
        except PriceFault as fault:
            silent.append(f"{name}, {symbol}: {fault.asked}: {fault.why}")

    await asyncio.gather(*map(one, symbols))
    if silent and not read:
        raise NewsFault(name, silent[0])
    return NewsAnswer(
        items=tuple(item for answer in read for item in answer.items),
        undated=sum(answer.undated for answer in read),
        silent=tuple(sorted(silent)),
    )


def dated(rows: Iterable[NewsItem | None]) -> Read:
    """Return the rows that are items; None counts as undated."""
    found = list(rows)
    items = tuple(item for item in found if item is not None)
    return Read(items=items, undated=len(found) - len(items))


def within(items: Iterable[NewsItem], query: NewsQuery) -> tuple[NewsItem, ...]:
    """Return the items of the query's kind and time."""
    return tuple(
        item for item in items if item.kind is query.kind and query.since <= item.published_at <= query.until
    )
