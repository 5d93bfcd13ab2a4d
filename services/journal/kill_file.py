"""A file that stops every send while it is there."""

from __future__ import annotations

from pathlib import Path

KILL_NAME = "KILL"
"""In an account's folder it stops that account, in the data folder all of them."""


def kill_requested(folder: Path) -> bool:
    """Answer whether a kill file lies in the account's folder or in the data folder above it.

    Where that cannot be told the answer is yes: nothing may be sent.
    """
    try:
        return any((place / KILL_NAME).exists() for place in (folder, folder.parent))
    except OSError:
        return True
