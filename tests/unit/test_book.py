"""The account as a fold: what each event does to cash, lots and open orders."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.domain.book import Book, BookBroken, BookEvent, Lot, OrderEnded, fold
from services.domain.fills import Fees, Fill, FillId, Movement, MovementKind
from services.domain.instruments import Symbol
from services.domain.orders import OrderId, OrderState, OrderTerms, Origin, SessionId, Side
from tests.unit.gate_desk import MAIN, MON, OTHER, TUE, at, d

WED = date(2026, 7, 15)
EMPTY = Book(cash_cny=d("10000.00"))


def terms(
    side: Side, shares: int, *, name: str = "A", symbol: Symbol = MAIN, freeze: str | Decimal = "0.00"
) -> OrderTerms:
    return OrderTerms(
        order_id=OrderId(name),
        session=SessionId("s"),
        symbol=symbol,
        side=side,
        shares=shares,
        limit_cny=d("10.00"),
        freeze_cny=Decimal(freeze),
        not_before=at(MON, "10:35"),
        send_by=at(MON, "10:36"),
        day=MON,
        why="",
        origin=Origin.DECISION,
        index=0,
        rules_version="v",
    )


def fill(
    side: Side,
    shares: int,
    *,
    name: str = "A",
    price: str | Decimal = "10.00",
    fee: str | Decimal = "5.00",
    on: date = MON,
    symbol: Symbol = MAIN,
) -> Fill:
    return Fill(
        fill_id=FillId(f"{name}-1"),
        order_id=OrderId(name),
        symbol=symbol,
        side=side,
        shares=shares,
        price_cny=Decimal(price),
        amount_cny=Decimal(price) * shares,
        fees=Fees(commission=Decimal(fee)),
        trade_date=on,
        traded_at=at(on, "10:35"),
    )


def movement(kind: MovementKind, *, shares: int = 0, cash: str = "0.00", symbol: Symbol = MAIN) -> Movement:
    return Movement(
        movement_id="m", kind=kind, symbol=symbol, shares=shares, cash_cny=d(cash), day=TUE, why=""
    )


def bought(shares: int, *, on: date = MON, price: str = "10.00", start: Book = EMPTY) -> Book:
    opened = start.after(terms(Side.BUY, shares))
    return opened.after(fill(Side.BUY, shares, on=on, price=price, fee="0.00"))


def test_an_order_sets_its_cash_aside_before_anything_is_paid():
    book = EMPTY.after(terms(Side.BUY, 300, freeze="3005.00"))

    assert (book.cash_cny, book.frozen_cny, book.available_cny) == (d("10000.00"), d("3005.00"), d("6995.00"))


def test_a_filled_buy_is_paid_with_fees_and_leaves_a_lot_without_them():
    book = EMPTY.after(terms(Side.BUY, 300, freeze="3005.00")).after(fill(Side.BUY, 300))

    assert book.cash_cny == book.available_cny == d("6995.00")
    assert book.lots == (Lot(symbol=MAIN, shares=300, cost_cny=d("3000.00"), acquired_on=MON),)
    assert book.open_orders == ()


def test_shares_bought_today_are_sold_from_tomorrow():
    book = bought(300)

    assert book.sellable(MAIN, MON) == 0
    assert book.sellable(MAIN, TUE) == 300
    assert book.sellable(MAIN, MON, settlement_days=0) == 300
    assert book.sellable(OTHER, TUE) == 0


def test_shares_in_an_open_sale_are_not_sold_twice():
    book = bought(300).after(terms(Side.SELL, 200))

    assert book.sellable(MAIN, TUE) == 100
    assert book.after(fill(Side.SELL, 100, on=TUE)).sellable(MAIN, TUE) == 100


def test_an_open_buy_does_not_lessen_what_may_be_sold():
    assert bought(300).after(terms(Side.BUY, 200)).sellable(MAIN, TUE) == 300


def test_a_sale_takes_the_oldest_lots_first_and_their_share_of_the_cost():
    book = bought(200, start=bought(100), on=TUE, price="13.00")

    sold = book.after(terms(Side.SELL, 200)).after(fill(Side.SELL, 200, on=WED))

    assert sold.lots == (Lot(symbol=MAIN, shares=100, cost_cny=d("1300.00"), acquired_on=TUE),)


def test_a_lot_sold_in_part_keeps_its_share_of_the_cost_to_the_cent():
    sold = bought(300, price="3.33").after(terms(Side.SELL, 200)).after(fill(Side.SELL, 200, on=TUE))

    assert sold.lots[0].cost_cny == d("333.00")


def test_a_sale_leaves_other_holdings_alone():
    other = Lot(symbol=OTHER, shares=100, cost_cny=d("1.00"), acquired_on=MON)
    book = replace(bought(300), lots=(other, *bought(300).lots))

    sold = book.after(terms(Side.SELL, 300)).after(fill(Side.SELL, 300, on=TUE))

    assert sold.lots == (other,)


def test_proceeds_buy_at_once_and_leave_the_account_tomorrow():
    book = bought(300).after(terms(Side.SELL, 300)).after(fill(Side.SELL, 100, on=TUE))
    book = book.after(fill(Side.SELL, 200, on=TUE))

    # 7000.00 left + 3000.00 - 2 x 5.00; of the day's 2990.00 nothing may leave.
    assert book.available_cny == d("9990.00")
    assert book.withdrawable_cny(TUE) == d("7000.00")
    assert book.withdrawable_cny(WED) == d("9990.00")


def test_holdings_are_those_of_the_book_that_is_asked_whichever_was_asked_before():
    small, large = bought(100), bought(300)
    same_lots = small.after(terms(Side.SELL, 100))

    assert [dict(one.holdings()) for one in (small, large, same_lots, EMPTY, large)] == [
        {MAIN: 100}, {MAIN: 300}, {MAIN: 100}, {}, {MAIN: 300},
    ]  # fmt: skip


def test_yesterdays_proceeds_are_not_held_back_again():
    book = bought(300).after(terms(Side.SELL, 300)).after(fill(Side.SELL, 100, on=TUE))

    later = book.after(fill(Side.SELL, 200, on=WED))

    assert (later.sold_cny, later.sold_on) == (d("1995.00"), WED)


def test_what_may_leave_is_never_less_than_nothing():
    book = replace(EMPTY, cash_cny=d("100.00"), sold_cny=d("200.00"), sold_on=TUE)

    assert book.withdrawable_cny(TUE) == 0


def test_a_part_filled_buy_frees_its_share_of_the_frozen_cash():
    book = EMPTY.after(terms(Side.BUY, 300, freeze="3000.00"))

    book = book.after(fill(Side.BUY, 100, price="9.00", fee="0.00"))

    assert book.frozen_cny == d("2000.00")
    order = book.order(OrderId("A"))
    assert order is not None
    assert (order.filled, order.remaining) == (100, 200)


def test_a_part_fill_that_bears_the_least_commission_spends_no_cash_twice():
    """All cash is frozen: 1000.00 + 5.00. Half is filled for 500.00 and the whole 5.00."""
    book = Book(cash_cny=d("1005.00")).after(terms(Side.BUY, 100, freeze="1005.00"))

    book = book.after(fill(Side.BUY, 50))

    assert (book.cash_cny, book.frozen_cny, book.available_cny) == (d("500.00"), d("500.00"), d("0.00"))


def test_a_fill_that_costs_more_than_was_frozen_frees_no_more_than_that():
    book = EMPTY.after(terms(Side.BUY, 200, freeze="100.00")).after(fill(Side.BUY, 100))

    assert book.frozen_cny == 0


def test_a_part_fill_leaves_the_other_orders_alone():
    book = EMPTY.after(terms(Side.BUY, 100, name="B", freeze="7.00")).after(terms(Side.BUY, 200))

    filled = book.after(fill(Side.BUY, 100))

    assert filled.open_orders[0] == book.open_orders[0]
    assert [order.remaining for order in filled.open_orders] == [100, 100]


def test_an_ended_order_gives_its_cash_back():
    ended = OrderEnded(order_id=OrderId("A"), state=OrderState.CANCELLED, reason="")

    assert EMPTY.after(terms(Side.BUY, 300, freeze="3005.00")).after(ended) == EMPTY


def test_an_ended_order_leaves_those_before_and_after_it():
    book = EMPTY
    for name in ("A", "B", "C"):
        book = book.after(terms(Side.BUY, 100, name=name, freeze="7.00"))

    left = book.after(OrderEnded(order_id=OrderId("B"), state=OrderState.CANCELLED, reason=""))

    assert [order.order_id for order in left.open_orders] == ["A", "C"]


def test_a_dividend_is_cash_and_a_bonus_shares_that_cost_nothing():
    book = fold(
        bought(300),
        [movement(MovementKind.DIVIDEND, cash="30.00"), movement(MovementKind.BONUS, shares=90)],
    )

    assert book.cash_cny == d("7030.00")
    assert book.lots[1] == Lot(symbol=MAIN, shares=90, cost_cny=d("0.00"), acquired_on=MON)
    assert book.holdings() == {MAIN: 390}


def test_a_bonus_is_as_old_as_the_oldest_lot():
    book = bought(100, start=bought(100, on=TUE), on=MON).after(movement(MovementKind.BONUS, shares=20))

    assert book.lots[-1].acquired_on == MON


def test_shares_that_come_to_an_empty_account_are_of_their_day():
    assert EMPTY.after(movement(MovementKind.ADJUST, shares=100)).lots[0].acquired_on == TUE


def test_holdings_stand_in_order_of_first_purchase():
    lots = tuple(
        Lot(symbol=symbol, shares=shares, cost_cny=d("0.00"), acquired_on=MON)
        for symbol, shares in [(OTHER, 100), (MAIN, 200), (OTHER, 50)]
    )

    book = replace(EMPTY, lots=lots)

    assert list(book.holdings().items()) == [(OTHER, 150), (MAIN, 200)]
    assert book.held(OTHER) == 150


def test_an_order_is_found_by_its_id():
    book = EMPTY.after(terms(Side.BUY, 100, name="A")).after(terms(Side.BUY, 200, name="B"))

    found = book.order(OrderId("B"))
    assert found is not None
    assert found.shares == 200
    assert book.order(OrderId("C")) is None


OPEN_BUY = EMPTY.after(terms(Side.BUY, 300))
OPEN_SALE = bought(300).after(terms(Side.SELL, 400))


@pytest.mark.parametrize(
    ("book", "event"),
    [
        (EMPTY, fill(Side.BUY, 100)),  # no such order
        (EMPTY, OrderEnded(order_id=OrderId("A"), state=OrderState.EXPIRED, reason="")),
        (OPEN_BUY, fill(Side.BUY, 301)),  # more than was ordered
        (OPEN_BUY, fill(Side.BUY, 0)),
        (OPEN_BUY, fill(Side.BUY, -100)),
        (OPEN_BUY, fill(Side.BUY, 300, price="33.34")),  # 10 002.00 and fees out of 10 000.00
        (OPEN_SALE, fill(Side.SELL, 400)),  # 300 are held
        (
            replace(OPEN_SALE, cash_cny=d("0.00")),
            fill(Side.SELL, 100, price="0.01"),
        ),  # brings 1.00, costs 5.00
        (bought(300), movement(MovementKind.ADJUST, shares=-1)),
        (EMPTY, movement(MovementKind.ADJUST, cash="-10000.01")),
    ],
)
def test_what_cannot_have_happened_breaks_the_book(book, event):
    with pytest.raises(BookBroken):
        book.after(event)


def test_an_adjustment_may_take_all_cash_and_no_more():
    assert EMPTY.after(movement(MovementKind.ADJUST, cash="-10000.00")).cash_cny == 0


@dataclass
class Teller:
    """An account driven by chance through valid events, with its own count of cash and shares."""

    data: some.DataObject
    book: Book = EMPTY
    cash: Decimal = EMPTY.cash_cny
    shares: int = 0
    day: date = MON
    orders: int = 0
    events: list[BookEvent] = field(default_factory=list)

    def take(self, event: BookEvent) -> None:
        self.events.append(event)
        self.book = self.book.after(event)

    def draw(self, low: int, high: int) -> int:
        return self.data.draw(some.integers(low, high))

    def buy(self) -> None:
        most = int((self.book.available_cny - 5) / 10)
        if most > 0:
            shares = self.draw(1, min(most, 300))
            self.orders += 1
            # The limit is 10.00; the least commission of 5.00 falls on the first fill.
            self.take(terms(Side.BUY, shares, name=f"B{self.orders}", freeze=10 * shares + d("5.00")))

    def sell(self) -> None:
        most = self.book.sellable(MAIN, self.day)
        if most > 0 and self.book.available_cny >= 5:
            self.orders += 1
            self.take(terms(Side.SELL, self.draw(1, most), name=f"S{self.orders}"))

    def fill(self) -> None:
        if not self.book.open_orders:
            return
        order = self.book.open_orders[self.draw(0, len(self.book.open_orders) - 1)]
        price, shares = Decimal(self.draw(1, 1000)) / 100, self.draw(1, order.remaining)
        fee = d("0.00") if order.filled else d("5.00")
        if order.side is Side.SELL and self.book.available_cny + price * shares < fee:
            return
        self.take(fill(order.side, shares, name=order.order_id, price=price, fee=fee, on=self.day))
        sign = 1 if order.side is Side.SELL else -1
        self.cash += sign * price * shares - fee
        self.shares -= sign * shares

    def cancel(self) -> None:
        if self.book.open_orders:
            order = self.book.open_orders[-1]
            self.take(OrderEnded(order_id=order.order_id, state=OrderState.CANCELLED, reason=""))

    def corporate_action(self) -> None:
        if self.shares:
            cash, shares = Decimal(self.draw(0, 5000)) / 100, self.draw(0, 50)
            self.take(replace(movement(MovementKind.BONUS, shares=shares), cash_cny=cash))
            self.cash += cash
            self.shares += shares

    def sleep(self) -> None:
        self.day += timedelta(days=1)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(data=some.data(), steps=some.lists(some.integers(0, 9), max_size=40))
def test_no_valid_history_turns_anything_negative_and_cash_balances_to_the_cent(data, steps):
    teller = Teller(data)
    often = [teller.buy, teller.fill, teller.fill, teller.fill, teller.sell]
    moves = [*often, teller.sell, teller.buy, teller.cancel, teller.corporate_action, teller.sleep]

    for step in steps:
        moves[step]()
        book = teller.book
        assert book.cash_cny == teller.cash >= 0
        assert book.held(MAIN) == sum(book.holdings().values()) == teller.shares
        assert book.available_cny >= 0
        assert book.sellable(MAIN, teller.day) >= 0
        assert 0 <= book.withdrawable_cny(teller.day) <= book.cash_cny
        assert all(one.shares > 0 and one.cost_cny >= 0 for one in book.lots)
        assert all(one.remaining > 0 and one.frozen_cny >= 0 for one in book.open_orders)
    assert fold(EMPTY, teller.events) == teller.book
