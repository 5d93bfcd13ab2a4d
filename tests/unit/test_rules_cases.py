"""The worked cases beside the checkout, and how a case is read."""

import json
from pathlib import Path

import pytest

from services.rules.cases import Unsupported, run_case

CASES = Path(__file__).parents[3] / "shared/cases/rules_cases.json"
NEEDS_A_CALENDAR = {"sellable-06", "us-01", "us-04", "us-07", "us-08"}


def load() -> list[dict]:
    return json.loads(CASES.read_text(encoding="utf-8"))["cases"] if CASES.exists() else []


def needs_a_calendar(case: dict) -> bool:
    return case["category"] == "calendar" or case["id"] in NEEDS_A_CALENDAR


PURE = [case for case in load() if not needs_a_calendar(case)]


@pytest.mark.skipif(not CASES.exists(), reason="the worked cases are not beside this checkout")
def test_the_file_of_cases_has_cases():
    assert len(PURE) > 100


@pytest.mark.parametrize("case", PURE, ids=[case["id"] for case in PURE])
def test_the_rulebook_answers_the_case(case):
    assert run_case(case["category"], case["input"]) == case["expect"], case["why"]


@pytest.mark.parametrize(
    ("category", "given"),
    [
        ("calendar", {"exchange": "XSHG", "date": "2026-01-02"}),
        ("us", {"date": "2026-10-30"}),
        ("sellable", {"kind": "stock", "buy_date": "2026-09-30", "query_date": "2026-10-08"}),
        ("limit", {"board": "SSE_MAIN", "prev_close": "10.00", "surprise": True}),
        ("limit", {"board": "SSE_MAIN"}),
        ("limit", {"board": "SSE_MAIN", "prev_close": 10.05}),
        ("limit", {"board": 5, "prev_close": "10.00"}),
        ("lot", {"board": "SSE_MAIN", "side": "buy", "qty": "100"}),
        ("fee", {"board": "SSE_MAIN", "side": "buy"}),
        ("fill", {"side": "buy", "order": "10.00"}),
        ("div_tax", {"event": "split", "shares": 100}),
        ("div_tax", {"event": "10送3", "shares": 100, "sell_within": "1 week"}),
    ],
)
def test_a_case_that_is_not_understood_is_refused(category, given):
    with pytest.raises(Unsupported):
        run_case(category, given)


@pytest.mark.parametrize(
    ("category", "given", "expected"),
    [
        ("limit", {"board": "CB", "prev_close": "100", "date": "2022-07-29"}, {"mode": "unlimited"}),
        (
            "limit",
            {"board": "CB", "prev_close": "123", "list_day": 1, "issue_price": "100"},
            {"mode": "limited", "limit_up": "157.300", "limit_down": "56.700"},
        ),
        # The list reaches back over a weekend: Monday 2026-11-23 is day 2 of a Friday listing.
        (
            "limit",
            {"board": "BSE", "prev_close": "8.00", "date": "2026-11-23", "list_day": 2},
            {"mode": "limited", "limit_up": "10.40", "limit_down": "5.60"},
        ),
        # One order in two fills: commission 8,000 + 16,000 = 24,000 x 0.00025 = 6.00.
        (
            "fee",
            {
                "board": "SSE_MAIN",
                "side": "buy",
                "fills": [["8.00", 1000], ["16.00", 1000]],
                "commission_rate": "0.00025",
                "commission_min": "5",
                "mode": "all_in",
            },
            {
                "amount": "24000.00",
                "commission": "6.00",
                "stamp_duty": "0.00",
                "transfer_fee": "0.24",
                "total": "6.24",
                "cash_delta": "-24006.24",
            },
        ),
        ("fee_policy", {"commission_rate": "0.0003"}, {"valid": True}),
        (
            "cage_combined",
            {
                "board": "SSE_MAIN",
                "side": "sell",
                "prev_close": "10.00",
                "bid1": "9.99",
                "limit_price": "8.99",
            },
            {"valid": False, "reason": "below_daily_limit_9.00"},
        ),
        (
            "cage_combined",
            {
                "board": "SSE_MAIN",
                "side": "sell",
                "prev_close": "10.00",
                "bid1": "9.99",
                "limit_price": "9.78",
            },
            {"valid": False, "reason": "below_cage_9.79"},
        ),
        (
            "cage_combined",
            {
                "board": "SSE_MAIN",
                "side": "buy",
                "prev_close": "10.00",
                "ask1": "10.00",
                "limit_price": "10.20",
            },
            {"valid": True},
        ),
        (
            "after_hours",
            {"board": "SZSE_MAIN", "time": "09:20:00"},
            {"accepts_after_hours_orders": True, "matching": False},
        ),
        (
            "after_hours",
            {"side": "sell", "limit": "9.90", "close": "10.00", "time": "2026-11-20T15:10:00"},
            {"eligible": True, "price": "10.00"},
        ),
        # Taken from 13:00 on, traded at the close: the limit is held against the close the case tells.
        (
            "after_hours",
            {"side": "buy", "limit": "10.10", "close": "10.00", "time": "14:30"},
            {"eligible": True, "price": "10.00"},
        ),
        ("after_hours", {"side": "buy", "limit": "10", "close": "10", "time": "12:00"}, {"eligible": False}),
        ("after_hours", {"side": "buy", "limit": "10", "close": "10", "time": "09:20"}, {"eligible": False}),
        (
            "after_hours",
            {"board": "SZSE_MAIN", "side": "buy", "limit": "10", "close": "10", "time": "09:20"},
            {"eligible": True, "price": "10"},
        ),
        ("after_hours", {"board": "CDR", "time": "2026-11-20T15:10:00"}, {"after_hours_trading": True}),
        ("after_hours", {"board": "LOF", "time": "2026-11-20T15:10:00"}, {"after_hours_trading": False}),
        (
            "phase",
            {"board": "SZSE_LOF", "time": "2026-11-20T15:10:00"},
            {"phase": "closed", "exchange_accepts_auction_orders": False, "exchange_accepts_cancel": False},
        ),
        (
            "phase",
            {"board": "CB", "exch": "SSE", "time": "2026-07-03T14:58:00"},
            {"phase": "continuous", "exchange_accepts_auction_orders": True, "exchange_accepts_cancel": True},
        ),
        (
            "phase",
            {"board": "CB", "exch": "SZSE", "time": "2016-05-06T09:26:00"},
            {"phase": "gap", "exchange_accepts_auction_orders": True, "exchange_accepts_cancel": False},
        ),
        # STAR: 100,000 shares in an auction order, 1,000,000 after hours.
        ("lot", {"board": "STAR", "side": "buy", "qty": 100001}, {"valid": False, "reason": "over_max"}),
        (
            "lot",
            {"board": "STAR", "side": "buy", "qty": 1000000, "order": "after_hours"},
            {"valid": True, "reason": "ok"},
        ),
        (
            "lot",
            {"board": "STAR", "side": "buy", "qty": 1000001, "order": "after_hours"},
            {"valid": False, "reason": "over_max"},
        ),
        ("sellable", {"kind": "etf_cross_border_t1", "opening": 0, "bought_today": 10}, {"sellable": 0}),
        (
            "st_cap",
            {"board": "SSE_MAIN", "st": True, "order": 600000, "side": "sell"},
            {"valid": True},
        ),
        (
            "st_cap",
            {"board": "SSE_MAIN", "st": True, "order": 600000, "side": "buy"},
            {"valid": False, "reason": "risk_warning_daily_buy_cap_500000"},
        ),
        (
            "div_tax",
            {"event": "10转5", "shares": 1000, "sell_within": "1 year"},
            {"taxable": "0.00", "tax": "0.00"},
        ),
        (
            "div_tax",
            {"buy": "2026-06-10", "record_date": "2026-06-10", "shares": 1000, "cash_per_share": "0.50"},
            {"entitled": True, "credit": "500.00"},
        ),
        (
            "sellable",
            {"kind": "convertible_bond", "buy_date": "2026-09-30", "query_date": "2026-10-08"},
            {"sellable_from": "2026-09-30"},
        ),
        (
            "fill",
            {"side": "buy", "quote": {"ask1": "10.00", "bid1": "9.99"}, "order": "10.00"},
            {"fill": True, "price": "10.00"},
        ),
        (
            "fill",
            {
                "side": "buy",
                "bar": {"o": "10.50", "h": "11.00", "l": "10.40", "c": "11.00"},
                "limit_up": "11.00",
                "order": "11.01",
            },
            {"fill": False},
        ),
        (
            "fill",
            {"side": "sell", "suspended": True, "order": "9.00"},
            {"fill": False, "reason": "suspended"},
        ),
    ],
)
def test_cases_of_the_same_kinds(category, given, expected):
    assert run_case(category, given) == expected


BAR = {"o": "10.00", "h": "10.20", "l": "9.80", "c": "10.10"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"bar": {**BAR, "volume": 100}}, "10.00"),
        ({"bar": {**BAR, "volume": None}}, "10.00"),
        ({"bar": {**BAR, "volume": 0}}, None),
        ({"bar": {**BAR, "v": "0"}}, None),
        ({"quote": {"ask1": "10.00", "ask1_vol": 1, "bid1": "9.99", "bid1_vol": 0}}, "10.00"),
        ({"quote": {"ask1": "10.00", "ask1_vol": 0, "bid1": "9.99", "bid1_vol": 5}}, None),
        ({"bar": BAR, "order": "10.005"}, "10.00"),  # whose tick it is nobody says
        ({"bar": BAR, "order": "10.005", "board": "SSE_MAIN"}, None),
        ({"bar": BAR, "order": "10.005", "board": "SSE_MAIN", "prev_close": "10.00"}, None),
        ({"bar": BAR, "order": "10.005", "board": "ETF"}, "10.00"),  # on its tick of 0.001
    ],
)
def test_an_order_trades_where_something_traded_and_its_price_is_one(given, expected):
    answer = run_case("fill", {"side": "buy", "order": "10.00", **given})

    assert answer == ({"fill": False} if expected is None else {"fill": True, "price": expected})


@pytest.mark.parametrize(
    ("category", "given"),
    [
        ("cage", {"board": "SSE_MAIN", "side": "buy", "ask1": "-10.00"}),
        ("cage", {"board": "SSE_MAIN", "side": "buy", "ask1": "0"}),
        ("cage", {"board": "SSE_MAIN", "side": "buy", "ask1": "10.00", "phase": "tea"}),
        ("cage", {"board": "SSE_MAIN", "side": "buy", "ask1": "10.00", "order": "wish"}),
        ("cage_combined", {"board": "SSE_MAIN", "side": "buy", "prev_close": "10", "limit_price": "-1"}),
        ("lot", {"board": "SSE_MAIN", "side": "sell", "qty": 100, "pos": -1}),
        ("lot", {"board": "SSE_MAIN", "side": "sell", "qty": 100, "order": "wish"}),
        ("fee", {"board": "SSE_MAIN", "side": "buy", "price": "10.00", "qty": -1}),
        ("fee", {"board": "SSE_MAIN", "side": "buy", "fills": [["10.00", -1]]}),
        ("fee", {"board": "SSE_MAIN", "side": "buy", "fills": [["-10.00", 100]]}),
        ("fee", {"board": "SSE_MAIN", "side": "buy", "price": "10", "qty": 100, "commission_rate": "-1"}),
        ("fee_policy", {"commission_rate": "0.0003", "notional": "-1"}),
        ("after_hours", {"side": "buy", "limit": "10", "close": "-10"}),
        ("after_hours", {"side": "buy", "limit": "10", "close": "10", "qty": -1}),
        ("sellable", {"kind": "stock", "opening": -1}),
        ("sellable", {"kind": "stock", "opening": 1, "sold_today": -1}),
        ("cash", {"opening_available": "-1", "sell_proceeds_today": "10"}),
        ("cash", {"opening_available": "1", "sell_proceeds_today": "10", "bought_today": "11.01"}),
        ("st_cap", {"exch": "SSE", "st": True, "order": -1}),
        ("fill", {"side": "buy", "order": "-1", "quote": {"ask1": "10"}}),
        ("fill", {"side": "buy", "order": "10", "bar": {"o": "-1", "h": "1", "l": "1"}}),
        ("fill", {"side": "buy", "order": "10", "bar": {"o": "10", "h": "9", "l": "11"}}),  # high below low
        ("fill", {"side": "buy", "order": "10", "bar": {"o": "12", "h": "11", "l": "9"}}),
        ("fill", {"side": "buy", "order": "10", "bar": {"o": "10", "h": "11", "l": "9", "c": "8.99"}}),
        ("fill", {"side": "buy", "order": "10", "bar": {"o": "10", "h": "11", "l": "9", "volume": -1}}),
        ("fill", {"side": "buy", "order": "10", "bar": {"o": "10", "h": "11", "l": "9", "halted": True}}),
        ("fill", {"side": "buy", "order": "10", "quote": {"ask1": "10", "halted": True}}),
        ("fill", {"side": "buy", "order": "10", "quote": {"ask1": "10", "ask1_vol": -1}}),
        ("us", {"tier": 1, "reference": "-5"}),
        ("us", {"tier": 1, "reference": "5", "prev_close": "0"}),
        ("us", {"equity": "1000", "day_trades_5d": -1}),
    ],
)
def test_a_case_about_nothing_real_is_refused(category, given):
    with pytest.raises(Unsupported):
        run_case(category, given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"qty": 400, "pos": 300}, {"valid": False, "reason": "over_position"}),
        ({"qty": 100, "pos": 0}, {"valid": False, "reason": "over_position"}),
        ({"qty": 300, "pos": 300}, {"valid": True, "reason": "ok"}),
        ({"qty": 350, "pos": 300}, {"valid": False, "reason": "not_multiple"}),  # the form comes first
        ({"qty": 100}, {"valid": True, "reason": "ok"}),  # no position told: the form alone
        ({"qty": -1, "pos": 300}, {"valid": False, "reason": "not_positive"}),
    ],
)
def test_a_sell_is_not_larger_than_the_position_the_case_tells(given, expected):
    assert run_case("lot", {"board": "SSE_MAIN", "side": "sell", **given}) == expected


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ({"ask1": "10.00", "phase": "continuous", "order": "limit"}, "10.20"),
        ({"ask1": "10.00", "phase": "open_call"}, None),
        ({"ask1": "10.00", "phase": "close_call", "order": "limit"}, None),
        ({"ask1": "10.00", "order": "market"}, None),
        ({"phase": "after_hours"}, None),  # no reference is needed where there is no cage
    ],
)
def test_the_cage_holds_limit_orders_of_continuous_trading(given, bound):
    assert run_case("cage", {"board": "SSE_MAIN", "side": "buy", **given}) == {"bound": bound}


@pytest.mark.parametrize(
    ("bought", "buyable", "today"),
    [
        ("0", "10100.00", "100.00"),
        ("40.00", "10060.00", "60.00"),  # what is left of the opening 100
        ("4000.00", "6100.00", "0.00"),
        ("10100.00", "0.00", "0.00"),
    ],
)
def test_what_was_bought_today_leaves_less_to_withdraw(bought, buyable, today):
    given = {"opening_available": "100.00", "sell_proceeds_today": "10000.00", "bought_today": bought}

    assert run_case("cash", given) == {
        "buyable_today": buyable,
        "withdrawable_today": today,
        "withdrawable_next_session": buyable,
    }


@pytest.mark.parametrize(
    ("board", "date", "phase"),
    [
        ("SSE_REIT", "2026-07-03", "continuous"),
        ("SSE_REIT", "2026-07-06", "close_call"),
        ("SZSE_REIT", "2026-07-03", "close_call"),
        ("SSE_CB", "2026-07-03", "continuous"),
        ("SSE_CB", "2026-07-06", "close_call"),
        ("SZSE_CB", "2026-07-03", "close_call"),
    ],
)
def test_reits_and_convertibles_of_sse_traded_on_to_the_end(board, date, phase):
    assert run_case("phase", {"board": board, "date": date, "time": "14:58:00"})["phase"] == phase


IPO = {"board": "STAR", "prev_close": "10.00", "list_day": 1}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"side": "buy", "phase": "open_call", "limit_price": "90.00"}, {"valid": True}),
        (
            {"side": "buy", "phase": "open_call", "limit_price": "90.01"},
            {"valid": False, "reason": "above_call_range_90.00"},
        ),
        ({"side": "sell", "phase": "open_call_no_cancel", "limit_price": "5.00"}, {"valid": True}),
        (
            {"side": "sell", "phase": "open_call", "limit_price": "4.99"},
            {"valid": False, "reason": "below_call_range_5.00"},
        ),
        ({"board": "CHINEXT", "side": "sell", "phase": "open_call", "limit_price": "0.01"}, {"valid": True}),
        (
            {
                "board": "CHINEXT",
                "side": "buy",
                "phase": "close_call",
                "last": "20.00",
                "limit_price": "22.01",
            },
            {"valid": False, "reason": "above_call_range_22.00"},
        ),
        (
            {
                "board": "CHINEXT",
                "side": "sell",
                "phase": "close_call",
                "last": "20.00",
                "limit_price": "17.99",
            },
            {"valid": False, "reason": "below_call_range_18.00"},
        ),
        (
            {"side": "buy", "ask1": "10.00", "limit_price": "10.21"},
            {"valid": False, "reason": "above_cage_10.20"},
        ),
        ({"side": "buy", "phase": "after_hours", "limit_price": "99.00"}, {"valid": True}),
        # The first day of an old listing: 64% to 144% of the issue price, in its opening call 80% to 120%.
        (
            {
                "board": "SSE_MAIN",
                "date": "2023-03-01",
                "registration": False,
                "side": "buy",
                "phase": "open_call",
                "limit_price": "12.01",
            },
            {"valid": False, "reason": "above_call_range_12.00"},
        ),
        (
            {
                "board": "SSE_MAIN",
                "date": "2023-03-01",
                "registration": False,
                "side": "buy",
                "phase": "close_call",
                "limit_price": "14.40",
            },
            {"valid": True},
        ),
    ],
)
def test_what_an_order_may_cost_on_a_first_day(given, expected):
    assert run_case("cage_combined", {**IPO, **given}) == expected


def limited(down: str, up: str) -> dict[str, object]:
    return {"mode": "limited", "limit_up": up, "limit_down": down}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "N测试"}, {"mode": "unlimited"}),
        ({"name": "C测试"}, {"mode": "unlimited"}),
        ({"name": "XD贵州茅"}, limited("9.00", "11.00")),
        ({"name": "*ST测试", "date": "2026-07-03"}, limited("9.50", "10.50")),
        ({"name": "XDST测试", "date": "2026-07-03"}, limited("9.50", "10.50")),
        ({"name": "*ST测试", "date": "2026-07-06"}, limited("9.00", "11.00")),
        ({"name": "ST测试", "date": "2026-07-06"}, limited("9.00", "11.00")),  # no share without reform
        ({"name": "S佳通"}, limited("9.50", "10.50")),
        ({"name": "N测试", "board": "BSE"}, {"mode": "unlimited"}),  # which has one such day alone
        ({"name": "C测试", "board": "BSE"}, limited("7.00", "13.00")),
        ({"name": "XDS佳通"}, limited("9.50", "10.50")),
        ({"name": "C测试", "list_day": 6}, limited("9.00", "11.00")),  # what the case states comes first
        ({"name": "*ST测试", "st": False, "date": "2026-07-03"}, limited("9.00", "11.00")),
        ({"name": "退市测试", "delist_day": 1}, {"mode": "unlimited"}),
        ({"name": "测试退", "delist_day": 2}, limited("9.00", "11.00")),
        ({"relist_day": 1}, {"mode": "unlimited"}),
        ({"relist_day": 2}, limited("9.00", "11.00")),
    ],
)
def test_names_and_days_make_the_limits(given, expected):
    assert run_case("limit", {"board": "SSE_MAIN", "prev_close": "10.00", **given}) == expected


@pytest.mark.parametrize("given", [{"name": "测试退"}, {"relist_day": 0}, {"name": 5}])
def test_a_name_or_a_day_that_leaves_the_limits_open_is_refused(given):
    with pytest.raises(Unsupported):
        run_case("limit", {"board": "SSE_MAIN", "prev_close": "10.00", **given})


@pytest.mark.parametrize(
    ("board", "date", "expected"),
    [
        ("SSE_REIT", "2023-04-07", limited("0.004", "0.004")),  # 0.0036 and 0.0044
        ("SSE_REIT", "2023-04-10", limited("0.003", "0.005")),
        ("SZSE_REIT", "2021-02-01", limited("0.003", "0.005")),  # SZSE has had the floor since 2011
        ("SSE_CB", "2022-08-01", limited("0.003", "0.005")),
    ],
)
def test_the_one_tick_floor_is_the_exchanges(board, date, expected):
    assert run_case("limit", {"board": board, "prev_close": "0.004", "date": date}) == expected
