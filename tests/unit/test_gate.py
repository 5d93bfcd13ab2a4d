"""Every rule the gate knows, at its exact boundary, in order of precedence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from risk.gate import review
from risk.limits import Degrees, Limits, OrderCaps, PortfolioLimits, Resize, Sizing, SizingMethod
from services.domain.instruments import Instrument, Kind, Market, Span, Symbol, facts_of
from services.domain.money import ZERO
from services.domain.orders import Intent, Rule, Side
from services.rules import Commission
from tests.unit.gate_desk import (
    ALL,
    APPLE,
    BSE,
    CHINEXT,
    FUND,
    MAIN,
    MON,
    OTHER,
    STAR,
    TUE,
    book,
    buy,
    d,
    desk,
    earlier,
    lot,
    of_kind,
    quote,
    refused,
    sell,
    snapshot,
    st,
    verdict,
    want,
    working,
)
from tests.unit.gate_rows import FIFTH, HELD_299, HELD_300, ONE_MORE, ROWS


@pytest.mark.parametrize(("rule", "over", "inside"), ROWS, ids=[str(row[0]) for row in ROWS])
def test_a_rule_refuses_beyond_its_boundary_and_not_at_it(rule, over, inside):
    assert verdict(over[0], *over[1]) is rule
    assert verdict(inside[0], *inside[1]) is None


TINY = OrderCaps(order_cny_max=d("999.99"), price_band_bp=d("10"))


def test_every_rule_has_a_row_and_the_rows_stand_in_order_of_precedence():
    order = list(Rule)
    rows = [row[0] for row in ROWS]

    assert set(rows) == set(order) - {Rule.DRAWDOWN, Rule.LOSING_STREAK}  # They halt the account instead.
    assert rows == sorted(rows, key=order.index)


def test_the_first_rule_that_applies_is_the_reason():
    """One buy breaks nearly everything; each mend brings the next rule to light."""
    sealed = {"last": "11.00", "asks": (), "bids": ("11.00",)}
    steps: list[tuple[Rule, dict[str, object], dict[str, object], dict[str, object]]] = [
        # the rule that speaks, then what is mended of desk, quote and intent before it does
        (Rule.SYMBOL_UNKNOWN, {}, {}, {}),
        (Rule.NOT_ALLOWED, {"watchlist": ALL}, {}, {}),
        (Rule.RULES_UNKNOWN, {"limits": Limits(caps=TINY)}, {}, {}),
        (
            Rule.SUSPENDED,
            {"day": TUE, "moment": datetime.fromisoformat("2026-07-14T15:02+08:00")},
            {},
            {},
        ),
        (Rule.QUOTE_MISSING, {}, {"suspended": False}, {}),
        (Rule.QUOTE_STALE, {}, {"prev": "10.00", **sealed, "limits": ("9", "12"), "seen": "14:50"}, {}),
        (Rule.QUOTE_DISAGREES, {}, {"seen": "15:00"}, {}),
        (Rule.HALTED, {}, {"limits": None}, {}),
        (Rule.UNRESOLVED, {"halted": None}, {}, {}),
        (Rule.PHASE, {"account": book(lot(MAIN, 499_900, on=TUE), cash="1.00")}, {}, {}),
        (Rule.SIZE, {"moment": None, "clock": "10:35"}, {"seen": "10:35"}, {}),
        (Rule.BOARD_LOT, {}, {}, {"shares": 1_000_150}),
        (Rule.ORDER_MAX, {}, {}, {"shares": 1_000_100}),
        (Rule.TICK, {}, {}, {"shares": 200}),
        (Rule.PRICE_LIMIT, {}, {}, {"limit": "11.50"}),
        (Rule.LIMIT_UP, {}, {}, {"limit": "10.50"}),
        (Rule.CAGE, {}, {"last": "10.25", "asks": ("10.25",)}, {"limit": "10.50"}),
        (Rule.PRICE_BAND, {}, {}, {"limit": "10.30"}),
        (Rule.DRIFT, {"limits": Limits(caps=replace(TINY, price_band_bp=None))}, {}, {}),
        (Rule.ST_DAILY_CAP, {"first": None}, {}, {}),
        (Rule.ORDER_CNY, {}, {}, {"shares": 100}),
    ]
    at_desk: dict[str, object] = {
        "watchlist": (OTHER,),
        "day": ONE_MORE,
        "moment": datetime.fromisoformat("2027-01-01T15:02+08:00"),
        "account": book(lot(MAIN, 499_900, on=TUE), cash="1.00", open_orders=(working(MAIN),)),
        "halted": MAIN,
        "instruments": st(),
        "first": earlier(quote()),
        "limits": Limits(caps=TINY, degrees=Degrees(symbols=(OTHER,))),
    }
    shown: dict[str, object] = {"prev": None, "suspended": True}
    asked: dict[str, object] = {"shares": 0, "limit": "99.999"}
    for rule, mended_desk, mended_quote, mended_intent in steps:
        at_desk |= mended_desk
        shown |= mended_quote
        asked |= mended_intent
        assert verdict(desk(quote(**shown), **at_desk), want(Side.BUY, MAIN, **asked)) is rule


def test_of_the_accounts_own_limits_the_first_that_applies_is_the_reason():
    """A buy of 1000.00 breaks them all; each that is switched off brings the next to light."""
    limits = Limits(
        caps=replace(TINY, orders_session_max=0, orders_per_second_max=0, notional_cny_session_max=ZERO,
                     turnover_ratio_session_max=ZERO),
        daily_loss_ratio_max=d("0.05"),
        sizing=Sizing(method=SizingMethod.FIXED_RATIO, ratio=ZERO),
        degrees=Degrees(capital_cny_max=d("1.00")),
        position_ratio_max=ZERO,
        portfolio=PortfolioLimits(
            sector_unknown_ratio_max=ZERO, gross_ratio_max=ZERO, correlation_max=ZERO, var_ratio_max=ZERO
        ),
        cash_reserve_cny_min=d("1000.00"),
    )  # fmt: skip
    account = book(lot(OTHER, 100), cash="1100.00")
    steps: list[tuple[Rule, Callable[[Limits], Limits]]] = [
        # the rule that speaks, then how it is switched off
        (Rule.ORDER_CNY, lambda one: replace(one, caps=replace(one.caps, order_cny_max=None))),
        (Rule.ORDER_COUNT, lambda one: replace(one, caps=replace(one.caps, orders_session_max=None))),
        (Rule.ORDER_RATE, lambda one: replace(one, caps=replace(one.caps, orders_per_second_max=1))),
        (Rule.NOTIONAL, lambda one: replace(one, caps=replace(one.caps, notional_cny_session_max=None))),
        (Rule.TURNOVER, lambda one: replace(one, caps=OrderCaps())),
        (Rule.DAILY_LOSS, lambda one: replace(one, daily_loss_ratio_max=None)),
        (Rule.SIZING, lambda one: replace(one, sizing=Sizing())),
        (Rule.CAPITAL, lambda one: replace(one, degrees=Degrees())),
        (Rule.POSITION_RATIO, lambda one: replace(one, position_ratio_max=None)),
        (Rule.SECTOR, lambda one: _bounds(one, sector_unknown_ratio_max=None)),
        (Rule.GROSS_EXPOSURE, lambda one: _bounds(one, gross_ratio_max=None)),
        (Rule.CORRELATION, lambda one: _bounds(one, correlation_max=None)),
        (Rule.VAR, lambda one: _bounds(one, var_ratio_max=None)),
        (Rule.CASH_RESERVE, lambda one: replace(one, cash_reserve_cny_min=d("200.00"))),
    ]
    for rule, switched_off in steps:
        at_desk = desk(account=account, limits=limits, equity="90000.00", day_equity="100000.00")
        assert verdict(at_desk, buy()) is rule
        limits = switched_off(limits)

    assert verdict(desk(account=book(cash="900.00"), limits=limits), buy()) is Rule.CASH


def _bounds(limits: Limits, **one: Decimal | None) -> Limits:
    return replace(limits, portfolio=replace(limits.portfolio, **one))


def test_a_refusal_carries_the_size_that_was_asked_for():
    judged = review([buy(shares=150)], desk())

    assert [(one.symbol, one.side, one.shares) for one in judged.verdicts.refused] == [(MAIN, Side.BUY, 150)]


@pytest.mark.parametrize("weight", ["NaN", "sNaN", "Infinity", "-0.01", "1.0001", "1E+999"])
def test_a_weight_that_is_none_is_no_size(weight):
    assert verdict(desk(account=HELD_300), sell(weight=weight)) is Rule.SIZE


def test_an_intent_without_a_size_sells_nothing():
    assert verdict(desk(account=HELD_300), sell(shares=None)) is Rule.SIZE


def test_an_intent_with_two_sizes_is_none():
    both = Intent(symbol=MAIN, side=Side.BUY, shares=100, target_weight=d("0.1"))

    assert verdict(desk(), both) is Rule.SIZE


@pytest.mark.parametrize(
    "limit", ["NaN", "sNaN", "-Infinity", "0", "-10.00", "1E+40", "10." + "0" * 40 + "1"]
)
def test_a_limit_that_is_no_price_is_off_the_tick(limit):
    assert verdict(desk(), buy(limit=limit)) is Rule.TICK


def test_a_limit_is_written_with_the_decimals_of_the_tick():
    judged = review([buy(limit="1.0E+1")], desk())

    assert str(judged.approved[0].terms.limit_cny) == "10.00"


@pytest.mark.parametrize("shares", [10**30, -(10**30)])
def test_a_size_beyond_sense_is_refused_where_a_board_has_no_maximum(shares):
    new_york = ZoneInfo("America/New_York")
    moment = datetime(2026, 7, 14, 10, 5, tzinfo=new_york)
    apple = quote(APPLE, seen="22:05")
    at_desk = desk(apple, market=Market.US, moment=moment, watchlist=(APPLE,))

    assert verdict(at_desk, buy(APPLE, shares)) in (Rule.ORDER_MAX, Rule.SIZE)
    assert verdict(at_desk, buy(APPLE, 7)) is None


def test_us_shares_may_be_sold_on_the_day_they_were_bought():
    moment = datetime(2026, 7, 14, 10, 5, tzinfo=ZoneInfo("America/New_York"))
    account = book(lot(APPLE, 7, on=TUE))
    at_desk = desk(
        quote(APPLE, seen="22:05"), market=Market.US, moment=moment, watchlist=(APPLE,), account=account
    )

    assert verdict(at_desk, sell(APPLE, 7)) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.ETF_BOND_T0, None), (Kind.ETF_GOLD_T0, None), (Kind.ETF_EQUITY, Rule.T_PLUS_1)],
)
def test_only_same_day_funds_leave_on_the_day_they_came(kind, expected):
    at_desk = desk(account=book(lot(FUND, 100, on=TUE)), instruments=of_kind(FUND, kind))

    assert verdict(at_desk, sell(FUND)) is expected


def test_an_account_halt_speaks_before_a_symbols_own():
    at_desk = desk(halted="")

    assert refused(review([buy(MAIN), buy(OTHER)], at_desk)) == [Rule.HALTED, Rule.HALTED]


@pytest.mark.parametrize("symbol", [MAIN, CHINEXT, STAR, FUND])
def test_after_hours_takes_stocks_and_funds(symbol):
    assert verdict(desk(clock="15:05"), buy(symbol, 200)) is None


@pytest.mark.parametrize(
    ("symbol", "instrument"),
    [
        (BSE, None),  # The clauses are deferred.
        # A listed open-end fund is not an ETF.
        (Symbol("501018.SH"), Instrument(symbol=Symbol("501018.SH"), kind=Kind.ETF_EQUITY)),
        (MAIN, Instrument(symbol=MAIN, delisting=Span(since=MON))),
    ],
)
def test_after_hours_takes_no_one_else(symbol, instrument):
    at_desk = desk(
        quote(symbol, seen="15:00"),
        clock="15:05",
        watchlist=(symbol,),
        instruments={} if instrument is None else {symbol: instrument},
    )

    assert verdict(at_desk, buy(symbol, 200)) is Rule.PHASE


@pytest.mark.parametrize("symbol", [MAIN, CHINEXT, STAR])
@pytest.mark.parametrize(("shares", "expected"), [(1_000_000, None), (1_000_100, Rule.ORDER_MAX)])
def test_after_hours_an_order_may_have_a_million_shares_on_every_board(symbol, shares, expected):
    assert verdict(desk(clock="15:05"), buy(symbol, shares)) is expected


def test_after_hours_an_order_is_made_smaller_to_a_million_shares():
    at_desk = desk(clock="15:05", limits=Limits(resize=frozenset({Resize.LOT})))

    reviewed = review([buy(STAR, 1_200_000)], at_desk)

    assert [one.shares for one in reviewed.verdicts.approved] == [1_000_000]


def test_after_hours_what_the_cash_pays_may_be_more_than_an_order_of_the_auction():
    # 150,000 x 10.00 + 375.00 + 15.00 = 1500390.00.
    at_desk = desk(
        clock="15:05", account=book(cash="1500390.00"), limits=Limits(resize=frozenset({Resize.CASH}))
    )

    reviewed = review([buy(STAR, 200_000)], at_desk)

    assert [one.shares for one in reviewed.verdicts.approved] == [150_000]


def test_a_share_whose_name_says_it_is_leaving_does_not_trade_after_hours():
    at_desk = desk(quote(name="华讯退", seen="15:00"), clock="15:05")

    assert verdict(at_desk, buy()) is Rule.PHASE


def test_an_unlimited_day_has_no_price_limit_but_its_cage():
    fresh = {MAIN: Instrument(symbol=MAIN, listed_on=TUE, first_days=(TUE,))}
    at_desk = desk(quote(last="30.00"), instruments=fresh)

    assert verdict(at_desk, buy(limit="30.60")) is None  # 30.00 x 1.02
    assert verdict(at_desk, buy(limit="30.61")) is Rule.CAGE


def test_a_vendor_that_limits_an_unlimited_day_disagrees():
    fresh = {MAIN: Instrument(symbol=MAIN, listed_on=TUE, first_days=(TUE,))}

    assert verdict(desk(quote(limits=("9.00", "11.00")), instruments=fresh), buy()) is Rule.QUOTE_DISAGREES


def test_whether_a_day_is_unlimited_must_be_known():
    young = {MAIN: Instrument(symbol=MAIN, listed_on=date(2026, 7, 7))}

    assert verdict(desk(instruments=young), buy()) is Rule.RULES_UNKNOWN


def test_a_code_of_no_board_is_outside_the_rulebook():
    strange = Symbol("777777.SH")

    assert verdict(desk(quote(strange), watchlist=(strange,)), buy(strange)) is Rule.RULES_UNKNOWN


def test_a_day_without_a_known_timetable_is_outside_the_rulebook():
    assert verdict(desk(day=date(2006, 6, 30)), buy()) is Rule.RULES_UNKNOWN


def test_a_fee_that_is_not_known_is_outside_the_rulebook():
    """The handling fee a commission does not contain has no row so early."""
    apart = Commission(all_in=False)

    assert verdict(desk(day=date(2010, 7, 14), commission=apart), buy()) is Rule.RULES_UNKNOWN


def test_a_transfer_fee_on_par_is_reckoned_from_the_shares():
    # 2015-07-31, Shanghai: 0.3 per mille of 1.00 CNY a share. 100 at 10.00: 1000 + 5.00 + 0.03.
    judged = review([buy()], desk(day=date(2015, 7, 31)))

    assert [order.terms.freeze_cny for order in judged.approved] == [d("1005.03")]


def test_a_price_off_the_tick_makes_a_limit_on_the_tick():
    """An adjusted 10.1234 may be bought 1 % dearer: 10.224634, on the tick 10.22."""
    judged = review([buy(limit=None)], desk(quote(last="10.1234", prev="10.0001", approximate=True)))

    assert [order.terms.limit_cny for order in judged.approved] == [d("10.22")]


def test_a_price_adjusted_below_the_tick_makes_no_order():
    """Not even on an unlimited day, where no band would stop a limit of 0.00."""
    fresh = {MAIN: Instrument(symbol=MAIN, listed_on=TUE, first_days=(TUE,))}
    tiny = quote(last="0.0041", prev="0.0040", approximate=True)

    assert verdict(desk(tiny, instruments=fresh), buy(limit=None)) is Rule.TICK


def test_a_price_read_off_bars_need_not_lie_inside_the_limits_of_its_day():
    # Adjusted prices round differently from the exchange's: last 1.104 and previous close 1.00.
    at_desk = desk(quote(last="1.106", prev="1.00", approximate=True), account=HELD_300)

    assert verdict(at_desk, sell(limit="1.10")) is None


def test_a_weight_buys_the_whole_lots_below_it():
    # 0.205 x 100 000.00 / 10.00 = 2050 shares, of which 300 are held: 1750, in lots 1700.
    judged = review([buy(weight="0.205", limit=None)], desk(equity="100000.00", account=HELD_300))

    assert [order.terms.shares for order in judged.approved] == [1700]


def test_a_weight_sells_down_and_takes_the_odd_lot_along():
    # 0.01 x 10 000.00 / 10.00 = 10 shares stay of 299: 289 too many, of which 199 leave in lots.
    judged = review([sell(weight="0.01", limit=None)], desk(equity="10000.00", account=HELD_299))

    assert [order.terms.shares for order in judged.approved] == [200]


def test_a_weight_of_nothing_sells_all_that_is_held():
    judged = review([sell(weight="0", limit=None)], desk(account=HELD_299))

    assert [order.terms.shares for order in judged.approved] == [299]


@pytest.mark.parametrize("intent", [buy(weight="0.2", limit=None), buy(weight="0.2", limit="10.10")])
def test_the_full_weight_the_account_allows_is_bought_as_far_as_the_limit_may_cost(intent):
    # 20 % of 100 000.00 at a limit of 10.10: 1980 shares, in lots 1900.
    judged = review([intent], desk(limits=FIFTH, equity="100000.00"))

    assert [order.terms.shares for order in judged.approved] == [1900]


def test_a_weight_over_the_accounts_ratio_is_refused_not_trimmed():
    assert verdict(desk(limits=FIFTH, equity="100000.00"), buy(weight="0.21")) is Rule.POSITION_RATIO


def test_a_weight_with_a_limit_that_is_no_price_is_refused_for_the_price():
    at_desk = desk(limits=FIFTH, equity="100000.00")

    assert verdict(at_desk, buy(weight="0.2", limit="NaN")) is Rule.TICK


def test_a_weight_of_an_equity_that_leaves_out_a_holding_is_refused():
    """Measured on less than the account is worth, a sale down to a weight would sell too much."""
    account = book(lot(MAIN, 300), lot(OTHER, 300))

    assert verdict(desk(quote(MAIN), account=account), sell(weight="0.5")) is Rule.QUOTE_MISSING
    assert verdict(desk(quote(MAIN), account=account), sell(shares=100)) is None


def test_without_equity_a_weight_buys_nothing():
    assert verdict(desk(equity="0.00"), buy(weight="0.5")) is Rule.SIZE


def test_a_symbol_the_mind_was_not_shown_a_price_of_is_refused():
    assert verdict(desk(quote(), first=earlier(quote(OTHER))), buy()) is Rule.QUOTE_MISSING


def test_the_price_may_stand_still_without_a_second_look_at_drift():
    moment = desk().moment

    assert (
        verdict(desk(quote(last="10.50"), first=snapshot(quote(), moment=moment)), buy(limit="10.50")) is None
    )


@pytest.mark.parametrize(
    "name", ["ST中安", "*ST中安", "SST中安", "S*ST中安", "XDST中安", "XD*ST中安", "DR*ST中"]
)
def test_a_name_says_that_a_share_is_risk_warned(name):
    assert facts_of(MAIN, name, None).is_st(TUE)
    assert facts_of(MAIN, name, Instrument(symbol=MAIN)).is_st(TUE)


@pytest.mark.parametrize("name", ["", "贵州茅台", "XD茅台", "DR宁德", "TCL科技", "SAP"])
def test_an_ordinary_name_says_nothing(name):
    assert facts_of(MAIN, name, None) == Instrument(symbol=MAIN, name=name)


@pytest.mark.parametrize("name", ["退市海医", "华讯退"])
def test_a_name_says_that_a_share_is_leaving(name):
    delisting = facts_of(MAIN, name, None).delisting

    assert delisting is not None
    assert delisting.covers(TUE)


@pytest.mark.parametrize(
    ("name", "warned"), [("S佳通", False), ("XDS佳通", False), ("SST佳通", True), ("S*ST佳通", True)]
)
def test_a_name_says_that_the_share_reform_is_still_to_come(name, warned):
    facts = facts_of(MAIN, name, None)

    assert (facts.share_reform_pending, facts.is_st(TUE)) == (True, warned)
    assert facts_of(MAIN, "", Instrument(symbol=MAIN, name=name)).share_reform_pending


def test_known_facts_are_not_overruled_by_a_name():
    was = Instrument(
        symbol=MAIN,
        st=(Span(since=date(2025, 1, 1), until=date(2025, 12, 31)),),
        delisting=Span(since=date(2026, 7, 15)),
    )

    assert facts_of(MAIN, "*ST中安退", was) == was


def test_an_order_of_the_same_decision_has_the_same_id_and_others_have_others():
    account = book(lot(MAIN, 300))
    first, second = (review([sell(), buy(OTHER), buy(FUND)], desk(account=account)) for _ in range(2))

    ids = [order.order_id for order in first.approved]
    assert ids == [order.order_id for order in second.approved]
    assert len(set(ids)) == 3


def test_an_order_keeps_what_it_rests_on():
    terms = review([buy()], desk(quote(approximate=True))).approved[0].terms

    assert (terms.session, terms.day, terms.approximate, terms.index) == ("s", TUE, True, 0)
    assert terms.freeze_cny == Decimal("1005.01")
    assert terms.rules_version
    assert terms.send_by - terms.not_before == timedelta(seconds=60)
