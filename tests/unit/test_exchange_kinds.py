"""Market orders with protection, stops, and the call auctions on bars."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, time

import pytest

from services.brokers.ledger import MemoryLedger, Triggered
from services.brokers.simulated import SimulatedExchange
from services.clock import VirtualClock
from services.domain.instruments import Symbol
from services.domain.orders import ApprovedOrder, OrderKind, OrderState, Side
from services.domain.statement import Ack, AckKind
from tests.exchange_market import FLAT, MAIN, MON, TUE, WHOLE_DAY, Bar, at, buy, exchange, order, panel, sell

PROTECTED, TO_LIMIT, STOP = OrderKind.MARKET_PROTECTED, OrderKind.MARKET_TO_LIMIT, OrderKind.STOP

# Tuesday rises from 10.00 to 10.40; Monday closed at 10.00.
RISING: Sequence[Bar] = [
    *[FLAT] * 4,
    (10.00, 10.15, 9.99, 10.10),
    (10.10, 10.25, 10.05, 10.20),
    (10.20, 10.35, 10.15, 10.30),
    (10.30, 10.45, 10.25, 10.40),
]
FALLING: Sequence[Bar] = [
    *[FLAT] * 4,
    (10.00, 10.05, 9.90, 9.95),
    (9.95, 9.98, 9.70, 9.75),
    (9.60, 9.65, 9.50, 9.60),
    (9.60, 9.65, 9.55, 9.60),
]


class Day:
    """An exchange on Tuesday, at the moment of the order; holding 300 MAIN bought on Monday where asked."""

    def __init__(
        self, bars: Sequence[Bar], *, holds: bool = False, volume: float = 1e6, volume_cap: str = "0"
    ) -> None:
        self.clock, self.ledger = VirtualClock(at(MON, "09:35")), MemoryLedger()
        self.broker: SimulatedExchange = exchange(
            panel({MAIN: bars}, volume=volume, prev_close={MAIN: (10.0, 10.0)}),
            self.clock,
            ledger=self.ledger,
            volume_cap=volume_cap,
        )
        if holds:
            self.submit(buy(MAIN, 300, "10.00", name="HELD"), at(MON, "09:35"))

    def submit(self, placed: ApprovedOrder, moment: datetime) -> Ack:
        self.clock.jump(moment)
        return asyncio.run(self.broker.submit_order(placed))

    def fills(self, until: str) -> list[tuple[str, int, str]]:
        """Return price, shares and time of Tuesday's fills as known at `until`."""
        self.clock.jump(at(TUE, until))
        return [
            (str(fill.price_cny), fill.shares, f"{fill.traded_at:%H:%M}")
            for fill in asyncio.run(self.broker.get_fills(TUE))
        ]

    def state(self, placed: ApprovedOrder) -> OrderState:
        status = asyncio.run(self.broker.get_order_status(placed.order_id)).status
        assert status is not None
        return status.state


def market(shares: int, protection: str, kind: OrderKind = PROTECTED) -> ApprovedOrder:
    return buy(MAIN, shares, protection, day=TUE, kind=kind)


def stop(side: Side, trigger: str, limit: str) -> ApprovedOrder:
    return order(side, MAIN, 300, limit, day=TUE, kind=STOP, stop=trigger)


def test_a_market_order_pays_the_open_of_the_bar_within_its_protection() -> None:
    day = Day(RISING)

    day.submit(market(300, "10.20"), at(TUE, "10:35"))

    assert day.fills("10:35") == [("10.10", 300, "10:35")]


@pytest.mark.parametrize("kind", [PROTECTED, TO_LIMIT])
def test_a_market_order_with_nobody_inside_its_protection_ends_at_once(kind: OrderKind) -> None:
    day = Day(RISING)
    placed = market(300, "10.09", kind)

    assert day.submit(placed, at(TUE, "10:35")).kind is AckKind.ACCEPTED

    assert (day.state(placed), day.fills("15:00")) == (OrderState.CANCELLED, [])
    balance = asyncio.run(day.broker.get_balance())
    assert (str(balance.available_cny), str(balance.frozen_cny)) == ("100000.00", "0.00")


def test_the_rest_of_a_protected_market_order_is_cancelled() -> None:
    day = Day(RISING, volume=4000, volume_cap="0.25")
    placed = market(2500, "10.20")

    day.submit(placed, at(TUE, "10:35"))

    assert day.state(placed) is OrderState.CANCELLED
    assert day.fills("15:00") == [("10.10", 1000, "10:35")]


def test_the_rest_of_the_other_market_order_waits_at_the_price_it_paid() -> None:
    day = Day(RISING, volume=4000, volume_cap="0.25")
    placed = market(2500, "11.00", TO_LIMIT)

    day.submit(placed, at(TUE, "10:35"))

    assert day.state(placed) is OrderState.WORKING
    # The bar went to 10.05, below the 10.10 it waits at, but gave its quarter before; then prices rose.
    assert day.fills("14:59") == [("10.10", 1000, "10:35")]
    day.clock.jump(at(TUE, "15:00"))
    assert day.state(placed) is OrderState.EXPIRED


@pytest.mark.parametrize("moment", ["09:18", "14:58", "15:05"])
def test_market_orders_are_for_continuous_trading_alone(moment: str) -> None:
    ack = Day(RISING).submit(market(300, "10.50"), at(TUE, moment))

    assert (ack.kind, ack.reason.split(":")[0]) == (AckKind.REJECTED, "phase")


def test_a_board_that_takes_no_market_orders_rejects_one() -> None:
    bond = Symbol("113001.SH")
    clock = VirtualClock(at(TUE, "09:35"))
    broker = exchange(panel({bond: [(100.0, 100.0, 100.0, 100.0)] * 8}), clock)

    ack = asyncio.run(broker.submit_order(buy(bond, 10, "100.000", day=TUE, kind=PROTECTED)))

    assert ack.reason.startswith("board_lot")


@pytest.mark.parametrize(
    ("placed", "rule"),
    [
        (buy(MAIN, 300, "10.20", day=TUE, kind=STOP), "tick"),  # a stop without a trigger
        (buy(MAIN, 300, "10.20", day=TUE, stop="10.10"), "tick"),  # a trigger on a limit order
        (buy(MAIN, 300, "10.20", day=TUE, kind=STOP, stop="10.105"), "tick"),
        (buy(MAIN, 300, "10.20", day=TUE, kind=STOP, stop="NaN"), "tick"),
    ],
)
def test_a_stop_has_a_trigger_that_is_a_price_and_nothing_else_has_one(
    placed: ApprovedOrder, rule: str
) -> None:
    ack = Day(RISING).submit(placed, at(TUE, "09:35"))

    assert (ack.kind, ack.reason.split(":")[0]) == (AckKind.REJECTED, rule)


@pytest.mark.parametrize("moment", ["14:58", "15:01", "15:06"])
def test_a_stop_is_not_taken_when_one_price_of_the_day_is_left(moment: str) -> None:
    ack = Day(RISING).submit(stop(Side.BUY, "10.40", "10.45"), at(TUE, moment))

    assert (ack.kind, ack.reason.split(":")[0]) == (AckKind.REJECTED, "phase")


def test_a_stop_trades_at_its_trigger_in_the_bar_that_reaches_it() -> None:
    day = Day(RISING)

    day.submit(stop(Side.BUY, "10.22", "10.30"), at(TUE, "09:35"))

    # The bar from 10:30 reached 10.25; that it did is known at its end.
    assert day.fills("11:29") == []
    assert day.fills("11:30") == [("10.22", 300, "11:30")]


def test_a_stop_is_not_woken_by_prices_before_it_came() -> None:
    day = Day(FALLING, holds=True)

    # Sent at 10:35: 9.70 may have been before it, and the bar's close of 9.75 is above 9.72. The open
    # of 13:00 is the first price at its trigger or through it, and what it trades at.
    day.submit(stop(Side.SELL, "9.72", "9.53"), at(TUE, "10:35"))

    assert day.fills("12:59") == []
    assert day.fills("13:00") == [("9.60", 300, "13:00")]


def test_a_close_wakes_a_stop_that_came_in_its_bar_and_the_next_price_is_traded_at() -> None:
    day = Day(FALLING, holds=True)

    day.submit(stop(Side.SELL, "9.80", "9.60"), at(TUE, "10:35"))

    assert day.fills("11:30") == []
    woken = [entry for entry in day.ledger.entries() if isinstance(entry, Triggered)]
    assert [entry.at for entry in woken] == [at(TUE, "11:30")]
    assert day.fills("13:00") == [("9.60", 300, "13:00")]


def test_a_stop_is_not_woken_by_the_open_of_the_bar_it_arrives_in() -> None:
    day = Day(RISING)

    # 10:30 opened at 10.10, through 10.05 already. The bar's close wakes it.
    day.submit(stop(Side.BUY, "10.05", "10.25"), at(TUE, "10:35"))

    assert day.fills("11:30") == []
    assert day.fills("13:00") == [("10.20", 300, "13:00")]


def test_a_stop_on_which_the_market_opens_trades_no_better_than_that_open() -> None:
    day = Day(FALLING, holds=True)

    # 9.55 of 13:00's bar reaches 9.64, but its open of 9.60 was through it already.
    day.submit(stop(Side.SELL, "9.64", "9.45"), at(TUE, "09:35"))

    assert day.fills("15:00") == [("9.60", 300, "13:00")]


def test_a_woken_stop_is_a_limit_order_and_waits_at_its_limit() -> None:
    day = Day(FALLING, holds=True)
    placed = stop(Side.SELL, "9.64", "9.70")

    day.submit(placed, at(TUE, "09:35"))

    assert day.fills("14:59") == []
    assert day.state(placed) is OrderState.WORKING
    day.clock.jump(at(TUE, "15:00"))
    assert day.state(placed) is OrderState.EXPIRED


def test_a_stop_that_nothing_reaches_never_trades_though_its_limit_is_reached() -> None:
    day = Day(FALLING)

    day.submit(stop(Side.BUY, "10.30", "10.40"), at(TUE, "09:35"))

    assert day.fills("15:00") == []


def test_a_stop_reached_at_limit_up_finds_nobody_to_sell() -> None:
    day = Day([*[FLAT] * 5, *[(10.5, 11.0, 10.5, 11.0)] * 3])

    day.submit(stop(Side.BUY, "11.00", "11.00"), at(TUE, "09:35"))

    assert day.fills("11:30") == []


def test_a_woken_stop_is_still_awake_after_a_restart() -> None:
    day = Day(FALLING, holds=True)
    day.submit(stop(Side.SELL, "9.80", "9.60"), at(TUE, "10:35"))
    assert day.fills("11:30") == []

    day.broker = exchange(
        panel({MAIN: FALLING}, prev_close={MAIN: (10.0, 10.0)}), day.clock, ledger=day.ledger
    )

    assert day.fills("13:00") == [("9.60", 300, "13:00")]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("10.45", [("10.40", 300, "15:00")]),
        ("10.40", [("10.40", 300, "15:00")]),
        ("10.39", []),  # below the close, though not below the open of 14:00
    ],
)
def test_an_order_of_the_closing_call_trades_at_the_close_or_not_at_all(
    limit: str, expected: list[tuple[str, int, str]]
) -> None:
    day = Day(RISING)
    placed = buy(MAIN, 300, limit, day=TUE)

    assert day.submit(placed, at(TUE, "14:58")).kind is AckKind.ACCEPTED

    assert day.fills("14:59") == []
    assert day.fills("15:00") == expected
    assert day.state(placed) is (OrderState.FILLED if expected else OrderState.EXPIRED)


def test_a_close_at_limit_up_gives_a_buy_of_the_closing_call_nothing() -> None:
    day = Day([*[FLAT] * 7, (10.5, 11.0, 10.5, 11.0)])

    day.submit(buy(MAIN, 300, "11.00", day=TUE), at(TUE, "14:58"))

    assert day.fills("15:00") == []


@pytest.mark.parametrize("moment", ["14:58", "15:06"])
def test_a_close_beyond_the_days_limits_is_no_close_to_trade_at(moment: str) -> None:
    day = Day([*[FLAT] * 7, (10.9, 11.35, 10.9, 11.35)], holds=True)

    day.submit(sell(MAIN, 300, "10.00", day=TUE), at(TUE, moment))

    assert day.fills("15:30") == []


def test_a_cancel_in_the_closing_call_comes_too_late() -> None:
    day = Day(RISING)
    placed = buy(MAIN, 300, "10.40", day=TUE)
    day.submit(placed, at(TUE, "14:58"))

    ack = asyncio.run(day.broker.cancel_order(placed.order_id))

    assert ack.kind is AckKind.REJECTED
    assert day.fills("15:00") == [("10.40", 300, "15:00")]
    assert asyncio.run(day.broker.cancel_order(placed.order_id)).kind is AckKind.REJECTED


def test_orders_of_both_calls_trade_at_open_and_close_of_a_daily_bar() -> None:
    clock = VirtualClock(at(TUE, "09:18"))
    broker = exchange(panel({MAIN: [FLAT, (10.30, 10.60, 10.20, 10.50)]}, hours=WHOLE_DAY), clock)
    asyncio.run(broker.submit_order(buy(MAIN, 300, "10.60", name="OPEN", day=TUE)))
    clock.jump(at(TUE, "14:58"))
    asyncio.run(broker.submit_order(buy(MAIN, 300, "10.60", name="CLOSE", day=TUE)))
    clock.jump(at(TUE, "15:00"))

    assert [str(fill.price_cny) for fill in asyncio.run(broker.get_fills(TUE))] == ["10.30", "10.50"]


def test_an_order_of_the_closing_call_is_not_traded_by_a_bar_that_ends_before_it() -> None:
    minutes = ((time(9, 30), time(14, 58)), (time(14, 58), time(14, 59)), (time(14, 59), time(15)))
    bars: Sequence[Bar] = [*[FLAT] * 4, (10.0, 10.1, 10.0, 10.1), (10.1, 10.2, 10.1, 10.2)]
    clock = VirtualClock(at(TUE, "14:58"))
    broker = exchange(panel({MAIN: bars}, hours=minutes), clock)

    asyncio.run(broker.submit_order(buy(MAIN, 100, "10.50", day=TUE)))
    clock.jump(at(TUE, "14:59"))
    early = asyncio.run(broker.get_fills(TUE))
    clock.jump(at(TUE, "15:00"))

    assert early == ()
    assert [str(fill.price_cny) for fill in asyncio.run(broker.get_fills(TUE))] == ["10.20"]


def test_a_fund_of_shanghai_had_no_closing_call_before_july_2026() -> None:
    fund = Symbol("510300.SH")
    day = at(MON, "14:58").date().replace(month=6, day=30)  # A Tuesday.
    clock = VirtualClock(at(day, "14:58"))
    market = panel({fund: [(4.0, 4.1, 3.9, 4.05)] * 4}, days=(day,), prev_close={fund: (4.0,)})
    broker = exchange(market, clock)

    asyncio.run(broker.submit_order(buy(fund, 100, "4.100", day=day)))

    assert [str(fill.price_cny) for fill in asyncio.run(broker.get_fills(day))] == ["4.000"]


def test_a_sale_of_shares_bought_today_is_not_saved_by_being_a_stop() -> None:
    day = Day(RISING)
    day.submit(buy(MAIN, 300, "10.20", day=TUE, name="NEW"), at(TUE, "09:35"))

    ack = day.submit(sell(MAIN, 300, "9.90", day=TUE, kind=STOP, stop="10.05"), at(TUE, "10:35"))

    assert ack.reason.startswith("t_plus_1")
