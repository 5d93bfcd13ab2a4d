"""The log of a process that stays up: whole JSON lines, rotated, without secrets, never in the way."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.clock import VirtualClock
from services.logs import LogFile
from services.ports import no_log

AT = datetime(2026, 7, 13, 2, 35, tzinfo=UTC)


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogFile]:
    found = LogFile(tmp_path / "log/kaipan.log", VirtualClock(AT), ["canary-1"], bytes_max=10_000, files=3)
    yield found
    found.close()


def test_a_line_tells_when_and_what(log: LogFile, tmp_path: Path):
    log("closed", session="s1", shares=100, symbol="600519.SH")

    assert _lines(tmp_path / "log/kaipan.log") == [
        {
            "at": "2026-07-13T02:35:00.000+00:00",
            "level": "info",
            "event": "closed",
            "session": "s1",
            "shares": 100,
            "symbol": "600519.SH",
        }
    ]


def test_no_field_and_no_library_carries_a_secret_into_it(log: LogFile, tmp_path: Path):
    log("fault", "warning", why="key canary-1 refused", nested={"deep": ["canary-1"]})
    logging.getLogger("some.package").error("at https://host/?token=canary-1")
    try:
        raise ValueError("canary-1")
    except ValueError:
        logging.getLogger("some.package").exception("broke with canary-1")

    text = (tmp_path / "log/kaipan.log").read_text(encoding="utf-8")
    assert "canary-1" not in text
    assert text.count("***") == 6  # Two in the first line, one in the second, three in the third.
    assert "ValueError" in text


def test_libraries_are_heard_from_warnings_on(log: LogFile, tmp_path: Path):
    logging.getLogger("some.package").info("chatter")
    logging.getLogger("some.package").warning("trouble")

    assert [line["event"] for line in _lines(tmp_path / "log/kaipan.log")] == ["trouble"]


def test_a_full_file_is_kept_and_the_oldest_goes(log: LogFile, tmp_path: Path):
    for number in range(400):
        log("n", number=number, filler="x" * 100)

    files = sorted((tmp_path / "log").iterdir())
    assert [path.name for path in files] == ["kaipan.log", "kaipan.log.1", "kaipan.log.2", "kaipan.log.3"]
    assert all(path.stat().st_size <= 10_000 for path in files)
    assert _lines(files[0])[-1]["number"] == 399


def test_a_log_that_cannot_be_written_is_in_nobodys_way(log: LogFile, tmp_path: Path):
    (tmp_path / "log").rmdir()
    (tmp_path / "log").touch()

    log("closed", session="s1")

    assert log.lost == 1


def test_a_long_field_is_cut(log: LogFile, tmp_path: Path):
    log("answer", text="字" * 5000)

    (line,) = _lines(tmp_path / "log/kaipan.log")
    assert str(line["text"]).startswith("字" * 2000)
    assert len(str(line["text"])) < 2100


def test_a_closed_log_hears_nothing(log: LogFile, tmp_path: Path):
    log.close()

    logging.getLogger("some.package").warning("trouble")

    assert not (tmp_path / "log/kaipan.log").exists()


def test_no_log_writes_nothing():
    assert no_log("closed", session="s1") is None
