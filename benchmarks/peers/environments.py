"""An environment of its own for each peer, built from PyPI once and kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.peers.roster import Peer


class NotInstalled(RuntimeError):
    """A peer's environment could not be built; the message is pip's last line of why."""


def python_of(peer: Peer, environments: Path) -> Path:
    """Return the Python that runs a peer; its environment is built where it is not, or asks for others.

    Raises:
        NotInstalled: pip could not install it.
    """
    if not peer.home:
        return Path(sys.executable)
    home = environments / peer.home
    python, built = home / "bin" / "python", home / "built.txt"
    wanted = "\n".join(peer.requirements)
    if not (built.is_file() and built.read_text(encoding="utf-8") == wanted):
        print(f"installing {' '.join(peer.requirements)} ...", file=sys.stderr, flush=True)
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        _run([*pip, *peer.requirements])
        built.write_text(wanted, encoding="utf-8")
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise NotInstalled((errors or done.stderr.splitlines() or [f"exit code {done.returncode}"])[-1])
