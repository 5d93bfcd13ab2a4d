"""A session that was let go of, and is written to again: nothing of it counts as not recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from weakref import ref

import pytest

import services.journal.journal
from services.clock import VirtualClock
from services.domain.events import Closed, Event, FaultRecord, Opened, Outcome
from services.domain.orders import SessionId
from services.journal.journal import Journal
from services.journal.memory_store import MemoryStore
from tests.exchange_market import MAIN, MON, TUE, at
from tests.unit.test_settling import muted, setup_with
from tests.unit.world import HOLD, answer, order

START = datetime(2026, 7, 13, 1, 35, tzinfo=UTC)


def journal_of(store: MemoryStore) -> Journal:
    def read(first: int, last: int) -> Sequence[Event]:
        return list(store.events())[first - 1 : last]

    return Journal(store, "main", VirtualClock(START), lambda _digest: pytest.fail("no panel"), read=read)


def lived(count: int, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """Return a journal that has let go of all but the last two of so many sessions."""
    monkeypatch.setattr(services.journal.journal, "SESSIONS_HELD", 2)
    journal = journal_of(MemoryStore())
    live(journal, range(count))
    return journal


def live(journal: Journal, numbers: Iterable[int]) -> None:
    """Begin and close sessions of these numbers."""
    for number in numbers:
        name = SessionId(f"s{number}")
        opened = Opened(
            session=name,
            day=START.date(),
            at="",
            slot=START + timedelta(hours=number),
            mode="paper",
            agent="rule",
            versions={},
            config_hash="",
        )
        journal.write(name, "opened", opened)
        journal.write(name, "closed", Closed(outcome=Outcome.NO_TRADE, reason=""))


def test_what_was_recorded_before_is_found_after_a_late_event_of_the_same_session(
    monkeypatch: pytest.MonkeyPatch,
):
    journal = lived(6, monkeypatch)
    assert len(journal.recent) < 6

    journal.write("s0", "late", FaultRecord(door="broker", asked="orders", why="late"))

    found = journal.find("s0", "opened")
    assert found is not None
    assert found.seq == 1
    assert journal.holds("s0", "closed")
    assert journal.holds("s0", "late")


def test_a_log_from_before_its_session_was_let_go_of_finds_all_that_was_written_before_and_since(
    monkeypatch: pytest.MonkeyPatch,
):
    journal = lived(1, monkeypatch)
    log = journal.log("s0")
    live(journal, range(1, 6))

    journal.write("s0", "late", FaultRecord(door="broker", asked="orders", why="late"))

    assert [step for step in ("opened", "closed", "late", "never") if log.has(step)] == [
        "opened",
        "closed",
        "late",
    ]
    assert log.close(Outcome.NO_TRADE) == Closed(outcome=Outcome.NO_TRADE)
    assert journal.events[-1].step == "late"


def test_a_session_is_at_hand_until_nothing_of_it_is_open(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(services.journal.journal, "SESSIONS_HELD", 1)
    live = setup_with(muted(), answer(order("buy", MAIN, 100)), HOLD, HOLD, HOLD).open()
    for moment in (at(MON, "10:35"), at(MON, "14:05"), at(TUE, "10:35"), at(TUE, "14:05")):
        live.tick(moment)
    reads: list[int] = []

    def read(first: int, last: int) -> Sequence[Event]:
        reads.append(first)
        return live.journal.events[first - 1 : last]

    there = live.journal
    journal = Journal(there._store, "main", VirtualClock(START), there._panel_of, read=read)
    unresolved, over, *_ = journal.account.sessions
    whole = [1, len(there.events) + 1]

    assert journal.holds(unresolved, "opened")
    assert reads == whole
    assert journal.holds(over, "opened")
    assert len(reads) > len(whole)


def test_a_journal_that_nobody_holds_is_gone_at_once():
    """One that waited for the collector of cycles would lie beside that of the next run."""
    journal = journal_of(MemoryStore())
    seen = ref(journal)

    del journal

    assert seen() is None
