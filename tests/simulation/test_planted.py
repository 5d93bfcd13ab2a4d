"""Every bug planted in the product is found within its bound; without one nothing is."""

from __future__ import annotations

import pytest

from scheduler.loop import Loop
from services.executor import Executor
from services.journal.journal import Journal
from tests.simulation.campaign import found
from tests.simulation.planted import TABLE, planted
from tests.simulation.promises import PROMISES

BUGS_MIN = 20


def test_there_are_bugs_to_find() -> None:
    assert len(TABLE) >= BUGS_MIN
    # Every promise is one that some bug breaks, or nobody knows whether its check can fail.
    assert {bug.promise for bug in TABLE.values()} == {"0", *PROMISES}


@pytest.mark.parametrize("name", list(TABLE))
def test_a_planted_bug_is_found_within_its_bound(name: str) -> None:
    shown = found(name)

    assert shown is not None, f"{TABLE[name].seeds_max} seeds do not show it"


def test_a_bug_is_taken_out_again() -> None:
    before = (Executor._send, Executor._leave, Loop._missed, Journal.write)

    for name in TABLE:
        with planted(name):
            pass

    assert (Executor._send, Executor._leave, Loop._missed, Journal.write) == before
