"""Where this machine keeps things that can be made again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Return the user's cache folder for Kaipan: KAIPAN_CACHE_DIR, else the system's usual place.

    Nothing in it is needed for a replay; it may be emptied at any time.
    """
    given = os.environ if environment is None else environment
    if given.get("KAIPAN_CACHE_DIR"):
        return Path(given["KAIPAN_CACHE_DIR"])
    usual = given.get("XDG_CACHE_HOME") or given.get("LOCALAPPDATA")
    return (Path(usual) if usual else Path.home() / ".cache") / "kaipan"
