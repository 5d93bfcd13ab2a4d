"""A process that ends because the disk is full can still say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.domain.vitals import LifeState, Vitals
from services.vitals_file import read_vitals, write_vitals
from tests.crash.kills.small_disk import NoSmallDisk, SmallDisk, small_disk

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)
RUNS = Vitals(
    account="main", mode="paper", market="cn", state=LifeState.RUNNING, pid=1, host="here",
    version="0", at=NOON, started_at=NOON, beat_s=15.0,
)  # fmt: skip


def test_the_last_word_is_written_on_a_disk_that_is_really_full(tmp_path: Path):
    failed = replace(RUNS, state=LifeState.ERROR, why="No space left on device")
    try:
        with small_disk(tmp_path) as folder:
            write_vitals(folder, RUNS)
            SmallDisk(folder).fill()

            write_vitals(folder, failed)

            assert read_vitals(folder) == failed
            assert [path.name for path in folder.glob(".vitals*")] == []
    except NoSmallDisk as reason:
        pytest.skip(str(reason))
