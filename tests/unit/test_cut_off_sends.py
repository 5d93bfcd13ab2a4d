"""An order that had left when its process died is adopted with its fills, whatever cannot be listed since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.domain.events import Closed, Outcome
from services.journal.journal import Journal
from services.ports import Broker, BrokerFault
from tests.exchange_market import MAIN, OTHER, TUE, at
from tests.replay.test_vendor_replay import require_identical
from tests.unit.test_executor import Desk, Killed
from tests.unit.world import HOLD, Live, Setup, answer, order

SWAP = answer(order("sell", MAIN, 1000), order("buy", OTHER, 1000))
SCRIPT = (answer(order("buy", MAIN, 1000)), HOLD, HOLD, HOLD, SWAP)
TUESDAY = "20260714-1035"


@dataclass
class Line:
    """A line on which, while it is `down`, no listing comes through."""

    desk: Desk = field(default_factory=lambda: Desk(sends=[None, None, "dies"]))
    down: bool = False

    def door(self, broker: Broker, journal: Journal) -> Broker:
        through: Any = Down(self, self.desk.door(broker, journal))
        return through  # type: ignore[no-any-return]  # It passes all on.


class Down:
    def __init__(self, line: Line, inner: Broker) -> None:
        self._line, self._inner = line, inner

    def __getattr__(self, name: str) -> Any:
        there: Callable[..., Any] = getattr(self._inner, name)

        async def fails(*_asked: Any) -> Any:
            raise BrokerFault(name, "no connection")

        listing = name in ("get_fills", "get_open_orders", "get_positions", "get_balance", "get_movements")
        return fails if listing and self._line.down else there


def died_with_its_buy_at_the_broker(line: Line, cash: str) -> Setup:
    """Return an account whose process died as Tuesday's buy arrived; its sale was filled before."""
    setup = Setup(answers=SCRIPT, broker=line.door, cash=cash)
    with pytest.raises(Killed):
        setup.open().run(at(TUE, "10:40"))
    assert len(line.desk.arrived) == 3
    return setup


def require_adopted(live: Live) -> None:
    assert live.journal.account.book.holdings() == {OTHER: 1000}
    assert live.journal.account.working() == ()
    assert live.journal.account.halts == {}


# Monday's shares cost 10,005.10: of 12,000.00 the buy is left that waits for what the sale brings.
@pytest.mark.parametrize("cash", ["100000.00", "12000.00"])
def test_a_session_that_is_given_up_asks_about_the_buy_that_left_though_its_sales_cannot_be_listed(cash: str):
    line = Line()
    setup = died_with_its_buy_at_the_broker(line, cash)
    line.down = True
    live = setup.open(at(TUE, "10:36")).run(at(TUE, "10:50"))
    closed = live.value(TUESDAY, "closed")
    line.down = False

    live.run(at(TUE, "14:10"))

    assert isinstance(closed, Closed)
    assert closed.outcome is Outcome.FAILED
    require_adopted(live)
    assert len(line.desk.sent) == 3
    require_identical(setup, in_order=False)


def test_one_whose_session_was_given_up_before_it_was_asked_about_is_asked_about_with_the_next_look():
    """So an account was left by versions that gave up where the sales could not be listed."""
    line = Line()
    setup = died_with_its_buy_at_the_broker(line, "100000.00")
    live = setup.open(at(TUE, "10:36"))
    live.journal.log(live.session(TUESDAY)).close(Outcome.FAILED, "broker: get_fills: no connection")

    live.run(at(TUE, "10:40"))

    require_adopted(live)
    assert len(line.desk.sent) == 3
