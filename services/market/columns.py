"""The column store: a panel as one file named by the SHA-256 of its every byte, read by memory map.

Layout: a line `kaipan panel 1`, the header's length (8 bytes, little-endian), the header (JSON),
zeros to the next multiple of 64, then each array in the order the header names them, row by row,
int64 or float64 little-endian, each padded to a multiple of 64 bytes.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from services.domain.bars import Adjustment, CorporateAction, Frequency, Panel, VolumeUnit
from services.domain.instruments import Instrument, Span, Symbol
from services.domain.value import Value
from services.market.atomic_file import write_whole

FORMAT_VERSION = 1

_MAGIC = b"kaipan panel 1\n"
_ALIGN_BYTES = 64
_TIMES = ("starts", "ends", "days")
_PRICES = ("open", "high", "low", "close", "volume")


class PanelDamaged(ValueError):
    """A stored panel is missing, or is not what its name says; the message names the file."""


class _Header(Value, frozen=True, kw_only=True):
    """Everything of a panel but its arrays; `arrays` names those in their order."""

    version: int
    rows: int
    arrays: tuple[str, ...]
    symbols: tuple[Symbol, ...]
    names: tuple[str, ...]
    frequency: Frequency
    adjustment: Adjustment
    volume_unit: VolumeUnit
    source: str
    synthetic: bool
    instruments: tuple[Instrument, ...]
    actions: tuple[CorporateAction, ...]


class _MembersHeader(_Header, frozen=True, kw_only=True):
    """A header that also tells when each symbol belonged to an index; without that it is a plain one."""

    members: Mapping[Symbol, tuple[Span, ...]] = msgspec.field(default_factory=dict)


def panel_path(folder: Path, digest: str) -> Path:
    """Return where the panel with that digest lies."""
    return folder / f"{digest}.panel"


def with_digest(panel: Panel) -> Panel:
    """Return the panel with its `digest` filled in: the SHA-256 its file would have."""
    return replace(panel, digest=_digest(panel))


def save_panel(panel: Panel, folder: Path) -> str:
    """Store the panel as `<folder>/<digest>.panel` and return the digest.

    A file that is there already and whole is left as it is; a damaged one is written anew.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    digest = _digest(panel)
    path = panel_path(folder, digest)
    if not path.is_file() or panel_bytes_digest(path) != digest:
        write_whole(path, _parts(panel))
    return digest


def open_panel(folder: Path, digest: str) -> Panel:
    """Return the stored panel with that digest, its arrays read-only views of the mapped file.

    Every byte is checked first.

    Raises:
        PanelDamaged: There is no such file, or a byte of it changed.
    """
    path = panel_path(folder, digest)
    if not path.is_file() or path.stat().st_size == 0:
        raise PanelDamaged(f"{path}: there is no such stored panel; load the price file again")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise PanelDamaged(f"{path}: its content is not what its name says; load the price file again")
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return _decoded(path, content, digest)


def release(panel: Panel) -> None:
    """Give back the memory that a stored panel's pages take; what is looked at again is read again.

    Does nothing for a panel that lies in no file, and where the system has no such call.
    """
    content: object = panel.close
    while isinstance(content, np.ndarray):
        content = content.base
    if isinstance(content, memoryview):
        content = content.obj
    if isinstance(content, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        content.madvise(mmap.MADV_DONTNEED)


def panel_bytes_digest(path: Path) -> str:
    """Return the SHA-256 of the whole file; a sound stored panel is named by it.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(panel: Panel) -> str:
    digest = hashlib.sha256()
    for part in _parts(panel):
        digest.update(part)
    return digest.hexdigest()


def _parts(panel: Panel) -> Iterator[bytes]:
    """Yield the file's bytes, an array at a time, so that a large panel is not held twice."""
    arrays = (*_TIMES, *_PRICES, *(("prev_close",) if panel.prev_close is not None else ()))
    header = _MembersHeader(
        version=FORMAT_VERSION,
        rows=len(panel.ends),
        arrays=arrays,
        symbols=panel.symbols,
        names=panel.names,
        frequency=panel.frequency,
        adjustment=panel.adjustment,
        volume_unit=panel.volume_unit,
        source=panel.source,
        synthetic=panel.synthetic,
        instruments=tuple(panel.instruments[symbol] for symbol in sorted(panel.instruments)),
        actions=panel.actions,
        members=panel.members,
    )
    text = _encoded(header)
    yield _padded(_MAGIC + len(text).to_bytes(8, "little") + text)
    for name in arrays:
        stored = "<i8" if name in _TIMES else "<f8"
        yield _padded(np.ascontiguousarray(getattr(panel, name), dtype=stored).tobytes())


def _encoded(header: _MembersHeader) -> bytes:
    """Return a header as text; one without members as panels had it before there were any."""
    if header.members:
        return msgspec.json.encode(header)
    return msgspec.json.encode(_Header(**{name: getattr(header, name) for name in _Header.__struct_fields__}))


def _decoded(path: Path, content: mmap.mmap, digest: str) -> Panel:
    if content[: len(_MAGIC)] != _MAGIC:
        raise PanelDamaged(f"{path}: not a panel of this version; load the price file again")
    begin = len(_MAGIC) + 8
    length = int.from_bytes(content[len(_MAGIC) : begin], "little")
    header = msgspec.json.decode(content[begin : begin + length], type=_MembersHeader)
    shape = (header.rows, len(header.symbols))
    offsets = [_aligned(begin + length)]
    for name in header.arrays:
        offsets.append(offsets[-1] + _aligned(8 * shape[0] * (1 if name in _TIMES else shape[1])))
    views = dict(zip(header.arrays, pairwise(offsets), strict=True))

    def times(name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.frombuffer(content, dtype="<i8", count=shape[0], offset=views[name][0])

    def prices(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        flat = np.frombuffer(content, dtype="<f8", count=shape[0] * shape[1], offset=views[name][0])
        return flat.reshape(shape)

    return Panel(
        symbols=header.symbols,
        names=header.names,
        starts=times("starts"),
        ends=times("ends"),
        days=times("days"),
        open=prices("open"),
        high=prices("high"),
        low=prices("low"),
        close=prices("close"),
        volume=prices("volume"),
        prev_close=prices("prev_close") if "prev_close" in views else None,
        frequency=header.frequency,
        adjustment=header.adjustment,
        volume_unit=header.volume_unit,
        source=header.source,
        digest=digest,
        instruments={instrument.symbol: instrument for instrument in header.instruments},
        actions=header.actions,
        synthetic=header.synthetic,
        members=header.members,
    )


def _aligned(size: int) -> int:
    return -(-size // _ALIGN_BYTES) * _ALIGN_BYTES


def _padded(content: bytes) -> bytes:
    short = _aligned(len(content)) - len(content)
    return content + bytes(short) if short else content
