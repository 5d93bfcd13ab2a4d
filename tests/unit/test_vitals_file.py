"""What a process says of itself is read as it was said, also what it says last on a full disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import services.vitals_file
from services.domain.vitals import LifeState, Vitals
from services.ports import JournalFault
from services.vitals_file import VITALS_NAME, read_vitals, write_vitals

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
RUNS = Vitals(
    account="main", mode="paper", market="cn", state=LifeState.RUNNING, pid=1, host="here",
    version="0", at=NOON, started_at=NOON, beat_s=15.0,
)  # fmt: skip
FAILED = replace(RUNS, state=LifeState.ERROR, why="append event 7: No space left on device")


def fail_with(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no new file be written from now on."""

    def failing(path: Path, parts: Iterable[bytes]) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(services.vitals_file, "write_whole", failing)


def test_what_was_said_last_is_read(tmp_path: Path):
    assert read_vitals(tmp_path) is None

    write_vitals(tmp_path, FAILED)
    write_vitals(tmp_path, RUNS)

    assert read_vitals(tmp_path) == RUNS


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_on_a_full_disk_the_new_word_takes_the_place_of_the_old(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_vitals(tmp_path, RUNS)
    before = (tmp_path / VITALS_NAME).stat()
    fail_with(number, monkeypatch)

    write_vitals(tmp_path, FAILED)

    after = (tmp_path / VITALS_NAME).stat()
    assert read_vitals(tmp_path) == FAILED
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)


def test_a_shorter_word_leaves_nothing_of_a_longer_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_vitals(tmp_path, replace(RUNS, why="long " * 2000))
    fail_with(errno.ENOSPC, monkeypatch)

    write_vitals(tmp_path, FAILED)

    assert read_vitals(tmp_path) == FAILED


def test_a_word_too_long_for_the_room_there_is_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_vitals(tmp_path, RUNS)
    fail_with(errno.ENOSPC, monkeypatch)

    with pytest.raises(JournalFault):
        write_vitals(tmp_path, replace(FAILED, why="long " * 2000))

    assert read_vitals(tmp_path) == RUNS


def test_where_nothing_was_said_before_a_full_disk_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fail_with(errno.ENOSPC, monkeypatch)

    with pytest.raises(JournalFault):
        write_vitals(tmp_path, RUNS)


def test_another_fault_writes_nothing_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_vitals(tmp_path, RUNS)
    fail_with(errno.EIO, monkeypatch)

    with pytest.raises(JournalFault):
        write_vitals(tmp_path, FAILED)

    assert read_vitals(tmp_path) == RUNS


def test_a_damaged_word_is_a_fault(tmp_path: Path):
    (tmp_path / VITALS_NAME).write_bytes(b"{")

    with pytest.raises(JournalFault):
        read_vitals(tmp_path)
