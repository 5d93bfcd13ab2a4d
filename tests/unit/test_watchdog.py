"""What a watchdog finds wrong, by what was seen; all moments are of Monday 2026-11-23, Shanghai."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from monitor.watchdog import checks
from monitor.watchdog_finding import Finding, lasting
from monitor.watchdog_told import title_of
from services.domain.alerts import Severity
from services.domain.events import Halt, HaltCause, Outcome
from services.domain.instruments import Market
from services.domain.vitals import LifeState, Vitals
from services.domain.watched import (
    AccountSeen,
    DayDiffers,
    DueSlot,
    HaltSeen,
    MachineSeen,
    ProcessSeen,
    Seen,
    Watched,
)
from services.settings_reading import read_section
from services.settings_watchdog import WatchdogSettings
from services.slots import ZONES

CHINA = ZONES[Market.CN]
DAY = date(2026, 11, 23)
MIB = 1024**2
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


def at(text: str, day: date = DAY) -> datetime:
    return datetime.fromisoformat(f"{day} {text}").replace(tzinfo=CHINA)


NOW = at("10:50:00")
VITALS = Vitals(
    account="main",
    mode="paper",
    market="cn",
    state=LifeState.RUNNING,
    pid=7,
    host="box",
    version="1",
    at=at("10:49:55"),
    started_at=at("09:00:00"),
    beat_s=15.0,
    ticked_at=at("10:49:00"),
    reconciled=True,
    pnl_today_cny=Decimal("-100.00"),
    equity_cny=Decimal("9900.00"),
    prices_at=at("10:35:10"),
)
RAN = DueSlot(local="2026-11-23 10:35", moment=at("10:35:00"), begun=True, outcome=Outcome.DONE)
ACCOUNT = AccountSeen(account="main", vitals=VITALS, silent_s=5.0, slots=(RAN,), grace_s=300)
MACHINE = MachineSeen(
    today=DAY,
    watched_since=at("09:00:00"),
    free_bytes=50_000 * MIB,
    total_bytes=100_000 * MIB,
    log_bytes=0,
    clock_offset_s=0.1,
    clock_within_s=0.05,
    clock_at=at("10:45:00"),
    known_until=date(2027, 12, 31),
)


def vitals(**changes: object) -> AccountSeen:
    return replace(ACCOUNT, vitals=replace(VITALS, **changes))


def found(
    account: AccountSeen = ACCOUNT,
    machine: MachineSeen | None = MACHINE,
    now: datetime = NOW,
    **terms: object,
) -> list[tuple[Watched, Severity]]:
    judged = checks(now, Seen(account=account, machine=machine), read_section(WatchdogSettings, terms))
    for one in judged.findings:
        # Each has its sentences in both languages, whatever it is filled with.
        assert title_of(one).en
        assert title_of(one).zh
    return [(one.what, one.severity) for one in judged.findings]


def test_a_record_ahead_of_the_clock_is_critical_beyond_a_minute():
    assert found(replace(ACCOUNT, last_slot=at("10:51:01"))) == [(Watched.SLOT, CRITICAL)]
    assert found(replace(ACCOUNT, last_slot=at("10:51:00"))) == []
    assert found(replace(ACCOUNT, last_slot=None)) == []


def test_a_process_that_left_its_lock_is_gone_and_what_it_said_of_itself_is_not_told():
    gone = replace(vitals(alerts_given_up=3), left=True)

    judged = checks(NOW, Seen(account=gone), WatchdogSettings())

    assert found(gone) == [(Watched.BEAT, CRITICAL)]
    assert Watched.TICK in judged.untold
    assert Watched.BEAT not in judged.untold


def test_where_all_is_well_nothing_is_found_and_everything_can_be_told():
    judged = checks(NOW, Seen(account=ACCOUNT, machine=MACHINE), WatchdogSettings())

    assert (judged.findings, judged.untold) == ((), frozenset())


@pytest.mark.parametrize(("silent_s", "expected"), [(60.0, []), (60.1, [(Watched.BEAT, CRITICAL)])])
def test_a_process_that_says_nothing_for_a_minute_is_critical(silent_s: float, expected: list[object]):
    assert found(replace(ACCOUNT, silent_s=silent_s)) == expected


@pytest.mark.parametrize("state", [LifeState.STOPPED, LifeState.PAUSED])
def test_a_process_that_was_stopped_need_not_speak_and_one_that_is_paused_must(state: LifeState):
    silent = replace(vitals(state=state), silent_s=3600.0)

    assert (found(silent) == []) is (state is LifeState.STOPPED)


def test_an_error_is_critical_at_once():
    assert found(vitals(state=LifeState.ERROR, why="disk")) == [(Watched.STATE, CRITICAL)]


def test_vitals_that_are_damaged_or_were_never_written_are_found():
    assert found(replace(ACCOUNT, vitals=None, vitals_fault="damaged")) == [(Watched.BEAT, CRITICAL)]
    assert found(replace(ACCOUNT, vitals=None)) == [(Watched.BEAT, CRITICAL)]


def test_an_account_that_is_not_there_is_found():
    nothing = AccountSeen(account="main", begun=False, grace_s=300)

    assert found(nothing) == [(Watched.JOURNAL, CRITICAL)]


def test_a_journal_that_cannot_be_read_is_found_and_its_slots_are_not_judged():
    absent = replace(RAN, begun=False, outcome=None)

    assert found(replace(ACCOUNT, journal_fault="damaged", slots=(absent,))) == [(Watched.JOURNAL, CRITICAL)]


# The slot of 10:35 has 300 s of grace, and a loop that woke late one minute to say so: until 10:41:00.
@pytest.mark.parametrize(
    ("now", "expected"), [("10:40:59", []), ("10:41:00", [Watched.SLOT]), ("10:42:59", [Watched.SLOT])]
)
def test_a_slot_without_a_session_is_critical_within_two_minutes(now: str, expected: list[Watched]):
    absent = replace(RAN, begun=False, outcome=None)
    account = replace(vitals(prices_at=None), slots=(absent,))

    assert [what for what, _ in found(account, now=at(now))] == expected


@pytest.mark.parametrize("state", [LifeState.RUNNING, LifeState.STOPPED, LifeState.ERROR, None])
def test_a_slot_is_missed_whatever_the_process_says(state: LifeState | None):
    absent = replace(RAN, begun=False, outcome=None)
    said = None if state is None else replace(VITALS, state=state)
    account = replace(ACCOUNT, slots=(absent,), vitals=said)

    assert (Watched.SLOT, CRITICAL) in found(account)


@pytest.mark.parametrize(("state", "silent_s", "now", "expected"), [
    (LifeState.RUNNING, 60.1, "10:41:00", [Watched.BEAT, Watched.SLOT]),
    (LifeState.RUNNING, 60.1, "10:40:59", [Watched.BEAT]),  # Started again at once it would still end it.
    (LifeState.RUNNING, 60.0, "10:41:00", []),  # It lives: a mind may think for long.
    (LifeState.ERROR, 0.0, "10:41:00", [Watched.STATE, Watched.SLOT]),
    (LifeState.STOPPED, 900.0, "10:41:00", []),  # Somebody stopped it, and knows.
])  # fmt: skip
def test_a_slot_whose_process_died_within_its_session_is_critical_once_its_grace_is_over(
    state: LifeState, silent_s: float, now: str, expected: list[Watched]
):
    begun = replace(RAN, outcome=None)
    account = replace(vitals(state=state, prices_at=None), slots=(begun,), silent_s=silent_s)

    assert [what for what, _ in found(account, now=at(now))] == expected


def test_a_slot_that_is_on_record_as_missed_is_the_journals_to_tell():
    assert found(replace(ACCOUNT, slots=(replace(RAN, outcome=Outcome.MISSED),))) == []


@pytest.mark.parametrize(("since", "expected"), [
    ("10:40:00", []),  # 600 s.
    ("10:39:59", [(Watched.STARTING, CRITICAL)]),
])  # fmt: skip
def test_what_starts_for_ten_minutes_is_critical(since: str, expected: list[object]):
    starting = vitals(state=LifeState.STARTING, reconciled=False, prices_at=None)

    assert found(replace(starting, shut_since=at(since), slots=())) == expected


def test_what_is_not_reconciled_for_ten_minutes_is_critical():
    shut = replace(vitals(reconciled=False), shut_since=at("10:30:00"))

    assert found(shut) == [(Watched.STARTING, CRITICAL)]


@pytest.mark.parametrize(("ticked", "expected"), [
    ("10:29:55", []),  # 1200 s before it said so.
    ("10:29:54", [(Watched.TICK, CRITICAL)]),
])  # fmt: skip
def test_a_turn_of_the_loop_that_takes_twenty_minutes_is_critical(ticked: str, expected: list[object]):
    assert found(vitals(ticked_at=at(ticked))) == expected


@pytest.mark.parametrize(("cause", "what"), [
    (HaltCause.UNRESOLVED, [Watched.UNRESOLVED]),
    (HaltCause.RECONCILIATION, [Watched.RECONCILIATION]),
    (HaltCause.LIMIT, []),
    (HaltCause.PERSON, []),
])  # fmt: skip
def test_what_nobody_is_sure_of_is_critical_once_it_lasts(cause: HaltCause, what: list[Watched]):
    halt = Halt(symbol="600519.SH", why="who knows", cause=cause)

    # 300 s and 299 s.
    lasting_one = replace(ACCOUNT, halts=(HaltSeen(halt=halt, since=at("10:45:00")),))
    fresh = replace(ACCOUNT, halts=(HaltSeen(halt=halt, since=at("10:45:01")),))

    assert [one for one, _ in found(lasting_one)] == what
    assert found(fresh) == []


# 10,000.00 at the previous close; 100.00 lost are 1 %.
@pytest.mark.parametrize(("most", "expected"), [("0.011", []), ("0.01", [(Watched.DAILY_LOSS, CRITICAL)])])
def test_a_loss_at_the_watchdogs_own_limit_is_critical(most: str, expected: list[object]):
    assert found(daily_loss_ratio_max=most) == expected


def test_a_loss_is_looked_at_only_where_a_limit_is_set():
    assert found(vitals(pnl_today_cny=Decimal("-9000"), equity_cny=Decimal("1000"))) == []


def test_a_loss_that_nobody_tells_is_a_warning_once_a_session_had_prices():
    unknown = vitals(pnl_today_cny=None)

    assert found(unknown, daily_loss_ratio_max="0.01") == [(Watched.DAILY_LOSS, WARNING)]
    assert found(replace(unknown, slots=()), daily_loss_ratio_max="0.01") == []


def test_the_loss_of_an_earlier_day_is_not_todays():
    old = replace(vitals(at=NOW - timedelta(hours=13)), slots=())

    assert found(old, daily_loss_ratio_max="0.01") == []


def test_the_loss_of_an_account_without_any_worth_is_not_divided_by():
    broke = vitals(pnl_today_cny=Decimal("-5"), equity_cny=Decimal("-5"))

    assert found(broke, daily_loss_ratio_max="0.01") == []


@pytest.mark.parametrize(("changes", "expected"), [
    ({"prices_at": at("10:34:59")}, [Watched.PRICES]),
    ({"prices_at": None}, [Watched.PRICES]),
    ({"prices_at": at("10:35:00")}, []),
    ({"prices_at": None, "started_at": at("10:40:00")}, []),  # Another process ran that slot.
])  # fmt: skip
def test_a_session_that_got_no_prices_is_a_warning(changes: Mapping[str, object], expected: list[Watched]):
    assert [what for what, _ in found(vitals(**changes))] == expected


def test_a_session_that_ended_since_the_process_last_spoke_is_not_held_against_it():
    before = vitals(prices_at=None, pnl_today_cny=None, at=at("10:35:10"))
    ended = replace(RAN, ended_at=at("10:35:11"))

    assert found(replace(before, slots=(ended,)), now=at("10:35:15"), daily_loss_ratio_max="0.1") == []
    assert found(replace(before, slots=(replace(ended, ended_at=at("10:35:10")),)), now=at("10:35:15")) == [
        (Watched.PRICES, WARNING)
    ]


@pytest.mark.parametrize("outcome", [None, Outcome.MISSED, Outcome.MARKET_CLOSED, Outcome.HALTED])
def test_a_session_that_asks_no_prices_needs_none(outcome: Outcome | None):
    assert found(replace(vitals(prices_at=None), slots=(replace(RAN, outcome=outcome),))) == []


def test_yesterdays_slot_needs_no_prices_today():
    yesterday = replace(RAN, moment=at("10:35:00") - timedelta(days=1))
    early = vitals(prices_at=None, started_at=at("09:00:00", date(2026, 11, 20)))

    assert found(replace(early, slots=(yesterday,))) == []


@pytest.mark.parametrize(("trading_since", "seconds", "expected"), [
    (at("09:30:00"), 890, []),  # 10:50:00 less 10:35:10 is 890 s.
    (at("09:30:00"), 889, [Watched.PRICES]),
    (at("10:45:00"), 300, []),  # Trading went on 300 s ago.
    (None, 60, []),  # The market does not trade.
])  # fmt: skip
def test_prices_may_be_bounded_while_the_market_trades(
    trading_since: datetime | None, seconds: int, expected: list[Watched]
):
    account = replace(ACCOUNT, trading_since=trading_since)

    assert [what for what, _ in found(account, prices_s_max=seconds)] == expected


def test_alerts_that_were_given_up_are_a_warning():
    assert found(vitals(alerts_given_up=2)) == [(Watched.OUTBOX, WARNING)]


@pytest.mark.parametrize(("process", "expected"), [
    (ProcessSeen(memory_bytes=1024 * MIB), []),
    (ProcessSeen(memory_bytes=1024 * MIB + 1), [Watched.MEMORY]),
    (ProcessSeen(memory_bytes=400 * MIB, memory_then_bytes=200 * MIB), []),  # Twice as much is allowed.
    (ProcessSeen(memory_bytes=401 * MIB, memory_then_bytes=200 * MIB), [Watched.MEMORY]),
    (ProcessSeen(memory_bytes=1, cpu_ratio=0.9), []),
    (ProcessSeen(memory_bytes=1, cpu_ratio=0.91), [Watched.CPU]),
    (ProcessSeen(memory_bytes=1, descriptors=79, descriptors_max=100), []),
    (ProcessSeen(memory_bytes=1, descriptors=80, descriptors_max=100), [Watched.DESCRIPTORS]),
    (ProcessSeen(memory_bytes=1, descriptors=80), []),
])  # fmt: skip
def test_a_process_that_takes_too_much_is_a_warning(process: ProcessSeen, expected: list[Watched]):
    assert [what for what, _ in found(replace(ACCOUNT, process=process))] == expected


@pytest.mark.parametrize(("free_mib", "expected"), [
    (5_000, []),  # 5 % of 100,000.
    (4_999, [(Watched.DISK, WARNING)]),
    (1_023, [(Watched.DISK, WARNING)]),
    (102, [(Watched.DISK, CRITICAL)]),  # Less than a tenth of 1,024.
])  # fmt: skip
def test_the_disk_has_two_levels(free_mib: int, expected: list[object]):
    assert found(machine=replace(MACHINE, free_bytes=free_mib * MIB)) == expected


def test_a_disk_that_cannot_be_looked_at_is_critical():
    assert found(machine=replace(MACHINE, free_bytes=None, disk_fault="gone")) == [(Watched.DISK, CRITICAL)]


def test_logs_that_are_not_rotated_are_a_warning():
    assert found(machine=replace(MACHINE, log_bytes=1024 * MIB)) == []
    assert found(machine=replace(MACHINE, log_bytes=1024 * MIB + 1)) == [(Watched.LOG, WARNING)]


@pytest.mark.parametrize(("offset_s", "expected"), [
    (2.05, []),  # The host may have read its clock 0.05 s away.
    (2.06, [(Watched.CLOCK, WARNING)]),
    (-30.06, [(Watched.CLOCK, CRITICAL)]),
])  # fmt: skip
def test_a_wrong_clock_is_found(offset_s: float, expected: list[object]):
    assert found(machine=replace(MACHINE, clock_offset_s=offset_s)) == expected


def test_a_clock_nobody_compares_is_a_warning_after_six_hours():
    unknown = replace(MACHINE, clock_offset_s=None, clock_at=None)

    assert found(machine=replace(unknown, watched_since=NOW - timedelta(hours=6))) == []
    late = replace(unknown, watched_since=NOW - timedelta(hours=6, seconds=1))
    assert found(machine=late) == [(Watched.CLOCK, WARNING)]
    judged = checks(NOW, Seen(account=ACCOUNT, machine=unknown), WatchdogSettings())
    assert judged.untold == {Watched.CLOCK}


@pytest.mark.parametrize(("days", "level", "severity"), [
    (31, None, None), (30, "30", WARNING), (15, "30", WARNING), (14, "14", WARNING), (7, "7", CRITICAL),
    (3, "3", CRITICAL), (1, "1", CRITICAL), (-4, "1", CRITICAL),
])  # fmt: skip
def test_the_calendars_end_is_told_level_by_level(days: int, level: str | None, severity: Severity | None):
    machine = replace(MACHINE, known_until=DAY + timedelta(days=days))

    judged = checks(NOW, Seen(account=ACCOUNT, machine=machine), WatchdogSettings())

    expected = [] if level is None else [(level, severity)]
    assert [(one.level, one.severity) for one in judged.findings] == expected


def test_a_calendar_that_cannot_be_read_is_critical():
    assert found(machine=replace(MACHINE, calendar_fault="line 3")) == [(Watched.CALENDAR, CRITICAL)]


@pytest.mark.parametrize(("days", "severity"), [(-1, WARNING), (0, CRITICAL), (7, CRITICAL), (8, WARNING)])
def test_a_day_told_differently_is_critical_where_it_comes_soon(days: int, severity: Severity):
    one = DayDiffers(day=DAY + timedelta(days=days), source="tushare", ours="open", theirs="closed")

    assert found(machine=replace(MACHINE, differs=(one,))) == [(Watched.CALENDAR, severity)]


def test_a_dead_man_who_does_not_answer_is_told_after_a_quarter_of_an_hour():
    failing = replace(MACHINE, dead_man_fault="HTTP 500", dead_man_since=NOW - timedelta(seconds=900))

    assert found(machine=failing) == []
    assert found(machine=failing, now=NOW + timedelta(seconds=1)) == [(Watched.DEAD_MAN, WARNING)]


def test_what_the_machine_is_like_is_told_by_one_watch_alone():
    assert found(machine=None) == []


def test_of_a_silent_process_nothing_else_is_said_to_be_well():
    silent = replace(vitals(alerts_given_up=2), silent_s=61.0, process=ProcessSeen(memory_bytes=10**12))

    judged = checks(NOW, Seen(account=silent, machine=None), WatchdogSettings())

    assert [one.what for one in judged.findings] == [Watched.BEAT]
    assert {Watched.MEMORY, Watched.OUTBOX, Watched.DAILY_LOSS} <= judged.untold
    assert Watched.BEAT not in judged.untold
    assert Watched.SLOT not in judged.untold


def test_the_worst_comes_first():
    both = replace(vitals(alerts_given_up=1), slots=(replace(RAN, begun=False, outcome=None),))

    assert [severity for _, severity in found(both)] == [CRITICAL, WARNING]


@pytest.mark.parametrize(
    ("seconds", "words"), [(119.4, "119 s"), (120, "2 min"), (7199, "120 min"), (9000, "2.5 h")]
)
def test_how_long_something_lasts_is_told_in_a_unit_that_fits(seconds: float, words: str):
    assert lasting(seconds) == words


def test_a_findings_key_tells_it_from_others_of_its_kind():
    one = Finding(what=Watched.SLOT, severity=CRITICAL, wording="slot", place="a")

    assert one.key != replace(one, place="b").key
