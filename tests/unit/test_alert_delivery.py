"""When which alert goes where, on a virtual clock: quiet hours, rates, waits, repeats, and restarts."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.delivery import Attempt, QuietHours, Terms, Waiting, next_turn, wait_s
from monitor.outbox import KEPT_DAYS, Outbox, Put
from monitor.sender import Line, Sender, notice_of
from services.clock import VirtualClock
from services.domain.alerts import Alert, AlertKind, Notice, Severity, Words
from services.domain.instruments import Market
from services.ports import AlertFault, JournalFault
from services.settings_alerts import AlertSettings
from services.slots import ZONES

ZONE = ZONES[Market.CN]
NOW = datetime(2025, 10, 10, 10, 0, tzinfo=ZONE)
NIGHT = QuietHours(begin=time(22, 30), end=time(7, 0), zone=ZONE)
NOON = QuietHours(begin=time(12, 0), end=time(13, 0), zone=ZONE)


def at(text: str, day: int = 10) -> datetime:
    return datetime.combine(NOW.date().replace(day=day), time.fromisoformat(text), ZONE)


def alert(
    key: str = "a", *, severity: Severity = Severity.WARNING, topic: str = "", moment: datetime = NOW
) -> Alert:
    return Alert(
        kind=AlertKind.FAILED,
        severity=severity,
        account="main",
        key=key,
        topic=topic or key,
        title=Words("Session failed", "时段失败"),
        text=Words("why", "原因"),
        at=moment,
    )


def waiting(number: int = 1, *, attempts: int = 0, severity: Severity = Severity.WARNING) -> Waiting:
    return Waiting(
        alert_id=number, channel="c", attempts=attempts, alert=alert(str(number), severity=severity)
    )


# Quiet hours.


@pytest.mark.parametrize(("quiet", "now", "end"), [
    (NIGHT, at("22:29"), None),
    (NIGHT, at("22:30"), at("07:00", 11)),
    (NIGHT, at("23:59"), at("07:00", 11)),
    (NIGHT, at("00:00"), at("07:00")),
    (NIGHT, at("06:59"), at("07:00")),
    (NIGHT, at("07:00"), None),
    (NOON, at("11:59"), None),
    (NOON, at("12:00"), at("13:00")),
    (NOON, at("13:00"), None),
])  # fmt: skip
def test_quiet_hours_may_span_midnight(quiet: QuietHours, now: datetime, end: datetime | None):
    assert quiet.end_after(now.astimezone(UTC)) == end


def test_in_quiet_hours_a_critical_alert_goes_and_the_others_wait_for_their_end():
    terms, late = Terms(quiet=NIGHT), at("23:00")

    quiet = next_turn(late, "c", [waiting(1)], (), terms)
    critical = next_turn(late, "c", [waiting(1), waiting(2, severity=Severity.CRITICAL)], (), terms)

    assert quiet is not None
    assert critical is not None
    assert quiet.at == at("07:00", 11)
    assert (critical.waiting.alert_id, critical.at) == (2, late)


# Rates and waits.


def test_no_more_than_the_rate_goes_in_any_minute():
    tried = [Attempt(at=NOW + timedelta(seconds=s), ok=True) for s in (0, 10, 20)]
    now = NOW + timedelta(seconds=25)

    three = next_turn(now, "c", [waiting()], tried, Terms(per_minute_max=3))
    four = next_turn(now, "c", [waiting()], tried, Terms(per_minute_max=4))

    assert three is not None
    assert four is not None
    assert three.at == NOW + timedelta(seconds=60)
    assert four.at == now


@pytest.mark.parametrize(("failures", "longest_s"), [
    (1, 5), (2, 10), (3, 20), (9, 1280), (10, 1800), (50, 1800), (5000, 1800),
])  # fmt: skip
def test_the_wait_doubles_to_half_an_hour_and_is_spread(failures: int, longest_s: float):
    waits = [wait_s(f"channel-{number}", failures) for number in range(50)]

    assert all(longest_s / 2 <= one <= longest_s for one in waits)
    assert len(set(waits)) == 50
    assert waits == [wait_s(f"channel-{number}", failures) for number in range(50)]


def test_a_channel_rests_after_failures_in_a_row_and_a_success_ends_the_count():
    failed, worked = Attempt(at=NOW, ok=False), Attempt(at=NOW, ok=True)

    resting = next_turn(NOW, "c", [waiting()], [worked, failed, failed], Terms())
    fresh = next_turn(NOW, "c", [waiting()], [failed, failed, worked], Terms())

    assert resting is not None
    assert fresh is not None
    assert resting.at == NOW + timedelta(seconds=wait_s("c", 2))
    assert fresh.at == NOW


def test_a_clock_set_back_does_not_silence_a_channel_for_as_long():
    tried = [Attempt(at=NOW + timedelta(days=2), ok=False)]

    turn = next_turn(NOW, "c", [waiting()], tried, Terms())

    assert turn is not None
    assert turn.at == NOW + timedelta(seconds=1800)


@pytest.mark.parametrize(("these", "first"), [
    ([waiting(1), waiting(2)], 1),
    ([waiting(1), waiting(2, severity=Severity.CRITICAL)], 2),
    # What no platform takes must not hold up what one would.
    ([waiting(1, attempts=1, severity=Severity.CRITICAL), waiting(2, severity=Severity.INFO)], 2),
])  # fmt: skip
def test_what_failed_least_goes_first_then_what_matters_most_then_the_oldest(
    these: Sequence[Waiting], first: int
):
    turn = next_turn(NOW, "c", these, (), Terms())

    assert turn is not None
    assert turn.waiting.alert_id == first


def test_where_nothing_waits_there_is_no_turn():
    assert next_turn(NOW, "c", [], (), Terms()) is None


# The outbox.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "main" / "alerts.sqlite3"


def test_an_alert_is_kept_once_and_survives_the_process(path: Path):
    first = Outbox(path)
    assert first.put(alert("a"), ("c", "d", "c"), 0) is Put.NEW
    assert first.put(alert("a"), ("c", "d"), 0) is Put.KNOWN
    # Not closed: the process was killed.

    found = Outbox(path).waiting()

    assert [(one.channel, one.alert) for one in found] == [("c", alert("a")), ("d", alert("a"))]


def test_alerts_of_one_topic_are_held_back_for_a_while_and_counted(path: Path):
    outbox, minutes = Outbox(path), timedelta(minutes=1)

    def put(key: str, after: timedelta, severity: Severity = Severity.WARNING) -> Put:
        return outbox.put(alert(key, topic="t", moment=NOW + after, severity=severity), ("c",), 1800)

    assert put("a", 0 * minutes) is Put.NEW
    assert put("b", 10 * minutes) is Put.FOLDED
    assert put("c", 29 * minutes) is Put.FOLDED
    assert put("urgent", 29 * minutes, Severity.CRITICAL) is Put.NEW
    assert outbox.put(alert("other", moment=NOW), ("c",), 1800) is Put.NEW
    assert put("d", 60 * minutes) is Put.NEW
    assert [(one.alert.key, one.held_back) for one in outbox.waiting()] == [
        ("a", 0), ("urgent", 2), ("other", 0), ("d", 0),
    ]  # fmt: skip


def test_what_was_held_back_holds_back_nothing(path: Path):
    outbox = Outbox(path)
    puts = [
        outbox.put(alert(f"{minute}", topic="t", moment=NOW + timedelta(minutes=minute)), ("c",), 1800)
        for minute in (0, 20, 31)
    ]

    assert puts == [Put.NEW, Put.FOLDED, Put.NEW]


def test_where_the_journal_was_told_up_to_is_kept(path: Path):
    outbox = Outbox(path)
    assert outbox.seen() is None
    outbox.mark_seen(3)
    outbox.mark_seen(7)
    outbox.close()

    assert Outbox(path).seen() == 7


def test_what_is_over_is_forgotten_after_its_time_and_what_waits_is_not(path: Path):
    outbox = Outbox(path)
    outbox.put(alert("sent"), ("c",), 0)
    (one,) = outbox.waiting()
    outbox.sent(one, NOW)
    outbox.put(alert("waits"), ("c",), 0)

    outbox.forget_old(NOW + timedelta(days=KEPT_DAYS))
    assert outbox.has("sent")
    outbox.forget_old(NOW + timedelta(days=KEPT_DAYS, seconds=1))

    assert not outbox.has("sent")
    assert outbox.has("waits")
    assert outbox.attempts("c") == ()


# The sender.


def states(path: Path) -> list[tuple[object, ...]]:
    """Return what is on record of each delivery."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT dedupe, channel, state, attempts, why FROM deliveries JOIN alerts ON alerts.id = alert_id"
        ).fetchall()


class Channel:
    """A channel that takes what it is sent, or fails as often as it is told to."""

    def __init__(self, name: str = "c", failures: int = 0) -> None:
        self.name, self.failures = name, failures
        self.got: list[Notice] = []
        self.tried = 0

    async def send(self, notice: Notice) -> None:
        self.tried += 1
        if self.failures:
            self.failures -= 1
            raise AlertFault(self.name, "down")
        self.got.append(notice)


def line(channel: Channel, terms: Terms | None = None, lang: str = "en") -> Line:
    return Line(channel=channel, lang=lang, terms=terms or Terms())


def drive(sender: Sender, clock: VirtualClock, until: datetime) -> None:
    """Give the sender its turns, the clock jumping to each, until a moment."""

    async def turns() -> None:
        due: datetime | None = clock.now()
        while due is not None and due <= until:
            clock.jump(due)
            due = await sender.turn()

    asyncio.run(turns())


def test_an_alert_reaches_every_channel_that_wants_it_in_its_language(path: Path):
    outbox, clock = Outbox(path), VirtualClock(NOW)
    english, chinese, urgent = Channel("en"), Channel("zh"), Channel("urgent")
    sender = Sender(
        outbox,
        [line(english), line(chinese, lang="zh"), line(urgent, Terms(severity_min=Severity.CRITICAL))],
        clock,
        ZONE,
    )

    outbox.put(alert(), sender.channels_for(alert()), 0)
    drive(sender, clock, NOW)

    assert english.got[0].title == "[WARNING] Session failed"
    assert english.got[0].text == "why\naccount main, 2025-10-10 10:00:00"
    assert chinese.got[0].title == "[警告] 时段失败"
    assert urgent.tried == 0


def test_a_failed_alert_is_tried_again_until_it_is_taken(path: Path):
    outbox, clock, channel = Outbox(path), VirtualClock(NOW), Channel(failures=3)
    told: list[AlertFault] = []
    sender = Sender(outbox, [line(channel)], clock, ZONE, told=told.append)

    outbox.put(alert(), ("c",), 0)
    drive(sender, clock, NOW + timedelta(hours=1))

    assert (channel.tried, len(channel.got), len(told)) == (4, 1, 3)
    assert states(path) == [("a", "c", "sent", 4, "")]
    waited_s = sum(wait_s("c", failures) for failures in (1, 2, 3))
    assert clock.now() == NOW + timedelta(seconds=waited_s)


def test_an_alert_is_given_up_after_so_many_attempts_with_a_record(path: Path):
    outbox, clock, channel = Outbox(path), VirtualClock(NOW), Channel(failures=99)
    sender = Sender(outbox, [line(channel)], clock, ZONE, attempts_max=3)

    outbox.put(alert(), ("c",), 0)
    drive(sender, clock, NOW + timedelta(days=1))

    assert channel.tried == 3
    assert states(path) == [("a", "c", "given_up", 3, "down")]
    assert outbox.waiting() == ()


def test_as_many_attempts_as_are_usual_outlast_an_outage_of_twenty_hours():
    attempts = AlertSettings().attempts_max

    # Each wait is at least half of the longest: 90 of 900 s are 22.5 h.
    assert all(sum(wait_s(name, n) for n in range(1, attempts)) > 20 * 3600 for name in ("a", "b", "c"))


def test_the_next_process_sends_what_the_last_one_did_not(path: Path):
    clock = VirtualClock(NOW)
    dead = Outbox(path)
    dead.put(alert("a"), ("c",), 0)
    dead.put(alert("b"), ("c",), 0)
    killed = Sender(dead, [line(Channel())], clock, ZONE)
    asyncio.run(killed.turn())  # One message a turn: "b" still waits when the process dies.

    channel = Channel()
    drive(Sender(Outbox(path), [line(channel)], clock, ZONE), clock, NOW)

    assert len(channel.got) == 1


def test_a_burst_is_spread_over_minutes(path: Path):
    outbox, clock, channel = Outbox(path), VirtualClock(NOW), Channel()
    sender = Sender(outbox, [line(channel, Terms(per_minute_max=10))], clock, ZONE)
    for number in range(25):
        outbox.put(alert(str(number)), ("c",), 0)

    drive(sender, clock, NOW + timedelta(seconds=59))
    assert len(channel.got) == 10
    drive(sender, clock, NOW + timedelta(seconds=119))
    assert len(channel.got) == 20
    drive(sender, clock, NOW + timedelta(seconds=120))
    assert len(channel.got) == 25


def test_a_broken_channel_holds_up_no_other(path: Path):
    outbox, clock = Outbox(path), VirtualClock(NOW)
    good, bad = Channel("good"), Channel("bad", failures=99)
    sender = Sender(outbox, [line(bad), line(good)], clock, ZONE)
    for number in range(3):
        outbox.put(alert(str(number)), ("bad", "good"), 0)

    drive(sender, clock, NOW)

    assert len(good.got) == 3


def test_what_was_taken_and_cannot_be_marked_is_not_sent_again(path: Path, monkeypatch: pytest.MonkeyPatch):
    outbox, clock, channel = Outbox(path), VirtualClock(NOW), Channel()
    sender = Sender(outbox, [line(channel)], clock, ZONE)
    outbox.put(alert(), ("c",), 0)

    def full(*_given: object) -> None:
        raise JournalFault("mark", "disk full")

    with monkeypatch.context() as broken:
        broken.setattr(outbox, "sent", full)
        for _ in range(3):
            with pytest.raises(JournalFault):
                asyncio.run(sender.turn())
    asyncio.run(sender.turn())

    assert channel.tried == 1
    assert outbox.waiting() == ()


def test_the_outbox_is_not_read_in_the_loops_own_thread(path: Path, monkeypatch: pytest.MonkeyPatch):
    outbox, seen = Outbox(path), list[int]()
    read = outbox.waiting
    monkeypatch.setattr(outbox, "waiting", lambda: seen.append(threading.get_ident()) or read())

    asyncio.run(Sender(outbox, [line(Channel())], VirtualClock(NOW), ZONE).turn())

    assert seen
    assert threading.get_ident() not in seen


def test_a_notice_is_safe_to_show_and_tells_what_was_held_back():
    hostile = replace(alert(), title=Words("a\nb\x1b[2J", ""), text=Words("x\u202e", ""))

    notice = notice_of(hostile, "en", ZONE, held_back=4)

    assert notice.title == "[WARNING] a b\ufffd[2J"
    assert notice.text.startswith("x\ufffd\n4 more")
