"""A session that goes on after a crash, under a clock that is set back meanwhile, comes out the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.domain.events import Event
from services.domain.fills import Fill
from services.journal.memory_store import MemoryStore
from tests.crash.touches import Crash
from tests.exchange_market import MAIN, MON, OTHER, at
from tests.replay.test_vendor_replay import require_identical
from tests.unit.vendor import SteppingClock, Vendor
from tests.unit.world import Setup, answer, order

TWO_BUYS = answer(order("buy", MAIN, 1000), order("buy", OTHER, 1000))


class Clock(SteppingClock):
    """A clock that somebody may set."""

    def set_back(self, by: timedelta) -> None:
        self._now -= by


class Around:
    """A store that does something before or after the first write of a step that begins so."""

    def __init__(self, inner: MemoryStore, step: str, *, dies: bool = False) -> None:
        self._inner, self._step, self._dies = inner, step, dies
        self.clock: Clock | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def made(self, start: datetime) -> Clock:
        self.clock = Clock(start)
        return self.clock

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        meant = bool(self._step) and events[0].step.startswith(self._step)
        if meant and self._dies:
            raise Crash(self._step)
        self._inner.append(events, bodies)
        if meant and self.clock is not None:
            self._step = ""
            self.clock.set_back(timedelta(seconds=3))


# The process dies once the exchange has the first order, or before it has; the next one finds its fill.
@pytest.mark.parametrize("dies_at", ["sent:", "fill:"])
@pytest.mark.parametrize("set_back_at", ["fill:", "check:"])
def test_an_order_sent_after_a_clock_was_set_back_trades_at_the_moment_it_did(dies_at: str, set_back_at: str):
    kept = MemoryStore()
    setup = Setup(
        answers=[TWO_BUYS], vendor=lambda clock: Vendor(clock, lambda _symbol, _moment: "10.00"), store=kept
    )
    with pytest.raises(Crash):
        replace(setup, store=Around(kept, dies_at, dies=True), clock=Clock).open().run(at(MON, "10:40"))  # type: ignore[arg-type]
    store = Around(kept, set_back_at)

    live = replace(setup, store=store, clock=store.made).open(at(MON, "10:36")).run(at(MON, "10:40"))  # type: ignore[arg-type]

    written = [event.at for event in kept.events()]
    assert written != sorted(written)
    fills = [live.journal.value(event) for event in live.kinds("fill")]
    assert [one.symbol for one in fills if isinstance(one, Fill)] == [MAIN, OTHER]
    require_identical(setup, in_order=False)
