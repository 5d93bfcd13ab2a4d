"""Who is told of a journal's events: listeners in their order, by type where they name types."""

from __future__ import annotations

from services.clock import VirtualClock
from services.domain.bars import Panel
from services.domain.events import Asked, RunFinished
from services.journal.journal import Journal, Listener
from services.journal.memory_store import MemoryStore
from tests.unit.world import MON, at


def no_panel(digest: str) -> Panel:
    raise LookupError(digest)


def told_of(*listeners: Listener, store: MemoryStore | None = None) -> Journal:
    return Journal(store or MemoryStore(), "main", VirtualClock(at(MON, "10:00")), no_panel, listeners)


def test_a_listener_that_names_types_is_told_of_those_alone_and_in_its_turn():
    told: list[str] = []
    journal = told_of(
        lambda event, _value, _account: told.append(f"first {event.step}"),
        {Asked: lambda event, value, _account: told.append(f"named {event.step} {value.command}")},
        lambda event, _value, _account: told.append(f"last {event.step}"),
    )

    journal.write("", "one", Asked(command="look", args={}))
    journal.write("", "two", RunFinished(sessions=0, last=""))
    journal.write("", "three", Asked(command="pause", args={}))

    assert told == [
        "first one", "named one look", "last one",
        "first two", "last two",
        "first three", "named three pause", "last three",
    ]  # fmt: skip


def test_a_listener_that_names_types_hears_what_was_there_before_it_too_with_the_account_after_it():
    store, told = MemoryStore(), list[object]()
    one, two = RunFinished(sessions=1, last="one"), RunFinished(sessions=2, last="two")
    told_of(store=store).write("", "one", one)

    journal = told_of(
        {RunFinished: lambda event, value, account: told.append((event.seq, value, account.finished))},
        store=store,
    )
    journal.write("", "two", two)

    assert told == [(1, one, one), (2, two, two)]


def test_an_event_of_a_type_that_nobody_named_is_written_all_the_same():
    told: list[object] = []
    journal = told_of({Asked: lambda _event, value, _account: told.append(value)})

    journal.write("", "finished", RunFinished(sessions=0, last=""))

    assert told == []
    assert [event.kind for event in journal.events] == ["run_finished"]
