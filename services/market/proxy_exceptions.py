"""The hosts that NO_PROXY lets be asked directly. Pure."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def excepted(stated: str, scheme: str, host: str, port: int | None = None) -> bool:
    """Answer whether NO_PROXY, as it is `stated`, names a host; without a port the scheme's own is meant.

    The host is written in small letters, an IPv6 address without brackets. The entries are parted by
    commas: a name with all that ends in it, an address, a network (`10.0.0.0/8`), each with a port or a
    scheme if these alone are meant, or `*` for every host. One that is none of these names nobody.
    """
    meant = port or _PORTS.get(scheme)
    entries = (entry.strip().lower() for entry in stated.split(","))
    return any(_names(entry, scheme, host, meant) for entry in entries if entry)


def _names(entry: str, scheme: str, host: str, port: int | None) -> bool:
    of_scheme, _, rest = entry.rpartition("://")
    if of_scheme not in ("", "all", scheme):
        return False
    if rest == "*":
        return True
    network = _network(rest)
    if network is not None:
        return _lies_in(host, network)
    try:
        parts = urlsplit(f"//{rest}")
        name, of_port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if of_port not in (None, port):
        return False
    network = _network(name + parts.path.rstrip("/"))
    if network is not None:
        return _lies_in(host, network)
    name = name.lstrip("*").lstrip(".")
    return bool(name) and f".{host}".endswith(f".{name}")


def _network(stated: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(stated, strict=False)
    except ValueError:
        return None


def _lies_in(host: str, network: IPv4Network | IPv6Network) -> bool:
    try:
        return ip_address(host) in network
    except ValueError:
        return False
