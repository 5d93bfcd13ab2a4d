"""Worked cases that need a calendar, more of every category, and a file of them."""

import json
from functools import cache
from pathlib import Path

import pytest

from services.calendars import MarketCalendar
from services.domain.instruments import Market
from services.ports import Calendar
from services.rule_case_file import CaseFileError, check, read_cases, same
from services.rule_cases import answer_case
from services.rules import OutsideRulebook
from services.rules.case_input import Unsupported

CASES = Path(__file__).parents[3] / "shared/cases/rules_cases.json"


@cache
def calendars(market: Market) -> Calendar:
    return MarketCalendar(market, None)


def answer(category: str, **given: object) -> dict[str, object]:
    return answer_case(category, given, calendars)


def limits(up: str, down: str) -> dict[str, object]:
    return {"mode": "limited", "limit_up": up, "limit_down": down}


UNLIMITED = {"mode": "unlimited"}


@pytest.mark.skipif(not CASES.exists(), reason="the worked cases are not beside this checkout")
def test_every_case_of_the_file_beside_the_checkout_passes():
    done = check(read_cases(CASES), calendars)

    assert len(done) == 139
    assert [(one.case.id, one.got, one.why) for one in done if not one.passed] == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"date": "2026-10-08"}, {"session": True}),
        ({"exchange": "SZSE", "date": "2026-06-19"}, {"session": False}),
        ({"exchange": "BSE", "date": "2026-09-25"}, {"session": False}),
        # The exchange closed on the day before Spring Festival 2024, a working day by the State Council.
        ({"exchange": "XSHG", "date": "2024-02-09"}, {"session": False}),
        ({"exchange": "XSHG", "date": "2027-01-04"}, {"session": "unknown"}),
        ({"exchange": "XSHG", "after": "2026-12-31", "op": "next_session"}, {"result": "unknown"}),
        ({"exchange": "XSHG", "after": "2026-12-30", "op": "next_session"}, {"result": "2026-12-31"}),
        ({"exchange": "XSHG", "before": "2026-02-24", "op": "previous_session"}, {"result": "2026-02-13"}),
        ({"exchange": "XSHG", "year": 2026, "op": "session_count"}, {"result": 242}),
        ({"exchange": "XSHG", "year": 2027, "op": "session_count"}, {"result": "unknown"}),
        # 10-08 and 10-09 after the holiday.
        (
            {"exchange": "XSHG", "start": "2026-10-01", "end": "2026-10-09", "op": "session_count"},
            {"result": 2},
        ),
        ({"exchange": "XNYS", "date": "2026-07-03"}, {"session": False}),
        ({"exchange": "XNYS", "after": "2026-11-25", "op": "next_session"}, {"result": "2026-11-27"}),
        # The circuit breaker of 2016: trading ended at about 13:33 and 09:59; on 01-08 it was suspended.
        ({"date": "2016-01-04", "time": "13:20:00"}, {"open": True}),
        ({"date": "2016-01-07", "time": "10:00:00"}, {"open": False, "reason": "circuit_breaker"}),
        ({"time": "2016-01-07T09:45:00"}, {"open": True}),
        ({"date": "2016-01-08", "time": "14:00:00"}, {"open": True}),
        ({"date": "2026-11-20", "time": "12:00:00"}, {"open": False, "reason": "lunch"}),
        ({"date": "2026-10-01", "time": "10:00:00"}, {"open": False, "reason": "not_a_session"}),
        ({"date": "2027-01-04", "time": "10:00:00"}, {"open": "unknown"}),
        (
            {"exchange": "XNYS", "date": "2026-11-27", "time": "13:00:00"},
            {"open": False, "reason": "early_close"},
        ),
    ],
)
def test_the_calendar(given, expected):
    assert answer("calendar", **given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # T+1 over Spring Festival: Friday 02-13, then Tuesday 02-24.
        ({"kind": "stock", "buy_date": "2026-02-13"}, {"sellable_from": "2026-02-24"}),
        ({"buy_date": "2026-12-31"}, {"sellable_from": "unknown"}),
        ({"kind": "etf_cross_border_t0", "buy_date": "2026-12-31"}, {"sellable_from": "2026-12-31"}),
        # Cross-border funds are T+0 from Monday 2015-01-19 on.
        ({"kind": "etf_cross_border_t0", "buy_date": "2015-01-16"}, {"sellable_from": "2015-01-19"}),
        ({"kind": "etf_cross_border_t0", "buy_date": "2015-01-19"}, {"sellable_from": "2015-01-19"}),
        ({"kind": "etf_gold", "buy_date": "2026-11-20"}, {"sellable_from": "2026-11-20"}),
        ({"kind": "etf_money_t0", "buy_date": "2026-11-20"}, {"sellable_from": "2026-11-20"}),
        ({"kind": "reit", "buy_date": "2026-11-20"}, {"sellable_from": "2026-11-23"}),
        ({"kind": "b_share", "buy_date": "2026-11-20"}, {"sellable_from": "2026-11-23"}),
        ({"board": "CB", "buy_date": "2026-11-20"}, {"sellable_from": "2026-11-20"}),
        ({"board": "US", "buy_date": "2026-11-20"}, {"sellable_from": "2026-11-20"}),
        (
            {"kind": "stock", "buy_date": "2026-09-30", "query_date": "2026-10-07"},
            {"sellable_from": "2026-10-08", "sellable": False},
        ),
        ({"kind": "stock", "opening": 800, "bought_today": 300, "frozen": 200}, {"sellable": 600}),
        ({"kind": "etf_bond_t0", "opening": 0, "bought_today": 1000}, {"sellable": 1000}),
        ({"kind": "stock", "opening": 100, "bought_today": 0, "sold_today": 300}, {"sellable": 0}),
    ],
)
def test_when_shares_may_be_sold(given, expected):
    assert answer("sellable", **given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # New York is 4 hours behind UTC in summer and 5 in winter; clocks change on Sunday 2026-11-01.
        (
            {"date": "2026-11-02"},
            {"open_utc": "14:30", "close_utc": "21:00", "close_shanghai": "2026-11-03T05:00"},
        ),
        (
            {"date": "2026-03-09"},
            {"open_utc": "13:30", "close_utc": "20:00", "open_shanghai": "2026-03-09T21:30"},
        ),
        ({"date": "2026-03-06"}, {"open_utc": "14:30", "close_utc": "21:00", "early_close": False}),
        ({"date": "2026-12-24"}, {"close_et": "13:00", "close_utc": "18:00", "early_close": True}),
        ({"date": "2026-07-02"}, {"close_et": "16:00", "early_close": False}),
        ({"date": "2027-11-26"}, {"close_et": "13:00"}),
        ({"date": "2026-07-03"}, {"session": False}),
        ({"date": "2028-01-03"}, {"session": "unknown"}),
        # T+1 from 2024-05-28, T+2 from 2017-09-05, T+3 before.
        ({"trade_date": "2024-05-28"}, {"settle": "2024-05-29"}),
        ({"trade_date": "2024-05-27"}, {"settle": "2024-05-29"}),
        ({"trade_date": "2017-09-05"}, {"settle": "2017-09-07"}),
        ({"trade_date": "2017-09-01"}, {"settle": "2017-09-07"}),  # Monday 09-04 is Labor Day.
        ({"trade_date": "2026-11-25"}, {"settle": "2026-11-27"}),
        # Tier 2 above 3.00: 10%; 0.75 to 3.00: 20%; below: the lesser of 0.15 and 75%.
        ({"tier": 2, "reference": "50.00", "time_et": "10:00"}, {"luld_low": "45.00", "luld_high": "55.00"}),
        (
            {"tier": 1, "reference": "100.00", "prev_close": "100.00", "time_et": "15:35"},
            {"luld_low": "90.00", "luld_high": "110.00"},
        ),
        (
            {"tier": 2, "reference": "50.00", "prev_close": "50.00", "time_et": "15:40"},
            {"luld_low": "45.00", "luld_high": "55.00"},
        ),
        ({"tier": 2, "reference": "2.00"}, {"luld_low": "1.60", "luld_high": "2.40"}),
        ({"tier": 1, "reference": "0.50"}, {"luld_low": "0.35", "luld_high": "0.65"}),
        ({"equity": "3000", "day_trades_5d": 5, "date": "2026-06-03"}, {"pdt_block": True}),
        ({"equity": "3000", "day_trades_5d": 5, "date": "2026-06-04"}, {"pdt_block": False}),
        ({"equity": "25000", "day_trades_5d": 5, "date": "2026-06-03"}, {"pdt_block": False}),
        ({"equity": "3000", "day_trades_5d": 3, "date": "2026-06-03"}, {"pdt_block": False}),
        ({"date": "2026-11-27", "time_et": "12:59"}, {"open": True}),
    ],
)
def test_us_days(given, expected):
    got = answer("us", **given)

    assert {name: got[name] for name in expected} == expected


CLOSED = {
    "phase": "closed",
    "exchange_accepts_auction_orders": False,
    "exchange_accepts_cancel": False,
}


def phase(name: str, orders: bool, cancels: bool) -> dict[str, object]:
    return {
        "phase": name,
        "exchange_accepts_auction_orders": orders,
        "exchange_accepts_cancel": cancels,
    }


@pytest.mark.parametrize(
    ("board", "time", "expected"),
    [
        ("SZSE_MAIN", "2016-05-06T09:26:00", phase("gap", True, False)),
        ("SZSE_MAIN", "2016-05-09T09:26:00", phase("gap", False, False)),
        ("SSE_MAIN", "2018-08-20T14:57:00", phase("close_call", True, False)),
        ("SSE_ETF", "2026-07-03T14:58:00", phase("continuous", True, True)),
        ("SSE_MAIN", "2026-07-03T15:10:00", CLOSED),
        ("SSE_MAIN", "2026-07-06T15:00:00", phase("after_hours_wait", False, True)),
        ("BSE", "2026-11-20T15:10:00", CLOSED),
        ("STAR", "2026-11-20T15:30:00", CLOSED),
        ("REIT", "2026-11-20T14:58:00", phase("close_call", True, False)),
        ("SZSE_B", "2026-11-20T15:10:00", CLOSED),
        ("SSE_MAIN", "2026-10-01T10:00:00", CLOSED),
        ("SSE_MAIN", "2016-01-04T14:00:00", CLOSED),
        ("US", "2026-11-27T13:30:00", CLOSED),
        ("US", "2026-11-20T13:30:00", phase("continuous", True, True)),
        ("SSE_MAIN", "13:00:00", phase("continuous", True, True)),
    ],
)
def test_phases(board, time, expected):
    assert answer("phase", board=board, time=time) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"board": "SSE_B", "prev_close": "0.500", "date": "2026-07-03", "st": True},
            limits("0.525", "0.475"),
        ),
        ({"board": "SZSE_B", "prev_close": "5.00", "date": "2026-11-20"}, limits("5.50", "4.50")),
        (
            {"board": "SZSE_ETF", "prev_close": "1.000", "date": "2020-08-21", "etf20": True},
            limits("1.100", "0.900"),
        ),
        (
            {"board": "SZSE_ETF", "prev_close": "1.000", "date": "2020-08-24", "etf20": True},
            limits("1.200", "0.800"),
        ),
        (
            {"board": "SSE_ETF", "prev_close": "1.000", "date": "2020-08-21", "etf20": True},
            limits("1.200", "0.800"),
        ),
        ({"board": "REIT", "prev_close": "3.000", "list_day": 2}, limits("3.300", "2.700")),
        ({"board": "BSE", "prev_close": "8.00", "list_day": 1}, UNLIMITED),
        ({"board": "STAR", "prev_close": "50.00", "list_day": 6}, limits("60.00", "40.00")),
        # Before 2013-12-13 a first day on the main board had no band, since then 64% to 144%.
        ({"board": "SSE_MAIN", "prev_close": "10", "date": "2013-12-12", "list_day": 1}, UNLIMITED),
        (
            {"board": "SSE_MAIN", "prev_close": "10", "date": "2013-12-13", "list_day": 1},
            limits("14.40", "6.40"),
        ),
        (
            {"board": "SSE_MAIN", "prev_close": "0.95", "date": "2020-12-30", "delist_day": 1},
            limits("1.05", "0.86"),
        ),
        ({"board": "BSE", "prev_close": "1.00", "delist_day": 2}, limits("1.30", "0.70")),
        # 0.04 x 1.1 = 0.044: on SSE the limit may equal the close until 2023-04-09.
        ({"board": "SSE_MAIN", "prev_close": "0.04", "date": "2023-04-07"}, limits("0.04", "0.04")),
        ({"board": "SSE_MAIN", "prev_close": "0.04", "date": "2023-04-10"}, limits("0.05", "0.03")),
        (
            {"board": "CB", "prev_close": "100", "date": "2022-08-01", "list_day": 1},
            limits("157.300", "56.700"),
        ),
    ],
)
def test_limits(given, expected):
    assert answer("limit", **given) == expected


@pytest.mark.parametrize(
    ("category", "given", "expected"),
    [
        ("lot", {"board": "CB", "side": "buy", "qty": 15}, {"valid": False, "reason": "not_multiple"}),
        ("lot", {"board": "REIT", "side": "buy", "qty": 150}, {"valid": False, "reason": "not_multiple"}),
        (
            "lot",
            {"board": "BSE", "side": "sell", "qty": 57, "pos": 157},
            {"valid": False, "reason": "below_min"},
        ),
        (
            "lot",
            {"board": "CHINEXT", "side": "buy", "qty": 300_100, "date": "2020-08-21"},
            {"valid": True, "reason": "ok"},
        ),
        # 3.000 x 1.02 = 3.060, beyond ten ticks of 0.001; 3.00 x 0.95 = 2.85, beyond ten ticks of 0.01.
        ("cage", {"board": "SSE_B", "side": "buy", "ask1": "3.000"}, {"bound": "3.060"}),
        ("cage", {"board": "BSE", "side": "sell", "bid1": "3.00"}, {"bound": "2.85"}),
        ("cage", {"board": "STAR", "side": "buy", "ask1": "0.30"}, {"bound": "0.31"}),  # at least a tick
        (
            "cage",
            {"board": "SSE_MAIN", "side": "buy", "date": "2023-04-07", "ask1": "10.00"},
            {"bound": None},
        ),
        (
            "cage",
            {"board": "SSE_MAIN", "side": "sell", "ask1": "10.00", "bid1": None, "last": "9.00"},
            {"bound": "9.80"},
        ),
        (
            "cage_combined",
            {"board": "SSE_MAIN", "side": "buy", "prev_close": "10.00", "limit_price": "10.005"},
            {"valid": False, "reason": "not_on_tick"},
        ),
        (
            "cage_combined",
            {
                "board": "SSE_MAIN",
                "side": "buy",
                "prev_close": "10.00",
                "ask1": "10.00",
                "limit_price": "11.00",
                "phase": "close_call",
            },
            {"valid": True},
        ),
        (
            "cage_combined",
            {
                "board": "CHINEXT",
                "side": "buy",
                "date": "2022-06-01",
                "prev_close": "10.00",
                "ask1": "10.00",
                "limit_price": "10.21",
            },
            {"valid": True, "reason": "parked_beyond_cage_10.20"},
        ),
        ("after_hours", {"board": "SZSE_ETF", "time": "2026-07-06T15:10:00"}, {"after_hours_trading": True}),
        ("after_hours", {"board": "LOF", "time": "2026-07-06T15:10:00"}, {"after_hours_trading": False}),
        ("after_hours", {"board": "REIT", "time": "2026-07-06T15:10:00"}, {"after_hours_trading": False}),
        (
            "after_hours",
            {"board": "SSE_MAIN", "time": "15:10:00", "date": "2026-07-03"},
            {"after_hours_trading": False},
        ),
        (
            "after_hours",
            {"board": "SSE_MAIN", "time": "2026-11-20T15:10:00", "st": True},
            {"after_hours_trading": True},
        ),
        (
            "after_hours",
            {"board": "SSE_MAIN", "time": "2026-11-20T15:10:00", "delist_day": 3},
            {"after_hours_trading": False},
        ),
        ("after_hours", {"side": "buy", "limit": "9.99", "close": "10.00"}, {"eligible": False}),
        (
            "after_hours",
            {"side": "buy", "limit": "10.00", "close": "10.00", "time": "15:31"},
            {"eligible": False},
        ),
        (
            "after_hours",
            {"board": "BSE", "side": "buy", "limit": "10.00", "close": "10.00"},
            {"eligible": False},
        ),
        (
            "after_hours",
            {"side": "buy", "limit": "10.00", "close": "10.00", "qty": 1_000_100},
            {"eligible": False},
        ),
        (
            "after_hours",
            {"side": "buy", "limit": "10.00", "close": "10.00", "suspended": True},
            {"eligible": False},
        ),
        (
            "after_hours",
            {"board": "SSE_MAIN", "time": "09:20:00"},
            {"accepts_after_hours_orders": False, "matching": False},
        ),
        ("ex_ref", {"board": "SSE_ETF", "prev": "1.234", "cash": "0.0125"}, {"reference": "1.222"}),
        # (10.00 - 0.10 + 5.00 x 0.3) / (1 + 0.3 + 0.2 + 0.3) = 11.40 / 1.8 = 6.333
        (
            "ex_ref",
            {
                "prev": "10.00",
                "cash": "0.10",
                "bonus": "0.3",
                "capitalisation": "0.2",
                "rights_ratio": "0.3",
                "rights_price": "5.00",
            },
            {"reference": "6.33"},
        ),
        # 9.90: up 12.87, down 6.93.
        (
            "ex_limit",
            {"board": "BSE", "raw_close": "10.00", "cash": "0.10"},
            {"reference": "9.90", "limit_up": "12.87", "limit_down": "6.93"},
        ),
        (
            "ex_limit",
            {"board": "STAR", "raw_close": "10.00", "cash": "0.10", "list_day": 3},
            {"reference": "9.90", "mode": "unlimited"},
        ),
        (
            "div_tax",
            {"event": "capitalisation_10转5", "shares": 1000, "sell_within": "1 month"},
            {"taxable": "0.00", "tax": "0.00"},
        ),
        # 1,000 shares: 3 bonus shares in 10 at par 300.00, 1.5 in 10 in cash 150.00; 450.00 x 10%.
        (
            "div_tax",
            {"event": "10送3转2派1.5元", "shares": 1000, "sell_within": "6 months"},
            {"taxable": "450.00", "tax": "45.00"},
        ),
        (
            "div_tax",
            {"event": "10送3", "shares": 1000, "sell_within": "over 1 year"},
            {"taxable": "300.00", "tax": "0.00"},
        ),
        (
            "div_tax",
            {"event": "10派5元", "shares": 1000, "sell_within": "> 1 month"},
            {"taxable": "500.00", "tax": "50.00"},
        ),
        (
            "div_tax",
            {"buy": "2026-05-15", "sell": "2026-06-15", "shares": 1000, "cash_per_share": "0.50"},
            {"rate": "0.20", "tax": "100.00"},
        ),
        # A month from 31 January ends with February, so 2 March is longer.
        (
            "div_tax",
            {
                "buy": "2026-01-31",
                "sell": "2026-03-02",
                "record_date": "2026-02-10",
                "shares": 100,
                "cash_per_share": "1",
            },
            {"rate": "0.10", "tax": "10.00"},
        ),
        (
            "div_tax",
            {
                "buy": "2026-05-15",
                "sell": "2026-06-10",
                "record_date": "2026-06-10",
                "shares": 100,
                "cash_per_share": "1",
            },
            {"rate": "0.20", "tax": "0.00"},
        ),
        # Sold on the record day: not registered at its close.
        (
            "div_tax",
            {
                "buy": "2026-05-15",
                "sell": "2026-06-10",
                "record_date": "2026-06-10",
                "shares": 100,
                "cash_per_share": "1",
            },
            {"entitled": False, "credit": "0.00"},
        ),
        (
            "after_hours",
            {"board": "SZSE_MAIN", "time": "2026-11-20T09:20:00"},
            {"accepts_after_hours_orders": True, "matching": False},
        ),
        (
            "after_hours",
            {"board": "STAR", "time": "2026-10-01T15:10:00"},
            {"after_hours_trading": False},
        ),
        (
            "cash",
            {"sell_proceeds_today": "100"},
            {"buyable_today": "100.00", "withdrawable_today": "0.00", "withdrawable_next_session": "100.00"},
        ),
        (
            "st_cap",
            {"exch": "SZSE", "st": True, "order": 500_100},
            {"valid": False, "reason": "risk_warning_daily_buy_cap_500000"},
        ),
        ("st_cap", {"board": "STAR", "st": True, "order": 90_000, "bought_today": 500_000}, {"valid": True}),
        ("st_cap", {"board": "SSE_MAIN", "st": False, "order": 900_000}, {"valid": True}),
        (
            "fill",
            {
                "side": "buy",
                "bar": {"o": "10.80", "h": "11.00", "l": "10.70", "c": "11.00"},
                "limit_up": "11.00",
            },
            {"fill": True, "price": "10.80"},
        ),
        (
            "fill",
            {
                "side": "sell",
                "bar": {"o": "9.00", "h": "9.00", "l": "9.00", "c": "9.00"},
                "order": "9.00",
                "board": "SSE_MAIN",
                "prev_close": "10.00",
            },
            {"fill": False},
        ),
        ("fill", {"side": "sell", "suspended": True, "anything": 1}, {"fill": False, "reason": "suspended"}),
        ("fee_policy", {"commission_rate": "0.00005"}, {"valid": False, "reason": "below_handling_and_levy"}),
        ("fee_policy", {"commission_rate": "0.00005", "mode": "net"}, {"valid": True}),
    ],
)
def test_more_cases_of_the_other_categories(category, given, expected):
    got = answer(category, **given)

    assert {name: got[name] for name in expected} == expected
    assert got.get("reason") == expected.get("reason")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # The minimum is of the order: two fills of 10,000.00 cost 5.00, not 10.00.
        (
            {"board": "SSE_MAIN", "side": "buy", "fills": [["10.00", 1000], ["10.00", 1000]]},
            {"commission": "5.00", "transfer_fee": "0.20", "total": "5.20", "cash_delta": "-20005.20"},
        ),
        # 500.00 + 500.00 x 0.00001 = 0.01 once; fill by fill it would be 0.01 twice.
        (
            {"board": "SSE_MAIN", "side": "buy", "fills": [["5.00", 100], ["5.00", 100]]},
            {"transfer_fee": "0.01"},
        ),
        # SSE took 0.3 per mille of par until 2015-07-31: 1,000 x 1.00 x 0.0003 = 0.30 on each side.
        (
            {"board": "SSE_MAIN", "side": "sell", "date": "2015-07-31", "fills": [["20.00", 1000]]},
            {"stamp_duty": "20.00", "transfer_fee": "0.30"},
        ),
        # From 2015-08-01 0.002% of the amount: 20,000.00 x 0.00002 = 0.40.
        (
            {"board": "SSE_MAIN", "side": "sell", "date": "2015-08-03", "fills": [["20.00", 1000]]},
            {"stamp_duty": "20.00", "transfer_fee": "0.40"},
        ),
        # SZSE: 0.0255 per mille of the amount: 20,000.00 x 0.0000255 = 0.51.
        (
            {"board": "SZSE_MAIN", "side": "buy", "date": "2015-07-31", "fills": [["20.00", 1000]]},
            {"stamp_duty": "0.00", "transfer_fee": "0.51"},
        ),
        (
            {"board": "STAR", "side": "sell", "date": "2023-08-28", "price": "50.00", "qty": 200},
            {"stamp_duty": "5.00"},
        ),
        # BSE handling 0.0125% of 100,000.00 = 12.50, levy 0.002% = 2.00.
        (
            {
                "board": "BSE",
                "side": "sell",
                "fills": [["10.00", 10000]],
                "commission_rate": "0.0001",
                "mode": "net",
            },
            {"commission": "10.00", "handling_fee": "12.50", "csrc_fee": "2.00", "stamp_duty": "50.00"},
        ),
        # Money funds pay no handling fee.
        (
            {
                "board": "ETF",
                "kind": "etf_money_t0",
                "side": "buy",
                "fills": [["100.000", 1000]],
                "mode": "net",
            },
            {"handling_fee": "0.00", "stamp_duty": "0.00", "transfer_fee": "0.00"},
        ),
    ],
)
def test_fees(given, expected):
    got = answer("fee", **given)

    assert {name: got[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("category", "given"),
    [
        ("weather", {}),
        ("calendar", {"exchange": "XBSE", "date": "2026-11-20"}),
        ("calendar", {"date": "someday"}),
        ("calendar", {"date": "2026-11-20", "op": "dance"}),
        ("calendar", {"date": "2026-11-20", "surprise": 1}),
        ("calendar", {"year": 9999, "op": "count"}),
        ("us", {"date": "2026-11-20", "surprise": 1}),
        ("us", {"tier": 3, "reference": "10.00"}),
        ("sellable", {"kind": "spaceship", "buy_date": "2026-11-20"}),
        ("limit", {"board": "MOON", "prev_close": "10.00"}),
        ("limit", {"board": "SSE_MAIN", "prev_close": "NaN"}),
        ("limit", {"board": "SSE_MAIN", "prev_close": "ten"}),
        ("limit", {"board": "SSE_MAIN", "prev_close": "-1"}),
        ("limit", {"board": "SSE_MAIN", "prev_close": "10.00", "st": "no"}),
        ("limit", {"board": "SSE_MAIN", "prev_close": "10.00", "list_day": 0}),
        ("limit", {"board": "SSE_MAIN", "prev_close": "10.00", "list_day": 10**9}),
        ("lot", {"board": "SSE_MAIN", "side": "hold", "qty": 100}),
        ("fee", {"board": "SSE_MAIN", "side": "buy", "fills": [["10.00"]]}),
        ("fee", {"board": "SSE_MAIN", "side": "buy", "fills": [["10.00", "many"]]}),
        ("fee", {"board": "SSE_MAIN", "side": "buy", "fills": [["10.00", 100]], "mode": "half"}),
        ("phase", {"board": "SSE_MAIN", "time": "noon"}),
    ],
)
def test_what_is_not_understood_is_refused(category, given):
    with pytest.raises(Unsupported):
        answer(category, **given)


@pytest.mark.parametrize(
    ("category", "given"),
    [
        ("limit", {"board": "SSE_MAIN", "prev_close": "10.00", "date": "2027-01-04"}),
        ("fee", {"board": "CB", "side": "buy", "fills": [["100", 10]], "mode": "net"}),
        ("phase", {"board": "SSE_MAIN", "time": "2027-01-04T10:00:00"}),
        ("us", {"trade_date": "2027-01-04"}),
    ],
)
def test_what_the_rulebook_does_not_know_is_refused(category, given):
    with pytest.raises(OutsideRulebook):
        answer(category, **given)


def write(path: Path, content: object) -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def test_damaged_cases_are_named_and_the_others_answered(tmp_path: Path):
    lot = {"category": "lot", "input": {"board": "SSE_MAIN", "side": "buy", "qty": 100}}
    ok = {"valid": True, "reason": "ok"}
    file = write(
        tmp_path / "cases.json",
        {
            "cases": [
                {**lot, "id": "right", "expect": ok},
                {**lot, "id": "wrong", "expect": {**ok, "valid": False}},
                {**lot, "id": "asks more", "expect": {**ok, "moon": "full"}},
                {**lot, "id": "expects nothing"},
                {"id": "no input", "category": "lot", "expect": ok},
                {"id": "unknown", "category": "weather", "input": {}, "expect": ok},
                "no object",
                {**lot, "id": "odd", "expect": [1]},
            ]
        },
    )

    done = check(read_cases(file), calendars)

    assert [one.case.id for one in done if one.passed] == ["right"]
    assert [one.case.id for one in done if one.supported and not one.passed] == [
        "wrong",
        "asks more",
        "expects nothing",
    ]
    assert [one.case.id for one in done if not one.supported] == ["no input", "unknown", "#6", "odd"]
    assert done[3].got == ok


def test_a_fault_of_our_own_is_no_case_that_cannot_be_answered(tmp_path: Path):
    def broken(market: Market) -> Calendar:
        raise KeyError(market)

    file = write(
        tmp_path / "cases.json",
        '[{"id": "1", "category": "calendar", "input": {"exchange": "XSHG", "date": "2026-11-20"}}]',
    )

    with pytest.raises(KeyError):
        check(read_cases(file), broken)


def test_a_number_in_a_case_keeps_its_decimals(tmp_path: Path):
    file = write(
        tmp_path / "cases.json",
        '[{"id": 1, "category": "limit", "input": {"board": "SSE_MAIN", "prev_close": 10.05},'
        ' "expect": {"limit_up": 11.06, "limit_down": "9.050", "mode": "limited"}}]',
    )

    (done,) = check(read_cases(file), calendars)

    assert (done.case.id, done.passed) == ("1", True)


@pytest.mark.parametrize(
    "content", ["", "{", "5", "[]", '{"cases": 5}', '{"cases": []}', '{"cases": [NaN]}', "[" * 100_000]
)
def test_a_file_without_cases_is_refused(content: str, tmp_path: Path):
    with pytest.raises(CaseFileError, match=r"cases\.json"):
        read_cases(write(tmp_path / "cases.json", content))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(CaseFileError, match="nowhere"):
        read_cases(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("got", "expected", "alike"),
    [
        ({"a": "1.50"}, {"a": "1.5"}, True),
        ({"a": "1.50"}, {"a": "1.51"}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": "yes"}, {"a": "yes"}, True),
        ({"a": None}, {"a": None}, True),
        ({"a": None}, {}, False),
        ({"a": "2026-10-08"}, {"a": "2026-10-08"}, True),
    ],
)
def test_answers_are_compared_by_value(got, expected, alike):
    assert same(got, expected) is alike


ORDER = {"side": "buy", "limit": "10.00", "close": "10.00"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({**ORDER, "time": "2026-10-01T15:10:00"}, {"eligible": False}),  # the market is closed
        ({**ORDER, "date": "2026-10-01"}, {"eligible": False}),
        ({**ORDER, "date": "2026-10-08"}, {"eligible": True, "price": "10.00"}),
        ({**ORDER, "time": "15:10"}, {"eligible": True, "price": "10.00"}),
        ({"board": "SSE_MAIN", "time": "2026-11-20 15:10:00"}, {"after_hours_trading": True}),
    ],
)
def test_nothing_trades_after_hours_on_a_day_without_trading(given, expected):
    found = answer("after_hours", **given)

    assert {name: found[name] for name in expected} == expected


def test_a_20_percent_fund_may_be_told_by_kind_and_flag_at_once():
    told = {"board": "SSE_ETF", "prev_close": "1.000", "kind": "etf_equity", "etf20": True}

    assert answer("limit", **told) == limits("1.200", "0.800")
