"""What of a journal is told, how urgently, and what is not told again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from agents.parsing import parse
from monitor.alarms import Alarms, runway_alert
from services.domain.alerts import Alert, AlertKind, Severity
from services.domain.book import Book
from services.domain.decision import BadAnswer, BadAnswerKind, RawAnswer
from services.domain.events import (
    Asked,
    FaultRecord,
    Halt,
    HaltCause,
    Lift,
    Look,
    Opening,
    Outcome,
    Repaired,
    Rested,
    StageKind,
)
from services.domain.fills import Fees
from services.domain.orders import Side
from tests.monitor_journal import MON, TUE, WED, JournalByHand, at, terms_of, three_days

LIMITS = '{"daily_loss_ratio_max": "0.05", "portfolio": {"drawdown_ratio_max": "0.20"}}'


def journal(**settings: str) -> JournalByHand:
    made = JournalByHand()
    made.genesis()
    made.settings(**settings)
    return made


def told(made: JournalByHand, *, after_seq: int = 0, bad_answers_max: int = 3) -> list[Alert]:
    alarms = Alarms(parse, after_seq=after_seq, bad_answers_max=bad_answers_max)
    return [one for event in made.events for one in alarms.take(event, made.value(event))]


def kinds(alerts: Iterable[Alert]) -> list[tuple[AlertKind, Severity]]:
    return [(one.kind, one.severity) for one in alerts]


def opening(
    equity: str, *, day: str = "10000.00", peak: str = "10000.00", unpriced: tuple[str, ...] = ()
) -> Opening:
    return Opening(
        book=Book(cash_cny=Decimal(equity)), equity_cny=Decimal(equity), day_equity_cny=Decimal(day),
        peak_equity_cny=Decimal(peak), unpriced=unpriced,
    )  # fmt: skip


def test_a_healthy_journal_tells_nothing():
    made = JournalByHand()
    made.genesis()
    for day in (MON, TUE, WED):
        made.open(day)
        made.write("answer", RawAnswer(text='{"rationale": "r", "orders": []}', model="m"))
        made.write("decision", parse(RawAnswer(text='{"rationale": "r", "orders": []}', model="m"), ()))
        made.close(Outcome.NO_TRADE)

    assert told(made) == []


@pytest.mark.parametrize(
    "outcome", [Outcome.MARKET_CLOSED, Outcome.HALTED, Outcome.RISK_ONLY, Outcome.NO_TRADE]
)
def test_an_end_that_is_no_fault_is_not_told(outcome: Outcome):
    made = journal()
    made.open(MON)
    made.close(outcome)

    assert told(made) == []


def test_a_missed_slot_is_told_with_its_time_and_why():
    made = journal()
    made.open(MON, "10:35")
    made.close(Outcome.MISSED, "400 s late, at most 300 s are allowed")

    (one,) = told(made)

    assert (one.kind, one.severity) == (AlertKind.MISSED, Severity.WARNING)
    assert "2025-10-13 10:35" in one.title.en
    assert "2025-10-13 10:35" in one.title.zh
    assert "400 s late" in one.text.en
    assert (one.account, one.at) == ("main", at(MON, "10:35"))


def test_sessions_that_fail_at_one_door_are_one_topic_and_two_occurrences():
    made = journal()
    for day, why in ((MON, "prices: quotes: down"), (TUE, "prices: quotes: late"), (WED, "broker: x: y")):
        made.open(day)
        made.close(Outcome.FAILED, why)

    found = told(made)

    assert kinds(found) == [(AlertKind.FAILED, Severity.WARNING)] * 3
    assert len({one.key for one in found}) == 3
    assert found[0].topic == found[1].topic != found[2].topic


def test_a_broker_that_does_not_answer_a_start_is_told_of():
    made = journal()
    made.session = ""
    made.write("unanswered:9", FaultRecord(door="broker", asked="positions", why="no connection"))

    (one,) = told(made)

    assert (one.kind, one.severity) == (AlertKind.FAILED, Severity.WARNING)
    assert "positions: no connection" in one.text.en
    assert "positions: no connection" in one.text.zh


def test_a_clock_in_doubt_is_critical_and_each_doubt_is_told():
    made = journal()
    made.session = ""
    for number in (9, 11):
        made.write(f"clock:{number}", FaultRecord(door="clock", asked="the time", why="set ahead by 17 d"))

    one, other = told(made)

    assert (one.kind, one.severity) == (AlertKind.CLOCK, Severity.CRITICAL)
    assert "set ahead by 17 d" in one.text.en
    assert "set ahead by 17 d" in one.text.zh
    assert (one.topic, one.key == other.key) == (other.topic, False)


def test_a_day_the_calendar_does_not_know_is_critical():
    made = journal()
    made.open(MON)
    made.close(Outcome.CALENDAR_UNKNOWN)

    assert kinds(told(made)) == [(AlertKind.CALENDAR, Severity.CRITICAL)]


@pytest.mark.parametrize(("cause", "kind", "severity"), [
    (HaltCause.UNRESOLVED, AlertKind.UNRESOLVED, Severity.CRITICAL),
    (HaltCause.RECONCILIATION, AlertKind.RECONCILIATION, Severity.CRITICAL),
    (HaltCause.LIMIT, AlertKind.HALT, Severity.CRITICAL),
    (HaltCause.ALERT, AlertKind.HALT, Severity.CRITICAL),
    (HaltCause.PERSON, AlertKind.HALT, Severity.WARNING),
])  # fmt: skip
def test_every_halt_is_told_and_its_end_too(cause: HaltCause, kind: AlertKind, severity: Severity):
    made = journal()
    made.open(MON)
    made.write("halt:600519.SH", Halt(symbol="600519.SH", why="the reason", cause=cause, by="x"))
    made.write("command:here:1", Lift(symbol="600519.SH", why="looked it up", by="ada"))

    found = told(made)

    assert kinds(found) == [(kind, severity), (AlertKind.LIFTED, Severity.INFO)]
    assert "600519.SH" in found[0].title.en
    assert "the reason" in found[0].text.zh
    assert "ada" in found[1].text.en


def test_every_cause_of_a_halt_has_its_alert():
    for cause in HaltCause:
        made = journal()
        made.write("halt", Halt(symbol="", why="w", cause=cause, everywhere=True))
        assert len(told(made)) == 1


def test_a_kill_is_critical_and_other_commands_are_not_told():
    made = journal()
    made.write("kill:2", Asked(command="kill", args={"why": "enough"}))
    made.write("command:here:1", Asked(command="dance", args={}))

    (one,) = told(made)

    assert (one.kind, one.severity) == (AlertKind.KILLED, Severity.CRITICAL)
    assert "enough" in one.text.en


def test_a_completed_audit_trail_is_told():
    made = journal()
    made.write("repaired", Repaired(torn_bytes=17, lines_added=2))

    (one,) = told(made)

    assert (one.kind, one.severity) == (AlertKind.REPAIRED, Severity.INFO)
    assert "17" in one.text.en


# Answers.


def bad(made: JournalByHand, day: date, text: str = "09:35") -> None:
    made.open(day, text)
    made.write("answer", RawAnswer(text="", model="m"))
    made.write("decision", parse(RawAnswer(text="", model="m"), ()))
    made.close(Outcome.RISK_ONLY, "bad answer")


OVER = "over budget: cny_per_day is 1, 1 is used or held, this may take 0.2"


def silent(made: JournalByHand, day: date, text: str = "09:35", why: str = "no answer within 120 s") -> None:
    made.open(day, text)
    made.write("answer", FaultRecord(door="agent", asked="m", why=why))
    made.close(Outcome.RISK_ONLY, why)


def over_budget(made: JournalByHand, day: date, text: str, answer: FaultRecord | RawAnswer) -> None:
    made.open(day, text)
    made.write("answer", answer)
    if isinstance(answer, RawAnswer):
        made.write("decision", parse(answer, ()))
    made.close(Outcome.RISK_ONLY if isinstance(answer, FaultRecord) or answer.fault else Outcome.NO_TRADE)


def good(made: JournalByHand, day: date, text: str = "09:35") -> None:
    made.open(day, text)
    answer = RawAnswer(text='{"rationale": "r", "orders": []}', model="m")
    made.write("answer", answer)
    made.write("decision", parse(answer, ()))
    made.close(Outcome.NO_TRADE)


Session = Callable[[JournalByHand, date, str], None]


@pytest.mark.parametrize(("sessions", "alerts"), [
    ((bad, bad), 0),
    ((bad, silent, bad), 1),
    ((bad, bad, good, bad, bad), 0),
    ((bad, bad, bad, bad, bad), 1),
    ((bad, bad, bad, bad, bad, bad), 2),
])  # fmt: skip
def test_bad_and_missing_answers_in_a_row_are_told(sessions: tuple[Session, ...], alerts: int):
    made = journal()
    for number, session in enumerate(sessions):
        session(made, MON, f"1{number}:05")

    found = told(made)

    assert kinds(found) == [(AlertKind.BAD_ANSWERS, Severity.WARNING)] * alerts


def test_how_many_in_a_row_is_set():
    made = journal()
    bad(made, MON)

    assert len(told(made, bad_answers_max=1)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        FaultRecord(door="agent", asked="m", why=OVER, over_budget=True),
        RawAnswer(text="", model="m", fault=f"agent: m: {OVER}", over_budget=OVER),
        RawAnswer(text='{"rationale":"r","orders":[]}', model="m", over_budget=OVER),
    ],
    ids=["nobody asked", "asked and then not", "without one voice"],
)
def test_a_used_up_budget_is_told_once_a_day(answer: FaultRecord | RawAnswer):
    made = journal()
    over_budget(made, MON, "10:35", answer)
    over_budget(made, MON, "11:35", answer)

    found = told(made)

    assert kinds(found) == [(AlertKind.OVER_BUDGET, Severity.WARNING)] * 2
    assert found[0].key == found[1].key
    assert OVER in found[0].text.en


def test_what_a_provider_says_of_a_budget_of_its_own_is_no_alert():
    made = journal()
    silent(made, MON, "10:35", "HTTP 402: you are over budget: add credits")

    assert told(made) == []


# Losses.


@pytest.mark.parametrize(("equity", "severity"), [
    ("9601.00", None),  # 3.99 % of 5 % is 79.8 %.
    ("9600.00", Severity.WARNING),  # 4 % is 80 %.
    ("9500.01", Severity.WARNING),
    ("9500.00", Severity.CRITICAL),
])  # fmt: skip
def test_a_daily_loss_near_and_over_its_limit(equity: str, severity: Severity | None):
    made = journal(limits=LIMITS)
    made.open(MON)
    made.write("book", opening(equity))

    assert kinds(told(made)) == ([] if severity is None else [(AlertKind.DAILY_LOSS, severity)])


def test_a_daily_loss_is_one_occurrence_a_day_and_level():
    made = journal(limits=LIMITS)
    for day, text, equity in ((MON, "10:35", "9600.00"), (MON, "11:35", "9590.00"), (MON, "14:05", "9400.00"),
                              (TUE, "10:35", "9600.00")):  # fmt: skip
        made.open(day, text)
        made.write("book", opening(equity))

    assert len({one.key for one in told(made)}) == 3


def test_a_drawdown_is_told_when_a_level_is_reached_and_again_after_it_was_left():
    made = journal(limits=LIMITS)
    equities = ("8400.00", "8300.00", "7900.00", "8300.00", "9900.00", "8300.00")
    for number, equity in enumerate(equities):
        made.open(MON, f"1{number}:05")
        made.write("book", opening(equity, day=equity))

    # 16 % of 20 % is near, 21 % over; at 17 % it is still near; left at 1 %; near again.
    assert kinds(told(made)) == [
        (AlertKind.DRAWDOWN, Severity.WARNING),
        (AlertKind.DRAWDOWN, Severity.CRITICAL),
        (AlertKind.DRAWDOWN, Severity.WARNING),
    ]


def test_a_loss_nobody_can_tell_or_nobody_bounds_is_not_told():
    unpriced = journal(limits=LIMITS)
    unpriced.open(MON)
    unpriced.write("book", opening("1.00", unpriced=("600519.SH",)))
    unbound = journal()
    unbound.open(MON)
    unbound.write("book", opening("1.00"))

    assert told(unpriced) == told(unbound) == []


# Said and done.


def sold_instead(*, rested: bool = False) -> JournalByHand:
    """A session that fills an order nobody wanted."""
    made = journal()
    good(made, MON)
    made.events.pop()  # Not closed yet.
    order = terms_of(made.session, Side.BUY, 100)
    made.trade(order, "10.00", Fees())
    made.close(Outcome.NO_TRADE)
    if rested:
        made.write("late1:look", Look(stage=StageKind.HEARTBEAT, moment=at(MON)))
        made.write("late1:rested", Rested(working=0))
    return made


def test_an_order_nobody_wanted_is_critical():
    (one,) = told(sold_instead())

    assert (one.kind, one.severity) == (AlertKind.SAY_DO, Severity.CRITICAL)
    assert "nobody wanted it" in one.text.en
    assert "无人提出" in one.text.zh


def test_the_same_findings_of_a_session_are_one_occurrence():
    found = told(sold_instead(rested=True))

    assert len(found) == 2
    assert found[0].key == found[1].key


def test_a_session_that_is_not_at_hand_any_more_is_not_judged():
    made = journal()
    old = terms_of("20251013-0935-main-run", Side.BUY, 100)
    made.open(MON)
    made.write(f"intended:{old.order_id}", old)
    made.close()
    first = made.session
    for number in range(20):
        made.open(TUE, f"{10 + number // 6}:{number % 6}5")
        made.close(Outcome.NO_TRADE)
    made.session = first
    made.fill(old, "10.00", Fees())
    made.write("late1:rested", Rested(working=0))

    assert [one for one in told(made) if one.at.date() > MON] == []


# What is told once.


def test_what_was_told_before_is_not_told_again_and_still_counts():
    made = journal()
    for number in range(2):
        bad(made, MON, f"1{number}:05")
    made.open(TUE)
    made.close(Outcome.MISSED, "late")
    seen = len(made.events)
    bad(made, WED)

    assert kinds(told(made, after_seq=seen)) == [(AlertKind.BAD_ANSWERS, Severity.WARNING)]


def test_the_same_journal_gives_the_same_alerts():
    made = three_days(hostile="x\x1b[2J<@all>\u202e")
    made.write("halt", Halt(symbol="", why="\x1b[2J broken \n text", cause=HaltCause.LIMIT))

    first, second = told(made), told(made)

    assert first == second
    assert all("\x1b" not in one.text.en for one in first)
    assert first[-1].text.en.count("\n") == 1


def test_a_strangers_long_words_are_cut():
    made = journal()
    made.write("halt", Halt(symbol="", why="w" * 100_000, cause=HaltCause.LIMIT))

    assert len(told(made)[0].text.en) < 1000


# The calendar.


@pytest.mark.parametrize(("days", "severity"), [
    (31, None), (30, Severity.WARNING), (8, Severity.WARNING), (7, Severity.CRITICAL), (0, Severity.CRITICAL),
    (-5, Severity.CRITICAL),
])  # fmt: skip
def test_the_calendars_end_is_told_from_thirty_days_on(days: int, severity: Severity | None):
    until = date(2026, 12, 31)

    found = runway_alert("main", days, until, at(until - timedelta(days=days)))

    assert (found.severity if found else None) == severity


def test_each_level_of_the_calendars_end_is_one_occurrence():
    until = date(2026, 12, 31)
    keys = [runway_alert("main", days, until, at(MON)) for days in (30, 29, 15, 14, 7, 3, 1, 0)]

    # 30 29 15 | 14 | 7 | 3 | 1 0
    assert len({one.key for one in keys if one is not None}) == 5


def test_a_bad_answer_of_any_kind_counts():
    made = journal()
    for number, kind in enumerate(BadAnswerKind):
        made.open(MON, f"1{number}:05")
        made.write("decision", BadAnswer(kind=kind, reason="r", model="m", answer_hash="a"))

    assert len(told(made)) == len(BadAnswerKind) // 3
