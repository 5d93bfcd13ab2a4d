"""The environment of the process, for what is no setting: the proxies that network libraries obey."""

from __future__ import annotations

import os
from collections.abc import Mapping


def process_environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ
