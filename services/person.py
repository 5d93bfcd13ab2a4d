"""Who asks: the user this process runs as."""

from __future__ import annotations

import getpass


def person() -> str:
    """Return the user's name as the system has it, `unknown` where it has none."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "unknown"
