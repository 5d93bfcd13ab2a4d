"""Makes the feeds that a configuration names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from services.clock import stopwatch_s
from services.domain.instruments import Market
from services.market.call_gate import LibraryGate
from services.market.feeds import tushare_pro
from services.market.feeds.akshare_feed import AkshareFeed
from services.market.feeds.breaker import HostState
from services.market.feeds.eastmoney import EastMoneyFeed
from services.market.feeds.host_registry import HostRegistry
from services.market.feeds.sina import sina_feed
from services.market.feeds.sina_us import sina_us_feed
from services.market.feeds.tencent import tencent_feed
from services.market.feeds.throttle import Pace
from services.market.feeds.tushare_limits import LimitTable
from services.market.feeds.tushare_pro import TushareCalls, TushareFeed
from services.market.feeds.wire import Wire
from services.market.feeds.yahoo import YahooFeed
from services.market.raw_quotes import QuoteFeed
from services.ports import Clock
from services.settings_sections import DataSourceSettings, QuoteSource

if TYPE_CHECKING:
    import httpx2


class VendorFeed(QuoteFeed, Protocol):
    """A feed that also tells how its hosts are treated."""

    def host_states(self) -> tuple[HostState, ...]:
        """Return how each host asked so far is treated now; nothing where a library does the asking."""


class NoBrokerQuotes(LookupError):
    """The broker's quotes are named, and the broker in use offers none."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What feeds work in: the clock, the process's variables, and in tests a network of their own.

    `hosts` counts what is asked of each host, for all who share it; None: each feed counts for itself.
    `broker` are the quotes that the broker in use offers beside its orders, by a name and of a family of its
    own; None where it offers none.
    """

    clock: Clock
    environment: Mapping[str, str]
    hosts: HostRegistry | None = None
    broker: VendorFeed | None = None
    transport: httpx2.AsyncBaseTransport | None = None
    stopwatch: Callable[[], float] = stopwatch_s
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


def feeds_of(
    settings: DataSourceSettings, around: Surroundings, market: Market = Market.CN
) -> tuple[VendorFeed, ...]:
    """Return the feeds that the settings ask for on a market, in order of preference.

    Rates and bans are counted for as long as `around.hosts` lives: make that once a process.

    Raises:
        NoBrokerQuotes: They name the broker's, and it offers none.
    """
    return tuple(feed_of(name, settings, around) for name in sources_of(settings, market))


def feed_of(name: QuoteSource, settings: DataSourceSettings, around: Surroundings) -> VendorFeed:
    """Return the feed of that name.

    Raises:
        NoBrokerQuotes: It is the broker's, and it offers none.
    """
    return _MAKERS[name](settings, around)


def sources_of(settings: DataSourceSettings, market: Market = Market.CN) -> tuple[QuoteSource, ...]:
    """Return the names of the feeds that the settings ask for on a market, in order of preference."""
    if settings.sources:
        return settings.sources
    if market is Market.US:
        return ("yahoo", "sina_us")
    return ("tushare" if settings.type == "tushare" else "eastmoney", "sina", "tencent")


def tushare_calls(
    settings: DataSourceSettings, around: Surroundings, deadline_s: float | None = None
) -> TushareCalls:
    """Return the way to tushare's tables; a call is over within `deadline_s`, else the settings' own."""
    token = settings.api_key.reveal() if settings.api_key is not None else ""
    wire = wire_of(settings, around, deadline_s, rate_max=tushare_pro.REQUESTS_PER_S_MAX)
    return TushareCalls(wire, token)


def wire_of(
    settings: DataSourceSettings,
    around: Surroundings,
    deadline_s: float | None = None,
    rate_max: float | None = None,
) -> Wire:
    """Return a way to hosts with their pace; a call is over within `deadline_s`, else the settings' own."""
    pace = _pace(settings)
    if rate_max is not None:
        pace = replace(pace, requests_per_s_max=min(rate_max, pace.requests_per_s_max))
    return Wire(
        around.clock,
        pace,
        deadline_s=settings.deadline_s if deadline_s is None else deadline_s,
        environment=around.environment,
        hosts=around.hosts,
        transport=around.transport,
        stopwatch=around.stopwatch,
        sleep=around.sleep,
    )


def call_gate(name: str, settings: DataSourceSettings, around: Surroundings) -> LibraryGate:
    """Return what lets the calls of a vendor's library through at the configured pace."""
    hosts = around.hosts or HostRegistry(around.clock, around.stopwatch)
    return hosts.for_library(name, _pace(settings))


def _pace(settings: DataSourceSettings) -> Pace:
    return Pace(
        requests_per_s_max=settings.requests_per_s_max,
        burst_requests_max=settings.burst_requests_max,
        concurrent_requests_max=settings.concurrent_requests_max,
    )


def _eastmoney(settings: DataSourceSettings, around: Surroundings) -> VendorFeed:
    return EastMoneyFeed(wire_of(settings, around), book_symbols_max=settings.book_symbols_max)


def _tushare(settings: DataSourceSettings, around: Surroundings) -> VendorFeed:
    calls = tushare_calls(settings, around)
    return TushareFeed(calls, around.clock, LimitTable(calls, around.clock))


def _broker(_settings: DataSourceSettings, around: Surroundings) -> VendorFeed:
    if around.broker is None:
        raise NoBrokerQuotes("the broker in use offers no quotes")
    return around.broker


_MAKERS: Mapping[QuoteSource, Callable[[DataSourceSettings, Surroundings], VendorFeed]] = {
    "eastmoney": _eastmoney,
    "sina": lambda settings, around: sina_feed(wire_of(settings, around)),
    "tencent": lambda settings, around: tencent_feed(wire_of(settings, around)),
    "tushare": _tushare,
    "akshare": lambda settings, around: AkshareFeed(
        around.clock,
        deadline_s=settings.deadline_s,
        pace=_pace(settings),
        gate=call_gate("akshare", settings, around),
    ),
    "sina_us": lambda settings, around: sina_us_feed(wire_of(settings, around)),
    "yahoo": lambda settings, around: YahooFeed(
        around.clock,
        deadline_s=settings.deadline_s,
        pace=_pace(settings),
        gate=call_gate("yfinance", settings, around),
    ),
    "broker": _broker,
}
