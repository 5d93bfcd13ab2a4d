"""Live prices by several vendors: each quote believed only as far as the others let it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from services.domain.bars import Frequency, Panel
from services.domain.events import Event
from services.domain.instruments import Facts, Symbol
from services.domain.own_clock import ClockReading
from services.domain.quotes import Comparison, SourceAnswer, VendorSnapshot
from services.market.bars_and_facts import BarsAndFacts
from services.market.known_closes import KnownCloses
from services.market.known_facts import KnownFacts, day_of
from services.market.own_clock import timed_by
from services.market.quote_gate import judge
from services.market.quote_terms import Compared, CrossCheck, GateTerms, Judged, Sighting
from services.market.raw_quotes import NothingStated, QuoteFeed, RawQuotes
from services.ports import Clock, PriceFault

DEADLINE_S = 10.0
HEDGE_S = 2.0
"""How long the sources asked are waited for before the next one is asked beside them."""


class VendorSource:
    """Asks the first of its feeds and an independent second at once, and further ones for what they lack.

    `rest` tells bars and facts. All feeds together get `deadline_s`. `own_clock` tells how this machine's
    clock stands: while it is off, no order may go by any quote.
    """

    def __init__(
        self,
        feeds: Sequence[QuoteFeed],
        rest: BarsAndFacts,
        clock: Clock,
        terms: GateTerms,
        *,
        name: str = "vendors",
        deadline_s: float = DEADLINE_S,
        hedge_s: float = HEDGE_S,
        own_clock: Callable[[], ClockReading | None] = lambda: None,
    ) -> None:
        self._feeds, self._rest, self._clock, self._terms = _independent_next(feeds), rest, clock, terms
        self._name = name
        self._deadline_s, self._hedge_s, self._own_clock = deadline_s, hedge_s, own_clock
        self._order = {feed.name: place for place, feed in enumerate(feeds)}
        self._facts, self._closes = KnownFacts(), KnownCloses()

    @property
    def name(self) -> str:
        """What the configuration calls it; each quote names the feed it came from."""
        return self._name

    @property
    def panel(self) -> Panel | None:
        """None: a vendor has no bars in hand."""
        return None

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        """Return the judged quotes; a symbol for which no feed states a price is in `faults` with the reason.

        Raises:
            PriceFault: No feed stated the price of any symbol.
        """
        inquiry = _Inquiry(self, symbols)
        await inquiry.run()
        return inquiry.snapshot(symbols)

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return recent ended bars; previous closes are held against them from then on.

        Raises:
            PriceFault: There are none.
        """
        panel = await self._rest.get_history(symbols, frequency)
        self._closes.take_bars(panel, self._clock.now())
        return panel

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return the facts known today; the quotes of today are judged by them from then on.

        Raises:
            PriceFault: Nothing at all could be told.
        """
        facts = await self._rest.get_instruments(symbols)
        self._facts.take(facts, self._clock.now())
        return facts

    def listen(self, event: Event, value: object, _account: object) -> None:
        """Learn facts and closes that are on record: a process started anew knows what the last one did."""
        if isinstance(value, Facts):
            self._facts.take(value, datetime.fromisoformat(event.at))
        elif isinstance(value, VendorSnapshot):
            self._closes.take_quotes(value)


class _Inquiry:
    """One question to the feeds: who was asked, what they said, and what is made of it."""

    def __init__(self, source: VendorSource, symbols: Sequence[Symbol]) -> None:
        self._source = source
        self._waiting = list(source._feeds)
        self._asked: dict[asyncio.Task[RawQuotes], tuple[QuoteFeed, int, float]] = {}
        self._seen: dict[Symbol, dict[str, Sighting]] = {symbol: {} for symbol in symbols}
        self._faults: dict[Symbol, dict[str, str]] = {symbol: {} for symbol in symbols}
        self._answers: list[SourceAnswer] = []
        self._open = tuple(self._seen)

    async def run(self) -> None:
        """Ask until every symbol is settled, all feeds have answered or time is up."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + self._source._deadline_s
        pair = 1 if self._source._terms.cross_check is CrossCheck.OFF else 2
        try:
            self._ask_next(pair)
            while self._asked and self._open and (left_s := ends_s - loop.time()) > 0:
                patience_s = min(left_s, self._source._hedge_s) if self._waiting else left_s
                done, _ = await asyncio.wait(
                    self._asked, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
                )
                failed = sum(not self._take(task) for task in tuple(self._asked) if task in done)
                self._close_settled()
                if self._open:
                    self._ask_next(failed or int(not done or not self._asked))
        finally:
            for task in self._asked:
                task.cancel()
            await asyncio.gather(*self._asked, return_exceptions=True)

    def snapshot(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        """Return what is to be made of it now.

        Raises:
            PriceFault: No feed stated the price of any symbol.
        """
        now = self._source._clock.now()
        for feed, asked, since_s in self._asked.values():
            self._note_late(feed.name, asked, since_s)
        clock = self._source._own_clock()
        judged = {symbol: timed_by(self._judged(symbol, now), clock) for symbol in self._seen}
        quotes = tuple(one.quote for one in judged.values() if one.quote is not None)
        faults = {str(symbol): self._why(symbol, one) for symbol, one in judged.items() if one.quote is None}
        if not quotes:
            why = next((f"{symbol}: {fault}" for symbol, fault in faults.items()), "no symbol was asked for")
            raise PriceFault(f"{self._source.name}, {len(judged)} symbols", f"no quote at all; {why}")
        return VendorSnapshot(
            moment=now,
            source=self._source.name,
            symbols=tuple(symbols),
            quotes=quotes,
            faults=faults,
            comparisons=_counted(one for verdict in judged.values() for one in verdict.compared),
            answers=tuple(self._answers),
            own_clock=clock,
        )

    def _note_late(self, feed: str, asked: int, since_s: float) -> None:
        """Note a feed that has not answered, unless the others were quicker than it is to be waited for."""
        source, late = self._source, ""
        if self._open:
            late = f"no answer within {source._deadline_s:g} s"
        elif asyncio.get_running_loop().time() - since_s >= source._hedge_s:
            late = f"no answer within {source._hedge_s:g} s, and not waited for longer"
        self._note(feed, dict.fromkeys(self._open, late))
        if late:
            self._answers.append(_answer_of(feed, asked, 0, late, answered=False))

    def _ask_next(self, feeds: int) -> None:
        now_s = asyncio.get_running_loop().time()
        for feed in self._waiting[:feeds]:
            self._asked[asyncio.ensure_future(feed.quotes(self._open))] = (feed, len(self._open), now_s)
        self._waiting = self._waiting[feeds:]

    def _take(self, task: asyncio.Task[RawQuotes]) -> bool:
        """Take a feed's answer and return whether there is one; what is no fault of the outside is raised."""
        feed, asked, _ = self._asked.pop(task)
        try:
            answer = task.result()
        except PriceFault as fault:
            why = f"{fault.asked}: {fault.why}"
            self._note(feed.name, dict.fromkeys(self._open, why))
            answered = isinstance(fault, NothingStated)
            self._answers.append(_answer_of(feed.name, asked, 0, why, answered=answered))
            return False
        for symbol, raw in answer.quotes.items():
            if symbol not in self._seen:
                continue
            if (raw.symbol, raw.source) == (symbol, feed.name):
                self._seen[symbol][feed.name] = Sighting(family=feed.family, raw=raw)
            else:
                self._note(feed.name, {symbol: "its quote names another symbol or source"})
        self._note(feed.name, answer.faults)
        priced = sum(raw.last_cny is not None for raw in answer.quotes.values())
        why = next(iter(answer.faults.values()), "" if priced else "no price in any quote")
        self._answers.append(_answer_of(feed.name, asked, priced, why, answered=True))
        return True

    def _note(self, feed: str, faults: Mapping[Symbol, str]) -> None:
        for symbol, why in faults.items():
            if symbol in self._faults:
                self._faults[symbol][feed] = why

    def _close_settled(self) -> None:
        now = self._source._clock.now()
        self._open = tuple(one for one in self._open if not self._judged(one, now).settled)

    def _judged(self, symbol: Symbol, now: datetime) -> Judged:
        seen, place = self._seen[symbol], self._source._order
        sightings = [seen[name] for name in sorted(seen, key=place.__getitem__)]
        known, today = self._source._facts.of(symbol, now), day_of(symbol, now)
        closes: tuple[Decimal, ...] = ()
        if not known.disputed:
            closes = self._source._closes.previous(symbol, today, known.distributions)
        return judge(symbol, sightings, known.instrument, known.unknown, self._source._terms, now, closes)

    def _why(self, symbol: Symbol, judged: Judged) -> str:
        """Return why there is no price: what the gate found, else what each feed said."""
        said = "; ".join(f"{feed}: {why}" for feed, why in self._faults[symbol].items())
        return judged.why if self._seen[symbol] or not said else said


def _answer_of(source: str, asked: int, gave: int, why: str, *, answered: bool) -> SourceAnswer:
    return SourceAnswer(source=source, asked=asked, gave=gave, answered=answered, why=why)


def _independent_next(feeds: Sequence[QuoteFeed]) -> tuple[QuoteFeed, ...]:
    """Return the feeds in the order in which they are asked: after the first the next of another family."""
    if not feeds:
        raise ValueError("a source of live prices needs at least one feed")
    first, *others = feeds
    second = next((feed for feed in others if feed.family != first.family), None)
    if second is None:
        return tuple(feeds)
    return (first, second, *(feed for feed in others if feed is not second))


def _counted(compared: Iterable[Compared]) -> tuple[Comparison, ...]:
    """Return how often each pair was compared, and in how many symbols which field differed."""
    looked: Counter[tuple[str, str]] = Counter()
    differed: dict[tuple[str, str], Counter[str]] = {}
    for one in compared:
        pair = (one.source, one.other)
        looked[pair] += 1
        differed.setdefault(pair, Counter()).update(one.differed)
    return tuple(
        Comparison(source=source, other=other, compared=count, differed=dict(differed[source, other]))
        for (source, other), count in sorted(looked.items())
    )
