from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal
from hashlib import sha256

import pytest

from agents.order_sheet import OrderSheet
from agents.parsing import ORDERS_MAX, parse
from agents.rule import rule_again, rule_agent
from services.domain.bars import Frequency
from services.domain.book import Book, OpenOrder
from services.domain.decision import Decision
from services.domain.instruments import Symbol
from services.domain.orders import OrderId, Side
from services.ports import Agent
from tests.unit.agents_market import DAYS, NAN, Setting, answer_of, holding, panel_of

A, B, C, D = "600001.SH", "600002.SH", "600003.SH", "600004.SH"

Order = tuple[str, str, int]


def orders_of(setting: Setting, spec: str | Agent) -> list[Order]:
    """Return (side, symbol, shares) of the rule's answer, which must pass the strict parse."""
    briefing = setting.brief()
    agent = rule_agent(spec) if isinstance(spec, str) else spec
    decision = parse(answer_of(agent, briefing), briefing.watchlist)
    assert isinstance(decision, Decision)
    return [(intent.side, intent.symbol, intent.shares or 0) for intent in decision.intents]


def book(cash_cny: str, **shares: int) -> Book:
    """Return a book of holdings bought the first day, by the symbols' letters."""
    names = {"a": A, "b": B, "c": C, "d": D}
    lots = tuple(holding(names[key], count, DAYS[0]) for key, count in shares.items())
    return Book(cash_cny=Decimal(cash_cny), lots=lots)


def busy_with(symbol: str) -> OpenOrder:
    return OpenOrder(
        order_id=OrderId("A" * 20),
        symbol=Symbol(symbol),
        side=Side.BUY,
        shares=100,
        filled=0,
        limit_cny=Decimal("11.00"),
        frozen_cny=Decimal("1200.00"),
    )


FOUR = Setting(panel=panel_of({A: [10.0, 10.0], B: [10.0, 20.0], C: [10.0, 5.0], D: [10.0, 9.0]}))


def test_equal_weight_buys_the_first_that_fit():
    dear = Setting(panel=panel_of({A: [900.0, 900.0], B: [10.0, 20.0], C: [10.0, NAN], D: [10.0, 9.0]}))

    # 95000 / 2 = 47500 each, less 6 for fees: 47494 / 20.23 = 2347.7; 47494 / 9.1035 = 5217.1
    assert orders_of(dear, "equal_weight:top=2") == [("buy", B, 2300), ("buy", D, 5200)]


def test_equal_weight_brings_back_what_drifted():
    # Shares of 47500: a is worth 60000 and sells 12500 / 10 = 1250; b is worth 30000 and buys for 17500:
    # (17500 - 6) / 20.23 = 864.8
    there = replace(FOUR, book=book("10000.00", a=6000, b=1500))

    assert orders_of(there, "equal_weight:top=2,every=1") == [("sell", A, 1200), ("buy", B, 800)]


@pytest.mark.parametrize(("shares", "trades"), [(5200, 0), (5300, 1), (4300, 0), (4200, 1)])
def test_a_tenth_of_drift_is_left_alone(shares: int, trades: int):
    # 47500 a holding: 52250 and 42750 are a tenth away. b is worth 46000, a at 10.00.
    there = replace(FOUR, book=book("30000.00", a=shares, b=2300))

    assert len(orders_of(there, "equal_weight:top=2,every=1")) == trades


def test_what_is_no_member_any_more_is_sold():
    there = replace(FOUR, book=book("50000.00", a=4700, d=1000))

    # 47494 / 20.23 = 2347.7
    assert orders_of(there, "equal_weight:top=2,every=1") == [("sell", D, 1000), ("buy", B, 2300)]


def test_a_member_without_a_price_keeps_its_place_and_is_left_alone():
    dark = panel_of({A: [10.0, NAN], B: [10.0, 20.0], C: [10.0, 5.0]})
    there = Setting(panel=dark, book=book("50000.00", a=100))

    assert orders_of(there, "equal_weight:top=2,every=1") == [("buy", B, 2300)]


def test_what_has_no_price_or_an_order_working_is_not_sold():
    dark = panel_of({A: [10.0, 10.0], B: [10.0, NAN], C: [10.0, 5.0]})
    held = replace(book("0.00", b=100, c=100), open_orders=(busy_with(C),))

    assert orders_of(Setting(panel=dark, book=held), "equal_weight:top=1,every=1") == []
    free = replace(held, open_orders=())
    assert orders_of(Setting(panel=dark, book=free), "equal_weight:top=1,every=1") == [("sell", C, 100)]


def test_symbols_with_a_working_order_are_left_alone():
    there = replace(
        FOUR, book=replace(book("50000.00", a=8000, b=100), open_orders=(busy_with(A), busy_with(B)))
    )

    assert orders_of(there, "equal_weight:top=2,every=1") == []


def test_equal_weight_waits_for_its_bar():
    hours = panel_of({A: [10.0] * 20, B: [20.0] * 20}, frequency=Frequency.HOURLY)
    there = Setting(panel=hours, book=book("50000.00", a=8000))

    acts = [
        (day, at)
        for day in DAYS[1:3]
        for at in (time(10, 35), time(11, 35), time(14, 5), time(15, 5))
        if orders_of(replace(there, day=day, at=at), "equal_weight:top=2,every=4")
    ]

    # The 5th bar of the file and every 4th after it: a morning's first.
    assert acts == [(DAYS[1], time(10, 35)), (DAYS[2], time(10, 35))]


def test_without_bars_there_is_nothing_to_wait_for():
    there = replace(FOUR, no_history=True, book=book("50000.00", a=8000))

    assert ("buy", B, 2300) in orders_of(there, "equal_weight:top=2,every=4")


# Four closes of 10, 10, 10 and the last one: mean and deviation by hand below.
FALLEN = Setting(
    panel=panel_of(
        {
            A: [10.0, 10.0, 10.0, 9.0, 9.1],
            B: [10.0, 10.0, 10.0, 8.0, 8.2],
            C: [10.0, 10.0, 10.0, 10.0, 10.0],
            D: [10.0, 9.0, 10.0, 11.0, 10.0],
        }
    ),
    day=DAYS[4],
)


def test_mean_reversion_buys_what_fell_furthest():
    # a: mean 9.75, deviation sqrt(0.1875) = 0.4330, distance -1.732; b: mean 9.5, deviation 0.8660, the
    # same distance, so the symbol decides; c does not move; d: +1.41.
    # 47494 / (9.1 * 1.0115) = 5159.8; 47494 / (8.2 * 1.0115) = 5726.1
    assert orders_of(FALLEN, "mean_reversion:top=2,lookback=4") == [("buy", A, 5100), ("buy", B, 5700)]
    assert [order[1] for order in orders_of(FALLEN, "mean_reversion:top=1,lookback=4")] == [A]


def test_what_is_back_at_its_mean_is_sold_and_what_is_not_is_kept():
    # d lies above its mean; c, whose closes do not differ, has no distance and is kept.
    there = replace(FALLEN, book=book("0.00", a=100, c=100, d=100))

    assert orders_of(there, "mean_reversion:top=2,lookback=4") == [("sell", D, 100)]


def test_places_taken_are_not_bought_again():
    there = replace(FALLEN, book=book("90000.00", a=100, c=100))

    assert orders_of(there, "mean_reversion:top=2,lookback=4") == []
    assert [one[:2] for one in orders_of(there, "mean_reversion:top=3,lookback=4")] == [("buy", B)]


def test_a_small_fall_is_no_entry():
    # 9.9 of 10.5, 9.5, 10.5, 9.9: mean 10.1, deviation 0.424, distance -0.47.
    panel = panel_of({A: [10.5, 9.5, 10.5, 9.9, 9.9]})

    assert orders_of(Setting(panel=panel, day=DAYS[4]), "mean_reversion:lookback=4") == []


def test_mean_reversion_needs_all_the_bars_it_looks_back_on():
    assert orders_of(FALLEN, "mean_reversion:lookback=5") == []
    assert orders_of(replace(FALLEN, no_history=True), "mean_reversion:lookback=4") == []


def test_mean_reversion_can_wait_for_its_bar_too():
    there = replace(FALLEN, book=book("0.00", d=100))

    # Four bars have ended: (4 - 1) is a multiple of 3, not of 2.
    assert ("sell", D, 100) in orders_of(there, "mean_reversion:lookback=4,every=3")
    assert orders_of(there, "mean_reversion:lookback=4,every=2") == []


def test_random_draws_by_seed_and_slot_alone():
    setting = replace(FOUR, book=Book(cash_cny=Decimal("100000.00")))
    slot = setting.brief().slot.label
    by_digest = sorted((A, B, C, D), key=lambda one: sha256(f"7|{slot}|{one}".encode()).digest())

    drawn = [symbol for _, symbol, _ in orders_of(setting, "random:top=2,seed=7")]

    assert drawn == by_digest[:2]
    backwards = replace(setting, watchlist=tuple(Symbol(one) for one in (D, C, B, A)))
    assert [symbol for _, symbol, _ in orders_of(backwards, "random:top=2,seed=7")] == drawn
    draws = {
        tuple(symbol for _, symbol, _ in orders_of(setting, f"random:top=2,seed={seed}"))
        for seed in range(12)
    }
    assert len(draws) > 4


def test_random_sells_what_is_not_drawn_and_waits_for_its_bar():
    there = replace(FOUR, book=book("90000.00", a=100, b=100, c=100, d=100))

    sold = orders_of(there, "random:top=1")
    assert [side for side, _, _ in sold] == ["sell"] * 3
    two_bars = Setting(panel=panel_of({A: [10.0] * 3, B: [10.0] * 3}), day=DAYS[2])
    assert orders_of(replace(two_bars, book=book("0.00", a=100, b=100)), "random:top=1,every=2") == []


@pytest.mark.parametrize("spec", ["equal_weight:top=1,every=1", "mean_reversion:lookback=4", "random:top=1"])
def test_no_rule_sells_what_was_bought_today(spec: str):
    today = tuple(holding(symbol, 90000, FALLEN.day) for symbol in (A, B, C, D))
    there = replace(FALLEN, book=Book(cash_cny=Decimal("0.00"), lots=today))

    assert orders_of(there, spec) == []
    yesterday = tuple(replace(lot, acquired_on=DAYS[3]) for lot in today)
    settled = replace(there, book=replace(there.book, lots=yesterday))
    assert "sell" in {side for side, _, _ in orders_of(settled, spec)}


def test_an_answer_never_holds_more_orders_than_the_contract_allows():
    names = [f"{600000 + i}.SH" for i in range(ORDERS_MAX + 20)]
    panel = panel_of({name: [1.0, 1.0] for name in names})
    rich = Setting(panel=panel, book=Book(cash_cny=Decimal("1e7")), equity_cny=Decimal("1e7"))

    assert len(orders_of(rich, f"equal_weight:top={len(names)}")) == ORDERS_MAX


def test_cash_that_a_full_sheet_did_not_spend_is_still_there():
    sheet = OrderSheet(replace(FOUR, book=book("200000.00", a=100)).brief(), 2)
    for _ in range(ORDERS_MAX):
        sheet.buy(Symbol(C), 5.0, "a lot", Decimal("520"))

    sheet.buy(Symbol(C), 5.0, "one too many", Decimal("520"))
    sheet.sell(Symbol(A), 10.0, "one too many")

    assert len(sheet.orders) == ORDERS_MAX
    # 100 * 5 * 1.0115 + 6 = 511.75 each of 200.
    assert sheet.cash_cny == Decimal("97650.00")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("equal_weight", "rule:equal_weight"),
        ("equal_weight:every=20,top=20", "rule:equal_weight"),
        ("equal_weight:every=1", "rule:equal_weight:every=1"),
        ("random:every=5,seed=42", "rule:random:every=5,seed=42"),
        ("mean_reversion:lookback=10,top=3", "rule:mean_reversion:top=3,lookback=10"),
    ],
)
def test_a_recorded_name_makes_the_same_rule_again(spec: str, name: str):
    assert rule_agent(spec).name == name
    again = rule_again(name.removeprefix("rule:"))
    assert again is not None
    assert again.name == name
