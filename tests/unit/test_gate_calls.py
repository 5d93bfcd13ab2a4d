"""The gate in the two call auctions: when they take orders, at which prices, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from risk.gate import review
from risk.limits import Desk, Limits, OrderCaps
from services.domain.instruments import Instrument, Symbol
from services.domain.orders import Intent, Rule
from tests.unit.gate_desk import CN, FUND, MAIN, OTHER, TUE, at, book, buy, d, desk, lot, quote, sell, verdict

HELD = book(lot(MAIN, 300), lot(OTHER, 300))
FAR = Limits(caps=OrderCaps(price_band_bp=None))


@pytest.mark.parametrize(
    ("clock", "rule"),
    [
        ("09:14:59", Rule.PHASE),
        ("09:15", None),
        ("09:20", None),  # no cancels any more
        ("09:24:59", None),
        ("09:25", Rule.PHASE),  # between the uncross and the open
        ("09:29:59", Rule.PHASE),
        ("14:57", None),
        ("14:59:59", None),
        ("15:00", Rule.PHASE),
    ],
)
def test_calls_take_orders_and_the_minutes_around_them_do_not(clock: str, rule: Rule | None) -> None:
    assert verdict(desk(clock=clock), buy()) is rule
    assert verdict(desk(clock=clock, account=HELD), sell()) is rule


@pytest.mark.parametrize("clock", ["09:16", "09:21", "14:58"])
@pytest.mark.parametrize(
    ("intent", "rule"),
    [
        (buy(limit="11.00"), None),  # the cage of continuous trading would end at 10.20
        (buy(limit="11.01"), Rule.PRICE_LIMIT),
        (sell(limit="9.00"), None),
        (sell(limit="8.99"), Rule.PRICE_LIMIT),
    ],
)
def test_a_call_has_no_cage_and_keeps_the_days_limits(clock: str, intent: Intent, rule: Rule | None) -> None:
    assert verdict(desk(clock=clock, account=HELD), intent) is rule


def test_a_limit_made_for_a_call_is_not_clipped_to_a_cage() -> None:
    at_desk = desk(clock="14:58", limits=replace(FAR, marketable_bp=d("300")))

    # 10.00 x 1.03; the cage would end at 10.20.
    assert [order.terms.limit_cny for order in review([buy(limit=None)], at_desk).approved] == [d("10.30")]


@pytest.mark.parametrize(
    ("clock", "send_by"),
    [
        ("09:16", "09:17"),
        ("09:19:30", "09:20"),
        ("09:24:30", "09:25"),
        ("14:58", "14:59"),
        ("14:59:30", "15:00"),
    ],
)
def test_an_order_of_a_call_is_never_sent_after_it(clock: str, send_by: str) -> None:
    (placed,) = review([buy()], desk(clock=clock)).approved

    assert (placed.terms.not_before, placed.terms.send_by) == (at(TUE, clock), at(TUE, send_by))


def unlimited(symbol: Symbol, clock: str, last: str = "10.00") -> Desk:
    """Return a desk on the symbol's first trading day, issued at 10.00."""
    return desk(
        quote(symbol, last=last, seen=clock),
        clock=clock,
        account=HELD,
        limits=FAR,
        instruments={symbol: Instrument(symbol=symbol, listed_on=TUE, first_days=(TUE,))},
    )


@pytest.mark.parametrize(
    ("symbol", "clock", "intent", "rule"),
    [
        (MAIN, "09:16", buy(limit="90.00"), None),  # 900 % of the issue price
        (MAIN, "09:16", buy(limit="90.01"), Rule.PRICE_LIMIT),
        (MAIN, "09:21", sell(limit="5.00"), None),  # Shanghai: not below 50 %
        (MAIN, "09:21", sell(limit="4.99"), Rule.PRICE_LIMIT),
        (OTHER, "09:16", buy(OTHER, limit="90.00"), None),
        (OTHER, "09:16", buy(OTHER, limit="90.01"), Rule.PRICE_LIMIT),
        (OTHER, "09:21", sell(OTHER, limit="0.01"), None),  # Shenzhen: no floor
        (OTHER, "14:58", buy(OTHER, limit="33.00"), None),  # 10 % around the last trade of 30.00
        (OTHER, "14:58", buy(OTHER, limit="33.01"), Rule.PRICE_LIMIT),
        (OTHER, "14:58", sell(OTHER, limit="27.00"), None),
        (OTHER, "14:58", sell(OTHER, limit="26.99"), Rule.PRICE_LIMIT),
        (MAIN, "14:58", buy(limit="30.00"), Rule.RULES_UNKNOWN),  # Shanghai's closing call: not known
    ],
)
def test_on_a_day_without_limits_a_call_takes_a_range_of_prices(
    symbol: Symbol, clock: str, intent: Intent, rule: Rule | None
) -> None:
    last = "30.00" if clock == "14:58" else "10.00"

    assert verdict(unlimited(symbol, clock, last), intent) is rule


@pytest.mark.parametrize("pair", [(FUND, MAIN), (MAIN, FUND)])
def test_each_order_of_a_review_leaves_before_its_own_phase_ends(pair: tuple[Symbol, Symbol]) -> None:
    # On 2026-07-03 the closing call at 14:57 was for stocks alone; an order is good for a minute.
    day = date(2026, 7, 3)
    quotes = (quote(symbol, seen="14:56:30", day=day) for symbol in (MAIN, FUND))
    intents = [buy(pair[0]), replace(buy(pair[1]), index=1)]

    verdicts = review(intents, desk(*quotes, clock="14:56:30", day=day)).verdicts

    until = {one.symbol: one.send_by.astimezone(CN).time().isoformat() for one in verdicts.approved}
    assert until == {FUND: "14:57:30", MAIN: "14:57:00"}


@pytest.mark.parametrize("pair", [(FUND, MAIN), (MAIN, FUND)])
def test_each_order_of_one_lunch_leaves_before_its_own_afternoon_ends(pair: tuple[Symbol, Symbol]) -> None:
    # On 2026-07-03 lunch was the same for both, and the afternoon of a fund went on to 15:00 without a call.
    day = date(2026, 7, 3)
    quotes = (quote(symbol, seen="11:30", day=day) for symbol in (MAIN, FUND))
    intents = [buy(pair[0]), replace(buy(pair[1]), index=1)]
    long_lived = Limits(order_ttl_s=86_400)

    verdicts = review(intents, desk(*quotes, clock="11:35", day=day, limits=long_lived)).verdicts

    until = {one.symbol: one.send_by.astimezone(CN).time().isoformat() for one in verdicts.waiting}
    assert until == {FUND: "15:00:00", MAIN: "14:57:00"}
