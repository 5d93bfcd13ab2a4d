"""An account as one file: taken while it is open, put back where it is gone, refused where it is damaged."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from services.journal.sql_store import SqlStore
from tests.command_line import call, trail

DEMO = ("--mode", "paper", "--frequency", "hourly", "--demo", "--no-report", "--end", "2026-07-14", "--json")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("backed-up")
    assert call(*DEMO, "--data-dir", data).code == 0
    return data


@pytest.fixture
def archive(account: Path, tmp_path: Path) -> Path:
    made = call("backup", "--data-dir", account, "--to", tmp_path / "kept", "--json")
    assert made.code == 0
    return Path(str(made.json["file"]))


def test_a_restored_account_is_the_account(account: Path, archive: Path, tmp_path: Path):
    put_back = call("restore", archive, "--data-dir", tmp_path / "new", "--json")

    assert put_back.code == 0
    assert trail(tmp_path / "new") == trail(account)
    assert call("verify", "--data-dir", tmp_path / "new", "--json").json["problems"] == []
    assert call("replay", "all", "--data-dir", tmp_path / "new", "--json").json["differing"] == []
    assert (tmp_path / "new/main/exchange.sqlite3").exists()


def test_a_restored_account_goes_on(archive: Path, tmp_path: Path):
    assert call("restore", archive, "--data-dir", tmp_path / "new").code == 0

    again = call(*DEMO, "--data-dir", tmp_path / "new")

    assert again.code == 0
    assert call("verify", "--data-dir", tmp_path / "new").code == 0


def test_an_account_is_copied_while_its_writer_has_it_open(account: Path, tmp_path: Path):
    data = tmp_path / "data"
    shutil.copytree(account, data)
    with closing(SqlStore.open(data / "main/journal.sqlite3", "main")) as writer:
        writer.take_fence()  # It lies in the -wal beside the file now.
        before = {
            path: path.read_bytes()
            for path in (data / "main").glob("journal*")
            if path.suffix != ".sqlite3-shm"
        }

        made = call("backup", "--data-dir", data, "--to", tmp_path / "kept", "--json")

        assert made.code == 0
        assert made.json["events"] == writer.head().seq
        assert {
            path: path.read_bytes()
            for path in (data / "main").glob("journal*")
            if path.suffix != ".sqlite3-shm"
        } == before


def _written(data: Path) -> list[bytes]:
    """Return the journal's file and its -wal; the -shm beside them is scratch paper."""
    return [(data / f"main/journal.sqlite3{suffix}").read_bytes() for suffix in ("", "-wal")]


def test_a_copy_is_begun_anew_where_the_account_wrote_meanwhile(account: Path, tmp_path: Path):
    from commands.backup import _one_moment
    from commands.folders import AccountFolder

    store_at = account / "main/journal.sqlite3"
    with closing(SqlStore.open_read_only(store_at, "main")) as store:
        heads = iter([store.head().__class__(seq=1), *[store.head()] * 9])
        asked: list[int] = []

        class Busy:
            """A store whose head moved between the first two looks."""

            def head(self):
                asked.append(1)
                return next(heads)

            def events(self):
                return store.events()

            def body(self, digest: str):
                return store.body(digest)

        head = _one_moment(Busy(), AccountFolder(account, "main"), store_at, tmp_path)

        assert head == store.head()
        assert len(asked) == 3  # Once and wrong, then before and after the second copy.


def test_a_trail_that_is_behind_its_journal_is_completed_in_the_copy(account: Path, tmp_path: Path):
    data = tmp_path / "data"
    shutil.copytree(account, data)
    there = data / "main/position/position.jsonl"
    there.write_bytes(there.read_bytes()[:-40])
    torn = there.read_bytes()

    made = call("backup", "--data-dir", data, "--to", tmp_path / "kept", "--json")

    assert made.code == 0
    assert there.read_bytes() == torn
    call("restore", str(made.json["file"]), "--data-dir", tmp_path / "new")
    assert trail(tmp_path / "new") == trail(account)


def test_a_changed_account_is_not_taken_for_a_good_backup(account: Path, tmp_path: Path):
    data = tmp_path / "data"
    shutil.copytree(account, data)
    there = data / "main/position/position.jsonl"
    there.write_bytes(there.read_bytes().replace(b'"CASH"', b'"CASh"', 1))

    made = call("backup", "--data-dir", data, "--to", tmp_path / "kept")

    assert made.code == 3
    assert not list((tmp_path / "kept").glob("*"))


def test_an_account_that_is_there_is_not_touched_by_a_restore(account: Path, archive: Path):
    before = trail(account)

    refused = call("restore", archive, "--data-dir", account)

    assert refused.code == 2
    assert trail(account) == before


def test_a_backup_of_another_account_is_refused_by_name(archive: Path, tmp_path: Path):
    refused = call("restore", archive, "--data-dir", tmp_path / "new", "--account", "other")

    assert refused.code == 2
    assert "--account main" in refused.err
    assert not (tmp_path / "new/other").exists()


@pytest.mark.parametrize("cut", [0.05, 0.5, 0.95])
def test_a_torn_backup_puts_nothing_back(archive: Path, tmp_path: Path, cut: float):
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * cut)])

    refused = call("restore", archive, "--data-dir", tmp_path / "new")

    assert refused.code == 3
    assert "Traceback" not in refused.err
    assert list((tmp_path / "new").iterdir()) == []


def _with(archive: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> None:
    """Write the archive anew, each part as `change` has it."""
    out = io.BytesIO()
    with tarfile.open(archive) as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            content = old.extractfile(member)
            part = change(member.name, content.read() if content else b"")
            if part is not None:
                member.name, member.size = part[0], len(part[1])
                new.addfile(member, io.BytesIO(part[1]))
    archive.write_bytes(gzip.compress(out.getvalue()))


def _renamed(name: str, body: bytes, to: str) -> tuple[str, bytes]:
    """Return a part of a backup whose maker gave the ledger another name, in the manifest too."""
    body = body.replace(b"account/exchange", to.encode()) if name == "manifest.json" else body
    return name.replace("account/exchange", to), body


@pytest.mark.parametrize(
    "change",
    [
        lambda name, body: (name, body[:-1] + b"#" if name.endswith("exchange.sqlite3") else body),
        lambda name, body: _renamed(name, body, "../../exchange"),
        lambda name, body: _renamed(name, body, "/tmp/exchange"),
        lambda name, body: (name.replace("account/exchange", "account/elsewhere"), body),
        lambda name, body: None if name.endswith("exchange.sqlite3") else (name, body),
        lambda name, body: None if name == "manifest.json" else (name, body),
        lambda name, body: (name, b"{}" if name == "manifest.json" else body),
        lambda name, body: (
            name, body.replace(b'"format":1', b'"format":2') if name == "manifest.json" else body
        ),
    ],
    ids=["changed", "climbs-out", "absolute", "unnamed", "missing", "no-manifest", "empty-manifest", "newer"],
)  # fmt: skip
def test_a_damaged_backup_puts_nothing_back(archive: Path, tmp_path: Path, change):
    _with(archive, change)

    refused = call("restore", archive, "--data-dir", tmp_path / "new")

    assert refused.code == 3
    assert list((tmp_path / "new").iterdir()) == []
    assert not (tmp_path / "exchange.sqlite3").exists()


def test_no_such_backup_is_said_in_one_line(tmp_path: Path):
    refused = call("restore", tmp_path / "none.tar.gz", "--data-dir", tmp_path / "new")

    assert refused.code == 3
    assert refused.err.count("\n") == 1


def test_only_the_newest_backups_of_the_account_are_kept(account: Path, tmp_path: Path):
    kept = tmp_path / "kept"
    kept.mkdir()
    older = [kept / f"kaipan-main-2025010{day}T000000Z.tar.gz" for day in (1, 2, 3)]
    other = kept / "kaipan-main-2-20250101T000000Z.tar.gz"
    for path in (*older, other):
        path.touch()

    made = call("backup", "--data-dir", account, "--to", kept, "--keep", "2", "--json")

    assert made.json["removed"] == [str(path) for path in older[:2]]
    assert sorted(kept.iterdir()) == sorted([older[2], other, Path(str(made.json["file"]))])


def test_a_folder_that_cannot_be_written_is_named(account: Path, tmp_path: Path):
    (tmp_path / "file").touch()

    refused = call("backup", "--data-dir", account, "--to", tmp_path / "file" / "kept")

    assert refused.code == 3
    assert str(tmp_path / "file" / "kept") in refused.err
