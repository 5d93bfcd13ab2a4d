"""US bands and the retired day-trader rule."""

from datetime import date, time
from decimal import Decimal

import pytest

from services.rules import OutsideRulebook
from services.rules.us import luld_band, pattern_day_trader_block

D = Decimal


@pytest.mark.parametrize(
    ("tier", "reference", "prev", "clock", "expected"),
    [
        (1, "100.00", "100.00", "10:00", ("95.00", "105.00")),
        (2, "100.00", "100.00", "10:00", ("90.00", "110.00")),
        (1, "3.00", "3.00", "10:00", ("2.40", "3.60")),  # 20% at and below 3.00
        (2, "0.80", "0.75", "10:00", ("0.64", "0.96")),  # 20% = 0.16; below 0.75 it were 0.15
        (2, "0.50", "0.74", "10:00", ("0.35", "0.65")),  # 0.15 is less than 75% = 0.375
        (2, "0.10", "0.10", "10:00", ("0.03", "0.18")),  # 75% = 0.075: 0.025 and 0.175, ties up
        (1, "100.00", "100.00", "15:35", ("90.00", "110.00")),
        (1, "100.00", "100.00", "15:34:59", ("95.00", "105.00")),
        (2, "100.00", "100.00", "15:40", ("90.00", "110.00")),  # tier 2 above 3.00 is not doubled
        (2, "2.00", "2.00", "15:40", ("1.20", "2.80")),
        (1, "100.00", "100.00", "09:31", ("95.00", "105.00")),  # no doubling at the open since 2020
        (2, "0.10", "0.10", "15:40", ("0.01", "0.25")),  # never below a cent
    ],
)
def test_luld_bands(tier, reference, prev, clock, expected):
    band = luld_band(tier=tier, reference=D(reference), prev_close=D(prev), at=time.fromisoformat(clock))

    assert (str(band.limit_down), str(band.limit_up)) == expected


def test_there_are_two_tiers():
    with pytest.raises(ValueError, match="1 and 2"):
        luld_band(tier=3, reference=D(1), prev_close=D(1), at=time(10))


@pytest.mark.parametrize(
    ("equity", "trades", "day", "blocked"),
    [
        ("3000", 5, date(2026, 6, 3), True),
        ("3000", 5, date(2026, 6, 4), False),  # retired
        ("3000", 3, date(2026, 6, 3), False),
        ("25000", 5, date(2026, 6, 3), False),
    ],
)
def test_the_day_trader_rule_is_retired(equity, trades, day, blocked):
    assert pattern_day_trader_block(equity=D(equity), day_trades_5d=trades, day=day) is blocked


def test_the_day_trader_rule_is_unknown_past_the_end_of_the_book():
    with pytest.raises(OutsideRulebook):
        pattern_day_trader_block(equity=D(1), day_trades_5d=9, day=date(2027, 1, 1))
