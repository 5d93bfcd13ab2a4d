"""The file in an account's folder in which its process says how it is doing."""

from __future__ import annotations

from pathlib import Path

import msgspec

from services.domain.vitals import Vitals
from services.market.atomic_file import write_whole
from services.ports import JournalFault

VITALS_NAME = "vitals.json"

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Vitals).decode


def write_vitals(folder: Path, vitals: Vitals) -> None:
    """Put `vitals` into the account's folder; a reader sees the old word or the new one.

    Raises:
        JournalFault: The folder cannot be written.
    """
    try:
        write_whole(folder / VITALS_NAME, [_encode(vitals)])
    except OSError as error:
        raise JournalFault(f"write {folder / VITALS_NAME}", error.strerror or str(error)) from error


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
