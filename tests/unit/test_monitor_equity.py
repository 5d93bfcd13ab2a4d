from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from monitor.equity import Course, EquityPoint, course_in, course_of, curve_of, equity_curve
from monitor.trail import Follower, MarkKind, follow, within
from monitor.valuing import Valuer
from services.domain.bars import CorporateAction
from services.domain.book import Book, OrderEnded
from services.domain.events import Outcome
from services.domain.fills import Fees, Movement, MovementKind
from services.domain.orders import OrderState, Side
from services.domain.quotes import Quote, VendorSnapshot
from services.journal.account import Account
from tests.monitor_journal import (
    MON,
    TUE,
    WED,
    A,
    B,
    JournalByHand,
    at,
    daily_panel,
    terms_of,
    three_days,
)

OPENING, SESSION, DAY_END = MarkKind.OPENING, MarkKind.SESSION, MarkKind.DAY_END


def values(points: tuple[EquityPoint, ...]) -> list[tuple[MarkKind, str, str, str]]:
    return [(one.kind, str(one.cash_cny), str(one.market_cny), str(one.equity_cny)) for one in points]


def bought() -> JournalByHand:
    """Monday buys 100 A at 10.00 without fees; later sessions keep them."""
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.trade(terms_of(journal.session, Side.BUY, 100), "10.00", Fees())
    journal.close()
    return journal


def test_the_account_is_valued_at_the_quote_of_each_session_and_at_each_close():
    points = equity_curve(three_days().events, daily_panel())

    assert values(points) == [
        (OPENING, "10000.00", "0.00", "10000.00"),
        (SESSION, "8994.99", "1000.00", "9994.99"),  # 100 at Monday's open of 10.00
        (DAY_END, "8994.99", "1050.00", "10044.99"),  # Monday's close of 10.50
        (SESSION, "8994.99", "1100.00", "10094.99"),  # Tuesday's open of 11.00
        (DAY_END, "8994.99", "1150.00", "10144.99"),  # Tuesday's close of 11.50
        (SESSION, "10189.38", "0.00", "10189.38"),  # sold at 12.00: + 1200 - 5.61
        (DAY_END, "10189.38", "0.00", "10189.38"),
    ]


def test_exposure_is_holdings_over_equity_and_drawdown_counts_from_the_highest_value():
    points = equity_curve(three_days().events, daily_panel())

    assert points[1].exposure == pytest.approx(1000 / 9994.99)
    assert points[1].drawdown == pytest.approx(-5.01 / 10000)
    assert points[2].drawdown == 0.0


def test_a_day_end_stands_at_the_end_of_the_days_last_bar():
    points = equity_curve(three_days().events, daily_panel())

    assert points[1].moment == at(MON)
    assert points[2].moment == at(MON, "15:00")


def test_a_last_bar_that_never_closed_counts_with_its_open():
    journal = bought()
    for day in (TUE, WED):
        journal.open(day)
        journal.close(Outcome.NO_TRADE)
    journal.finish()

    points = equity_curve(journal.events, daily_panel())

    assert str(points[-1].market_cny) == "1200.00"  # 100 at Wednesday's open of 12.00


def test_a_suspended_holding_counts_with_its_last_close():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    order = terms_of(journal.session, Side.BUY, 100, symbol=B, limit="20.00")
    journal.trade(order, "20.00", Fees())
    journal.close()
    journal.open(TUE)
    journal.close(Outcome.NO_TRADE)
    journal.finish()

    points = equity_curve(journal.events, daily_panel())

    assert [str(one.market_cny) for one in points[2:]] == ["2000.00"] * 3


def test_the_running_day_has_no_end_yet():
    points = equity_curve(three_days(finished=False).events, daily_panel())

    assert points[-1].kind is SESSION
    assert points[-1].day == WED


def test_a_session_that_still_runs_is_valued_too():
    journal = bought()
    journal.open(TUE)

    points = equity_curve(journal.events, daily_panel())

    assert values(points)[-1] == (SESSION, "9000.00", "1100.00", "10100.00")


def test_what_reached_an_account_after_its_last_session_is_in_the_last_value():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    order = terms_of(journal.session, Side.BUY, 100)
    journal.write(f"intended:{order.order_id}", order)
    journal.close()
    journal.moment = at(MON, "13:00")
    journal.fill(order, "10.00", Fees())

    points = equity_curve(journal.events, daily_panel())

    assert values(points)[1:] == [
        (SESSION, "10000.00", "0.00", "10000.00"),
        (MarkKind.LATEST, "9000.00", "1000.00", "10000.00"),
    ]


def test_a_fill_that_is_listed_twice_counts_once():
    journal = bought()
    again = next(event for event in journal.events if event.step.startswith("fill:"))
    journal.events.append(again._replace(seq=again.seq + 10))

    assert str(equity_curve(journal.events, daily_panel())[-1].cash_cny) == "9000.00"


def test_the_benchmark_puts_equal_parts_into_every_symbol_and_keeps_them():
    points = equity_curve(three_days().events, daily_panel())

    # 5000 each at Monday's opens: 500 A at 10.00, 250 B at 20.00; B is suspended on Tuesday.
    assert [one.benchmark_cny for one in points] == pytest.approx(
        [10000, 10000, 10250, 10500, 10750, 11250, 11250]
    )


def test_the_benchmark_keeps_dividends_and_new_shares():
    action = CorporateAction(
        symbol=A, ex_date=TUE, cash_per_share=Decimal("0.50"), shares_per_share=Decimal("0.1")
    )

    points = equity_curve(three_days().events, daily_panel(actions=(action,)))

    # On Tuesday 500 A become 550 and pay 250: 550 * 11.00 + 250 * 20.00 + 250.
    assert points[3].benchmark_cny == pytest.approx(11300)


def test_a_symbol_without_a_price_at_the_start_is_not_in_the_benchmark():
    panel = daily_panel()
    panel.open[0, 1] = panel.close[0, 1] = float("nan")

    points = equity_curve(three_days().events, panel)

    assert points[-1].benchmark_cny == pytest.approx(12000)  # 1000 A at 12.00


def test_without_a_panel_there_is_no_benchmark_and_holdings_count_at_the_prices_in_the_journal():
    journal = bought()
    journal.open(TUE)
    quote = Quote(symbol=A, last_cny=Decimal("11.20"), prev_close_cny=None, seen_at=at(TUE), source="vendor")
    snapshot = VendorSnapshot(moment=at(TUE), source="vendor", symbols=(A,), quotes=(quote,), faults={})
    journal.write("prices", snapshot, large=True)
    journal.close(Outcome.NO_TRADE)

    points = equity_curve(journal.events, None, journal.value)

    assert [str(one.market_cny) for one in points] == ["0.00", "1000.00", "1000.00", "1120.00"]
    assert {one.benchmark_cny for one in points} == {None}


def test_a_journal_without_a_session_has_no_curve():
    journal = JournalByHand()
    journal.genesis()

    assert equity_curve(journal.events, daily_panel()) == ()


def test_daily_values_begin_with_the_opening_and_keep_the_last_of_each_day():
    points = equity_curve(three_days().events, daily_panel())

    assert [(day, str(value)) for day, value in course_in(points).daily] == [
        (MON, "10000.00"),
        (MON, "10044.99"),
        (TUE, "10144.99"),
        (WED, "10189.38"),
    ]


def held_on() -> JournalByHand:
    """Bought on Monday and held on Tuesday; Wednesday's session still runs."""
    journal = bought()
    journal.open(TUE)
    journal.close(Outcome.NO_TRADE)
    journal.open(WED)
    return journal


@pytest.mark.parametrize("journal", [three_days(), three_days(finished=False), bought(), held_on()])
@pytest.mark.parametrize("actions", [(), (TUE,), (TUE, WED)])
@pytest.mark.parametrize("priced", [True, False])
def test_a_course_is_that_of_the_curve_though_nothing_in_between_is_valued(journal, actions, priced):
    paid = (
        CorporateAction(
            symbol=one, ex_date=day, cash_per_share=Decimal("0.37"), shares_per_share=Decimal("0.3")
        )
        for day in actions
        for one in (A, B)
    )
    panel = daily_panel(actions=tuple(paid)) if priced else None
    trail = follow(journal.events)

    assert course_of(trail, Valuer(panel=panel)) == course_in(curve_of(trail, panel))


def test_an_account_without_a_session_has_an_empty_course():
    trail = follow(JournalByHand().events)

    assert course_of(trail, Valuer(panel=None)) == course_in(()) == Course()


def test_a_benchmark_that_began_with_nothing_has_no_return():
    trail = follow(three_days().events)
    trail.marks[0] = replace(trail.marks[0], book=Book(cash_cny=Decimal("0.00")))

    assert course_of(trail, Valuer(panel=daily_panel())).benchmark_return is None


def test_a_period_begins_with_the_last_value_before_it():
    trail = within(follow(three_days().events), TUE, TUE)

    assert [(mark.kind, mark.day) for mark in trail.marks] == [
        (DAY_END, MON),
        (SESSION, TUE),
        (DAY_END, TUE),
    ]
    assert (trail.trades, len(trail.refusals), len(trail.closed)) == ([], 2, 1)


def test_a_sale_earns_its_amount_less_fees_and_the_cost_of_the_shares():
    trail = follow(three_days().events)

    assert [trade.realised_cny for trade in trail.trades] == [None, Decimal("194.39")]  # 1200 - 5.61 - 1000


def test_a_dividend_is_cash_from_its_day_on_and_counts_once():
    journal = bought()
    journal.open(TUE)
    dividend = Movement(
        movement_id="div-1",
        kind=MovementKind.DIVIDEND,
        symbol=A,
        shares=0,
        cash_cny=Decimal("30.00"),
        day=TUE,
        why="0.30 a share",
    )
    journal.write("movement:div-1", dividend)
    journal.write("movement:again", dividend)
    journal.close(Outcome.NO_TRADE)

    points = equity_curve(journal.events, daily_panel())

    assert [(one.kind, str(one.cash_cny)) for one in points[2:]] == [
        (DAY_END, "9000.00"),
        (SESSION, "9030.00"),
    ]


def test_an_order_that_ended_gives_its_cash_free_and_leaves_the_account_as_it_was():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    order = terms_of(journal.session, Side.BUY, 100)
    journal.write(f"intended:{order.order_id}", order)
    end = OrderEnded(order_id=order.order_id, state=OrderState.EXPIRED, reason="the day is over")
    journal.write(f"ended:{order.order_id}", end)
    journal.close()

    trail = follow(journal.events)

    assert trail.book.available_cny == Decimal("10000.00")


def test_a_holding_nobody_ever_priced_counts_with_what_it_cost():
    journal = bought()
    mark = replace(follow(journal.events).marks[-1], seen={})

    valuer = Valuer(panel=None)
    assert valuer.market_cny(mark, valuer.prices(mark)) == Decimal("1000.00")


def test_a_session_before_the_first_bar_is_valued_by_the_journal():
    panel = daily_panel()
    late = replace(panel, starts=panel.starts + 864_000, ends=panel.ends + 864_000, days=panel.days + 10)

    points = equity_curve(bought().events, late)

    assert str(points[-1].market_cny) == "1000.00"
    assert points[-1].benchmark_cny is None


def test_what_is_followed_while_a_journal_is_written_is_what_is_read_in_it_afterwards():
    journal, follower = three_days(), Follower()

    for _opened_anew in range(2):
        account = Account()
        for event in journal.events:
            account.apply(event, journal.value(event))
            follower.listen(event, journal.value(event), account)

    assert follower.end() == follow(journal.events)


def test_a_price_from_a_fill_is_kept_while_the_symbol_is_held():
    marks = follow(three_days().events).marks

    assert all(mark.seen.keys() == mark.book.holdings().keys() for mark in marks)
