"""The journal's moment is the latest there was: what lives by it does not go back with a clock."""

from __future__ import annotations

from datetime import timedelta

from services.clock import ReplayClock
from services.domain.bars import Panel
from services.domain.events import Asked
from services.journal.journal import Journal
from services.journal.memory_store import MemoryStore
from tests.unit.world import MON, at


def no_panel(digest: str) -> Panel:
    raise LookupError(digest)


def test_a_clock_set_back_does_not_bring_the_journals_moment_back():
    store, clock = MemoryStore(), ReplayClock(at(MON, "10:00"))
    journal = Journal(store, "main", clock, no_panel)
    moments = []

    assert journal.moment is None
    for hours in (0, -1, 0.5):
        clock.show(at(MON, "10:00") + timedelta(hours=hours))
        journal.write("", f"asked:{hours}", Asked(command="look", args={}))
        moments.append(journal.moment)

    assert moments == [at(MON, "10:00"), at(MON, "10:00"), at(MON, "10:30")]
    # The record itself tells the clock's own time.
    assert [event.at[11:16] for event in journal.events] == ["02:00", "01:00", "02:30"]
    assert Journal(store, "main", clock, no_panel).moment == at(MON, "10:30")


def test_a_process_started_after_its_clock_was_set_back_knows_the_latest_moment():
    store, clock = MemoryStore(), ReplayClock(at(MON, "10:00"))
    first = Journal(store, "main", clock, no_panel)
    first.write("", "asked:1", Asked(command="look", args={}))
    clock.show(at(MON, "09:00"))
    first.write("", "asked:2", Asked(command="look", args={}))

    again = Journal(store, "main", clock, no_panel)

    assert again.moment == at(MON, "10:00")
