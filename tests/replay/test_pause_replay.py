"""A pause, a lapsed order and a stop that cancels come out of the record as they went in."""

from __future__ import annotations

import asyncio

import pytest

from commands.twin import Twin
from services.domain.inbox import LifeWord, Scope
from services.journal.memory_inbox import MemoryInboxes
from services.journal.memory_store import MemoryStore
from tests.exchange_market import MAIN, MON, OTHER, at
from tests.unit.world import HOLD, Live, Setup, answer, order

BUY = answer(order("buy", MAIN, 1000))
LOW = answer(order("buy", OTHER, 1000, limit="9.50"))


def put(inbox: MemoryInboxes, word: LifeWord, clock: str) -> None:
    args = {"why": "lunch", "by": "ann", "at": at(MON, clock).isoformat()}
    inbox.put(Scope.HERE, str(word), args)


def lived_again(store: MemoryStore, live: Live) -> Twin:
    genesis = live.journal.account.genesis
    assert genesis is not None
    twin = Twin(store, genesis, live.panels)
    asyncio.run(twin.replay.run())
    return twin


@pytest.mark.parametrize("resumed", [False, True])
def test_a_paused_account_is_lived_again_to_the_same_bytes(resumed: bool):
    inbox, store = MemoryInboxes(), MemoryStore()
    live = Setup(answers=[LOW, BUY, HOLD, HOLD], store=store, commands=inbox, keep_orders=True).open()
    live.run(at(MON, "11:40"))
    put(inbox, LifeWord.PAUSE, "11:41")
    live.run(at(MON, "14:10"))
    if resumed:
        put(inbox, LifeWord.RESUME, "14:11")
    live.run()

    twin = lived_again(store, live)

    assert [event.step for event in live.kinds("look")].count("late1:look") == 2
    assert twin.journal.differences == []
    for session in live.journal.account.sessions:
        assert twin.journal.unseen(session) == ()
    assert twin.journal.account.paused == live.journal.account.paused


def test_a_stop_that_cancelled_what_worked_is_lived_again_to_the_same_bytes():
    store = MemoryStore()
    live = Setup(answers=[LOW], store=store).open()
    live.run(at(MON, "10:40"))
    asyncio.run(live.loop.cancel_working())

    twin = lived_again(store, live)

    assert [event for event in store.events() if ":cancel:" in event.step]
    assert twin.journal.differences == []
    for session in live.journal.account.sessions:
        assert twin.journal.unseen(session) == ()
