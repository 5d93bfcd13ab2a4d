"""A file system of a few megabytes, which really is full when it is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_BYTES = 24 << 20
_BALLAST = "ballast"
_BLOCK = b"\0" * (1 << 16)


class NoSmallDisk(Exception):
    """A file system cannot be mounted here; it takes root and a system that lets it."""


class SmallDisk:
    """Fills the rest of a file system, and makes room again."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / _BALLAST

    @property
    def full(self) -> bool:
        return self._ballast.exists()

    def fill(self) -> None:
        """Leave no byte."""
        with self._ballast.open("ab", buffering=0) as file:
            block = _BLOCK
            while block:
                try:
                    file.write(block)
                except OSError:
                    block = block[: len(block) // 2]

    def clear(self) -> None:
        """Make room."""
        self._ballast.unlink(missing_ok=True)


def is_small(folder: Path) -> bool:
    """Answer whether the folder is such a file system."""
    there = os.statvfs(folder)
    return there.f_blocks * there.f_frsize == SIZE_BYTES


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a small file system at the folder, gone after the block.

    Raises:
        NoSmallDisk: It cannot be mounted.
    """
    mount = ("mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "tmpfs", str(folder))
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoSmallDisk(f"cannot mount a file system: {error}") from error
    try:
        yield folder
    finally:
        subprocess.run(("umount", "-l", str(folder)), check=True, capture_output=True)
