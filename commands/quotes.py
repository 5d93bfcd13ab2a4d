"""`quotes`: what the vendors say of some symbols now, and whether orders may go by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, get_args

from commands.failures import CommandFailed, Exit
from commands.live_prices import bars_and_facts, feeds_for, gate_terms, why_no_source
from commands.network_advice import advice_environment, network_advice
from commands.quotes_wording import words
from commands.screen import Screen
from services.domain.instruments import Facts, NotASymbol, Symbol, parse_symbol
from services.domain.own_clock import ClockReading
from services.market.bars_and_facts import BarsAndFacts
from services.market.feeds.breaker import HostState, Standing
from services.market.feeds.host_registry import HostRegistry
from services.market.own_clock import timed_by
from services.market.quote_gate import judge
from services.market.quote_terms import CrossCheck, GateTerms, Judged, Sighting
from services.market.raw_quotes import QuoteFeed, RawQuote, RawQuotes
from services.ports import Clock, PriceFault
from services.settings import Settings
from services.settings_environment import process_environment
from services.settings_sections import QuoteSource

if TYPE_CHECKING:
    from services.market.feeds.choice import VendorFeed

EVERY = "all"


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What was found of one symbol: each source's words with a verdict, and the verdict on all."""

    symbol: Symbol
    sightings: tuple[tuple[RawQuote, Judged], ...]
    judged: Judged


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at the vendors.

    `faults` tell by source why it gave nothing, `states` which hosts are left alone, `own_clock` how this
    machine's clock stands to theirs, None where none of them told the time. `no_facts` tells why the facts
    of the symbols are not known, empty where they are.
    """

    at: datetime
    sources: tuple[str, ...]
    symbols: tuple[Looked, ...]
    faults: Mapping[str, str]
    states: tuple[HostState, ...]
    own_clock: ClockReading | None = None
    no_facts: str = ""


def quotes(
    settings: Settings, asked: Sequence[str], source: str | None, clock: Clock, screen: Screen
) -> Exit:
    """Show the quotes of the symbols by the configured sources, each of them (`all`) or the one named.

    Raises:
        CommandFailed: No such source, or a word that is no symbol.
    """
    symbols = _symbols(asked)
    hosts = HostRegistry(clock)
    feeds = _feeds(settings, source, clock, screen.lang, hosts)
    facts = bars_and_facts(settings, clock, hosts)
    names = ", ".join(feed.name for feed in feeds)
    with screen.waiting("quotes.asking", sources=names):
        look = asyncio.run(
            look_at(symbols, feeds, facts, gate_terms(settings), clock, hosts.own_clock.reading)
        )
    advice = () if len(look.faults) < len(feeds) else _advice(settings, feeds, look, screen.lang)
    if screen.as_json:
        from commands.quotes_view import as_json

        screen.result(as_json(look, advice))
    elif advice:
        for line in advice:
            screen.console.print(line, markup=False)
    else:
        from commands.quotes_view import show

        show(look, screen, each=source == EVERY)
    return Exit.UNAVAILABLE if advice else Exit.DONE


async def look_at(
    symbols: Sequence[Symbol],
    feeds: Sequence[VendorFeed],
    teller: BarsAndFacts,
    terms: GateTerms,
    clock: Clock,
    own_clock: Callable[[], ClockReading | None] = lambda: None,
) -> Look:
    """Return what the feeds, all asked at once, say of the symbols, and what `own_clock` tells then.

    They are judged by the facts of the symbols, unless no feed answers: then nobody waits for those.
    """
    asking = asyncio.ensure_future(_facts(teller, symbols))
    answers = await asyncio.gather(*(_answer(feed, symbols) for feed in feeds))
    now, reading = clock.now(), own_clock()
    if all(isinstance(one, PriceFault) for one in answers):
        asking.cancel()
    await asyncio.wait([asking])
    facts, no_facts = (Facts(), "") if asking.cancelled() else asking.result()
    told = [(feed, one) for feed, one in zip(feeds, answers, strict=True) if isinstance(one, RawQuotes)]
    return Look(
        at=now,
        sources=tuple(feed.name for feed in feeds),
        symbols=tuple(_looked(symbol, told, facts, terms, now, reading) for symbol in symbols),
        faults={
            feed.name: f"{one.asked}: {one.why}"
            for feed, one in zip(feeds, answers, strict=True)
            if isinstance(one, PriceFault)
        },
        states=tuple(
            state for feed in feeds for state in feed.host_states() if state.standing is not Standing.SERVING
        ),
        own_clock=reading,
        no_facts=no_facts,
    )


async def _facts(teller: BarsAndFacts, symbols: Sequence[Symbol]) -> tuple[Facts, str]:
    """Return the facts of the symbols, or none and why."""
    try:
        return await teller.get_instruments(symbols), ""
    except PriceFault as fault:
        return Facts(), f"{fault.asked}: {fault.why}"


async def _answer(feed: QuoteFeed, symbols: Sequence[Symbol]) -> RawQuotes | PriceFault:
    try:
        return await feed.quotes(symbols)
    except PriceFault as fault:
        return fault


def _looked(
    symbol: Symbol,
    told: Sequence[tuple[QuoteFeed, RawQuotes]],
    facts: Facts,
    terms: GateTerms,
    now: datetime,
    own_clock: ClockReading | None,
) -> Looked:
    sightings = tuple(
        Sighting(family=feed.family, raw=one.quotes[symbol]) for feed, one in told if symbol in one.quotes
    )
    known = next((one for one in facts.instruments if one.symbol == symbol), None)
    verdict = partial(judge, symbol, instrument=known, unknown=facts.unknown.get(symbol, {}), now=now)
    alone = replace(terms, cross_check=CrossCheck.OFF)
    judged = timed_by(verdict(sightings=sightings, terms=terms), own_clock)
    if not sightings:
        why = "; ".join(f"{one.source}: {one.faults[symbol]}" for _, one in told if symbol in one.faults)
        judged = replace(judged, why=why or judged.why)
    return Looked(
        symbol=symbol,
        sightings=tuple((one.raw, verdict(sightings=(one,), terms=alone)) for one in sightings),
        judged=judged,
    )


def _symbols(asked: Sequence[str]) -> tuple[Symbol, ...]:
    try:
        return tuple(dict.fromkeys(parse_symbol(one.upper()) for one in asked))
    except NotASymbol as problem:
        raise CommandFailed(Exit.USAGE, str(problem)) from problem


def _feeds(
    settings: Settings, source: str | None, clock: Clock, lang: str, hosts: HostRegistry
) -> tuple[VendorFeed, ...]:
    """Return the feeds that are asked.

    Raises:
        CommandFailed: There is none of that name, or the settings name none.
    """
    known: tuple[QuoteSource, ...] = get_args(QuoteSource)
    chosen = next((one for one in known if one == source), None)
    if source not in (None, EVERY, chosen):
        why = words("no_source", lang, source=source, known=", ".join(known))
        raise CommandFailed(Exit.USAGE, why)
    if chosen is not None:
        named = replace(settings.data_source, sources=(chosen,))
        return feeds_for(replace(settings, data_source=named), clock, hosts)
    wrong = why_no_source(settings)
    if wrong is not None:
        raise wrong
    return feeds_for(settings, clock, hosts)


def _advice(settings: Settings, feeds: Sequence[QuoteFeed], look: Look, lang: str) -> tuple[str, ...]:
    problems = {host: look.faults[feed.name] for feed in feeds for host in feed.hosts}
    return network_advice(lang, problems, advice_environment(settings, process_environment()))
