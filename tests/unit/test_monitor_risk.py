"""What the risk report tells of a journal: every figure here is worked by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from monitor.console import account_table, session_line, session_view
from monitor.records import session_records
from monitor.report import render_report
from monitor.risk_report import RiskReport, risk_report
from monitor.risk_use import KEYS, risk_trail
from monitor.summary import summarise
from monitor.trail import follow, within
from services.domain.book import Book
from services.domain.events import (
    ArmedExit,
    Deferred,
    Exits,
    Halt,
    HaltCause,
    Lift,
    Opening,
    Outcome,
    Verdicts,
)
from services.domain.orders import Change, Intent, LimitUse, Origin, Refusal, Rule, Side
from services.settings_keys import keys_of
from tests.monitor_journal import MON, TUE, WED, A, B, JournalByHand, refused, terms_of

LANGS = pytest.mark.parametrize("lang", ["en", "zh"])
NO_LIMITS = json.dumps({"portfolio": {}})


def use(rule: Rule, used: str, allowed: str, subject: str = "") -> LimitUse:
    return LimitUse(rule=rule, used=Decimal(used), allowed=Decimal(allowed), subject=subject)


def opening(equity: str, day: str, peak: str = "0.00", unpriced: tuple[str, ...] = ()) -> Opening:
    return Opening(
        book=Book(cash_cny=Decimal(equity)),
        equity_cny=Decimal(equity),
        day_equity_cny=Decimal(day),
        peak_equity_cny=Decimal(peak),
        unpriced=unpriced,
    )


def shrunk(asked: int, shares: int, rule: Rule = Rule.CASH, index: int = 0) -> Change:
    return Change(
        symbol=A, side=Side.BUY, asked=asked, shares=shares, rule=rule, reason="too much", index=index
    )


def armed(symbol: str = B, rule: Rule = Rule.LIMIT_DOWN) -> ArmedExit:
    return ArmedExit(symbol=symbol, shares=300, why="fell to 9.00", rule=rule, reason="nobody buys")


def journal_of(*days: date) -> JournalByHand:
    journal = JournalByHand()
    journal.genesis()
    for day in days:
        journal.open(day)
    return journal


def report_of(journal: JournalByHand) -> RiskReport:
    return risk_report(risk_trail(journal.events, journal.value))


def test_the_highest_and_the_last_use_of_a_limit_are_told_with_symbol_and_session():
    journal = JournalByHand()
    journal.genesis()
    for day, used in ((MON, "0.10"), (TUE, "0.19"), (WED, "0.05")):
        journal.open(day)
        journal.write("verdicts", Verdicts(used=(use(Rule.POSITION_RATIO, used, "0.20", A),)))
        journal.close()

    (row,) = report_of(journal).limits

    assert (row.most.key, row.most.subject) == ("max_single_position_ratio", A)
    assert (row.most.used, row.most.ratio) == (Decimal("0.19"), Decimal("0.95"))
    assert (row.slot, row.last.used) == ("2025-10-14 09:35", Decimal("0.05"))
    assert row.session.startswith("20251014")
    assert row.near == 1  # 0.19 of 0.20 is 95 %; 0.10 and 0.05 are half and a quarter.


def test_the_highest_use_is_by_what_was_allowed_then_since_limits_may_be_scaled():
    journal = JournalByHand()
    journal.genesis()
    for day, used, allowed in ((MON, "0.18", "0.40"), (TUE, "0.15", "0.20")):  # 45 % and 75 %
        journal.open(day)
        journal.write("verdicts", Verdicts(used=(use(Rule.GROSS_EXPOSURE, used, allowed),)))

    (row,) = report_of(journal).limits

    assert (row.most.used, row.most.allowed) == (Decimal("0.15"), Decimal("0.20"))


def test_of_several_reviews_of_a_session_the_last_counts_and_of_equal_sessions_the_first():
    journal = JournalByHand()
    journal.genesis()
    for day in (MON, TUE):
        journal.open(day)
        journal.write("verdicts", Verdicts(used=(use(Rule.GROSS_EXPOSURE, "0.9", "0.95"),)))
        # The sells were filled and the buys that waited for them were not all let go.
        journal.write("funded", Verdicts(used=(use(Rule.GROSS_EXPOSURE, "0.2", "0.95"),)))

    (row,) = report_of(journal).limits

    assert (row.most.used, row.last.used) == (Decimal("0.2"), Decimal("0.2"))
    assert row.slot == "2025-10-13 09:35"


def test_a_correlation_is_of_one_buy_and_no_later_review_counts_it_again():
    journal = journal_of(MON)
    journal.write("verdicts", Verdicts(used=(use(Rule.CORRELATION, "0.6", "0.8", A),)))
    journal.write("funded", Verdicts(used=(use(Rule.CORRELATION, "0.3", "0.8", B),)))

    assert report_of(journal).limits[0].most.used == Decimal("0.6")


def test_the_cash_reserve_is_a_floor_the_least_that_must_be_left_of_what_is_left():
    journal = journal_of(MON)
    journal.write("verdicts", Verdicts(used=(use(Rule.CASH_RESERVE, "5000.00", "20000.00"),)))
    journal.open(TUE)
    journal.write("verdicts", Verdicts(used=(use(Rule.CASH_RESERVE, "5000.00", "6000.00"),)))

    (row,) = report_of(journal).limits

    assert (row.most.floor, row.most.used, row.most.allowed) == (True, Decimal("6000.00"), Decimal("5000.00"))
    assert row.most.ratio == Decimal(5) / 6
    assert advised(journal)["near.floor"]["used"] == "6000"
    text = shown(account_table(summarise(journal.events, None), "en"))
    assert "≥ 5000" in text


def test_of_a_floor_nothing_is_left_of_all_is_used():
    journal = journal_of(MON)
    journal.write("verdicts", Verdicts(used=(use(Rule.CASH_RESERVE, "5000.00", "0.00"),)))

    assert report_of(journal).limits[0].most.ratio == 1


def test_losses_against_a_capital_are_ratios_of_it():
    journal = JournalByHand()
    journal.genesis()
    limits = {
        "daily_loss_ratio_max": "0.05",
        "portfolio": {"drawdown_ratio_max": "0.20"},
        "degrees": {"capital_cny_max": "2000.00"},
    }
    journal.settings(limits=json.dumps(limits))
    journal.open(MON)
    journal.write("book", opening("9900.00", "9950.00", "10000.00"))

    found = report_of(journal)

    # 50.00 and 100.00 of the 2000.00; of the account itself 100.00 of 10 000.00 are 1 %.
    told = {row.most.key: row.most.used for row in found.limits}
    assert told == {"max_daily_loss_ratio": Decimal("0.025"), "max_drawdown_ratio": Decimal("0.05")}
    assert found.drawdown == Decimal("0.01")


@pytest.mark.parametrize(("used", "near"), [("0.159999", 0), ("0.16", 1), ("0.199999", 1), ("0.20", 0)])
def test_a_near_miss_begins_at_80_percent_exactly_and_ends_before_all_of_it(used: str, near: int):
    journal = journal_of(MON)
    journal.write("verdicts", Verdicts(used=(use(Rule.VAR, used, "0.20"),)))

    assert report_of(journal).limits[0].near == near


def test_a_session_that_the_rule_refused_something_of_is_no_near_miss():
    journal = journal_of(MON)
    full = use(Rule.POSITION_RATIO, "0.19", "0.20", A)
    journal.write("verdicts", Verdicts(used=(full,), refused=(refused(Rule.POSITION_RATIO),)))
    journal.open(TUE)
    journal.write("verdicts", Verdicts(used=(full,), refused=(refused(Rule.CASH),)))

    assert report_of(journal).limits[0].near == 1


@pytest.mark.parametrize(("by", "near"), [("drawdown", 0), ("losing_streak", 1)])
def test_a_session_that_the_limit_had_halted_is_no_near_miss_of_it(by: str, near: int):
    journal = JournalByHand()
    journal.genesis()
    journal.settings(limits=json.dumps({"portfolio": {"drawdown_ratio_max": "0.20"}}))
    journal.open(MON)
    halt = Halt(symbol="", why="down", cause=HaltCause.LIMIT, by=by)
    journal.write("book", replace(opening("8200.00", "8200.00", "10000.00"), halts=(halt,)))  # 18 % down.

    assert report_of(journal).limits[0].near == near
    assert ("near" in advised(journal)) is bool(near)


@pytest.mark.parametrize(
    ("rule", "subject", "key"),
    [
        (Rule.ORDER_CNY, A, "order_value_max"),
        (Rule.ORDER_COUNT, "session", "orders_per_session_max"),
        (Rule.ORDER_COUNT, "day", "orders_per_day_max"),
        (Rule.NOTIONAL, "session", "session_value_max"),
        (Rule.NOTIONAL, "day", "day_value_max"),
        (Rule.TURNOVER, "session", "session_turnover_max"),
        (Rule.TURNOVER, "day", "day_turnover_max"),
        (Rule.SECTOR, "food", "max_sector_ratio"),
        (Rule.SECTOR, "", "max_unknown_sector_ratio"),
        (Rule.CORRELATION, A, "max_correlation"),
        (Rule.VAR, "", "max_var_ratio"),
        (Rule.CASH_RESERVE, "", "min_cash_reserve"),
        (Rule.CAPITAL, "", "capital_max"),
        (Rule.LOSING_STREAK, "", "max_losing_sales"),
    ],
)
def test_a_use_is_told_under_the_key_that_sets_the_limit(rule: Rule, subject: str, key: str):
    journal = journal_of(MON)
    journal.write("verdicts", Verdicts(used=(use(rule, "1", "2", subject),)))

    (row,) = report_of(journal).limits

    assert row.most.key == key
    assert row.most.subject == ("" if subject in {"session", "day"} else subject)


def test_a_use_of_a_rule_that_no_key_sets_is_left_out():
    journal = journal_of(MON)
    journal.write("verdicts", Verdicts(used=(use(Rule.TICK, "1", "2"),)))

    assert report_of(journal).limits == ()


def test_losses_are_told_of_sessions_without_verdicts_too():
    journal = JournalByHand()
    journal.genesis()
    limits = {"daily_loss_ratio_max": "0.05", "portfolio": {"drawdown_ratio_max": "0.20"}}
    journal.settings(limits=json.dumps(limits))
    journal.open(MON)
    # 1 - 9000 / 10000 = 0.1 from the peak; 1 - 9000 / 9375 = 0.04 that day
    journal.write("book", opening("9000.00", "9375.00", "10000.00"))
    journal.open(TUE)
    journal.write("book", opening("9500.00", "9500.00", "10000.00"))

    found = report_of(journal)

    assert (found.drawdown, found.daily_loss) == (Decimal("0.1"), Decimal("0.04"))
    told = {row.most.key: (row.most.used, row.most.allowed, row.last.used) for row in found.limits}
    assert told == {
        "max_daily_loss_ratio": (Decimal("0.04"), Decimal("0.05"), Decimal(0)),
        "max_drawdown_ratio": (Decimal("0.1"), Decimal("0.20"), Decimal("0.05")),
    }


def test_a_gain_is_a_loss_of_nothing():
    journal = journal_of(MON)
    journal.write("book", opening("10100.00", "9950.00", "10000.00"))

    found = report_of(journal)

    assert (found.drawdown, found.daily_loss) == (Decimal(0), Decimal(0))


def test_a_loss_that_nobody_can_tell_is_not_told_as_none():
    journal = journal_of(MON)
    journal.write("book", opening("1.00", "10000.00", "10000.00", unpriced=(A,)))
    journal.open(TUE)
    journal.write("book", opening("9000.00", "9000.00"))  # Of a record that did not keep the peak.

    found = report_of(journal)

    assert (found.drawdown, found.daily_loss) == (None, Decimal(0))


def test_refusals_changes_and_shadow_orders_count_each_once():
    journal = journal_of(MON)
    passed = terms_of(journal.session, Side.BUY, 100)
    first = Verdicts(refused=(refused(Rule.TICK, index=1),), changed=(shrunk(500, 100),), shadow=(passed,))
    journal.write("verdicts", first)
    again = Verdicts(
        refused=(refused(Rule.TICK, index=1), refused(Rule.CASH, index=2)),
        changed=(shrunk(500, 100), shrunk(900, 800, Rule.POSITION_RATIO, 3)),
    )
    journal.write("funded", again)

    found = report_of(journal)

    assert (found.refusals, found.changes) == ({"cash": 1, "tick": 1}, {"cash": 1, "position_ratio": 1})
    assert found.shadow_orders == 1
    assert found.asked == 3  # index 0 passed, 1 and 2 were refused


def test_what_two_sessions_ask_for_alike_counts_in_both():
    journal = JournalByHand()
    journal.genesis()
    for day in (MON, TUE):
        journal.open(day)
        told = Verdicts(refused=(refused(Rule.TICK),), changed=(shrunk(500, 100, index=1),))
        journal.write("verdicts", told)
        journal.write("funded", told)
        journal.close()

    found = report_of(journal)

    assert (found.asked, found.refusals, found.changes) == (2, {"tick": 2}, {"cash": 2})


def test_a_deferred_buy_that_is_funded_was_asked_for_once():
    journal = journal_of(MON)
    buy = terms_of(journal.session, Side.BUY, 100)
    journal.write("verdicts", Verdicts(deferred=(Deferred(terms=buy, short_cny=Decimal("1.00")),)))
    journal.write("funded", Verdicts(approved=(buy,)))

    assert report_of(journal).asked == 1


def test_a_halt_is_told_from_when_to_when_and_by_whom_it_was_lifted():
    journal = journal_of(MON)
    halt = Halt(symbol="", why="down 20 %", cause=HaltCause.LIMIT, by="drawdown")
    journal.write("halt:drawdown", halt)
    journal.open(TUE)
    journal.write("halt:drawdown", replace(halt, why="said again"))  # In force already.
    journal.session = ""
    journal.write("command:here:1", Lift(symbol="", why="looked at it", by="ada"))
    everywhere = Halt(symbol=A, why="results", cause=HaltCause.PERSON, everywhere=True)
    journal.write("command:everywhere:1", everywhere)

    first, second = report_of(journal).halts

    assert (first.halt.why, str(first.since.date()), str(first.lifted)[:16]) == (
        "down 20 %", "2025-10-13", "2025-10-14 09:35"
    )  # fmt: skip
    assert (first.lift_why, first.lifted_by) == ("looked at it", "ada")
    assert (second.halt.symbol, second.lifted) == (A, None)


def test_a_halt_that_leaves_a_position_uncertain_is_told_beside_one_that_does_not():
    journal = journal_of(MON)
    journal.write("a", Halt(symbol=A, why="by hand", cause=HaltCause.PERSON))
    journal.write("b", Halt(symbol=A, why="fate unknown", cause=HaltCause.UNRESOLVED))
    journal.write("c", Halt(symbol=A, why="differs", cause=HaltCause.RECONCILIATION))
    journal.write("d", Lift(symbol=A, why="settled"))

    told = [(span.halt.why, span.lifted is None) for span in report_of(journal).halts]

    assert told == [("by hand", False), ("fate unknown", False)]


def test_a_halt_put_again_after_its_lift_is_another_one():
    journal = journal_of(MON)
    journal.write("a", Halt(symbol="", why="first"))
    journal.write("b", Lift(symbol="", why="one"))
    journal.open(TUE)
    journal.write("c", Halt(symbol="", why="second"))
    journal.write("d", Lift(symbol="", why="two"))

    told = [(span.halt.why, span.lift_why) for span in report_of(journal).halts]

    assert told == [("first", "one"), ("second", "two")]


def test_lifting_what_is_not_halted_changes_nothing():
    journal = journal_of(MON)
    journal.write("halt:x", Halt(symbol=A, why="x"))
    journal.write("command:here:1", Lift(symbol=B, why="another"))

    assert [span.lifted for span in report_of(journal).halts] == [None]


def test_exits_still_armed_are_those_of_the_last_session():
    journal = journal_of(MON)
    journal.write("exits", Exits(intents=(), armed=(armed(A), armed(B))))
    journal.open(TUE)
    journal.write("exits", Exits(intents=(), armed=(armed(B),)))

    found = report_of(journal)

    assert ([one.symbol for one in found.armed], found.armed_sessions) == ([B], 2)


def test_an_exit_that_the_gate_refused_stays_armed_by_the_gates_rule():
    journal = journal_of(MON)
    sale = Intent(symbol=A, side=Side.SELL, shares=300, why="stop loss: 9.00", origin=Origin.EXIT, index=0)
    no = Refusal(
        symbol=A, side=Side.SELL, shares=300, rule=Rule.PHASE, reason="15:05", origin=Origin.EXIT, index=0
    )
    journal.write("exits", Exits(intents=(sale,), armed=(armed(B),)))
    journal.write("verdicts", Verdicts(refused=(no, refused(Rule.CASH, index=1))))
    journal.write("late1:verdicts", Verdicts(refused=(no,)))

    expected = ArmedExit(symbol=A, shares=300, why="stop loss: 9.00", rule=Rule.PHASE, reason="15:05")
    assert report_of(journal).armed == (armed(B), expected)
    (record,) = session_records(journal.events)
    assert record.armed == (armed(B), expected)


def advised(journal: JournalByHand) -> dict[str, Mapping[str, str]]:
    return {one.kind: {**one.values, "keys": " ".join(one.keys)} for one in report_of(journal).advice}


@pytest.mark.parametrize(
    ("count", "approved", "told"),
    [
        (2, 0, False),  # Too few to say anything.
        (3, 27, True),  # 3 of 30 is 10 % exactly.
        (3, 28, False),
    ],
)
def test_a_rule_is_worth_a_word_from_three_refusals_and_a_tenth_on(count: int, approved: int, told: bool):
    journal = journal_of(MON)
    buy = terms_of(journal.session, Side.BUY, 100)
    verdicts = Verdicts(
        approved=tuple(replace(buy, index=100 + number) for number in range(approved)),
        refused=tuple(refused(Rule.POSITION_RATIO, index=number) for number in range(count)),
    )
    journal.write("verdicts", verdicts)

    assert ("refused.resize" in advised(journal)) is told


@pytest.mark.parametrize(
    ("rule", "kind", "keys", "resize"),
    [
        (Rule.POSITION_RATIO, "refused.resize", "max_single_position_ratio", "cap"),
        (Rule.SECTOR, "refused.resize", "max_sector_ratio max_unknown_sector_ratio", "cap"),
        (Rule.CASH_RESERVE, "refused.resize", "min_cash_reserve", "cash"),
        (Rule.CASH, "refused.shrink", "", "cash"),
        (Rule.T_PLUS_1, "refused.shrink", "", "sellable"),
        (Rule.BOARD_LOT, "refused.shrink", "", "lot"),
        (Rule.DRIFT, "refused.loosen", "drift_bp_max", None),
        (Rule.LIMIT_UP, "refused", "", None),
    ],
)
def test_what_to_do_about_a_refusal_names_the_keys_and_the_policy(
    rule: Rule, kind: str, keys: str, resize: str | None
):
    journal = journal_of(MON)
    journal.write("verdicts", Verdicts(refused=tuple(refused(rule, index=number) for number in range(4))))

    found = advised(journal)[kind]

    assert (found["rule"], found["count"], found["asked"], found["what"]) == (rule, "4", "4", "buy")
    assert (found["keys"], found.get("resize")) == (keys, resize)


def test_refusals_of_both_sides_are_of_orders():
    journal = journal_of(MON)
    sides = [Side.BUY, Side.BUY, Side.SELL]
    ones = (replace(refused(Rule.DRIFT, index=number), side=side) for number, side in enumerate(sides))
    journal.write("verdicts", Verdicts(refused=tuple(ones)))

    assert advised(journal)["refused.loosen"]["what"] == "both"


def test_a_limit_that_was_nearly_used_up_is_told_unless_it_refused():
    journal = journal_of(MON)
    counts = (use(Rule.ORDER_COUNT, "180", "200", "day"), use(Rule.GROSS_EXPOSURE, "0.95", "0.95"))
    journal.write("verdicts", Verdicts(used=counts, refused=(refused(Rule.GROSS_EXPOSURE),)))

    near = [one for one in report_of(journal).advice if one.kind == "near"]

    assert [(one.keys, one.values["used"], one.values["allowed"]) for one in near] == [
        (("orders_per_day_max",), "180", "200")
    ]


@pytest.mark.parametrize(
    ("rule", "used", "kinds"),
    [
        (Rule.POSITION_RATIO, "0.149999", ["near"]),
        (Rule.POSITION_RATIO, "0.15", []),  # All of it, and no more: an order filled it.
        (Rule.POSITION_RATIO, "0.150001", ["beyond"]),
        (Rule.SECTOR, "0.16", ["beyond"]),
        (Rule.GROSS_EXPOSURE, "0.16", ["beyond"]),
        (Rule.CAPITAL, "0.16", ["beyond"]),
        (Rule.VAR, "0.16", []),  # Nor did prices alone bring these there.
        (Rule.DAILY_LOSS, "0.16", []),
        (Rule.NOTIONAL, "0.16", []),
    ],
)
def test_what_prices_alone_brought_above_a_limit_is_told_apart(rule: Rule, used: str, kinds: list[str]):
    subject = "day" if rule is Rule.NOTIONAL else ""
    journal = journal_of(MON)
    journal.write("verdicts", Verdicts(used=(use(rule, used, "0.15", subject),)))

    assert list(advised(journal)) == kinds


def test_limits_that_nobody_set_are_named_and_none_where_the_settings_are_not_known():
    journal = JournalByHand()
    journal.genesis()
    assert "unset" not in advised(journal)

    journal.settings(limits=json.dumps({"position_ratio_max": "0.2", "daily_loss_ratio_max": None}))
    assert advised(journal)["unset"]["keys"] == "max_daily_loss_ratio max_drawdown_ratio"

    every = {
        "position_ratio_max": "0.2",
        "daily_loss_ratio_max": "0.05",
        "portfolio": {"drawdown_ratio_max": "0.15"},
    }
    journal.settings(limits=json.dumps(every))
    assert "unset" not in advised(journal)


@pytest.mark.parametrize(("sessions", "told"), [(2, False), (3, True)])
def test_an_exit_that_stays_armed_for_three_sessions_is_a_persons_business(sessions: int, told: bool):
    journal = journal_of(MON)
    journal.write("exits", Exits(intents=(), armed=(armed(A),)))
    for number in range(sessions):
        journal.open(TUE, f"{10 + number}:35")
        journal.write("exits", Exits(intents=(), armed=(armed(B),)))

    assert ("armed" in advised(journal)) is told


def test_a_halt_by_a_limit_and_shadow_mode_are_worth_a_word():
    journal = journal_of(MON)
    journal.write("halt:x", Halt(symbol="", why="down", cause=HaltCause.LIMIT, by="drawdown"))
    journal.write("verdicts", Verdicts(shadow=(terms_of(journal.session, Side.BUY, 100),)))

    found = advised(journal)

    assert (found["halted"]["keys"], found["halted"]["count"]) == ("max_drawdown_ratio", "1")
    assert (found["shadow"]["keys"], found["shadow"]["count"]) == ("shadow", "1")


def test_a_period_holds_its_own_sessions_and_the_halts_in_force_in_it():
    journal = JournalByHand()
    journal.genesis()
    for day, halted in ((MON, A), (TUE, B), (WED, "300750.SZ")):
        journal.open(day)
        journal.write("verdicts", Verdicts(refused=(refused(Rule.CASH),)))
        journal.write("halt:x", Halt(symbol=halted, why="x"))
        if day is MON:
            journal.write("lift:x", Lift(symbol=halted, why="done"))
        journal.close(Outcome.NO_TRADE)

    found = risk_report(within(follow(journal.events, journal.value), TUE, TUE).risk)

    assert found.refusals == {"cash": 1}
    assert [span.halt.symbol for span in found.halts] == [B]


def test_a_journal_without_sessions_has_a_report_with_nothing_in_it():
    found = report_of(JournalByHand())

    assert (found.limits, found.asked, found.armed, found.halts, found.advice) == ((), 0, (), (), ())


def test_every_limit_of_a_recorded_use_has_a_key_of_the_configuration():
    from services.settings_risk import RiskSettings

    assert set(KEYS.values()) <= set(keys_of(RiskSettings))


def everything() -> JournalByHand:
    """A session in shadow with a change, a refusal, an armed exit and a halt that was lifted."""
    journal = JournalByHand()
    journal.genesis()
    journal.settings(limits=NO_LIMITS)
    journal.open(MON)
    journal.write("halt:drawdown", Halt(symbol="", why="down a lot", cause=HaltCause.LIMIT, by="drawdown"))
    journal.write("exits", Exits(intents=(), armed=(armed(B),)))
    order = replace(terms_of(journal.session, Side.BUY, 100), origin=Origin.EXIT)
    verdicts = Verdicts(
        shadow=(order,),
        changed=(shrunk(500, 100, Rule.POSITION_RATIO),),
        refused=(refused(Rule.SECTOR, "sector 食品饮料 is full", index=4),),
        used=(use(Rule.SECTOR, "0.1534", "0.20", "食品饮料"), use(Rule.ORDER_COUNT, "1", "50", "session")),
    )
    journal.write("verdicts", verdicts)
    journal.close(Outcome.NO_TRADE)
    journal.session = ""
    journal.write("command:here:1", Lift(symbol="", why="seen", by="ada"))
    journal.write("command:here:2", Halt(symbol=A, why="wait", cause=HaltCause.PERSON, by="ada"))
    return journal


def shown(what: RenderableType) -> str:
    out = StringIO()
    Console(file=out, width=200, color_system=None).print(what)
    return out.getvalue()


@LANGS
def test_the_screen_tells_use_changes_shadow_halts_and_what_to_do(lang: str):
    text = shown(account_table(summarise(everything().events, None), lang))

    facts = ("max_sector_ratio (食品饮料)", "0.1534", "76.70%", "position_ratio", "down a lot", "seen")
    facts += ("wait", "000001.SZ 300", "max_drawdown_ratio", "max_daily_loss_ratio")
    assert [fact for fact in facts if fact not in text] == []


@LANGS
def test_a_session_tells_what_it_used_changed_and_did_not_send(lang: str):
    (record,) = session_records(everything().events)

    text = shown(session_view(record, lang))
    line = shown(session_line(record, lang))

    facts = ("max_sector_ratio 食品饮料: 0.1534 / 0.2 (76.70%)", "orders_per_session_max: 1 / 50 (2.00%)")
    facts += ("too much", "500", "600519.SH 100 @ 12.00")
    assert [fact for fact in facts if fact not in text] == []
    assert line.count("\n") == 1


def test_the_json_of_the_report_is_json_and_whole():
    written = summarise(everything().events, None).as_json("zh")["risk"]

    assert isinstance(written, Mapping)
    assert json.loads(json.dumps(written, allow_nan=False)) == written
    limits = written["limits"]
    assert isinstance(limits, list)
    assert limits[1] == {
        "key": "max_sector_ratio",
        "rule": "sector",
        "subject": "食品饮料",
        "used_max": 0.1534,
        "allowed": 0.2,
        "used_ratio": 0.767,
        "floor": False,
        "session": "20251013-0935-main-run",
        "used_last": 0.1534,
        "allowed_last": 0.2,
        "near_misses": 0,
    }
    assert (written["changes"], written["shadow_orders"], written["asked"]) == ({"position_ratio": 1}, 1, 2)
    halts = written["halts"]
    assert isinstance(halts, list)
    assert [(one["by"], one["lifted"] is None) for one in halts] == [("drawdown", False), ("ada", True)]


@LANGS
def test_the_page_has_a_section_of_risk_with_everything_escaped(lang: str):
    journal = everything()
    journal.open(TUE)
    hostile = "<script>alert(1)</script>"
    journal.write("verdicts", Verdicts(used=(use(Rule.SECTOR, "0.1", "0.2", hostile),)))
    journal.write("halt:y", Halt(symbol="", why=hostile))

    page = render_report(journal.events, None, lang=lang)

    assert "max_unknown_sector_ratio" not in page
    assert [fact for fact in ("76.70%", "0.1534", "down a lot", "seen (ada)") if fact not in page] == []
    assert hostile not in page
