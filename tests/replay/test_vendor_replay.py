"""Paper on a vendor's quotes and a clock that moves: it too comes out the same, wherever it was cut off."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from commands.twin import Twin
from services.domain.events import Closed, Opening, Outcome, Verdicts
from services.domain.instruments import Symbol
from services.domain.orders import OrderState, Rule, Side
from services.journal.checking import EVIDENCE
from services.journal.memory_store import MemoryStore
from tests.crash.touches import Crash, Door, Fate, Ledger, Store, Wire, accepted_ids
from tests.exchange_market import MAIN, MON, OTHER, TUE, at
from tests.unit.vendor import SteppingClock, Vendor
from tests.unit.world import HOLD, Live, Memory, Setup, answer, order, quiet

MORNING, LUNCH, AFTERNOON, EVENING = (f"20260713-{slot}" for slot in ("1035", "1135", "1405", "1505"))
TUESDAY = "20260714-1035"


def price(symbol: Symbol, moment: datetime) -> str | None:
    """MAIN falls on Monday afternoon; OTHER is not shown on Tuesday morning."""
    if symbol == OTHER:
        return None if moment.date() == TUE and moment.time() < time(11) else "10.00"
    return "10.00" if moment.date() == MON and moment.time() < time(14) else "9.80"


SCRIPT = (
    # The second works below the market, and is cancelled before the next slot.
    answer(order("buy", MAIN, 3000), order("buy", OTHER, 100, limit="9.90")),
    answer(order("buy", OTHER, 2000)),  # Over lunch: it waits for 13:00.
    answer(order("buy", MAIN, 1000, limit="9.70")),  # It works until the day ends.
    answer(order("buy", OTHER, 100)),  # After hours, at the close.
    answer(order("sell", MAIN, 3000), order("sell", OTHER, 100)),
    HOLD,
    answer(order("buy", OTHER, 4500), order("buy", MAIN, 8000)),
    HOLD,
)


def vendor_setup(**more: Any) -> Setup:
    return Setup(answers=SCRIPT, vendor=lambda clock: Vendor(clock, price), clock=SteppingClock, **more)


def lived_again(setup: Setup) -> Twin:
    twin = Twin(setup.store, setup.genesis, Memory(setup.market))
    asyncio.run(twin.replay.run())
    return twin


def require_identical(setup: Setup, *, in_order: bool = True) -> None:
    """Require that all comes out the same; what a start found was written before what is lived before it."""
    twin = lived_again(setup)
    assert twin.journal.differences == []
    for session in twin.journal.account.sessions:
        assert twin.journal.unseen(session) == ()
    lived = [event for event in twin.journal.events if event.kind not in EVIDENCE]
    recorded = [event for event in setup.store.events() if event.kind not in EVIDENCE]
    assert lived == recorded if in_order else {*lived} == {*recorded}


def test_the_days_hold_what_is_worth_replaying():
    live = vendor_setup().open().run()

    fills = [live.journal.value(event) for event in live.kinds("fill")]
    ended = [live.journal.value(event) for event in live.kinds("order_ended")]
    assert [(one.symbol, one.side, one.shares) for one in fills][:2] == [
        (MAIN, Side.BUY, 3000),
        (OTHER, Side.BUY, 2000),
    ]
    assert [one.state for one in ended] == [OrderState.CANCELLED, OrderState.EXPIRED]
    refused = live.value(TUESDAY, "verdicts")
    assert isinstance(refused, Verdicts)
    assert [one.rule for one in refused.refused] == [Rule.QUOTE_MISSING]
    opening = live.value(TUESDAY, "book")
    assert isinstance(opening, Opening)
    assert opening.unpriced == (OTHER,)


def test_every_session_on_a_vendors_quotes_comes_out_the_same():
    setup = vendor_setup()
    setup.open().run()

    require_identical(setup)


def test_a_vendors_bars_are_kept_and_come_out_the_same():
    setup = vendor_setup()
    setup.vendor = lambda clock: Vendor(clock, price, bars=quiet())
    live = setup.open().run()

    assert live.kinds("panel_ref") != []
    require_identical(setup)


@pytest.mark.parametrize("down", [(1,), (2,), (3, 4), (5,), (7,), (8, 9, 10)])
def test_a_vendor_that_fails_comes_out_the_same(down):
    setup = vendor_setup()
    setup.vendor = lambda clock: Vendor(clock, price, down=down)
    live = setup.open().run()

    assert any("down" in event.body for event in live.kinds("fault_record"))
    require_identical(setup)


def test_a_changed_snapshot_on_record_is_found():
    setup = vendor_setup()
    setup.open().run()
    store: Any = setup.store
    events = store._events
    number = next(i for i, event in enumerate(events) if event.step == "requote")
    events[number] = events[number]._replace(body=events[number].body.replace("10.01", "10.02"))

    assert lived_again(setup).journal.differences != []


def test_a_price_that_ran_away_while_the_mind_was_thinking_is_refused_and_comes_out_the_same():
    setup = vendor_setup()
    calls: list[datetime] = []

    def running(symbol: Symbol, moment: datetime) -> str:
        calls.append(moment)
        return "10.00" if len(calls) <= 2 else "10.30"

    setup.vendor = lambda clock: Vendor(clock, running)
    live = setup.open().run(at(MON, "10:40"))

    refused = live.value(MORNING, "verdicts")
    assert isinstance(refused, Verdicts)
    assert refused.refused[0].rule is Rule.DRIFT
    assert refused.approved == ()
    require_identical(setup)


def test_an_order_held_back_by_a_stop_comes_out_the_same():
    setup = vendor_setup(stop=lambda: "the kill file is there")
    live = setup.open().run(at(MON, "14:10"))

    assert live.kinds("ack") != []
    assert live.kinds("fill") == []
    require_identical(setup)


# Cut off anywhere, started again at once or later.


def mortal(setup: Setup, fate: Fate) -> Setup:
    store: Any = Store(setup.store, fate)
    ledger: Any = Ledger(setup.ledger, fate)

    def wired(broker: Any, _journal: Any) -> Any:
        return Wire(broker, fate, setup.ledger)

    return replace(
        setup,
        store=store,
        ledger=ledger,
        broker=wired,
        prices=lambda source: Quotes(source, fate),
        agent=lambda agent: Door(agent, fate, "agent"),  # type: ignore[arg-type,return-value]  # It passes all on.
    )


class Quotes(Door):
    """The vendor's door, which dies too."""

    def __init__(self, inner: Any, fate: Fate) -> None:
        super().__init__(inner, fate, "prices")
        self.panel = inner.panel
        self.name = inner.name


def touches() -> int:
    fate = Fate()
    mortal(vendor_setup(), fate).open().run()
    return fate.count


COUNT = touches()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("later_s", [0, 30, 90, 400, 9000])
def test_cut_off_anywhere_it_comes_out_the_same_and_sends_nothing_twice(before, later_s):
    tried = 0
    for dies_at in range(1, COUNT + 1, 3):
        setup, fate, last = vendor_setup(), Fate(dies_at, before), Fate()
        first = mortal(setup, fate)
        with pytest.raises(Crash):
            first.open().run()
        moment = Live(setup).journal.moment or at(MON, "00:00")

        live = mortal(setup, last).open(moment + timedelta(seconds=later_s)).run()

        require_identical(setup, in_order=False)
        assert fate.sent_twice + last.sent_twice == []
        ids = accepted_ids(setup.ledger)
        assert len(ids) == len(set(ids))
        assert live.journal.account.book.holdings() == holdings_of(live)
        tried += 1
    assert tried > 60


def holdings_of(live: Live) -> dict[str, int]:
    held = asyncio.run(live.exchange.get_positions())
    return {one.symbol: one.shares for one in held if one.shares}


def test_a_session_cut_off_after_its_prices_and_given_up_leaves_the_next_ones_replayable():
    setup, fate = vendor_setup(), Fate()
    mortal(setup, fate).open().run(at(MON, "10:40"))
    number = next(i for i, touch in enumerate(fate.touched, 1) if touch == "append prices")
    setup = vendor_setup()
    with pytest.raises(Crash):
        mortal(setup, Fate(number, before=False)).open().run()

    live = setup.open(at(MON, "11:00")).run()

    missed = live.value(MORNING, "closed")
    assert isinstance(missed, Closed)
    assert missed.outcome is Outcome.MISSED
    assert live.kinds("fill") != []
    require_identical(setup)


def test_an_order_cut_off_before_its_send_still_meets_the_quotes_that_were_seen():
    # A new process has asked for no price yet; the exchange must know what is on record.
    setup, fate = vendor_setup(), Fate()
    mortal(setup, fate).open().run(at(MON, "10:40"))
    number = next(i for i, touch in enumerate(fate.touched, 1) if touch.startswith("append intended"))
    setup = vendor_setup()
    with pytest.raises(Crash):
        mortal(setup, Fate(number, before=False)).open().run()

    live = setup.open().run(at(MON, "10:40"))

    assert live.journal.account.book.holdings() == {MAIN: 3000}
    require_identical(setup)


def test_the_audit_trail_of_a_vendors_session_is_its_journals(tmp_path: Path):
    setup = vendor_setup(audit=tmp_path / "position.jsonl", store=MemoryStore())
    live = setup.open().run()

    assert live.audit is not None
    again = setup.open()
    assert again.audit is not None
    assert setup.audit is not None
    assert setup.audit.read_bytes().count(b"\n") >= 8
    assert again.kinds("repaired") == []
