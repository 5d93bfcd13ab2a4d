"""Which vendors the news of a configuration come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from services.clock import SystemClock
from services.domain.news import NewsKind
from services.market.feeds.choice import Surroundings, tushare_calls, wire_of
from services.news.cninfo import CninfoNews
from services.news.eastmoney import EastMoneyNews
from services.news.several import NotAsked, SeveralNews
from services.news.tushare import TushareNews
from services.news.vendors import NEWS_VENDORS
from services.ports import Clock, NewsSource
from services.settings import Settings
from services.settings_environment import process_environment
from services.settings_tools import NewsVendor


class _Vendor(NewsSource, Protocol):
    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts it asks."""


def news_of(settings: Settings, file: NewsSource | None, *, live: bool) -> NewsSource:
    """Return the file, if there is one, and the vendors that the settings name, as one source.

    Where prices are recorded the vendors are not asked: the file alone answers, or nobody.
    """
    if not live:
        return file or NotAsked(settings.agent_config.news_sources)
    clock = SystemClock()
    vendors = vendors_of(settings, clock)
    by_kind: dict[NewsKind, tuple[NewsSource, ...]] = {}
    for kind, names in NEWS_VENDORS.items():
        asked = tuple(vendor for name, vendor in vendors.items() if name in names)
        by_kind[kind] = asked if file is None else (file, *asked)
    return SeveralNews(by_kind, settings.watchlist, clock)


def news_hosts(settings: Settings) -> tuple[str, ...]:
    """Return the hosts that news come from."""
    vendors = vendors_of(settings, SystemClock())
    return tuple(dict.fromkeys(host for vendor in vendors.values() for host in vendor.hosts))


def vendors_of(settings: Settings, clock: Clock) -> Mapping[NewsVendor, _Vendor]:
    """Return the vendors by name, in order of preference."""
    around = Surroundings(clock=clock, environment=process_environment())
    source = settings.data_source
    made: dict[NewsVendor, _Vendor] = {}
    for name in settings.agent_config.news_sources:
        match name:
            case "eastmoney":
                made[name] = EastMoneyNews(wire_of(source, around))
            case "cninfo":
                made[name] = CninfoNews(wire_of(source, around))
            case "tushare":
                made[name] = TushareNews(tushare_calls(source, around))
    return made
