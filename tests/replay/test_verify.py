"""Whatever is changed, cut, swapped or taken away in a finished account, `verify` names it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from commands.folders import AccountFolder
from services.journal.schema import EVENT_COLUMNS
from services.settings import Settings
from tests.replay.finished import TWO_DAYS, copied, lived, ran, settings_in, verified

LONG = json.dumps({"rationale": "a long thought " * 400, "orders": []})
BUY = json.dumps(
    {
        "rationale": "buy",
        "orders": [{"symbol": "605901.SH", "side": "buy", "shares": 1000, "limit_price": None, "reason": ""}],
    }
)
SELL = BUY.replace('"buy"', '"sell"')
SCRIPT = (BUY, LONG, "no JSON", LONG, SELL)


@pytest.fixture(scope="module", params=["paper", "backtest"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp(request.param)
    script = folder / "script.jsonl"
    script.write_text("".join(json.dumps(one) + "\n" for one in SCRIPT))
    settings = settings_in(folder / "data", mode=request.param, agent_type=f"scripted:{script}")
    return ran(settings, demo=True, start=TWO_DAYS[0], end=TWO_DAYS[1])


@pytest.fixture
def account(whole: Settings, tmp_path: Path) -> Account:
    return Account(copied(whole, tmp_path / "copy"))


class Account:
    """A copy of a finished account, and the ways to damage it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = AccountFolder(settings.data_dir, settings.account)

    def sql(self, statement: str, *values: object) -> int:
        with closing(sqlite3.connect(self.folder.journal, isolation_level=None)) as connection:
            return connection.execute(statement, values).rowcount

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder.journal}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    @property
    def events(self) -> int:
        (row,) = self.ask("SELECT count(*) FROM events")
        return int(str(row[0]))

    def lines(self) -> list[bytes]:
        return self.folder.audit.read_bytes().splitlines(keepends=True)

    def write(self, lines: list[bytes]) -> None:
        self.folder.audit.write_bytes(b"".join(lines))

    def problems(self) -> list[str]:
        """Return the records `verify` names; it must end with 1."""
        code, said = verified(self.settings)
        assert (code, said["ok"]) == (1, False)
        return [one["record"] for one in said["problems"]]


def test_a_whole_account_verifies_and_replays(account):
    code, said = verified(account.settings)

    assert (code, said["ok"], said["problems"]) == (0, True, [])
    assert said["events"] == account.events
    assert said["audit_lines"] == len(account.lines())
    assert [one for one in lived(account.settings) if one.differences] == []


def test_verify_changes_no_byte(account):
    before = {path: path.read_bytes() for path in account.folder.data_dir.rglob("*") if path.is_file()}

    verified(account.settings)
    account.sql("UPDATE events SET at = at || 'x' WHERE seq = 3")
    damaged = {path: path.read_bytes() for path in account.folder.data_dir.rglob("*") if path.is_file()}
    verified(account.settings)

    after = {path: path.read_bytes() for path in account.folder.data_dir.rglob("*") if path.is_file()}
    assert after == damaged
    assert set(before) == set(after)


OTHER_VALUE = {"seq": "seq + 1000", "version": "version + 1"}


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("column", EVENT_COLUMNS)
def test_a_changed_column_of_an_event_is_named(account, column, place):
    seq = {"first": 1, "middle": account.events // 2, "last": account.events}[place]
    changed = OTHER_VALUE.get(column, f"substr({column}, 1, length({column}) - 1) || '~'")
    assert account.sql(f"UPDATE events SET {column} = {changed} WHERE seq = ?", seq) == 1

    named = account.problems()

    # A row of another account is no row of this one: it is missing.
    assert any(record in (f"event {seq}", f"event {seq + 1000}") for record in named), named


def test_one_changed_letter_of_any_event_is_named(account):
    rows = account.ask("SELECT seq, body FROM events WHERE length(body) > 4")
    for seq, body in rows[:: max(1, len(rows) // 12)]:
        text = str(body)
        middle = len(text) // 2
        changed = text[:middle] + ("0" if text[middle] != "0" else "1") + text[middle + 1 :]
        account.sql("UPDATE events SET body = ? WHERE seq = ?", changed, seq)

        assert f"event {seq}" in account.problems()

        account.sql("UPDATE events SET body = ? WHERE seq = ?", text, seq)
    code, _ = verified(account.settings)
    assert code == 0


def test_a_deleted_event_is_named(account):
    for seq in (1, 2, account.events // 2, account.events - 1):
        (row,) = account.ask(f"SELECT * FROM events WHERE seq = {seq}")
        account.sql("DELETE FROM events WHERE seq = ?", seq)

        assert f"event {seq}" in account.problems()

        account.sql(f"INSERT INTO events VALUES ({', '.join('?' * len(row))})", *row)


def test_a_cut_tail_of_the_journal_is_named(account):
    last = account.events
    account.sql("DELETE FROM events WHERE seq > ?", last - 3)

    assert f"event {last - 2}" in account.problems()


def test_swapped_events_are_named(account):
    account.sql("UPDATE events SET seq = -1 WHERE seq = 5")
    account.sql("UPDATE events SET seq = 5 WHERE seq = 6")
    account.sql("UPDATE events SET seq = 6 WHERE seq = -1")

    assert "event 5" in account.problems()


def test_an_added_event_is_named(account):
    last = account.events
    account.sql(
        "INSERT INTO events SELECT seq + 1, account, 'x', 'y', kind, version, at, body, hash, hash "
        "FROM events WHERE seq = ?",
        last,
    )

    assert f"event {last + 1}" in account.problems()


def test_a_tail_cut_from_journal_head_and_audit_alike_is_named(account):
    # The head is moved with the journal, so that its chain holds; the audit trail has a line too many.
    # Whoever cuts all three to one point leaves a shorter account that is whole: only a copy tells.
    closed = account.ask("SELECT seq, session FROM events WHERE step = 'closed' ORDER BY seq LIMIT 4")
    seq, left = closed[-1][0], {None, *(session for _, session in closed)}
    account.sql("DELETE FROM events WHERE seq > ?", seq)
    account.sql("UPDATE heads SET seq = ?, hash = (SELECT hash FROM events WHERE seq = ?)", seq, seq)
    lines = account.lines()
    account.write(lines[:-1])

    too_many = sum(json.loads(line)["session_id"] in left for line in lines)
    assert f"position.jsonl line {too_many}" in account.problems()


def test_a_changed_or_missing_head_is_named(account):
    last = account.events
    account.sql("UPDATE heads SET hash = ?", "0" * 64)
    assert f"event {last}" in account.problems()
    account.sql("DELETE FROM heads")
    assert "event 1" in account.problems()


def test_a_changed_stored_body_is_named(account):
    rows = account.ask("SELECT hash, body FROM bodies")
    assert len(rows) >= 1
    for digest, body in rows:
        content = bytes(body)  # type: ignore[call-overload]  # A column of bytes.
        for changed in (content[:-1] + b"~", b"~" + content[1:], content[:-1], content + b" ", b""):
            account.sql("UPDATE bodies SET body = ? WHERE hash = ?", changed, digest)

            assert any(str(digest) in record for record in account.problems())

        account.sql("UPDATE bodies SET body = ? WHERE hash = ?", content, digest)
    code, _ = verified(account.settings)
    assert code == 0


def test_a_deleted_renamed_or_foreign_body_is_named(account):
    digest = str(account.ask("SELECT hash FROM bodies")[0][0])

    account.sql("INSERT INTO bodies VALUES (?, ?)", "f" * 64, b"foreign")
    assert any("f" * 64 in record for record in account.problems())
    account.sql("DELETE FROM bodies WHERE hash = ?", "f" * 64)
    account.sql("UPDATE bodies SET hash = ? WHERE hash = ?", "e" * 64, digest)
    assert any(digest in record for record in account.problems())
    account.sql("DELETE FROM bodies")
    assert any(digest in record for record in account.problems())


def test_a_changed_byte_anywhere_in_the_stored_panel_is_named(account):
    (path,) = account.folder.panels.glob("*.panel")
    content = path.read_bytes()
    for position in (0, 100, len(content) // 3, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])

        assert any(path.stem in record for record in account.problems())

    path.write_bytes(content[:-8])
    assert any(path.stem in record for record in account.problems())
    path.unlink()
    assert any(path.stem in record for record in account.problems())


def test_a_changed_byte_in_any_line_of_the_audit_trail_is_named(account):
    lines = account.lines()
    assert len(lines) >= 8
    for number, line in enumerate(lines):
        for position in (1, len(line) // 3, len(line) // 2, len(line) - 10, len(line) - 2):
            changed = line[:position] + bytes([line[position] ^ 1]) + line[position + 1 :]
            account.write([*lines[:number], changed, *lines[number + 1 :]])

            assert f"position.jsonl line {number}" in account.problems()


DAMAGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int]] = {
    "deleted": (lambda lines: lines[:3] + lines[4:], 3),
    "first deleted": (lambda lines: lines[1:], 0),
    "last deleted": (lambda lines: lines[:-1], -1),
    "swapped": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 3),
    "doubled": (lambda lines: [*lines[:3], lines[2], *lines[3:]], 3),
    "cut in the middle": (lambda lines: [*lines[:3], lines[3][:40] + b"\n", *lines[4:]], 3),
    "tail cut within a line": (lambda lines: [*lines[:-1], lines[-1][:40]], -1),
    "newline missing": (lambda lines: [*lines[:-1], lines[-1][:-1]], -1),
    "two lines joined": (lambda lines: [*lines[:3], lines[3][:-1], *lines[4:]], 3),
    "empty line": (lambda lines: [*lines[:3], b"\n", *lines[3:]], 3),
    "spaces added": (lambda lines: [*lines[:3], lines[3][:-1] + b" \n", *lines[4:]], 3),
    "windows line ends": (lambda lines: [line[:-1] + b"\r\n" for line in lines], 0),
    "everything gone": (lambda lines: [], 0),
    "not JSON": (lambda lines: [*lines[:3], b"\xff\xfe\n", *lines[4:]], 3),
    "a number": (lambda lines: [*lines[:3], b"1\n", *lines[4:]], 3),
    "no object": (lambda lines: [*lines[:3], b'{"hash":7}\n', *lines[4:]], 3),
    "line added": (lambda lines: [*lines, lines[-1]], 0),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_audit_trail_is_named_by_its_line(account, damage):
    change, number = DAMAGES[damage]
    lines = account.lines()
    number = len(lines) if damage == "line added" else number % len(lines)
    account.write(change(lines))

    assert f"position.jsonl line {number}" in account.problems()


def test_a_forged_line_with_a_fresh_chain_is_found_against_the_journal(account):
    from services.journal.audit import line_hash

    forged: list[bytes] = []
    prev = "0" * 64
    for number, line in enumerate(account.lines()):
        fields = json.loads(line)
        unhashed = line[: line.rindex(b',"hash":"')].replace(fields["prev"].encode(), prev.encode()) + b"}"
        if number == 2:
            unhashed = unhashed.replace(b'"mode"', b'"mode" ', 1)
        prev = line_hash(unhashed)
        forged.append(unhashed[:-1] + b',"hash":"' + prev.encode() + b'"}\n')
    account.write(forged)

    assert "position.jsonl line 2" in account.problems()


def test_a_missing_audit_trail_is_named(account):
    account.folder.audit.unlink()

    assert "position.jsonl line 0" in account.problems()


def test_a_finished_run_leaves_no_file_of_the_database_beside_the_journal(whole):
    folder = AccountFolder(whole.data_dir, whole.account).root

    assert [path.name for path in folder.glob("journal.sqlite3*")] == ["journal.sqlite3"]


def test_a_torn_database_page_is_named(account):
    content = bytearray(account.folder.journal.read_bytes())
    page = 4096
    for position in range(page * 3, page * 3 + 64):
        content[position] ^= 0xFF
    account.folder.journal.write_bytes(bytes(content))

    assert account.problems() != []
