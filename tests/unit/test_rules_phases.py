"""The timetable of a day by board and date, and who trades after hours."""

from datetime import date, time, timedelta
from itertools import pairwise

import pytest

from services.domain.instruments import Board, Instrument, Kind, Span, Symbol
from services.rules import (
    OutsideRulebook,
    Phase,
    accepts_after_hours_orders,
    after_hours_eligible,
    missed_start,
    phase_at,
    rules_of,
    rules_on,
    trading_time,
)

DAY = date(2026, 11, 20)


def at(board, clock, day=DAY):
    return phase_at(rules_on(board, day), time.fromisoformat(clock))


@pytest.mark.parametrize(
    ("clock", "phase", "orders", "cancel", "matches"),
    [
        ("00:00:00", Phase.PRE_OPEN, False, False, False),
        ("09:14:59", Phase.PRE_OPEN, False, False, False),
        ("09:15:00", Phase.OPEN_CALL, True, True, False),
        ("09:19:59", Phase.OPEN_CALL, True, True, False),
        ("09:20:00", Phase.OPEN_CALL_LOCKED, True, False, True),
        ("09:25:00", Phase.GAP, False, False, False),
        ("09:30:00", Phase.CONTINUOUS, True, True, True),
        ("11:29:59", Phase.CONTINUOUS, True, True, True),
        ("11:30:00", Phase.LUNCH, False, False, False),
        ("13:00:00", Phase.CONTINUOUS, True, True, True),
        ("14:56:59", Phase.CONTINUOUS, True, True, True),
        ("14:57:00", Phase.CLOSE_CALL, True, False, True),
        ("15:00:00", Phase.AFTER_HOURS_WAIT, True, True, False),
        ("15:05:00", Phase.AFTER_HOURS, True, True, True),
        ("15:29:59", Phase.AFTER_HOURS, True, True, True),
        ("15:30:00", Phase.CLOSED, False, False, False),
        ("23:59:59.999999", Phase.CLOSED, False, False, False),
    ],
)
def test_a_day_on_the_main_board(clock, phase, orders, cancel, matches):
    span = at(Board.SSE_MAIN, clock)

    assert (span.phase, span.accepts_orders, span.accepts_cancel, span.matches) == (
        phase,
        orders,
        cancel,
        matches,
    )


@pytest.mark.parametrize(
    ("board", "day", "clock", "phase"),
    [
        (Board.SSE_MAIN, date(2018, 8, 19), "14:58:00", Phase.CONTINUOUS),
        (Board.SSE_MAIN, date(2018, 8, 20), "14:58:00", Phase.CLOSE_CALL),
        (Board.SSE_MAIN, date(2026, 7, 5), "15:10:00", Phase.CLOSED),
        (Board.SSE_MAIN, date(2026, 7, 6), "15:10:00", Phase.AFTER_HOURS),
        (Board.SZSE_MAIN, date(2006, 7, 3), "14:58:00", Phase.CLOSE_CALL),
        (Board.SZSE_MAIN, date(2026, 7, 5), "15:10:00", Phase.CLOSED),
        (Board.SZSE_MAIN, date(2026, 7, 6), "15:10:00", Phase.AFTER_HOURS),
        (Board.SSE_FUND, date(2026, 7, 5), "14:58:00", Phase.CONTINUOUS),
        (Board.SSE_FUND, date(2026, 7, 6), "14:58:00", Phase.CLOSE_CALL),
        (Board.SSE_FUND, date(2026, 7, 6), "15:10:00", Phase.AFTER_HOURS),
        (Board.SZSE_FUND, date(2020, 1, 2), "14:58:00", Phase.CLOSE_CALL),
        (Board.STAR, date(2019, 7, 22), "15:10:00", Phase.AFTER_HOURS),
        (Board.CHINEXT, date(2020, 8, 23), "15:10:00", Phase.CLOSED),
        (Board.CHINEXT, date(2020, 8, 24), "15:10:00", Phase.AFTER_HOURS),
        (Board.BSE, DAY, "14:58:00", Phase.CLOSE_CALL),
        (Board.BSE, DAY, "15:10:00", Phase.CLOSED),  # written, not started
        (Board.SSE_B, DAY, "15:10:00", Phase.CLOSED),
        (Board.SZSE_B, DAY, "15:10:00", Phase.CLOSED),
        (Board.REIT, DAY, "15:10:00", Phase.CLOSED),
        (Board.CONVERTIBLE, DAY, "15:10:00", Phase.CLOSED),
        (Board.US, DAY, "09:29:59", Phase.PRE_OPEN),
        (Board.US, DAY, "12:00:00", Phase.CONTINUOUS),
        (Board.US, DAY, "16:00:00", Phase.CLOSED),
    ],
)
def test_phases_by_board_and_date(board, day, clock, phase):
    assert at(board, clock, day).phase is phase


def test_szse_took_orders_in_the_gap_until_2016():
    assert at(Board.SZSE_MAIN, "09:26:00", date(2016, 5, 6)).accepts_orders
    assert not at(Board.SZSE_MAIN, "09:26:00", date(2016, 5, 9)).accepts_orders
    assert not at(Board.SSE_MAIN, "09:26:00", date(2016, 5, 6)).accepts_orders


def test_after_hours_takes_no_auction_orders():
    assert at(Board.STAR, "14:58:00").accepts_auction_orders
    assert not at(Board.STAR, "15:02:00").accepts_auction_orders
    assert not at(Board.STAR, "15:10:00").accepts_auction_orders


@pytest.mark.parametrize("board", Board)
def test_a_timetable_covers_the_day_without_gap_or_overlap(board):
    spans = rules_on(board, DAY).phases

    assert spans[0].start == time(0, 0)
    assert spans[-1].end == time.max
    assert all(left.end == right.start for left, right in pairwise(spans))


def test_a_timetable_before_the_book_knows_one_is_refused():
    with pytest.raises(OutsideRulebook, match="timetable"):
        at(Board.SSE_MAIN, "10:00:00", date(2006, 6, 30))


@pytest.mark.parametrize(
    ("board", "clock", "accepted"),
    [
        (Board.SSE_MAIN, "09:20:00", False),
        (Board.SZSE_MAIN, "09:20:00", True),
        (Board.CHINEXT, "09:14:59", False),
        (Board.SSE_MAIN, "09:30:00", True),
        (Board.SSE_MAIN, "11:30:00", False),
        (Board.STAR, "13:00:00", True),
        (Board.SSE_FUND, "15:02:00", True),
        (Board.SSE_MAIN, "15:29:59", True),
        (Board.SSE_MAIN, "15:30:00", False),
        (Board.BSE, "15:10:00", False),
    ],
)
def test_when_after_hours_orders_are_accepted(board, clock, accepted):
    assert accepts_after_hours_orders(rules_on(board, DAY), time.fromisoformat(clock)) is accepted


@pytest.mark.parametrize(
    ("board", "kind", "day", "eligible"),
    [
        (Board.SSE_MAIN, Kind.STOCK, DAY, True),
        (Board.SSE_MAIN, Kind.STOCK, date(2026, 7, 3), False),
        (Board.STAR, Kind.STOCK, date(2026, 7, 3), True),
        (Board.BSE, Kind.STOCK, DAY, False),
        (Board.SSE_FUND, Kind.ETF_EQUITY, DAY, True),
        (Board.SZSE_FUND, Kind.ETF_MONEY_T0, DAY, True),
        (Board.SSE_FUND, Kind.REIT, DAY, False),
        (Board.REIT, Kind.REIT, DAY, False),
        (Board.CONVERTIBLE, Kind.CONVERTIBLE_BOND, DAY, False),
        (Board.SSE_B, Kind.B_SHARE, DAY, False),
        (Board.US, Kind.STOCK, DAY, False),
    ],
)
def test_what_trades_after_hours(board, kind, day, eligible):
    assert after_hours_eligible(rules_on(board, day), kind) is eligible


@pytest.mark.parametrize(
    ("instrument", "eligible"),
    [
        (Instrument(symbol=Symbol("159915.SZ")), True),
        (Instrument(symbol=Symbol("161725.SZ")), False),  # an open-end fund
        (Instrument(symbol=Symbol("000001.SZ"), st=(Span(since=date(2026, 1, 1)),)), True),
        (Instrument(symbol=Symbol("000001.SZ"), delisting=Span(since=DAY)), False),
        (Instrument(symbol=Symbol("000001.SZ"), delisting=Span(since=date(2026, 12, 1))), True),
    ],
)
def test_the_instrument_may_be_excluded_from_after_hours(instrument, eligible):
    rules = rules_on(Board.SZSE_MAIN, DAY)

    assert after_hours_eligible(rules, Kind.STOCK, instrument) is eligible


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("09:35", "09:38", 3),
        ("11:29", "13:01", 2),  # lunch does not count
        ("11:30", "13:00", 0),
        ("09:22", "09:31", 4),  # 09:22 to 09:25, and 09:30 to 09:31
        ("14:56", "15:20", 4),  # to the end of the closing call; after hours the close stands
        ("10:05", "10:00", 0),
    ],
)
def test_prices_grow_old_only_while_the_market_trades(since, until, minutes):
    rules = rules_on(Board.SSE_MAIN, DAY)

    moved = trading_time(rules, time.fromisoformat(since), time.fromisoformat(until))

    assert moved == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("symbol", "day", "phase"),
    [
        ("508000.SH", date(2026, 7, 3), Phase.CONTINUOUS),
        ("508000.SH", date(2026, 7, 6), Phase.CLOSE_CALL),
        ("113050.SH", date(2026, 7, 3), Phase.CONTINUOUS),
        ("113050.SH", date(2026, 7, 6), Phase.CLOSE_CALL),
        ("180101.SZ", date(2026, 7, 3), Phase.CLOSE_CALL),
        ("123107.SZ", date(2026, 7, 3), Phase.CLOSE_CALL),
        ("510300.SH", date(2026, 7, 3), Phase.CONTINUOUS),
        ("159915.SZ", date(2026, 7, 3), Phase.CLOSE_CALL),
    ],
)
def test_reits_and_bonds_of_sse_had_no_closing_call_before_2026_07_06(symbol, day, phase):
    assert phase_at(rules_of(Symbol(symbol), day), time(14, 58)).phase is phase


@pytest.mark.parametrize(
    ("symbol", "day", "accepts"),
    [
        ("123107.SZ", date(2016, 5, 6), True),
        ("123107.SZ", date(2016, 5, 9), False),
        ("113050.SH", date(2016, 5, 6), False),
    ],
)
def test_bonds_of_szse_could_be_ordered_in_the_gap_until_2016(symbol, day, accepts):
    assert phase_at(rules_of(Symbol(symbol), day), time(9, 26)).accepts_orders is accepts


@pytest.mark.parametrize(("seen", "clock", "began"), [
    ("11:30", "13:00", "13:00"),
    ("12:59", "14:56", "13:00"),
    ("13:00", "13:00", None),
    ("09:25", "09:30", "09:30"),
    ("09:30", "11:29", None),
    # Nothing begins anew in lunch, in a call or after the close.
    ("11:29", "12:00", None),
    ("14:56", "14:57", None),
    ("14:59", "15:05", None),
])  # fmt: skip
def test_a_price_of_before_the_trading_under_way_is_told(seen, clock, began):
    rules = rules_of(Symbol("600000.SH"), DAY)

    found = missed_start(rules, time.fromisoformat(seen), time.fromisoformat(clock))

    assert found == (None if began is None else time.fromisoformat(began))
