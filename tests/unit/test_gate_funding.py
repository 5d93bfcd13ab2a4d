"""What the gate does about money and time, and what holds of every order it ever lets through."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from risk.gate import fund, review
from risk.limits import Degrees, Limits, OrderCaps, PortfolioLimits
from services.domain.events import Deferred
from services.domain.instruments import Instrument, Kind
from services.domain.orders import Intent, Origin, Rule, Side
from tests.unit.gate_desk import (
    BSE,
    CHINEXT,
    FUND,
    MAIN,
    MON,
    OTHER,
    STAR,
    TUE,
    at,
    book,
    buy,
    d,
    desk,
    exit_of,
    lot,
    of_kind,
    quote,
    refused,
    sell,
    working,
)

# 100 at 10.00: a buy freezes 1000 + 5.00 + 0.01; a sell brings 1000 - 5.00 - 0.50 stamp - 0.01.
COSTS, BRINGS = d("1005.01"), d("994.49")
HOLDS = lot(MAIN, 300)


def deferred(cash: str, *, clock: str = "10:35", shares: int = 100) -> tuple[Deferred, ...]:
    """Return the buy of 100 OTHER that a sell of MAIN is to pay for."""
    at_desk = desk(account=book(HOLDS, cash=cash), clock=clock)
    return review([sell(shares=shares), buy(OTHER)], at_desk).verdicts.deferred


def test_sells_come_before_buys_and_each_side_keeps_its_order():
    account = book(HOLDS, lot(FUND, 300))

    judged = review([buy(STAR, 200), sell(MAIN), buy(OTHER), sell(FUND)], desk(account=account))

    sent = [(order.terms.side, order.terms.symbol) for order in judged.approved]
    assert sent == [(Side.SELL, MAIN), (Side.SELL, FUND), (Side.BUY, STAR), (Side.BUY, OTHER)]
    assert tuple(order.terms for order in judged.approved) == judged.verdicts.approved


@pytest.mark.parametrize(("cash", "waits"), [("10.52", True), ("10.51", False)])
def test_a_buy_waits_for_the_least_the_sells_bring_and_no_more(cash, waits):
    # 10.52 + 994.49 = 1005.01
    judged = review([sell(), buy(OTHER)], desk(account=book(HOLDS, cash=cash)))

    assert [(one.terms.symbol, one.short_cny) for one in judged.verdicts.deferred] == (
        [(OTHER, COSTS - d("10.52"))] if waits else []
    )
    assert refused(judged) == ([] if waits else [Rule.CASH])


def test_a_buy_with_cash_does_not_wait_for_a_sell():
    judged = review([sell(), buy(OTHER)], desk(account=book(HOLDS, cash=COSTS)))

    assert len(judged.approved) == 2
    assert judged.verdicts.deferred == ()


def test_cash_promised_to_a_waiting_buy_is_not_given_to_the_next():
    # The first buy takes all 1500.00 there is and 510.02 of the proceeds; 484.47 are left to wait for.
    wants = [sell(), buy(OTHER, 200), buy(FUND)]

    judged = review(wants, desk(account=book(HOLDS, cash="1500.00")))

    assert [one.terms.symbol for one in judged.verdicts.deferred] == [OTHER]
    assert [(one.symbol, one.rule) for one in judged.verdicts.refused] == [(FUND, Rule.CASH)]


def test_the_reserve_is_filled_before_a_buy_is_paid_from_proceeds():
    account, reserve = book(HOLDS, cash="900.00"), Limits(cash_reserve_cny_min=d("1000.00"))

    judged = review([sell(), buy(OTHER)], desk(account=account, limits=reserve))

    assert refused(judged) == [Rule.CASH_RESERVE]  # 900.00 + 994.49 - 1000.00 = 894.49


@pytest.mark.parametrize(("cash", "funded"), [("1005.01", True), ("1005.00", False)])
def test_a_waiting_buy_is_funded_by_what_the_sells_really_brought(cash, funded):
    after_sells = desk(account=book(cash=cash))

    judged = fund(deferred("100.00"), after_sells, at(TUE, "10:37"))

    assert len(judged.approved) == funded
    assert refused(judged) == ([] if funded else [Rule.CASH])


def test_the_reserve_holds_when_a_waiting_buy_is_funded():
    after_sells = desk(account=book(cash="1999.99"), limits=Limits(cash_reserve_cny_min=d("995.00")))

    judged = fund(deferred("100.00"), after_sells, at(TUE, "10:37"))

    assert refused(judged) == [Rule.CASH_RESERVE]


def test_two_waiting_buys_do_not_share_the_same_cash():
    account = book(HOLDS, lot(CHINEXT, 300), cash="30.00")
    wants = [sell(), sell(CHINEXT), buy(OTHER), buy(FUND)]
    waiting = review(wants, desk(account=account)).verdicts.deferred

    judged = fund(waiting, desk(account=book(cash="2005.00")), at(TUE, "10:37"))

    assert len(waiting) == 2
    assert [order.terms.symbol for order in judged.approved] == [OTHER]
    assert [(one.symbol, one.shares) for one in judged.verdicts.refused] == [(FUND, 100)]


@pytest.mark.parametrize(("open_orders", "rules"), [((working(OTHER),), [Rule.UNRESOLVED]), ((), [])])
def test_nothing_is_bought_while_an_order_in_the_symbol_is_open(open_orders, rules):
    judged = fund(deferred("100.00"), desk(account=book(open_orders=open_orders)), at(TUE, "10:37"))

    assert refused(judged) == rules
    assert len(judged.approved) == 1 - len(rules)


def test_a_buy_and_a_sell_of_one_symbol_are_both_refused_and_the_rest_goes_on():
    judged = review([buy(), sell(), buy(OTHER)], desk(account=book(HOLDS)))

    assert [(one.side, one.rule) for one in judged.verdicts.refused] == [
        (Side.SELL, Rule.CONTRADICTORY),
        (Side.BUY, Rule.CONTRADICTORY),
    ]
    assert [order.terms.symbol for order in judged.approved] == [OTHER]


def test_what_an_exit_sells_is_sold_and_not_bought_back():
    judged = review([exit_of(), sell(), buy()], desk(account=book(HOLDS)))

    assert [(order.terms.side, order.terms.origin) for order in judged.approved] == [(Side.SELL, Origin.EXIT)]
    assert [(one.side, one.rule) for one in judged.verdicts.refused] == [
        (Side.SELL, Rule.DUPLICATE),
        (Side.BUY, Rule.CONTRADICTORY),
    ]


# Of 10 000.00 3000.00 may be invested, and are: in 300 MAIN. Of one sector there may be no more.
FULL = Limits(portfolio=PortfolioLimits(gross_ratio_max=d("0.3")))
ONE_SECTOR = Limits(portfolio=PortfolioLimits(sector_unknown_ratio_max=d("0.3")))
CAPITAL = Limits(degrees=Degrees(capital_cny_max=d("3000.00")))


@pytest.mark.parametrize("limits", [FULL, ONE_SECTOR, CAPITAL])
def test_a_buy_in_the_room_that_a_sell_makes_waits_for_it_though_the_cash_is_there(limits):
    account = book(HOLDS, cash="7000.00")
    at_desk = desk(account=account, limits=limits, equity="10000.00")

    judged = review([sell(shares=200), buy(OTHER, 200)], at_desk)
    filled = replace(at_desk, book=book(lot(MAIN, 100), cash="8990.00"))
    in_part = replace(at_desk, book=book(lot(MAIN, 200), cash="7990.00"))

    assert [order.terms.symbol for order in judged.approved] == [MAIN]
    assert [(one.terms.symbol, one.short_cny) for one in judged.verdicts.deferred] == [(OTHER, 0)]
    waiting = judged.verdicts.deferred
    assert len(fund(waiting, filled, at(TUE, "10:37")).approved) == 1
    assert len(refused(fund(waiting, in_part, at(TUE, "10:37")))) == 1


def test_a_buy_that_needs_no_room_of_a_sell_does_not_wait():
    at_desk = desk(account=book(HOLDS, cash="7000.00"), limits=FULL, equity="20000.00")

    # 6000.00 may be invested, 3000.00 are: 300 more come without the sell, and then 100 do not.
    judged = review([sell(shares=200), buy(OTHER, 300), buy(FUND)], at_desk)

    assert [order.terms.symbol for order in judged.approved] == [MAIN, OTHER]
    assert [one.terms.symbol for one in judged.verdicts.deferred] == [FUND]


def test_a_waiting_buy_is_held_to_the_portfolio_that_the_sells_left():
    """The sells filled by half left 150 of MAIN, and what an earlier waiting buy took counts."""
    at_desk = desk(account=book(HOLDS, lot(CHINEXT, 300), cash="30.00"), limits=FULL, equity="20000.00")
    waiting = review([sell(), sell(CHINEXT), buy(OTHER), buy(FUND)], at_desk).verdicts.deferred
    after = replace(at_desk, book=book(lot(MAIN, 200), lot(CHINEXT, 300), cash="20000.00"))

    judged = fund(waiting, after, at(TUE, "10:37"))

    # 5000.00 of 6000.00: the first takes the last thousand.
    assert [order.terms.symbol for order in judged.approved] == [OTHER]
    assert refused(judged) == [Rule.GROSS_EXPOSURE]


def test_at_lunch_a_buy_in_the_room_of_a_sell_waits_for_the_afternoon_with_it():
    at_desk = desk(account=book(HOLDS, cash="7000.00"), limits=FULL, equity="10000.00", clock="11:35")

    verdicts = review([sell(shares=200), buy(OTHER, 200)], at_desk).verdicts

    assert [terms.symbol for terms in verdicts.waiting] == [MAIN, OTHER]
    assert verdicts.deferred == ()


def test_after_hours_an_order_without_a_limit_asks_for_the_close():
    at_the_close = desk(
        quote(STAR, last="50.00", prev="50.00", seen="15:00"), clock="15:05", account=book(cash="10005.10")
    )

    judged = review([buy(STAR, 200, None)], at_the_close)  # 200 at 50.00, 5.00 commission, 0.10 transfer fee.

    assert [order.terms.limit_cny for order in judged.approved] == [d("50.00")]


def test_funding_moves_the_last_moment_on_but_never_back():
    waiting, rich = deferred("100.00"), desk()

    later, sooner = (fund(waiting, rich, at(TUE, clock)) for clock in ("10:40", "10:30"))

    assert later.approved[0].terms.send_by == at(TUE, "10:40")
    assert sooner.approved[0].terms.send_by == at(TUE, "10:36")


def test_funding_never_goes_past_the_phases_end():
    waiting = deferred("100.00", clock="14:56:30")

    judged = fund(waiting, desk(clock="14:56:30"), at(TUE, "14:57:30"))

    assert judged.approved[0].terms.send_by == at(TUE, "14:57")


@pytest.mark.parametrize(
    ("clock", "not_before", "send_by"),
    [
        ("10:35", "10:35", "10:36"),
        ("11:29:30", "11:29:30", "11:30"),  # The morning ends.
        ("11:30", "13:00", "13:01"),
        ("11:35", "13:00", "13:01"),
        ("14:56:30", "14:56:30", "14:57"),  # The closing call begins.
        ("15:05", "15:05", "15:06"),
        ("15:29:30", "15:29:30", "15:30"),
    ],
)
def test_an_order_may_be_sent_for_a_minute_and_never_past_its_phase(clock, not_before, send_by):
    verdicts = review([buy()], desk(quote(seen=min(clock, "15:00")), clock=clock)).verdicts
    (terms,) = verdicts.approved + verdicts.waiting

    assert (terms.not_before, terms.send_by) == (at(TUE, not_before), at(TUE, send_by))


def test_an_afternoon_order_with_a_long_life_ends_with_the_afternoon():
    at_desk = desk(clock="11:35", limits=Limits(order_ttl_s=86_400))

    assert review([buy()], at_desk).verdicts.waiting[0].send_by == at(TUE, "14:57")


def test_at_lunch_orders_wait_and_nothing_is_sent():
    judged = review([sell(), buy(OTHER)], desk(account=book(HOLDS, cash="20.00"), clock="11:35"))

    assert judged.approved == ()
    assert [terms.symbol for terms in judged.verdicts.waiting] == [MAIN, OTHER]
    assert judged.verdicts.deferred == ()


def test_at_lunch_there_is_no_cage_and_in_the_afternoon_there_is_again():
    assert review([buy(limit="10.90")], desk(clock="11:35")).verdicts.waiting
    assert refused(review([buy(limit="10.90")], desk(clock="13:00"))) == [Rule.CAGE]


MARKETABLE = [
    # side, last, previous close, what the gate makes of it
    (Side.BUY, "10.00", "10.00", "10.10"),  # 1 % dearer
    (Side.SELL, "10.00", "10.00", "9.90"),
    (Side.BUY, "10.55", "10.00", "10.65"),  # 10.6555 rounded away from the market
    (Side.SELL, "10.55", "10.00", "10.45"),  # 10.4445
    (Side.BUY, "10.95", "10.00", "11.00"),  # no further than the upper limit
    (Side.SELL, "9.05", "10.00", "9.00"),
]


@pytest.mark.parametrize(("side", "last", "prev", "limit"), MARKETABLE)
def test_an_order_without_a_limit_gets_one_that_trades_at_once(side, last, prev, limit):
    at_desk = desk(quote(last=last, prev=prev), account=book(HOLDS))
    wanted = buy(limit=None) if side is Side.BUY else sell(limit=None)

    assert [order.terms.limit_cny for order in review([wanted], at_desk).approved] == [d(limit)]


@pytest.mark.parametrize(("wanted", "limit"), [(buy(limit=None), "10.20"), (sell(limit=None), "9.80")])
def test_a_limit_made_by_the_gate_stays_inside_the_cage(wanted, limit):
    """5 % away is further than the 2 % of the cage."""
    at_desk = desk(account=book(HOLDS), limits=Limits(marketable_bp=d("500")))

    assert [order.terms.limit_cny for order in review([wanted], at_desk).approved] == [d(limit)]


@pytest.mark.parametrize(
    ("wanted", "bids", "asks", "limit"),
    [
        (buy(limit=None), None, ("9.70",), "9.89"),  # 9.70 x 1.02 = 9.894 is less than 10.10.
        (buy(limit=None), ("9.70",), (), "9.89"),  # Nobody sells: the best bid is the reference.
        (sell(limit=None), ("10.30",), None, "10.09"),  # 10.30 x 0.98 = 10.094 is more than 9.90.
        (sell(limit=None), (), ("10.30",), "10.09"),
    ],
)
def test_a_limit_made_by_the_gate_stays_inside_the_cage_of_a_book(wanted, bids, asks, limit):
    at_desk = desk(quote(bids=bids, asks=asks), account=book(HOLDS))

    assert [order.terms.limit_cny for order in review([wanted], at_desk).approved] == [d(limit)]


CAGES = {MAIN: (2, 10), STAR: (2, 1), BSE: (5, 10)}
"""How far the cage reaches from the last price: percent of it, and ticks of 0.01 at the least."""


@given(
    symbol=some.sampled_from(sorted(CAGES)),
    buys=some.booleans(),
    ticks=some.integers(2, 20_000),
    away_bp=some.integers(0, 800),
)
def test_a_limit_made_by_the_gate_on_a_last_price_is_the_nearer_of_its_distance_and_the_cage(
    symbol, buys, ticks, away_bp
):
    percent, least = CAGES[symbol]
    # In ten-thousandths of a tick; the cage is rounded half up to the tick, the limit towards the price.
    far, reach = ticks * away_bp, max(ticks * percent * 100, least * 10_000)
    upper, lower = ((ticks * 10_000 + side * reach + 5000) // 10_000 for side in (1, -1))
    made = min((ticks * 10_000 + far) // 10_000, upper)
    if not buys:
        made = max(-((far - ticks * 10_000) // 10_000), lower, 1)
    caps = OrderCaps(price_band_bp=None)
    limits = Limits(marketable_bp=Decimal(away_bp), caps=caps)
    last = str(Decimal(ticks) / 100)
    # The first day of a listing has no limits.
    young = Instrument(symbol=symbol, first_days=(TUE,), listed_on=TUE)
    at_desk = desk(
        quote(symbol, last=last, prev=last),
        account=book(lot(symbol, 300)),
        limits=limits,
        instruments={symbol: young},
    )
    wanted = buy(symbol, 200, None) if buys else sell(symbol, 200, None)

    placed = review([wanted], at_desk).approved

    assert [order.terms.limit_cny for order in placed] == [Decimal(made) / 100]


def test_a_fund_has_no_cage_and_a_finer_tick():
    at_desk = desk(quote(FUND, last="1.234", prev="1.230"), limits=Limits(marketable_bp=d("500")))

    # 1.234 x 1.05 = 1.2957
    assert review([buy(FUND, limit=None)], at_desk).approved[0].terms.limit_cny == d("1.295")


@pytest.mark.parametrize(
    ("wanted", "freezes"),
    [
        (buy(OTHER, 300, "10.1"), "3035.03"),  # 3030.00, 5.00 commission and 0.03 transfer fee.
        (buy(FUND, 300, "10.001"), "3005.30"),  # 3000.300, 5.00 commission.
    ],
)
def test_what_a_buy_freezes_is_written_in_cents(wanted, freezes):
    (order,) = review([wanted], desk()).approved

    assert str(order.terms.freeze_cny) == freezes


def test_an_odd_lot_of_a_fund_brings_whole_cents():
    """7 at 10.005 are 70.035, rounded 70.04; less 5.00 they pay 65.04 of the 1005.01 that OTHER costs."""
    asked = [sell(FUND, 7, "10.005"), buy(OTHER)]

    enough, short = (
        review(asked, desk(account=book(lot(FUND, 7), cash=cash))).verdicts for cash in ("939.97", "939.96")
    )

    assert [one.short_cny for one in enough.deferred] == [d("65.04")]
    assert [one.rule for one in short.refused] == [Rule.CASH]


def test_a_sale_freezes_nothing():
    assert review([sell()], desk(account=book(HOLDS))).approved[0].terms.freeze_cny == 0


BAND = {  # At a previous close of 10.00.
    MAIN: ("9.00", "11.00"),
    CHINEXT: ("8.00", "12.00"),
    STAR: ("8.00", "12.00"),
    BSE: ("7.00", "13.00"),
    FUND: ("9.000", "11.000"),
}
TICK = {symbol: d("0.001") if symbol == FUND else d("0.01") for symbol in BAND}


def is_lot(intent: Intent, shares: int, held: int) -> bool:
    if intent.symbol in (STAR, BSE):
        least = 200 if intent.symbol == STAR else 100
        return shares >= least or (intent.side is Side.SELL and shares == held)
    odd = held % 100 if intent.side is Side.SELL else 0
    return shares % 100 in (0, odd)


prices = some.one_of(
    some.none(),
    some.sampled_from(["NaN", "sNaN", "Infinity", "-1", "0", "1E+300", "10.005"]).map(Decimal),
    some.decimals("8.00", "12.00", places=2),
)
sizes = some.one_of(
    some.integers(),
    some.integers(1, 40).map(lambda hundreds: hundreds * 100),
    some.integers(1, 1200),
    some.sampled_from([10**40, -(10**40), 0]),
)
weights = some.one_of(
    some.sampled_from(["NaN", "sNaN", "Infinity", "-0.1", "7"]).map(Decimal),
    some.decimals(0, 1, places=3),
)
symbols = some.sampled_from([*BAND, OTHER, "nonsense"])
intents = some.builds(
    Intent,
    symbol=symbols,
    side=some.sampled_from(Side),
    limit_cny=prices,
    shares=some.one_of(some.none(), sizes),
    target_weight=some.one_of(some.none(), some.none(), weights),
)
lots = some.builds(
    lambda symbol, shares, on: lot(symbol, shares, on=on),
    some.sampled_from(list(BAND)),
    some.integers(1, 700),
    some.sampled_from([MON, TUE]),
)
cash = some.decimals("0.00", "60000.00", places=2)
reserve = some.sampled_from(["0.00", "5000.00", "70000.00"]).map(Decimal)
clocks = some.sampled_from(["09:31", "10:35", "11:35", "14:05", "14:58", "15:05"])
lasts = some.fixed_dictionaries({symbol: some.decimals("9.00", "11.00", places=2) for symbol in BAND})


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(
    wants=some.lists(intents, max_size=8),
    held=some.lists(lots, max_size=6),
    cash=cash,
    reserve=reserve,
    clock=clocks,
    lasts=lasts,
)
def test_whatever_is_wanted_what_passes_is_an_order(wants, held, cash, reserve, clock, lasts):
    account = book(*held, cash=cash)
    equity = cash + sum(lasts[one.symbol] * one.shares for one in held)
    shown = [quote(symbol, last=str(last), seen=min(clock, "15:00")) for symbol, last in lasts.items()]
    limits = Limits(cash_reserve_cny_min=reserve, position_ratio_max=d("0.5"))
    at_desk = desk(
        *shown,
        account=account,
        clock=clock,
        limits=limits,
        watchlist=tuple(BAND),
        instruments=of_kind(FUND, Kind.ETF_GOLD_T0),
        equity=equity,
        day_equity=equity,
    )

    verdicts = review(wants, at_desk).verdicts

    deferred = [one.terms for one in verdicts.deferred]
    passed = [*verdicts.approved, *verdicts.waiting, *deferred]
    assert len(passed) + len(verdicts.refused) == len(wants)
    assert len({(terms.symbol, terms.side) for terms in passed}) == len(passed)
    for terms in passed:
        position = sum(one.shares for one in held if one.symbol == terms.symbol)
        low, high = BAND[terms.symbol]
        assert d(low) <= terms.limit_cny <= d(high)
        assert terms.limit_cny % TICK[terms.symbol] == 0
        assert terms.shares > 0
        assert is_lot(Intent(symbol=terms.symbol, side=terms.side), terms.shares, position)
        assert terms.not_before <= terms.send_by <= terms.not_before + timedelta(seconds=60)
        if terms.side is Side.SELL:
            old = [one for one in held if one.acquired_on == MON or one.symbol == FUND]
            assert terms.shares <= sum(one.shares for one in old if one.symbol == terms.symbol)
        else:
            assert terms.freeze_cny >= terms.limit_cny * terms.shares + 5
            assert (position + terms.shares) * terms.limit_cny <= equity / 2
    # The cash frozen now is there now; what waits for sells is not more than they bring at the least.
    frozen = sum((terms.freeze_cny for terms in verdicts.approved), d("0"))
    assert frozen <= max(d("0"), cash - reserve)
    brings = sum(terms.limit_cny * terms.shares for terms in passed if terms.side is Side.SELL)
    assert frozen + sum(one.freeze_cny for one in deferred) <= max(d("0"), cash - reserve + brings)
