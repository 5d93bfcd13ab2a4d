"""A target weight becomes shares by itself; which weights become orders, their order and the cash decide."""

from __future__ import annotations

from decimal import Decimal

import pytest

from risk.gate import review
from risk.limits import Degrees, Limits, Resize
from services.domain.book import Book
from services.domain.orders import Intent, Rule, Side
from tests.unit.gate_desk import MAIN, OTHER, TUE, book, buy, d, desk, lot, refused, sell, verdict

SMALL = "100000.00"
LIVE_BY_DEGREES = Limits(degrees=Degrees(capital_cny_max=d("50000.00")))


def shares(*intents: Intent, account: Book | None = None, limits: Limits | None = None) -> list[int]:
    """Return the sizes let through, of orders that wait for the proceeds of others too."""
    judged = review(intents, desk(account=account or book(cash=SMALL), equity=SMALL, limits=limits)).verdicts
    return [terms.shares for terms in (*judged.approved, *(one.terms for one in judged.deferred))]


def test_each_weight_is_of_the_equity_the_session_opened_with():
    # 0.30 of 100 000.00 at 10.00 is 3000 shares, for the second as for the first.
    assert shares(buy(MAIN, weight="0.30"), buy(OTHER, weight="0.30")) == [3000, 3000]


def test_in_whichever_order_weights_stand_each_asks_the_same_shares_and_the_cash_goes_to_the_first():
    first, second = buy(MAIN, weight="0.30"), buy(OTHER, weight="0.20")

    for one, other, expected in ((first, second, 3000), (second, first, 2000)):
        judged = review([one, other], desk(account=book(cash="35000.00"), equity=SMALL))
        assert [terms.shares for terms in judged.verdicts.approved] == [expected]
        assert refused(judged) == [Rule.CASH]


def test_sells_to_a_weight_come_before_buys_wherever_they_stand():
    account = book(lot(MAIN, 3000), cash="30000.00")

    judged = review(
        [buy(OTHER, weight="0.40"), sell(MAIN, weight="0.10")], desk(account=account, equity=SMALL)
    )

    # 1000 stay of 3000; 4000 cost 40 000.00 and wait for what the sell brings.
    assert [(terms.side, terms.shares) for terms in judged.verdicts.approved] == [(Side.SELL, 2000)]
    assert [one.terms.shares for one in judged.verdicts.deferred] == [4000]


@pytest.mark.parametrize(
    ("intent", "held"),
    [
        (buy(weight="0.10", limit=None), 1000),  # Exactly held already.
        (buy(weight="0.10", limit=None), 901),  # 99 are missing, less than a lot.
        (buy(weight="0.10", limit=None), 2000),  # More is held: a buy never sells.
        (sell(weight="0.10", limit=None), 1000),
        (sell(weight="0.10", limit=None), 900),  # Less is held: a sell never buys.
        (buy(weight="0", limit=None), 0),
        (sell(weight="0", limit=None), 0),
    ],
)
def test_a_weight_that_is_held_already_is_no_order(intent, held):
    account = book(lot(MAIN, held)) if held else book()

    assert verdict(desk(account=account, equity=SMALL), intent) is Rule.SIZE


def test_a_weight_reached_to_the_share_is_not_missed_by_one():
    # 0.07 of 100 000.00 at 10.00 is 700 shares exactly.
    assert shares(buy(weight="0.07")) == [700]


def test_a_sell_to_a_weight_that_needs_shares_bought_today_is_refused_or_brought_down():
    account = book(lot(MAIN, 700), lot(MAIN, 300, on=TUE))

    assert verdict(desk(account=account, equity=SMALL), sell(weight="0")) is Rule.T_PLUS_1
    assert shares(sell(weight="0"), account=account, limits=Limits(resize=(Resize.SELLABLE,))) == [700]
    # 600 of the 1000 are above the weight, and 700 of them may go.
    assert shares(sell(weight="0.04"), account=account) == [600]


def test_a_weight_is_of_the_capital_that_is_let_go_live():
    # 0.20 of 50 000.00, not of 100 000.00; and a sale down to 0.10 of it leaves 500.
    assert shares(buy(weight="0.20"), limits=LIVE_BY_DEGREES) == [1000]
    assert shares(sell(weight="0.10"), account=book(lot(MAIN, 900)), limits=LIVE_BY_DEGREES) == [400]


def test_an_account_of_less_than_the_capital_weighs_by_what_it_has():
    limits = Limits(degrees=Degrees(capital_cny_max=Decimal("200000.00")))

    assert shares(buy(weight="0.20"), limits=limits) == [2000]


def test_the_full_ratio_of_the_capital_is_filled_as_far_as_the_limit_may_cost():
    limits = Limits(position_ratio_max=d("0.20"), degrees=LIVE_BY_DEGREES.degrees)

    # 10 000.00 at a limit of 10.10: 990 shares, in lots 900.
    assert shares(buy(weight="0.20", limit=None), limits=limits) == [900]
