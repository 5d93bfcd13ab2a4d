"""Orders made smaller: only where the configuration says so, only as far as must be, each step recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from risk.gate import fund, review
from risk.limits import Limits, OrderCaps, PortfolioLimits, Resize
from services.domain.instruments import Symbol
from services.domain.orders import Intent, Origin, Rule, Side
from tests.unit.gate_desk import FUND, MAIN, OTHER, STAR, TUE, at, bars, book, buy, d, desk, lot, sell
from tests.unit.gate_resizes import CASES, NO_ORDER_LEFT, Case

EVERY = tuple(Resize)


def ids(cases: tuple[Case, ...]) -> list[str]:
    return [f"{one.policy or 'sizing'}-{one.steps[0][0]}" for one in cases]


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_an_order_is_brought_down_where_its_policy_says_so(case: Case):
    judged = review(case.asked, case.with_policies(*([case.policy] if case.policy else [])))

    assert [order.terms.shares for order in judged.approved] == [case.steps[-1][2]]
    assert [(one.rule, one.asked, one.shares) for one in judged.verdicts.changed] == list(case.steps)
    assert judged.verdicts.refused == ()


@pytest.mark.parametrize("case", [one for one in CASES if one.policy], ids=ids(CASES)[:-4])
def test_the_other_policies_do_not_bring_it_down(case: Case):
    others = [policy for policy in EVERY if policy is not case.policy]

    for policies in ((), others):
        judged = review(case.asked, case.with_policies(*policies))
        rule, asked, _ = case.steps[0]
        assert [(one.rule, one.shares) for one in judged.verdicts.refused] == [(rule, asked)]
        assert judged.approved == judged.verdicts.changed == ()


@pytest.mark.parametrize("case", NO_ORDER_LEFT, ids=ids(NO_ORDER_LEFT))
def test_what_would_be_no_order_is_refused_by_the_rule_that_left_nothing(case: Case):
    judged = review(case.asked, case.with_policies(*EVERY))

    rule, asked, _ = case.steps[0]
    assert [(one.rule, one.shares) for one in judged.verdicts.refused] == [(rule, asked)]
    assert judged.approved == judged.verdicts.changed == ()


def test_each_limit_takes_what_the_one_before_it_left():
    # 950 to lots 900; 8500.00 an order buy 800; 70 % of 10 000.00 buy 700; 6005.06 pay 600 and fees.
    limits = Limits(
        resize=EVERY,
        caps=OrderCaps(order_cny_max=d("8500.00")),
        portfolio=PortfolioLimits(gross_ratio_max=d("0.7")),
    )

    judged = review([buy(shares=950)], desk(limits=limits, equity="10000.00", account=book(cash="6005.06")))

    assert [(one.rule, one.asked, one.shares) for one in judged.verdicts.changed] == [
        (Rule.BOARD_LOT, 950, 900),
        (Rule.ORDER_CNY, 900, 800),
        (Rule.GROSS_EXPOSURE, 800, 700),
        (Rule.CASH, 700, 600),
    ]
    assert [order.terms.freeze_cny for order in judged.approved] == [d("6005.06")]


def test_a_change_tells_whose_order_it_was():
    second = replace(sell(OTHER, 400), index=1, origin=Origin.EXIT)
    account = book(lot(MAIN, 100), lot(OTHER, 300))

    (change,) = review([sell(), second], desk(account=account, limits=Limits(resize=EVERY))).verdicts.changed

    assert (change.symbol, change.side, change.origin, change.index) == (OTHER, Side.SELL, Origin.EXIT, 1)
    assert change.reason


def test_an_order_that_is_refused_in_the_end_was_not_changed():
    limits = Limits(resize=(Resize.LOT,), caps=OrderCaps(orders_session_max=0))

    verdicts = review([buy(shares=250)], desk(limits=limits)).verdicts

    assert verdicts.changed == ()
    assert [(one.rule, one.shares) for one in verdicts.refused] == [(Rule.ORDER_COUNT, 200)]


def test_a_waiting_buy_is_brought_down_to_the_cash_the_sells_left():
    account = book(lot(OTHER, 1000), cash="100.00")
    at_desk = desk(account=account, limits=Limits(resize=(Resize.CASH,)))
    waiting = review([sell(OTHER, 1000), buy(shares=2000)], at_desk).verdicts
    # 1000 at 10.00 bring 9989.90 at the least: 900 cost 9005.09, 1000 would 10 005.10 of 10 089.90.
    assert [(one.terms.shares, one.terms.freeze_cny) for one in waiting.deferred] == [(1000, d("10005.10"))]
    assert [(one.rule, one.asked, one.shares) for one in waiting.changed] == [(Rule.CASH, 2000, 1000)]

    judged = fund(waiting.deferred, replace(at_desk, book=book(cash="5005.04")), at(TUE, "10:37"))

    (order,) = judged.approved
    assert (order.terms.shares, order.terms.freeze_cny) == (400, d("4005.04"))
    assert [(one.rule, one.asked, one.shares) for one in judged.verdicts.changed] == [(Rule.CASH, 1000, 400)]


def test_a_waiting_buy_is_brought_down_to_the_room_the_sells_left():
    limits = Limits(resize=(Resize.CAP,), portfolio=PortfolioLimits(gross_ratio_max=d("0.1")))
    at_desk = desk(account=book(lot(OTHER, 1000), cash="90000.00"), limits=limits, equity="100000.00")
    waiting = review([sell(OTHER, 1000), buy(shares=1000)], at_desk).verdicts.deferred

    judged = fund(waiting, replace(at_desk, book=book(lot(OTHER, 600), cash="94000.00")), at(TUE, "10:37"))

    (order,) = judged.approved
    # 4000.00, 5.00 commission, 0.04 transfer fee.
    assert (order.terms.shares, order.terms.freeze_cny) == (400, d("4005.04"))
    assert [(one.rule, one.asked, one.shares) for one in judged.verdicts.changed] == [
        (Rule.GROSS_EXPOSURE, 1000, 400)
    ]


def test_a_buy_that_the_cash_makes_smaller_is_held_to_the_value_at_risk_again():
    """MAIN falls when OTHER rises: 1000 of it hedge 1000 of OTHER, and 500 do not."""
    ups = [0.1, -0.1] * 5
    history = bars({MAIN: [-one for one in ups], OTHER: ups})
    limits = Limits(resize=(Resize.CASH,), portfolio=PortfolioLimits(var_ratio_max=d("0.004"), var_bars=10))
    held = lot(OTHER, 1000)

    def asked(cash: str) -> list[Rule]:
        account = book(held, cash=cash)
        at_desk = desk(account=account, limits=limits, equity="100000.00", history=history)
        return [one.rule for one in review([buy(shares=1000)], at_desk).verdicts.refused]

    assert asked("20000.00") == []
    # 500 hedge half of 1000.00 that OTHER may lose: 500.00 are over 0.4 % of 100 000.00.
    assert asked("5100.00") == [Rule.VAR]


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    cash=some.decimals("0.00", "30000.00", places=2),
    shares=some.integers(2, 40).map(lambda hundreds: hundreds * 100),
    symbol=some.sampled_from([MAIN, STAR, FUND]),
)
def test_the_cash_pays_what_is_left_and_not_a_lot_more(cash, shares, symbol: Symbol):
    step = 1 if symbol == STAR else 100

    def passes(wanted: int) -> bool:
        whole = Intent(symbol=symbol, side=Side.BUY, shares=wanted, limit_cny=d("10.00"))
        return not review([whole], desk(account=book(cash=cash))).verdicts.refused

    judged = review(
        [buy(symbol, shares)], desk(account=book(cash=cash), limits=Limits(resize=(Resize.CASH,)))
    )

    if judged.approved:
        left = judged.approved[0].terms
        assert left.freeze_cny <= cash
        assert left.shares == shares or not passes(left.shares + step)
    else:
        assert not passes(200 if symbol == STAR else 100)
