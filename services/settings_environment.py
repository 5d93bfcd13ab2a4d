"""The environment of the process, for what is no setting: proxies, and who supervises it."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Mapping

_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def process_environment() -> Mapping[str, str]:
    """Return the variables of this process.

    Where none of them says anything of proxies, those of the system's settings (of Windows and macOS) are
    among them, as `system_variable` names them.
    """
    if any(os.environ.get(spelling) for name in _PROXY_VARIABLES for spelling in (name, name.upper())):
        return os.environ
    # Imported here: it takes a fortieth of a second to load.
    from urllib.request import getproxies

    stated = getproxies()
    found = {system_variable(scheme): stated.get(scheme, "") for scheme in ("http", "https")}
    return ChainMap(os.environ, {name: proxy for name, proxy in found.items() if proxy})


def system_variable(scheme: str) -> str:
    """Return by which name the proxy of the system's settings stands among the variables."""
    return f"system {scheme}_proxy"


def notify_socket() -> str | None:
    """Return the address at which systemd listens to the process, None where nobody does."""
    return os.environ.get("NOTIFY_SOCKET") or None
