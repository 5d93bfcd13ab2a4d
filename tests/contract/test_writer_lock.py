"""One writer per account: what the lock of either kind promises, shown with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands.account_claim import claim
from commands.screen import Screen
from services.journal.account_lock import LOCK_NAME, AccountBusy, account_lock, is_taken
from services.ports import JournalFault

if sys.platform != "win32":
    import fcntl

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from services.journal.account_lock import account_lock
where = Path(sys.argv[2]) if sys.argv[1] == "path" else sys.argv[2]
account_lock(where, "main").acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "main" / "journal.sqlite3"
    new_database: Callable[[], str] = request.getfixturevalue("new_database")
    return new_database()


@contextmanager
def holder(where: Path | str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the lock, until it is killed or the block ends."""
    kind = "path" if isinstance(where, Path) else "url"
    command = [sys.executable, "-c", HOLDER, kind, str(where)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_second_process_is_told_at_once_and_the_first_is_not_disturbed(where: Path | str):
    lock = account_lock(where, "main")

    with holder(where) as process:
        with pytest.raises(AccountBusy):
            lock.acquire()
        with pytest.raises(AccountBusy):
            lock.acquire()

        assert process.poll() is None


def test_looking_whether_it_is_taken_tells_and_takes_nothing(tmp_path: Path):
    where = tmp_path / "main" / "journal.sqlite3"

    assert not is_taken(where.parent)
    assert not where.parent.exists()
    with holder(where) as process:
        assert is_taken(where.parent)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not is_taken(where.parent)


@pytest.mark.skipif(sys.platform == "win32", reason="there who looks has it for a moment")
def test_any_number_may_look_at_once(tmp_path: Path):
    where = tmp_path / "main" / "journal.sqlite3"
    lock = account_lock(where, "main")
    lock.acquire()
    lock.release()
    with (where.parent / LOCK_NAME).open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)

        assert not is_taken(where.parent)


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_a_start_is_not_refused_because_somebody_looks(tmp_path: Path):
    where = tmp_path / "main" / "journal.sqlite3"
    lock = account_lock(where, "main")
    lock.acquire()
    lock.release()

    async def start() -> None:
        with (where.parent / LOCK_NAME).open("rb") as looking:
            fcntl.flock(looking, fcntl.LOCK_SH)
            asyncio.get_running_loop().call_later(0.1, fcntl.flock, looking, fcntl.LOCK_UN)
            await claim(lock, Screen("en", as_json=True), standby=False)

    asyncio.run(start())
    assert is_taken(where.parent)
    lock.release()


def test_another_account_is_free(where: Path | str):
    beside = where.parent.parent / "other" / where.name if isinstance(where, Path) else where
    lock = account_lock(beside, "other")

    with holder(where):
        lock.acquire()

    lock.release()


def acquire_soon(where: Path | str) -> None:
    """Take the lock; a server may need a moment to see that a killed process's connection is gone."""
    lock = account_lock(where, "main")
    for _ in range(1000):
        try:
            lock.acquire()
        except AccountBusy:
            continue
        lock.release()
        return
    pytest.fail("the lock outlived its holder")


def test_the_lock_goes_with_a_killed_process(where: Path | str):
    with holder(where) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()

        acquire_soon(where)


def test_a_released_lock_can_be_taken_again(where: Path | str):
    first, second = account_lock(where, "main"), account_lock(where, "main")

    first.acquire()
    first.acquire()
    with pytest.raises(AccountBusy):
        second.acquire()
    first.release()
    first.release()
    if isinstance(where, Path):
        second.acquire()
        second.release()
    else:
        acquire_soon(where)


def test_only_the_lock_of_the_system_proves_the_predecessor_dead(tmp_path: Path):
    assert account_lock(tmp_path / "journal.sqlite3", "main").predecessor_dead is True
    assert account_lock("postgresql://localhost/x", "main").predecessor_dead is False


def test_taking_the_lock_again_changes_no_byte(tmp_path: Path):
    where = tmp_path / "main" / "journal.sqlite3"
    for _ in range(2):
        lock = account_lock(where, "main")
        lock.acquire()
        lock.release()

        assert [(path.name, path.read_bytes()) for path in where.parent.iterdir()] == [("lock", b"")]


def test_a_folder_that_cannot_be_had_is_a_fault_but_not_a_busy_account(tmp_path: Path):
    (tmp_path / "main").write_text("a file where the folder should be")

    with pytest.raises(JournalFault) as caught:
        account_lock(tmp_path / "main" / "journal.sqlite3", "main").acquire()

    assert not isinstance(caught.value, AccountBusy)


def test_a_lock_file_replaced_while_it_is_taken_is_not_mistaken_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lock, path, real_open = account_lock(tmp_path / "j", "main"), tmp_path / "lock", os.open

    def replaced(*asked: object) -> int:
        descriptor: int = real_open(*asked)  # type: ignore[arg-type] # Passed on as they came.
        path.unlink()
        path.write_bytes(b"")
        return descriptor

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", replaced)
        with pytest.raises(JournalFault):
            lock.acquire()

    lock.acquire()
    lock.release()


def test_a_database_that_is_not_there_is_a_fault_that_keeps_the_password_to_itself():
    with pytest.raises(JournalFault) as caught:
        account_lock("postgresql://me:hunter2@127.0.0.1:9/x", "main").acquire()

    assert not isinstance(caught.value, AccountBusy)
    assert "hunter2" not in str(caught.value)
