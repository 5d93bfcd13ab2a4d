"""A data folder that cannot be had: one line, exit code 2 or 3, and nothing in it is lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.journal.account_lock import account_lock
from tests.command_line import PROGRAM, Ran, call, call_process, contents, four_days

MODES = ("backtest", "paper")
READERS = (("status",), ("sessions",), ("verify",), ("report",), ("show", "x"), ("replay", "all"))


def run_args(mode: str, folder: Path, data_dir: Path) -> tuple[object, ...]:
    return ("--mode", mode, "--prices", four_days(folder), "--data-dir", data_dir)


def refused(done: Ran, code: int) -> bool:
    """Answer whether a call ended in one line and that code, with nothing on stdout."""
    return (done.code, done.out, len(done.err.splitlines())) == (code, "", 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_data_folder_that_is_a_file(mode: str, below: str, tmp_path: Path):
    (tmp_path / "taken").write_text("mine", encoding="utf-8")

    done = call(*run_args(mode, tmp_path, tmp_path / "taken" / below))

    assert refused(done, 3)
    assert "--data-dir" in done.err
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="whoever may do everything is refused nothing"
)
@pytest.mark.parametrize("mode", MODES)
def test_a_data_folder_that_may_not_be_written(mode: str, tmp_path: Path):
    (tmp_path / "closed").mkdir(mode=0o555)

    assert refused(call(*run_args(mode, tmp_path, tmp_path / "closed" / "data")), 3)


@pytest.mark.skipif(sys.platform != "linux", reason="no such name can be given there")
@pytest.mark.parametrize("mode", MODES)
def test_a_data_folder_whose_name_is_not_utf_8(mode: str, tmp_path: Path):
    data = Path(os.fsdecode(os.fsencode(tmp_path) + b"/d\xff"))
    plain, shown = tmp_path / "plain", f"{tmp_path}/d\\udcff"

    done = call(*run_args(mode, tmp_path, data), "--json")

    assert done.code == 0
    assert done.json["audit"] == f"{shown}/main/position/position.jsonl"
    assert call("list", "--data-dir", data, "--json").json["data_dir"] == shown
    assert call("report", "--data-dir", data, "--json").json["report"] == f"{shown}/main/report.html"
    assert call("verify", "--data-dir", data).code == 0
    call(*run_args(mode, tmp_path, plain))
    assert contents(data).keys() == contents(plain).keys()


@pytest.mark.skipif(sys.platform != "linux", reason="no such name can be given there")
def test_a_path_that_a_strict_screen_cannot_write_is_shown_as_its_escape(tmp_path: Path):
    data = os.fsdecode(os.fsencode(tmp_path) + b"/d\xff")

    done = call_process("data", "list", "--data-dir", data, environment={"PYTHONIOENCODING": "utf-8:strict"})

    assert (done.code, done.err) == (0, "")
    assert f"{tmp_path}/d\\udcff/history" in done.out


def with_room(file_bytes_max: int) -> Callable[[], None]:
    """Return what lets a process write no file beyond a size, as a full disk would."""

    def limit() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, file_bytes_max))

    return limit


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes there")
@pytest.mark.parametrize("mode", MODES)
# Room for nothing; for the panel, not the journal; for the journal's beginning, not the report.
@pytest.mark.parametrize("file_bytes_max", [0, 4_096, 100_000])
def test_a_full_disk_costs_nothing_that_was_kept(mode: str, file_bytes_max: int, tmp_path: Path):
    arguments = [*PROGRAM, *map(str, run_args(mode, tmp_path, tmp_path / "data"))]
    full = subprocess.run(
        arguments, preexec_fn=with_room(file_bytes_max), capture_output=True, encoding="utf-8",
        check=False, timeout=60,
    )  # fmt: skip
    audit = tmp_path / "data" / "main" / "position" / "position.jsonl"
    kept = audit.read_bytes() if audit.exists() else b""

    again = call(*run_args(mode, tmp_path, tmp_path / "data"), "--json")

    assert (full.returncode, len(full.stderr.splitlines())) == (3, 1)
    assert again.code == 0
    assert audit.read_bytes().startswith(kept)
    assert (
        call(*run_args(mode, tmp_path, tmp_path / "clean"), "--json").json["run_id"] == again.json["run_id"]
    )
    assert audit.read_bytes() == (tmp_path / "clean/main/position/position.jsonl").read_bytes()
    assert call("verify", "--data-dir", tmp_path / "data").code == 0


@pytest.mark.parametrize(("mode", "other"), [
    ("backtest", ("--mode", "paper")),
    ("paper", ("--mode", "backtest")),
    ("backtest", ("--agent", "rule:hold")),
    ("paper", ("--agent", "rule:hold")),
    ("backtest", ("--start", "2025-10-10")),
    ("paper", ("--cash", "5000.00")),
])  # fmt: skip
def test_a_data_folder_of_another_run_or_mode(mode: str, other: tuple[str, ...], tmp_path: Path):
    arguments = run_args(mode, tmp_path, tmp_path / "data")
    assert call(*arguments, "--no-report").code == 0
    before = contents(tmp_path / "data")

    done = call(*arguments, *other, "--no-report")

    assert refused(done, 2)
    assert str(tmp_path / "data" / "main") in done.err
    assert contents(tmp_path / "data") == before


def test_an_audit_trail_without_its_journal_is_not_written_over(tmp_path: Path):
    audit = tmp_path / "data" / "main" / "position" / "position.jsonl"
    audit.parent.mkdir(parents=True)
    audit.write_text("somebody's\n", encoding="utf-8")

    for mode, code in (("backtest", 2), ("paper", 3)):
        done = call(*run_args(mode, tmp_path, tmp_path / "data"))

        assert refused(done, code)
        assert "position.jsonl" in done.err
        assert audit.read_text(encoding="utf-8") == "somebody's\n"


@pytest.mark.parametrize("mode", MODES)
def test_a_journal_from_a_newer_version(mode: str, tmp_path: Path):
    call(*run_args(mode, tmp_path, tmp_path / "data"), "--no-report")
    journal = tmp_path / "data" / "main" / "journal.sqlite3"
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    connection.close()
    before = contents(tmp_path / "data")

    for arguments in (*READERS, run_args(mode, tmp_path, Path("unused"))[:-2]):
        done = call(*arguments, "--data-dir", tmp_path / "data")
        assert refused(done, 3)
        assert "newer" in done.err
        assert "journal.sqlite3" in done.err

    assert contents(tmp_path / "data") == before


@pytest.mark.parametrize("mode", MODES)
def test_a_file_that_is_no_journal(mode: str, tmp_path: Path):
    journal = tmp_path / "data" / "main" / "journal.sqlite3"
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"something else " * 400)
    before = journal.read_bytes()

    for arguments in (*READERS, run_args(mode, tmp_path, Path("unused"))[:-2]):
        done = call(*arguments, "--data-dir", tmp_path / "data")
        assert refused(done, 3)
        assert "journal.sqlite3" in done.err

    assert journal.read_bytes() == before


@pytest.mark.parametrize("mode", MODES)
def test_a_second_process_on_the_same_account_is_refused(mode: str, tmp_path: Path):
    data_dir = tmp_path / "data"
    lock = account_lock(data_dir / "main" / "journal.sqlite3", "main")
    lock.acquire()
    try:
        done = call(*run_args(mode, tmp_path, data_dir))
        live = call("--mode", "paper", "--once", "--data-dir", data_dir)
        other_account = call(*run_args(mode, tmp_path, data_dir), "--account", "second", "--no-report")
    finally:
        lock.release()

    for one in (done, live):
        assert refused(one, 3)
        assert "--standby" in one.err
    assert other_account.code == 0
    assert set(contents(data_dir / "main")) == {"lock"}


def test_standby_waits_for_the_process_that_has_the_account(tmp_path: Path):
    data_dir = tmp_path / "data"
    lock = account_lock(data_dir / "main" / "journal.sqlite3", "main")
    lock.acquire()
    arguments = [*PROGRAM, *map(str, run_args("paper", tmp_path, data_dir)), "--standby", "--json"]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() != ""  # It says that it waits.
        waiting = set(contents(data_dir / "main"))

        lock.release()
        out, err = process.communicate(timeout=60)

    assert waiting == {"lock"}
    assert (process.returncode, err) == (0, "")
    assert Ran(0, out, err).json["finished"] is True


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_an_interrupted_call_exits_130_in_one_line_and_leaves_the_account_as_it_was(tmp_path: Path):
    lock = account_lock(tmp_path / "data" / "main" / "journal.sqlite3", "main")
    lock.acquire()
    arguments = [*PROGRAM, *map(str, run_args("paper", tmp_path, tmp_path / "data")), "--standby", "--json"]
    # Where the tests run in the background of a shell, SIGINT is ignored, and so would their children.
    here = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        signal.signal(signal.SIGINT, here)
        assert process.stderr is not None
        process.stderr.readline()  # It waits.

        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    lock.release()

    assert (process.returncode, len(err.splitlines())) == (130, 1)
    assert Ran(130, out, err).json["exit_code"] == 130
    assert set(contents(tmp_path / "data" / "main")) == {"lock"}


def test_status_tells_a_running_account_from_a_stopped_one(tmp_path: Path):
    data_dir = tmp_path / "data"
    call(*run_args("paper", tmp_path, data_dir), "--no-report")
    journal = data_dir / "main" / "journal.sqlite3"
    with sqlite3.connect(journal) as connection:  # As if the run had been cut off before its end.
        connection.execute("DELETE FROM events WHERE kind = 'run_finished'")
    connection.close()
    lock = account_lock(journal, "main")

    stopped = call("status", "--data-dir", data_dir, "--json").json["state"]
    lock.acquire()
    running = call("status", "--data-dir", data_dir, "--json").json["state"]
    lock.release()

    assert (stopped, running) == ("stopped", "running")


@pytest.mark.parametrize("arguments", [
    ("--mode", "paper", "--demo"), ("status",), ("verify",), ("sessions",), ("--mode", "paper", "--once"),
])  # fmt: skip
def test_a_journal_database_that_is_not_there_never_shows_its_password(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("KAIPAN_JOURNAL_URL", "postgresql://me:hunter2@127.0.0.1:1/kaipan")

    done = call(*arguments, "--data-dir", tmp_path / "data", "--json")

    assert done.code == 3
    assert len(done.err.splitlines()) == 1
    assert "127.0.0.1" in done.err
    assert "hunter2" not in done.out + done.err


def test_a_backtest_is_saved_as_a_file_and_says_so_before_it_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("KAIPAN_JOURNAL_URL", "postgresql://me:hunter2@127.0.0.1:1/kaipan")

    done = call(*run_args("backtest", tmp_path, tmp_path / "data"))

    assert refused(done, 2)
    assert "journal_url" in done.err
    assert "hunter2" not in done.err


def test_a_journal_of_another_database_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KAIPAN_JOURNAL_URL", "mysql://me:hunter2@127.0.0.1/kaipan")

    done = call("status")

    assert refused(done, 2)
    assert "postgresql://" in done.err
    assert "hunter2" not in done.err
