"""A journal followed while another process writes it: what is new, what was undone, what is gone."""

from __future__ import annotations

import shutil
from datetime import UTC
from pathlib import Path

import pytest

from services.clock import VirtualClock
from services.domain.events import Halt, HaltCause, Lift, Outcome
from services.journal import tail as tail_module
from services.journal.database import NoJournal
from services.journal.sql_store import SqlStore
from services.journal.tail import JournalTail
from services.ports import JournalFault
from tests.watched_world import LivingAccount, at

SYMBOL = "600519.SH"


@pytest.fixture
def account(tmp_path: Path) -> LivingAccount:
    return LivingAccount(tmp_path / "data", VirtualClock(at("09:00:00")))


def tail_of(tmp_path: Path) -> JournalTail:
    return JournalTail(tmp_path / "data" / "main" / "journal.sqlite3", "main")


def test_sessions_are_told_as_they_begin_and_end(account: LivingAccount, tmp_path: Path):
    tail = tail_of(tmp_path)
    tail.catch_up()
    assert (tail.told.genesis is not None, tail.told.sessions) == (True, {})

    account.session(at("10:35:00"))
    account.session(at("11:35:00"), Outcome.MISSED)
    tail.catch_up()

    assert tail.told.sessions == {
        at("10:35:00").astimezone(UTC): Outcome.DONE,
        at("11:35:00").astimezone(UTC): Outcome.MISSED,
    }
    assert set(tail.told.ended_at.values()) == {account.clock.now()}


def test_a_halt_is_told_with_its_moment_until_it_is_lifted(account: LivingAccount, tmp_path: Path):
    tail = tail_of(tmp_path)
    account.write("halt:1", Halt(symbol=SYMBOL, why="me", cause=HaltCause.PERSON))
    account.clock.jump(at("09:30:00"))
    account.write("halt:2", Halt(symbol=SYMBOL, why="unknown", cause=HaltCause.UNRESOLVED))
    account.clock.jump(at("09:40:00"))
    account.write("halt:3", Halt(symbol=SYMBOL, why="me again", cause=HaltCause.PERSON))
    tail.catch_up()

    (held,) = tail.told.halts.values()
    assert held.why == "unknown"  # The stricter one counts.
    assert list(tail.told.halted_at.values()) == [at("09:30:00").astimezone(UTC)]
    account.write("lift:1", Lift(symbol=SYMBOL, why="found"))
    tail.catch_up()
    assert (tail.told.halts, tail.told.halted_at) == ({}, {})


def test_old_sessions_are_forgotten(account: LivingAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tail_module, "_SESSIONS_KEPT", 2)
    for hour in (10, 11, 12):
        account.session(at(f"{hour}:00:00"))
    tail = tail_of(tmp_path)

    tail.catch_up()

    assert list(tail.told.sessions) == [at(f"{hour}:00:00").astimezone(UTC) for hour in (11, 12)]


def test_where_there_is_no_journal_that_is_said(tmp_path: Path):
    with pytest.raises(NoJournal):
        tail_of(tmp_path).catch_up()


def test_an_account_that_is_not_in_it_is_no_journal_of_its_own(account: LivingAccount, tmp_path: Path):
    with pytest.raises(NoJournal):
        JournalTail(tmp_path / "data" / "main" / "journal.sqlite3", "another").catch_up()


def test_a_journal_set_back_is_told_once_and_then_followed_anew(account: LivingAccount, tmp_path: Path):
    path = tmp_path / "data" / "main" / "journal.sqlite3"
    account.close()
    shutil.copyfile(path, tmp_path / "backup")
    store = SqlStore.open(path, "main")
    store.close()
    again = LivingAccount(tmp_path / "data", VirtualClock(at("10:00:00")))
    again.session(at("10:35:00"))
    again.close()
    tail = tail_of(tmp_path)
    tail.catch_up()
    shutil.copyfile(tmp_path / "backup", path)

    with pytest.raises(JournalFault):
        tail.catch_up()

    tail.catch_up()
    assert (tail.told.genesis is not None, tail.told.sessions) == (True, {})


def test_events_that_were_rewritten_are_told(account: LivingAccount, tmp_path: Path):
    tail = tail_of(tmp_path)
    tail.catch_up()
    account.close()
    shutil.rmtree(tmp_path / "data")
    LivingAccount(tmp_path / "data", VirtualClock(at("09:00:01"))).session(at("10:35:00"))

    with pytest.raises(JournalFault):
        tail.catch_up()


def test_a_file_that_is_no_database_is_a_fault(account: LivingAccount, tmp_path: Path):
    account.close()
    path = tmp_path / "data" / "main" / "journal.sqlite3"
    path.write_bytes(b"x" * 4096)

    with pytest.raises(JournalFault):
        tail_of(tmp_path).catch_up()
