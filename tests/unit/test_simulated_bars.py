"""What the simulated exchange pays on bars, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from services.brokers.bar_matching import BarMarket
from services.brokers.ledger import MemoryLedger
from services.brokers.simulated import SimulatedExchange
from services.clock import VirtualClock
from services.domain.bars import Adjustment, CorporateAction, Panel, VolumeUnit
from services.domain.fills import Fill
from services.domain.instruments import Instrument, Kind, Market, Symbol
from services.domain.orders import ApprovedOrder, OrderState
from services.domain.quotes import PanelSnapshot
from services.domain.statement import Ack, AckKind, Holding
from services.market.price_files import load_prices
from services.rules import Commission
from services.slots import ZONES
from tests.exchange_market import (
    CHINEXT,
    FLAT,
    MAIN,
    MON,
    OTHER,
    TUE,
    WHOLE_DAY,
    Bar,
    Weekdays,
    at,
    buy,
    exchange,
    panel,
    sell,
)

SHARED = Path(__file__).parents[3] / "shared"

# Tuesday's four bars open at 10.00, 10.10, 10.20 and 10.30; the day closes at 10.40. Monday closed at 10.00.
RISING: Sequence[Bar] = [
    *[FLAT] * 4,
    (10.00, 10.15, 9.99, 10.10),
    (10.10, 10.25, 10.05, 10.20),
    (10.20, 10.35, 10.15, 10.30),
    (10.30, 10.45, 10.25, 10.40),
]


def traded(
    market: Panel, order: ApprovedOrder, moment: datetime, until: datetime, slippage_bp: str = "0"
) -> tuple[Ack, tuple[Fill, ...]]:
    """Send the order at `moment`; return the answer and its fills as known at `until`."""
    clock = VirtualClock(moment)
    broker = exchange(market, clock, slippage_bp=slippage_bp)
    ack = asyncio.run(broker.submit_order(order))
    clock.jump(until)
    return ack, asyncio.run(broker.get_fills(MON))


@pytest.mark.parametrize(
    ("sent", "paid"),
    [
        ("09:30", "10.00"),
        ("09:35", "10.00"),
        ("10:29", "10.00"),
        ("10:30", "10.10"),  # the bar that began at 10:30
        ("10:35", "10.10"),
        ("13:00", "10.20"),  # an order of the 11:35 slot waits for 13:00
        ("14:05", "10.30"),
        ("15:05", "10.40"),  # after hours the day's close
        ("15:29", "10.40"),
    ],
)
def test_an_order_pays_the_open_of_the_bar_it_is_sent_in(sent: str, paid: str) -> None:
    moment, limit = at(TUE, sent), str(Decimal(paid) + Decimal("0.10"))

    ack, fills = traded(panel({MAIN: RISING}), buy(MAIN, 100, limit, day=TUE), moment, moment)

    assert ack.kind is AckKind.ACCEPTED
    assert [(fill.price_cny, fill.traded_at, fill.approximate) for fill in fills] == [
        (Decimal(paid), moment, True)
    ]


def test_a_daily_bar_is_in_progress_all_day_and_pays_its_open() -> None:
    market = panel({MAIN: [FLAT, (10.30, 10.60, 10.20, 10.50)]}, hours=WHOLE_DAY)

    _, fills = traded(market, buy(MAIN, 100, "10.40", day=TUE), at(TUE, "09:35"), at(TUE, "09:35"))

    assert [fill.price_cny for fill in fills] == [Decimal("10.30")]


def test_an_order_of_the_opening_call_pays_the_open_at_half_past_nine() -> None:
    order = buy(MAIN, 100, "11.00", day=TUE)

    _, early = traded(panel({MAIN: RISING}), order, at(TUE, "09:18"), at(TUE, "09:29"))
    _, later = traded(panel({MAIN: RISING}), order, at(TUE, "09:18"), at(TUE, "14:00"))

    assert early == ()
    assert [(fill.price_cny, fill.traded_at) for fill in later] == [(Decimal("10.00"), at(TUE, "09:30"))]


def test_an_order_sent_while_the_close_is_awaited_trades_at_it_from_five_past_three() -> None:
    order = buy(MAIN, 100, "10.40", day=TUE)

    _, early = traded(panel({MAIN: RISING}), order, at(TUE, "15:01"), at(TUE, "15:04"))
    _, later = traded(panel({MAIN: RISING}), order, at(TUE, "15:01"), at(TUE, "16:00"))

    assert early == ()
    assert [(fill.price_cny, fill.traded_at) for fill in later] == [(Decimal("10.40"), at(TUE, "15:05"))]


@pytest.mark.parametrize(
    ("order", "ok"),
    [
        (buy(MAIN, 100, "10.40", day=TUE), True),
        (buy(MAIN, 100, "10.39", day=TUE), False),  # below the close of 10.40
        (buy(Symbol("508001.SH"), 100, "10.000", day=TUE), False),  # a REIT does not trade after hours
        (buy(Symbol("501001.SH"), 100, "10.000", day=TUE), False),  # nor an LOF, on a board that does
        (buy(Symbol("920999.BJ"), 100, "10.00", day=TUE), False),  # nor BSE
    ],
)
def test_after_hours_takes_what_may_trade_at_the_close_alone(order: ApprovedOrder, ok: bool) -> None:
    others = ("508001.SH", "501001.SH", "920999.BJ")
    market = panel({MAIN: RISING, **{Symbol(other): [FLAT] * 8 for other in others}})

    ack, fills = traded(market, order, at(TUE, "15:05"), at(TUE, "15:05"))

    assert (ack.kind is AckKind.ACCEPTED, len(fills)) == (ok, int(ok))


def test_after_hours_nobody_trades_a_stock_that_had_no_close_today() -> None:
    market = panel({MAIN: [*[FLAT] * 7, None], OTHER: RISING})

    ack, _ = traded(market, buy(MAIN, 100, "10.00", day=TUE), at(TUE, "15:05"), at(TUE, "15:05"))
    gone, _ = traded(
        panel({MAIN: [FLAT] * 4}, days=(MON,)),  # no data of Tuesday at all
        buy(MAIN, 100, "10.00", day=TUE),
        at(TUE, "15:05"),
        at(TUE, "15:05"),
    )

    assert ack.reason.startswith("suspended")
    assert gone.reason.startswith("suspended")


def test_after_hours_a_close_at_limit_up_has_no_seller_and_the_order_lapses_at_half_past_three() -> None:
    clock = VirtualClock(at(TUE, "15:05"))
    broker = exchange(panel({MAIN: [*[FLAT] * 7, (11.0, 11.0, 11.0, 11.0)]}), clock)
    order = buy(MAIN, 100, "11.00", day=TUE)

    asyncio.run(broker.submit_order(order))

    assert state(broker, order) is OrderState.WORKING
    clock.jump(at(TUE, "15:29"))
    assert state(broker, order) is OrderState.WORKING
    clock.jump(at(TUE, "15:30"))
    assert state(broker, order) is OrderState.EXPIRED


@pytest.mark.parametrize(
    ("side", "limit", "slippage_bp", "paid"),
    [
        ("buy", "10.20", "10", "10.01"),  # 10.00 x 1.0010 = 10.010, already on the tick
        ("buy", "10.20", "12", "10.02"),  # 10.012 -> up to 10.02
        ("buy", "10.01", "12", None),  # 10.02 is beyond the limit: it works
        ("sell", "9.80", "12", "9.98"),  # 9.988 -> down to 9.98
        ("sell", "9.99", "12", None),
    ],
)
def test_slippage_moves_the_open_against_the_order_and_to_the_next_tick(
    side: str, limit: str, slippage_bp: str, paid: str | None
) -> None:
    market = panel({MAIN: [FLAT] * 8}, prev_close={MAIN: (10.0, 10.0)})
    clock, ledger = VirtualClock(at(MON, "09:35")), MemoryLedger()
    broker = exchange(market, clock, ledger=ledger)
    asyncio.run(broker.submit_order(buy(MAIN, 100, "10.00", name="HELD")))
    moved = exchange(market, clock, slippage_bp=slippage_bp, ledger=ledger)
    clock.jump(at(TUE, "09:35"))
    order = (buy if side == "buy" else sell)(MAIN, 100, limit, day=TUE)

    asyncio.run(moved.submit_order(order))

    prices = [fill.price_cny for fill in asyncio.run(moved.get_fills(TUE))]
    assert prices == ([] if paid is None else [Decimal(paid)])


def test_a_price_between_ticks_is_rounded_against_the_order() -> None:
    market = panel({MAIN: [*[FLAT] * 4, *[(10.1234, 10.2, 10.1, 10.15)] * 4]}, adjustment=Adjustment.FORWARD)

    _, fills = traded(market, buy(MAIN, 100, "10.20", day=TUE), at(TUE, "09:35"), at(TUE, "09:35"))

    assert [fill.price_cny for fill in fills] == [Decimal("10.13")]


SEALED: Bar = (11.0, 11.0, 11.0, 11.0)


def test_a_buy_gets_in_at_the_open_of_a_later_bar_once_limit_up_gives_way() -> None:
    market = panel({MAIN: [*[FLAT] * 4, SEALED, SEALED, (10.90, 11.00, 10.80, 11.00), SEALED]})

    _, fills = traded(market, buy(MAIN, 100, "11.00", day=TUE), at(TUE, "09:35"), at(TUE, "15:00"))

    assert [(fill.price_cny, fill.traded_at) for fill in fills] == [(Decimal("10.90"), at(TUE, "13:00"))]


def test_a_buy_gets_in_at_its_limit_where_a_bar_that_opened_at_limit_up_traded_below() -> None:
    market = panel({MAIN: [*[FLAT] * 4, SEALED, (11.0, 11.0, 10.95, 11.0), SEALED, SEALED]})

    _, early = traded(market, buy(MAIN, 100, "11.00", day=TUE), at(TUE, "09:35"), at(TUE, "11:29"))
    _, later = traded(market, buy(MAIN, 100, "11.00", day=TUE), at(TUE, "09:35"), at(TUE, "15:00"))

    assert early == ()
    assert [(fill.price_cny, fill.traded_at) for fill in later] == [(Decimal("11.00"), at(TUE, "11:30"))]


@pytest.mark.parametrize(
    ("low", "fills"),
    [(9.90, 0), (9.89, 1)],  # a bar that only touched 9.90 may have had a queue in front
)
def test_a_working_buy_trades_only_where_the_market_went_through_its_limit(low: float, fills: int) -> None:
    market = panel({MAIN: [*[FLAT] * 5, (10.0, 10.0, low, 10.0), *[FLAT] * 2]})

    _, done = traded(market, buy(MAIN, 100, "9.90", day=TUE), at(TUE, "09:35"), at(TUE, "15:00"))

    assert [fill.price_cny for fill in done] == [Decimal("9.90")] * fills


@pytest.mark.parametrize(
    ("sent", "close", "traded_at"),
    [
        ("09:30", 10.0, "10:30"),  # there from its open on: the low of 9.00 was after it
        ("09:31", 10.0, None),  # that low may have been before it
        ("10:29", 10.0, None),
        ("10:29", 9.90, None),  # a close that merely touched the limit
        ("10:29", 9.89, "10:30"),  # the close is later than any order of the bar
    ],
)
def test_of_the_bar_an_order_arrives_in_only_what_came_after_it_counts(
    sent: str, close: float, traded_at: str | None
) -> None:
    market = panel({MAIN: [*[FLAT] * 4, (10.0, 10.2, 9.0, close), *[FLAT] * 3]})

    _, fills = traded(market, buy(MAIN, 100, "9.90", day=TUE), at(TUE, sent), at(TUE, "15:30"))

    paid = [] if traded_at is None else [(Decimal("9.90"), at(TUE, traded_at))]
    assert [(fill.price_cny, fill.traded_at) for fill in fills] == paid


@pytest.mark.parametrize(
    ("day", "sent", "ok"),
    [
        (date(2016, 1, 4), "13:32", True),
        (date(2016, 1, 4), "13:33", False),
        (date(2016, 1, 7), "09:58", True),
        (date(2016, 1, 7), "10:30", False),
        (date(2016, 1, 5), "14:05", True),
    ],
)
def test_nothing_is_taken_once_the_circuit_breaker_of_2016_has_ended_trading(
    day: date, sent: str, ok: bool
) -> None:
    days = (date(2015, 12, 31), date(2016, 1, 4), date(2016, 1, 5), date(2016, 1, 6), date(2016, 1, 7))
    market = panel({MAIN: [FLAT] * 20}, days=days)
    clock = VirtualClock(at(day, sent))
    broker = exchange(market, clock)
    order = buy(MAIN, 100, "9.90", day=day)

    ack = asyncio.run(broker.submit_order(order))

    assert (ack.kind is AckKind.ACCEPTED) is ok
    if not ok:
        assert ack.reason.startswith("phase")


def test_what_works_lapses_as_the_circuit_breaker_ends_trading() -> None:
    day = date(2016, 1, 4)
    clock = VirtualClock(at(day, "13:05"))
    broker = exchange(panel({MAIN: [FLAT] * 8}, days=(date(2015, 12, 31), day)), clock)
    order = buy(MAIN, 100, "9.90", day=day)
    asyncio.run(broker.submit_order(order))

    clock.jump(at(day, "13:33"))

    assert state(broker, order) is OrderState.EXPIRED


def holder(bars: Sequence[Bar], sell_order: ApprovedOrder) -> tuple[Ack, tuple[Fill, ...]]:
    """Buy 100 on Monday, sell on Tuesday 09:35; return the answer and the fills of Tuesday."""
    clock = VirtualClock(at(MON, "09:35"))
    broker = exchange(panel({MAIN: bars}, prev_close={MAIN: (10.0, 10.0)}), clock)
    asyncio.run(broker.submit_order(buy(MAIN, 100, "10.00", name="HELD")))
    clock.jump(at(TUE, "09:35"))
    ack = asyncio.run(broker.submit_order(sell_order))
    clock.jump(at(TUE, "15:00"))
    return ack, asyncio.run(broker.get_fills(TUE))


DOWN: Bar = (9.0, 9.0, 9.0, 9.0)


@pytest.mark.parametrize(
    ("bars", "limit", "expected"),
    [
        ([DOWN] * 4, "9.00", None),  # sealed limit-down: nobody buys
        ([DOWN, DOWN, (9.10, 9.20, 9.00, 9.0), DOWN], "9.00", ("9.10", "13:00")),  # opened again
        ([DOWN, (9.0, 9.05, 9.0, 9.0), DOWN, DOWN], "9.00", ("9.00", "11:30")),  # traded above it
        ([SEALED] * 4, "11.00", ("11.00", "09:35")),  # a sell at limit-up finds buyers
        ([FLAT, (10.0, 10.2, 9.9, 10.0), FLAT, FLAT], "10.20", None),  # only touched
        ([FLAT, (10.0, 10.21, 9.9, 10.0), FLAT, FLAT], "10.20", ("10.20", "11:30")),
        ([(10.0, 10.3, 9.9, 10.1), FLAT, FLAT, FLAT], "10.20", None),  # perhaps before it was sent
        ([(10.0, 10.3, 9.9, 10.21), FLAT, FLAT, FLAT], "10.20", ("10.20", "10:30")),
    ],
)
def test_a_sell_is_the_mirror_image(
    bars: Sequence[Bar], limit: str, expected: tuple[str, str] | None
) -> None:
    _, fills = holder([*[FLAT] * 4, *bars], sell(MAIN, 100, limit, day=TUE))

    assert [(fill.price_cny, fill.traded_at) for fill in fills] == (
        [] if expected is None else [(Decimal(expected[0]), at(TUE, expected[1]))]
    )


def test_a_buy_at_limit_down_finds_sellers() -> None:
    _, fills = traded(
        panel({MAIN: [*[FLAT] * 4, *[DOWN] * 4]}),
        buy(MAIN, 100, "9.00", day=TUE),
        at(TUE, "09:35"),
        at(TUE, "09:35"),
    )

    assert [fill.price_cny for fill in fills] == [Decimal("9.00")]


def test_an_open_outside_the_days_limits_is_never_paid() -> None:
    # An ex-day nobody announced: 8.50 lies below limit-down of 9.00.
    market = panel({MAIN: [*[FLAT] * 4, *[(8.5, 8.5, 8.5, 8.5)] * 4]})

    _, fills = traded(market, buy(MAIN, 100, "9.00", day=TUE), at(TUE, "09:35"), at(TUE, "09:35"))

    assert fills == ()


def test_an_order_of_the_day_does_not_trade_in_a_bar_that_begins_at_its_end() -> None:
    hours = ((time(9, 30), time(15)), (time(15), time(15, 30)))
    market = panel({MAIN: [FLAT, FLAT, FLAT, (9.8, 9.8, 9.8, 9.8)]}, hours=hours)

    _, fills = traded(market, buy(MAIN, 100, "9.90", day=TUE), at(TUE, "09:35"), at(TUE, "16:00"))

    assert fills == ()


def test_an_after_hours_order_trades_at_the_close_and_not_in_a_bar() -> None:
    hours = ((time(9, 30), time(15)), (time(15), time(15, 4)))
    market = panel({MAIN: [FLAT, FLAT, FLAT, (10.0, 10.1, 9.9, 10.0)]}, hours=hours)

    _, fills = traded(market, buy(MAIN, 100, "10.05", day=TUE), at(TUE, "15:01"), at(TUE, "16:00"))

    assert [(fill.price_cny, fill.traded_at) for fill in fills] == [(Decimal("10.00"), at(TUE, "15:05"))]


def test_a_bar_that_has_its_open_alone_pays_it_and_says_nothing_more() -> None:
    nan = float("nan")
    market = panel({MAIN: [*[FLAT] * 7, (10.0, nan, nan, nan)]})

    _, filled = traded(market, buy(MAIN, 100, "10.00", day=TUE), at(TUE, "14:05"), at(TUE, "14:05"))
    _, works = traded(market, buy(MAIN, 100, "9.90", day=TUE), at(TUE, "14:05"), at(TUE, "16:00"))

    assert [fill.price_cny for fill in filled] == [Decimal("10.00")]
    assert works == ()


@pytest.mark.parametrize(
    ("symbol", "rule"),
    [
        (Symbol("600002.SH"), "symbol_unknown"),  # not in the market
        (Symbol("700001.SH"), "rules_unknown"),  # in the market, of no known board
        (OTHER, "symbol_unknown"),  # its first bar is still to come
        (CHINEXT, "rules_unknown"),  # its first day: no previous close, and the listing is not known
    ],
)
def test_what_nobody_knows_is_rejected_by_name(symbol: Symbol, rule: str) -> None:
    market = panel(
        {
            MAIN: [FLAT] * 8,
            Symbol("700001.SH"): [FLAT] * 8,
            OTHER: [*[None] * 7, FLAT],
            CHINEXT: [*[None] * 4, *[FLAT] * 4],
        }
    )

    ack, _ = traded(market, buy(symbol, 100, "10.00", day=TUE), at(TUE, "09:35"), at(TUE, "09:35"))

    assert (ack.kind, ack.reason.split(":")[0]) == (AckKind.REJECTED, rule)


def test_a_new_listing_trades_without_limits_in_its_first_days() -> None:
    clock = VirtualClock(at(TUE, "09:35"))
    new = Instrument(symbol=CHINEXT, listed_on=TUE, first_days=(TUE,), registration_regime=True)
    market = panel({MAIN: [FLAT] * 8, CHINEXT: [*[None] * 4, *[(30.0, 40.0, 29.0, 35.0)] * 4]})
    broker = exchange(market, clock, instruments={CHINEXT: new})

    asyncio.run(broker.submit_order(buy(CHINEXT, 100, "30.60", day=TUE)))

    assert [fill.price_cny for fill in asyncio.run(broker.get_fills(TUE))] == [Decimal("30.00")]


def test_before_the_first_bar_of_the_market_nothing_is_known() -> None:
    ack, _ = traded(panel({MAIN: [FLAT] * 8}), buy(MAIN, 100, "10.00"), at(MON, "09:16"), at(MON, "09:16"))

    assert ack.kind is AckKind.REJECTED


def test_on_a_closed_day_no_order_is_taken() -> None:
    sunday = date(2026, 7, 12)

    ack, _ = traded(
        panel({MAIN: [FLAT] * 8}, days=(sunday, MON), prev_close={MAIN: (10.0, 10.0)}),
        buy(MAIN, 100, "10.00", day=sunday),
        at(sunday, "09:35"),
        at(sunday, "09:35"),
    )

    assert ack.reason.startswith("phase")


def test_a_position_in_a_same_day_fund_may_be_sold_at_once() -> None:
    gold = Symbol("518001.SH")
    clock = VirtualClock(at(TUE, "09:35"))
    instruments = {gold: Instrument(symbol=gold, kind=Kind.ETF_GOLD_T0)}
    broker = exchange(panel({gold: [(5.0, 5.0, 5.0, 5.0)] * 8}), clock, instruments=instruments)

    asyncio.run(broker.submit_order(buy(gold, 1000, "5.000", name="BUY", day=TUE)))

    assert asyncio.run(broker.get_positions()) == (Holding(symbol=gold, shares=1000, sellable=1000),)
    ack = asyncio.run(broker.submit_order(sell(gold, 1000, "5.000", name="SELL", day=TUE)))
    assert ack.kind is AckKind.ACCEPTED


def test_shares_in_a_working_sell_cannot_be_sold_twice() -> None:
    clock = VirtualClock(at(MON, "09:35"))
    broker = exchange(panel({MAIN: [FLAT] * 8}, prev_close={MAIN: (10.0, 10.0)}), clock)
    asyncio.run(broker.submit_order(buy(MAIN, 300, "10.00", name="BUY")))
    clock.jump(at(TUE, "09:35"))
    asyncio.run(broker.submit_order(sell(MAIN, 200, "10.50", name="FIRST", day=TUE)))

    ack = asyncio.run(broker.submit_order(sell(MAIN, 200, "10.50", name="SECOND", day=TUE)))

    assert ack.reason.startswith("t_plus_1")
    assert asyncio.run(broker.get_positions()) == (Holding(symbol=MAIN, shares=300, sellable=100),)


def test_an_odd_lot_in_a_working_sell_cannot_be_sold_again() -> None:
    action = CorporateAction(symbol=MAIN, ex_date=TUE, shares_per_share=Decimal("0.5"))
    clock = VirtualClock(at(MON, "09:35"))
    market = panel({MAIN: [FLAT] * 8}, prev_close={MAIN: (10.0, 10.0)}, actions=(action,))
    broker = exchange(market, clock)
    asyncio.run(broker.submit_order(buy(MAIN, 100, "10.00", name="BUY")))
    clock.jump(at(TUE, "09:35"))

    first = asyncio.run(broker.submit_order(sell(MAIN, 50, "10.50", name="FIRST", day=TUE)))
    again = asyncio.run(broker.submit_order(sell(MAIN, 50, "10.50", name="AGAIN", day=TUE)))

    # 150 held: the odd 50 may go, and then 100 are left, which go whole.
    assert first.kind is AckKind.ACCEPTED
    assert again.reason.startswith("board_lot")


def test_cash_in_a_working_buy_cannot_be_spent_twice() -> None:
    clock = VirtualClock(at(TUE, "09:35"))
    broker = exchange(panel({MAIN: [FLAT] * 8}), clock, cash="2000.00")
    asyncio.run(broker.submit_order(buy(MAIN, 100, "9.50", name="FIRST", day=TUE)))

    ack = asyncio.run(broker.submit_order(buy(MAIN, 200, "9.50", name="SECOND", day=TUE)))

    assert ack.reason.startswith("cash")


def test_a_sale_that_costs_more_than_it_brings_needs_the_cash_to_pay_for_it() -> None:
    clock = VirtualClock(at(MON, "09:35"))
    action = CorporateAction(symbol=MAIN, ex_date=TUE, shares_per_share=Decimal("0.01"))
    market = panel({MAIN: [(1.0, 1.0, 1.0, 1.0)] * 8}, prev_close={MAIN: (1.0, 1.0)}, actions=(action,))
    broker = exchange(market, clock, cash="106.00")
    # 100.00 + 5.00 leaves 1.00; on Tuesday one bonus share makes an odd lot of 1.
    asyncio.run(broker.submit_order(buy(MAIN, 100, "1.00", name="BUY", freeze="105.00")))
    clock.jump(at(TUE, "09:35"))

    ack = asyncio.run(broker.submit_order(sell(MAIN, 1, "1.00", name="ODD", day=TUE)))

    assert asyncio.run(broker.get_positions()) == (Holding(symbol=MAIN, shares=101, sellable=101),)
    assert ack.reason.startswith("cash")


@pytest.mark.parametrize(
    ("moment", "accepted"),
    [("09:18", True), ("09:22", False), ("10:00", True), ("11:45", True), ("14:58", False)],
)
def test_a_working_order_can_be_cancelled_but_in_the_locked_minutes_of_the_calls(
    moment: str, accepted: bool
) -> None:
    clock = VirtualClock(at(TUE, "09:16"))
    broker = exchange(panel({MAIN: [FLAT] * 8}), clock)
    order = buy(MAIN, 100, "9.50", day=TUE)
    asyncio.run(broker.submit_order(order))
    clock.jump(at(TUE, moment))

    ack = asyncio.run(broker.cancel_order(order.order_id))

    assert ack.kind is (AckKind.ACCEPTED if accepted else AckKind.REJECTED)
    assert state(broker, order) is (OrderState.CANCELLED if accepted else OrderState.WORKING)


def test_adjusted_prices_hold_their_dividends_so_none_is_booked() -> None:
    action = CorporateAction(symbol=MAIN, ex_date=TUE, cash_per_share=Decimal("0.25"))
    clock = VirtualClock(at(MON, "09:35"))
    broker = exchange(
        panel(
            {MAIN: [FLAT] * 8},
            prev_close={MAIN: (10.0, 10.0)},
            actions=(action,),
            adjustment=Adjustment.FORWARD,
        ),
        clock,
    )
    asyncio.run(broker.submit_order(buy(MAIN, 100, "10.00")))
    clock.jump(at(TUE, "09:35"))

    assert asyncio.run(broker.get_movements(MON)) == ()


def test_a_fraction_of_a_cent_and_of_a_share_is_cut_off() -> None:
    action = CorporateAction(
        symbol=MAIN, ex_date=TUE, cash_per_share=Decimal("0.00019"), shares_per_share=Decimal("0.019")
    )
    clock = VirtualClock(at(MON, "09:35"))
    market = panel({MAIN: [FLAT] * 8}, prev_close={MAIN: (10.0, 10.0)}, actions=(action, action))
    broker = exchange(market, clock)
    asyncio.run(broker.submit_order(buy(MAIN, 100, "10.00")))
    clock.jump(at(TUE, "09:35"))

    cash, shares = asyncio.run(broker.get_movements(MON))

    # Two announcements for one ex-day are one: 100 x 0.00038 = 0.038 -> 0.03; 100 x 0.038 = 3.8 -> 3
    assert (cash.cash_cny, shares.shares) == (Decimal("0.03"), 3)


def test_what_happens_does_not_depend_on_when_one_looks() -> None:
    bars: Sequence[Bar] = [
        *[FLAT] * 4,
        (10.0, 10.1, 9.95, 10.0),
        (10.0, 10.0, 9.80, 9.85),
        (9.85, 9.9, 9.7, 9.8),
        (9.8, 9.9, 9.75, 9.8),
    ]
    action = CorporateAction(symbol=MAIN, ex_date=date(2026, 7, 15), cash_per_share=Decimal("0.10"))
    orders = [
        buy(MAIN, 100, limit, name=f"N{n}", day=TUE) for n, limit in enumerate(["9.90", "9.75", "9.50"])
    ]
    ledgers = []
    for minutes in (1, 7, 60, 3000):
        clock, ledger = VirtualClock(at(TUE, "09:16")), MemoryLedger()
        broker = exchange(panel({MAIN: bars}, actions=(action,)), clock, ledger=ledger)
        for order in orders:
            asyncio.run(broker.submit_order(order))
        asyncio.run(wait(broker, clock, at(date(2026, 7, 15), "09:35"), timedelta(minutes=minutes)))
        ledgers.append(ledger.entries())

    assert len(ledgers[0]) == 8  # opened, three accepted, two filled, one expired, a dividend
    assert ledgers[1:] == [ledgers[0]] * 3


def test_the_exchange_sees_the_same_prices_as_the_session() -> None:
    cube: list[Bar] = [*[FLAT] * 5, (10.1, 10.2, 10.0, 10.15), None, FLAT]
    market = panel({MAIN: cube, OTHER: RISING})
    for day in (MON, TUE):
        for clock in ("09:31", "10:30", "11:35", "13:00", "14:05", "15:05"):
            quote = PanelSnapshot(panel=market, moment=at(day, clock)).get(MAIN)
            offer = asyncio.run(BarMarket(market).offer(MAIN, at(day, clock)))

            assert quote is not None
            assert offer is not None
            assert (offer.prev_close_cny, offer.suspended) == (quote.prev_close_cny, quote.suspended)
            assert offer.suspended or offer.last_cny == quote.last_cny


def real(name: str) -> Panel:
    path = SHARED / "data/astock-2026" / name
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the checkout")
    return load_prices(path, cache_dir=None, adjustment=Adjustment.RAW, volume_unit=VolumeUnit.LOT)


def test_on_real_prices_a_limit_up_open_is_not_paid_at_the_open_but_later_that_day() -> None:
    day, sinopec = date(2026, 1, 9), Symbol("600028.SH")
    # Previous close 6.07 -> limit-up 6.68, which was the open; the low was 6.10.
    clock = VirtualClock(at(day, "09:35"))
    broker = exchange(real("daily.jsonl"), clock)
    asyncio.run(broker.submit_order(buy(sinopec, 100, "6.68", day=day)))

    assert asyncio.run(broker.get_fills(day)) == ()
    clock.jump(at(day, "15:00"))
    (fill,) = asyncio.run(broker.get_fills(day))
    assert (fill.price_cny, fill.traded_at) == (Decimal("6.68"), at(day, "15:00"))


def test_on_real_prices_a_halted_stock_is_rejected() -> None:
    day, amec = date(2025, 12, 22), Symbol("688012.SH")
    clock = VirtualClock(at(day, "09:35"))
    broker = exchange(real("daily.jsonl"), clock)

    ack = asyncio.run(broker.submit_order(buy(amec, 200, "270.00", day=day)))

    assert ack.reason.startswith("suspended")


def american(clock: VirtualClock, calendar: Weekdays) -> SimulatedExchange:
    """Return an exchange in New York with daily bars of AAPL, without commission."""
    new_york = ZONES[Market.US]
    base = panel({Symbol("AAPL.US"): [(200.0, 201.0, 199.0, 200.5)] * 2}, hours=((time(9, 30), time(16)),))
    starts = [int(datetime.combine(day, time(9, 30), new_york).timestamp()) for day in (MON, TUE)]
    ends = [int(datetime.combine(day, time(16), new_york).timestamp()) for day in (MON, TUE)]
    market = replace(base, starts=np.array(starts), ends=np.array(ends))
    return SimulatedExchange(
        market=BarMarket(market),
        clock=clock,
        calendar=calendar,
        cash_cny=Decimal("10000.00"),
        commission=Commission(rate=Decimal(0), min_cny=Decimal(0)),
        ledger=MemoryLedger(),
        instruments={},
        zone=new_york,
    )


def test_a_market_in_another_zone_is_kept_in_its_own_time_and_sells_on_the_day_of_purchase() -> None:
    moment = datetime.combine(TUE, time(9, 35), ZONES[Market.US])
    broker = american(VirtualClock(moment), Weekdays())

    asyncio.run(broker.submit_order(buy(Symbol("AAPL.US"), 7, "201.00", day=TUE)))

    (fill,) = asyncio.run(broker.get_fills(TUE))
    assert (fill.amount_cny, fill.traded_at, fill.trade_date) == (Decimal("1400.00"), moment, TUE)
    assert asyncio.run(broker.get_positions())[0].sellable == 7


def test_a_short_day_ends_early() -> None:
    clock = VirtualClock(datetime.combine(TUE, time(9, 35), ZONES[Market.US]))
    broker = american(clock, Weekdays({TUE: time(13)}))
    works = buy(Symbol("AAPL.US"), 7, "150.00", name="WORKS", day=TUE)
    asyncio.run(broker.submit_order(works))

    clock.jump(datetime.combine(TUE, time(13), ZONES[Market.US]))

    assert state(broker, works) is OrderState.EXPIRED
    late = asyncio.run(broker.submit_order(buy(Symbol("AAPL.US"), 7, "201.00", name="LATE", day=TUE)))
    assert late.reason.startswith("phase")


def state(broker: SimulatedExchange, order: ApprovedOrder) -> OrderState | None:
    status = asyncio.run(broker.get_order_status(order.order_id)).status
    return None if status is None else status.state


async def wait(broker: SimulatedExchange, clock: VirtualClock, until: datetime, step: timedelta) -> None:
    moment = clock.now()
    while moment < until:
        moment = min(moment + step, until)
        clock.jump(moment)
        await broker.get_balance()
