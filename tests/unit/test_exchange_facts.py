"""What the simulated exchange makes of declared facts and of bars in which nothing traded."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from commands.composition import instruments_of
from services.clock import VirtualClock
from services.domain.bars import VolumeUnit
from services.domain.instruments import Instrument, Span, Symbol
from services.domain.statement import AckKind
from services.market.declared_facts import facts_path, read_declared_facts
from services.rules import price_band, rules_of
from tests.exchange_market import CHINEXT, FLAT, MAIN, MON, OTHER, TUE, WED, Bar, at, buy, exchange, panel

FALLING: list[Bar] = [*[FLAT] * 4, *[(10.0, 10.0, 9.5, 9.8)] * 4]
ST = {MAIN: Instrument(symbol=MAIN, st=(Span(since=date(2020, 1, 1)),))}
RICH = "100000000.00"
TEN = Decimal("10.00")


def test_a_risk_warned_stock_is_bought_up_to_the_days_cap_traded_and_working_alike() -> None:
    broker = exchange(panel({MAIN: [FLAT] * 8}), VirtualClock(at(TUE, "09:35")), cash=RICH, instruments=ST)

    def send(name: str, shares: int, limit: str) -> tuple[AckKind, str]:
        ack = asyncio.run(broker.submit_order(buy(MAIN, shares, limit, name=name, day=TUE)))
        return ack.kind, ack.reason

    assert send("TRADES", 300_000, "10.00") == (AckKind.ACCEPTED, "")
    assert send("WORKS", 199_900, "9.90") == (AckKind.ACCEPTED, "")
    assert send("OVER", 200, "10.00") == (
        AckKind.REJECTED,
        "st_daily_cap: 499900 bought or ordered today and 200 more exceed the day's 500000",
    )
    assert send("LAST", 100, "10.00") == (AckKind.ACCEPTED, "")


def test_a_name_declared_of_a_price_file_warns_the_exchange_too() -> None:
    market = panel({MAIN: [FLAT] * 8})
    declared = replace(market, names=("",), instruments={MAIN: Instrument(symbol=MAIN, name="ST AAA")})

    assert instruments_of(declared, (MAIN,))[MAIN].is_st(TUE)


def test_the_exchange_goes_by_what_a_declared_name_says() -> None:
    unreformed = {MAIN: Instrument(symbol=MAIN, name="S佳通")}
    broker = exchange(panel({MAIN: [FLAT] * 8}), VirtualClock(at(TUE, "09:35")), instruments=unreformed)

    # 5% of 10.00, where any other share of the main board has 10%.
    ack = asyncio.run(broker.submit_order(buy(MAIN, 100, "10.51", day=TUE)))
    inside = asyncio.run(broker.submit_order(buy(MAIN, 100, "10.20", name="IN", day=TUE)))

    assert (ack.kind, "10.50" in ack.reason, inside.reason) == (AckKind.REJECTED, True, "")


def test_the_exchange_takes_nothing_on_a_day_declared_suspended() -> None:
    halted = {MAIN: Instrument(symbol=MAIN, suspended=(Span(since=TUE, until=TUE),))}
    broker = exchange(panel({MAIN: [FLAT] * 8}), VirtualClock(at(TUE, "09:35")), instruments=halted)

    ack = asyncio.run(broker.submit_order(buy(MAIN, 100, "10.00", day=TUE)))

    assert (ack.kind, ack.reason) == (AckKind.REJECTED, f"suspended: {MAIN} does not trade today")


def test_what_is_declared_meanwhile_counts_from_the_next_order_on() -> None:
    clock, told = VirtualClock(at(TUE, "09:35")), {MAIN: Instrument(symbol=MAIN)}
    broker = exchange(panel({MAIN: [FLAT] * 12}, days=(MON, TUE, WED)), clock, instruments=told)

    def rule(name: str, day: date) -> str:
        ack = asyncio.run(broker.submit_order(buy(MAIN, 100, "10.51", name=name, day=day)))
        return ack.reason.partition(":")[0]

    # Inside the 10% of the day, and beyond the 2% of the cage.
    assert rule("ORDINARY", TUE) == "cage"
    told[MAIN] = Instrument(symbol=MAIN, suspended=(Span(since=TUE, until=TUE),))
    assert rule("SUSPENDED", TUE) == "suspended"
    clock.jump(at(WED, "09:35"))
    assert rule("AGAIN", WED) == "cage"
    # 5% of 10.00, which ends at 10.50.
    told[MAIN] = Instrument(symbol=MAIN, name="S佳通")
    assert rule("WARNED", WED) == "price_limit"


def test_a_declaration_that_is_withdrawn_does_not_outlive_its_day() -> None:
    clock, told = VirtualClock(at(TUE, "09:35")), {MAIN: Instrument(symbol=MAIN, name="S佳通")}
    broker = exchange(panel({MAIN: [FLAT] * 12}, days=(MON, TUE, WED)), clock, instruments=told)

    def rule(name: str, day: date) -> str:
        ack = asyncio.run(broker.submit_order(buy(MAIN, 100, "10.51", name=name, day=day)))
        return ack.reason.partition(":")[0]

    assert rule("WARNED", TUE) == "price_limit"
    del told[MAIN]
    assert rule("STILL", TUE) == "price_limit"
    clock.jump(at(WED, "09:35"))
    assert rule("ORDINARY", WED) == "cage"


def test_fills_are_listed_from_any_day_on() -> None:
    clock = VirtualClock(at(TUE, "09:35"))
    broker = exchange(panel({MAIN: [FLAT] * 12}, days=(MON, TUE, WED)), clock)

    def listed() -> list[list[str]]:
        return [[one.order_id[:3] for one in asyncio.run(broker.get_fills(day))] for day in (MON, TUE, WED)]

    def send(name: str, day: date) -> None:
        asyncio.run(broker.submit_order(buy(MAIN, 100, "10.00", name=name, day=day)))

    assert listed() == [[], [], []]
    send("ONE", TUE)
    send("TWO", TUE)
    assert listed() == [["ONE", "TWO"], ["ONE", "TWO"], []]
    clock.jump(at(WED, "09:35"))
    assert listed() == [["ONE", "TWO"], ["ONE", "TWO"], []]
    send("SIX", WED)
    assert listed() == [["ONE", "TWO", "SIX"], ["ONE", "TWO", "SIX"], ["SIX"]]


def test_a_bar_in_which_nothing_traded_fills_nothing_in_any_unit_without_a_cap() -> None:
    for unit in VolumeUnit:
        for limit in ("10.00", "9.90"):  # at once, and inside the bars that went through it
            for volume, fills in ((0.0, 0), (1e6, 1)):
                clock = VirtualClock(at(TUE, "09:35"))
                broker = exchange(panel({MAIN: FALLING}, volume=volume, volume_unit=unit), clock)
                asyncio.run(broker.submit_order(buy(MAIN, 100, limit, day=TUE)))
                clock.jump(at(TUE, "15:00"))

                assert len(asyncio.run(broker.get_fills(TUE))) == fills, (unit, limit, volume)


def test_a_declared_listing_gets_its_first_five_trading_days_from_the_calendar() -> None:
    # Listed on Monday 2026-06-15; Friday 06-19 is the Dragon Boat holiday, so the fifth day is 06-22.
    listed = Instrument(symbol=MAIN, listed_on=date(2026, 6, 15))
    market = replace(panel({MAIN: [FLAT] * 8}), instruments={MAIN: listed})

    facts = instruments_of(market, (MAIN,))[MAIN]

    assert facts.first_days == tuple(date(2026, 6, day) for day in (15, 16, 17, 18, 22))
    fifth, sixth = (
        price_band(rules_of(MAIN, day), at_ten, facts)
        for day, at_ten in ((date(2026, 6, 22), TEN), (date(2026, 6, 23), TEN))
    )
    assert (fifth.unlimited, sixth.unlimited) == (True, False)


def test_a_listing_long_ago_on_no_trading_day_or_of_the_unknown_stays_as_declared() -> None:
    for day in (date(2015, 1, 5), date(2026, 6, 14), date(2039, 1, 3)):
        listed = Instrument(symbol=MAIN, listed_on=day)
        market = replace(panel({MAIN: [FLAT] * 8}), instruments={MAIN: listed})

        assert instruments_of(market, (MAIN,))[MAIN].first_days == ()


def test_suspended_days_are_declared_beside_the_price_file(tmp_path: Path) -> None:
    prices = tmp_path / "daily.csv"
    declared = {
        MAIN: {"suspended": [{"since": "2026-07-13", "until": "2026-07-14"}, {"since": "2026-08-03"}]}
    }
    facts_path(prices).write_text(json.dumps({"instruments": declared}), encoding="utf-8")

    (facts,) = read_declared_facts(prices).instruments

    days = (date(2026, 7, 12), date(2026, 7, 14), date(2026, 7, 15), date(2026, 8, 3), date(2026, 9, 1))
    assert [facts.is_suspended(day) for day in days] == [False, True, False, True, True]


@pytest.mark.parametrize(
    ("symbol", "moment", "limit", "rule"),
    [
        # First day, issued at 20.00, last trade 30.00: a closing call of Shenzhen takes 10 % around it.
        (OTHER, "14:58", "33.00", ""),
        (OTHER, "14:58", "33.01", "price_limit"),
        (OTHER, "09:35", "30.60", ""),  # continuous trading: 2 % by the cage, no limit
        (OTHER, "09:35", "30.61", "cage"),
        (MAIN, "14:58", "30.00", "rules_unknown"),  # what Shanghai's closing call takes is not known
    ],
)
def test_on_a_day_without_limits_calls_take_a_range_of_prices(
    symbol: Symbol, moment: str, limit: str, rule: str
) -> None:
    new = Instrument(symbol=symbol, listed_on=TUE, first_days=(TUE,))
    bars: list[Bar] = [*[None] * 4, *[(30.0, 30.0, 30.0, 30.0)] * 4]
    broker = exchange(
        panel({symbol: bars, CHINEXT: [FLAT] * 8}, prev_close={symbol: (20.0, 20.0), CHINEXT: (10.0, 10.0)}),
        VirtualClock(at(TUE, moment)),
        instruments={symbol: new},
    )

    ack = asyncio.run(broker.submit_order(buy(symbol, 100, limit, day=TUE)))

    assert ack.reason.split(":")[0] == rule


@pytest.mark.parametrize("order", [(MAIN, CHINEXT), (CHINEXT, MAIN)])
def test_at_one_moment_each_order_is_held_to_the_hours_of_its_own_board(order: tuple[Symbol, Symbol]) -> None:
    # In 2022 after-hours trading was open to ChiNext, and the Shanghai main board was closed.
    first, day = date(2022, 7, 11), date(2022, 7, 12)
    market = panel({MAIN: [FLAT] * 8, CHINEXT: [FLAT] * 8}, days=(first, day))
    broker = exchange(market, VirtualClock(at(day, "15:06")))

    answers = {
        symbol: asyncio.run(broker.submit_order(buy(symbol, 100, "10.00", name=symbol, day=day))).kind
        for symbol in order
    }

    assert answers == {CHINEXT: AckKind.ACCEPTED, MAIN: AckKind.REJECTED}
