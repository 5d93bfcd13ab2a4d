"""What counts as high-frequency trading: orders and cancels of an account by day and second."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from services.rules import OrderTraffic, high_frequency, order_traffic
from services.rules.programmatic import PROGRAMMATIC, ProgrammaticRule

DAY = date(2026, 11, 20)
START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
RULE = PROGRAMMATIC.on(DAY)


def every(step_ms: int, count: int, since: datetime = START) -> list[datetime]:
    return [since + timedelta(milliseconds=step_ms * i) for i in range(count)]


def traffic(in_second: int, in_day: int) -> OrderTraffic:
    return OrderTraffic(day=DAY, orders_and_cancels=in_day, in_fullest_second=in_second)


@pytest.mark.parametrize(
    ("in_second", "in_day", "expected"),
    [
        (299, 19_999, False),
        (300, 300, True),  # either threshold suffices
        (1, 20_000, True),
        (300, 20_000, True),
    ],
)
def test_300_a_second_or_20_000_a_day_is_high_frequency(in_second, in_day, expected):
    assert high_frequency(RULE, traffic(in_second, in_day)) is expected


@pytest.mark.parametrize("day", [date(2024, 10, 7), date(2025, 7, 6)])
def test_before_2025_07_07_nothing_is_high_frequency(day):
    assert not high_frequency(PROGRAMMATIC.on(day), traffic(10_000, 1_000_000))


def test_a_rule_with_one_threshold_looks_at_that_alone():
    by_day = ProgrammaticRule(report_first=True, high_frequency_per_day=10)

    assert high_frequency(by_day, traffic(300, 10))
    assert not high_frequency(by_day, traffic(300, 9))


@pytest.mark.parametrize(
    ("moments", "fullest"),
    [
        (every(1000, 3), 1),  # a second after one another: no two in one second
        (every(999, 3), 2),
        (every(3, 300), 300),  # 0.897 s in all
        (every(4, 300), 250),  # 250 x 4 ms are one second
        # The last half second of one minute and the first of the next are one second.
        (every(10, 100, START + timedelta(milliseconds=500)), 100),
        ([START] * 7, 7),
        # Two left with the three at first, four when those were a second ago.
        ([START] * 3 + every(999, 2)[1:] * 2 + every(1000, 2)[1:] * 4, 6),
    ],
)
def test_the_fullest_second_is_any_second_not_one_of_the_clock(moments, fullest):
    assert order_traffic(Counter(moments)) == (
        OrderTraffic(day=DAY, orders_and_cancels=len(moments), in_fullest_second=fullest),
    )


def test_days_are_counted_apart_and_end_at_midnight_in_shanghai():
    before, after = datetime(2026, 11, 19, 15, 59, 59, tzinfo=UTC), datetime(2026, 11, 19, 16, 0, tzinfo=UTC)

    found = order_traffic(Counter([after, before, START]))

    assert found == (
        OrderTraffic(day=date(2026, 11, 19), orders_and_cancels=1, in_fullest_second=1),
        OrderTraffic(day=DAY, orders_and_cancels=2, in_fullest_second=1),
    )


def test_moments_of_other_zones_are_the_same_moments():
    shanghai = START.astimezone(timezone(timedelta(hours=8)))

    assert order_traffic(Counter([shanghai, START])) == (traffic(2, 2),)


def test_what_left_together_may_be_told_as_one_moment_with_its_count():
    second = START + timedelta(seconds=1)

    # Two and three that left a second apart: five that day, three in the fullest second.
    assert order_traffic({START: 2, second: 3}) == (traffic(3, 5),)


def test_no_orders_are_no_traffic():
    assert order_traffic(Counter([])) == ()


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        order_traffic(Counter([START, START.replace(tzinfo=None)]))
