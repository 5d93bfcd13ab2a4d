"""Which vendors the live prices of a configuration come from, and how far they are believed."""

from __future__ import annotations

from collections.abc import Callable

from commands.failures import CommandFailed, Exit
from services.clock import SystemClock
from services.domain.instruments import Market
from services.market.akshare_source import AkshareSource
from services.market.bars_and_facts import BarsAndFacts
from services.market.feeds.choice import NoBrokerQuotes, Surroundings, VendorFeed, feeds_of, sources_of
from services.market.feeds.host_registry import HostRegistry
from services.market.quote_cache import QuoteCache
from services.market.quote_terms import CrossCheck, GateTerms
from services.market.raw_quotes import QuoteFeed
from services.market.redis_quotes import RedisAddressWrong, RedisMissing, RedisQuotes
from services.market.vendor_choice import bars_and_facts_of
from services.market.vendor_source import VendorSource
from services.ports import Clock, PriceSource
from services.settings import Settings
from services.settings_environment import process_environment

TYPES = ("akshare", "tushare")
"""What `data_source.type` may be on the mainland market."""

Tell = Callable[[str], None]


def require_source(settings: Settings, broker: VendorFeed | None = None) -> None:
    """Do nothing where there is a source of live prices for the settings, `broker` what the broker offers.

    Raises:
        CommandFailed: There is none, or none that could ever be believed.
    """
    wrong = why_no_source(settings, broker)
    if wrong is not None:
        raise wrong


def why_no_source(settings: Settings, broker: VendorFeed | None = None) -> CommandFailed | None:
    """Return why the settings name no source of live prices that could be believed, None where they do."""
    named = settings.data_source.type
    if settings.market is Market.CN and named not in TYPES:
        return CommandFailed(
            Exit.UNAVAILABLE,
            f"config: data_source.type: no source of live prices is called {named!r}; there is "
            f"{' and '.join(TYPES)}; give --prices FILE to run on a file",
        )
    names = sources_of(settings.data_source, settings.market)
    if "tushare" in names and settings.data_source.api_key is None:
        return CommandFailed(
            Exit.USAGE,
            "config: data_source: tushare needs its token in KAIPAN_DATA_API_KEY, in the environment or "
            ".env; or leave tushare out of data_source.sources",
        )
    try:
        families = {feed.family for feed in feeds_for(settings, SystemClock(), broker=broker)}
    except CommandFailed as wrong:
        return wrong
    if gate_terms(settings).cross_check is CrossCheck.REQUIRE and len(families) < 2:
        return CommandFailed(
            Exit.USAGE,
            f"config: data_source.sources: {', '.join(names)} cannot confirm each other's prices; add an "
            "independent source, or set quote_gate.cross_check: when_available",
        )
    return None


def live_source(
    settings: Settings,
    clock: Clock,
    tell: Tell,
    hosts: HostRegistry | None = None,
    broker: VendorFeed | None = None,
) -> PriceSource:
    """Return the judged prices of the vendors that the settings name.

    `tell` gets the sentence on a Redis that failed. `hosts` counts what is asked of each host: one a
    process, for all of its sources; None: a new one. `broker` are the quotes the broker in use offers.

    Raises:
        CommandFailed: The settings name a Redis, and its package is not installed or its address is none;
            or the broker's quotes, and it offers none.
    """
    terms, named = gate_terms(settings), settings.data_source
    hosts = hosts or HostRegistry(clock)
    feeds: tuple[QuoteFeed, ...] = feeds_for(settings, clock, hosts, broker)
    if named.use_cache:
        cache = QuoteCache(clock, terms, named.cache_ttl_seconds, _store(settings, clock, tell))
        feeds = tuple(cache.of(feed) for feed in feeds)
    return VendorSource(
        feeds,
        bars_and_facts(settings, clock, hosts),
        clock,
        terms,
        name=named.type,
        deadline_s=named.deadline_s,
        own_clock=hosts.own_clock.reading,
    )


def feeds_for(
    settings: Settings, clock: Clock, hosts: HostRegistry | None = None, broker: VendorFeed | None = None
) -> tuple[VendorFeed, ...]:
    """Return the feeds that the settings name, in order of preference.

    Raises:
        CommandFailed: They name the broker's quotes, and it offers none.
    """
    try:
        return feeds_of(settings.data_source, _surroundings(clock, hosts, broker), settings.market)
    except NoBrokerQuotes:
        raise CommandFailed(
            Exit.USAGE,
            f"config: data_source.sources: broker.type {settings.broker.type} offers no quotes; leave "
            "`broker` out and name vendors",
        ) from None


def bars_and_facts(settings: Settings, clock: Clock, hosts: HostRegistry | None = None) -> BarsAndFacts:
    """Return what tells bars and facts beside the quotes; of US shares nobody here does."""
    if settings.market is not Market.CN:
        return AkshareSource(clock)
    return bars_and_facts_of(settings.data_source, _surroundings(clock, hosts))


def hosts_beside_quotes(settings: Settings) -> tuple[str, ...]:
    """Return the hosts that bars and instrument facts come from."""
    if settings.market is not Market.CN:
        return ()
    return bars_and_facts_of(settings.data_source, _surroundings(SystemClock())).hosts


def gate_terms(settings: Settings) -> GateTerms:
    """Return the terms of the quote gate."""
    gate = settings.quote_gate
    return GateTerms(
        cross_check=CrossCheck(gate.cross_check),
        age_s_max=gate.age_s_max,
        auction_age_s_max=gate.auction_age_s_max,
        break_age_s_max=gate.break_age_s_max,
        ahead_s_max=gate.ahead_s_max,
        apart_s_max=gate.apart_s_max,
        last_ticks_max=gate.last_ticks_max,
        last_ratio_max=gate.last_ratio_max,
    )


def _surroundings(
    clock: Clock, hosts: HostRegistry | None = None, broker: VendorFeed | None = None
) -> Surroundings:
    hosts = hosts or HostRegistry(clock)
    return Surroundings(clock=clock, environment=process_environment(), hosts=hosts, broker=broker)


def _store(settings: Settings, clock: Clock, tell: Tell) -> RedisQuotes | None:
    url = settings.data_source.redis_url
    if url is None:
        return None
    try:
        return RedisQuotes(url.reveal(), clock, tell)
    except (RedisMissing, RedisAddressWrong) as wrong:
        raise CommandFailed(Exit.USAGE, f"config: {wrong}") from wrong
