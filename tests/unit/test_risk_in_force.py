from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from risk.in_force import limits_in_force
from risk.limits import Limits, OrderCaps, PortfolioLimits, StateScaling
from services.domain.orders import Rule
from tests.unit.gate_desk import MAIN, book, desk, lot, quote


def allowed(limits: Limits) -> dict[tuple[Rule, str], tuple[Decimal, Decimal]]:
    found = limits_in_force(replace(desk(), limits=limits))
    return {(use.rule, use.subject): (use.used, use.allowed) for use in found}


NOTHING = Limits(caps=OrderCaps(orders_session_max=None, orders_day_max=None))


def test_an_account_without_limits_has_none():
    assert allowed(NOTHING) == {}


def test_a_limit_of_which_nothing_is_used_stands_there_with_nothing_used():
    limits = replace(
        NOTHING,
        position_ratio_max=Decimal("0.2"),
        caps=replace(NOTHING.caps, order_cny_max=Decimal(50_000)),
        portfolio=PortfolioLimits(
            sector_ratio_max=Decimal("0.4"), correlation_max=Decimal("0.9"), var_ratio_max=Decimal("0.05")
        ),
    )

    found = allowed(limits)

    assert {rule for rule, _ in found} >= {
        Rule.POSITION_RATIO,
        Rule.ORDER_CNY,
        Rule.SECTOR,
        Rule.CORRELATION,
        Rule.VAR,
    }
    assert found[Rule.ORDER_CNY, ""] == (Decimal(0), Decimal(50_000))


def test_a_limit_in_use_stands_there_once():
    limits = replace(NOTHING, position_ratio_max=Decimal("0.2"))
    held = desk(quote(), account=book(lot(MAIN, 100), cash="1000.00"))

    found = limits_in_force(replace(held, limits=limits, equity_cny=Decimal("2000.00")))

    # 100 at 10.00 of an equity of 2000.00.
    assert [(use.rule, use.used, use.subject) for use in found] == [
        (Rule.POSITION_RATIO, Decimal("0.5"), MAIN)
    ]


def test_limits_stand_in_the_order_of_the_rules():
    limits = replace(
        NOTHING,
        position_ratio_max=Decimal("0.2"),
        cash_reserve_cny_min=Decimal(100),
        caps=OrderCaps(order_cny_max=Decimal(50_000)),
    )
    order = list(Rule)

    rules = [use.rule for use in limits_in_force(replace(desk(), limits=limits))]

    assert rules == sorted(rules, key=order.index)
    assert len(rules) >= 4


def test_a_limit_scaled_by_the_market_is_shown_as_it_binds():
    limits = replace(
        NOTHING,
        position_ratio_max=Decimal("0.2"),
        state=StateScaling(in_downtrend=Decimal("0.5"), when_volatile=Decimal(1)),
    )

    # Without bars the market's state cannot be told, and then every scale counts: 0.2 * 0.5.
    assert allowed(limits)[Rule.POSITION_RATIO, ""][1] == Decimal("0.10")
