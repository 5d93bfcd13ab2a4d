"""The clients that hosts are asked by: through the proxy and by the certificates the environment names."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from services.market.reachability import proxy_in_use
from services.ports import PriceFault

if TYPE_CHECKING:
    import httpx2

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Name a file or a folder of certificates to trust instead of the library's own; the first set counts."""

_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36"
_HEADERS = {"user-agent": _BROWSER, "accept": "*/*", "accept-encoding": "identity"}
_SOCKS = ("socks5", "socks5h")
_SCHEMES = ("http", "https", *_SOCKS)


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
        variable = proxy_in_use(self._environment, parts.hostname or "", parts.scheme)
        if variable not in self._clients:
            proxy = proxy_address(self._environment[variable], variable) if variable else None
            made = _client(proxy, variable, self._trusted, self._transport)
            self._clients[variable] = await self._opened.enter_async_context(made)
        return self._clients[variable]


def proxy_address(stated: str, variable: str) -> str:
    """Return the address of a proxy that a variable names, with its scheme.

    Raises:
        PriceFault: It is none; nothing of it is quoted, for it may hold a password.
    """
    address = stated if "://" in stated else f"http://{stated}"
    try:
        parts = urlsplit(address)
        sound = bool(parts.hostname) and parts.scheme in _SCHEMES and parts.port != 0
    except ValueError:
        sound = False
    # A password with one of these in it ends the address too early.
    if not sound or parts.path not in ("", "/") or parts.query or parts.fragment or "#" in address:
        raise _no_proxy(variable)
    return address


def client_problem(environment: Mapping[str, str], url: str) -> str:
    """Return why the environment lets no client be made that asks an address, empty if it does."""
    variable = proxy_in_use(environment, urlsplit(url).hostname or "", urlsplit(url).scheme)
    try:
        proxy = proxy_address(environment[variable], variable) if variable else None
        _client(proxy, variable, trusted_by(environment), None)
    except PriceFault as fault:
        return f"{fault.asked}: {fault.why}"
    return ""


def trusted_by(environment: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return what the environment trusts, None where it names no certificates.

    Raises:
        PriceFault: What it names cannot be read.
    """
    variable = next((name for name in CA_VARIABLES if environment.get(name)), "")
    if not variable:
        return None
    path = environment[variable]
    try:
        if Path(path).is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        why = f"{path!r} cannot be used: {error.strerror or error}"
        raise PriceFault(f"certificates named by {variable}", why) from error


def _client(
    proxy: str | None,
    variable: str,
    trusted: ssl.SSLContext | None,
    transport: httpx2.AsyncBaseTransport | None,
) -> httpx2.AsyncClient:
    """Return a client by way of the proxy that a variable names, None for the direct way.

    Raises:
        PriceFault: That proxy cannot be used.
    """
    # Imported here: the client takes a tenth of a second to load.
    import httpx2

    try:
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
    except ImportError:
        why = (
            "it is a SOCKS proxy, which needs the package socksio; name the proxy's HTTP port in "
            "HTTPS_PROXY, or install socksio"
        )
        raise PriceFault(f"proxy named by {variable}", why) from None
    except (ValueError, httpx2.InvalidURL):
        raise _no_proxy(variable) from None


def _no_proxy(variable: str) -> PriceFault:
    why = (
        "it is no address of a proxy; write http://HOST:PORT, with /, #, ?, @ and : in a name or password "
        "as %2F, %23, %3F, %40 and %3A"
    )
    return PriceFault(f"proxy named by {variable}", why)
