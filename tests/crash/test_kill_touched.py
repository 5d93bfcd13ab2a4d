"""Dying at any touch of a kill over lunch: what waited never leaves, be the file still there or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.domain.events import Verdicts
from services.journal.verify import verify
from tests.crash.touches import Audit, Crash, Fate
from tests.exchange_market import MAIN, MON, OTHER, at
from tests.replay.test_vendor_replay import mortal, price, require_identical
from tests.unit.test_kill import Switch
from tests.unit.vendor import SteppingClock, Vendor
from tests.unit.world import HOLD, Live, Setup, answer, order

SCRIPT = (
    answer(order("buy", MAIN, 1000, limit="9.90")),  # It works below the market when the file comes.
    answer(order("buy", OTHER, 2000)),  # Over lunch: it waits for 13:00.
    HOLD,
    HOLD,
)


def setup_in(folder: Path, switch: Switch, *, quotes: bool) -> Setup:
    folder.mkdir()
    more: dict[str, Any] = {"clock": SteppingClock, "vendor": lambda clock: Vendor(clock, price)}
    return Setup(
        answers=SCRIPT,
        killed=switch.killed,
        stop=switch.stop,
        keep_orders=True,
        audit=folder / "position.jsonl",
        **(more if quotes else {}),
    )


def killed_at_noon(setup: Setup, switch: Switch, fate: Fate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live to noon unharmed; then the file is there, and the process may die at any touch."""
    setup.open().run(at(MON, "11:59"))
    switch.on = True
    with monkeypatch.context() as patched:
        patched.setattr("tests.unit.world.AuditFile", lambda path: Audit(path, fate))
        mortal(setup, fate).open().tick(at(MON, "12:00"))


@pytest.mark.parametrize("file_stays", [True, False])
@pytest.mark.parametrize("quotes", [True, False], ids=["quotes", "bars"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_death_at_any_touch_of_a_kill_lets_nothing_leave_that_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool, quotes: bool, file_stays: bool
):
    switch, fate = Switch(), Fate()
    killed_at_noon(setup_in(tmp_path / "uncut", switch, quotes=quotes), switch, fate, monkeypatch)
    assert any(touch == "append late1:verdicts" for touch in fate.touched)
    assert fate.touched.count("audit") >= 1
    for dies_at in range(1, fate.count + 1):
        switch, dying = Switch(), Fate(dies_at, before)
        setup = setup_in(tmp_path / str(dies_at), switch, quotes=quotes)
        with pytest.raises(Crash):
            killed_at_noon(setup, switch, dying, monkeypatch)
        switch.on = file_stays
        found = any(event.step.startswith("kill:") for event in setup.store.events())

        setup.open(at(MON, "12:30")).tick()
        switch.on = False
        live = setup.open(at(MON, "12:31")).run()

        waited = [step for step in live.steps("20260713-1135") if step.startswith("intended:")]
        # Of a file that nobody had written down when it was taken away nobody knows.
        assert waited == [] or not (found or file_stays)
        assert live.journal.account.waiting() == ()
        require_whole(setup, live)


def require_whole(setup: Setup, live: Live) -> None:
    """Require that the record is lived again to the same, verifies, and answers the order once."""
    require_identical(setup, in_order=False)
    assert setup.audit is not None
    assert verify(setup.store, setup.audit, "main", live.clock, live.panels.get).problems == ()
    said = [live.journal.value(event) for event in live.kinds("verdicts") if "1135" in event.session]
    answers = [one for one in said if isinstance(one, Verdicts) and not one.waiting]
    assert sum(len(one.refused) + len(one.approved) for one in answers) == 1
