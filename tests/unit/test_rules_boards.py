"""Which board a code is on, and what is traded there."""

from datetime import date

import pytest

from services.domain.instruments import Board, Kind, Symbol
from services.rules import OutsideRulebook, Venue, board_of, default_kind, is_lof, rules_of, venue_of
from services.rules.boards import CODES, code_of

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("symbol", "board"),
    [
        ("600519.SH", Board.SSE_MAIN),
        ("601318.SH", Board.SSE_MAIN),
        ("603986.SH", Board.SSE_MAIN),
        ("605499.SH", Board.SSE_MAIN),
        ("688981.SH", Board.STAR),
        ("689009.SH", Board.STAR),  # the depositary receipt
        ("000001.SZ", Board.SZSE_MAIN),
        ("001979.SZ", Board.SZSE_MAIN),
        ("002594.SZ", Board.SZSE_MAIN),
        ("003816.SZ", Board.SZSE_MAIN),
        ("300750.SZ", Board.CHINEXT),
        ("301236.SZ", Board.CHINEXT),
        ("302132.SZ", Board.CHINEXT),
        ("920001.BJ", Board.BSE),
        ("510300.SH", Board.SSE_FUND),
        ("520500.SH", Board.SSE_FUND),
        ("530000.SH", Board.SSE_FUND),
        ("560050.SH", Board.SSE_FUND),
        ("588000.SH", Board.SSE_FUND),
        ("501018.SH", Board.SSE_FUND),
        ("159915.SZ", Board.SZSE_FUND),
        ("161725.SZ", Board.SZSE_FUND),
        ("508000.SH", Board.REIT),
        ("180101.SZ", Board.REIT),
        ("113050.SH", Board.CONVERTIBLE),
        ("118000.SH", Board.CONVERTIBLE),
        ("123107.SZ", Board.CONVERTIBLE),
        ("128136.SZ", Board.CONVERTIBLE),
        ("900901.SH", Board.SSE_B),
        ("200002.SZ", Board.SZSE_B),
        ("AAPL.US", Board.US),
        ("BRK.B.US", Board.US),
    ],
)
def test_the_code_and_its_exchange_name_the_board(symbol, board):
    assert board_of(Symbol(symbol), DAY) is board


@pytest.mark.parametrize("symbol", ["000001.SH", "399001.SZ", "920001.SH", "600519.SZ", "115000.SH", "X"])
def test_a_code_of_no_known_board_is_outside_the_book(symbol):
    with pytest.raises(OutsideRulebook):
        board_of(Symbol(symbol), DAY)


@pytest.mark.parametrize("symbol", ["430047.BJ", "833171.BJ", "871981.BJ", "889999.BJ"])
def test_old_bse_codes_end_with_the_renumbering(symbol):
    assert board_of(Symbol(symbol), date(2021, 11, 15)) is Board.BSE
    assert board_of(Symbol(symbol), date(2025, 10, 8)) is Board.BSE
    with pytest.raises(OutsideRulebook):
        board_of(Symbol(symbol), date(2025, 10, 9))


def test_a_board_has_no_codes_before_it_opened():
    with pytest.raises(OutsideRulebook):
        board_of(Symbol("688981.SH"), date(2019, 7, 21))


def test_no_code_is_known_past_the_end_of_the_book():
    for symbol in ("600519.SH", "AAPL.US"):
        with pytest.raises(OutsideRulebook):
            board_of(Symbol(symbol), date(2027, 1, 4))


@pytest.mark.parametrize(
    ("board", "kind"),
    [
        (Board.SSE_MAIN, Kind.STOCK),
        (Board.BSE, Kind.STOCK),
        (Board.US, Kind.STOCK),
        (Board.SSE_FUND, Kind.ETF_EQUITY),
        (Board.SZSE_FUND, Kind.ETF_EQUITY),
        (Board.REIT, Kind.REIT),
        (Board.CONVERTIBLE, Kind.CONVERTIBLE_BOND),
        (Board.SSE_B, Kind.B_SHARE),
        (Board.SZSE_B, Kind.B_SHARE),
    ],
)
def test_an_instrument_is_what_its_board_trades_unless_said_otherwise(board, kind):
    assert default_kind(board) is kind


@pytest.mark.parametrize(
    ("symbol", "lof"),
    [
        ("161725.SZ", True),
        ("501018.SH", True),
        ("159915.SZ", False),
        ("510300.SH", False),
        ("160000.SH", False),
    ],
)
def test_open_end_funds_are_told_by_their_code(symbol, lof):
    assert is_lof(Symbol(symbol)) is lof


@pytest.mark.parametrize(
    ("symbol", "venue"),
    [
        ("600519.SH", Venue.SSE),
        ("688981.SH", Venue.SSE),
        ("510300.SH", Venue.SSE),
        ("900901.SH", Venue.SSE),
        ("508000.SH", Venue.SSE),
        ("113050.SH", Venue.SSE),
        ("000001.SZ", Venue.SZSE),
        ("300750.SZ", Venue.SZSE),
        ("159915.SZ", Venue.SZSE),
        ("200002.SZ", Venue.SZSE),
        ("180101.SZ", Venue.SZSE),
        ("123107.SZ", Venue.SZSE),
        ("920001.BJ", Venue.BSE),
        ("AAPL.US", Venue.US),
    ],
)
def test_the_rules_of_a_symbol_are_those_of_its_board_and_exchange(symbol, venue):
    rules = rules_of(Symbol(symbol), DAY)

    assert (rules.board, rules.venue, rules.day) == (board_of(Symbol(symbol), DAY), venue, DAY)


@pytest.mark.parametrize("board", Board)
def test_every_board_is_at_an_exchange(board):
    assert venue_of(board) in Venue


def test_without_a_symbol_a_board_of_both_exchanges_counts_as_one_of_szse():
    assert venue_of(Board.REIT) is Venue.SZSE
    assert venue_of(Board.CONVERTIBLE) is Venue.SZSE


def test_the_rules_of_an_unknown_code_are_outside_the_book():
    with pytest.raises(OutsideRulebook, match="999999"):
        rules_of(Symbol("999999.SH"), DAY)


def test_a_codes_suffix_names_the_exchange_of_its_board():
    assert len(CODES) > 30
    for prefix, rows in CODES.items():
        symbol = Symbol(f"{prefix[:-3]:0<6}{prefix[-3:]}")
        _, venue = code_of(symbol)
        for row in rows.rows:
            shared = row.value in (Board.REIT, Board.CONVERTIBLE)
            assert venue is (Venue(symbol[-2:]) if shared else venue_of(row.value))
    assert code_of(Symbol("AAPL.US"))[1] is venue_of(Board.US)
