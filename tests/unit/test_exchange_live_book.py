"""Orders against the five levels of a live book, at once and as later snapshots come."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from services.domain.orders import OrderKind, OrderState
from services.domain.statement import AckKind
from tests.exchange_market import MAIN, TUE, at, buy
from tests.unit.test_simulated_snapshots import Desk

FIVE = ("10.01", "10.02", "10.03", "10.04", "10.05")


def taken(desk: Desk) -> list[tuple[str, int]]:
    return [(str(fill.price_cny), fill.shares) for fill in desk.fills()]


def desk(*, shares: int = 1000, clock: str = "09:35") -> Desk:
    made = Desk(clock)
    made.vendor.asks, made.vendor.shares = FIVE, shares
    return made


def next_look(made: Desk, moment: datetime) -> None:
    made.clock.jump(moment)


def test_an_order_walks_the_book_level_by_level_up_to_its_limit_and_waits_with_the_rest() -> None:
    made = desk()
    placed = buy(MAIN, 4500, "10.03", day=TUE)

    made.submit(placed)

    assert taken(made) == [("10.01", 1000), ("10.02", 1000), ("10.03", 1000)]
    status = asyncio.run(made.broker.get_order_status(placed.order_id)).status
    assert status is not None
    assert (status.state, status.filled) == (OrderState.WORKING, 3000)


def test_each_level_taken_is_a_fill_of_its_own_and_the_least_commission_is_paid_once() -> None:
    made = desk(shares=100)

    made.submit(buy(MAIN, 300, "10.10", day=TUE))

    # 1001 + 1002 + 1003 = 3006 x 2.5 bp = 0.75, raised to 5.00.
    assert [str(fill.fees.commission) for fill in made.fills()] == ["5.00", "0.00", "0.00"]
    assert len({fill.fill_id for fill in made.fills()}) == 3


def test_the_same_quote_does_not_give_the_same_shares_twice() -> None:
    made = desk(shares=1000)
    made.vendor.asks = ("10.01",)
    made.submit(buy(MAIN, 2500, "10.03", day=TUE))

    # The clock goes on and the quote grows old: it is the same one.
    made.vendor.age_s += 60
    next_look(made, at(TUE, "09:36"))
    assert taken(made) == [("10.01", 1000)]

    made.vendor.age_s = 1
    next_look(made, at(TUE, "09:37"))
    assert taken(made) == [("10.01", 1000), ("10.01", 1000)]


def test_two_orders_do_not_both_take_what_stands_there_once() -> None:
    made = desk(shares=500)
    made.vendor.asks = ("10.01", "10.02")

    made.submit(buy(MAIN, 700, "10.02", name="ONE", day=TUE))
    made.submit(buy(MAIN, 700, "10.02", name="TWO", day=TUE))

    assert taken(made) == [("10.01", 500), ("10.02", 200), ("10.02", 300)]


def test_a_book_that_holds_no_whole_lot_gives_a_buy_nothing() -> None:
    made = desk(shares=15)

    # 5 x 15 = 75
    made.submit(buy(MAIN, 300, "10.10", day=TUE))

    assert taken(made) == []


def test_odd_levels_make_a_whole_lot_together() -> None:
    made = desk(shares=50)

    # 5 x 50 = 250, of which 200 are whole lots.
    made.submit(buy(MAIN, 300, "10.10", day=TUE))

    assert taken(made) == [("10.01", 50), ("10.02", 50), ("10.03", 50), ("10.04", 50)]


def test_a_market_order_takes_what_stands_within_its_protection_and_is_gone() -> None:
    made = desk(shares=100)
    placed = buy(MAIN, 1000, "10.02", day=TUE, kind=OrderKind.MARKET_PROTECTED)

    made.submit(placed)

    assert taken(made) == [("10.01", 100), ("10.02", 100)]
    status = asyncio.run(made.broker.get_order_status(placed.order_id)).status
    assert status is not None
    assert status.state is OrderState.CANCELLED


def test_a_stop_is_woken_by_a_later_trade_at_its_trigger() -> None:
    made = desk()
    made.vendor.last = "10.05"
    placed = buy(MAIN, 300, "10.10", day=TUE, kind=OrderKind.STOP, stop="10.05")

    # The trade it arrives on was before it.
    made.submit(placed)
    assert taken(made) == []

    next_look(made, at(TUE, "09:36"))
    assert taken(made) == [("10.01", 300)]


def test_a_stop_sleeps_while_the_newest_trade_is_older_than_it() -> None:
    made = desk()
    made.vendor.last = "10.05"
    made.submit(buy(MAIN, 300, "10.10", day=TUE, kind=OrderKind.STOP, stop="10.05"))

    made.vendor.age_s = 61
    next_look(made, at(TUE, "09:36"))

    assert taken(made) == []


@pytest.mark.parametrize(
    ("clock", "age_s", "trades"),
    [
        ("13:00", 5400, True),  # seen at 11:30:00, and nothing traded since
        ("13:00", 5400 + 180, True),  # seen at 11:27, three minutes of trading ago
        ("13:00", 5400 + 181, False),
        ("13:01", 5400 + 60 + 121, False),  # 121 s before lunch and 60 s after it
        ("13:01", 5400 + 60 + 120, True),
        ("09:35", 180, True),
        ("09:35", 86400, False),  # another day's
    ],
)
def test_a_quote_grows_old_only_while_the_market_trades(clock: str, age_s: int, trades: bool) -> None:
    made = desk(clock=clock)
    made.vendor.age_s = age_s

    made.submit(buy(MAIN, 300, "10.10", day=TUE))

    assert bool(taken(made)) is trades


@pytest.mark.parametrize(("age_s", "trades"), [(60, True), (61, False)])
def test_how_old_a_quote_may_be_is_the_configurations_to_say(age_s: int, trades: bool) -> None:
    made = Desk(quote_age_s=60)
    made.vendor.age_s = age_s

    made.submit(buy(MAIN, 300, "10.10", day=TUE))

    assert bool(taken(made)) is trades


def test_a_quote_of_another_day_takes_no_order_for_its_limits_are_of_that_day() -> None:
    made = desk()
    made.vendor.age_s = 86400

    ack = asyncio.run(made.broker.submit_order(buy(MAIN, 300, "10.10", day=TUE)))

    assert (ack.kind, ack.reason.split(":")[0]) == (AckKind.REJECTED, "quote_stale")


def test_a_resting_order_does_not_trade_on_a_quote_of_the_same_time_yesterday() -> None:
    made = desk()
    made.submit(buy(MAIN, 300, "10.00", day=TUE))

    made.vendor.asks, made.vendor.age_s = ("10.00",), 86400
    next_look(made, at(TUE, "09:36"))

    assert taken(made) == []


def test_one_side_of_a_book_is_enough_to_walk_and_the_fill_says_that_the_other_is_not_known() -> None:
    made = desk()
    made.vendor.bids = None

    made.submit(buy(MAIN, 300, "10.03", day=TUE))

    assert taken(made) == [("10.01", 300)]
    assert [fill.approximate for fill in made.fills()] == [True]


def test_a_quote_of_after_the_close_tells_what_the_closing_call_paid() -> None:
    made = desk(clock="14:58")
    made.submit(buy(MAIN, 300, "10.10", day=TUE))
    made.vendor.last, made.vendor.age_s = "10.04", 0

    next_look(made, at(TUE, "15:00") + timedelta(seconds=3))

    assert taken(made) == [("10.04", 300)]
