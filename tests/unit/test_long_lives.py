"""A process that stays up holds the last days in memory, and says what it would with all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import services.journal.journal
from commands.composition import Panels
from monitor.day import day_summary, summary_of
from monitor.trail import Follower
from services.clock import VirtualClock
from services.domain.events import Event, Halt, HaltCause, Outcome
from services.journal.account import Account
from services.journal.journal import Journal
from services.journal.sql_store import SqlStore
from tests.command_line import call
from tests.monitor_journal import MON, TUE, WED, A, JournalByHand

CLOCK = VirtualClock(datetime(2026, 8, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the demo's week: twenty sessions on five days."""
    folder = tmp_path_factory.mktemp("week")
    assert (
        call("--mode", "paper", "--frequency", "hourly", "--demo", "--no-report", "--data-dir", folder).code
        == 0
    )
    return folder


@pytest.fixture
def store(data: Path) -> Iterator[SqlStore]:
    with closing(SqlStore.open_read_only(data / "main/journal.sqlite3", "main")) as found:
        yield found


def journal_of(store: SqlStore, data: Path, *listeners, lets_go: bool) -> Journal:
    read = store.between if lets_go else None
    return Journal(store, "main", CLOCK, Panels(data / "panels").get, listeners, read)


def test_a_journal_that_lets_go_is_the_same_journal(
    store: SqlStore, data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(services.journal.journal, "SESSIONS_HELD", 3)
    whole = journal_of(store, data, lets_go=False)

    short = journal_of(store, data, lets_go=True)

    assert len(short.recent) < 100 < len(whole.recent)
    assert list(short.events) == whole.events
    assert list(reversed(short.events)) == whole.events[::-1]
    assert short.account.book == whole.account.book
    assert list(short.account.sessions) == list(whole.account.sessions)
    for event in whole.events[::7]:
        assert short.find(event.session, event.step) == event
        assert short.holds(event.session, event.step)
    beside = [event for event in whole.events if not event.session]
    assert len(beside) > 2
    assert [short.find("", event.step) for event in beside] == beside
    assert short.find("", "no such step") is None
    assert short.find("no such session", "opened") is None
    assert not short.holds(whole.events[5].session, "no such step")


def test_sessions_long_over_let_go_of_their_books(
    store: SqlStore, data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(services.journal.journal, "SESSIONS_HELD", 3)

    states = list(journal_of(store, data, lets_go=True).account.sessions.values())

    assert not any(state.books or state.opening.holdings() for state in states[:-4])
    assert len({id(state.opened.versions) for state in states[:-4]}) == 1
    assert states[-1].opening.holdings()


def test_a_days_summary_is_the_same_whether_all_was_held_or_the_last_days(
    store: SqlStore, data: Path, monkeypatch: pytest.MonkeyPatch
):
    """After each day, as the desk of alerts makes it, against the one made of the whole journal."""
    monkeypatch.setattr(services.journal.journal, "SESSIONS_HELD", 8)
    trail, so_far, days = Follower(vendor_prices=True, days_held=2), list[Event](), list[object]()

    def listen(event: Event, value: object, account: Account) -> None:
        so_far.append(event)
        trail.listen(event, value, account)
        last = account.last_session
        if (
            event.step != "closed"
            or last is None
            or not last.opened.session.startswith(f"{last.opened.day:%Y%m%d}-1505")
        ):
            return
        journal = whole
        day = last.opened.day
        held = tuple(so_far[-150:])
        made = summary_of(trail.so_far(), held, day, value_of=journal.value)
        assert made == day_summary(tuple(so_far), day, value_of=journal.value)
        days.append(day)

    whole = journal_of(store, data, lets_go=False)
    journal_of(store, data, listen, lets_go=True)

    assert len(days) == 5
    assert len(trail.trail.sessions) <= 8
    assert len(trail.trail.marks) < 15


def test_a_halt_laid_after_days_were_let_go_is_told() -> None:
    made, follower, account = JournalByHand(), Follower(vendor_prices=True, days_held=2), Account()
    made.genesis()
    for day in (MON, TUE, WED, WED + timedelta(days=1)):
        made.open(day)
        if day > WED:
            made.write("halt:a", Halt(symbol=A, why="laid on the last day", cause=HaltCause.PERSON))
        made.close(Outcome.NO_TRADE)

    for event in made.events:
        value = made.value(event)
        account.apply(event, value)
        follower.listen(event, value, account)

    assert [one.halt.why for one in follower.so_far().risk.halts] == ["laid on the last day"]
