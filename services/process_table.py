"""What the system tells of a running process: memory, processor time, open files. By Linux's /proc."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFigures:
    """One process at one moment; `cpu_s` is the processor time it has used, of all its threads.

    `descriptors` are its open files and sockets and `descriptors_max` how many it may have; None where
    this user may not see them, or there is no bound.
    """

    memory_bytes: int
    cpu_s: float
    descriptors: int | None
    descriptors_max: int | None


def process_figures(pid: int, proc: Path = PROC) -> ProcessFigures | None:
    """Return the figures of a process, None where there is none of that number or the system does not say."""
    folder = proc / str(pid)
    try:
        # What follows the name, which is in brackets and may hold anything.
        fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        resident_pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
        memory_bytes = resident_pages * os.sysconf("SC_PAGE_SIZE")
        cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    return ProcessFigures(
        memory_bytes=memory_bytes,
        cpu_s=cpu_s,
        descriptors=_descriptors(folder),
        descriptors_max=_descriptors_max(folder),
    )


def this_host() -> str:
    """Return the name of this machine, as the vitals of a process on it state it."""
    return socket.gethostname()


def _descriptors(folder: Path) -> int | None:
    try:
        return sum(1 for _ in (folder / "fd").iterdir())
    except OSError:
        return None


def _descriptors_max(folder: Path) -> int | None:
    """Return the soft limit of open files."""
    try:
        lines = (folder / "limits").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("Max open files"):
            first = line.removeprefix("Max open files").split()[0]
            return int(first) if first.isdecimal() else None
    return None
