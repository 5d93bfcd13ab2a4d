"""A person's word on an order of which the broker cannot tell is carried out once, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from commands.twin import Twin
from services.domain.book import OrderEnded
from services.domain.events import Asked, Event, HaltCause, Settlement
from services.domain.fills import Fill
from services.domain.inbox import Command, Scope, meaning
from services.domain.orders import OrderState
from services.executor import unresolved as unresolved_halt
from services.journal.memory_inbox import MemoryInboxes
from services.journal.memory_store import MemoryStore
from tests.unit.test_reconciler import Died, Office, muted, setup_with
from tests.unit.world import HOLD, MAIN, MON, OTHER, TUE, Live, Memory, Setup, answer, at, order

BUY = answer(order("buy", MAIN, 1000))
PUT_AT = "2026-07-13T11:00:00+08:00"
LATE = at(MON, "11:05")


def unresolved(
    office: Office | None = None, store: Any = None, then: str = HOLD
) -> tuple[Setup, MemoryInboxes, Live]:
    """Return an account with one order of which the broker cannot tell."""
    box = MemoryInboxes()
    setup = setup_with(office or muted(), BUY, then, commands=box, store=store or MemoryStore())
    live = setup.open()
    live.tick(at(MON, "10:35"))
    assert [one.cause for one in live.journal.account.halts.values()] == [HaltCause.UNRESOLVED]
    return setup, box, live


def put(box: MemoryInboxes, live: Live, **more: str) -> None:
    """Put a person's word on the order: it is gone, where nothing else is said."""
    args = {
        "order_id": "" if "order_id" in more else live.only_order(),
        "shares": "0",
        "price_cny": "0",
        "fees_cny": "",
        "why": "asked the desk",
        "by": "ann",
        "at": PUT_AT,
    }
    box.put(Scope.HERE, "settle", args | more)


def fills(live: Live) -> list[Fill]:
    values = [live.journal.value(event) for event in live.kinds("fill")]
    return [one for one in values if isinstance(one, Fill)]


def ends(live: Live) -> list[OrderEnded]:
    values = [live.journal.value(event) for event in live.kinds("order_ended")]
    return [one for one in values if isinstance(one, OrderEnded)]


def test_an_order_said_to_be_gone_has_ended_and_its_halt_with_it():
    _, box, live = unresolved()
    put(box, live)

    live.tick(LATE)

    (ended,) = ends(live)
    assert (ended.state, ended.reason) == (OrderState.EXPIRED, "settled by ann: asked the desk")
    account = live.journal.account
    assert (account.halts, account.unresolved, account.book.open_orders) == ({}, {}, ())
    assert (account.book.cash_cny, account.book.lots) == (Decimal("100000.00"), ())


def test_an_order_said_to_be_filled_is_in_the_book_at_what_the_rulebook_says_it_cost():
    _, box, live = unresolved()
    put(box, live, shares="1000", price_cny="10.02")

    live.tick(LATE)

    (fill,) = fills(live)
    assert (fill.shares, fill.price_cny, fill.amount_cny) == (1000, Decimal("10.02"), Decimal("10020.00"))
    assert (fill.trade_date, fill.traded_at.isoformat()) == (MON, PUT_AT)
    # Commission 0.025 % of 10,020.00 is 2.51 and at least 5.00; the transfer fee is 0.001 %: 0.10.
    assert (fill.fees.commission, fill.fees.transfer_fee) == (Decimal("5.00"), Decimal("0.10"))
    # 100,000.00 - 10,020.00 - 5.10.
    assert live.journal.account.book.cash_cny == Decimal("89974.90")
    assert live.journal.account.book.holdings() == {MAIN: 1000}
    assert ends(live) == []
    assert live.journal.account.halts == {}


def test_what_a_person_says_it_cost_counts_and_the_rest_of_the_order_is_gone():
    _, box, live = unresolved()
    put(box, live, shares="300", price_cny="10.00", fees_cny="6.2")

    live.tick(LATE)

    # 100,000.00 - 3,000.00 - 6.20.
    assert live.journal.account.book.cash_cny == Decimal("96993.80")
    assert [one.state for one in ends(live)] == [OrderState.EXPIRED]


def test_what_the_broker_says_of_a_settled_order_later_is_not_counted_again():
    office = muted()
    _, box, live = unresolved(office, then=answer(order("buy", OTHER, 100)))
    put(box, live, shares="1000", price_cny="10.00")
    live.tick(LATE)
    office.told, office.fills_hidden, office.mute = None, False, False

    live.run(at(MON, "15:40"))

    assert [one.symbol for one in fills(live)] == [MAIN, OTHER]
    assert live.journal.account.book.holdings() == {MAIN: 1000, OTHER: 100}


@pytest.mark.parametrize(
    "word",
    [
        {"order_id": "SOMEBODYS"},
        {"shares": "1001", "price_cny": "10.00"},  # more than was ordered
        {"shares": "1000", "price_cny": "10.00", "fees_cny": "90000.01"},  # more than there is cash for
        {"shares": "1000", "price_cny": "10.11"},  # above its limit, 1 % over the price of 10.00
    ],
)
def test_a_word_that_cannot_be_carried_out_changes_nothing_and_says_why(word: Mapping[str, str]):
    _, box, live = unresolved()
    put(box, live, **word)

    live.tick(LATE)

    event = live.journal.find("", "command:here:1:memory:1")
    assert event is not None
    asked = live.journal.value(event)
    assert isinstance(asked, Asked)
    assert asked.args["refused"]
    assert (fills(live), ends(live)) == ([], [])
    assert len(live.journal.account.unresolved) == 1


def test_a_sale_said_below_its_limit_is_not_settled_and_one_at_it_is():
    office, box = Office(), MemoryInboxes()
    sale = answer(order("sell", MAIN, 1000, limit="9.95"))
    live = setup_with(office, BUY, HOLD, sale, commands=box).open()
    live.run(at(MON, "15:40"))
    (bought,) = live.journal.account.order_session
    office.mute, office.fills_hidden, office.told = True, True, muted().told
    live.tick(at(TUE, "10:35"))
    (sold,) = set(live.journal.account.order_session) - {bought}

    for price in ("9.94", "9.95"):
        put(box, live, order_id=sold, shares="1000", price_cny=price)
    live.tick(at(TUE, "11:00"))

    taken = [event.kind for event in live.journal.events if event.step.startswith("command:")]
    assert taken == ["asked", "settlement"]
    assert live.journal.account.book.holdings() == {}


def test_a_word_that_takes_the_cash_of_another_open_order_is_not_carried_out():
    # Of 100,000.00 the second freezes 80,000.00 and its fees; the first cost 10,000.00: less is left.
    office, box = muted(), MemoryInboxes()
    asked = answer(order("buy", MAIN, 1000, limit="10.00"), order("buy", OTHER, 8000, limit="10.00"))
    live = setup_with(office, asked, HOLD, commands=box).open()
    live.tick(at(MON, "10:35"))
    first, _ = live.journal.account.order_session

    put(box, live, order_id=first, shares="1000", price_cny="10.00", fees_cny="10000.00")
    put(box, live, order_id=first, shares="1000", price_cny="10.00", fees_cny="9000.00")
    live.tick(LATE)

    taken = [event.kind for event in live.journal.events if event.step.startswith("command:")]
    assert taken == ["asked", "settlement"]


def test_fees_that_are_more_than_was_frozen_for_them_are_taken_as_far_as_a_broker_may_charge_them():
    # 100,000.00 less 2 x (49,980.00 + 5.10 to 12.99 of fees by the rulebook) leaves some CNY; 60.00 are more.
    office, box = muted(), MemoryInboxes()
    asked = answer(order("buy", MAIN, 5100, limit="9.80"), order("buy", OTHER, 5100, limit="9.80"))
    live = setup_with(office, asked, HOLD, commands=box).open()
    live.tick(at(MON, "10:35"))
    first, _ = live.journal.account.order_session

    put(box, live, order_id=first, shares="5100", price_cny="9.80", fees_cny="60.00")
    live.tick(LATE)

    taken = [event.kind for event in live.journal.events if event.step.startswith("command:")]
    assert taken == ["settlement"]


def test_an_order_said_to_be_gone_that_works_at_the_broker_halts_its_symbol_in_the_next_session():
    resting, more = order("buy", MAIN, 1000, limit="9.00"), order("buy", OTHER, 100)
    office, box = muted(), MemoryInboxes()
    then = answer(order("buy", MAIN, 100), more)
    live = setup_with(office, answer(resting), then, commands=box).open()
    live.tick(at(MON, "10:35"))
    put(box, live)
    live.tick(LATE)
    office.told, office.fills_hidden, office.mute = None, False, False

    live.tick(at(MON, "14:05"))

    halts = [(one.symbol, one.cause) for one in live.journal.account.halts.values()]
    assert halts == [(MAIN, HaltCause.RECONCILIATION)]
    assert [one.symbol for one in fills(live)] == [OTHER]


def test_an_order_that_works_and_is_told_of_is_not_settled():
    box = MemoryInboxes()
    resting = answer(order("buy", MAIN, 1000, limit="9.00"))
    live = setup_with(Office(), resting, HOLD, commands=box, keep_orders=True).open()
    live.tick(at(MON, "10:35"))
    put(box, live)

    live.tick(LATE)

    event = live.journal.find("", "command:here:1:memory:1")
    assert event is not None
    assert event.kind == "asked"
    assert ends(live) == []
    assert len(live.journal.account.working()) == 1


def test_an_order_that_was_resolved_meanwhile_is_not_settled():
    office = muted()
    _, box, live = unresolved(office)
    put(box, live, shares="300", price_cny="9.99")
    put(box, live)

    live.tick(LATE)

    assert [one.shares for one in fills(live)] == [300]
    second = live.journal.find("", "command:here:2:memory:2")
    assert second is not None
    assert second.kind == "asked"


def test_a_halt_a_person_lifted_by_hand_leaves_the_order_to_be_settled():
    _, box, live = unresolved()
    box.put(Scope.HERE, "lift", {"symbol": MAIN, "why": "seen", "by": "ann"})
    put(box, live)

    live.tick(LATE)

    assert [one.state for one in ends(live)] == [OrderState.EXPIRED]
    assert live.journal.account.unresolved == {}


class DiesAt:
    """A store whose process dies before it writes its n-th event from now on; None: never."""

    def __init__(self, inner: MemoryStore) -> None:
        self._inner = inner
        self.left: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        if self.left == 0:
            self.left = None
            raise Died
        if self.left is not None:
            self.left -= 1
        self._inner.append(events, bodies)


@pytest.mark.parametrize("written", range(4))
def test_cut_off_anywhere_it_is_carried_out_once(written: int):
    store = DiesAt(MemoryStore())
    setup, box, live = unresolved(store=store)
    put(box, live, shares="300", price_cny="10.00")
    store.left = written
    with pytest.raises(Died):
        live.tick(LATE)

    again = setup.open(LATE)
    again.tick()
    setup.open(LATE).tick()

    (fill,), (end,) = fills(again), ends(again)
    assert (fill.shares, end.state) == (300, OrderState.EXPIRED)
    assert again.journal.account.unresolved == {}
    assert again.journal.account.book.held(MAIN) == 300


def test_a_settled_account_is_lived_again_to_the_same_bytes():
    office, box = Office(), MemoryInboxes()
    resting = answer(order("buy", MAIN, 1000, limit="9.00"))
    setup = setup_with(office, resting, HOLD, commands=box, keep_orders=True)
    live = setup.open()
    live.tick(at(MON, "10:35"))
    terms = live.journal.account.working()[0]
    live.journal.write("", "by hand", unresolved_halt(terms, "maintenance"))
    put(box, live, shares="300", price_cny="8.99")
    live.tick(LATE)
    live.tick(at(MON, "14:05"))

    twin = Twin(setup.store, setup.genesis, Memory(setup.market))
    asyncio.run(twin.replay.run())

    assert [one.shares for one in fills(live)] == [300]
    assert twin.journal.differences == []
    assert list(twin.journal.events) == list(setup.store.events())


# What a command means.


@pytest.mark.parametrize(
    "spoilt",
    [
        {"shares": "-1"},
        {"shares": "x"},
        {"shares": "100"},  # without a price
        {"price_cny": "10.00"},  # without shares
        {"shares": "100", "price_cny": "-1"},
        {"shares": "100", "price_cny": "NaN"},
        {"shares": "100", "price_cny": "Infinity"},
        {"shares": "100", "price_cny": "ten"},
        {"shares": "100", "price_cny": "10", "fees_cny": "-0.01"},
        {"shares": "100", "price_cny": "10", "fees_cny": "few"},
        {"at": "2026-07-13T11:00:00"},  # of no zone
        {"at": "today"},
    ],
)
def test_a_word_whose_numbers_make_no_sense_changes_nothing(spoilt: Mapping[str, str]):
    args = {"order_id": "A", "shares": "0", "price_cny": "0", "fees_cny": "", "at": PUT_AT}
    sound = meaning(Command(seq=1, command="settle", args=args))

    asked = meaning(Command(seq=1, command="settle", args={**args, **spoilt}))

    assert isinstance(sound, Settlement)
    assert asked == Asked(command="settle", args={**args, **spoilt})


def test_a_word_without_fees_leaves_them_to_the_rulebook():
    args = {"order_id": "A", "shares": "100", "price_cny": "10.5", "at": PUT_AT, "why": "w", "by": "ann"}

    word = meaning(Command(seq=1, command="settle", args=args))

    assert isinstance(word, Settlement)
    assert (word.shares, word.price_cny, word.fees_cny) == (100, Decimal("10.5"), None)
    assert replace(word, order_id=word.order_id) == word
