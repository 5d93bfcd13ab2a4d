"""Dying between a command from outside and the session after it: it is taken once, and holds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.domain.inbox import Scope
from services.journal.memory_inbox import MemoryInboxes
from tests.crash.test_every_touch import Site
from tests.crash.touches import Fate, accepted_ids, demo_run

DAY = date(2026, 7, 14)


def halted_site(folder: Path) -> Site:
    """Return a day of the demo under a halt of two symbols that was put, lifted, and put again."""
    folder.mkdir()
    run = demo_run(folder, DAY, DAY)
    run.commands = MemoryInboxes()
    watched = run._run.watchlist
    run.commands.put(Scope.EVERYWHERE, "halt", {"symbol": watched[0], "why": "one"})
    run.commands.put(Scope.HERE, "halt", {"why": "all"})
    run.commands.put(Scope.HERE, "dance", {})
    run.commands.put(Scope.HERE, "lift", {"why": "not all"})
    return Site(run, folder)


def steps(site: Site) -> list[str]:
    return [event.step for event in site.store.events() if not event.session]


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_death_around_each_command_and_in_the_session_after_changes_nothing(tmp_path: Path, before: bool):
    fate, uncut = Fate(), halted_site(tmp_path / "uncut")
    assert uncut.live(fate)
    taken = [number for number, touch in enumerate(fate.touched, 1) if touch.startswith("append command:")]
    assert len(taken) == 4
    assert accepted_ids(uncut.ledger) != []

    for dies_at in range(1, taken[-1] + 25):
        site, dying, last = halted_site(tmp_path / str(dies_at)), Fate(dies_at, before), Fate()
        assert not site.live(dying)
        assert site.live(last)

        assert site.text() == uncut.text()
        assert accepted_ids(site.ledger) == accepted_ids(uncut.ledger)
        assert [step for step in steps(site) if step.startswith("command:")] == [
            step for step in steps(uncut) if step.startswith("command:")
        ]
        assert dying.sent_twice + last.sent_twice == []
