"""How the web is reached from here: by the proxy and the certificates that the environment names."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from os import pathsep
from pathlib import Path
from urllib.parse import urlsplit

from services.market.reachability import proxy_in_use

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Name a file or folders of certificates to trust instead of the library's own; the first set counts."""

_SOCKS = ("socks5", "socks5h")
_SCHEMES = ("http", "https", *_SOCKS)


class NoWay(OSError):
    """What the environment names cannot be used: `named` tells by which variable, `why` the mend.

    Nothing of a proxy's address is quoted, for it may hold a password.
    """

    def __init__(self, named: str, why: str) -> None:
        super().__init__(f"{named}: {why}")
        self.named, self.why = named, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The proxy's address, None for the direct way, and whom to trust, True for the library's own."""

    proxy: str | None
    verify: ssl.SSLContext | bool


def way_to(url: str, environment: Mapping[str, str]) -> Way:
    """Return how an address is asked; `environment` holds the process's variables.

    A client that is made so must not read them again: it would need every proxy named there.

    Raises:
        NoWay: It is no address, or the proxy for it or the certificates cannot be used.
    """
    try:
        parts = urlsplit(url)
        variable = proxy_in_use(environment, parts.hostname or "", parts.scheme, parts.port)
    except ValueError:
        # Not quoted: a piece of it may be a secret.
        raise NoWay("the address", "it is none") from None
    proxy = proxy_address(environment[variable], variable) if variable else None
    return Way(proxy=proxy, verify=trusted_by(environment) or True)


def proxy_address(stated: str, variable: str) -> str:
    """Return the address of a proxy that a variable names, with its scheme.

    Raises:
        NoWay: It is none, or of a kind that lacks its package.
    """
    # Imported here: it takes a tenth of a second to load.
    import httpx2

    address = stated if "://" in stated else f"http://{stated}"
    try:
        parts = urlsplit(address)
        httpx2.Proxy(address)
        sound = bool(parts.hostname) and parts.scheme in _SCHEMES and parts.port != 0
    except (ValueError, httpx2.InvalidURL):
        sound = False
    # A password with one of these in it ends the address too early.
    if not sound or parts.path not in ("", "/") or parts.query or parts.fragment or "#" in address:
        why = (
            "it is no address of a proxy; write http://HOST:PORT, with /, #, ?, @ and : in a name or "
            "password as %2F, %23, %3F, %40 and %3A"
        )
        raise NoWay(f"proxy named by {variable}", why)
    if parts.scheme in _SOCKS and find_spec("socksio") is None:
        why = (
            "it is a SOCKS proxy, which needs the package socksio; name the proxy's HTTP port in "
            "HTTPS_PROXY, or install socksio"
        )
        raise NoWay(f"proxy named by {variable}", why)
    return address


def trusted_by(environment: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return what the environment trusts, None where it names no certificates.

    Raises:
        NoWay: What it names cannot be read.
    """
    variable = next((name for name in CA_VARIABLES if environment.get(name)), "")
    if not variable:
        return None
    path = environment[variable]
    try:
        if any(Path(folder).is_dir() for folder in path.split(pathsep)):
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        why = f"{path!r} cannot be used: {error.strerror or error}"
        raise NoWay(f"certificates named by {variable}", why) from error
