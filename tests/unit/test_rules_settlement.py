"""When shares may be sold, which cash may be used, and the cap on risk-warned stocks."""

from datetime import date
from decimal import Decimal

import pytest

from services.domain.book import Book
from services.domain.instruments import Board, Instrument, Kind, Span, Symbol
from services.rules import (
    OutsideRulebook,
    rules_of,
    rules_on,
    sellable_shares,
    settlement_days,
    st_daily_buy_cap,
)
from services.rules.explanation import Topic, rows_about
from services.rules.settlement import cash_after_sales

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("kind", "day", "expected"),
    [
        (Kind.STOCK, DAY, 1),
        (Kind.ETF_EQUITY, DAY, 1),
        (Kind.ETF_EQUITY_20, DAY, 1),
        (Kind.REIT, DAY, 1),
        (Kind.B_SHARE, DAY, 1),
        (Kind.ETF_BOND_T0, DAY, 0),
        (Kind.ETF_MONEY_T0, DAY, 0),
        (Kind.CONVERTIBLE_BOND, DAY, 0),
        (Kind.ETF_GOLD_T0, date(2015, 1, 18), 1),
        (Kind.ETF_GOLD_T0, date(2015, 1, 19), 0),
        (Kind.ETF_CROSS_BORDER_T0, date(2015, 1, 18), 1),
        (Kind.ETF_CROSS_BORDER_T0, date(2015, 1, 19), 0),
        (Kind.ETF_COMMODITY_T0, date(2020, 1, 19), 1),
        (Kind.ETF_COMMODITY_T0, date(2020, 1, 20), 0),
    ],
)
def test_what_may_be_sold_on_the_day_it_was_bought(kind, day, expected):
    assert settlement_days(kind, day) == expected


@pytest.mark.parametrize(
    ("board", "day", "expected"),
    [
        (Board.SZSE_FUND, date(2019, 1, 10), 1),
        (Board.SZSE_FUND, date(2019, 1, 11), 0),
        (Board.SSE_FUND, date(2019, 1, 11), 1),
        (Board.SSE_FUND, date(2020, 1, 19), 1),
        (Board.SSE_FUND, date(2020, 1, 20), 0),
        (None, date(2020, 1, 19), 1),  # the board not told: the later of the two days
    ],
)
def test_commodity_funds_are_sold_the_same_day_from_another_day_on_each_exchange(board, day, expected):
    assert settlement_days(Kind.ETF_COMMODITY_T0, day, board) == expected


def test_the_row_explained_for_a_commodity_fund_is_the_one_that_is_used():
    day, kind = date(2019, 1, 11), Kind.ETF_COMMODITY_T0
    told = {
        symbol: next(
            one.row for one in rows_about(symbol, rules_of(symbol, day), kind) if one.topic is Topic.SELLABLE
        )
        for symbol in (Symbol("159985.SZ"), Symbol("510300.SH"))
    }

    assert {symbol: row and row.value for symbol, row in told.items()} == {"159985.SZ": 0, "510300.SH": 1}


def test_the_board_does_not_change_when_other_kinds_are_sold():
    assert settlement_days(Kind.ETF_EQUITY, DAY, Board.SZSE_FUND) == 1
    assert settlement_days(Kind.ETF_GOLD_T0, DAY, Board.SZSE_FUND) == 0


def test_every_kind_has_a_settlement_rule():
    assert all(settlement_days(kind, DAY) in (0, 1) for kind in Kind)


def test_us_shares_may_be_sold_on_the_day_they_were_bought():
    assert settlement_days(Kind.STOCK, DAY, Board.US) == 0


def test_settlement_is_unknown_past_the_end_of_the_book():
    with pytest.raises(OutsideRulebook):
        settlement_days(Kind.STOCK, date(2027, 1, 1))


@pytest.mark.parametrize(
    ("days", "sold", "frozen", "expected"),
    [
        (1, 0, 0, 800),  # today's 300 are locked
        (1, 500, 0, 300),
        (1, 500, 200, 100),
        (0, 0, 0, 1100),
        (1, 800, 100, 0),  # never below zero
    ],
)
def test_sellable_shares(days, sold, frozen, expected):
    shares = sellable_shares(days, opening=800, bought_today=300, sold_today=sold, frozen=frozen)

    assert shares == expected


def test_proceeds_buy_at_once_and_leave_the_next_day():
    rights = cash_after_sales(Decimal("100.00"), Decimal("10000.00"))

    assert rights.buyable_today == Decimal("10100.00")
    assert rights.withdrawable_today == Decimal("100.00")
    assert rights.withdrawable_next_session == Decimal("10100.00")


@pytest.mark.parametrize(
    ("bought", "left", "today"),
    [
        ("0", "15000.00", "5000.00"),
        ("3000.00", "12000.00", "2000.00"),  # none of the 10,000 of today's sales may leave
        ("5000.00", "10000.00", "0.00"),
        ("12000.00", "3000.00", "0.00"),
    ],
)
def test_no_proceeds_of_the_day_may_leave_whatever_was_bought(bought, left, today):
    rights = cash_after_sales(Decimal("5000.00"), Decimal("10000.00"), Decimal(bought))
    sold = Book(cash_cny=Decimal("15000.00") - Decimal(bought), sold_cny=Decimal("10000.00"), sold_on=DAY)

    assert (rights.buyable_today, rights.withdrawable_today) == (Decimal(left), Decimal(today))
    assert rights.withdrawable_next_session == Decimal(left)
    assert sold.withdrawable_cny(DAY) == Decimal(today)  # the account says the same


@pytest.mark.parametrize(
    ("board", "day", "cap"),
    [
        (Board.SSE_MAIN, DAY, 500_000),
        (Board.SZSE_MAIN, DAY, 500_000),
        (Board.CHINEXT, DAY, 500_000),
        (Board.SSE_MAIN, date(2012, 12, 31), None),
        (Board.SZSE_MAIN, date(2020, 12, 30), None),
        (Board.BSE, date(2026, 8, 31), 200_000),
        (Board.BSE, date(2026, 8, 30), None),
        (Board.STAR, DAY, None),  # not on the risk-warning board
        (Board.SSE_FUND, DAY, None),
    ],
)
def test_the_daily_cap_on_buying_a_risk_warned_stock(board, day, cap):
    warned = Instrument(symbol=Symbol("600000.SH"), st=(Span(since=date(2000, 1, 1)),))

    assert st_daily_buy_cap(rules_on(board, day), warned) == cap


def test_a_stock_without_a_warning_has_no_cap():
    once = Instrument(symbol=Symbol("600000.SH"), st=(Span(since=date(2020, 1, 1), until=date(2021, 1, 1)),))

    assert st_daily_buy_cap(rules_on(Board.SSE_MAIN, DAY), once) is None
