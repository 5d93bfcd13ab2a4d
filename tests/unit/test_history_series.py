"""Bars as whole numbers: nothing is lost, sums are exact, spans are the market's."""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import numpy as np
import pytest

from services.calendars import MarketCalendar
from services.domain.bars import Adjustment
from services.domain.instruments import Instrument, Market, Span
from services.history.lengths import BarLength, ends_of_day
from services.history.resample import NotLonger, resampled, whole
from services.history.series import NONE, conflicts, rounded, scaled, together, unscaled
from services.history.spans import Days
from tests.history_by_hand import HOURLY, MINUTES, RAW, flat, minutes, second, series


def test_hourly_bars_of_the_mainland_end_around_lunch():
    assert ends_of_day(Market.CN, BarLength.MIN_60) == (time(10, 30), time(11, 30), time(14, 0), time(15, 0))


@pytest.mark.parametrize(("length", "bars"), [("1m", 240), ("5m", 48), ("15m", 16), ("30m", 8), ("60m", 4)])
def test_a_mainland_day_has_four_hours_of_bars(length: str, bars: int):
    ends = ends_of_day(Market.CN, BarLength(length))

    assert (len(ends), ends[-1]) == (bars, time(15, 0))


def test_a_stretch_that_is_no_multiple_ends_with_a_shorter_bar():
    # New York trades 6.5 hours: six whole hours and a half one.
    ends = ends_of_day(Market.US, BarLength.MIN_60)

    assert ends[0] == time(10, 30)
    assert ends[-2:] == (time(15, 30), time(16, 0))


def test_an_early_close_ends_the_day():
    assert ends_of_day(Market.US, BarLength.MIN_60, time(13, 0))[-2:] == (time(12, 30), time(13, 0))
    # A mainland day that closed at lunch would have no bar after it.
    assert ends_of_day(Market.CN, BarLength.MIN_60, time(11, 30)) == (time(10, 30), time(11, 30))


def test_days_and_weeks_have_no_ends_within_a_day():
    with pytest.raises(ValueError, match="do not end within a day"):
        ends_of_day(Market.CN, BarLength.DAY)


@pytest.mark.parametrize("price", ["0.001", "1442.36", "3.1", "1.234567", "0"])
def test_a_price_comes_back_as_it_was_written(price: str):
    assert unscaled(scaled(Decimal(price))) == Decimal(price)
    assert rounded(float(price)) == scaled(Decimal(price))


@pytest.mark.parametrize("price", ["-0.01", "NaN", "Infinity", "1.2345678"])
def test_what_cannot_be_kept_exactly_is_no_price(price: str):
    with pytest.raises(ValueError, match=r"no price|decimals"):
        scaled(Decimal(price))


def test_what_is_not_stated_is_no_price():
    assert unscaled(NONE) is None


def test_bars_out_of_order_or_twice_are_no_series():
    with pytest.raises(ValueError, match="out of order"):
        flat("600000.SH", RAW, ["2025-10-10", "2025-10-09"])
    with pytest.raises(ValueError, match="out of order"):
        flat("600000.SH", RAW, ["2025-10-10", "2025-10-10"])


def test_columns_of_unequal_length_are_no_series():
    whole = flat("600000.SH", RAW, ["2025-10-09", "2025-10-10"])

    with pytest.raises(ValueError, match="unequal"):
        replace(whole, open=whole.open[:1])


def test_a_span_of_bars_includes_both_ends():
    whole = flat("600000.SH", RAW, ["2025-10-09", "2025-10-10", "2025-10-13"])

    found = whole.between(second("2025-10-10"), second("2025-10-13"))

    assert [found.label(row) for row in range(len(found))] == ["2025-10-10", "2025-10-13"]
    assert found.price(0, "close") == Decimal("10")


def test_parts_join_into_one_and_the_same_bar_may_stand_in_both():
    one = flat("600000.SH", RAW, ["2025-10-09", "2025-10-10"])
    two = flat("600000.SH", RAW, ["2025-10-10", "2025-10-13"])

    assert len(together((one, two))) == 3


def test_parts_that_say_different_things_do_not_join():
    one = flat("600000.SH", RAW, ["2025-10-10"])
    two = flat("600000.SH", RAW, ["2025-10-10"], price="10.01")

    assert conflicts(one, two) == (second("2025-10-10"),)
    with pytest.raises(ValueError, match="differ in open"):
        together((one, two))


def test_parts_of_different_kinds_do_not_join():
    adjusted = replace(RAW, adjustment=Adjustment.FORWARD)

    with pytest.raises(ValueError, match="different kinds"):
        together((flat("600000.SH", RAW, ["2025-10-09"]), flat("600000.SH", adjusted, ["2025-10-10"])))


def test_five_minutes_sum_what_their_minutes_traded():
    found = resampled(minutes("600000.SH", "2025-10-10"), BarLength.MIN_5)

    assert found.label(0) == "2025-10-10 09:35"
    # 1 + 2 + 3 + 4 + 5 = 15 shares for 150.00 CNY; the close is that of 09:35.
    assert (found.volume[0], found.amount[0], found.price(0, "close")) == (15, 15000, Decimal("10.05"))
    assert (found.price(0, "open"), found.price(0, "high"), found.price(0, "low")) == (
        Decimal("10"),
        Decimal("10.05"),
        Decimal("9.99"),
    )
    assert len(found) == 48


def test_no_bar_reaches_over_lunch():
    found = resampled(minutes("600000.SH", "2025-10-10"), BarLength.MIN_60)

    assert [found.label(row)[-5:] for row in range(4)] == ["10:30", "11:30", "14:00", "15:00"]
    # Minutes 121 to 180 trade after lunch: (121 + 180) * 60 / 2 = 9030 shares.
    assert found.volume.tolist() == [1830, 5430, 9030, 12630]


def test_the_opening_call_belongs_to_the_first_bar_and_a_late_closing_call_to_the_last():
    bars = [
        ("2025-10-10 09:30", "9.90", "9.90", "9.90", "9.90", 7),
        ("2025-10-10 09:31", "10.00", "10.00", "10.00", "10.00", 1),
        ("2025-10-10 15:00", "10.10", "10.10", "10.10", "10.10", 2),
        ("2025-10-10 15:01", "10.20", "10.20", "10.20", "10.20", 3),
    ]

    found = resampled(series("600000.SH", MINUTES, bars), BarLength.MIN_30)

    assert [found.label(row) for row in range(len(found))] == ["2025-10-10 10:00", "2025-10-10 15:00"]
    assert (found.volume.tolist(), found.price(0, "open"), found.price(1, "close")) == (
        [8, 5],
        Decimal("9.9"),
        Decimal("10.2"),
    )


def test_a_days_bar_holds_all_of_it_and_a_weeks_bar_ends_with_its_last_day():
    days = [*(f"2025-10-{day:02d}" for day in (9, 10, 13, 14))]
    hours = [f"{day} {at}" for day in days for at in ("10:30", "11:30", "14:00", "15:00")]

    daily = resampled(flat("600000.SH", HOURLY, hours, volume=100), BarLength.DAY)
    weekly = resampled(daily, BarLength.WEEK)

    assert [daily.label(row) for row in range(4)] == days
    assert daily.volume.tolist() == [400] * 4
    assert [weekly.label_of(end) for end in weekly.ends.tolist()] == ["2025-10-10", "2025-10-14"]
    assert weekly.volume.tolist() == [800, 800]


HOURS = ("10:30", "11:30", "14:00", "15:00")
WEEK = ("2025-10-13", "2025-10-14", "2025-10-15", "2025-10-16", "2025-10-17")


@pytest.mark.parametrize("after", [
    [],
    ["2025-10-20 10:30"],  # Monday's first hour
    [f"2025-10-20 {at}" for at in HOURS],
])  # fmt: skip
def test_a_week_that_is_over_is_made_however_far_the_next_one_is(after: list[str]):
    hours = flat("600000.SH", HOURLY, [*(f"{day} {at}" for day in WEEK for at in HOURS), *after])
    calendar = MarketCalendar(Market.CN, None)

    made, left_out = whole(resampled(hours, BarLength.WEEK), hours, calendar.trading_days)

    assert [made.label(row) for row in range(len(made))] == ["2025-10-17"]
    assert left_out == ((Days(date(2025, 10, 20), date(2025, 10, 26)),) if after else ())


@pytest.mark.parametrize("there", [
    WEEK[:4],                        # the week is not over, or cut off by the period
    WEEK[1:],                        # cut off by the period's beginning
    [*WEEK[:2], *WEEK[3:]],          # a gap
])  # fmt: skip
def test_a_week_of_which_a_day_is_missing_is_left_out(there: list[str]):
    calendar = MarketCalendar(Market.CN, None)
    days = flat("600000.SH", RAW, there)

    made, left_out = whole(resampled(days, BarLength.WEEK), days, calendar.trading_days)

    assert (len(made), left_out) == (0, (Days(date(2025, 10, 13), date(2025, 10, 19)),))


def test_a_week_is_whole_without_a_known_suspension_and_the_days_before_a_listing():
    calendar = MarketCalendar(Market.CN, None)
    days = flat("600000.SH", RAW, [WEEK[1], WEEK[4]])
    halt = Span(since=date(2025, 10, 15), until=date(2025, 10, 16))
    facts = Instrument(symbol=days.symbol, listed_on=date(2025, 10, 14), suspended=(halt,))

    made, left_out = whole(resampled(days, BarLength.WEEK), days, calendar.trading_days, facts)

    assert (len(made), left_out) == (1, ())


@pytest.mark.parametrize(("missing", "kept"), [
    ("2025-10-14 15:00", ["2025-10-13"]),   # the day is not over, or its end was lost
    ("2025-10-13 10:30", ["2025-10-14"]),
    ("2025-10-13 14:00", ["2025-10-14"]),
])  # fmt: skip
def test_a_day_of_which_an_hour_is_missing_is_left_out(missing: str, kept: list[str]):
    calendar = MarketCalendar(Market.CN, None)
    every = [f"{day} {at}" for day in WEEK[:2] for at in HOURS]
    hours = flat("600000.SH", HOURLY, [one for one in every if one != missing])

    made, left_out = whole(resampled(hours, BarLength.DAY), hours, calendar.trading_days)

    lost = date.fromisoformat(missing[:10])
    assert [made.label(row) for row in range(len(made))] == kept
    assert left_out == (Days(lost, lost),)


def test_an_hour_of_which_a_minute_is_missing_is_left_out_and_the_days_others_are_made():
    calendar = MarketCalendar(Market.CN, None)
    every = minutes("600000.SH", "2025-10-13")
    some = every.rows(np.array([row for row in range(240) if row != 100]))

    made, left_out = whole(resampled(some, BarLength.MIN_60), some, calendar.trading_days)

    # The 101st minute is 11:11.
    assert [made.label(row)[-5:] for row in range(len(made))] == ["10:30", "14:00", "15:00"]
    assert left_out == (Days(date(2025, 10, 13), date(2025, 10, 13)),)


def test_the_last_week_there_is_a_date_for_is_made():
    days = flat("600000.SH", RAW, ["9999-12-31"])
    calendar = MarketCalendar(Market.CN, None)

    assert len(whole(resampled(days, BarLength.WEEK), days, calendar.trading_days).series) == 1


def test_of_nothing_nothing_is_left_out():
    nothing = flat("600000.SH", HOURLY, [])
    calendar = MarketCalendar(Market.CN, None)

    assert whole(resampled(nothing, BarLength.DAY), nothing, calendar.trading_days).left_out == ()


def test_a_sum_of_which_a_part_is_not_stated_is_not_stated():
    whole = minutes("600000.SH", "2025-10-10")
    gap = replace(whole, amount=np.where(np.arange(240) == 3, NONE, whole.amount))

    found = resampled(gap, BarLength.MIN_5)

    # 6 + 7 + 8 + 9 + 10 = 40 shares for 400.00 CNY.
    assert found.amount[:2].tolist() == [NONE, 40000]


def test_a_half_day_ends_with_its_early_close():
    bars = flat("AAPL.US", replace(HOURLY), [])
    kind = replace(MINUTES, length=BarLength.MIN_30)
    from services.history.lengths import moment_of

    ends = [moment_of(Market.US, date(2025, 11, 28), at) for at in (time(12, 30), time(13, 0))]
    half = replace(
        bars,
        kind=kind,
        ends=np.array(ends),
        **{name: np.array([1, 1]) for name in ("open", "high", "low", "close", "volume", "amount")},
    )

    found = resampled(half, BarLength.DAY, lambda _day: time(13, 0))

    assert found.ends.tolist() == [ends[-1]]


@pytest.mark.parametrize(("have", "want"), [("60m", "5m"), ("15m", "15m"), ("1d", "60m")])
def test_bars_are_made_longer_only(have: str, want: str):
    kind = replace(RAW, length=BarLength(have))

    with pytest.raises(NotLonger):
        resampled(flat("600000.SH", kind, []), BarLength(want))


def test_nothing_makes_nothing():
    assert len(resampled(flat("600000.SH", HOURLY, []), BarLength.DAY)) == 0
