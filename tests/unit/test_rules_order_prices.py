"""What a call auction takes beyond the daily limits, and the first day of a share listed again."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.domain.instruments import Board, Instrument, Span, Symbol
from services.market.declared_facts import facts_path, read_declared_facts
from services.rules import OutsideRulebook, Phase, order_band, price_band, rules_on

D = Decimal
DAY = date(2026, 11, 20)
ANY = Instrument(symbol=Symbol("600000.SH"))
OPENING = (Phase.OPEN_CALL, Phase.OPEN_CALL_LOCKED)


def first_day(day: date = DAY, **facts: object) -> Instrument:
    return Instrument(symbol=Symbol("600000.SH"), first_days=(day,), **facts)  # type: ignore[arg-type]


def taken(
    board: Board, phase: Phase, instrument: Instrument, day: date = DAY, *, prev: str = "10.00", last=None
) -> tuple[str, str]:
    band = order_band(
        rules_on(board, day),
        instrument,
        phase,
        prev_close=D(prev),
        last=None if last is None else D(last),
    )
    return str(band.limit_down), str(band.limit_up)


@pytest.mark.parametrize("phase", OPENING)
@pytest.mark.parametrize(
    ("board", "expected"),
    [
        (Board.SSE_MAIN, ("5.00", "90.00")),  # 50% and 900% of 10.00
        (Board.STAR, ("5.00", "90.00")),
        (Board.SZSE_MAIN, ("None", "90.00")),
        (Board.CHINEXT, ("None", "90.00")),
    ],
)
def test_the_opening_call_of_an_unlimited_day_takes_up_to_900_percent(board, phase, expected):
    assert taken(board, phase, first_day()) == expected


@pytest.mark.parametrize(
    ("prev", "expected"),
    [("3.33", ("1.67", "29.97")), ("0.01", ("0.01", "0.09"))],  # 1.665 half-up; never below a tick
)
def test_the_range_is_on_the_tick(prev, expected):
    assert taken(Board.STAR, Phase.OPEN_CALL, first_day(), prev=prev) == expected


@pytest.mark.parametrize(
    ("last", "expected"),
    [("20.00", ("18.00", "22.00")), (None, ("9.00", "11.00"))],  # 10% around the last trade, else 10.00
)
def test_szse_takes_ten_percent_around_the_last_trade_in_the_closing_call(last, expected):
    assert taken(Board.CHINEXT, Phase.CLOSE_CALL, first_day(), last=last) == expected
    assert taken(Board.SZSE_MAIN, Phase.CLOSE_CALL, first_day(), last=last) == expected


@pytest.mark.parametrize(
    ("board", "phase", "day"),
    [
        (Board.SSE_MAIN, Phase.CLOSE_CALL, DAY),
        (Board.STAR, Phase.CLOSE_CALL, DAY),
        (Board.BSE, Phase.OPEN_CALL, DAY),
        (Board.BSE, Phase.CLOSE_CALL, DAY),
        (Board.SSE_MAIN, Phase.OPEN_CALL, date(2013, 12, 12)),  # unlimited under the old rules
        (Board.CONVERTIBLE, Phase.OPEN_CALL, date(2022, 7, 29)),
    ],
)
def test_a_call_of_an_unlimited_day_that_nobody_describes_is_outside_the_book(board, phase, day):
    with pytest.raises(OutsideRulebook, match="call"):
        taken(board, phase, first_day(day), day)


@pytest.mark.parametrize("phase", [Phase.CONTINUOUS, Phase.LUNCH, Phase.AFTER_HOURS])
def test_outside_calls_an_unlimited_day_stays_unlimited(phase):
    assert taken(Board.STAR, phase, first_day()) == ("None", "None")


@pytest.mark.parametrize("phase", Phase)
def test_on_a_day_with_limits_the_limits_hold_in_every_phase(phase):
    assert taken(Board.SSE_MAIN, phase, ANY, last="10.50") == ("9.00", "11.00")


@pytest.mark.parametrize("phase", OPENING)
@pytest.mark.parametrize(
    ("board", "day", "expected"),
    [
        # 80% and 120% of the issue price of 7.47: 5.976 and 8.964.
        (Board.SSE_MAIN, date(2013, 12, 13), ("5.98", "8.96")),
        (Board.SZSE_MAIN, date(2014, 6, 13), ("5.98", "8.96")),
        (Board.CHINEXT, date(2020, 8, 21), ("5.98", "8.96")),
        (Board.SSE_MAIN, date(2023, 4, 7), ("5.98", "8.96")),
    ],
)
def test_the_opening_call_of_an_old_listing_takes_80_to_120_percent(board, day, expected, phase):
    assert taken(board, phase, first_day(day), day, prev="7.47") == expected
    assert taken(board, phase, first_day(day, issue_price_cny="7.47"), day, prev="9.99") == expected
    assert taken(board, Phase.CONTINUOUS, first_day(day), day, prev="7.47") == ("4.78", "10.76")


def test_the_second_day_of_an_old_listing_has_the_days_limits_in_its_opening_call():
    days = (date(2014, 6, 12), date(2014, 6, 13))
    second = Instrument(symbol=Symbol("600000.SH"), first_days=days)

    assert taken(Board.SSE_MAIN, Phase.OPEN_CALL, second, days[1]) == ("9.00", "11.00")


def test_reits_and_bonds_have_the_first_days_band_in_the_call_too():
    assert taken(Board.REIT, Phase.OPEN_CALL, first_day(), prev="3.000") == ("2.100", "3.900")
    assert taken(Board.CONVERTIBLE, Phase.OPEN_CALL, first_day(), prev="100") == ("56.700", "157.300")


@pytest.mark.parametrize(
    ("board", "day"),
    [
        (Board.SSE_MAIN, DAY),
        (Board.SZSE_MAIN, date(2023, 4, 10)),
        (Board.STAR, DAY),
        (Board.CHINEXT, DAY),
        (Board.BSE, DAY),
    ],
)
def test_the_first_day_of_a_share_listed_again_has_no_limit(board, day):
    again = Instrument(symbol=Symbol("600000.SH"), listed_on=date(2001, 1, 2), relisted_on=day)
    day_before = Instrument(symbol=Symbol("600000.SH"), relisted_on=date.fromordinal(day.toordinal() - 1))

    assert price_band(rules_on(board, day), D("10.00"), again).unlimited
    assert not price_band(rules_on(board, day), D("10.00"), day_before).unlimited


def test_a_risk_warned_share_listed_again_has_no_limit_that_day_either():
    again = Instrument(symbol=Symbol("600000.SH"), st=(Span(since=date(2020, 1, 1)),), relisted_on=DAY)

    assert price_band(rules_on(Board.SSE_MAIN, DAY), D("10.00"), again).unlimited


def test_what_held_for_earlier_relistings_is_not_known():
    day = date(2023, 4, 7)
    again = Instrument(symbol=Symbol("600000.SH"), relisted_on=day)

    with pytest.raises(OutsideRulebook, match="2023-04-07"):
        price_band(rules_on(Board.SSE_MAIN, day), D("10.00"), again)


def test_the_day_a_share_is_listed_again_is_declared_beside_a_price_file(tmp_path: Path):
    prices = tmp_path / "daily.jsonl"
    facts_path(prices).write_text('{"instruments": {"600000.SH": {"relisted_on": "2026-11-20"}}}')

    (declared,) = read_declared_facts(prices).instruments

    assert declared.relisted_on == DAY
    assert price_band(rules_on(Board.SSE_MAIN, DAY), D("10.00"), declared).unlimited
