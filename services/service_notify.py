"""What the process tells its supervisor: systemd's notification protocol, a datagram a word."""

from __future__ import annotations

import socket
from contextlib import suppress

from services.settings_environment import notify_socket

READY = "READY=1"
ALIVE = "WATCHDOG=1"
STOPPING = "STOPPING=1"
STARTING = "EXTEND_TIMEOUT_USEC=60000000"
"""The start goes on, and says so again within 60 s: a session that was due may take its time."""


def notify(words: str) -> None:
    """Tell `words`, one assignment a line, to whoever listens at `NOTIFY_SOCKET`; else do nothing.

    A supervisor that cannot be reached changes nothing for the account: it acts by itself where it hears
    nothing in the time it allows.

    Source: the manual page sd_notify(3); an address that begins with `@` is of Linux' abstract names.
    """
    address = notify_socket()
    if address is None or not hasattr(socket, "AF_UNIX"):
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.setblocking(False)
        line.sendto(words.encode(), address)
