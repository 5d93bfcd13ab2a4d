"""The file in an account's folder in which its process says how it is doing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec

from services.domain.vitals import Vitals
from services.market.atomic_file import write_whole
from services.ports import JournalFault

VITALS_NAME = "vitals.json"

ROOM_BYTES = 4096
"""How large the file is at least, blanks at its end: so that the next vitals have room in it, and of the disk
none more is asked for."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Vitals).decode


def write_vitals(folder: Path, vitals: Vitals) -> None:
    """Put `vitals` into the account's folder; a reader sees the old word or the new one.

    On a full disk they are written over the old ones: a process that ends for want of room can say so. Who
    reads just then may find the file damaged, and finds it whole a moment later.

    Raises:
        JournalFault: The folder cannot be written; on a full disk, there are none to write over.
    """
    path, content = folder / VITALS_NAME, _encode(vitals).ljust(ROOM_BYTES)
    try:
        try:
            write_whole(path, [content])
        except OSError as error:
            if error.errno not in _NO_ROOM or not _write_over(path, content):
                raise
    except OSError as error:
        raise JournalFault(f"write {path}", error.strerror or str(error)) from error


def read_vitals(folder: Path) -> Vitals | None:
    """Return what the account's process last said, None where none ever did.

    Raises:
        JournalFault: The file cannot be read, or is damaged.
    """
    path = folder / VITALS_NAME
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalFault(f"read {path}", error.strerror or str(error)) from error
    except msgspec.MsgspecError as error:
        raise JournalFault(f"read {path}", f"it is damaged: {error}") from error


def _write_over(path: Path, content: bytes) -> bool:
    """Write `content` in the place of what the file holds; answer whether it has that much room.

    Raises:
        OSError: It cannot be written.
    """
    room = path.stat().st_size if path.exists() else 0
    if len(content) > room:
        return False
    with path.open("r+b", buffering=0) as file:
        file.write(content.ljust(room))
        os.fsync(file.fileno())
    return True
