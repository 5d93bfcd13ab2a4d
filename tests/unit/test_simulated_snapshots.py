"""What the simulated exchange does with live quotes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from services.brokers.ledger import LedgerStore, MemoryLedger, Triggered
from services.brokers.simulated import SimulatedExchange
from services.brokers.snapshot_matching import SnapshotMarket
from services.clock import VirtualClock
from services.domain.bars import CorporateAction, Frequency, Panel
from services.domain.events import Event
from services.domain.fills import Fill
from services.domain.instruments import Distribution, Facts, Symbol
from services.domain.orders import ApprovedOrder, OrderKind
from services.domain.quotes import Level, Quote, VendorSnapshot
from services.domain.statement import AckKind, Sight
from services.market.seen_prices import SeenPrices
from services.ports import Clock, PriceFault
from tests.exchange_market import MAIN, MON, TUE, WED, at, buy, exchange, sell


class Vendor:
    """A source whose quotes of MAIN are set by hand; `down` makes it fail."""

    name = "vendor"
    panel: Panel | None = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.asks: tuple[str, ...] | None = ("10.02", "10.03")
        self.bids: tuple[str, ...] | None = ("10.01", "10.00")
        self.last, self.age_s, self.down, self.suspended, self.asked = "10.00", 1, False, False, 0
        self.shares = 1000

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise PriceFault("quotes", "no answer in 20 s")
        quote = Quote(
            symbol=MAIN,
            last_cny=Decimal(self.last),
            prev_close_cny=Decimal("10.00"),
            seen_at=self._clock.now() - timedelta(seconds=self.age_s),
            source="vendor",
            asks=levels(self.asks, self.shares),
            bids=levels(self.bids, self.shares),
            suspended=self.suspended,
        )
        return VendorSnapshot(
            moment=self._clock.now(), source="vendor", symbols=tuple(symbols), quotes=(quote,), faults={}
        )

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        raise PriceFault("history", "this vendor has quotes alone")

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        return Facts()


def levels(prices: tuple[str, ...] | None, shares: int) -> tuple[Level, ...] | None:
    if prices is None:
        return None
    return tuple(Level(price_cny=Decimal(price), shares=shares) for price in prices)


class Desk:
    """An exchange over a vendor at 09:35 on Tuesday."""

    def __init__(
        self,
        clock: str = "09:35",
        *,
        day: date = TUE,
        quote_age_s: int = 180,
        ledger: LedgerStore | None = None,
    ) -> None:
        self.clock = VirtualClock(at(day, clock))
        self.vendor = Vendor(self.clock)
        self.broker: SimulatedExchange = exchange(
            SnapshotMarket(self.vendor), self.clock, quote_age_s=quote_age_s, ledger=ledger
        )

    def submit(self, order: ApprovedOrder) -> AckKind:
        return asyncio.run(self.broker.submit_order(order)).kind

    def fills(self) -> tuple[Fill, ...]:
        return asyncio.run(self.broker.get_fills(TUE))


def test_a_buy_pays_the_best_ask_and_a_sell_would_get_the_best_bid() -> None:
    desk = Desk()

    desk.submit(buy(MAIN, 100, "10.10", day=TUE))

    (fill,) = desk.fills()
    assert (fill.price_cny, fill.approximate, fill.traded_at) == (Decimal("10.02"), False, at(TUE, "09:35"))


def test_without_a_book_an_order_pays_the_last_price_and_says_so() -> None:
    desk = Desk()
    desk.vendor.asks = desk.vendor.bids = None

    desk.submit(buy(MAIN, 100, "10.10", day=TUE))

    (fill,) = desk.fills()
    assert (fill.price_cny, fill.approximate) == (Decimal("10.00"), True)


@pytest.mark.parametrize(
    ("asks", "last", "age_s", "limit"),
    [
        (("10.02",), "10.00", 1, "10.01"),  # beyond the limit
        ((), "11.00", 1, "11.00"),  # sealed: nobody asks
        (None, "11.00", 1, "11.00"),  # no book, last at limit-up: taken as sealed
        (("10.02",), "10.00", 181, "10.10"),  # who stood there three minutes ago may be gone
    ],
)
def test_an_order_nobody_stands_against_rests_until_somebody_does(
    asks: tuple[str, ...] | None, last: str, age_s: int, limit: str
) -> None:
    desk = Desk()
    desk.vendor.asks, desk.vendor.last, desk.vendor.age_s = asks, last, age_s
    desk.vendor.bids = (last,)

    assert desk.submit(buy(MAIN, 100, limit, day=TUE)) is AckKind.ACCEPTED
    assert desk.fills() == ()
    desk.vendor.asks, desk.vendor.last, desk.vendor.age_s = ("9.99",), "9.99", 1
    desk.clock.jump(at(TUE, "09:35:04"))
    assert desk.fills() == ()  # looked at every five seconds at most
    desk.clock.jump(at(TUE, "09:35:05"))
    assert [fill.price_cny for fill in desk.fills()] == [Decimal("9.99")]


@pytest.mark.parametrize("moment", ["11:45", "14:58"])
def test_nothing_trades_on_a_picture_of_a_phase_that_does_not_trade(moment: str) -> None:
    desk = Desk()
    desk.submit(buy(MAIN, 100, "10.01", day=TUE))
    desk.vendor.asks = ("10.00",)

    desk.clock.jump(at(TUE, moment))

    assert desk.fills() == ()


def test_an_order_of_the_call_waits_for_continuous_trading() -> None:
    desk = Desk("09:16")
    desk.submit(buy(MAIN, 100, "10.10", day=TUE))
    assert desk.fills() == ()

    desk.clock.jump(at(TUE, "09:30"))

    assert [fill.traded_at for fill in desk.fills()] == [at(TUE, "09:30")]


@pytest.mark.parametrize(
    ("moment", "age_s"),
    [
        (at(TUE, "15:00"), 1),  # a quote from before the uncross
        (at(TUE, "15:00:30"), 31),
        (at(TUE + timedelta(days=1), "09:35"), 1),  # another day's
    ],
)
def test_a_resting_order_expires_at_the_close_where_nobody_saw_the_closing_price(
    moment: datetime, age_s: int
) -> None:
    desk = Desk()
    desk.submit(buy(MAIN, 100, "10.01", day=TUE))
    desk.vendor.asks, desk.vendor.age_s = ("10.00",), age_s

    desk.clock.jump(moment)

    assert desk.fills() == ()
    assert asyncio.run(desk.broker.get_open_orders()) == ()


@pytest.mark.parametrize(
    ("sent", "close", "limit", "paid"),
    [
        ("14:50", "10.00", "10.01", "10.00"),
        ("14:50", "10.01", "10.01", "10.01"),  # an uncross fills at its one price
        ("14:50", "10.02", "10.01", None),
        ("14:50", "11.00", "11.00", None),  # limit-up: nobody sells
        ("09:16", "10.00", "10.01", "10.00"),  # from the opening call on
        ("14:58", "10.00", "10.01", "10.00"),
    ],
)
def test_an_order_that_rests_to_the_end_of_the_closing_call_trades_at_its_price(
    sent: str, close: str, limit: str, paid: str | None
) -> None:
    desk = Desk(sent)
    desk.vendor.asks, desk.vendor.bids = ((), ("11.00",)) if limit == "11.00" else (("10.30",), ("9.90",))
    assert desk.submit(buy(MAIN, 100, limit, day=TUE)) is AckKind.ACCEPTED
    desk.vendor.last, desk.vendor.age_s = close, 0

    desk.clock.jump(at(TUE, "15:01"))

    expected = [] if paid is None else [(Decimal(paid), at(TUE, "15:00"), True)]
    assert [(fill.price_cny, fill.traded_at, fill.approximate) for fill in desk.fills()] == expected
    assert asyncio.run(desk.broker.get_open_orders()) == ()


def test_of_the_next_day_no_quote_tells_how_a_closing_call_ended() -> None:
    desk = Desk("14:58")
    desk.submit(buy(MAIN, 100, "10.01", day=TUE))
    desk.vendor.last = "10.00"

    desk.clock.jump(at(TUE + timedelta(days=1), "09:35"))

    assert desk.fills() == ()


def test_where_trading_has_no_closing_call_a_resting_order_just_lapses() -> None:
    # Shanghai's funds traded on to 15:00 until 2026-07-03, and so did its stocks until 2018-08-17.
    day = date(2018, 8, 17)
    desk = Desk("14:50", day=day)
    desk.vendor.asks = ("10.30",)
    assert desk.submit(buy(MAIN, 100, "10.01", day=day)) is AckKind.ACCEPTED

    desk.clock.jump(at(day, "15:01"))

    assert asyncio.run(desk.broker.get_fills(day)) == ()


def test_a_stop_that_nothing_woke_is_not_in_the_closing_call() -> None:
    ledger = MemoryLedger()
    desk = Desk("14:50", ledger=ledger)
    stop = buy(MAIN, 100, "10.30", day=TUE, kind=OrderKind.STOP, stop="10.20")
    assert desk.submit(stop) is AckKind.ACCEPTED
    desk.vendor.last = "10.20"

    desk.clock.jump(at(TUE, "15:01"))

    assert desk.fills() == ()
    assert not any(isinstance(entry, Triggered) for entry in ledger.entries())


def test_a_vendor_that_is_down_rejects_a_new_order_and_leaves_a_resting_one() -> None:
    desk = Desk()
    resting = buy(MAIN, 100, "10.01", name="RESTS", day=TUE)
    desk.submit(resting)
    desk.vendor.down = True
    desk.clock.jump(at(TUE, "10:00"))

    ack = asyncio.run(desk.broker.submit_order(buy(MAIN, 100, "10.10", name="NEW", day=TUE)))

    assert (ack.kind, ack.reason.split(":")[0]) == (AckKind.REJECTED, "quote_missing")
    assert [order.order_id for order in asyncio.run(desk.broker.get_open_orders())] == [resting.order_id]


def test_a_symbol_without_a_quote_or_a_suspended_one_is_rejected() -> None:
    desk = Desk()

    missing = asyncio.run(desk.broker.submit_order(buy(Symbol("600002.SH"), 100, "10.00", name="A", day=TUE)))
    desk.vendor.suspended = True
    halted = asyncio.run(desk.broker.submit_order(buy(MAIN, 100, "10.00", name="B", day=TUE)))

    assert missing.reason.startswith("symbol_unknown")
    assert halted.reason.startswith("suspended")


def test_a_day_past_the_rulebook_is_unknown_however_fresh_the_quote() -> None:
    desk = Desk()
    beyond = date(2027, 1, 4)
    desk.clock.jump(at(beyond, "09:35"))

    ack = asyncio.run(desk.broker.submit_order(buy(MAIN, 100, "10.00", day=beyond)))

    assert ack.reason.startswith("rules_unknown")


def test_a_seller_who_really_stands_at_limit_up_sells() -> None:
    desk = Desk()
    desk.vendor.asks = ("11.00",)

    desk.submit(buy(MAIN, 100, "11.00", day=TUE))

    assert [fill.price_cny for fill in desk.fills()] == [Decimal("11.00")]


def test_a_resting_order_does_not_trade_while_its_stock_is_halted() -> None:
    desk = Desk()
    desk.submit(buy(MAIN, 100, "10.01", day=TUE))
    desk.vendor.asks, desk.vendor.suspended = ("10.00",), True

    desk.clock.jump(at(TUE, "10:00"))

    assert desk.fills() == ()


def test_after_hours_an_order_trades_at_the_close_the_vendor_shows() -> None:
    desk = Desk("15:05")
    desk.vendor.last, desk.vendor.age_s = "10.05", 300

    desk.submit(buy(MAIN, 100, "10.10", day=TUE))

    assert [fill.price_cny for fill in desk.fills()] == [Decimal("10.05")]


def test_after_hours_an_order_that_nobody_looked_at_does_not_trade_at_the_next_days_price() -> None:
    desk = Desk("10:00", day=MON)
    desk.submit(buy(MAIN, 100, "10.10", name="HELD"))
    desk.clock.jump(at(TUE, "15:01"))
    desk.vendor.last, desk.vendor.age_s = "10.00", 60
    assert desk.submit(sell(MAIN, 100, "10.00", name="LATE", day=TUE)) is AckKind.ACCEPTED

    desk.clock.jump(at(WED, "09:40"))
    desk.vendor.last, desk.vendor.age_s = "10.80", 0

    assert desk.fills() == ()


def test_calls_at_the_same_time_make_one_order_and_one_look() -> None:
    desk = Desk()
    order, other = buy(MAIN, 100, "10.10", name="ONE", day=TUE), sell(MAIN, 100, "10.00", name="TWO", day=TUE)

    async def together() -> None:
        await asyncio.gather(
            *(desk.broker.submit_order(order) for _ in range(3)),
            desk.broker.submit_order(other),
            desk.broker.get_balance(),
        )

    asyncio.run(together())

    assert [fill.order_id for fill in desk.fills()] == [order.order_id]
    assert desk.vendor.asked == 2


def test_a_call_cut_off_while_the_vendor_is_asked_leaves_the_exchange_whole() -> None:
    desk = Desk()
    resting, new = (
        buy(MAIN, 100, "10.01", name="RESTS", day=TUE),
        buy(MAIN, 100, "10.10", name="NEW", day=TUE),
    )
    desk.submit(resting)
    desk.clock.jump(at(TUE, "10:00"))

    async def cut_off() -> None:
        sending = asyncio.ensure_future(desk.broker.submit_order(new))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    asyncio.run(cut_off())

    assert asyncio.run(desk.broker.get_order_status(new.order_id)).sight is Sight.ABSENT
    assert len(asyncio.run(desk.broker.get_open_orders())) == 1
    assert desk.submit(new) is AckKind.ACCEPTED


class Announced:
    """Ex-days as they are announced."""

    def __init__(self) -> None:
        self.known: tuple[CorporateAction, ...] = ()

    def __call__(self) -> tuple[CorporateAction, ...]:
        return self.known


def held_over_night(
    announced: Callable[[], Sequence[CorporateAction]],
) -> tuple[VirtualClock, SimulatedExchange]:
    """Return an exchange on Tuesday after 1000 MAIN were bought, with its clock."""
    clock = VirtualClock(at(TUE, "09:35"))
    broker = exchange(SnapshotMarket(Vendor(clock), actions=announced), clock)
    asyncio.run(broker.submit_order(buy(MAIN, 1000, "10.10", day=TUE)))
    return clock, broker


def tell(seen: SeenPrices, day: date, facts: Facts) -> None:
    """Put the facts of a day's session on record."""
    moment = at(day, "09:35").isoformat()
    seen.listen(Event(1, "main", f"s{day}", "facts", "facts", 1, moment, "", "", ""), facts, None)


def test_a_dispute_on_the_eve_of_an_ex_day_agreed_on_before_costs_no_dividend() -> None:
    """On the ex-day the session asks the exchange first and for facts afterwards: too late to book it."""
    seen = SeenPrices(Vendor(VirtualClock(at(TUE, "09:35"))))
    mon, wed = TUE - timedelta(days=1), TUE + timedelta(days=1)
    paid = Distribution(symbol=MAIN, ex_date=wed, cash_per_share=Decimal("0.5"))
    clock, broker = held_over_night(seen.actions)

    tell(seen, mon, Facts(distributions=(paid,)))
    tell(seen, TUE, Facts(disputed={MAIN: "one says so; two says none"}))
    clock.jump(at(wed, "09:35"))
    moved = asyncio.run(broker.get_movements(TUE))
    tell(seen, wed, Facts(distributions=(paid,)))

    # 1000 x 0.5 CNY, once.
    assert [one.cash_cny for one in moved] == [Decimal("500.00")]
    assert asyncio.run(broker.get_movements(TUE)) == moved


EX_DAY = CorporateAction(
    symbol=MAIN,
    ex_date=TUE + timedelta(days=1),
    cash_per_share=Decimal("0.25"),
    shares_per_share=Decimal("0.3"),
)


def test_an_ex_day_announced_the_day_before_is_booked_at_its_midnight() -> None:
    announced = Announced()
    clock, broker = held_over_night(announced)
    announced.known = (EX_DAY,)

    assert asyncio.run(broker.get_movements(TUE)) == ()
    clock.jump(at(EX_DAY.ex_date, "09:35"))
    moved = asyncio.run(broker.get_movements(TUE))

    # 1000 x 0.25 CNY, and 1000 x 0.3 new shares.
    assert [(one.cash_cny, one.shares, one.day) for one in moved] == [
        (Decimal("250.00"), 0, EX_DAY.ex_date), (Decimal("0.00"), 300, EX_DAY.ex_date),
    ]  # fmt: skip
    assert asyncio.run(broker.get_movements(TUE)) == moved


def test_an_ex_day_announced_after_it_began_is_not_booked_any_more() -> None:
    announced = Announced()
    clock, broker = held_over_night(announced)
    clock.jump(at(EX_DAY.ex_date, "09:35"))
    assert asyncio.run(broker.get_movements(TUE)) == ()

    announced.known = (EX_DAY,)

    assert asyncio.run(broker.get_movements(TUE)) == ()
