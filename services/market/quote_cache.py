"""A vendor's quotes kept for a moment: what one account asked just now, the next is told too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.domain.instruments import Symbol
from services.market.quote_terms import GateTerms
from services.market.raw_quotes import QuoteFeed, RawQuote, RawQuotes
from services.ports import Clock, PriceFault


class QuoteStore(Protocol):
    """Quotes that other processes see too. It never raises: what it cannot do it leaves undone."""

    async def get(self, feed: str, symbols: Iterable[Symbol]) -> Mapping[Symbol, RawQuote]:
        """Return the quotes of a feed that are there."""

    async def put(self, feed: str, quotes: Iterable[RawQuote], keep_s: float) -> None:
        """Keep a feed's quotes for so long."""

    async def claim(self, feed: str) -> bool:
        """Answer whether this process may ask the feed now; False: another one is asking it."""

    async def release(self, feed: str) -> None:
        """End this process's turn at the feed."""


class QuoteCache:
    """How long the quotes of every feed are kept, and where beside this process's memory.

    A kept quote is given out for `ttl_s`, at most half of what the quote gate lets one age, and not
    once it has aged beyond that while it was kept: so prices asked again after a mind's answer are never
    those it was shown, unless it answered within that time.
    """

    def __init__(self, clock: Clock, terms: GateTerms, ttl_s: float, store: QuoteStore | None = None) -> None:
        self.clock, self.store = clock, store
        self.ttl_s = min(ttl_s, terms.age_s_max / 2)
        self._age_max = timedelta(seconds=terms.age_s_max)

    def of(self, feed: QuoteFeed) -> CachedFeed:
        """Return the feed behind this cache."""
        return CachedFeed(feed, self)

    def holds(self, raw: RawQuote, now: datetime) -> bool:
        """Answer whether a kept quote may still be given out."""
        kept_s = (now - raw.received_at).total_seconds()
        if not 0 <= kept_s <= self.ttl_s:
            return False
        if raw.stamped_at is None:
            return True
        return not raw.received_at - raw.stamped_at <= self._age_max < now - raw.stamped_at


@dataclass(slots=True)
class _Flight:
    """A question under way, and how many wait for what it brings."""

    symbols: frozenset[Symbol]
    answer: asyncio.Task[RawQuotes]
    waiting: int = 0


class CachedFeed:
    """A feed that is asked only for what nobody asked it just now, or is asking it."""

    def __init__(self, feed: QuoteFeed, cache: QuoteCache) -> None:
        self._feed, self._cache = feed, cache
        self._kept: dict[Symbol, RawQuote] = {}
        self._under_way: list[_Flight] = []

    @property
    def name(self) -> str:
        """The feed's name."""
        return self._feed.name

    @property
    def family(self) -> str:
        """Whose numbers they are."""
        return self._feed.family

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts it asks."""
        return self._feed.hosts

    async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
        """Return what is kept, what others are asking for, and of the rest what came within the deadline.

        Raises:
            PriceFault: There is nothing usable at all.
        """
        found = self._still_held(symbols)
        lacking = frozenset(symbol for symbol in symbols if symbol not in found)
        flights = [flight for flight in self._under_way if lacking & flight.symbols]
        rest = lacking.difference(*(flight.symbols for flight in flights))
        if rest:
            flights.append(self._ask([symbol for symbol in dict.fromkeys(symbols) if symbol in rest]))
        faults: dict[Symbol, str] = {}
        problem: PriceFault | None = None
        for answer in await asyncio.gather(*map(self._join, flights)):
            if isinstance(answer, PriceFault):
                problem = answer
                continue
            found |= {symbol: raw for symbol, raw in answer.quotes.items() if symbol in lacking}
            faults |= {symbol: why for symbol, why in answer.faults.items() if symbol in lacking}
        if problem is not None:
            if not found:
                raise problem
            faults = {symbol: problem.why for symbol in lacking if symbol not in found} | faults
        return RawQuotes(source=self.name, quotes=found, faults=faults)

    def _still_held(self, symbols: Iterable[Symbol]) -> dict[Symbol, RawQuote]:
        now = self._cache.clock.now()
        self._kept = {symbol: raw for symbol, raw in self._kept.items() if self._cache.holds(raw, now)}
        return {symbol: self._kept[symbol] for symbol in symbols if symbol in self._kept}

    def _ask(self, symbols: Sequence[Symbol]) -> _Flight:
        flight = _Flight(frozenset(symbols), asyncio.ensure_future(self._fetched(symbols)))
        self._under_way.append(flight)
        flight.answer.add_done_callback(lambda _: self._under_way.remove(flight))
        return flight

    async def _join(self, flight: _Flight) -> RawQuotes | PriceFault:
        """Return what a question brings; who goes away takes it from nobody else, the last one ends it."""
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.answer)
        except PriceFault as fault:
            return fault
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.answer.done():
                flight.answer.cancel()

    async def _fetched(self, symbols: Sequence[Symbol]) -> RawQuotes:
        """Return what other processes hold of the symbols, and of the rest what the feed says.

        Raises:
            PriceFault: There is nothing usable at all.
        """
        store = self._cache.store
        if store is None:
            return self._keep(await self._feed.quotes(symbols))
        mine = await store.claim(self.name)
        try:
            return await self._shared(symbols, store)
        finally:
            if mine:
                await store.release(self.name)

    async def _shared(self, symbols: Sequence[Symbol], store: QuoteStore) -> RawQuotes:
        now = self._cache.clock.now()
        there = await store.get(self.name, symbols)
        held = {symbol: raw for symbol, raw in there.items() if self._cache.holds(raw, now)}
        lacking = [symbol for symbol in symbols if symbol not in held]
        if not lacking:
            return self._keep(RawQuotes(source=self.name, quotes=held))
        answer = await self._feed.quotes(lacking)
        await store.put(self.name, answer.quotes.values(), self._cache.ttl_s)
        return self._keep(
            RawQuotes(source=self.name, quotes=held | dict(answer.quotes), faults=answer.faults)
        )

    def _keep(self, answer: RawQuotes) -> RawQuotes:
        self._kept |= answer.quotes
        return answer
