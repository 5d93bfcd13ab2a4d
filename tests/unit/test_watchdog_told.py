"""What of findings is news: once, again while it lasts, changed, over; and what cannot be told stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.watchdog_finding import Finding, Judgement
from monitor.watchdog_memory import TOLD_NAME, read_told, write_told
from monitor.watchdog_told import QUIETLY_AFTER, News, Telling, Turn, alert_of, news_of
from services.domain.alerts import AlertKind, Severity
from services.domain.watched import Watched
from services.ports import JournalFault

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
REPEAT_S = 14_400
FULL = Finding(
    what=Watched.DISK,
    severity=Severity.CRITICAL,
    wording="disk.full",
    level="full",
    values={"free": "1", "ratio": "0.1 %", "wanted": 1024},
)
LOW = replace(FULL, severity=Severity.WARNING, wording="disk.low", level="low")
SLOT = Finding(
    what=Watched.SLOT,
    severity=Severity.CRITICAL,
    wording="slot",
    place="2026-11-23 09:35",
    values={"slot": "2026-11-23 09:35", "state": "running"},
)


def judged(*findings: Finding, untold: frozenset[Watched] = frozenset()) -> Judgement:
    return Judgement(findings=findings, untold=untold)


class Watch:
    """Takes judgements one after the other, as a desk does."""

    def __init__(self) -> None:
        self.told: dict[str, Telling] = {}

    def take(self, judgement: Judgement, after: timedelta = timedelta(0)) -> list[tuple[Turn, str]]:
        news, self.told = news_of(NOW + after, judgement, self.told, REPEAT_S)
        return [(one.turn, one.telling.key) for one in news]


def test_a_finding_is_told_once_and_its_end():
    watch = Watch()

    assert watch.take(judged(FULL)) == [(Turn.NEW, "disk")]
    assert watch.take(judged(FULL), HOUR) == []
    assert watch.take(judged(), 2 * HOUR) == [(Turn.OVER, "disk")]
    assert watch.take(judged(), 3 * HOUR) == []
    assert watch.take(judged(FULL), 4 * HOUR) == [(Turn.NEW, "disk")]


def test_what_lasts_is_told_again_after_the_hours_set():
    watch = Watch()
    watch.take(judged(FULL))

    assert watch.take(judged(FULL), timedelta(seconds=REPEAT_S - 1)) == []
    assert watch.take(judged(FULL), timedelta(seconds=REPEAT_S)) == [(Turn.LASTS, "disk")]
    assert watch.take(judged(FULL), timedelta(seconds=REPEAT_S + 1)) == []
    assert watch.told["disk"].since == NOW


def test_what_gets_worse_or_better_is_told():
    watch = Watch()
    watch.take(judged(LOW))

    assert watch.take(judged(FULL), HOUR) == [(Turn.CHANGED, "disk")]
    assert watch.take(judged(LOW), 2 * HOUR) == [(Turn.CHANGED, "disk")]


def test_what_cannot_be_told_is_neither_over_nor_told_again():
    watch = Watch()
    watch.take(judged(FULL))

    assert watch.take(judged(untold=frozenset({Watched.DISK})), HOUR) == []
    assert watch.take(judged(), 2 * HOUR) == [(Turn.OVER, "disk")]


def test_each_slot_is_told_once_and_is_over_when_it_has_its_session():
    watch = Watch()

    assert watch.take(judged(SLOT, replace(SLOT, place="b"))) == [
        (Turn.NEW, "slot:2026-11-23 09:35"),
        (Turn.NEW, "slot:b"),
    ]
    assert watch.take(judged(SLOT), 5 * HOUR) == [(Turn.OVER, "slot:b")]
    # It is no longer looked back on: nothing ended.
    assert watch.take(judged(), QUIETLY_AFTER) == []
    assert watch.told == {}


def test_news_is_an_alert_of_its_severity_and_its_end_one_that_matters_less():
    telling = Telling(
        key="disk", what=Watched.DISK, severity=Severity.CRITICAL, level="full", since=NOW, told_at=NOW,
        title=alert_of("main", news_of(NOW, judged(FULL), {}, 1)[0][0], NOW).title,
    )  # fmt: skip
    (new,), _ = news_of(NOW, judged(FULL), {}, REPEAT_S)
    over = News(turn=Turn.OVER, telling=telling)
    lasts = News(turn=Turn.LASTS, telling=telling, finding=FULL)

    alerts = [alert_of("main", one, NOW + HOUR, acted=False) for one in (new, over, lasts)]

    assert [one.kind for one in alerts] == [AlertKind.WATCHDOG, AlertKind.RECOVERED, AlertKind.WATCHDOG]
    assert [one.severity for one in alerts] == [Severity.CRITICAL, Severity.INFO, Severity.CRITICAL]
    assert len({one.key for one in alerts}) == len({one.title for one in alerts}) == 3
    assert len(alert_of("main", new, NOW, acted=True).text.en) > len(alerts[0].text.en)


def test_what_was_told_outlives_a_restart(tmp_path: Path):
    watch = Watch()
    watch.take(judged(FULL, SLOT))

    write_told(tmp_path, watch.told)

    assert read_told(tmp_path) == watch.told


@pytest.mark.parametrize("content", ["", "{", '{"a": 1}'])
def test_a_file_that_is_damaged_holds_nothing(content: str, tmp_path: Path):
    (tmp_path / TOLD_NAME).write_text(content)

    assert read_told(tmp_path) == {}


def test_a_file_that_cannot_be_written_is_a_fault(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(JournalFault):
        write_told(tmp_path / "file", {})
