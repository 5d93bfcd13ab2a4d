"""The file in which a watchdog keeps what it has told of and is not over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from monitor.watchdog_told import Telling
from services.market.atomic_file import write_whole
from services.ports import JournalFault

TOLD_NAME = "told.json"
"""The file in the watchdog's folder of an account."""

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(dict[str, Telling]).decode


def read_told(folder: Path) -> dict[str, Telling]:
    """Return what is kept; a file that is missing or damaged holds nothing, and what lasts is told anew."""
    try:
        return _decode((folder / TOLD_NAME).read_bytes())
    except (OSError, msgspec.MsgspecError):
        return {}


def write_told(folder: Path, told: Mapping[str, Telling]) -> None:
    """Keep what was told of.

    Raises:
        JournalFault: It cannot be written.
    """
    path = folder / TOLD_NAME
    try:
        write_whole(path, [_encode(dict(told))])
    except OSError as error:
        raise JournalFault(f"write {path}", error.strerror or str(error)) from error
