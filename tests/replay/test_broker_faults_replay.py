"""A session in which the broker failed is lived again as it was: its twin is not asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from commands.twin import Twin
from services.domain.events import Closed, Outcome
from services.journal.journal import Journal
from services.ports import Broker, BrokerFault
from tests.unit.world import MAIN, Live, Setup, answer, order


class FailsOnce:
    """A broker whose method fails the `at`-th time, before it has done anything."""

    def __init__(self, inner: Broker, method: str, at: int) -> None:
        self._inner, self._method, self._left = inner, method, at

    def __getattr__(self, name: str) -> Any:
        there = getattr(self._inner, name)
        if name != self._method:
            return there

        async def fails(*asked: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                raise BrokerFault(name, "down")
            return await there(*asked)

        return fails


def lived(method: str, at: int, limit: str | None = None) -> Live:
    def failing(broker: Broker, _journal: Journal) -> Broker:
        door: Broker = FailsOnce(broker, method, at)  # type: ignore[assignment]  # It passes all on.
        return door

    buy = answer(order("buy", MAIN, 1000, limit=limit))
    return Setup(answers=[buy, buy, buy, buy], broker=failing).open().run()


@pytest.mark.parametrize(
    ("method", "at"), [("submit_order", 1), ("get_balance", 1), ("get_positions", 2), ("get_fills", 1)]
)
def test_a_session_that_a_broker_failed_in_is_lived_again_to_the_same_bytes(method: str, at: int):
    live = lived(method, at)
    ends = [live.journal.value(event) for event in live.kinds("closed")]
    assert [one.outcome for one in ends if isinstance(one, Closed)].count(Outcome.FAILED) == 1
    assert len(live.kinds("fill")) >= 1

    require_the_same_again(live)


@pytest.mark.parametrize(
    ("method", "at"), [("get_order_status", 1), ("get_order_status", 3), ("cancel_order", 1)]
)
def test_a_stage_that_a_broker_failed_in_is_lived_again_to_the_same_bytes(method: str, at: int):
    # At 9.50 the buys work until they are cancelled before the next slot; the market stands at 10.00.
    live = lived(method, at, limit="9.50")
    assert [event.step for event in live.kinds("fault_record") if ":fault:" in event.step] != []

    require_the_same_again(live)


def require_the_same_again(live: Live) -> None:
    genesis = live.journal.account.genesis
    assert genesis is not None
    twin = Twin(live.journal._store, genesis, live.panels)
    asyncio.run(twin.replay.run())

    assert twin.journal.differences == []
    for session in live.journal.account.sessions:
        assert twin.journal.unseen(session) == ()
