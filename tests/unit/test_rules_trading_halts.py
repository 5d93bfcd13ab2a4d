"""Halts within a day that has no price limit."""

from datetime import date, time
from decimal import Decimal

import pytest

from services.domain.instruments import Board
from services.rules import Window, intraday_halts, rules_on

D = Decimal
DAY = date(2026, 11, 20)


def halts(*trades: tuple[str, str], board: Board = Board.STAR, day: date = DAY, opened: str = "10.00"):
    """Return the halts as pairs of texts."""
    told = ((time.fromisoformat(at), D(price)) for at, price in trades)
    return [
        (f"{one.start:%H:%M:%S}", f"{one.end:%H:%M:%S}")
        for one in intraday_halts(rules_on(board, day), D(opened), told)
    ]


@pytest.mark.parametrize(
    ("trades", "expected"),
    [
        ((), []),
        ((("09:31", "12.99"), ("09:32", "7.01")), []),  # 29.9% both ways
        ((("09:31", "13.00"),), [("09:31:00", "09:41:00")]),  # exactly 30% up
        ((("09:31", "7.00"),), [("09:31:00", "09:41:00")]),  # exactly 30% down
        ((("09:31", "13.00"), ("09:41", "13.50")), [("09:31:00", "09:41:00")]),  # the first time alone
        ((("09:31", "13.00"), ("10:00", "7.00")), [("09:31:00", "09:41:00")]),  # up and down together
        ((("09:31", "13.00"), ("09:45", "15.99")), [("09:31:00", "09:41:00")]),
        (
            (("09:31", "13.00"), ("09:45", "16.00"), ("10:00", "20.00")),
            [("09:31:00", "09:41:00"), ("09:45:00", "09:55:00")],
        ),
        ((("09:31", "16.00"), ("09:50", "20.00"), ("10:00", "13.00")), [("09:31:00", "09:41:00")]),  # a jump
        # A price inside a halt is not a trade; the one at its end is.
        ((("09:31", "13.00"), ("09:40:59", "16.00")), [("09:31:00", "09:41:00")]),
        (
            (("09:31", "13.00"), ("09:41", "16.00")),
            [("09:31:00", "09:41:00"), ("09:41:00", "09:51:00")],
        ),
    ],
)
def test_a_move_of_30_and_of_60_percent_from_the_open_halts_once_each(trades, expected):
    assert halts(*trades) == expected


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("11:19:59", "11:29:59"),
        ("11:20", "11:30:00"),
        ("11:25", "13:05:00"),  # five minutes before lunch, five after it
        ("11:29:59", "13:09:59"),
        ("14:47", "14:57:00"),
        ("14:50", "14:57:00"),  # never longer than to 14:57
        ("14:56:59", "14:57:00"),
    ],
)
def test_a_halt_lasts_ten_minutes_of_trading_and_ends_at_1457(at, end):
    ((_, resumed),) = halts((at, "13.00"))

    assert resumed == end


@pytest.mark.parametrize("at", ["14:57", "15:00"])
def test_the_closing_call_halts_nothing(at):
    assert halts((at, "13.00")) == []


@pytest.mark.parametrize(
    ("board", "first"),
    [
        (Board.SSE_MAIN, date(2023, 4, 10)),
        (Board.SZSE_MAIN, date(2023, 4, 10)),
        (Board.CHINEXT, date(2020, 8, 24)),
        (Board.BSE, date(2021, 11, 15)),
    ],
)
def test_boards_halt_from_their_first_unlimited_days_on(board, first):
    assert halts(("09:31", "13.00"), board=board, day=first) == [("09:31:00", "09:41:00")]
    if board in (Board.SSE_MAIN, Board.SZSE_MAIN, Board.CHINEXT):
        earlier = date.fromordinal(first.toordinal() - 1)
        assert rules_on(board, earlier).halts is None
        assert halts(("09:31", "13.00"), board=board, day=earlier) == []


def test_boards_without_such_days_have_no_halts():
    for board in (Board.SSE_FUND, Board.CONVERTIBLE, Board.US):
        assert halts(("09:31", "13.00"), board=board) == []


@pytest.mark.parametrize("opened", ["0", "-1", "NaN"])
def test_an_open_that_is_no_price_is_refused(opened):
    with pytest.raises(ValueError, match="open"):
        halts(("09:31", "13.00"), opened=opened)


def test_a_halt_covers_its_first_moment_and_not_its_last():
    (halt,) = intraday_halts(rules_on(Board.STAR, DAY), D("10"), [(time(9, 31), D("13"))])

    assert halt == Window(start=time(9, 31), end=time(9, 41))
    assert halt.covers(time(9, 31))
    assert not halt.covers(time(9, 41))
