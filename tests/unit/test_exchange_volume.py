"""How much of a bar a simulated order may trade, and what its parts cost."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from services.brokers.ledger import MemoryLedger
from services.clock import VirtualClock
from services.domain.bars import CorporateAction, VolumeUnit
from services.domain.fills import Fees, Fill
from services.domain.instruments import Symbol
from services.domain.orders import OrderKind, OrderState, Side
from services.domain.statement import Holding
from tests.exchange_market import FLAT, MAIN, MON, OTHER, TUE, Bar, at, buy, exchange, panel, sell

STAR = Symbol("688001.SH")
# Each bar goes below 10.00, so that what works at 10.00 trades in it and not at its open alone.
TEN = {MAIN: (10.0, 10.0)}
DIPPING: Bar = (10.0, 10.1, 9.9, 10.0)


def shares_filled(
    symbol: Symbol,
    shares: int,
    *,
    volume: float,
    until: str,
    cap: str = "0.25",
    unit: VolumeUnit = VolumeUnit.SHARE,
) -> list[tuple[int, str]]:
    """Return how many shares of a buy at 10.00, sent on Monday at 09:35, traded when."""
    clock = VirtualClock(at(MON, "09:35"))
    market = panel(
        {symbol: [DIPPING] * 8}, volume=volume, volume_unit=unit, prev_close={symbol: (10.0, 10.0)}
    )
    broker = exchange(market, clock, volume_cap=cap, cash="1000000.00")
    asyncio.run(broker.submit_order(buy(symbol, shares, "10.00")))
    clock.jump(at(MON, until))
    return [(fill.shares, f"{fill.traded_at:%H:%M}") for fill in asyncio.run(broker.get_fills(MON))]


@pytest.mark.parametrize(
    ("volume", "until", "expected"),
    [
        # A quarter of 4,000 a bar: what the first bar gave at its open is not given again at its end.
        (4000, "10:29", [(1000, "09:35")]),
        (4000, "10:30", [(1000, "09:35"), (1000, "10:30")]),
        (4000, "15:00", [(1000, "09:35"), (1000, "10:30"), (500, "13:00")]),
        # A quarter of 1,300 is 325, of which 300 are whole lots.
        (1300, "10:29", [(300, "09:35")]),
        # A quarter of 399 is 99: no lot at all.
        (399, "15:00", []),
        (0, "15:00", []),
        (10_000, "09:35", [(2500, "09:35")]),
    ],
)
def test_a_buy_takes_a_quarter_of_each_bars_volume_in_whole_lots(
    volume: float, until: str, expected: list[tuple[int, str]]
) -> None:
    assert shares_filled(MAIN, 2500, volume=volume, until=until) == expected


def test_a_bar_gives_a_quarter_to_each_symbol_and_side_and_no_more() -> None:
    # A quarter of 4,000 is 1,000: for buys of MAIN, for its sells, and for buys of OTHER.
    clock = VirtualClock(at(MON, "09:35"))
    bars = {MAIN: [DIPPING] * 8, OTHER: [DIPPING] * 8}
    market = panel(bars, volume=4000, prev_close={MAIN: (10.0, 10.0), OTHER: (10.0, 10.0)})
    broker = exchange(market, clock, volume_cap="0.25", cash="1000000.00")
    asyncio.run(broker.submit_order(buy(MAIN, 1000, "10.00", name="HELD")))
    clock.jump(at(TUE, "09:35"))

    for one in (
        buy(MAIN, 600, "10.00", name="FIRST", day=TUE),
        buy(OTHER, 1000, "10.00", name="OTHER", day=TUE),
        sell(MAIN, 1000, "10.00", name="SOLD", day=TUE),
        buy(MAIN, 600, "10.00", name="SECOND", day=TUE),
    ):
        asyncio.run(broker.submit_order(one))

    fills = asyncio.run(broker.get_fills(TUE))
    assert [(fill.symbol, fill.side, fill.shares) for fill in fills] == [
        (MAIN, Side.BUY, 600),
        (OTHER, Side.BUY, 1000),
        (MAIN, Side.SELL, 1000),
        (MAIN, Side.BUY, 400),
    ]


def test_an_order_in_three_parts_pays_the_least_commission_once() -> None:
    clock = VirtualClock(at(MON, "09:35"))
    market = panel({MAIN: [DIPPING] * 8}, volume=4000, prev_close=TEN)
    broker = exchange(market, clock, volume_cap="0.25", cash="1000000.00")
    asyncio.run(broker.submit_order(buy(MAIN, 2500, "10.00")))
    clock.jump(at(MON, "15:00"))

    commissions = [fill.fees.commission for fill in asyncio.run(broker.get_fills(MON))]

    # 2.5 bp of 10,000.00 and of 20,000.00 are below 5.00; of all 25,000.00 they are 6.25.
    assert commissions == [Decimal("5.00"), Decimal("0.00"), Decimal("1.25")]


def test_all_that_was_bought_of_a_symbol_today_is_bound() -> None:
    clock = VirtualClock(at(MON, "09:35"))
    broker = exchange(panel({MAIN: [DIPPING] * 8}, prev_close=TEN), clock)
    for name, shares in (("A", 100), ("B", 300)):
        asyncio.run(broker.submit_order(buy(MAIN, shares, "10.00", name=name)))

    positions = asyncio.run(broker.get_positions())

    assert positions == (Holding(symbol=MAIN, shares=400, sellable=0),)


def test_a_star_buy_trades_200_shares_or_more_and_then_any_number() -> None:
    # A quarter of 790 is 197: below the least buy. Of 812 it is 203, and a second bar completes the 250.
    assert shares_filled(STAR, 250, volume=790, until="09:40") == []
    assert shares_filled(STAR, 250, volume=812, until="10:30") == [(203, "09:35"), (47, "10:30")]


def test_volume_in_lots_is_a_hundred_times_as_much_in_shares() -> None:
    assert shares_filled(MAIN, 2500, volume=40, until="09:40", unit=VolumeUnit.LOT) == [(1000, "09:35")]


def test_a_volume_whose_unit_nobody_declared_caps_nothing() -> None:
    assert shares_filled(MAIN, 2500, volume=40, until="09:40", unit=VolumeUnit.UNKNOWN) == [(2500, "09:35")]


def test_a_cap_of_zero_is_no_cap() -> None:
    assert shares_filled(MAIN, 2500, volume=40, until="09:40", cap="0") == [(2500, "09:35")]


def test_two_orders_share_what_a_bar_gives_one_account() -> None:
    clock = VirtualClock(at(MON, "09:35"))
    broker = exchange(panel({MAIN: [FLAT] * 8}, volume=4000, prev_close=TEN), clock, volume_cap="0.25")

    for name in ("ONE", "TWO"):
        asyncio.run(broker.submit_order(buy(MAIN, 700, "10.00", name=name)))

    # 1,000 in all: 700 and 300.
    assert [fill.shares for fill in asyncio.run(broker.get_fills(MON))] == [700, 300]


def parts(*, volume: float, shares: int = 2500) -> tuple[tuple[Fill, ...], Decimal, Decimal]:
    """Return the fills of a buy at 10.00 until 10:30, and the account's cash and frozen cash then."""
    clock = VirtualClock(at(MON, "09:35"))
    broker = exchange(panel({MAIN: [DIPPING] * 8}, volume=volume, prev_close=TEN), clock, volume_cap="0.25")
    asyncio.run(broker.submit_order(buy(MAIN, shares, "10.00", freeze="25010.00")))
    clock.jump(at(MON, "10:30"))
    balance = asyncio.run(broker.get_balance())
    return asyncio.run(broker.get_fills(MON)), balance.cash_cny, balance.frozen_cny


def test_the_least_commission_is_paid_once_an_order_and_the_rest_of_the_cash_stays_set_aside() -> None:
    fills, cash, frozen = parts(volume=4000)

    # 10000 x 2.5 bp = 2.50, raised to 5.00. 20000 x 2.5 bp = 5.00, which is paid already.
    # Transfer fee: 10000 x 0.001% = 0.10 each.
    assert [fill.fees for fill in fills] == [
        Fees(commission=Decimal("5.00"), transfer_fee=Decimal("0.10")),
        Fees(commission=Decimal("0.00"), transfer_fee=Decimal("0.10")),
    ]
    assert cash == Decimal("79994.80")  # 100000 - 20000 - 5.20
    # 25010.00 less 10005.10 and less 10000.10 is 5004.80; by shares 15004.90 / 3 = 5001.6333 -> 5001.64
    assert frozen == Decimal("5001.64")


def test_the_parts_of_an_order_cost_together_what_it_costs_whole() -> None:
    # 300 shares a bar: 3000 x 0.001% = 0.03 each time; all 600 cost 0.06 whatever the parts.
    parted, *_ = parts(volume=1200, shares=600)
    whole, *_ = parts(volume=1e6, shares=600)

    assert [fill.shares for fill in parted] == [300, 300]
    assert sum(fill.fees.total for fill in parted) == whole[0].fees.total == Decimal("5.06")


def test_a_cancel_ends_what_is_left_of_an_order_traded_in_part() -> None:
    clock = VirtualClock(at(MON, "09:35"))
    broker = exchange(panel({MAIN: [FLAT] * 8}, volume=4000, prev_close=TEN), clock, volume_cap="0.25")
    order = buy(MAIN, 2500, "10.00")
    asyncio.run(broker.submit_order(order))

    asyncio.run(broker.cancel_order(order.order_id))

    status = asyncio.run(broker.get_order_status(order.order_id)).status
    assert status is not None
    assert (status.state, status.filled) == (OrderState.CANCELLED, 1000)
    assert asyncio.run(broker.get_balance()).frozen_cny == Decimal("0.00")


def test_what_is_left_of_an_order_traded_in_part_lapses_at_the_end_of_its_day() -> None:
    clock = VirtualClock(at(MON, "14:05"))
    broker = exchange(panel({MAIN: [FLAT] * 8}, volume=4000, prev_close=TEN), clock, volume_cap="0.25")
    order = buy(MAIN, 2500, "10.00")
    asyncio.run(broker.submit_order(order))

    clock.jump(at(TUE, "09:35"))

    status = asyncio.run(broker.get_order_status(order.order_id)).status
    assert status is not None
    assert (status.state, status.filled) == (OrderState.EXPIRED, 1000)
    assert asyncio.run(broker.get_balance()).frozen_cny == Decimal("0.00")


def test_a_sale_in_parts_sells_whole_lots_and_the_odd_ones_last() -> None:
    clock, ledger = VirtualClock(at(MON, "09:35")), MemoryLedger()
    bonus = CorporateAction(symbol=MAIN, ex_date=TUE, shares_per_share=Decimal("0.1"))
    market = panel(
        {MAIN: [FLAT] * 4 + [(10.0, 10.1, 9.9, 10.0)] * 4}, volume=1000, prev_close=TEN, actions=(bonus,)
    )
    asyncio.run(exchange(market, clock, ledger=ledger).submit_order(buy(MAIN, 400, "10.00")))
    broker = exchange(market, clock, ledger=ledger, volume_cap="0.25")
    clock.jump(at(TUE, "09:35"))

    asyncio.run(broker.submit_order(sell(MAIN, 440, "9.90", name="SOLD", day=TUE)))

    # A quarter of 1,000 is 250, of which 200 are whole lots; the last part is 240 and may be odd.
    clock.jump(at(TUE, "15:00"))
    assert [fill.shares for fill in asyncio.run(broker.get_fills(TUE))] == [200, 240]


@pytest.mark.parametrize(("cash", "traded"), [("1005.01", []), ("1006.00", []), ("1006.01", [100])])
def test_a_part_that_costs_more_than_it_brings_does_not_trade_without_the_cash_for_it(
    cash: str, traded: list[int]
) -> None:
    clock, ledger = VirtualClock(at(MON, "09:35")), MemoryLedger()
    penny = (0.04, 0.04, 0.04, 0.04)
    market = panel(
        {MAIN: [(1.0, 1.0, 1.0, 1.0)] * 4 + [penny] * 4}, volume=400, prev_close={MAIN: (1.0, 0.04)}
    )
    # 1000 x 1.00 and 5.01 of fees leave nothing, 0.99 or 1.00.
    poor = exchange(market, clock, ledger=ledger, cash=cash)
    asyncio.run(poor.submit_order(buy(MAIN, 1000, "1.00", freeze="1005.01")))
    broker = exchange(market, clock, ledger=ledger, volume_cap="0.25")
    clock.jump(at(TUE, "09:35"))

    # 100 shares bring 4.00 and cost 5.00; all 1,000 would bring 40.00.
    asyncio.run(broker.submit_order(sell(MAIN, 1000, "0.04", name="SOLD", day=TUE)))

    assert [fill.shares for fill in asyncio.run(broker.get_fills(TUE))] == traded
    assert len(asyncio.run(broker.get_open_orders())) == 1


def test_after_hours_the_last_bars_volume_is_what_there_is() -> None:
    clock = VirtualClock(at(TUE, "15:05"))
    broker = exchange(panel({MAIN: [FLAT] * 8}, volume=4000, prev_close=TEN), clock, volume_cap="0.25")

    asyncio.run(broker.submit_order(buy(MAIN, 2500, "10.00", day=TUE)))

    assert [fill.shares for fill in asyncio.run(broker.get_fills(TUE))] == [1000]


@pytest.mark.parametrize(
    ("ticks", "bp", "limit", "paid"),
    [(1, "0", "10.10", "10.01"), (2, "10", "10.10", "10.03"), (2, "0", "10.01", None)],
)
def test_slippage_in_ticks_comes_on_top_of_that_in_basis_points(
    ticks: int, bp: str, limit: str, paid: str | None
) -> None:
    clock = VirtualClock(at(MON, "09:35"))
    broker = exchange(panel({MAIN: [FLAT] * 8}, prev_close=TEN), clock, slippage_bp=bp, slippage_ticks=ticks)

    asyncio.run(broker.submit_order(buy(MAIN, 100, limit, kind=OrderKind.LIMIT)))

    # 10.00 x 1.0010 = 10.01, and two ticks more.
    prices = [str(fill.price_cny) for fill in asyncio.run(broker.get_fills(MON))]
    assert prices == ([] if paid is None else [paid])
