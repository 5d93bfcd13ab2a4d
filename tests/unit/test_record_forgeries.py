"""An audit believes no price, no movement and no fee of a record that it cannot hold against the market."""

import json
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from monitor.foreign_record import read_record
from monitor.record_audit import Doubt, RecordAudit
from monitor.record_legacy import audit_legacy
from monitor.record_prices import LabelledPrices
from monitor.record_strict import audit_strict
from monitor.record_trade import Slippage
from services.domain.bars import Adjustment
from services.market.price_files import load_prices
from services.rules import Commission
from tests.records_by_hand import FRI, MAIN, MON, THU, TUE, Record, flat, four_days, priced, rules_of, strict

OTHER = "600004.SH"
HALF_A_CNY: dict[str, object] = {"symbol": MAIN, "ex_date": MON, "cash_per_share": "0.50"}
ONE_FOR_TEN: dict[str, object] = {"symbol": MAIN, "ex_date": MON, "shares_per_share": "0.1"}


def declared(folder: Path, *actions: dict[str, object]) -> LabelledPrices:
    """Return four flat days of two symbols, with the ex-days declared beside them."""
    bars = {symbol: {day: flat() for day in (THU, FRI, MON, TUE)} for symbol in (MAIN, OTHER)}
    return priced(folder, bars, facts={"actions": list(actions)})


def found(audit: RecordAudit) -> tuple[list[int], list[int], list[tuple[int, str]]]:
    """Return the lines whose cash and whose shares do not follow, and those nobody can verify."""
    return (
        [one.line for one in audit.cash_mismatches],
        [one.line for one in audit.position_mismatches],
        [(line, str(doubt)) for line, doubt in audit.unverified],
    )


# Stated prices.


def stating(side: str, price: str) -> Record:
    record = Record(**{MAIN: 300}).trade(side, MAIN, 100, FRI, price=price)
    record.rows[1]["price"] = price
    return record


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize(
    ("price", "rules"),
    [
        ("9.49", ["quote_disagrees"]),  # the bar traded at 9.50 to 10.50
        ("9.50", []),
        ("10.50", []),
        ("10.51", ["quote_disagrees"]),
        ("1.00", ["quote_disagrees"]),
        ("9000.00", ["quote_disagrees"]),
    ],
)
def test_a_stated_price_is_one_the_bar_traded_at(tmp_path: Path, side: str, price: str, rules: list[str]):
    audit = strict(stating(side, price), four_days(tmp_path))

    assert [rule for _, rule in rules_of(audit) if rule != "cash"] == rules
    assert audit.clean == (not rules)


def open_alone(folder: Path, *days: str) -> LabelledPrices:
    """Return a file whose last bar has an open of 10.00 and nothing else yet."""
    bar = {"1. buy price": "10", "2. high": "10.5", "3. low": "9.5", "4. sell price": "10", "5. volume": "1"}
    series = {**dict.fromkeys(days, bar), FRI: {"1. buy price": "10.00"}}
    path = folder / "prices.jsonl"
    path.write_text(json.dumps({"Meta Data": {"2. Symbol": MAIN}, "Time Series (Daily)": series}) + "\n")
    return LabelledPrices(load_prices(path, cache_dir=None, adjustment=Adjustment.RAW))


@pytest.mark.parametrize(
    ("price", "rules", "unverified"),
    [
        ("10.00", [], []),  # the open itself
        ("10.90", [], [(1, "price")]),
        ("11.01", ["price_limit"], [(1, "price")]),  # 10.00 a day before: 9.00 to 11.00
        ("8.99", ["price_limit"], [(1, "price")]),
    ],
)
def test_a_bar_without_a_range_leaves_the_days_limits(tmp_path: Path, price, rules, unverified):
    audit = strict(stating("sell", price), open_alone(tmp_path, THU))

    assert ([rule for _, rule in rules_of(audit)], found(audit)[2]) == (rules, unverified)
    assert audit.clean == (not unverified)


def test_a_bar_with_neither_range_nor_limits_confirms_nothing(tmp_path: Path):
    record = Record(day=FRI, **{MAIN: 300}).trade("sell", MAIN, 100, FRI, price="90.00")
    record.rows[1]["price"] = "90.00"

    audit = strict(record, open_alone(tmp_path))

    assert (audit.violations, found(audit)[2], audit.clean) == ((), [(1, "price")], False)


def test_a_trade_in_no_bar_is_not_verified_by_stating_a_price(tmp_path: Path):
    record = Record(**{MAIN: 300}).trade("sell", MAIN, 100, "2025-10-11", price="9000.00")
    record.rows[1]["price"] = "9000.00"

    audit = strict(record, four_days(tmp_path))

    assert (audit.refuted, found(audit)[2], audit.clean) == (False, [(1, "no_bar")], False)


@pytest.mark.parametrize(("price", "rules"), [("10.00", []), ("10.01", ["quote_disagrees"])])
def test_the_arena_pays_the_labelled_bars_open_whatever_a_line_states(tmp_path: Path, price, rules):
    record = stating("buy", price)

    audit = audit_legacy(record.read, four_days(tmp_path))

    assert [rule for _, rule in rules_of(audit)] == rules
    # 100,000.00 less 100 at an open of 10.00; one cent a share more is 1.00 too much.
    assert [(one.expected, one.recorded) for one in audit.cash_mismatches] == (
        [(Decimal("99000.00"), Decimal("98999.0"))] if rules else []
    )
    assert audit.turnover == Decimal("1000.00")


def test_a_trade_time_chooses_no_other_bar_for_the_arena(tmp_path: Path):
    days = {THU: flat(), FRI: flat(), MON: flat("10.40")}
    record = Record(**{MAIN: 300}).trade("sell", MAIN, 100, FRI, price="10.40")
    record.rows[1]["trade_time"] = f"{MON} 09:35:00"

    audit = audit_legacy(record.read, priced(tmp_path, {MAIN: days}))

    # 100,000.00 and 100 at Friday's open of 10.00.
    assert [one.expected for one in audit.cash_mismatches] == [Decimal("101000.00")]


def hours(folder: Path) -> LabelledPrices:
    """Return Friday's bars: 9.50 to 10.50 but in the last hour, which opens at 12.00."""
    late = ("12.00", "12.20", "11.90", "12.10", "100000")
    labels = {f"{FRI} {at}:00": flat() for at in ("10:30", "11:30", "14:00")}
    bars = {**labels, f"{FRI} 15:00:00": late}
    return priced(folder, {MAIN: bars}, adjustment=Adjustment.FORWARD)


@pytest.mark.parametrize(
    ("at", "price", "rules"),
    [
        ("13:59:59", "12.00", ["quote_disagrees"]),
        ("14:00:00", "12.00", []),  # the second at which the bar before has ended and the last one opens
        ("14:00:00", "10.40", []),
        ("14:00:01", "10.40", ["quote_disagrees"]),
        ("15:05:00", "12.10", []),  # after hours, at the day's close
        ("15:05:00", "10.40", ["quote_disagrees"]),
        ("09:25:00", "9.60", []),  # the opening call
        ("09:25:00", "12.00", ["quote_disagrees"]),
    ],
)
def test_a_stated_price_is_of_the_bar_at_its_trade_time(tmp_path: Path, at: str, price: str, rules):
    record = Record(day=f"{FRI} 09:00:00", **{MAIN: 300})
    record.trade("sell", MAIN, 100, f"{FRI} 15:05:00", price=price, trade_time=f"{FRI} {at}")
    record.rows[1]["price"] = price

    assert [rule for _, rule in rules_of(strict(record, hours(tmp_path)))] == rules


def test_a_trade_at_lunch_was_in_no_bar(tmp_path: Path):
    record = Record(day=f"{FRI} 09:00:00", **{MAIN: 300})
    record.trade("sell", MAIN, 100, f"{FRI} 11:35:00", price="10.40", trade_time=f"{FRI} 11:35:00")
    record.rows[1]["price"] = "10.40"

    assert found(strict(record, hours(tmp_path)))[2] == [(1, "no_bar")]


@pytest.mark.parametrize(
    ("side", "price", "allowed"),
    [
        # 10 bp of 10.50 is 0.0105, so 10.5105, on ticks 10.52, and one tick more.
        ("buy", "10.53", True),
        ("buy", "10.54", False),
        # 10 bp of 9.50 is 0.0095, so 9.4905, on ticks 9.49, and one tick less.
        ("sell", "9.48", True),
        ("sell", "9.47", False),
        ("buy", "9.49", False),  # nothing slips in one's favour
        ("sell", "10.51", False),
    ],
)
def test_simulated_fills_may_be_worse_than_their_bar_by_the_configured_slippage(
    tmp_path: Path, side: str, price: str, allowed: bool
):
    slippage = Slippage(bp=Decimal(10), ticks=1)

    audit = audit_strict(stating(side, price).read, four_days(tmp_path), Commission(), slippage)

    assert audit.clean == allowed


# Cash and shares that came without a trade.


@pytest.mark.parametrize("terms", ["legacy", "strict"])
def test_cash_that_comes_with_no_trade_does_not_follow(tmp_path: Path, terms: str):
    record = Record().moved("no_trade", "", FRI, cash="5000000.00", cash_change_cny="5000000.00")

    prices = four_days(tmp_path)
    audit = audit_legacy(record.read, prices) if terms == "legacy" else strict(record, prices)

    (one,) = audit.cash_mismatches
    assert (one.line, one.expected, one.recorded) == (1, Decimal("100000.0"), Decimal("5100000.0"))


@pytest.mark.parametrize(
    ("symbol", "day", "cash", "due"),
    [
        (MAIN, MON, "150.00", None),  # 300 x 0.50
        (MAIN, TUE, "150.00", None),  # paid a day after the ex-day
        (MAIN, MON, "150.01", "100150.00"),
        (MAIN, MON, "5000000.00", "100150.00"),
        (MAIN, FRI, "150.00", "100000.0"),  # before the ex-day
        (OTHER, MON, "150.00", "100000.0"),  # nothing is declared of it
    ],
)
def test_a_dividend_is_what_a_declared_ex_day_brings(tmp_path: Path, symbol, day, cash, due):
    record = Record(**{MAIN: 300, OTHER: 300}).rest(FRI).moved("dividend", symbol, day, cash=cash)

    audit = strict(record, declared(tmp_path, HALF_A_CNY))

    wrong = [] if due is None else [(2, Decimal(due))]
    assert [(one.line, one.expected) for one in audit.cash_mismatches] == wrong
    assert audit.clean == (due is None)


def test_a_dividend_is_booked_once(tmp_path: Path):
    record = Record(**{MAIN: 300}).moved("dividend", MAIN, MON, cash="150.00")
    record.moved("dividend", MAIN, TUE, cash="150.00")

    assert found(strict(record, declared(tmp_path, HALF_A_CNY))) == ([2], [], [])


def test_an_ex_day_counts_what_was_held_before_it(tmp_path: Path):
    # 300 before Monday; the 100 bought on Monday came too late: 150.00.
    record = Record(**{MAIN: 300}).trade("buy", MAIN, 100, MON).moved("dividend", MAIN, TUE, cash="150.00")

    assert strict(record, declared(tmp_path, HALF_A_CNY)).clean


def test_a_line_that_names_its_ex_day_is_of_no_other(tmp_path: Path):
    friday = {**HALF_A_CNY, "ex_date": FRI}
    record = Record(**{MAIN: 300}).moved("dividend", MAIN, TUE, cash="150.00", trade_time=f"{MON} 00:00:00")

    assert strict(record, declared(tmp_path, HALF_A_CNY)).clean
    assert found(strict(record, declared(tmp_path, friday))) == ([1], [], [])


def test_cash_of_a_fraction_of_a_cent_may_be_cut_or_rounded(tmp_path: Path):
    prices = declared(tmp_path, {**HALF_A_CNY, "cash_per_share": "0.12345"})

    # 300 x 0.12345 = 37.035.
    for paid, clean in (("37.03", True), ("37.04", True), ("37.02", False), ("37.05", False)):
        assert strict(Record(**{MAIN: 300}).moved("dividend", MAIN, MON, cash=paid), prices).clean == clean


@pytest.mark.parametrize(
    ("symbol", "day", "shares", "due"),
    [
        (MAIN, MON, 30, None),  # 300 x 0.1
        (MAIN, MON, 100_000, 330),
        (MAIN, FRI, 30, 300),
        (OTHER, MON, 30, 300),
    ],
)
def test_bonus_shares_are_what_a_declared_ex_day_brings(tmp_path: Path, symbol, day, shares, due):
    record = Record(**{MAIN: 300, OTHER: 300}).rest(FRI).moved("bonus", symbol, day, shares=shares)

    audit = strict(record, declared(tmp_path, ONE_FOR_TEN))

    wrong = [] if due is None else [(2, symbol, due)]
    assert [(one.line, one.symbol, one.expected) for one in audit.position_mismatches] == wrong
    assert audit.cash_mismatches == ()


@pytest.mark.parametrize(("shares", "clean"), [(29, False), (30, True), (31, True), (32, False)])
def test_clearing_may_allot_the_fraction_of_a_share(tmp_path: Path, shares: int, clean: bool):
    # 305 x 0.1 = 30.5.
    record = Record(**{MAIN: 305}).moved("bonus", MAIN, MON, shares=shares)

    assert strict(record, declared(tmp_path, ONE_FOR_TEN)).clean == clean


def test_cash_that_comes_with_bonus_shares_does_not_follow(tmp_path: Path):
    record = Record(**{MAIN: 300}).moved("bonus", MAIN, MON, shares=30, cash="9.00", cash_change_cny="9.00")

    assert found(strict(record, declared(tmp_path, ONE_FOR_TEN))) == ([1], [], [])


def test_where_nothing_is_declared_what_was_booked_is_named_and_not_believed(tmp_path: Path):
    record = Record(**{MAIN: 300}).moved("dividend", MAIN, FRI, cash="5000000.00")
    record.moved("bonus", MAIN, MON, shares=100_000)

    for audit in (strict(record, four_days(tmp_path)), audit_legacy(record.read, four_days(tmp_path))):
        assert found(audit) == ([], [], [(1, "undeclared"), (2, "undeclared")])
        assert not audit.clean


@pytest.mark.parametrize(
    ("shares", "cash", "unverified"),
    [
        (0, "-30.00", []),  # a tax, as one's own trail books it
        (0, "0.00", []),
        (0, "0.01", [(1, "adjusted")]),
        (900_000, "0.00", [(1, "adjusted")]),
        (-100, "0.00", [(1, "adjusted")]),
    ],
)
def test_what_an_adjustment_brings_is_named_as_unverified(tmp_path: Path, shares, cash, unverified):
    record = Record(**{MAIN: 300}).moved("adjust", MAIN, FRI, shares=shares, cash=cash, cash_change_cny=cash)

    audit = strict(record, four_days(tmp_path))

    assert found(audit) == ([], [], unverified)
    assert audit.clean == (not unverified)


@pytest.mark.parametrize("action", ["no_trade", "dividend", "adjust"])
def test_a_stated_change_of_cash_is_that_of_the_cash(action: str):
    record = Record().moved(action, MAIN, FRI, cash="100.00", cash_change_cny="90.00")

    assert [one.line for one in record.read.damage] == [1]


@pytest.mark.parametrize(
    ("fees", "lines"),
    [
        ({"total": "-1000000.00"}, [1]),
        ({"commission": -5.0, "total": "0.00"}, [1]),
        ({"commission": "5.00", "total": "5.00"}, []),
        ({"commission": "a lot", "total": "5.00"}, []),
        ("none", []),
    ],
)
def test_negative_fees_are_damage(tmp_path: Path, fees: object, lines: list[int]):
    record = Record().trade("buy", MAIN, 100, FRI, fees=fees)

    assert [one.line for one in record.read.damage] == lines


def test_negative_fees_bring_no_cash(tmp_path: Path):
    record = Record().trade("buy", MAIN, 100, FRI, fees={"total": "-1000000.00"})
    record.rows[1]["positions"] = {MAIN: 100, "CASH": 1_099_000.0}

    assert found(strict(record, four_days(tmp_path)))[0] == [1]


def test_fees_stated_where_nothing_traded_are_no_return(tmp_path: Path):
    record = Record().moved("no_trade", "", FRI, fees={"total": "5000000.00"})

    assert strict(record, four_days(tmp_path)).return_gross == 0


def test_fees_stated_to_the_arena_are_no_return(tmp_path: Path):
    record = Record().trade("buy", MAIN, 100, FRI, fees={"total": "5000000.00"})

    audit = audit_legacy(record.read, four_days(tmp_path))

    assert (audit.clean, audit.return_gross) == (True, 0)


# Ex-days the record booked, and those it did not.


def test_bonus_shares_may_be_sold_on_their_ex_day(tmp_path: Path):
    record = Record().trade("buy", MAIN, 300, FRI).moved("bonus", MAIN, MON, shares=30)
    record.trade("sell", MAIN, 330, MON)

    assert strict(record, declared(tmp_path, ONE_FOR_TEN)).clean


def test_shares_bought_on_an_ex_day_may_not_be_sold_on_it(tmp_path: Path):
    record = Record(**{MAIN: 300}).moved("bonus", MAIN, MON, shares=30).trade("buy", MAIN, 100, MON)
    record.trade("sell", MAIN, 330, MON).trade("sell", MAIN, 100, MON)

    broken_rules = rules_of(strict(record, declared(tmp_path, ONE_FOR_TEN)))

    assert [one for one in broken_rules if one[1] == "t_plus_1"] == [(4, "t_plus_1")]


def test_an_ex_day_left_out_is_credited_though_another_was_booked(tmp_path: Path):
    prices = declared(tmp_path, HALF_A_CNY, {**HALF_A_CNY, "symbol": OTHER, "ex_date": TUE})
    record = Record(**{MAIN: 300, OTHER: 200}).moved("dividend", MAIN, MON, cash="150.00").rest(TUE)

    (one,) = strict(record, prices).entitlements

    assert (one.symbol, one.held, one.cash) == (OTHER, 200, Decimal("100.00"))


def test_of_one_ex_day_the_part_that_was_not_booked_is_credited(tmp_path: Path):
    action: dict[str, object] = {**HALF_A_CNY, "shares_per_share": "0.1", "bonus_per_share": "0.1"}
    record = Record(**{MAIN: 300}).moved("dividend", MAIN, MON, cash="150.00").trade("sell", MAIN, 300, TUE)

    audit = strict(record, declared(tmp_path, action))

    # 30 new shares; sold within a month, 20% of 300 x 0.1 at a par of 1.00. The cash was booked.
    ((cash, shares, tax),) = [(one.cash, one.new_shares, one.tax) for one in audit.entitlements]
    assert (cash, shares, tax) == (0, 30, Decimal("6.00"))
    assert audit.doubts[Doubt.TAX_NOT_BOOKED] == (2,)


def test_a_record_that_takes_the_tax_itself_leaves_no_doubt_of_it(tmp_path: Path):
    record = Record(**{MAIN: 300}).moved("dividend", MAIN, MON, cash="150.00").trade("sell", MAIN, 300, TUE)
    record.moved("adjust", MAIN, TUE, cash="-30.00", cash_change_cny="-30.00")

    audit = strict(record, declared(tmp_path, HALF_A_CNY))

    assert audit.clean
    assert (audit.entitlements, Doubt.TAX_NOT_BOOKED in audit.doubts) == ((), False)


def test_booked_new_shares_are_as_old_as_those_they_came_on(tmp_path: Path):
    bars = {MAIN: {day: flat() for day in ("2024-10-08", THU, FRI, MON, TUE)}}
    actions = [{**ONE_FOR_TEN, "ex_date": FRI}, HALF_A_CNY]
    prices = priced(tmp_path, bars, facts={"actions": actions})
    record = Record(day="2024-10-08", **{MAIN: 1000}).moved("bonus", MAIN, FRI, shares=100)
    record.rest(MON).trade("sell", MAIN, 1100, TUE)

    (one,) = strict(record, prices).entitlements

    # 1,100 x 0.50; all held for more than a year, so free of tax.
    assert (one.held, one.cash, one.tax) == (1100, Decimal("550.00"), 0)


@pytest.mark.parametrize("symbol", ["510300.SH", "AAPL.US", "900901.SH"])
def test_what_funds_and_foreign_shares_distribute_is_not_taxed(tmp_path: Path, symbol: str):
    bars = {symbol: {day: flat() for day in (THU, FRI, MON, TUE)}}
    prices = priced(tmp_path, bars, facts={"actions": [{**HALF_A_CNY, "symbol": symbol}]})
    record = Record().trade("buy", symbol, 1000, FRI).trade("sell", symbol, 1000, TUE)

    (one,) = strict(record, prices).entitlements

    assert (one.cash, one.tax) == (Decimal("500.00"), 0)


def test_before_the_first_tax_rates_nothing_is_taxed_and_that_is_said(tmp_path: Path):
    days = ("2012-10-09", "2012-10-10", "2012-10-11", "2012-10-12")
    actions = [{**HALF_A_CNY, "ex_date": days[2]}]
    prices = priced(tmp_path, {MAIN: {day: flat() for day in days}}, facts={"actions": actions})
    record = Record(day=days[0]).trade("buy", MAIN, 1000, days[1]).trade("sell", MAIN, 1000, days[3])

    audit = strict(record, prices)

    assert [(one.cash, one.tax) for one in audit.entitlements] == [(Decimal("500.00"), 0)]
    assert audit.doubts[Doubt.RULES_UNKNOWN] == (2,)


def test_an_ex_day_of_a_code_that_is_on_no_board_by_then_is_untaxed_and_that_is_said(tmp_path: Path):
    # The old codes of the Beijing exchange ended on 2025-10-08.
    old = "830799.BJ"
    bars = {old: {day: flat() for day in ("2025-09-29", "2025-09-30", MON, TUE)}}
    prices = priced(tmp_path, bars, facts={"actions": [{**HALF_A_CNY, "symbol": old}]})
    record = Record(day="2025-09-29").trade("buy", old, 1000, "2025-09-30").rest(MON)

    audit = strict(record.trade("sell", old, 1000, TUE), prices)

    assert [(one.cash, one.tax) for one in audit.entitlements] == [(Decimal("500.00"), 0)]
    assert audit.doubts[Doubt.RULES_UNKNOWN] == (2, 3)


# Orders, names and hashes.


def test_the_fills_of_one_order_pay_its_minimum_commission_once(tmp_path: Path):
    record = Record()
    for day, order in ((FRI, "A"), (FRI, "A"), (FRI, "A"), (FRI, "B"), (MON, "A")):
        record.trade("buy", MAIN, 100, day, order_id=order)

    audit = strict(record, four_days(tmp_path))

    # 1,000.00 each: 2.5 bp of 3,000.00 are 0.75, below the minimum of 5.00; so is B, and A of another day.
    assert audit.fees.commission == Decimal("15.00")


def test_the_fills_of_one_order_are_a_valid_size_together(tmp_path: Path):
    star = "688001.SH"
    prices = priced(tmp_path, {star: {THU: flat(), FRI: flat()}})
    whole = Record().trade("buy", star, 120, FRI, order_id="A").trade("buy", star, 130, FRI, order_id="A")
    apart = Record().trade("buy", star, 120, FRI, order_id="A").trade("buy", star, 130, FRI, order_id="B")

    assert rules_of(strict(whole, prices)) == []
    assert rules_of(strict(apart, prices)) == [(1, "board_lot"), (2, "board_lot")]


@pytest.mark.parametrize("name", ["*ST招", "XD*ST招", "SST招", "S招商"])
def test_a_name_is_read_as_the_gate_reads_it(tmp_path: Path, name: str):
    # 10.00 before: 10.50 is the limit of what has 5%.
    bars = {MAIN: {THU: flat(), FRI: ("10.50", "10.50", "10.50", "10.50", "100")}}
    record = Record().trade("buy", MAIN, 100, FRI, price="10.50")

    assert rules_of(strict(record, priced(tmp_path, bars, names={MAIN: name}))) == [(1, "limit_up")]


FIRST = "4933cc95e2434b90e75daf43165172749054f2ad92d02abf958de74dc41dddd6"
SECOND = "0dae3142b7128c3f8bd22f389bc2e527a77b1b682741bac7c12c41b3c6d60574"
THIRD = "b78dd35a096789367924d866962124a75f0018af5ce318099729a633a18b6b5e"
"""What `sha256sum` says of the lines below without their `hash`."""


def chained() -> list[str]:
    """Return three lines, each with the hash of its bytes and of the line before."""
    rest = '"this_action":{"action":"no_trade","symbol":"","amount":0},"positions":{"CASH":1000.0}'
    return [
        f'{{"date":"2025-10-09","id":0,"positions":{{"CASH":1000.0}},"prev":"{"0" * 64}","hash":"{FIRST}"}}',
        f'{{"date":"2025-10-10","id":1,{rest},"prev":"{FIRST}","hash":"{SECOND}"}}',
        f'{{"date":"2025-10-13","id":2,{rest},"prev":"{SECOND}","hash":"{THIRD}"}}',
    ]


def broken(lines: list[str]) -> list[int]:
    return [one.line for one in read_record("".join(line + "\n" for line in lines).encode()).damage]


def test_a_whole_chain_of_hashes_is_no_damage():
    assert broken(chained()) == []


def test_a_changed_line_is_not_what_its_hash_was_taken_of():
    first, second, third = chained()

    assert broken([first, second.replace("1000.0", "9000.0"), third]) == [1]
    assert broken([first.replace('"id"', ' "id"'), second, third]) == [0]


def test_a_line_hashed_anew_breaks_the_chain_after_it():
    first, second, third = chained()
    forged = second.replace("1000.0", "9000.0").partition(',"hash"')[0] + "}"
    anew = sha256(forged.encode()).hexdigest()

    assert broken([first, f'{forged[:-1]},"hash":"{anew}"}}', third]) == [2]


def test_a_line_left_out_or_without_its_hash_is_damage():
    first, second, third = chained()

    assert broken([first, third]) == [1, 1]  # the id, too
    assert broken([first, second.partition(',"prev"')[0] + "}", third]) == [1]


def test_a_line_after_one_that_cannot_be_read_is_held_against_its_own_bytes_alone():
    first, second, third = chained()

    assert broken([first, second[:50], third]) == [1]
    assert broken([first, second[:50], third.replace("1000.0", "9000.0")]) == [1, 2]
