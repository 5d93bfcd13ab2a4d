"""The clients that hosts are asked by: through the proxy and by the certificates the environment names."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from services import web_way
from services.market.reachability import proxy_in_use
from services.ports import PriceFault
from services.web_way import NoWay

if TYPE_CHECKING:
    import httpx2

_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36"
_HEADERS = {"user-agent": _BROWSER, "accept": "*/*", "accept-encoding": "identity"}


class WebClients:
    """Clients of one call, one for each way to go; `environment` holds the process's variables."""

    def __init__(
        self,
        environment: Mapping[str, str],
        trusted: ssl.SSLContext | None,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        self._environment, self._trusted, self._transport = environment, trusted, transport
        self._opened = AsyncExitStack()
        self._clients: dict[str, httpx2.AsyncClient] = {}

    async def __aenter__(self) -> WebClients:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._opened.aclose()

    async def client(self, url: str) -> httpx2.AsyncClient:
        """Return the client by which an address is asked.

        Raises:
            PriceFault: The proxy that the environment names for it cannot be used.
        """
        parts = urlsplit(url)
        variable = proxy_in_use(self._environment, parts.hostname or "", parts.scheme, parts.port)
        if variable not in self._clients:
            try:
                proxy = web_way.proxy_address(self._environment[variable], variable) if variable else None
            except NoWay as none:
                raise PriceFault(none.named, none.why) from none
            made = _client(proxy, self._trusted, self._transport)
            self._clients[variable] = await self._opened.enter_async_context(made)
        return self._clients[variable]


def client_problem(environment: Mapping[str, str], url: str) -> str:
    """Return why the environment lets no client be made that asks an address, empty if it does."""
    try:
        web_way.way_to(url, environment)
    except NoWay as none:
        return str(none)
    return ""


def trusted_by(environment: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return what the environment trusts, None where it names no certificates.

    Raises:
        PriceFault: What it names cannot be read.
    """
    try:
        return web_way.trusted_by(environment)
    except NoWay as none:
        raise PriceFault(none.named, none.why) from none


def _client(
    proxy: str | None, trusted: ssl.SSLContext | None, transport: httpx2.AsyncBaseTransport | None
) -> httpx2.AsyncClient:
    """Return a client by way of a proxy, None for the direct way."""
    # Imported here: the client takes a tenth of a second to load.
    import httpx2

    return httpx2.AsyncClient(
        verify=True if trusted is None else trusted,
        transport=transport,
        proxy=proxy,
        # What the environment says has been read already, for the very host that is asked.
        trust_env=False,
        timeout=None,
        follow_redirects=False,
        headers=_HEADERS,
    )
