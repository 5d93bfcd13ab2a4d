"""A backup as one file: a gzipped tar with a manifest that names each part with its SHA-256."""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile

import msgspec

from services.ports import JournalFault

MANIFEST = "manifest.json"
FORMAT = 1
_READ_BYTES = 1 << 20


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a backup."""

    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is of: the journal's last event says to whom it asks how far it goes."""

    format: int
    kaipan: str
    account: str
    taken_at: datetime
    seq: int
    hash: str
    parts: Mapping[str, Part]


_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder(Manifest).decode


def parts_of(folder: Path) -> dict[str, Part]:
    """Return the files below `folder` by their path there, with `/` between."""
    return {
        path.relative_to(folder).as_posix(): Part(sha256=_digest(path), size=path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def pack(folder: Path, manifest: Manifest, target: Path) -> None:
    """Write the files that the manifest names, and the manifest before them, as one file at `target`.

    It is there whole or not at all.

    Raises:
        JournalFault: The folder cannot be read, or the target not be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            try:
                with tarfile.open(fileobj=file, mode="w:gz") as tar:
                    _add(tar, MANIFEST, _encode(manifest))
                    for name in manifest.parts:
                        tar.add(folder / name, arcname=name, recursive=False)
                file.flush()
                os.fsync(file.fileno())
                file.close()
                os.replace(file.name, target)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise JournalFault(f"write {target}", error.strerror or str(error)) from error


def unpack(archive: Path, folder: Path) -> Manifest:
    """Lay the files of a backup below `folder` and return its manifest; each is what the manifest says.

    Raises:
        JournalFault: It cannot be read, is no backup, was made by a newer version, or is damaged.
    """
    asked = f"read {archive}"
    try:
        with tarfile.open(archive, mode="r:gz") as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST:
                raise JournalFault(asked, "it is no backup: its first part is not a manifest")
            manifest = _manifest(asked, tar, first)
            while member := tar.next():
                _lay(asked, tar, member, manifest, folder)
    except OSError as error:
        raise JournalFault(asked, error.strerror or f"it is damaged, or no backup: {error}") from error
    except (EOFError, zlib.error, tarfile.TarError) as error:
        raise JournalFault(asked, f"it is damaged, or no backup: {error}") from error
    missing = manifest.parts.keys() - parts_of(folder).keys()
    if missing:
        raise JournalFault(asked, f"{min(missing)} is missing in it")
    return manifest


def _manifest(asked: str, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Manifest:
    content = tar.extractfile(member)
    try:
        manifest = _decode(content.read() if content else b"")
    except msgspec.MsgspecError as error:
        raise JournalFault(asked, f"its manifest cannot be read: {error}") from error
    if manifest.format > FORMAT:
        raise JournalFault(asked, f"a newer Kaipan made it ({manifest.kaipan}); upgrade Kaipan")
    return manifest


def _lay(asked: str, tar: tarfile.TarFile, member: tarfile.TarInfo, manifest: Manifest, folder: Path) -> None:
    """Write one part where it belongs; nothing is written outside `folder`."""
    stated = manifest.parts.get(member.name)
    where = PurePosixPath(member.name)
    if stated is None or not member.isfile() or where.is_absolute() or ".." in where.parts:
        raise JournalFault(asked, f"{member.name!r} is no part of a backup")
    target = folder / where
    target.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    with target.open("wb") as file:
        while content is not None and (block := content.read(_READ_BYTES)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if _digest(target) != stated.sha256:
        raise JournalFault(asked, f"{member.name} is damaged: it is not what the manifest says")


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, BytesIO(content))


def _digest(path: Path) -> str:
    found = sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            found.update(block)
    return found.hexdigest()
