"""The price cage at the exchange: its reference, where it holds, and orders that are parked outside it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

import pytest

from services.brokers.caging import parked_until
from services.brokers.ledger import Accepted, MemoryLedger, Triggered
from services.clock import VirtualClock
from services.domain.instruments import Symbol
from services.domain.orders import ApprovedOrder, OrderKind, OrderState, Side
from services.rules import rules_of
from tests.exchange_market import CHINEXT, FLAT, MAIN, MON, TUE, Bar, at, buy, exchange, order, panel, sell
from tests.unit.test_simulated_snapshots import Desk

FUND, STAR, BSE = Symbol("510300.SH"), Symbol("688001.SH"), Symbol("920001.BJ")


def rule(desk: Desk, placed: ApprovedOrder) -> str:
    """Return the rule that turns the order away, empty where it is taken."""
    return asyncio.run(desk.broker.submit_order(placed)).reason.split(":")[0]


def holding(symbol: Symbol = MAIN) -> MemoryLedger:
    """Return the ledger of an account that holds 300 of the symbol since Monday."""
    ledger = MemoryLedger()
    market = panel({symbol: [FLAT] * 8}, prev_close={symbol: (10.0, 10.0)})
    broker = exchange(market, VirtualClock(at(MON, "09:35")), ledger=ledger)
    asyncio.run(broker.submit_order(buy(symbol, 300, "10.00", name="HELD")))
    return ledger


Book = tuple[tuple[str, ...] | None, tuple[str, ...] | None]


@pytest.mark.parametrize(
    ("book", "inside", "outside"),
    [
        ((("10.10",), ("10.00",)), "10.30", "10.31"),  # best ask: 10.10 x 1.02 = 10.302
        (((), ("10.06",)), "10.26", "10.27"),  # nobody asks, best bid: 10.06 x 1.02 = 10.2612
        (((), ()), "10.10", "10.11"),  # nobody at all, last trade: 9.90 x 1.02 = 10.098
        ((None, None), "10.10", "10.11"),  # no book known
    ],
)
def test_a_buy_is_held_against_ask_then_bid_then_last_trade(book: Book, inside: str, outside: str) -> None:
    desk = Desk()
    desk.vendor.last = "9.90"
    desk.vendor.asks, desk.vendor.bids = book

    assert rule(desk, buy(MAIN, 100, inside, name="IN", day=TUE)) == ""
    assert rule(desk, buy(MAIN, 100, outside, name="OUT", day=TUE)) == "cage"


@pytest.mark.parametrize(
    ("book", "inside", "outside"),
    [
        ((("10.10",), ("10.00",)), "9.80", "9.79"),  # best bid: 10.00 x 0.98 = 9.80
        ((("10.06",), ()), "9.86", "9.85"),  # nobody bids, best ask: 10.06 x 0.98 = 9.8588
        (((), ()), "9.70", "9.69"),  # nobody at all, last trade: 9.90 x 0.98 = 9.702
        ((None, None), "9.70", "9.69"),
    ],
)
def test_a_sell_is_held_against_bid_then_ask_then_last_trade(book: Book, inside: str, outside: str) -> None:
    desk = Desk(ledger=holding())
    desk.vendor.last = "9.90"
    desk.vendor.asks, desk.vendor.bids = book

    assert rule(desk, sell(MAIN, 100, outside, name="OUT", day=TUE)) == "cage"
    assert rule(desk, sell(MAIN, 100, inside, name="IN", day=TUE)) == ""


def test_the_cage_is_one_sided() -> None:
    desk = Desk(ledger=holding())

    assert rule(desk, buy(MAIN, 100, "9.00", name="LOW", day=TUE)) == ""
    assert rule(desk, sell(MAIN, 100, "11.00", name="HIGH", day=TUE)) == ""


def test_before_the_first_trade_of_the_day_the_previous_close_counts() -> None:
    # The bars begin at 10:00. Yesterday's close was 10.00, today's reference is 8.00: 8.00 x 1.02 = 8.16.
    hours = ((time(10), time(11, 30)), (time(13), time(15)))
    market = panel({MAIN: [FLAT] * 4}, hours=hours, prev_close={MAIN: (10.0, 8.0)})
    broker = exchange(market, VirtualClock(at(TUE, "09:45")))

    answers = [
        asyncio.run(broker.submit_order(buy(MAIN, 100, limit, name=limit[-2:], day=TUE))).reason
        for limit in ("8.16", "8.17")
    ]

    assert [answer.split(":")[0] for answer in answers] == ["", "cage"]


@pytest.mark.parametrize(
    ("symbol", "inside", "outside"),
    [
        (MAIN, "10.20", "10.21"),
        (STAR, "10.20", "10.21"),
        (BSE, "10.50", "10.51"),  # 5 %
        (FUND, "11.000", None),  # no cage: the day's limit alone
    ],
)
def test_on_bars_the_last_trade_counts_and_the_fill_is_approximate(
    symbol: Symbol, inside: str, outside: str | None
) -> None:
    broker = exchange(panel({symbol: [FLAT] * 8}), VirtualClock(at(TUE, "09:35")))

    if outside is not None:
        ack = asyncio.run(broker.submit_order(buy(symbol, 200, outside, name="OUT", day=TUE)))
        assert ack.reason.startswith("cage")
    assert asyncio.run(broker.submit_order(buy(symbol, 200, inside, name="IN", day=TUE))).reason == ""
    assert [fill.approximate for fill in asyncio.run(broker.get_fills(TUE))] == [True]


def test_an_order_let_in_without_a_book_stays_approximate_when_a_book_fills_it() -> None:
    desk = Desk()
    desk.vendor.asks = desk.vendor.bids = None
    assert rule(desk, buy(MAIN, 100, "9.95", day=TUE)) == ""

    desk.vendor.asks, desk.vendor.bids = ("9.94",), ("9.93",)
    desk.clock.jump(at(TUE, "09:36"))

    assert [(str(fill.price_cny), fill.approximate) for fill in desk.fills()] == [("9.94", True)]


@pytest.mark.parametrize("moment", ["09:18", "09:21", "14:58", "15:05", "15:10"])
def test_calls_and_after_hours_have_no_cage(moment: str) -> None:
    broker = exchange(panel({MAIN: [FLAT] * 8}), VirtualClock(at(TUE, moment)))

    assert asyncio.run(broker.submit_order(buy(MAIN, 100, "11.00", day=TUE))).reason == ""


def test_market_orders_have_no_cage() -> None:
    broker = exchange(panel({MAIN: [FLAT] * 8}), VirtualClock(at(TUE, "09:35")))
    placed = buy(MAIN, 100, "11.00", day=TUE, kind=OrderKind.MARKET_PROTECTED)

    assert asyncio.run(broker.submit_order(placed)).reason == ""


@pytest.mark.parametrize(
    ("side", "trigger", "limit", "taken"),
    [
        (Side.BUY, "10.05", "10.25", True),  # 10.05 x 1.02 = 10.251
        (Side.BUY, "10.05", "10.26", False),
        (Side.SELL, "9.72", "9.53", True),  # 9.72 x 0.98 = 9.5256
        (Side.SELL, "9.72", "9.52", False),
    ],
)
def test_a_stop_is_held_against_its_trigger(side: Side, trigger: str, limit: str, taken: bool) -> None:
    broker = exchange(panel({MAIN: [FLAT] * 8}), VirtualClock(at(TUE, "09:35")), ledger=holding())
    placed = order(side, MAIN, 100, limit, day=TUE, kind=OrderKind.STOP, stop=trigger)

    assert (asyncio.run(broker.submit_order(placed)).reason == "") is taken


# ChiNext until 2023-04-09: an order outside waits at the exchange until the market comes near enough.

PARKED_MON, PARKED_TUE = date(2022, 7, 11), date(2022, 7, 12)
QUIET: Bar = (10.0, 10.1, 9.9, 10.0)


class Parking:
    """An account that holds 300 of a ChiNext share, on a Tuesday of 2022."""

    def __init__(self, *tuesday: Bar) -> None:
        self.clock, self.ledger = VirtualClock(at(PARKED_MON, "09:35")), MemoryLedger()
        self.broker = exchange(
            panel(
                {CHINEXT: [*[FLAT] * 4, *tuesday]},
                days=(PARKED_MON, PARKED_TUE),
                prev_close={CHINEXT: (10.0, 10.0)},
            ),
            self.clock,
            ledger=self.ledger,
        )
        self.submit(buy(CHINEXT, 300, "10.00", name="HELD", day=PARKED_MON), at(PARKED_MON, "09:35"))

    def submit(self, placed: ApprovedOrder, moment: datetime) -> str:
        self.clock.jump(moment)
        return asyncio.run(self.broker.submit_order(placed)).reason

    def fills(self, until: str) -> list[tuple[str, str]]:
        """Return price and time of Tuesday's fills as known at `until`."""
        self.clock.jump(at(PARKED_TUE, until))
        fills = asyncio.run(self.broker.get_fills(PARKED_TUE))
        return [(str(fill.price_cny), f"{fill.traded_at:%H:%M}") for fill in fills]

    def state(self, placed: ApprovedOrder) -> OrderState:
        status = asyncio.run(self.broker.get_order_status(placed.order_id)).status
        assert status is not None
        return status.state


DEAR = buy(CHINEXT, 100, "10.50", name="DEAR", day=PARKED_TUE)
"""Inside once the last trade is 10.29: 10.29 x 1.02 = 10.4958; 10.28 x 1.02 = 10.4856 is one tick short."""
FOR_NOTHING = sell(CHINEXT, 100, "9.50", name="CHEAP", day=PARKED_TUE)
"""Inside once the last trade is 9.69: 9.69 x 0.98 = 9.4962; 9.70 x 0.98 = 9.506 is one tick short."""


@pytest.mark.parametrize(
    ("placed", "second", "expected"),
    [
        (DEAR, (10.20, 10.30, 10.10, 10.20), [("10.29", "11:30")]),  # reached within the bar
        (DEAR, (10.20, 10.28, 10.10, 10.20), []),  # one tick short
        (DEAR, (10.35, 10.40, 10.30, 10.30), [("10.35", "10:30")]),  # the bar opened inside
        (FOR_NOTHING, (9.80, 9.90, 9.69, 9.80), [("9.69", "11:30")]),
        (FOR_NOTHING, (9.80, 9.90, 9.70, 9.80), []),
        (FOR_NOTHING, (9.60, 9.70, 9.60, 9.70), [("9.60", "10:30")]),
    ],
)
def test_a_parked_order_trades_once_the_market_has_come_near_enough(
    placed: ApprovedOrder, second: Bar, expected: list[tuple[str, str]]
) -> None:
    day = Parking(QUIET, second, QUIET, QUIET)

    assert day.submit(placed, at(PARKED_TUE, "09:35")) == ""
    assert day.fills("09:40") == []

    assert day.fills("11:30") == expected


def test_a_parked_order_can_be_withdrawn_and_lapses_with_its_day() -> None:
    day = Parking(*[QUIET] * 4)
    gone = buy(CHINEXT, 100, "10.60", name="GONE", day=PARKED_TUE)
    day.submit(DEAR, at(PARKED_TUE, "09:35"))
    day.submit(gone, at(PARKED_TUE, "09:35"))

    asyncio.run(day.broker.cancel_order(gone.order_id))

    assert day.fills("15:00") == []
    assert (day.state(gone), day.state(DEAR)) == (OrderState.CANCELLED, OrderState.EXPIRED)


def test_a_stop_that_the_cage_would_park_sleeps_until_it_would_not() -> None:
    bars: Sequence[Bar] = (QUIET, (10.20, 10.30, 10.10, 10.20), (10.45, 10.60, 10.45, 10.60), QUIET)
    day = Parking(*bars)
    placed = order(
        Side.BUY, CHINEXT, 100, "10.50", name="STOP", day=PARKED_TUE, kind=OrderKind.STOP, stop="10.05"
    )
    day.submit(placed, at(PARKED_TUE, "09:35"))
    assert day.fills("10:31") == []  # 10.20 is through its trigger, and too far below its limit

    woken = [entry for entry in day.ledger.entries() if isinstance(entry, Triggered)]
    assert woken == []
    assert day.fills("11:30") == [("10.29", "11:30")]
    assert len([entry for entry in day.ledger.entries() if isinstance(entry, Triggered)]) == 1


@pytest.mark.parametrize(
    ("day", "parks"),
    [(date(2023, 4, 7), True), (date(2023, 4, 10), False)],  # a Friday and the Monday after
)
def test_the_last_day_on_which_orders_were_parked(day: date, parks: bool) -> None:
    ledger = MemoryLedger()
    market = panel({CHINEXT: [FLAT] * 4}, days=(day,), prev_close={CHINEXT: (10.0,)})
    broker = exchange(market, VirtualClock(at(day, "09:35")), ledger=ledger)

    ack = asyncio.run(broker.submit_order(buy(CHINEXT, 100, "10.50", day=day)))

    assert ack.reason.split(":")[0] == ("" if parks else "cage")
    accepted = [entry for entry in ledger.entries() if isinstance(entry, Accepted)]
    assert [entry.parked_until_cny for entry in accepted] == ([Decimal("10.29")] if parks else [])


@pytest.mark.parametrize(
    ("side", "limit", "price"),
    [
        # Bounds of 2 % to the tick, and at least one tick away.
        (Side.BUY, "10.50", "10.29"),  # 10.4958
        (Side.BUY, "0.02", "0.01"),  # 0.01 + one tick
        (Side.BUY, "0.30", "0.29"),  # 0.2958; 0.28 x 1.02 = 0.2856, and one tick is 0.29
        (Side.SELL, "9.50", "9.69"),  # 9.4962
        (Side.SELL, "0.01", "0.02"),  # 0.02 - one tick
        (Side.SELL, "0.30", "0.31"),  # 0.3038 is 0.30, and one tick is 0.30
    ],
)
def test_the_price_that_brings_a_limit_inside(side: Side, limit: str, price: str) -> None:
    rules = rules_of(CHINEXT, PARKED_TUE)
    assert rules.cage is not None

    assert parked_until(rules, rules.cage, side, Decimal(limit)) == Decimal(price)
