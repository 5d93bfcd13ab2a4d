"""A stage that died between two fills it had found together is lived again as if it had not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

import pytest

from commands.twin import Twin
from services.domain.events import Event
from services.journal.memory_store import MemoryStore
from tests.unit.world import MAIN, MON, OTHER, TUE, Setup, answer, flat, order, panel


class Died(BaseException):
    """The process died."""


class DiesBefore:
    """A store whose process dies before it writes the second fill whose step ends so."""

    def __init__(self, inner: MemoryStore, ending: str) -> None:
        self._inner, self._ending, self._left = inner, ending, 2

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        self._left -= events[0].step.endswith(self._ending)
        if self._left == 0:
            self._left = 99
            raise Died
        self._inner.append(events, bodies)


def test_a_stage_cut_off_between_the_fills_of_two_orders_is_lived_again_to_the_same_bytes():
    # A bar trades 2,000 shares and an order may have a quarter of them: of 600 shares 500 trade at once, and
    # the rest in the next bar, which the look before the next slot finds for both orders together.
    closes = {MAIN: [10.0] * 2, OTHER: [10.0] * 2}
    market = panel(flat(), days=(MON, TUE), prev_close=closes, volume=2000)
    buys = answer(order("buy", MAIN, 600), order("buy", OTHER, 600))
    kept = MemoryStore()
    store: Any = DiesBefore(kept, "-2")
    times = (time(10, 35), time(14, 5))
    setup = Setup(market=market, answers=[buys], store=store, volume_cap="0.25", times=times)

    with pytest.raises(Died):
        setup.open().run()
    live = setup.open().run()

    assert len(live.kinds("fill")) == 4
    # Neither order is cancelled for the second time, and the one found filled not at all.
    assert len([event for event in kept.events() if ":cancel:" in event.step]) == 1
    genesis = live.journal.account.genesis
    assert genesis is not None
    twin = Twin(kept, genesis, live.panels)
    asyncio.run(twin.replay.run())
    assert twin.journal.differences == []
    for session in live.journal.account.sessions:
        assert twin.journal.unseen(session) == ()
