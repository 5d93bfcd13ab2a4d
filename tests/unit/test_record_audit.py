"""An audit of anybody's record: what does not follow, would have been refused, would have cost."""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.foreign_record import Action, read_record
from monitor.record_audit import Doubt
from monitor.record_legacy import audit_legacy
from monitor.record_prices import LabelledPrices, RecordUnusable, require_same_frequency
from monitor.record_strict import audit_strict
from services.domain.bars import Adjustment
from services.market.price_files import load_prices
from services.rules import Commission
from tests.records_by_hand import (
    FRI,
    MAIN,
    MON,
    ST,
    STAR,
    THU,
    TUE,
    Bar,
    Record,
    flat,
    four_days,
    priced,
    rules_of,
    strict,
)


def test_a_record_that_follows_is_clean(tmp_path: Path):
    record = Record().trade("buy", MAIN, 300, FRI).rest(MON).trade("sell", MAIN, 300, TUE)

    for audit in (audit_legacy(record.read, four_days(tmp_path)), strict(record, four_days(tmp_path))):
        assert audit.clean
        assert (audit.records, audit.trades, audit.turnover) == (4, 2, Decimal("6000.00"))
        assert audit.final_cash == 100_000
        assert audit.positions == {}


def test_equity_is_cash_and_holdings_at_the_close_of_every_bar_of_the_span(tmp_path: Path):
    prices = priced(
        tmp_path,
        {
            MAIN: {
                THU: ("10.00", "10.50", "9.50", "10.20", "1"),
                FRI: ("10.00", "10.50", "9.50", "10.40", "1"),
                MON: ("10.00", "10.50", "9.50", "9.60", "1"),
            }
        },
    )
    record = Record(day="2025-10-01").trade("buy", MAIN, 1000, THU).rest(MON)

    audit = audit_legacy(record.read, prices)

    # 90,000 + 1,000 x close; Friday has no line of its own.
    assert audit.equity == {THU: Decimal("100200.00"), FRI: Decimal("100400.00"), MON: Decimal("99600.00")}
    assert audit.return_gross == pytest.approx(-0.004)


def test_a_last_bar_without_a_close_is_valued_at_its_open(tmp_path: Path):
    path = tmp_path / "prices.jsonl"
    whole = {"1. buy price": "10", "2. high": "11", "3. low": "9", "4. sell price": "10.5", "5. volume": "1"}
    series = {THU: whole, FRI: {"1. buy price": "10.70"}}
    path.write_text(json.dumps({"Meta Data": {"2. Symbol": MAIN}, "Time Series (Daily)": series}) + "\n")
    prices = LabelledPrices(load_prices(path, cache_dir=None))
    record = Record().trade("buy", MAIN, 100, THU).rest(FRI)

    assert audit_legacy(record.read, prices).equity == {THU: Decimal("100050.00"), FRI: Decimal("100070.00")}


@pytest.mark.parametrize(
    ("change", "cash", "positions"),
    [
        ({"CASH": 97_100.0, MAIN: 300}, [(1, Decimal("97000.00"), Decimal("97100.0"))], []),
        ({"CASH": 97_000.001, MAIN: 300}, [], []),
        ({"CASH": 97_000.0, MAIN: 400}, [], [(1, MAIN, 300, 400)]),
        ({"CASH": 97_000.0, MAIN: 300, STAR: 200}, [], [(1, STAR, 0, 200)]),
        ({"CASH": 97_000.0}, [], [(1, MAIN, 300, 0)]),
    ],
)
def test_cash_and_shares_that_do_not_follow_are_named_once(tmp_path: Path, change, cash, positions):
    record = Record().trade("buy", MAIN, 300, FRI)
    record.rows[1]["positions"] = change

    audit = audit_legacy(record.read, four_days(tmp_path))

    assert [(one.line, one.expected, one.recorded) for one in audit.cash_mismatches] == cash
    assert [(o.line, o.symbol, o.expected, o.recorded) for o in audit.position_mismatches] == positions


def test_what_follows_a_jump_is_judged_by_the_record_itself(tmp_path: Path):
    record = Record().trade("buy", MAIN, 300, FRI)
    record.cash += 500
    record.trade("buy", MAIN, 100, MON).trade("sell", MAIN, 300, TUE)

    audit = audit_legacy(record.read, four_days(tmp_path))

    assert [one.line for one in audit.cash_mismatches] == [2]


def test_the_arenas_terms_are_lots_of_100_cash_holdings_and_a_bar(tmp_path: Path):
    record = (
        Record(cash="3000")
        .trade("buy", MAIN, 150, FRI)
        .trade("buy", MAIN, 300, FRI)
        .trade("sell", MAIN, 900, FRI)
        .trade("buy", "600009.SH", 100, FRI, price="0.00")
        .trade("buy", MAIN, 100, "2025-10-11", price="0.00")
    )

    audit = audit_legacy(record.read, four_days(tmp_path))

    assert rules_of(audit) == [
        (1, "board_lot"),
        (2, "cash"),
        (3, "position"),
        (4, "symbol_unknown"),
        (5, "quote_missing"),
    ]


def test_the_arena_let_star_lots_and_same_day_sales_pass(tmp_path: Path):
    record = Record().trade("buy", STAR, 100, FRI).trade("sell", STAR, 100, FRI)

    assert audit_legacy(record.read, four_days(tmp_path, STAR)).clean
    assert rules_of(strict(record, four_days(tmp_path, STAR))) == [(1, "board_lot"), (2, "t_plus_1")]


def test_shares_bought_that_day_are_counted_apart_from_those_held_before(tmp_path: Path):
    record = (
        Record(**{MAIN: 500})
        .trade("buy", MAIN, 300, FRI)
        .trade("sell", MAIN, 400, FRI)  # 400 of the 500
        .trade("sell", MAIN, 200, FRI)  # 100 are left
        .trade("sell", MAIN, 100, FRI)  # the record has sold 600 of 500: none is left
        .trade("sell", MAIN, 100, MON)
    )

    audit = strict(record, four_days(tmp_path))

    assert rules_of(audit) == [(3, "t_plus_1"), (4, "t_plus_1")]


def test_one_line_may_break_several_rules(tmp_path: Path):
    record = Record(cash="1000").trade("buy", STAR, 150, FRI)

    assert rules_of(strict(record, four_days(tmp_path, STAR))) == [(1, "board_lot"), (1, "cash")]


def test_the_cash_must_pay_the_fees_too(tmp_path: Path):
    # 3,000.00, commission 5.00 and transfer fee 0.03.
    enough = Record(cash="3005.03").trade("buy", MAIN, 300, FRI)
    short = Record(cash="3005.02").trade("buy", MAIN, 300, FRI)

    assert rules_of(strict(enough, four_days(tmp_path))) == []
    assert rules_of(strict(short, four_days(tmp_path))) == [(1, "cash")]


def limit_day(bar: Bar) -> dict[str, dict[str, Bar]]:
    return {MAIN: {THU: ("10.00", "10.50", "9.50", "10.00", "1"), FRI: bar}}


SEALED_UP: Bar = ("11.00", "11.00", "11.00", "11.00", "100")
OPENED_UP: Bar = ("11.00", "11.00", "10.60", "10.80", "100")
SEALED_DOWN: Bar = ("9.00", "9.00", "9.00", "9.00", "100")


@pytest.mark.parametrize(
    ("bar", "side", "price", "rules"),
    [
        (SEALED_UP, "buy", "11.00", ["limit_up"]),
        (SEALED_UP, "sell", "11.00", []),
        (SEALED_DOWN, "sell", "9.00", ["limit_down"]),
        (SEALED_DOWN, "buy", "9.00", []),
        (OPENED_UP, "buy", "11.00", ["limit_up"]),
        (("10.99", "11.00", "10.60", "10.80", "100"), "buy", "10.99", []),
    ],
)
def test_a_fill_at_the_limit_on_the_side_nobody_takes(tmp_path: Path, bar, side, price, rules):
    record = Record(**{MAIN: 300}).trade(side, MAIN, 100, FRI, price=price)

    assert [rule for _, rule in rules_of(strict(record, priced(tmp_path, limit_day(bar))))] == rules


@pytest.mark.parametrize(("bar", "rules"), [(SEALED_UP, ["limit_up"]), (OPENED_UP, [])])
def test_a_stated_fill_at_the_limit_may_have_waited_until_the_bar_left_it(tmp_path: Path, bar, rules):
    record = Record().trade("buy", MAIN, 100, FRI, price="11.00")
    record.rows[1]["price"] = "11.00"

    assert [rule for _, rule in rules_of(strict(record, priced(tmp_path, limit_day(bar))))] == rules


def test_a_price_outside_the_limits_is_a_doubt_about_the_reference_not_a_violation(tmp_path: Path):
    record = Record().trade("buy", MAIN, 100, FRI, price="5.00")
    bars = limit_day(("5.00", "5.10", "4.90", "5.00", "100"))

    audit = strict(record, priced(tmp_path, bars))

    assert audit.violations == ()
    assert audit.doubts[Doubt.OUTSIDE_BAND] == (1,)


@pytest.mark.parametrize(
    "missing", [{THU: flat(), MON: flat()}, {THU: flat(), FRI: ("10", "10", "10", "10", "0")}]
)
def test_a_symbol_without_a_bar_that_others_have_was_suspended(tmp_path: Path, missing):
    prices = priced(tmp_path, {MAIN: missing, STAR: {THU: flat(), FRI: flat(), MON: flat()}})
    record = Record().trade("buy", MAIN, 100, FRI)

    assert rules_of(strict(record, prices)) == [(1, "suspended")]


def test_a_risk_warned_name_caps_what_is_bought_in_a_day(tmp_path: Path):
    bar = ("1.00", "1.02", "0.98", "1.00", "9")
    prices = priced(tmp_path, {ST: {THU: bar, FRI: bar}}, names={ST: "*ST测试"})
    record = Record(cash="900000").trade("buy", ST, 500_000, FRI, price="1.00")

    assert rules_of(strict(record, prices)) == []
    assert rules_of(strict(record.trade("buy", ST, 100, FRI, price="1.00"), prices)) == [(2, "st_daily_cap")]


@pytest.mark.parametrize(
    ("side", "shares", "rules"),
    [
        ("buy", 1_000_100, ["order_max"]),
        ("buy", 0, ["size"]),
        ("buy", -100, ["size"]),
        ("sell", 300, []),
        ("sell", 100, []),
        ("sell", 240, ["board_lot"]),
        ("sell", 350, []),  # the odd 50 complete, on top of three lots
        ("sell", 400, ["position"]),
    ],
)
def test_sizes_are_judged_against_what_was_held(tmp_path: Path, side, shares, rules):
    record = Record(cash="50000000", **{MAIN: 350}).trade(side, MAIN, shares, FRI)

    assert [rule for _, rule in rules_of(strict(record, four_days(tmp_path)))] == rules


def test_what_the_rulebook_does_not_cover_is_said(tmp_path: Path):
    bars = {MAIN: {"2027-01-04": flat(), "2027-01-05": flat()}}
    record = Record(day="2027-01-04").trade("buy", MAIN, 100, "2027-01-05")

    audit = strict(record, priced(tmp_path, bars))

    assert rules_of(audit) == [(1, "rules_unknown")]
    assert audit.doubts[Doubt.RULES_UNKNOWN] == (1,)


def test_fees_are_what_the_dated_rules_would_have_taken(tmp_path: Path):
    record = Record().trade("buy", MAIN, 3000, FRI).trade("sell", MAIN, 3000, MON)

    audit = strict(record, four_days(tmp_path))

    # 30,000.00 twice: commission 7.50 each, transfer fee 0.30 each, stamp duty 15.00 on the sale.
    assert audit.fees.commission == Decimal("15.00")
    assert audit.fees.total == Decimal("30.60")
    assert audit.return_gross == 0
    assert audit.return_net == pytest.approx(-0.000306)
    assert audit_legacy(record.read, four_days(tmp_path)).fees.total == 0


def test_fees_the_record_states_are_not_taken_twice(tmp_path: Path):
    record = Record().trade("buy", MAIN, 3000, FRI)
    record.rows[1].update(price="10.00", fees={"commission": "7.50", "total": "7.80"})
    record.rows[1]["positions"] = {MAIN: 3000, "CASH": 69_992.20}

    audit = strict(record, four_days(tmp_path))

    assert audit.clean
    assert audit.return_gross == 0
    assert audit.return_net == pytest.approx(-0.000078)


EX_DAY = {"actions": [{"symbol": MAIN, "ex_date": MON, "cash_per_share": "0.50", "shares_per_share": "0.3"}]}


def test_ex_days_the_record_does_not_know_are_credited_and_taxed(tmp_path: Path):
    prices = priced(tmp_path, {MAIN: {day: flat() for day in (THU, FRI, MON, TUE)}}, facts=EX_DAY)
    record = Record().trade("buy", MAIN, 1000, FRI).trade("buy", MAIN, 500, MON).trade("sell", MAIN, 600, TUE)

    audit = strict(record, prices)

    # 1,000 were held before Monday: 500.00 in cash, 300 new shares. 600 of them sold within a month:
    # 600 x 0.50 x 20% = 60.00.
    (one,) = audit.entitlements
    assert (one.held, one.cash, one.new_shares, one.tax) == (1000, Decimal("500.00"), 300, Decimal("60.00"))
    # Fees: 5.00 + 0.10, 5.00 + 0.05, 5.00 + 3.00 + 0.06; 300 new shares at 10.00.
    assert audit.return_net == pytest.approx((500 - 60 + 3000 - 18.21) / 100_000)
    assert Doubt.NEW_SHARES in audit.doubts


def test_declared_bonus_shares_are_taxed_at_par(tmp_path: Path):
    action = {"symbol": MAIN, "ex_date": MON, "cash_per_share": "0.25"}
    facts: dict[str, object] = {"actions": [{**action, "shares_per_share": "0.5", "bonus_per_share": "0.3"}]}
    prices = priced(tmp_path, {MAIN: {day: flat() for day in (THU, FRI, MON, TUE)}}, facts=facts)
    record = Record().trade("buy", MAIN, 1000, FRI).trade("sell", MAIN, 1000, TUE)

    audit = strict(record, prices)

    # Within a month 20% of 1,000 x 0.25 in cash and 1,000 x 0.3 at a par of 1.00: 0.20 x 550.00.
    (one,) = audit.entitlements
    assert (one.cash, one.new_shares, one.tax) == (Decimal("250.00"), 500, Decimal("110.00"))
    assert Doubt.NEW_SHARES not in audit.doubts


def test_a_sale_dated_before_its_purchase_is_damage_and_no_crash(tmp_path: Path):
    prices = priced(tmp_path, {MAIN: {day: flat() for day in (THU, FRI, MON, TUE)}}, facts=EX_DAY)
    record = Record().trade("buy", MAIN, 1000, FRI).rest(MON).trade("sell", MAIN, 1000, THU).rest(TUE)

    assert [one.line for one in strict(record, prices).damage] == [3]


@pytest.mark.parametrize(("first", "last", "credited"), [(THU, MON, 1), (THU, FRI, 0), (MON, TUE, 0)])
def test_an_ex_day_counts_after_the_first_line_and_up_to_the_last(tmp_path: Path, first, last, credited):
    prices = priced(tmp_path, {MAIN: {day: flat() for day in (THU, FRI, MON, TUE)}}, facts=EX_DAY)

    assert len(strict(Record(day=first, **{MAIN: 100}).rest(last), prices).entitlements) == credited


def test_us_tickers_may_stand_without_their_market(tmp_path: Path):
    prices = priced(tmp_path, {"AAPL.US": {THU: flat(), FRI: flat()}})
    record = Record().trade("buy", "AAPL", 7, FRI).trade("sell", "AAPL", 7, FRI)

    audit = strict(record, prices)

    # Single shares, sold the same day; the configured commission's minimum twice.
    assert audit.clean
    assert audit.fees.total == Decimal("10.00")


def test_adjusted_prices_have_their_ex_days_in_them(tmp_path: Path):
    bars = {MAIN: {day: flat() for day in (THU, FRI, MON, TUE)}}
    prices = priced(tmp_path, bars, facts=EX_DAY, adjustment=Adjustment.FORWARD)
    record = Record().trade("buy", MAIN, 1000, FRI).rest(TUE)

    audit = strict(record, prices)

    assert audit.entitlements == ()
    assert Doubt.ADJUSTMENT in audit.doubts


@pytest.mark.parametrize(
    ("label", "frequency"),
    [
        (FRI, "daily"),
        (f"{FRI} 09:35:00", "daily"),
        (f"{FRI} 10:30:00", "hourly"),
        (f"{FRI} 15:05:00", "hourly"),
    ],
)
def test_daily_and_hourly_are_never_mixed(tmp_path: Path, label, frequency):
    daily = four_days(tmp_path)
    hourly = priced(tmp_path, {MAIN: {f"{THU} 10:30:00": flat(), f"{FRI} 10:30:00": flat()}})
    right, wrong = (daily, hourly) if frequency == "daily" else (hourly, daily)
    lines = Record(day=THU).trade("buy", MAIN, 100, label).read.lines

    require_same_frequency(lines, right)
    with pytest.raises(RecordUnusable, match="line 1"):
        require_same_frequency(lines, wrong)


def damage_of(*lines: object) -> list[tuple[int, str]]:
    texts = (line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    return [(one.line, one.problem) for one in read_record(b"".join(texts)).damage]


OPENING = {"date": THU, "id": 0, "positions": {"CASH": 1000.0}}
BUY = {"action": "buy", "symbol": MAIN, "amount": 100}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (b"\n", "empty"),
        (b"not json\n", "not JSON"),
        (b'{"date": "2025-10-10", "id"\n', "cut off"),
        (b'{"date": "2025-10-10", "id": 1, "posi', "cut off"),
        (b"\xff\xfe\n", "not UTF-8"),
        ('{"date": "2025-10-10", "id": 1, "name": "平安"}\n'.encode("gbk"), "not UTF-8"),
        ('{"date": "2025-10-10", "id": 1, "name": "平安"}'.encode("gbk"), "not UTF-8"),
        ('{"date": "2025-10-10", "name": "平安'.encode()[:-1], "cut off"),
        (b'{"date": "2025-10-10", "id": 1, "posi\n', "cut off"),
        (b"{'date': '2025-10-10'}\n", "not JSON"),
        (b"[1]\n", "object"),
        (b'{"date": "2025-10-10", "id": 1, "positions": {"CASH": NaN}}\n', "has NaN"),
        (b'{"date": "2025-10-10", "id": 1, "positions": {"CASH": -Infinity}}', "has -Infinity"),
        (b'{"date": "2025-10-10", "id": 1, "positions": {"CASH": 1e999999999}}\n', "CASH is '1E+999999999'"),
        (b'{"date": "2025-10-10", "id": 1, "positions": {"CASH": 1e-999999999}}\n', "CASH is"),
        (b'{"date": "2025-10-10", "positions": {"CASH": 1, "600000.SH": -1e999999999}}\n', MAIN),
        (b'{"date": "2025-10-10", "positions": {"CASH": 1e99999999999999999999}}\n', "reckon"),
        ({**OPENING, "date": "2025-10-10\ud80010:30:00"}, "date"),
        ({**OPENING, "positions": {"CASH": 1, "\ud800": 1}}, "symbol '\\ud800'"),
        ({**OPENING, "date": None}, "date"),
        ({**OPENING, "date": "yesterday"}, "yesterday"),
        ({"date": FRI, "id": 1}, "positions"),
        ({"date": FRI, "id": 1, "positions": {MAIN: 1}}, "CASH"),
        ({**OPENING, "positions": {"CASH": "many"}}, "many"),
        ({**OPENING, "positions": {"CASH": 1e300}}, "CASH"),
        ({**OPENING, "positions": {"CASH": 1, MAIN: 1.5}}, "1.5"),
        ({**OPENING, "positions": {"CASH": 1, MAIN: None}}, MAIN),
        ({**OPENING, "id": 1, "this_action": "buy"}, "this_action"),
        ({**OPENING, "id": 1, "this_action": {"action": "steal"}}, "steal"),
        ({**OPENING, "id": 1, "this_action": {"action": ["buy"]}}, "buy"),
        ({**OPENING, "id": 1, "this_action": {"action": "buy", "amount": 100}}, "symbol"),
        ({**OPENING, "id": 1, "this_action": {"action": "buy", "symbol": MAIN, "amount": "x"}}, "amount"),
        ({**OPENING, "id": 1, "this_action": {"action": "no_trade"}, "price": "NaN"}, "price"),
        ({**OPENING, "id": 1, "this_action": {"action": "no_trade"}, "price": "1e999999999"}, "price"),
        ({**OPENING, "id": 1, "this_action": {**BUY, "symbol": "\ud800"}}, "symbol '\\ud800'"),
        ({**OPENING, "id": 1, "this_action": {"action": "no_trade", "symbol": "\ud800"}}, "symbol"),
        ({**OPENING, "id": 1, "this_action": BUY, "price": "0"}, "price is '0'"),
        ({**OPENING, "id": 1, "this_action": BUY, "price": -9.5}, "price is '-9.5'"),
        ({**OPENING, "id": 1, "this_action": BUY, "price": "1e9"}, "price is '1e9'"),
        ({**OPENING, "id": 1, "this_action": BUY, "trade_time": "noon"}, "trade_time 'noon'"),
        ({**OPENING, "id": 0, "this_action": {"action": "no_trade"}}, "id 0 of line 0"),
        ({**OPENING, "id": 5, "this_action": {"action": "no_trade"}}, "id 5 after 0"),
        ({**OPENING, "id": "1", "this_action": {"action": "no_trade"}}, "no id"),
        ({**OPENING, "id": 1, "date": "2025-10-01", "this_action": {"action": "no_trade"}}, "before line 0"),
        ({**OPENING, "id": 1}, "opening"),
        (
            {**OPENING, "id": 1, "this_action": {"action": "no_trade"}, "positions": {"CASH": -1}},
            "CASH of -1",
        ),
        (
            {**OPENING, "id": 1, "this_action": {"action": "no_trade"}, "positions": {"CASH": 1, MAIN: -5}},
            "holds -5",
        ),
    ],
)
def test_damage_is_described_with_its_line(line, named):
    ((number, problem),) = damage_of(OPENING, line)

    assert number == 1
    assert named in problem


def test_a_line_that_cannot_be_read_leaves_the_others_judged(tmp_path: Path):
    record = Record().trade("buy", MAIN, 100, FRI).trade("buy", MAIN, 100, MON).trade("sell", MAIN, 200, TUE)
    texts = [json.dumps(row) for row in record.rows]
    texts[2] = texts[2][:40]
    read = read_record("\n".join(texts).encode())

    audit = audit_legacy(read, four_days(tmp_path))

    assert [(one.line, one.problem) for one in audit.damage] == [(2, "is cut off")]
    assert (audit.records, audit.cash_mismatches) == (4, ())
    assert audit.doubts[Doubt.AFTER_GAP] == (3,)


@pytest.mark.parametrize(
    ("stated", "cash", "problems"),
    [
        ({"cash_change_cny": "-3005.03", "price": "10.00", "fees": {"total": "5.03"}}, 96_994.97, []),
        (
            {"cash_change_cny": "-3000.00", "price": "10.00", "fees": {"total": "5.03"}},
            96_994.97,
            ["states a cash_change_cny of -3000.00, though its trade comes to -3005.03"],
        ),
        ({"cash_change_cny": "-3000.00"}, 97_000.0, []),
        (
            {"cash_change_cny": "3000.00"},
            97_000.0,
            ["states a cash_change_cny of 3000.00, though CASH changed by -3000.0"],
        ),
    ],
)
def test_a_stated_change_of_cash_is_held_against_the_trade(stated, cash, problems):
    record = Record().trade("buy", MAIN, 300, FRI)
    record.rows[1].update(stated)
    record.rows[1]["positions"] = {MAIN: 300, "CASH": cash}

    assert [one.problem for one in record.read.damage] == problems


def two_days_of_hours(folder: Path) -> LabelledPrices:
    hours = ("10:30:00", "11:30:00", "14:00:00", "15:00:00")
    return priced(folder, {MAIN: {f"{day} {hour}": flat() for day in (FRI, MON) for hour in hours}})


def own(record: Record, *times: str | None) -> Record:
    """Give the lines the trade times of a trail of our own."""
    for row, at in zip(record.rows, times, strict=True):
        row["trade_time"] = at
    return record


def test_a_late_fill_stands_in_its_turn_with_its_sessions_date(tmp_path: Path):
    # The order of 10:35 trades by 15:00, after the line of 14:05; that of 10:36 ends unfilled.
    record = Record(day=f"{FRI} 09:00:00").rest(f"{FRI} 14:05:00")
    record.trade("buy", MAIN, 100, f"{FRI} 10:35:00").rest(f"{FRI} 10:35:00")
    record.rest(f"{MON} 10:35:00")
    own(record, None, None, f"{FRI} 15:00:00", None, None)

    assert strict(record, two_days_of_hours(tmp_path)).clean


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ((None, f"{FRI} 15:00:00", f"{FRI} 14:00:00"), f"is dated '{FRI} 14:00:00', before line 1"),
        ((None, f"{MON} 10:35:00", None), f"is dated '{FRI}', before line 1"),
    ],
)
def test_a_trade_time_or_a_day_that_goes_back_is_damage(times, problem):
    record = Record(day=f"{FRI} 09:00:00").trade("buy", MAIN, 100, f"{FRI} 10:35:00")
    if times[2] is None:
        record.rest(f"{FRI} 14:05:00")
    else:
        record.trade("buy", MAIN, 100, f"{FRI} 14:05:00")

    assert [one.problem for one in own(record, *times).read.damage] == [problem]


def test_a_late_fill_is_judged_by_the_bar_it_traded_in(tmp_path: Path):
    # Sealed at the limit from 14:00; the order of 10:35 that states 11.00 at 15:00 had nobody to buy from.
    bars = {f"{THU} 15:00:00": flat(), f"{FRI} 11:30:00": OPENED_UP, f"{FRI} 15:00:00": SEALED_UP}
    record = Record(day=f"{THU} 09:00:00").trade("buy", MAIN, 100, f"{FRI} 10:35:00", price="11.00")
    record.rows[1]["price"] = "11.00"
    prices = priced(tmp_path, {MAIN: bars})

    assert rules_of(strict(record, prices)) == []
    assert rules_of(strict(own(record, None, f"{FRI} 15:00:00"), prices)) == [(1, "limit_up")]


def test_a_whole_last_line_needs_no_newline():
    assert damage_of(json.dumps(OPENING).encode()) == []


def test_ones_own_record_is_read_with_its_prices_fees_and_movements():
    own = {
        **OPENING,
        "id": 1,
        "this_action": {"action": "bonus", "symbol": MAIN, "amount": 30},
        "price": None,
        "fees": {"total": "0.00"},
        "cash_change_cny": "12.30",
    }

    line = read_record(json.dumps(own).encode()).lines[0]

    assert (line.action, line.signed_shares, line.cash_change) == (Action.BONUS, 30, Decimal("12.30"))


RECORDED = Path(__file__).parents[3] / "shared/data/astock-2025"


def recorded_runs() -> Iterable[str]:
    expected = RECORDED / "recorded/expected.json"
    return json.loads(expected.read_text(encoding="utf-8")) if expected.exists() else ()


@pytest.fixture(scope="module")
def real_prices() -> dict[str, LabelledPrices]:
    return {
        name: LabelledPrices(load_prices(RECORDED / f"{name}.jsonl", cache_dir=None))
        for name in ("daily", "hourly")
    }


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded runs are not beside this checkout")
def test_there_are_four_recorded_runs():
    assert len(list(recorded_runs())) == 4


@pytest.mark.parametrize("name", recorded_runs())
def test_a_recorded_run_agrees_with_what_is_known_of_it(name: str, real_prices: dict[str, LabelledPrices]):
    expected = json.loads((RECORDED / "recorded/expected.json").read_text(encoding="utf-8"))[name]
    prices = real_prices[name.partition("-")[0]]
    record = read_record((RECORDED / f"recorded/{name}.position.jsonl").read_bytes())

    legacy, judged = audit_legacy(record, prices), audit_strict(record, prices, Commission())

    assert legacy.clean
    for audit in (legacy, judged):
        assert (audit.records, audit.trades) == (expected["records"], expected["trades"])
        assert float(audit.final_cash) == expected["final_cash"]
        assert audit.positions == expected["final_holdings"]
        assert {label: float(value) for label, value in audit.equity.items()} == expected["equity_by_ts"]
        assert float(audit.turnover) == expected["turnover"]
    lines: dict[tuple[str, str], list[int]] = {}
    for one in judged.violations:
        lines.setdefault((str(one.rule), one.side), []).append(one.line)
    assert lines.get(("t_plus_1", "sell"), []) == expected["t_plus_1_violation_lines"]
    assert lines.get(("board_lot", "buy"), []) == expected["star_board_lt200_buy_lines"]
    assert sorted(lines.get(("limit_up", "buy"), []) + lines.get(("limit_down", "sell"), [])) == [
        one[0] for one in expected["limit_price_fill_lines"]
    ]
    dates = {line.label for line in record.lines}
    assert sorted(set(judged.equity) - dates) == expected["missing_timestamps"]
    assert float(judged.fees.total) == pytest.approx(expected["illustrative_fees"], abs=5)
