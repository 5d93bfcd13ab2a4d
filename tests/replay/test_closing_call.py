"""An order that rests to the close on live quotes: it meets the closing call, and comes out the same."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal

import pytest

from services.domain.fills import Fill
from services.domain.instruments import Symbol
from tests.exchange_market import MAIN, MON, at
from tests.replay.test_vendor_replay import require_identical
from tests.unit.vendor import SteppingClock, Vendor
from tests.unit.world import Setup, answer, order


@pytest.mark.parametrize(("shown", "paid"), [("15:00", "9.85"), ("15:00:45", "9.85"), ("15:02", None)])
def test_a_resting_order_trades_at_the_close_that_the_vendor_shows_within_a_minute(
    shown: str, paid: str | None
) -> None:
    def price(_symbol: Symbol, moment: datetime) -> str:
        return "10.00" if moment.time() < time.fromisoformat(shown) else "9.85"

    setup = Setup(
        answers=[answer(order("buy", MAIN, 100, limit="9.90"))],
        times=(time(14, 5),),
        vendor=lambda clock: Vendor(clock, price),
        clock=SteppingClock,
    )

    live = setup.open().run(at(MON, "16:00"))

    fills = [value for value in map(live.journal.value, live.kinds("fill")) if isinstance(value, Fill)]
    expected = [] if paid is None else [(Decimal(paid), at(MON, "15:00"))]
    assert [(fill.price_cny, fill.traded_at) for fill in fills] == expected
    assert live.journal.account.working() == ()
    require_identical(setup)
