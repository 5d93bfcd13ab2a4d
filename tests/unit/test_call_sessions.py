"""Sessions whose slot lies in a call auction: from the answer through the gate to the uncross."""

from __future__ import annotations

from datetime import time

from services.domain.events import Verdicts
from services.domain.fills import Fill
from services.domain.orders import Rule
from tests.exchange_market import FLAT, MAIN, MON, OTHER, TUE, Bar, at, panel
from tests.unit.world import Setup, answer, order

CLOSING_HIGHER: Bar = (10.0, 10.5, 10.0, 10.4)


def market() -> Setup:
    return Setup(
        market=panel(
            {MAIN: [*[FLAT] * 3, CLOSING_HIGHER, *[FLAT] * 4], OTHER: [FLAT] * 8},
            prev_close={MAIN: (10.0, 10.4), OTHER: (10.0, 10.0)},
        ),
        last=MON,
        answers=(answer(order("buy", MAIN, 300, limit="10.60")),),
    )


def test_an_order_of_a_closing_call_slot_trades_at_the_close() -> None:
    setup = market()
    setup.times = (time(14, 58),)

    live = setup.open().run()

    # 10.60 is beyond the cage of continuous trading, which a call does not have.
    fills = [value for event in live.kinds("fill") if isinstance(value := live.journal.value(event), Fill)]
    assert [(str(fill.price_cny), fill.shares, fill.traded_at) for fill in fills] == [
        ("10.40", 300, at(MON, "15:00"))
    ]
    assert live.journal.account.book.open_orders == ()


def test_on_bars_an_opening_call_slot_is_refused_for_nothing_of_the_day_was_seen() -> None:
    setup = market()
    setup.times = (time(9, 20),)
    setup.first = setup.last = TUE

    live = setup.open().run()

    verdicts = [
        value for event in live.kinds("verdicts") if isinstance(value := live.journal.value(event), Verdicts)
    ]
    assert [refusal.rule for one in verdicts for refusal in one.refused] == [Rule.QUOTE_STALE]
