"""The SQLite journal after a kill, a torn write and a full disk: all that was acknowledged, nothing half."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from services.domain.events import Event
from services.journal.chain import Head, first_break, link
from services.journal.database import NoJournal
from services.journal.sql_store import SqlStore

ROOT = Path(__file__).parents[2]
if sys.platform == "win32":
    pytest.skip("kills and limits as POSIX has them", allow_module_level=True)

# Appends as many events as each line of its input says, and answers each with its number.
WRITER = """
import sys
from pathlib import Path
from services.journal.chain import link
from services.journal.sql_store import SqlStore

store = SqlStore.open(Path(sys.argv[1]), "main")
store.take_fence()
head = store.head()
seq, prev = head.seq, head.hash
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        seq += 1
        event = link(seq, "main", "s", f"step-{seq}", "halt", 1, "at", "x" * 500, prev)
        store.append((event,), {})
        prev = event.hash
        print(seq, flush=True)
"""

# Appends until the disk is full, shows that reading goes on, and goes on itself when there is room again.
FILLER = """
import resource, sys
from pathlib import Path
from services.journal.chain import link
from services.journal.sql_store import SqlStore
from services.ports import JournalFault

store = SqlStore.open(Path(sys.argv[1]), "main")
store.take_fence()
seq, prev, faults = 0, store.head().hash, 0
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), hard))
while seq < 400:
    event = link(seq + 1, "main", "s", f"step-{seq}", "halt", 1, "at", "x" * 500, prev)
    try:
        store.append((event,), {})
    except JournalFault:
        faults += 1
        assert len(store.events()) == seq
        store.require_fence()
        if faults == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        continue
    seq, prev = seq + 1, event.hash
store.close()
print(faults)
"""


class Writer:
    """A process that writes the journal at `path`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def ask(self, events: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d\n" % events)
        self._process.stdin.flush()

    def acknowledged(self, events: int) -> int:
        """Let it write, and return the last number it answered with."""
        self.ask(events)
        return [int(self.line()) for _ in range(events)][-1]

    def kill(self) -> tuple[int, ...]:
        """Kill it where it is, and return the numbers it had answered with that nobody read."""
        self._process.kill()
        assert self._process.stdout is not None
        lines = self._process.stdout.read().split(b"\n")
        self._process.wait()
        return tuple(int(line) for line in lines[:-1])


@contextmanager
def writer(path: Path) -> Iterator[Writer]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe) as process:
        started = Writer(process)
        assert started.line() == b"ready\n"
        try:
            yield started
        finally:
            process.kill()


def read(path: Path) -> tuple[Event, ...]:
    """The events, which must be one unbroken chain up to the head."""
    store = SqlStore.open_read_only(path, "main")
    events = tuple(store.events())
    assert first_break(events, store.head()) is None
    store.close()
    return events


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def appended(path: Path) -> Event:
    """One more event, written by this process after whatever recovery there was to do."""
    store = SqlStore.open(path, "main")
    store.take_fence()
    head = store.head()
    event = link(head.seq + 1, "main", "after", f"step-{head.seq}", "halt", 1, "at", "{}", head.hash)
    store.append((event,), {})
    store.close()
    return event


def test_after_kills_every_acknowledged_event_is_there_and_the_next_writer_goes_on(tmp_path: Path):
    path = tmp_path / "main" / "journal.sqlite3"
    for before_the_kill in (1, 2, 7, 60):
        with writer(path) as process:
            process.ask(1_000_000)
            read_before = [int(process.line()) for _ in range(before_the_kill)]
            acknowledged = (*read_before, *process.kill())[-1]
        remains = contents(path.parent)

        events = read(path)

        assert contents(path.parent) == remains
        # The event under way at the kill may be there, though nobody was told.
        assert len(events) - acknowledged in (0, 1)

    last = appended(path)
    assert read(path)[-1] == last
    assert list(contents(path.parent)) == ["journal.sqlite3"]


def test_reading_beside_a_living_writer_sees_the_newest_and_changes_nothing(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    with writer(path) as process:
        for expected in (1, 2, 3):
            assert process.acknowledged(1) == expected
            before = contents(tmp_path)

            events = read(path)

            assert len(events) == expected
            assert contents(tmp_path) == before

        assert process.acknowledged(1) == 4


def test_reading_while_a_writer_writes_never_sees_half_of_anything(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    seen = []
    with writer(path) as process:
        process.ask(1_000_000)
        for _ in range(30):
            process.line()
            store = SqlStore.open_read_only(path, "main")
            events = tuple(store.events())
            store.close()
            assert first_break(events) is None
            seen.append(len(events))
        process.kill()

    assert all(later >= earlier for earlier, later in pairwise(seen))
    assert seen[-1] >= 30


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a killed writer of 12 events left: the file and its -wal."""
    folder = tmp_path_factory.mktemp("torn")
    with writer(folder / "journal.sqlite3") as process:
        assert process.acknowledged(12) == 12
        process.kill()
    return folder


def laid_out(torn: Path, folder: Path, wal: bytes) -> Path:
    """The remains with another -wal, in a folder of their own, as after a loss of power."""
    folder.mkdir()
    shutil.copyfile(torn / "journal.sqlite3", folder / "journal.sqlite3")
    (folder / "journal.sqlite3-wal").write_bytes(wal)
    return folder / "journal.sqlite3"


def test_a_wal_cut_anywhere_holds_a_prefix_and_can_be_gone_on_with(torn: Path, tmp_path: Path):
    wal = (torn / "journal.sqlite3-wal").read_bytes()
    lengths = []
    for cut in (*range(0, len(wal), 9973), len(wal)):
        path = laid_out(torn, tmp_path / str(cut), wal[:cut])
        before = contents(path.parent)

        try:
            events = read(path)
        except NoJournal:
            events = ()  # The tables were not there yet.

        assert contents(path.parent) == before
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert appended(path).seq == len(events) + 1
        lengths.append(len(events))

    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (0, 12)
    assert set(lengths) >= {0, 3, 6, 9, 12}


def test_a_wal_with_a_changed_byte_holds_what_came_before_it(torn: Path, tmp_path: Path):
    wal = bytearray((torn / "journal.sqlite3-wal").read_bytes())
    wal[len(wal) // 2] ^= 0xFF

    path = laid_out(torn, tmp_path / "changed", bytes(wal))

    assert 0 < len(read(path)) < 12
    assert appended(path).seq == len(read(path))


def test_a_journal_cut_off_before_its_tables_were_made_is_begun_anew(tmp_path: Path):
    path = tmp_path / "journal.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    assert path.stat().st_size > 0

    with pytest.raises(NoJournal):
        SqlStore.open_read_only(path, "main")
    first = appended(path)

    assert (first.seq, first.prev) == (1, Head().hash)
    assert read(path) == (first,)


@pytest.mark.parametrize("room_bytes", [100_000, 150_001])
def test_on_a_full_disk_an_append_is_a_fault_and_with_room_again_nothing_is_lost(
    tmp_path: Path, room_bytes: int
):
    path = tmp_path / "journal.sqlite3"
    command = [sys.executable, "-c", FILLER, str(path), str(room_bytes)]

    faults = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout

    assert faults == b"3\n"
    assert len(read(path)) == 400
