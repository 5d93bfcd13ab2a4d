"""Daily price limits: ratios by date, rounding by exchange, and the days without a limit."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.instruments import Board, Instrument, Kind, Span, Symbol
from services.rules import Band, OutsideRulebook, price_band, rules_on

D = Decimal
DAY = date(2026, 11, 20)  # a Friday
ANY = Instrument(symbol=Symbol("600000.SH"))
ST = Instrument(symbol=Symbol("600000.SH"), st=(Span(since=date(1996, 1, 1)),))
S_SHARE = Instrument(symbol=Symbol("600182.SH"), share_reform_pending=True)
WIDE = Instrument(symbol=Symbol("588000.SH"), kind=Kind.ETF_EQUITY_20)


def band(board: Board, prev: str, day: date = DAY, instrument: Instrument = ANY) -> tuple[str, str]:
    found = price_band(rules_on(board, day), D(prev), instrument)
    return str(found.limit_down), str(found.limit_up)


def listed(*days: date, **facts: object) -> Instrument:
    return Instrument(symbol=Symbol("600000.SH"), first_days=days, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("board", "prev", "day", "instrument", "expected"),
    [
        # 10.05 x 0.9 = 9.045 -> 9.05 and x 1.1 = 11.055 -> 11.06: ties go up on both sides.
        (Board.SSE_MAIN, "10.05", DAY, ANY, ("9.05", "11.06")),
        (Board.SZSE_MAIN, "4.35", DAY, ANY, ("3.92", "4.79")),  # 3.915, 4.785
        (Board.SSE_MAIN, "10.00", date(2026, 7, 5), ST, ("9.50", "10.50")),
        (Board.SSE_MAIN, "10.00", date(2026, 7, 6), ST, ("9.00", "11.00")),
        (Board.SSE_MAIN, "10.00", date(1998, 4, 21), ST, ("9.00", "11.00")),
        (Board.SSE_MAIN, "10.00", date(1998, 4, 22), ST, ("9.50", "10.50")),
        (Board.SSE_B, "1.000", date(2026, 7, 3), ST, ("0.950", "1.050")),
        (Board.SZSE_B, "5.00", DAY, ANY, ("4.50", "5.50")),
        (Board.SSE_MAIN, "12.00", DAY, S_SHARE, ("11.40", "12.60")),
        (Board.SSE_MAIN, "12.00", date(2007, 1, 5), S_SHARE, ("10.80", "13.20")),
        (Board.CHINEXT, "10.00", date(2020, 8, 23), ANY, ("9.00", "11.00")),
        (Board.CHINEXT, "10.00", date(2020, 8, 24), ANY, ("8.00", "12.00")),
        (Board.CHINEXT, "10.00", date(2020, 8, 21), ST, ("9.50", "10.50")),
        (Board.CHINEXT, "10.00", date(2020, 8, 24), ST, ("8.00", "12.00")),
        (Board.STAR, "7.90", DAY, ST, ("6.32", "9.48")),
        # BSE rounds inward: 17.09 x 1.3 = 22.217 -> 22.21, x 0.7 = 11.963 -> 11.97.
        (Board.BSE, "17.09", DAY, ANY, ("11.97", "22.21")),
        (Board.BSE, "0.70", DAY, ST, ("0.49", "0.91")),  # exact products stay
        (Board.SSE_FUND, "0.784", DAY, ANY, ("0.706", "0.862")),  # 0.7056, 0.8624
        (Board.SSE_FUND, "1.003", DAY, WIDE, ("0.802", "1.204")),  # 0.8024, 1.2036
        (Board.SSE_FUND, "1.000", date(2020, 8, 20), WIDE, ("0.900", "1.100")),
        (Board.SSE_FUND, "1.000", date(2020, 8, 21), WIDE, ("0.800", "1.200")),
        (Board.SZSE_FUND, "1.000", date(2020, 8, 21), WIDE, ("0.900", "1.100")),
        (Board.SZSE_FUND, "1.000", date(2020, 8, 24), WIDE, ("0.800", "1.200")),
        (Board.REIT, "3.000", DAY, ANY, ("2.700", "3.300")),
        (Board.CONVERTIBLE, "123.456", DAY, ANY, ("98.765", "148.147")),  # 98.7648, 148.1472
        (Board.CONVERTIBLE, "123.456", date(2022, 7, 31), ANY, ("None", "None")),
        (Board.US, "123.45", DAY, ANY, ("None", "None")),
    ],
)
def test_the_band_of_an_ordinary_day(board, prev, day, instrument, expected):
    assert band(board, prev, day, instrument) == expected


@pytest.mark.parametrize(
    ("board", "prev", "day", "expected"),
    [
        (Board.SZSE_MAIN, "0.04", date(2011, 2, 27), ("0.04", "0.04")),  # 0.036, 0.044
        (Board.SZSE_MAIN, "0.04", date(2011, 2, 28), ("0.03", "0.05")),  # the exchange's own example
        (Board.SSE_MAIN, "0.04", date(2023, 4, 9), ("0.04", "0.04")),
        (Board.SSE_MAIN, "0.04", date(2023, 4, 10), ("0.03", "0.05")),
        (Board.SZSE_MAIN, "0.05", DAY, ("0.04", "0.06")),  # down 0.045 -> 0.05 = prev, up 0.055 -> 0.06
        (Board.SZSE_MAIN, "0.01", DAY, ("0.01", "0.02")),  # no price is below one tick
        (Board.BSE, "0.03", DAY, ("0.03", "0.03")),  # 0.021 up, 0.039 down; no floor known
    ],
)
def test_a_limit_is_at_least_one_tick_away_where_the_exchange_says_so(board, prev, day, expected):
    assert band(board, prev, day) == expected


@pytest.mark.parametrize(
    ("board", "day", "number", "unlimited"),
    [
        (Board.SSE_MAIN, DAY, 5, True),
        (Board.SSE_MAIN, DAY, 6, False),
        (Board.STAR, date(2019, 7, 26), 5, True),
        (Board.STAR, date(2019, 7, 29), 6, False),
        (Board.CHINEXT, date(2020, 8, 24), 1, True),
        (Board.CHINEXT, DAY, 6, False),
        (Board.BSE, DAY, 1, True),
        (Board.BSE, DAY, 2, False),
        (Board.SSE_FUND, DAY, 1, False),
        (Board.SSE_B, DAY, 1, False),
    ],
)
def test_the_first_days_of_a_listing_have_no_limit(board, day, number, unlimited):
    days = tuple(day - timedelta(days=i) for i in reversed(range(number)))

    assert price_band(rules_on(board, day), D("10.00"), listed(*days)).unlimited is unlimited


@pytest.mark.parametrize(
    ("board", "day", "expected"),
    [
        (Board.SSE_MAIN, date(2013, 12, 12), ("None", "None")),
        (Board.SSE_MAIN, date(2013, 12, 13), ("4.78", "10.76")),  # 7.47 x 0.64 = 4.7808, x 1.44 = 10.7568
        (Board.SZSE_MAIN, date(2014, 6, 12), ("None", "None")),
        (Board.SZSE_MAIN, date(2014, 6, 13), ("4.78", "10.76")),
        (Board.CHINEXT, date(2014, 6, 12), ("None", "None")),
        (Board.CHINEXT, date(2020, 8, 21), ("4.78", "10.76")),
        (Board.SSE_MAIN, date(2023, 4, 7), ("4.78", "10.76")),  # registration is not there yet
        (Board.SSE_MAIN, date(2023, 4, 10), ("None", "None")),
    ],
)
def test_the_first_day_before_registration_has_the_old_band(board, day, expected):
    assert band(board, "7.47", day, listed(day)) == expected


def test_a_listing_under_approval_keeps_the_old_band_after_registration_began():
    first, second = date(2023, 4, 11), date(2023, 4, 12)
    approved = listed(first, second, registration_regime=False)

    assert band(Board.SSE_MAIN, "7.47", first, approved) == ("4.78", "10.76")
    assert band(Board.SSE_MAIN, "10.76", second, approved) == ("9.68", "11.84")  # 9.684, 11.836


def test_a_listing_before_registration_began_has_no_unlimited_days_after_it():
    days = (date(2023, 4, 6), date(2023, 4, 7), date(2023, 4, 10))

    assert band(Board.SSE_MAIN, "10.00", date(2023, 4, 10), listed(*days)) == ("9.00", "11.00")


@pytest.mark.parametrize(
    ("board", "day", "expected"),
    [
        (Board.REIT, DAY, ("2.100", "3.900")),  # 3.000 x 0.7, x 1.3
        (Board.CONVERTIBLE, DAY, ("1.701", "4.719")),  # 3.000 x 0.567, x 1.573
        (Board.CONVERTIBLE, date(2022, 7, 29), ("None", "None")),
    ],
)
def test_the_first_day_of_reits_and_convertibles(board, day, expected):
    assert band(board, "3.000", day, listed(day)) == expected


def test_the_first_day_is_on_the_issue_price_where_it_is_given():
    bond = listed(DAY, issue_price_cny="100")

    assert band(Board.CONVERTIBLE, "123.456", DAY, bond) == ("56.700", "157.300")


@pytest.mark.parametrize(
    ("board", "day", "since", "expected"),
    [
        (Board.SSE_MAIN, date(2020, 12, 30), date(2020, 12, 30), ("0.90", "1.10")),
        (Board.SSE_MAIN, date(2020, 12, 31), date(2020, 12, 31), ("None", "None")),
        (Board.SZSE_MAIN, DAY, DAY, ("None", "None")),
        (Board.BSE, DAY, DAY, ("None", "None")),
        (Board.SZSE_MAIN, date(2026, 6, 30), date(2026, 6, 29), ("0.90", "1.10")),  # 10%, though ST was 5%
        (Board.CHINEXT, DAY, date(2026, 11, 19), ("0.80", "1.20")),
        (Board.BSE, DAY, date(2026, 11, 19), ("0.70", "1.30")),
        (Board.SSE_FUND, DAY, DAY, ("0.900", "1.100")),
    ],
)
def test_the_delisting_period(board, day, since, expected):
    leaving = Instrument(
        symbol=Symbol("600000.SH"), st=(Span(since=date(2020, 1, 1)),), delisting=Span(since=since)
    )

    assert band(board, "1.00", day, leaving) == expected


def test_after_a_delisting_period_the_ordinary_rules_hold_again():
    back = Instrument(
        symbol=Symbol("600000.SH"), delisting=Span(since=date(2026, 11, 2), until=date(2026, 11, 3))
    )

    assert band(Board.SSE_MAIN, "1.00", DAY, back) == ("0.90", "1.10")


@pytest.mark.parametrize(
    ("listed_on", "unlimited"),
    [
        (DAY, True),
        (date(2026, 11, 16), True),  # Monday: Friday is its fifth weekday, so at most its fifth trading day
        (date(2026, 10, 12), False),  # 30 weekdays: no holiday hides 25 of them
        (date(2001, 1, 1), False),
    ],
)
def test_a_listing_date_alone_tells_the_unlimited_days_where_it_can(listed_on, unlimited):
    fresh = Instrument(symbol=Symbol("600000.SH"), listed_on=listed_on)

    assert price_band(rules_on(Board.SSE_MAIN, DAY), D("10.00"), fresh).unlimited is unlimited


def test_a_day_that_may_or_may_not_be_unlimited_is_outside_the_book():
    # Listed Friday 2026-11-13: the next Friday is the sixth weekday, and holidays are not known here.
    fresh = Instrument(symbol=Symbol("600000.SH"), listed_on=date(2026, 11, 13))

    with pytest.raises(OutsideRulebook, match="first 5 trading days"):
        band(Board.SSE_MAIN, "10.00", DAY, fresh)


def test_days_known_in_part_are_completed_by_weekdays():
    # Known are Monday and Tuesday; Friday is at most the fifth trading day.
    fresh = listed(date(2026, 11, 16), date(2026, 11, 17))

    assert price_band(rules_on(Board.STAR, DAY), D("10.00"), fresh).unlimited


def test_a_weekend_is_not_counted_among_the_trading_days_of_a_listing():
    # Listed Tuesday 2026-11-17: the next Monday is the fifth weekday.
    fresh = Instrument(symbol=Symbol("600000.SH"), listed_on=date(2026, 11, 17))

    assert price_band(rules_on(Board.SSE_MAIN, date(2026, 11, 23)), D("10.00"), fresh).unlimited


def test_a_second_day_is_never_the_first_even_without_the_days_between():
    fresh = Instrument(symbol=Symbol("920001.BJ"), listed_on=date(2026, 11, 19))

    assert band(Board.BSE, "8.00", DAY, fresh) == ("5.60", "10.40")


@pytest.mark.parametrize("first_days", [(date(2026, 11, 23),), (date(2026, 11, 19), date(2026, 11, 23))])
def test_a_day_before_or_between_the_trading_days_of_a_listing_is_outside_the_book(first_days):
    with pytest.raises(OutsideRulebook, match="not one of its trading days"):
        band(Board.SSE_MAIN, "10.00", DAY, listed(*first_days))


@pytest.mark.parametrize("prev", ["0", "-1", "NaN", "Infinity"])
def test_a_previous_close_that_is_no_price_is_refused(prev):
    with pytest.raises(ValueError, match="must be positive"):
        band(Board.SSE_MAIN, prev)


@pytest.mark.parametrize(
    ("price", "allowed"),
    [("8.99", False), ("9.00", True), ("11.00", True), ("11.01", False)],
)
def test_both_limits_are_valid_prices(price, allowed):
    assert Band(limit_down=D("9.00"), limit_up=D("11.00")).allows(D(price)) is allowed


def test_an_unlimited_day_allows_any_price():
    free = Band(limit_down=None, limit_up=None)

    assert free.unlimited
    assert free.allows(D("0.01"))
    assert free.allows(D("100000"))


MAINLAND = [board for board in Board if board is not Board.US]


@given(
    board=st.sampled_from(MAINLAND),
    day=st.dates(date(2022, 8, 1), date(2026, 12, 31)),
    ticks=st.integers(1, 3_000_000),
    risk_warned=st.booleans(),
)
def test_limits_are_ticks_around_the_previous_close(board, day, ticks, risk_warned):
    rules = rules_on(board, day)
    prev = rules.tick * ticks

    found = price_band(rules, prev, ST if risk_warned else ANY)

    assert found.limit_down is not None
    assert found.limit_up is not None
    assert rules.tick <= found.limit_down <= prev <= found.limit_up
    assert found.limit_down % rules.tick == 0
    assert found.limit_up % rules.tick == 0


def test_limits_asked_for_again_are_of_what_is_asked_then():
    friday, monday = date(2026, 7, 3), date(2026, 7, 6)

    # Each differs from the one before in one thing: price, warning, day, board, and price back again.
    assert band(Board.SSE_MAIN, "10.00", friday) == ("9.00", "11.00")
    assert band(Board.SSE_MAIN, "20.00", friday) == ("18.00", "22.00")
    assert band(Board.SSE_MAIN, "20.00", friday, ST) == ("19.00", "21.00")
    assert band(Board.SSE_MAIN, "20.00", monday, ST) == ("18.00", "22.00")
    assert band(Board.CHINEXT, "20.00", monday, ST) == ("16.00", "24.00")
    assert band(Board.CHINEXT, "10.00", monday, ST) == ("8.00", "12.00")


def test_a_previous_close_that_is_none_is_seen_though_the_symbol_was_asked_for_before():
    rules = rules_on(Board.SSE_MAIN, DAY)
    assert price_band(rules, D("10.00"), ANY).limit_up == D("11.00")

    for wrong in ("0", "-1", "NaN", "sNaN", "Infinity"):
        with pytest.raises(ValueError, match="positive"):
            price_band(rules, D(wrong), ANY)


@given(cents=st.integers(1, 3_000_000))
def test_a_bse_limit_never_exceeds_thirty_percent(cents):
    prev = D(cents) / 100

    found = price_band(rules_on(Board.BSE, DAY), prev, ANY)

    assert found.limit_up is not None
    assert found.limit_down is not None
    assert found.limit_up <= prev * D("1.3")
    assert found.limit_down >= prev * D("0.7")
