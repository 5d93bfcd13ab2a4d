"""A calendar that is changed while a loop runs on it: a sudden closure counts before the next slot."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from scheduler.loop import Loop
from scheduler.slot_plan import OpenPlan
from services.calendars import FollowedCalendar, OverlayError
from services.domain.bars import Frequency
from services.domain.events import TradingDay
from services.domain.instruments import Market
from tests.exchange_market import MON, TUE, at
from tests.unit.world import HOLD, Setup

OPEN, CLOSED = TradingDay.OPEN, TradingDay.CLOSED
DAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calendar")


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    path = tmp_path / "days.yaml"
    path.write_text("2027-01-04: open\n", encoding="utf-8")
    return path


def test_a_changed_file_is_read_before_the_next_answer(cache: Path, overlay: Path):
    calendar = FollowedCalendar(Market.CN, cache, overlay)
    assert (calendar.trading_day(DAY), calendar.decided) == (OPEN, {date(2027, 1, 4)})

    overlay.write_text("2026-11-23: closed\n2027-01-01: closed\n", encoding="utf-8")

    assert calendar.trading_day(DAY) is CLOSED
    assert calendar.trading_days(DAY, date(2026, 11, 24)) == (date(2026, 11, 24),)
    assert calendar.early_close(DAY) is None
    assert calendar.known_until == date(2027, 1, 1)
    assert calendar.runway_days(date(2026, 12, 31)) == 1
    assert calendar.decided == {DAY, date(2027, 1, 1)}


@pytest.mark.parametrize("content", ["2026-11-23: perhaps\n", None])
def test_a_file_that_breaks_changes_nothing_and_is_told(content: str | None, cache: Path, overlay: Path):
    overlay.write_text("2026-11-23: closed\n", encoding="utf-8")
    calendar = FollowedCalendar(Market.CN, cache, overlay)

    if content is None:
        overlay.unlink()
    else:
        overlay.write_text(content, encoding="utf-8")

    assert calendar.trading_day(DAY) is CLOSED
    assert str(overlay) in calendar.fault
    overlay.write_text("2026-11-24: closed\n", encoding="utf-8")
    assert (calendar.trading_day(DAY), calendar.fault) == (OPEN, "")


def test_the_first_file_must_be_readable_unless_that_is_said(cache: Path, overlay: Path):
    overlay.write_text("nonsense", encoding="utf-8")

    with pytest.raises(OverlayError):
        FollowedCalendar(Market.CN, cache, overlay)

    lenient = FollowedCalendar(Market.CN, cache, overlay, strict=False)
    assert (lenient.trading_day(DAY), bool(lenient.fault)) == (OPEN, True)


def test_without_a_file_it_is_the_librarys_calendar(cache: Path):
    calendar = FollowedCalendar(Market.CN, cache, None)

    assert (calendar.trading_day(DAY), calendar.fault, calendar.decided) == (OPEN, "", frozenset())


def test_a_running_loop_keeps_a_closure_announced_after_its_first_slot(cache: Path, overlay: Path):
    calendar = FollowedCalendar(Market.CN, cache, overlay)
    live = Setup(answers=[HOLD] * 8, calendar=calendar).open()
    loop = Loop(live.world, OpenPlan(Market.CN, Frequency.HOURLY, calendar))

    def tick(day: date, clock: str) -> list[str]:
        live.clock.jump(at(day, clock))
        asyncio.run(loop.tick(live.clock.now()))
        return [session[:13] for session in live.journal.account.sessions]

    assert tick(MON, "10:35") == ["20260713-1035"]
    overlay.write_text(f"{MON}: closed\n", encoding="utf-8")

    assert tick(MON, "11:35") == ["20260713-1035"]
    assert tick(TUE, "10:35") == ["20260713-1035", "20260714-1035"]
