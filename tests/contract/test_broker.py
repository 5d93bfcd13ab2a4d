"""What every broker must do, told through the `Broker` door alone.

A broker under test is a `Bench`: it lets the suite move time and restart the broker. The market
behind it is the one below; an adapter of a real broker shows it from its loopback server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from services.brokers.ledger import LedgerStore, MemoryLedger
from services.brokers.ledger_file import FileLedger
from services.brokers.simulated import SimulatedExchange
from services.clock import VirtualClock
from services.domain.bars import CorporateAction, Panel
from services.domain.fills import Fees, MovementKind
from services.domain.orders import ApprovedOrder, OrderKind, OrderState
from services.domain.statement import Ack, AckKind, Balance, Holding, Sight
from services.ports import Broker
from tests.exchange_market import CHINEXT, FLAT, MAIN, MON, OTHER, TUE, WED, at, buy, exchange, panel, sell

# MAIN opens at 10.00 on Monday and at 10.50 on Tuesday, and dips to 9.80 in Monday's second hour.
# OTHER is sealed at its limit-up of 11.00 all Monday. CHINEXT has no bar on Monday.
# On Wednesday MAIN goes ex: 0.25 CNY and 0.1 shares a share.
MARKET = panel(
    {
        MAIN: [
            (10.00, 10.20, 9.95, 10.10),
            (10.10, 10.10, 9.80, 9.90),
            (9.90, 10.00, 9.90, 10.00),
            (10.00, 10.05, 10.00, 10.05),
            (10.50, 10.60, 10.40, 10.50),
            *[(10.50, 10.60, 10.40, 10.50)] * 3,
            *[(9.30, 9.40, 9.20, 9.30)] * 4,
        ],
        OTHER: [(11.0, 11.0, 11.0, 11.0)] * 4 + [(11.5, 11.6, 11.4, 11.5)] * 8,
        CHINEXT: [None] * 4 + [FLAT] * 8,
    },
    days=(MON, TUE, WED),
    prev_close={MAIN: (10.00, 10.05, 9.32), OTHER: (10.00, 11.00, 11.50), CHINEXT: (10.0, 10.0, 10.0)},
    actions=(
        CorporateAction(
            symbol=MAIN,
            ex_date=WED,
            cash_per_share=Decimal("0.25"),
            shares_per_share=Decimal("0.1"),
        ),
    ),
)


@dataclass
class Bench:
    """A broker, its clock, and the means to stop and start it; `durable` if it outlives its process."""

    make: Callable[[], LedgerStore]
    durable: bool
    market: Panel = MARKET
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(at(MON, "09:35")))
    volume_cap: str = "0"
    opened: list[SimulatedExchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.broker: Broker = self.start()

    def start(self) -> Broker:
        self.opened.append(
            exchange(
                self.market, self.clock, ledger=self.make(), volume_cap=self.volume_cap, dividend_tax=True
            )
        )
        return self.opened[-1]

    def restart(self) -> None:
        self.stop()
        self.broker = self.start()

    def stop(self) -> None:
        while self.opened:
            self.opened.pop().close()

    def submit(self, order: ApprovedOrder, moment: datetime | None = None) -> Ack:
        if moment is not None:
            self.clock.jump(moment)
        return asyncio.run(self.broker.submit_order(order))

    def state(self, order: ApprovedOrder) -> OrderState | None:
        status = asyncio.run(self.broker.get_order_status(order.order_id)).status
        return None if status is None else status.state

    def balance(self) -> Balance:
        return asyncio.run(self.broker.get_balance())

    def positions(self) -> tuple[Holding, ...]:
        return asyncio.run(self.broker.get_positions())


@pytest.fixture(params=["memory", "file"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    made = bench_of(request.param, tmp_path)
    yield made
    made.stop()


@pytest.fixture(params=["memory", "file"])
def thin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """The same, where 1,000 shares of a bar may be had."""
    made = bench_of(request.param, tmp_path, volume_cap="0.001")
    yield made
    made.stop()


def bench_of(kind: str, tmp_path: Path, volume_cap: str = "0") -> Bench:
    if kind == "memory":
        kept = MemoryLedger()
        return Bench(make=lambda: kept, durable=False, volume_cap=volume_cap)
    return Bench(make=lambda: FileLedger(tmp_path / "exchange.sqlite3"), durable=True, volume_cap=volume_cap)


def test_an_order_is_filled_at_the_open_and_paid_to_the_cent(bench: Bench) -> None:
    order = buy(MAIN, 3000, "10.10")

    ack = bench.submit(order)

    assert ack == Ack(kind=AckKind.ACCEPTED)
    (fill,) = asyncio.run(bench.broker.get_fills(MON))
    assert (fill.fill_id, fill.shares, fill.price_cny) == (f"{order.order_id}-1", 3000, Decimal("10.00"))
    assert fill.amount_cny == Decimal("30000.00")
    # 30000 x 2.5 bp = 7.50; x 0.001% = 0.30; a buy owes no stamp duty.
    assert fill.fees == Fees(commission=Decimal("7.50"), transfer_fee=Decimal("0.30"))
    assert (fill.trade_date, fill.traded_at) == (MON, at(MON, "09:35"))
    # 100000 - 30000 - 7.80
    assert bench.balance() == balance("69992.20", "69992.20", "69992.20", "0.00")
    assert bench.state(order) is OrderState.FILLED


def test_a_small_order_pays_the_minimum_commission(bench: Bench) -> None:
    bench.submit(buy(MAIN, 100, "10.00"))

    (fill,) = asyncio.run(bench.broker.get_fills(MON))

    # 1000 x 2.5 bp = 0.25, raised to 5.00; 1000 x 0.001% = 0.01
    assert fill.fees == Fees(commission=Decimal("5.00"), transfer_fee=Decimal("0.01"))


def test_a_sale_pays_stamp_duty_and_its_proceeds_stay_for_the_day(bench: Bench) -> None:
    bench.submit(buy(MAIN, 3000, "10.10", name="BUY"))

    bench.submit(sell(MAIN, 3000, "10.40", name="SELL", day=TUE), at(TUE, "09:35"))

    fill = asyncio.run(bench.broker.get_fills(TUE))[0]
    # 31500 x 2.5 bp = 7.875 -> 7.88; x 0.05% = 15.75; x 0.001% = 0.315 -> 0.32
    assert fill.fees == Fees(
        commission=Decimal("7.88"), stamp_duty=Decimal("15.75"), transfer_fee=Decimal("0.32")
    )
    # 69992.20 + 31500 - 23.95 = 101468.25; today's proceeds may buy but not leave.
    assert bench.balance() == balance("101468.25", "101468.25", "69992.20", "0.00")
    assert bench.positions() == ()
    bench.clock.jump(at(WED, "09:35"))
    assert bench.balance() == balance("101468.25", "101468.25", "101468.25", "0.00")


def test_shares_bought_today_cannot_be_sold_today_but_tomorrow(bench: Bench) -> None:
    bench.submit(buy(MAIN, 300, "10.10", name="BUY"))

    today = bench.submit(sell(MAIN, 300, "9.90", name="TODAY"), at(MON, "10:35"))

    assert today.kind is AckKind.REJECTED
    assert today.reason.startswith("t_plus_1")
    assert bench.positions() == (Holding(symbol=MAIN, shares=300, sellable=0),)
    bench.clock.jump(at(TUE, "09:35"))
    assert bench.positions() == (Holding(symbol=MAIN, shares=300, sellable=300),)
    assert bench.submit(sell(MAIN, 300, "10.40", name="NEXT", day=TUE)).kind is AckKind.ACCEPTED


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        (buy(MAIN, 150, "10.00"), "board_lot"),
        (buy(MAIN, 0, "10.00"), "board_lot"),
        (buy(MAIN, 1_000_100, "10.00"), "order_max"),
        (buy(MAIN, 100, "10.005"), "tick"),
        (buy(MAIN, 100, "NaN"), "tick"),
        (buy(MAIN, 100, "11.01"), "price_limit"),  # 10.00 x 1.10 = 11.00
        (buy(MAIN, 100, "8.99"), "price_limit"),  # 10.00 x 0.90 = 9.00
        (buy(MAIN, 9900, "10.10"), "cash"),  # 99990.00 and 25.00 + 1.00 of fees
        (buy(MAIN, 100, "10.00", freeze="1005.00"), "cash"),  # 1000.00 and 5.01 of fees
        (sell(MAIN, 100, "10.00"), "t_plus_1"),
        (buy(CHINEXT, 100, "10.00"), "suspended"),
        (buy(MAIN, 100, "10.00", day=TUE), "phase"),
    ],
)
def test_an_order_that_breaks_a_rule_is_rejected_and_changes_nothing(
    bench: Bench, order: ApprovedOrder, rule: str
) -> None:
    ack = bench.submit(order)

    assert ack.kind is AckKind.REJECTED
    assert ack.reason.startswith(f"{rule}: ")
    assert bench.state(order) is OrderState.REJECTED
    assert bench.balance() == balance("100000.00", "100000.00", "100000.00", "0.00")
    assert asyncio.run(bench.broker.get_open_orders()) == ()
    assert asyncio.run(bench.broker.get_fills(MON)) == ()


@pytest.mark.parametrize("moment", ["09:10", "09:27", "11:35", "12:59", "15:31"])
def test_no_order_is_taken_outside_the_phases(bench: Bench, moment: str) -> None:
    ack = bench.submit(buy(MAIN, 100, "10.00", day=TUE), at(TUE, moment))

    assert (ack.kind, ack.reason.split(":")[0]) == (AckKind.REJECTED, "phase")


def test_an_order_whose_limit_is_not_reached_works_and_freezes_its_cash(bench: Bench) -> None:
    order = buy(MAIN, 100, "9.90", freeze="1000.00")

    bench.submit(order)

    (open_order,) = asyncio.run(bench.broker.get_open_orders())
    assert (open_order.order_id, open_order.filled, open_order.state) == (
        order.order_id,
        0,
        OrderState.WORKING,
    )
    assert bench.balance() == balance("100000.00", "99000.00", "99000.00", "1000.00")


def test_a_working_order_trades_at_its_limit_when_the_market_goes_through_it(bench: Bench) -> None:
    order = buy(MAIN, 100, "9.90")
    bench.submit(order)

    bench.clock.jump(at(MON, "14:05"))

    # The bar from 10:30 to 11:30 fell to 9.80; that it did is known at its end.
    (fill,) = asyncio.run(bench.broker.get_fills(MON))
    assert (fill.price_cny, fill.traded_at) == (Decimal("9.90"), at(MON, "11:30"))
    assert bench.state(order) is OrderState.FILLED


def test_a_cancelled_order_gives_its_cash_back_and_never_trades(bench: Bench) -> None:
    order = buy(MAIN, 100, "9.90")
    bench.submit(order)

    ack = asyncio.run(bench.broker.cancel_order(order.order_id))

    assert ack.kind is AckKind.ACCEPTED
    assert asyncio.run(bench.broker.cancel_order(order.order_id)).kind is AckKind.ACCEPTED
    bench.clock.jump(at(MON, "14:05"))
    assert bench.state(order) is OrderState.CANCELLED
    assert bench.balance() == balance("100000.00", "100000.00", "100000.00", "0.00")


def test_a_filled_order_cannot_be_cancelled(bench: Bench) -> None:
    order = buy(MAIN, 100, "10.00")
    bench.submit(order)

    ack = asyncio.run(bench.broker.cancel_order(order.order_id))

    assert ack.kind is AckKind.REJECTED
    assert bench.state(order) is OrderState.FILLED


def test_a_cancel_of_an_order_that_never_was_is_rejected(bench: Bench) -> None:
    assert asyncio.run(bench.broker.cancel_order(buy(MAIN, 100, "1").order_id)).kind is AckKind.REJECTED


def test_an_order_that_never_arrived_is_known_to_be_absent(bench: Bench) -> None:
    sighting = asyncio.run(bench.broker.get_order_status(buy(MAIN, 100, "1").order_id))

    assert (sighting.sight, sighting.status) == (Sight.ABSENT, None)


@pytest.mark.parametrize("limit", ["10.00", "9.90", "20.00"])  # filled, working, rejected
def test_a_second_send_of_the_same_order_gets_the_first_answer_and_makes_nothing(
    bench: Bench, limit: str
) -> None:
    order = buy(MAIN, 100, limit)
    first = bench.submit(order)
    before = bench.balance()

    again = bench.submit(order, at(MON, "09:36"))

    assert again == first
    assert bench.balance() == before
    assert len(asyncio.run(bench.broker.get_fills(MON))) == (1 if limit == "10.00" else 0)


def test_an_order_not_filled_by_the_end_of_its_day_expires(bench: Bench) -> None:
    order = buy(MAIN, 100, "9.50")
    bench.submit(order)

    bench.clock.jump(at(MON, "14:59"))
    assert bench.state(order) is OrderState.WORKING

    bench.clock.jump(at(MON, "15:00"))
    assert bench.state(order) is OrderState.EXPIRED
    assert bench.balance() == balance("100000.00", "100000.00", "100000.00", "0.00")


def test_a_buy_does_not_trade_while_limit_up_is_sealed(bench: Bench) -> None:
    order = buy(OTHER, 100, "11.00")

    ack = bench.submit(order)

    assert ack.kind is AckKind.ACCEPTED
    bench.clock.jump(at(MON, "14:59"))
    assert bench.state(order) is OrderState.WORKING
    bench.clock.jump(at(TUE, "09:35"))
    assert bench.state(order) is OrderState.EXPIRED


def test_holders_of_the_day_before_get_the_dividend_and_the_bonus_shares(bench: Bench) -> None:
    bench.submit(buy(MAIN, 300, "10.00"))  # 100000 - 3000 - 5.00 - 0.03 = 96994.97

    bench.clock.jump(at(WED, "09:35"))

    cash, shares = asyncio.run(bench.broker.get_movements(MON))
    # 300 x 0.25 = 75.00; 300 x 0.1 = 30
    assert (cash.kind, cash.cash_cny, cash.shares, cash.day) == (
        MovementKind.DIVIDEND,
        Decimal("75.00"),
        0,
        WED,
    )
    assert (shares.kind, shares.cash_cny, shares.shares) == (MovementKind.BONUS, Decimal("0.00"), 30)
    assert cash.movement_id == f"div-{MAIN}-2026-07-15"
    assert bench.balance() == balance("97069.97", "97069.97", "97069.97", "0.00")
    assert bench.positions() == (Holding(symbol=MAIN, shares=330, sellable=330),)


def test_who_buys_on_the_ex_day_gets_nothing(bench: Bench) -> None:
    bench.submit(buy(MAIN, 300, "9.30", day=WED), at(WED, "09:35"))

    assert asyncio.run(bench.broker.get_movements(MON)) == ()
    assert bench.positions() == (Holding(symbol=MAIN, shares=300, sellable=0),)


def test_a_restarted_broker_knows_its_orders_fills_and_cash(bench: Bench) -> None:
    if not bench.durable:
        pytest.skip("this broker lives as long as its process")
    filled, working = buy(MAIN, 300, "10.00", name="FILLED"), buy(MAIN, 100, "9.90", name="WORKING")
    refused = buy(MAIN, 150, "10.00", name="REFUSED")
    acks = [bench.submit(order) for order in (filled, working, refused)]
    before = (bench.balance(), bench.positions(), asyncio.run(bench.broker.get_fills(MON)))

    bench.restart()

    assert [bench.state(order) for order in (filled, working, refused)] == [
        OrderState.FILLED,
        OrderState.WORKING,
        OrderState.REJECTED,
    ]
    assert (bench.balance(), bench.positions(), asyncio.run(bench.broker.get_fills(MON))) == before
    assert [bench.submit(order) for order in (filled, working, refused)] == acks
    bench.clock.jump(at(MON, "14:05"))
    assert bench.state(working) is OrderState.FILLED


def test_listings_begin_at_the_day_asked_for(bench: Bench) -> None:
    bench.submit(buy(MAIN, 300, "10.00", name="MON"))
    bench.submit(buy(MAIN, 300, "10.50", name="TUE", day=TUE), at(TUE, "09:35"))

    days = [fill.trade_date for fill in asyncio.run(bench.broker.get_fills(MON))]

    assert days == [MON, TUE]
    assert [fill.trade_date for fill in asyncio.run(bench.broker.get_fills(TUE))] == [TUE]
    assert asyncio.run(bench.broker.get_fills(WED)) == ()


def test_an_order_is_filled_in_parts_as_the_market_gives_and_pays_one_least_commission(thin: Bench) -> None:
    order = buy(MAIN, 1200, "10.00", freeze="12010.00")

    thin.submit(order)

    # A thousandth of 1,000,000 at once.
    (first,) = asyncio.run(thin.broker.get_fills(MON))
    assert first.shares == 1000
    assert first.fees == Fees(commission=Decimal("5.00"), transfer_fee=Decimal("0.10"))
    assert thin.state(order) is OrderState.WORKING
    # 12010.00 less the 10005.10 paid is 2004.90; by shares 12010 x 200 / 1200 = 2001.6667 -> 2001.67
    assert thin.balance() == balance("89994.90", "87993.23", "87993.23", "2001.67")
    assert asyncio.run(thin.broker.get_open_orders())[0].filled == 1000

    thin.clock.jump(at(MON, "11:30"))

    _, second = asyncio.run(thin.broker.get_fills(MON))
    # The next bar fell through 10.00 from its open of 10.10. 12000 x 2.5 bp = 3.00, long paid.
    assert (second.fill_id, second.shares, second.price_cny) == (f"{order.order_id}-2", 200, Decimal("10.00"))
    assert second.fees == Fees(transfer_fee=Decimal("0.02"))
    assert thin.state(order) is OrderState.FILLED
    assert thin.balance() == balance("87994.88", "87994.88", "87994.88", "0.00")


def test_a_restart_in_the_midst_of_an_order_goes_on_with_what_is_left(thin: Bench) -> None:
    order = buy(MAIN, 1200, "10.00")
    thin.submit(order)

    thin.restart()

    assert thin.submit(order).kind is AckKind.ACCEPTED
    thin.clock.jump(at(MON, "11:30"))
    assert [fill.shares for fill in asyncio.run(thin.broker.get_fills(MON))] == [1000, 200]


def test_a_cancel_ends_the_rest_of_an_order_filled_in_part(thin: Bench) -> None:
    order = buy(MAIN, 1200, "10.00")
    thin.submit(order)

    ack = asyncio.run(thin.broker.cancel_order(order.order_id))

    assert ack.kind is AckKind.ACCEPTED
    thin.clock.jump(at(MON, "14:05"))
    assert [fill.shares for fill in asyncio.run(thin.broker.get_fills(MON))] == [1000]
    # 100000 - 10000 - 5.10
    assert thin.balance() == balance("89994.90", "89994.90", "89994.90", "0.00")


def test_a_cancel_that_the_last_fill_overtook_is_rejected_and_the_fill_stands(bench: Bench) -> None:
    order = buy(MAIN, 100, "9.90")
    bench.submit(order)

    # The bar that ended at 11:30 went through 9.90: the order was filled before the cancel came.
    bench.clock.jump(at(MON, "13:05"))
    ack = asyncio.run(bench.broker.cancel_order(order.order_id))

    assert ack.kind is AckKind.REJECTED
    assert bench.state(order) is OrderState.FILLED
    assert len(asyncio.run(bench.broker.get_fills(MON))) == 1


@pytest.mark.parametrize(
    ("protection", "shares", "state"),
    [("10.10", 1000, OrderState.CANCELLED), ("9.99", 0, OrderState.CANCELLED)],
)
def test_a_protected_market_order_takes_what_it_can_get_and_never_waits(
    thin: Bench, protection: str, shares: int, state: OrderState
) -> None:
    order = buy(MAIN, 1200, protection, kind=OrderKind.MARKET_PROTECTED)

    assert thin.submit(order).kind is AckKind.ACCEPTED

    assert sum(fill.shares for fill in asyncio.run(thin.broker.get_fills(MON))) == shares
    assert (thin.state(order), asyncio.run(thin.broker.get_open_orders())) == (state, ())
    assert thin.balance().frozen_cny == Decimal("0.00")


def test_the_rest_of_a_market_order_that_turns_into_a_limit_order_waits(thin: Bench) -> None:
    order = buy(MAIN, 1200, "10.30", kind=OrderKind.MARKET_TO_LIMIT)

    thin.submit(order)

    assert thin.state(order) is OrderState.WORKING
    thin.clock.jump(at(MON, "11:30"))
    # At 10.00, what its first part paid, and not at its protection.
    fills = asyncio.run(thin.broker.get_fills(MON))
    assert [(fill.shares, fill.price_cny) for fill in fills] == [
        (1000, Decimal("10.00")),
        (200, Decimal("10.00")),
    ]


def test_a_stop_waits_for_its_trigger_and_then_trades(bench: Bench) -> None:
    bench.submit(buy(MAIN, 300, "10.10", name="HELD"))
    order = sell(MAIN, 300, "10.30", name="STOP", day=TUE, kind=OrderKind.STOP, stop="10.40")

    bench.submit(order, at(TUE, "09:35"))

    assert bench.state(order) is OrderState.WORKING
    # Each of Tuesday's bars falls to 10.40; the first one may have done so before 09:35.
    bench.clock.jump(at(TUE, "10:30"))
    assert asyncio.run(bench.broker.get_fills(TUE)) == ()
    bench.clock.jump(at(TUE, "11:30"))
    (fill,) = asyncio.run(bench.broker.get_fills(TUE))
    assert (fill.price_cny, fill.shares) == (Decimal("10.40"), 300)


def test_orders_of_the_two_calls_trade_at_the_open_and_the_close(bench: Bench) -> None:
    opening = buy(MAIN, 100, "10.60", name="OPEN", day=TUE)
    closing = buy(MAIN, 100, "10.60", name="CLOSE", day=TUE)

    bench.submit(opening, at(TUE, "09:18"))
    bench.clock.jump(at(TUE, "09:30"))
    assert bench.state(opening) is OrderState.FILLED
    bench.submit(closing, at(TUE, "14:58"))
    assert bench.state(closing) is OrderState.WORKING
    bench.clock.jump(at(TUE, "15:00"))

    # 10.50 opens the day and closes it.
    assert [fill.price_cny for fill in asyncio.run(bench.broker.get_fills(TUE))] == [Decimal("10.50")] * 2
    assert bench.state(closing) is OrderState.FILLED


def test_a_sale_bears_the_tax_on_what_its_shares_were_given(bench: Bench) -> None:
    bench.submit(buy(MAIN, 300, "10.00", name="BUY"))  # 100000 - 3000 - 5.00 - 0.03 = 96994.97
    order = sell(MAIN, 330, "9.20", name="SELL", day=WED)

    bench.submit(order, at(WED, "09:35"))

    tax = next(one for one in asyncio.run(bench.broker.get_movements(WED)) if one.order_id)
    # 300 x 0.25 = 75.00, held for two days: 20%. The 30 new shares are capitalisation, which is not taxed.
    assert (tax.order_id, tax.cash_cny, tax.shares) == (order.order_id, Decimal("-15.00"), 0)
    # 96994.97 + 75.00 + 330 x 9.30 = 3069.00 - (5.00 + 1.53 + 0.03) - 15.00
    assert bench.balance().cash_cny == Decimal("100117.41")
    assert bench.positions() == ()


def balance(cash: str, available: str, withdrawable: str, frozen: str) -> Balance:
    return Balance(
        cash_cny=Decimal(cash),
        available_cny=Decimal(available),
        withdrawable_cny=Decimal(withdrawable),
        frozen_cny=Decimal(frozen),
    )
