from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from agents.parsing import parse
from agents.rule import RuleAgent, UnknownRule, rule_agent, rule_names
from agents.sizing import shares_for
from services.domain.bars import Frequency
from services.domain.book import Book, OpenOrder
from services.domain.decision import Decision, Reads
from services.domain.instruments import Board, Instrument, Kind, Symbol
from services.domain.orders import OrderId, Side
from services.market.demo import DEMO_START, demo_panel
from services.market.price_files import load_prices
from services.rules import rules_on
from tests.unit.agents_market import DAYS, NAN, Setting, answer_of, holding, panel_of

A, B, C, D = "600001.SH", "600002.SH", "600003.SH", "600004.SH"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "astock-2025"

Order = tuple[str, str, int]


def orders_of(setting: Setting, agent: RuleAgent | None = None) -> list[Order]:
    """Return (side, symbol, shares) of the agent's answer, which must pass the strict parse."""
    briefing = setting.brief()
    decision = parse(answer_of(agent or RuleAgent(top=2), briefing), briefing.watchlist)
    assert isinstance(decision, Decision)
    return [(intent.side, intent.symbol, intent.shares or 0) for intent in decision.intents]


def sells_of(setting: Setting, agent: RuleAgent | None = None) -> list[Order]:
    return [order for order in orders_of(setting, agent) if order[0] == "sell"]


def market(**columns: list[float]) -> Setting:
    """Return the day after the last bar but one: the last prices given are that day's opens."""
    names = {"a": A, "b": B, "c": C, "d": D}
    panel = panel_of({names[key]: prices for key, prices in columns.items()})
    return Setting(panel=panel, day=DAYS[len(panel.ends) - 1])


RISING = market(a=[10.0, 10.0, 11.0], b=[10.0, 10.0, 10.5], c=[10.0, 10.0, 10.2], d=[10.0, 10.0, 9.0])


def test_the_strongest_are_bought_at_equal_weight_in_whole_lots():
    # Equity 100000 * 0.95 / 2 = 47500 each, less 6 for fees, at 1.0115 of the price:
    # a: 47494 / 11.1265 = 4268.5 -> 4200; b: 47494 / 10.62075 = 4471.8 -> 4400
    assert orders_of(RISING) == [("buy", A, 4200), ("buy", B, 4400)]


def test_momentum_needs_two_prices():
    one_close_and_an_open = market(a=[10.0, 11.0], b=[10.0, 10.5])
    an_open_alone = market(a=[10.0], b=[10.0])
    one_close_after_hours = replace(market(a=[10.0], b=[10.0]), at=time(15, 5))

    assert [order[1] for order in orders_of(one_close_and_an_open)] == [A, B]
    assert orders_of(an_open_alone) == []
    assert orders_of(one_close_after_hours) == []


def test_momentum_looks_back_no_further_than_it_is_told():
    setting = market(a=[5.0, 10.0, 10.0, 10.1], b=[20.0, 10.0, 10.0, 10.9])

    assert orders_of(setting, RuleAgent(top=1))[0][1] == A  # 5.0 -> 10.1
    assert orders_of(setting, RuleAgent(top=1, lookback=2))[0][1] == B  # 10.0 -> 10.9


def test_equal_momentum_is_ordered_by_symbol_whatever_the_files_order():
    panel = panel_of({symbol: [10.0, 10.0, 11.0] for symbol in (D, B, C, A)})

    bought = orders_of(Setting(panel=panel, day=DAYS[2]))

    assert [symbol for _, symbol, _ in bought] == [A, B]


def test_what_left_the_top_is_sold_before_what_entered_is_bought():
    book = Book(cash_cny=Decimal("1000.00"), lots=(holding(B, 300, DAYS[0]), holding(D, 5000, DAYS[0])))

    # Selling D brings 5000 * 9 * 0.985 = 44325; (45325 - 6) / 11.1265 = 4073.0 -> 4000
    assert orders_of(replace(RISING, book=book)) == [("sell", D, 5000), ("buy", A, 4000)]


def test_what_stays_in_the_top_is_neither_sold_nor_bought_again():
    book = Book(cash_cny=Decimal("90000.00"), lots=(holding(A, 100, DAYS[0]), holding(B, 100, DAYS[0])))

    assert orders_of(replace(RISING, book=book)) == []


RESIZING = rule_agent("momentum:top=2,resize=1")


def test_with_resize_what_stays_is_brought_to_what_its_weight_buys_sells_first():
    book = Book(cash_cny=Decimal("20000.00"), lots=(holding(A, 1000, DAYS[0]), holding(B, 7000, DAYS[0])))

    # Of the weight of 47500 a 4200 and b 4400, as above: a is 3200 short, b 2600 over.
    # Selling those brings 2600 * 10.5 * 0.985 = 26890.5; the cash buys (46890.5 - 6) / 11.1265 = 4213.7.
    assert orders_of(replace(RISING, book=book), RESIZING) == [("sell", B, 2600), ("buy", A, 3200)]


def test_with_resize_no_more_is_bought_than_the_cash_buys_and_nothing_of_today_is_sold():
    book = Book(cash_cny=Decimal("3000.00"), lots=(holding(A, 1000, DAYS[0]), holding(B, 5000, RISING.day)))

    # (3000 - 6) / 11.1265 = 269.1 -> 200
    assert orders_of(replace(RISING, book=book), RESIZING) == [("buy", A, 200)]


def test_with_resize_an_odd_lot_is_filled_up_in_whole_lots():
    book = Book(cash_cny=Decimal("90000.00"), lots=(holding(A, 3950, DAYS[0]), holding(B, 4350, DAYS[0])))

    # a is 250 short of 4200, b 50 of 4400.
    assert orders_of(replace(RISING, book=book), RESIZING) == [("buy", A, 200)]


def test_with_resize_a_symbol_with_a_working_order_is_left_alone():
    working = OpenOrder(
        order_id=OrderId("A" * 20),
        symbol=Symbol(A),
        side=Side.SELL,
        shares=100,
        filled=0,
        limit_cny=Decimal("12.00"),
        frozen_cny=Decimal("0.00"),
    )
    lots = (holding(A, 9000, DAYS[0]), holding(B, 4400, DAYS[0]))
    book = Book(cash_cny=Decimal("90000.00"), lots=lots, open_orders=(working,))

    assert orders_of(replace(RISING, book=book), RESIZING) == []


def test_a_holding_that_outgrew_its_weight_stays():
    dear = market(a=[400.0, 500.0, 600.0], b=[10.0, 10.0, 9.0])
    book = Book(cash_cny=Decimal("40000.00"), lots=(holding(A, 100, DAYS[0]),))

    # A lot of a costs 60000, its weight is 47500.
    assert sells_of(replace(dear, book=book)) == []


@pytest.mark.parametrize(
    ("cash_cny", "shares"),
    [
        ("1118.65", 100),  # 100 * 11.00 * 1.0115 = 1112.65, and 6.00 for fees
        ("1118.64", 0),
        ("6.00", 0),
        ("0.00", 0),
    ],
)
def test_a_buy_leaves_room_for_its_marketable_limit_and_its_fees(cash_cny: str, shares: int):
    rules = rules_on(Board.SSE_MAIN, DAYS[1])

    assert shares_for(rules, Decimal(cash_cny), Decimal("11.00")) == shares


def test_shares_bought_today_are_not_sold_today():
    today = RISING.day
    book = Book(
        cash_cny=Decimal("0.00"),
        lots=(holding(C, 200, DAYS[0]), holding(C, 300, today), holding(D, 100, today)),
    )

    assert sells_of(replace(RISING, book=book)) == [("sell", C, 200)]


def test_a_fund_that_settles_at_once_is_sold_the_day_it_was_bought():
    gold = "518880.SH"
    panel = panel_of({A: [10.0, 11.0], gold: [5.0, 4.9]})
    book = Book(cash_cny=Decimal("0.00"), lots=(holding(gold, 400, DAYS[1]),))
    as_gold = {Symbol(gold): Instrument(symbol=Symbol(gold), kind=Kind.ETF_GOLD_T0)}
    setting = Setting(panel=panel, day=DAYS[1], book=book)

    assert sells_of(setting, RuleAgent(top=1)) == []
    assert sells_of(replace(setting, instruments=as_gold), RuleAgent(top=1)) == [("sell", gold, 400)]


def test_an_odd_lot_is_sold_whole():
    book = Book(cash_cny=Decimal("0.00"), lots=(holding(D, 150, DAYS[0]),))

    assert sells_of(replace(RISING, book=book)) == [("sell", D, 150)]


def test_a_symbol_whose_lot_costs_more_than_its_weight_is_passed_over():
    setting = market(a=[1000.0, 1000.0, 1450.0], b=[10.0, 10.0, 10.5], c=[10.0, 10.0, 10.2])

    # A lot of a costs 145000.
    assert [symbol for _, symbol, _ in orders_of(setting)] == [B, C]


def test_a_star_symbol_is_bought_from_200_shares_on():
    star = "688001.SH"
    dear = panel_of({star: [200.0, 250.0], A: [10.0, 10.1]})
    cheap = panel_of({star: [200.0, 230.0], A: [10.0, 10.1]})

    # 47494 / (250 * 1.0115) = 187.8 is below 200; 47494 / (230 * 1.0115) = 204.1
    assert [order[1] for order in orders_of(Setting(panel=dear))] == [A]
    assert orders_of(Setting(panel=cheap))[0] == ("buy", star, 204)


def test_a_suspended_symbol_is_neither_bought_nor_sold():
    setting = market(a=[10.0, 12.0, NAN], b=[10.0, 10.0, 10.5], c=[10.0, 10.0, NAN])
    book = Book(cash_cny=Decimal("50000.00"), lots=(holding(C, 100, DAYS[0]),))

    assert [order[:2] for order in orders_of(replace(setting, book=book))] == [("buy", B)]


def test_a_symbol_that_came_later_is_ranked_from_its_first_close():
    setting = market(a=[10.0, 10.0, 10.0, 10.5], b=[NAN, 10.0, 10.5, 11.0], c=[NAN, NAN, NAN, 9.0])

    # b: 11 / 10; c has an open and no close before it.
    assert [symbol for _, symbol, _ in orders_of(setting)] == [B, A]


def test_buys_never_ask_for_more_cash_than_there_is():
    book = Book(cash_cny=Decimal("3000.00"))

    # (3000 - 6) / 11.1265 = 269 -> 200, which sets aside 200 * 11.1265 + 6 = 2231.3; 768.7 buys no lot of b.
    assert orders_of(replace(RISING, book=book)) == [("buy", A, 200)]


def test_cash_frozen_by_a_working_order_is_not_spent_and_its_symbol_is_left_alone():
    working = OpenOrder(
        order_id=OrderId("A" * 20),
        symbol=Symbol(A),
        side=Side.BUY,
        shares=100,
        filled=0,
        limit_cny=Decimal("11.00"),
        frozen_cny=Decimal("97000.00"),
    )
    book = Book(cash_cny=Decimal("100000.00"), open_orders=(working,))

    # (3000 - 6) / 10.62075 = 281.9 -> 200
    assert orders_of(replace(RISING, book=book)) == [("buy", B, 200)]


def test_a_held_symbol_off_the_watchlist_is_not_named():
    book = Book(cash_cny=Decimal("0.00"), lots=(holding(D, 100, DAYS[0]),))
    watched = (Symbol(A), Symbol(B))

    assert orders_of(replace(RISING, book=book, watchlist=watched)) == []


def test_a_watchlist_smaller_than_the_file_is_ranked_alone():
    assert [order[1] for order in orders_of(replace(RISING, watchlist=(Symbol(C), Symbol(D))))] == [C, D]


def test_the_agent_follows_when_the_watchlist_changes():
    agent = RuleAgent(top=1)

    assert orders_of(RISING, agent)[0][1] == A
    assert orders_of(replace(RISING, watchlist=(Symbol(C),)), agent)[0][1] == C


def test_a_source_without_bars_is_a_hold():
    assert orders_of(replace(RISING, no_history=True)) == []


def test_every_n_bars_counts_ended_bars_from_the_first():
    book = Book(cash_cny=Decimal("90000.00"), lots=(holding(D, 100, DAYS[0]),))
    hours = panel_of(
        {symbol: [price] * 20 for symbol, price in ((A, 10.0), (D, 9.0))}, frequency=Frequency.HOURLY
    )
    agent = RuleAgent(rebalance_every=4)

    # At 10:35 one bar of the day has ended: the 1st, 5th, 9th ... of the file.
    acts = [
        (day, at)
        for day in DAYS[1:4]
        for at in (time(10, 35), time(11, 35), time(14, 5), time(15, 5))
        if "Momentum" in answer_of(agent, Setting(panel=hours, day=day, at=at, book=book).brief()).text
    ]

    assert acts == [(day, time(10, 35)) for day in DAYS[1:4]]


def test_an_empty_account_does_not_wait_for_its_bar():
    setting = market(a=[10.0, 10.0, 11.0], b=[10.0, 10.0, 10.5])

    assert orders_of(setting, RuleAgent(rebalance_every=20))


@pytest.mark.parametrize(("day", "names"), [(date(2025, 10, 10), []), (date(2026, 7, 13), [A])])
def test_after_hours_only_what_has_fixed_price_trading_is_ordered(day: date, names: list[str]):
    # Main-board stocks have it since 2026-07-06.
    panel = panel_of({A: [10.0, 11.0]})
    shown = replace(panel, days=panel.days + (day - DAYS[1]).days, starts=panel.starts, ends=panel.ends)

    assert [order[1] for order in orders_of(Setting(panel=shown, day=day, at=time(15, 5)))] == names


def test_after_hours_a_listed_open_end_fund_is_left_alone_where_an_etf_is_not():
    etf, lof = "510050.SH", "501018.SH"
    day = date(2026, 7, 13)
    panel = panel_of({etf: [1.0, 1.1], lof: [1.0, 1.1]})

    assert [order[1] for order in orders_of(Setting(panel=panel, day=day, at=time(15, 5)))] == [etf]
    assert [order[1] for order in orders_of(Setting(panel=panel, day=day, at=time(14, 5)))] == [lof, etf]


def test_at_lunch_orders_are_made_because_they_wait():
    assert orders_of(replace(RISING, at=time(11, 35)))


def test_a_day_the_rulebook_does_not_know_is_a_hold():
    setting = Setting(panel=panel_of({A: [10.0, 11.0]}), day=date(2027, 1, 4))

    assert orders_of(setting) == []


def test_buy_and_hold_buys_the_first_that_fit_once():
    panel = panel_of(
        {D: [10.0, 9.0], A: [1000.0, 1450.0], C: [10.0, NAN], B: [10.0, 10.0], "600005.SH": [10.0, 10.0]}
    )
    setting = Setting(panel=panel)
    agent = rule_agent("buy_and_hold:top=2")

    # In the watchlist's order; a lot of a costs too much, c is suspended.
    # 47494 / 9.1035 = 5217.1; 47494 / 10.115 = 4695.4
    assert orders_of(setting, agent) == [("buy", D, 5200), ("buy", B, 4600)]
    assert (
        orders_of(
            replace(setting, book=Book(cash_cny=Decimal("1e5"), lots=(holding(B, 100, DAYS[0]),))), agent
        )
        == []
    )


def test_hold_never_trades():
    assert orders_of(RISING, rule_agent("hold")) == []


def test_the_answer_is_the_contract_and_nothing_more():
    answer = json.loads(answer_of(RuleAgent(top=2), RISING.brief()).text)

    assert answer.keys() == {"rationale", "orders"}
    assert answer["orders"][0].keys() == {"symbol", "side", "shares", "limit_price", "reason"}


def test_the_same_briefing_gives_the_same_bytes():
    assert answer_of(RuleAgent(), RISING.brief()) == answer_of(RuleAgent(), RISING.brief())


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("momentum", "rule:momentum"),
        ("momentum:every=20", "rule:momentum:every=20"),
        ("momentum:every=1,top=5,lookback=20", "rule:momentum"),
        ("momentum:every=4,top=3", "rule:momentum:top=3,every=4"),
        ("momentum:resize=1,every=4", "rule:momentum:every=4,resize=1"),
        ("momentum:resize=0", "rule:momentum"),
        ("buy_and_hold", "rule:buy_and_hold"),
        ("hold", "rule:hold"),
    ],
)
def test_a_rules_name_is_its_spec_without_what_is_usual(spec: str, name: str):
    agent = rule_agent(spec)

    assert agent.name == name
    assert agent.reads is Reads.ARRAYS
    assert rule_agent(name.removeprefix("rule:")).name == name


def test_a_rule_without_a_name_is_momentum():
    assert rule_agent().name == "rule:momentum"


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "momentun",
        "momentum:evry=2",
        "momentum:every",
        "momentum:every=",
        "momentum:every=two",
        "momentum:top=0",
        "momentum:resize=2",
        "hold:resize=1",
    ],
)
def test_an_unknown_rule_or_option_is_one_line(spec: str):
    with pytest.raises(UnknownRule) as refused:
        rule_agent(spec)

    assert "\n" not in str(refused.value)


def test_an_unknown_rules_message_lists_those_there_are():
    with pytest.raises(UnknownRule) as refused:
        rule_agent("momentun")

    assert all(name in str(refused.value) for name in rule_names())


@pytest.mark.skipif(not SHARED.exists(), reason="the shared price files are not beside the checkout")
@pytest.mark.parametrize(
    ("file", "at"), [("daily.jsonl", time(9, 35)), ("hourly.jsonl", time(10, 35))], ids=["daily", "hourly"]
)
def test_it_trades_on_the_real_files_second_day_and_leaves_out_what_it_cannot_afford(file: str, at: time):
    setting = Setting(panel=load_prices(SHARED / file, cache_dir=None), day=date(2025, 10, 10), at=at)

    orders = orders_of(setting, RuleAgent())

    assert len(orders) == 5
    assert all(side == "buy" and shares >= 100 for side, _, shares in orders)
    assert "600519.SH" not in {symbol for _, symbol, _ in orders}


def test_it_trades_in_the_demo_market():
    cash = Decimal("1000000.00")
    setting = Setting(
        panel=demo_panel(), day=DEMO_START, at=time(10, 35), book=Book(cash_cny=cash), equity_cny=cash
    )

    orders = orders_of(setting, RuleAgent())

    assert len(orders) == 5
    assert {side for side, _, _ in orders} == {"buy"}
