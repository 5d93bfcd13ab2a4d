"""A watch of an account whose journal lies in PostgreSQL."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

from services.clock import VirtualClock
from services.domain.events import Outcome
from services.domain.inbox import Taken
from services.journal.database import NoJournal
from services.journal.inbox import Inboxes
from services.journal.tail import JournalTail
from services.ports import JournalFault
from tests.command_line import call
from tests.watched_world import LivingAccount, at


def test_a_journal_on_a_server_is_followed(tmp_path: Path, new_database: Callable[[], str]):
    where = new_database()
    with pytest.raises(NoJournal):
        JournalTail(where, "main").catch_up()
    account = LivingAccount(tmp_path / "data", VirtualClock(at("09:00:00")), where=where)
    tail = JournalTail(where, "main")
    tail.catch_up()

    account.session(at("10:35:00"))
    tail.catch_up()
    account.close()

    assert tail.told.sessions == {at("10:35:00").astimezone(UTC): Outcome.DONE}


def test_a_server_that_is_not_there_is_a_fault():
    with pytest.raises(JournalFault):
        JournalTail("postgresql://nobody@127.0.0.1:1/nothing", "main").catch_up()


def test_every_account_of_a_database_is_watched(tmp_path: Path, new_database: Callable[[], str]):
    where = new_database()
    account = LivingAccount(tmp_path / "data", VirtualClock(at("09:00:00", "2026-11-16")), where=where)
    account.beat()
    account.close()
    config = tmp_path / "kaipan.yaml"
    config.write_text(f'journal_url: "{where}"\ndata_dir: {tmp_path / "data"}\n', encoding="utf-8")

    done = call("watchdog", "--all", "--once", "--config", config, "--json")

    # Its last word is of a day long past.
    assert done.code == 2
    (seen,) = done.json["accounts"]
    assert seen["account"] == "main"
    assert "beat" in {one["what"] for one in seen["findings"]}
    with closing(Inboxes(where, "main", read_only=True)) as inboxes:
        assert inboxes.unread(Taken()) == ()
    gc.collect()  # A connection that nobody gave back is found now, and fails the test.
