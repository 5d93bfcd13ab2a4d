"""What `doctor` looks at outside this machine: the price source, the hosts, the model, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from commands.doctor_check import Check, Words
from commands.failures import CommandFailed
from commands.live_prices import feeds_for, hosts_beside_quotes, why_no_source
from services.clock import SystemClock, stopwatch_s
from services.clock_offset import clock_offset
from services.market.feeds.web_client import client_problem
from services.market.reachability import host_problem, proxy_in_use
from services.settings import Settings

WAIT_S = 3.0
"""How long a host may take to answer."""

OFFSET_S_MAX = 2.0
"""By how much the machine's clock may differ from a host's."""

_PORTS = {"https": 443, "http": 80}
_PROXY_PORT = 1080


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A web server that is needed; `name` is that of its check."""

    name: str
    address: str

    @property
    def host(self) -> str:
        """The host's name."""
        return urlsplit(self.address).hostname or ""

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return urlsplit(self.address).scheme

    @property
    def port(self) -> int:
        """The port, by default the scheme's.

        Raises:
            ValueError: It is no number.
        """
        return urlsplit(self.address).port or _PORTS[self.scheme]


def price_source(words: Words, settings: Settings, load: Callable[[], object]) -> Check:
    """Return whether there is a source of live prices that can be believed, and `load` can load it."""
    named = settings.data_source.type
    wrong = why_no_source(settings)
    if wrong is not None:
        return words.failed("prices.unknown", why=wrong)
    try:
        load()
    except (ImportError, OSError) as error:
        return words.failed("prices.broken", source=named, why=error)
    return words.passed("prices.ok", source=named)


def vendor_hosts(settings: Settings) -> tuple[Host, ...]:
    """Return the hosts that quotes come from; none where the settings name a source there is not."""
    try:
        hosts = [host for feed in feeds_for(settings, SystemClock()) for host in feed.hosts]
    except CommandFailed:
        return ()
    return tuple(Host(name="host", address=f"https://{host}/") for host in dict.fromkeys(hosts))


def fact_hosts(settings: Settings) -> tuple[Host, ...]:
    """Return the hosts that bars, instrument facts, ex-days and news come from."""
    hosts = dict.fromkeys((*hosts_beside_quotes(settings), *_news_hosts(settings)))
    return tuple(Host(name="facts", address=f"https://{host}/") for host in hosts)


def _news_hosts(settings: Settings) -> tuple[str, ...]:
    if not settings.agent_config.news_sources:
        return ()
    from commands.news_desk import news_hosts

    return news_hosts(settings)


async def facts(words: Words, hosts: Sequence[Host], environment: Mapping[str, str]) -> tuple[Check, ...]:
    """Return in one check whether these hosts can be reached; without them some symbols are refused."""
    found = await asyncio.gather(*(reachable(words, host, environment) for host in hosts))
    down = [host.host for host, check in zip(hosts, found, strict=True) if check.ok is False]
    if not hosts:
        return ()
    if not down:
        return (words.passed("facts.ok", count=len(hosts)),)
    return (words.warned("facts.unreachable", down=len(down), count=len(hosts), hosts=", ".join(down)),)


async def reachable(words: Words, host: Host, environment: Mapping[str, str]) -> Check:
    """Return whether a host can be reached, or the proxy that stands before it."""
    try:
        port = host.port
    except ValueError:
        why = words.tell("not_an_address")
        return _named(host, words.failed("host.unreachable", host=host.host, why=why))
    variable = proxy_in_use(environment, host.host, host.scheme, port)
    told = {"host": host.host, "variable": variable}
    unusable = client_problem(environment, host.address)
    if unusable:
        return _named(host, words.failed("host.unusable", **told, why=unusable))
    where = _proxy(environment[variable]) if variable else (host.host, port)
    why = await host_problem(*where, WAIT_S)
    if not variable:
        check = words.failed("host.unreachable", **told, why=why) if why else words.passed("host.ok", **told)
    elif why:
        check = words.failed("host.proxy_down", **told, why=why)
    else:
        check = words.warned("host.proxied", **told)
    return _named(host, check)


async def clock(
    words: Words,
    hosts: Sequence[Host],
    now: datetime,
    began_s: float,
    stopwatch: Callable[[], float] = stopwatch_s,
) -> Check:
    """Return whether the machine's clock, which stood at `now` at `began_s` of the stopwatch, is right.

    The first host that says what time it is decides.
    """
    found = await clock_offset([host.address for host in hosts], now, began_s, WAIT_S, stopwatch)
    if found is None:
        return words.warned("clock.unknown")
    told = {"offset_s": f"{found.offset_s:+.1f}", "host": found.host, "most_s": f"{OFFSET_S_MAX:g}"}
    wrong = found.at_least_s > OFFSET_S_MAX
    return words.failed("clock.wrong", **told) if wrong else words.passed("clock.ok", **told)


def _proxy(address: str) -> tuple[str, int]:
    """Return where a proxy is, whose address is sound."""
    parts = urlsplit(address if "://" in address else f"http://{address}")
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, _PROXY_PORT)


def _named(host: Host, check: Check) -> Check:
    return Check(name=host.name, ok=check.ok, detail=check.detail, mend=check.mend)
