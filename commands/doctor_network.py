"""What `doctor` looks at outside this machine: the price source, the hosts, the model, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from commands.doctor_check import Check, Words
from services.clock import stopwatch_s
from services.domain.instruments import Market
from services.market.reachability import host_problem, proxy_in_use, time_at
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
    """Return whether there is a source of live prices and `load` can load it."""
    named = settings.data_source.type
    if settings.market is not Market.CN or named != "akshare":
        return words.failed("prices.unknown", market=settings.market, source=named)
    try:
        load()
    except (ImportError, OSError) as error:
        return words.failed("prices.broken", source=named, why=error)
    return words.passed("prices.ok", source=named)


async def reachable(words: Words, host: Host, environment: Mapping[str, str]) -> Check:
    """Return whether a host can be reached, or the proxy that stands before it."""
    variable = proxy_in_use(environment, host.host, host.scheme)
    told = {"host": host.host, "variable": variable}
    try:
        where = _proxy(environment[variable]) if variable else (host.host, host.port)
    except ValueError:
        key = "host.proxy_down" if variable else "host.unreachable"
        return _named(host, words.failed(key, **told, why=words.tell("not_an_address")))
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
    readings = await asyncio.gather(*(time_at(host.address, WAIT_S, stopwatch) for host in hosts))
    for host, reading in zip(hosts, readings, strict=True):
        if reading is None:
            continue
        here = now + timedelta(seconds=reading.at_s - began_s)
        offset_s = (here - reading.stated).total_seconds()
        told = {"offset_s": f"{offset_s:+.1f}", "host": host.host, "most_s": f"{OFFSET_S_MAX:g}"}
        if abs(offset_s) - reading.within_s > OFFSET_S_MAX:
            return words.failed("clock.wrong", **told)
        return words.passed("clock.ok", **told)
    return words.warned("clock.unknown")


def _proxy(address: str) -> tuple[str, int]:
    """Return where a proxy is.

    Raises:
        ValueError: The variable holds no address.
    """
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if not parts.hostname:
        raise ValueError("no host")
    return parts.hostname, parts.port or _PORTS.get(parts.scheme, _PROXY_PORT)


def _named(host: Host, check: Check) -> Check:
    return Check(name=host.name, ok=check.ok, detail=check.detail, mend=check.mend)
