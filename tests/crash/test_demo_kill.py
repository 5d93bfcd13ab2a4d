"""The demo under `kill -9`: a coarse test with real processes and real files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = ("--mode", "paper", "--frequency", "hourly", "--demo", "--lang", "en")
PATIENCE_S = 60.0
LOOK_S = 0.002
LINES = 34
"""Lines of the demo's audit trail; a change of the demo market or the rule changes them."""

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")


def wait_until(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """Look every few milliseconds until that is so or the process has ended, and leave the core to it."""
    while process.poll() is None and not reached():
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_S)


class Folder:
    """A data folder, and the processes that work on it."""

    def __init__(self, path: Path, cache: Path) -> None:
        self.path, self._cache = path, cache
        self.audit = path / "main" / "position" / "position.jsonl"
        self.journal = path / "main" / "journal.sqlite3"

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "KAIPAN_CACHE_DIR": str(self._cache), "PYTHONWARNINGS": ""}
        command = (sys.executable, "run_live.py", *DEMO, "--data-dir", str(self.path), *more)
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def finish(self) -> str:
        """Run to the end; return what it said."""
        process = self.start()
        said, errors = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, errors.decode()) == (0, "")
        return said.decode()

    def kill_when(self, reached: Callable[[], bool]) -> bool:
        """Start a process and kill it at that moment; answer whether it was still alive then."""
        process = self.start()
        wait_until(process, reached)
        alive = process.poll() is None
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode in (0, -signal.SIGKILL)
        return alive

    def lines(self) -> int:
        return self.text().count(b"\n")

    def text(self) -> bytes:
        return self.audit.read_bytes() if self.audit.exists() else b""

    def complete(self) -> bytes:
        text = self.text()
        return text[: text.rfind(b"\n") + 1]

    def bytes_of_all(self) -> dict[str, bytes]:
        files = [path for path in sorted(self.path.rglob("*")) if path.is_file()]
        return {str(path.relative_to(self.path)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("unkilled"), cache)
    folder.finish()
    return folder


def test_the_demo_killed_again_and_again_ends_as_if_it_had_not_been(unkilled, tmp_path, cache):
    folder, killed = Folder(tmp_path, cache), 0
    before = b""

    killed += folder.kill_when(folder.journal.exists)
    for lines in (1, 8, 17, 27):
        target = max(lines, folder.lines() + 1)
        killed += folder.kill_when(lambda target=target: folder.lines() >= target)
        assert folder.text().startswith(before)
        before = folder.complete()
    folder.finish()

    assert killed >= 4
    assert folder.lines() == unkilled.lines() == LINES
    assert folder.text() == unkilled.text()
    assert folder.text().startswith(before)


def test_the_demo_finished_and_started_again_changes_no_byte(unkilled):
    before = unkilled.bytes_of_all()
    assert {"main/journal.sqlite3", "main/position/position.jsonl", "main/report.html"} <= set(before)

    unkilled.finish()

    assert unkilled.bytes_of_all() == before


def test_a_second_process_on_the_same_account_ends_with_3(tmp_path, cache):
    folder = Folder(tmp_path, cache)
    first = folder.start()
    wait_until(first, lambda: folder.lines() >= 3)
    first.send_signal(signal.SIGSTOP)
    assert first.poll() is None, "the first process ended before it could be stopped"

    second = folder.start()
    _, errors = second.communicate(timeout=PATIENCE_S)
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=PATIENCE_S)

    assert second.returncode == 3
    assert b"--standby" in errors
    assert first.returncode == 0
    assert folder.lines() == LINES
