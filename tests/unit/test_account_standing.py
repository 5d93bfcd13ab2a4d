"""What limits look at beside the book, folded from the journal: the day's traffic, sales, peaks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.domain.book import Book, Lot
from services.domain.events import Event, Genesis, Halt, HaltCause, Lift, Opened, Opening
from services.domain.fills import Fees, Fill, FillId, Movement, MovementKind
from services.domain.orders import OrderId, OrderTerms, Origin, SessionId, Side
from services.domain.quotes import PanelSnapshot
from services.domain.statement import Ack, AckKind
from services.journal.account import Account
from tests.exchange_market import MAIN, MON, TUE, at
from tests.unit.world import quiet

TEN = Decimal("10.00")
LIMIT_HALT = Halt(symbol="", why="down", cause=HaltCause.LIMIT, by="drawdown")


def event(step: str, day: date = MON, clock: str = "10:35", session: str = "s") -> Event:
    return Event(0, "main", session, step, "", 1, at(day, clock).isoformat(), "", "", "")


def account(shares: int = 10_000) -> Account:
    """Return an account that holds `shares` of MAIN bought at 10.00, its first session open."""
    found = Account()
    found.apply(
        event("genesis"),
        Genesis(
            account="main",
            mode="paper",
            run_id="run",
            market="cn",
            frequency="daily",
            cash_cny=Decimal("1000000.00"),
            agent="a",
            opened_at=at(MON, "00:00"),
            watchlist=(MAIN,),
        ),
    )
    held = Lot(symbol=MAIN, shares=shares, cost_cny=TEN * shares, acquired_on=date(2026, 7, 1))
    found.book = Book(cash_cny=found.book.cash_cny, lots=(held,))
    open_session(found, "s", MON)
    return found


def open_session(found: Account, name: str, day: date) -> None:
    found.apply(
        event("opened", day, session=name),
        Opened(
            session=SessionId(name),
            day=day,
            at="10:35",
            slot=at(day, "10:35"),
            mode="paper",
            agent="a",
            versions={},
            config_hash="",
        ),
    )


def order(
    found: Account, name: str, shares: int = 100, side: Side = Side.SELL, day: date = MON
) -> OrderTerms:
    terms = OrderTerms(
        order_id=OrderId(name),
        session=SessionId("s"),
        symbol=MAIN,
        side=side,
        shares=shares,
        limit_cny=TEN,
        freeze_cny=TEN * shares if side is Side.BUY else Decimal(0),
        not_before=at(day, "10:35"),
        send_by=at(day, "10:36"),
        day=day,
        why="",
        origin=Origin.DECISION,
        index=0,
        rules_version="",
    )
    found.apply(event(f"intended:{name}", day), terms)
    return terms


def fill(
    found: Account, terms: OrderTerms, shares: int, price: str, fee: str = "0.00", day: date = MON
) -> None:
    amount = Decimal(price) * shares
    found.apply(
        event("fill", day),
        Fill(
            fill_id=FillId(f"{terms.order_id}-{len(found.fills)}"),
            order_id=terms.order_id,
            symbol=terms.symbol,
            side=terms.side,
            shares=shares,
            price_cny=Decimal(price),
            amount_cny=amount,
            fees=Fees(commission=Decimal(fee)),
            trade_date=day,
            traded_at=at(day, "10:35"),
        ),
    )


def sale(found: Account, name: str, price: str, fee: str = "0.00") -> None:
    fill(found, order(found, name), 100, price, fee)


def opening(found: Account, equity: str, peak: str, unpriced: tuple[str, ...] = ()) -> None:
    value = Opening(
        book=found.book,
        equity_cny=Decimal(equity),
        day_equity_cny=Decimal(equity),
        unpriced=unpriced,
        peak_equity_cny=Decimal(peak),
    )
    found.apply(event("book"), value)


def test_orders_cancels_and_the_cny_of_orders_are_counted_by_day():
    found = account()
    buy = order(found, "A", 300, Side.BUY)
    order(found, "B", 200)
    found.apply(event(f"late1:cancel:{buy.order_id}"), Ack(kind=AckKind.ACCEPTED, reason=""))

    monday = found.standing()
    order(found, "C", 100, day=TUE)
    tuesday = found.standing()

    # 300 and 200 at 10.00.
    assert (monday.day, monday.orders, monday.cancels, monday.notional_cny) == (MON, 2, 1, 5000)
    assert (tuesday.day, tuesday.orders, tuesday.cancels, tuesday.notional_cny) == (TUE, 1, 0, 1000)


def test_the_answer_to_an_order_is_no_cancel():
    found = account()
    order(found, "A")
    found.apply(event("sent:A"), Ack(kind=AckKind.ACCEPTED, reason=""))

    assert (found.standing().orders, found.standing().cancels) == (1, 0)


def test_a_cancel_of_the_next_day_begins_that_days_count():
    found = account()
    order(found, "A")
    found.apply(event("late1:cancel:A", TUE, "09:20"), Ack(kind=AckKind.ACCEPTED, reason=""))

    assert (found.standing().day, found.standing().orders, found.standing().cancels) == (TUE, 0, 1)


def test_a_cancel_counts_on_the_markets_day_not_the_clocks():
    found = account()
    order(found, "A", day=TUE)
    # 2026-07-13T23:00Z is Tuesday in Shanghai.
    later = event("late1:cancel:A")._replace(at="2026-07-13T23:00:00+00:00")
    found.apply(later, Ack(kind=AckKind.ACCEPTED, reason=""))

    assert (found.standing().day, found.standing().orders, found.standing().cancels) == (TUE, 1, 1)


@pytest.mark.parametrize(
    ("prices", "losing"),
    [
        ([], 0),
        (["9.99"], 1),
        (["10.00"], 0),  # Neither lost nor won.
        (["9.99", "9.98", "9.97"], 3),
        (["9.99", "10.01"], 0),
        (["9.99", "10.01", "9.99", "9.99"], 2),
    ],
)
def test_sales_in_a_row_that_lost_money_are_counted(prices, losing):
    found = account()
    for place, price in enumerate(prices):
        sale(found, f"S{place}", price)

    assert found.standing().losing_sales == losing


def test_fees_turn_a_small_gain_into_a_loss():
    found = account()
    sale(found, "A", "10.04", fee="5.00")  # 4.00 gained, 5.00 paid
    assert found.losing_sales == 1

    sale(found, "B", "10.05", fee="5.00")
    assert found.losing_sales == 0


def test_the_fees_of_the_purchase_count_too_by_the_share():
    """100 of 1000 bought for 50.00 of fees carry 5.00 of them: with 5.00 of its own a sale needs 10.00."""
    found = account(0)
    fill(found, order(found, "BUY", 1000, Side.BUY), 1000, "10.00", fee="50.00")

    sale(found, "A", "10.09", fee="5.00")
    assert found.losing_sales == 1
    sale(found, "B", "10.10", fee="5.00")
    assert found.losing_sales == 0


def test_what_is_sold_whole_leaves_no_fees_to_the_next_purchase():
    found = account(0)
    fill(found, order(found, "BUY", 100, Side.BUY), 100, "10.00", fee="50.00")
    sale(found, "A", "10.40")  # 40.00 of the 50.00
    assert found.losing_sales == 1

    fill(found, order(found, "AGAIN", 100, Side.BUY), 100, "10.00")
    sale(found, "B", "10.01")
    assert found.losing_sales == 0


@pytest.mark.parametrize(("price", "losing"), [("9.50", 0), ("9.49", 1)])
def test_a_dividend_received_makes_up_for_the_fall_it_causes(price, losing):
    """0.50 a share on 10 000 shares that cost 10.00: 100 of them carry 50.00."""
    found = account()
    dividend = Movement(
        movement_id="d",
        kind=MovementKind.DIVIDEND,
        symbol=MAIN,
        shares=0,
        cash_cny=Decimal("5000.00"),
        day=MON,
        why="",
    )
    found.apply(event("movement:d"), dividend)
    found.apply(event("movement:d"), dividend)  # Once.

    sale(found, "A", price)

    assert found.losing_sales == losing


def test_a_dividend_on_what_is_held_no_more_is_no_gain_of_the_next_purchase():
    found = account(0)
    late = Movement(
        movement_id="d",
        kind=MovementKind.DIVIDEND,
        symbol=MAIN,
        shares=0,
        cash_cny=Decimal("5000.00"),
        day=MON,
        why="",
    )
    found.apply(event("movement:d"), late)
    fill(found, order(found, "BUY", 100, Side.BUY), 100, "10.00")

    sale(found, "A", "9.99")

    assert found.losing_sales == 1


def test_what_a_person_paid_in_is_no_dividend():
    found = account()
    paid_in = Movement(
        movement_id="p",
        kind=MovementKind.ADJUST,
        symbol=MAIN,
        shares=0,
        cash_cny=Decimal("5000.00"),
        day=MON,
        why="",
    )
    found.apply(event("movement:p"), paid_in)

    sale(found, "A", "9.99")

    assert found.losing_sales == 1


def test_the_parts_of_one_order_are_one_sale():
    found = account()
    sale(found, "BEFORE", "9.00")
    parts = order(found, "A", 300)

    fill(found, parts, 100, "9.00")
    assert found.losing_sales == 2
    fill(found, parts, 100, "9.50")
    assert found.losing_sales == 2
    fill(found, parts, 100, "12.00")  # -100, -50 and +200
    assert found.losing_sales == 0


def test_parts_of_two_orders_that_take_turns_are_two_sales():
    found = account()
    one, other = order(found, "A", 200), order(found, "B", 200)
    for terms in (one, other, one, other):
        fill(found, terms, 100, "9.00")

    assert found.losing_sales == 2


def test_a_purchase_is_no_sale_and_a_fill_counts_once():
    found = account()
    sale(found, "A", "9.00")
    fill(found, order(found, "B", side=Side.BUY), 100, "10.00")

    assert found.losing_sales == 1


def test_what_a_limit_counted_begins_anew_when_its_halt_is_lifted():
    found = account()
    opening(found, "900.00", "1000.00")
    sale(found, "A", "9.00")
    found.apply(event("halt:drawdown"), LIMIT_HALT)
    assert found.standing().halts == (LIMIT_HALT,)

    found.apply(event("command:here:1", session=""), Lift(symbol="", why="seen"))

    standing = found.standing()
    assert (standing.halts, standing.peak_equity_cny, standing.losing_sales) == ((), 0, 0)


def test_what_a_session_saw_are_its_prices_and_not_those_asked_for_again_before_the_send():
    found, market = account(), quiet()
    first, again = (PanelSnapshot(panel=market, moment=at(MON, clock)) for clock in ("10:35", "10:40"))

    found.apply(event("prices"), first)
    found.apply(event("requote"), again)

    assert found.sessions["s"].seen is first


def test_each_limits_halt_stands_beside_a_persons_and_one_lift_of_the_account_ends_them_all():
    found = account()
    streak = Halt(symbol="", why="lost", cause=HaltCause.LIMIT, by="losing_streak")
    person = Halt(symbol="", why="stop", cause=HaltCause.PERSON)
    everywhere = Halt(symbol="", why="all", cause=HaltCause.PERSON, everywhere=True)
    for place, halt in enumerate((streak, LIMIT_HALT, LIMIT_HALT, person, everywhere)):
        found.apply(event(f"halt:{place}"), halt)
    assert found.standing().halts == (streak, LIMIT_HALT, person, everywhere)

    found.apply(event("command:here:1", session=""), Lift(symbol="", why="seen"))

    assert (found.standing().halts, list(found.halted_at)) == ((everywhere,), [("", True, "")])


@pytest.mark.parametrize("cause", [cause for cause in HaltCause if cause is not HaltCause.LIMIT])
def test_lifting_another_halt_forgets_nothing(cause):
    found = account()
    opening(found, "900.00", "1000.00")
    sale(found, "A", "9.00")
    found.apply(event("halt:"), Halt(symbol="", why="stop", cause=cause))

    found.apply(event("command:here:1", session=""), Lift(symbol="", why="seen"))

    assert (found.standing().peak_equity_cny, found.standing().losing_sales) == (1000, 1)


def test_a_days_loss_counts_from_its_first_session_that_could_price_everything():
    found = account()
    opening(found, "700.00", "1000.00", unpriced=(MAIN,))
    assert found.day_equity_cny is None

    opening(found, "900.00", "1000.00")
    opening(found, "800.00", "1000.00")
    assert found.day_equity_cny == 900

    open_session(found, "t", TUE)
    opening(found, "850.00", "1000.00")
    assert (found.day, found.day_equity_cny) == (TUE, 850)
    assert found.traded_days == [MON, TUE]


def test_a_session_keeps_the_standing_it_began_with():
    found = account()
    order(found, "A")
    open_session(found, "t", TUE)
    order(found, "B", day=TUE)

    assert found.sessions["t"].standing.orders == 1
    assert found.sessions["t"].standing.day == MON
