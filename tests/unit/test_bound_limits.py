"""What follows from the limits that are set: what is bound at all, and which prices and moments they make."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from risk.limits import (
    Degrees,
    ExitTerms,
    Limits,
    OrderCaps,
    PortfolioLimits,
    Sizing,
    SizingMethod,
    StateScaling,
)

PART, CNY = Decimal("0.5"), Decimal("1000.00")
TRADED, EXITS, LOSSES, PORTFOLIO, BARS = "traded", "exits", "losses", "portfolio", "bars"


def bound(limits: Limits) -> set[str]:
    """Return what is bound by any limit, or needed for one."""
    found = {
        TRADED: limits.caps.bound_traded,
        EXITS: limits.exits_by_position,
        LOSSES: limits.bound_losses,
        PORTFOLIO: limits.bound_portfolio,
        BARS: limits.need_bars,
    }
    return {name for name, one in found.items() if one}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(), set()),
        (Limits(caps=OrderCaps(notional_cny_session_max=CNY)), {TRADED}),
        (Limits(caps=OrderCaps(notional_cny_day_max=CNY)), {TRADED}),
        (Limits(caps=OrderCaps(turnover_ratio_session_max=PART)), {TRADED}),
        (Limits(caps=OrderCaps(turnover_ratio_day_max=PART)), {TRADED}),
        (Limits(caps=OrderCaps(order_cny_max=CNY)), set()),  # One order's size is no sum of orders.
        (Limits(stop_loss_ratio=PART), {EXITS}),
        (Limits(exits=ExitTerms(take_profit_ratio=PART)), {EXITS}),
        (Limits(exits=ExitTerms(trailing_stop_ratio=PART)), {EXITS}),
        (Limits(exits=ExitTerms(time_stop_days=5)), {EXITS}),
        (Limits(exits=ExitTerms(on_drawdown=True)), set()),  # Looks at the account, not at a position.
        (Limits(daily_loss_ratio_max=PART), {LOSSES}),
        (Limits(portfolio=PortfolioLimits(drawdown_ratio_max=PART)), {LOSSES}),
        (Limits(portfolio=PortfolioLimits(losing_sales_max=3)), {LOSSES}),
        (Limits(degrees=Degrees(capital_cny_max=CNY)), {PORTFOLIO}),
        (Limits(position_ratio_max=PART), {PORTFOLIO}),
        (Limits(portfolio=PortfolioLimits(gross_ratio_max=PART)), {PORTFOLIO}),
        (Limits(portfolio=PortfolioLimits(sector_ratio_max=PART)), {PORTFOLIO}),
        (Limits(portfolio=PortfolioLimits(sector_unknown_ratio_max=PART)), {PORTFOLIO}),
        (Limits(portfolio=PortfolioLimits(correlation_max=PART)), {PORTFOLIO, BARS}),
        (Limits(portfolio=PortfolioLimits(var_ratio_max=PART)), {PORTFOLIO, BARS}),
        (Limits(sizing=Sizing(method=SizingMethod.FIXED_RATIO)), set()),
        (Limits(sizing=Sizing(method=SizingMethod.EQUAL_WEIGHT)), set()),
        (Limits(sizing=Sizing(method=SizingMethod.VOLATILITY)), {BARS}),
        (Limits(sizing=Sizing(method=SizingMethod.ATR)), {BARS}),
        (Limits(sizing=Sizing(method=SizingMethod.VAR)), {BARS}),
        (Limits(state=StateScaling(in_downtrend=PART)), {BARS}),
        (Limits(state=StateScaling(when_volatile=PART)), {BARS}),
    ],
)
def test_each_limit_alone_binds_what_it_is_on_and_nothing_else(limits: Limits, expected: set[str]):
    assert bound(limits) == expected


def test_the_prices_made_and_believed_lie_on_both_sides_of_the_quote():
    # 150 and 1200 of 10,000 are 1.5 % and 12 %.
    limits = Limits(marketable_bp=Decimal(150), caps=OrderCaps(price_band_bp=Decimal(1200)))

    assert limits.marketable == (Decimal("0.985"), Decimal("1.015"))
    assert limits.believed == (Decimal("0.88"), Decimal("1.12"))


def test_an_order_may_be_sent_for_the_seconds_that_are_set():
    assert Limits(order_ttl_s=45).order_ttl == timedelta(seconds=45)
