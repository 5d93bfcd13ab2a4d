"""The environment of the process, for what is no setting: proxies, and who supervises it."""

from __future__ import annotations

import os
from collections.abc import Mapping


def process_environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ


def notify_socket() -> str | None:
    """Return the address at which systemd listens to the process, None where nobody does."""
    return os.environ.get("NOTIFY_SOCKET") or None
