"""What the gate writes down beside its orders: what it only watches, and how much of each limit is used."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from risk.gate import review
from risk.limits import DaySoFar, Degrees, Limits, OrderCaps, PortfolioLimits, StateScaling
from services.domain.orders import LimitUse, Rule
from tests.unit.gate_desk import (
    ALL,
    FUND,
    MAIN,
    OTHER,
    bars,
    book,
    buy,
    d,
    desk,
    lot,
    quote,
    sell,
)
from tests.unit.gate_rows import AT_RISK, HALF_ALIKE, HALF_IN_FALL, ONE_FALL, correlated

SHADOW = Limits(degrees=Degrees(shadow=True))
HOLDS = book(lot(MAIN, 300), cash="20.00")


def used(limits: Limits, *wants: object, **at_desk: object) -> list[tuple[Rule, Decimal, Decimal, str]]:
    """Return what a review reports of an account of 100 000.00."""
    judged = review(wants, desk(limits=limits, equity="100000.00", **at_desk))
    return [(one.rule, one.used, one.allowed, one.subject) for one in judged.verdicts.used]


ALONE = [
    (Rule.NOTIONAL, Limits(caps=OrderCaps(notional_cny_session_max=d("5000.00")))),
    (Rule.NOTIONAL, Limits(caps=OrderCaps(notional_cny_day_max=d("5000.00")))),
    (Rule.TURNOVER, Limits(caps=OrderCaps(turnover_ratio_session_max=d("0.5")))),
    (Rule.TURNOVER, Limits(caps=OrderCaps(turnover_ratio_day_max=d("0.5")))),
    (Rule.DAILY_LOSS, Limits(daily_loss_ratio_max=d("0.5"))),
    (Rule.DRAWDOWN, Limits(portfolio=PortfolioLimits(drawdown_ratio_max=d("0.5")))),
    (Rule.LOSING_STREAK, Limits(portfolio=PortfolioLimits(losing_sales_max=5))),
    (Rule.CAPITAL, Limits(degrees=Degrees(capital_cny_max=d("5000.00")))),
    (Rule.POSITION_RATIO, Limits(position_ratio_max=d("0.5"))),
    (Rule.SECTOR, Limits(portfolio=PortfolioLimits(sector_ratio_max=d("0.5")))),
    (Rule.SECTOR, Limits(portfolio=PortfolioLimits(sector_unknown_ratio_max=d("0.5")))),
    (Rule.GROSS_EXPOSURE, Limits(portfolio=PortfolioLimits(gross_ratio_max=d("0.5")))),
    (Rule.CORRELATION, Limits(portfolio=PortfolioLimits(correlation_max=d("0.9"), correlation_bars=10))),
    (Rule.VAR, Limits(portfolio=PortfolioLimits(var_ratio_max=d("0.5"), var_bars=10))),
]
"""Each limit that is told beside the counts, set alone."""


@pytest.mark.parametrize(("rule", "limits"), ALONE)
def test_a_limit_that_is_set_alone_is_told(rule, limits):
    moves = {MAIN: [0.01, -0.01, 0.02, 0.01, -0.02] * 2, OTHER: [0.01, 0.02, -0.01, 0.01, 0.01] * 2}
    account = book(lot(OTHER, 100))

    told = used(limits, buy(), account=account, history=bars(moves), peak="100000.00", day_equity="100000.00")

    assert rule in {one[0] for one in told}


@pytest.mark.parametrize("clock", ["10:35", "11:35"])
def test_a_shadow_account_judges_everything_and_sends_nothing(clock):
    wants = [sell(), buy(OTHER), buy(FUND, 150)]
    real = review(wants, desk(account=HOLDS, clock=clock)).verdicts

    judged = review(wants, desk(account=HOLDS, clock=clock, limits=SHADOW))

    assert judged.approved == ()
    verdicts = judged.verdicts
    assert verdicts.approved == verdicts.waiting == verdicts.deferred == ()
    assert verdicts.shadow == (
        *real.approved,
        *real.waiting,
        *(one.terms for one in real.deferred),
    )
    assert len(verdicts.shadow) == 2
    assert (verdicts.refused, verdicts.used) == (real.refused, real.used)


def test_an_account_that_trades_watches_nothing():
    assert review([buy()], desk()).verdicts.shadow == ()


def test_of_the_counts_and_sums_it_says_what_the_session_and_the_day_used():
    limits = Limits(
        caps=OrderCaps(
            orders_session_max=10,
            orders_day_max=20,
            notional_cny_session_max=d("5000.00"),
            notional_cny_day_max=d("9000.00"),
            turnover_ratio_session_max=d("0.5"),
            turnover_ratio_day_max=d("0.9"),
        )
    )
    today = DaySoFar(orders=3, cancels=2, notional_cny=d("4000.00"))

    assert used(limits, buy(), buy(OTHER, 200), today=today) == [
        (Rule.ORDER_COUNT, 2, 10, "session"),
        (Rule.ORDER_COUNT, 9, 20, "day"),  # 5, and 2 with the cancel each may need.
        (Rule.NOTIONAL, d("3000"), d("5000.00"), "session"),
        (Rule.NOTIONAL, d("7000"), d("9000.00"), "day"),
        (Rule.TURNOVER, d("0.03"), d("0.5"), "session"),
        (Rule.TURNOVER, d("0.07"), d("0.9"), "day"),
    ]


BARE = OrderCaps(orders_session_max=None, orders_day_max=None)


def test_of_losses_it_says_how_far_the_account_is_down():
    limits = Limits(
        caps=BARE,
        daily_loss_ratio_max=d("0.30"),
        portfolio=PortfolioLimits(drawdown_ratio_max=d("0.40"), losing_sales_max=5),
    )
    at_desk = desk(limits=limits, equity="80000.00", day_equity="100000.00")

    judged = review([buy()], replace(at_desk, peak_equity_cny=d("160000.00"), losing_sales=2))

    assert judged.verdicts.used == (
        LimitUse(rule=Rule.DAILY_LOSS, used=d("0.200000"), allowed=d("0.30")),
        LimitUse(rule=Rule.DRAWDOWN, used=d("0.500000"), allowed=d("0.40")),
        LimitUse(rule=Rule.LOSING_STREAK, used=d("2.000000"), allowed=Decimal(5)),
    )


def test_an_account_that_gained_lost_nothing():
    limits = Limits(caps=BARE, daily_loss_ratio_max=d("0.30"))

    assert used(limits, buy(), day_equity="90000.00") == [(Rule.DAILY_LOSS, 0, d("0.30"), "")]


def test_of_the_portfolio_it_says_what_would_be_held_after_the_orders():
    limits = Limits(
        caps=BARE,
        position_ratio_max=d("0.5"),
        cash_reserve_cny_min=d("1000.00"),
        portfolio=PortfolioLimits(
            sector_ratio_max=d("0.6"),
            sector_unknown_ratio_max=d("0.3"),
            industries={MAIN: "bank", OTHER: "bank"},
            gross_ratio_max=d("0.9"),
        ),
        degrees=Degrees(capital_cny_max=d("100000.00")),
    )
    account = book(lot(MAIN, 1000), cash="50000.00")

    # 10 000.00 of MAIN less 2000.00, 15 000.00 of OTHER, 5000.00 of FUND; the cash comes to
    # 50 000.00 + 1993.98 - 15 005.15 - 5005.00.
    assert used(limits, sell(shares=200), buy(OTHER, 1500), buy(FUND, 500), account=account) == [
        (Rule.CAPITAL, d("28000"), d("100000.00"), ""),
        (Rule.POSITION_RATIO, d("0.15"), d("0.5"), OTHER),
        (Rule.SECTOR, d("0.23"), d("0.6"), "bank"),
        (Rule.SECTOR, d("0.05"), d("0.3"), ""),
        (Rule.GROSS_EXPOSURE, d("0.28"), d("0.9"), ""),
        (Rule.CASH_RESERVE, d("1000"), d("31983.83"), ""),
    ]


def test_the_markets_state_shows_in_what_is_allowed():
    falling = bars({MAIN: [-0.01] * 4, OTHER: [-0.01] * 4})

    found = used(replace(HALF_IN_FALL, caps=BARE), buy(shares=1000), history=falling)

    assert found == [(Rule.POSITION_RATIO, d("0.1"), d("0.10"), MAIN)]


def test_of_correlation_it_says_the_closest_of_what_was_let_through():
    limits = replace(correlated("0.6"), caps=BARE)
    held = book(lot(OTHER, 100))

    assert used(limits, buy(), account=held, history=HALF_ALIKE) == [
        (Rule.CORRELATION, d("0.5"), d("0.6"), MAIN)
    ]
    # What was refused for it uses nothing of it, and one that nothing is held beside neither.
    tight = replace(correlated("0.4"), caps=BARE)
    assert used(tight, buy(), account=held, history=HALF_ALIKE) == []
    assert used(tight, buy(), history=HALF_ALIKE) == []


def test_of_value_at_risk_it_says_the_portfolios_own():
    limits = replace(AT_RISK, caps=BARE)

    assert used(limits, buy(shares=500), history=ONE_FALL) == [(Rule.VAR, d("0.005"), d("0.01"), "")]
    # Of nothing it is nothing; without bars that of a holding is not known.
    assert used(limits, buy(shares=500)) == [(Rule.VAR, 0, d("0.01"), "")]
    assert used(limits, buy(shares=500), account=book(lot(OTHER, 100))) == []


def test_a_ratio_of_an_equity_that_is_not_known_is_left_out():
    limits = Limits(caps=replace(BARE, turnover_ratio_day_max=d("0.5")), position_ratio_max=d("0.5"))
    account = book(lot(OTHER, 100))

    judged = review([buy()], desk(quote(MAIN), account=account, limits=limits))

    assert judged.verdicts.used == ()
    assert used(limits, account=account)


@pytest.mark.parametrize(
    ("history", "market", "scale"),
    [
        (bars({symbol: [-0.01] * 4 for symbol in ALL}), "falling", "0.5"),
        (bars({symbol: [0.01] * 4 for symbol in ALL}), "calm", "1"),
        # The last two of six returns move a hundred times as far as the four before, downwards.
        (bars({symbol: [0.0001, -0.0001] * 2 + [0.02, -0.05] for symbol in ALL}), "falling_volatile", "0.1"),
        (bars({symbol: [0.0001, -0.0001] * 2 + [-0.03, 0.06] for symbol in ALL}), "volatile", "0.2"),
        (None, "unknown", "0.1"),
    ],
)
def test_the_verdicts_name_the_markets_state_and_what_it_scales_by(history, market, scale):
    state = StateScaling(
        in_downtrend=d("0.5"),
        when_volatile=d("0.2"),
        trend_bars=4 if market in ("falling", "calm") else 6,
        volatility_bars=4 if market in ("falling", "calm") else 2,
    )

    found = review([buy()], desk(limits=Limits(state=state), history=history)).verdicts

    assert (found.market, found.scale) == (market, d(scale))


def test_without_scaling_no_state_is_looked_at():
    assert review([buy()], desk()).verdicts.market == ""
