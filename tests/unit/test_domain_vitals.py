"""What a process says of how it is doing."""

from __future__ import annotations

from datetime import UTC, datetime

from services.domain.vitals import LifeState, Vitals

NOON = datetime(2026, 7, 14, 12, tzinfo=UTC)


def test_a_process_has_been_up_since_it_began_until_it_last_said_so():
    said = Vitals(
        account="main", mode="paper", market="cn", state=LifeState.RUNNING, pid=1, host="here",
        version="0", at=NOON, started_at=NOON.replace(hour=10, minute=30), beat_s=5.0,
    )  # fmt: skip

    assert said.uptime_s == 5400.0  # An hour and a half.


def test_only_one_that_stopped_or_failed_is_not_expected_to_speak_again():
    assert {state for state in LifeState if not state.alive} == {LifeState.STOPPED, LifeState.ERROR}
