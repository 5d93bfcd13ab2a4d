"""Trading days set beside what others say of them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from services.calendar_apart import DaysApart
from services.calendar_check import (
    AkshareDays,
    Compared,
    DaySource,
    ToldDays,
    TushareDays,
    compare,
    day_sources,
    differences,
    overlay_lines,
)
from services.calendars import MarketCalendar
from services.clock import VirtualClock
from services.domain.events import TradingDay
from services.domain.instruments import Market
from services.ports import PriceFault

TODAY = date(2026, 11, 20)  # A Friday.
OPEN, CLOSED = TradingDay.OPEN, TradingDay.CLOSED
NEW_YEAR = date(2027, 1, 1)


@pytest.fixture(scope="module")
def calendar(tmp_path_factory: pytest.TempPathFactory) -> MarketCalendar:
    return MarketCalendar(Market.CN, tmp_path_factory.mktemp("calendar"))


class Says:
    """A source that says what it was given, or nothing."""

    def __init__(self, name: str, told: ToldDays | None) -> None:
        self.name, self._told = name, told

    async def days(self, first: date, until: date) -> ToldDays:
        if self._told is None:
            raise PriceFault(self.name, "down")
        return self._told


def told(
    calendar: MarketCalendar, *, until: date, less: Sequence[date] = (), more: Sequence[date] = ()
) -> ToldDays:
    """Return the calendar's own days, changed."""
    days = {*calendar.trading_days(date(2025, 1, 1), until), *more} - {*less}
    return ToldDays(source="other", first=date(2025, 1, 1), until=until, open=frozenset(days))


def compared(calendar: MarketCalendar, *sources: DaySource, decided: Sequence[date] = ()) -> Compared:
    return asyncio.run(compare(calendar, sources, TODAY, decided))


def test_who_says_the_same_differs_in_nothing(calendar: MarketCalendar):
    found = compared(calendar, Says("other", told(calendar, until=date(2026, 12, 31))))

    assert (found.differs, found.faults, found.beyond) == ((), {}, ())
    assert found.until == {"other": date(2026, 12, 31)}


@pytest.mark.parametrize(("less", "more", "ours", "theirs"), [
    ([date(2026, 11, 23)], [], "open", "closed"),  # A sudden closure.
    ([], [date(2026, 11, 21)], "closed", "open"),  # A Saturday.
])  # fmt: skip
def test_a_day_told_otherwise_is_named(
    calendar: MarketCalendar, less: list[date], more: list[date], ours: str, theirs: str
):
    other = told(calendar, less=less, more=more, until=date(2026, 12, 31))

    (one,) = compared(calendar, Says("other", other)).differs

    assert (one.day, one.source, one.ours, one.theirs) == ((less or more)[0], "other", ours, theirs)


def test_a_day_that_a_person_decided_is_not_compared(calendar: MarketCalendar):
    day = date(2026, 11, 23)
    other = told(calendar, less=[day], until=date(2026, 12, 31))

    assert compared(calendar, Says("other", other), decided=[day]).differs == ()


def test_days_that_one_of_both_does_not_know_do_not_differ(calendar: MarketCalendar):
    short = told(calendar, until=date(2026, 11, 30))
    longer = told(calendar, more=[date(2027, 1, 4)], until=date(2027, 1, 8))

    for other in (short, longer):
        assert differences(calendar, other, date(2024, 1, 1), date(2028, 1, 1)) == ()


def test_what_others_know_beyond_the_end_is_an_overlay(calendar: MarketCalendar):
    other = told(calendar, more=[date(2027, 1, 4), date(2027, 1, 5)], until=date(2027, 1, 5))

    found = compared(calendar, Says("other", other))

    # Friday 2027-01-01, then a weekend, which needs no line.
    assert overlay_lines(found) == ("2027-01-01: closed", "2027-01-04: open", "2027-01-05: open")


def test_what_others_do_not_agree_on_is_no_line_of_an_overlay(calendar: MarketCalendar):
    one = told(calendar, more=[date(2027, 1, 4)], until=date(2027, 1, 4))
    two = told(calendar, until=date(2027, 1, 4))

    assert compared(calendar, Says("a", one), Says("b", two)).beyond == ((NEW_YEAR, CLOSED),)


def test_who_does_not_answer_is_named_and_the_others_count(calendar: MarketCalendar):
    found = compared(calendar, Says("a", None), Says("b", told(calendar, until=date(2026, 12, 31))))

    assert (list(found.faults), list(found.until)) == (["a"], ["other"])


class Frames:
    """akshare, answering with one frame."""

    def __init__(self, frame: object) -> None:
        self._frame = frame

    def tool_trade_date_hist_sina(self) -> Any:
        return self._frame


def test_akshares_list_is_read_as_it_comes():
    frame = pd.DataFrame({"trade_date": [date(1990, 12, 19), date(2026, 12, 30), date(2026, 12, 31)]})

    found = asyncio.run(AkshareDays(Frames(frame)).days(TODAY, TODAY))  # type: ignore[arg-type]  # One call of all.

    assert (found.first, found.until, found.source) == (date(1990, 12, 19), date(2026, 12, 31), "akshare")
    assert found.state(date(2026, 12, 30)) is OPEN
    assert found.state(date(2026, 12, 29)) is CLOSED
    assert found.state(date(2027, 1, 1)) is TradingDay.UNKNOWN


@pytest.mark.parametrize("frame", [
    pd.DataFrame({"trade_date": []}), pd.DataFrame({"day": [date(2026, 1, 5)]}),
    pd.DataFrame({"trade_date": ["2026-01-05"]}), None,
])  # fmt: skip
def test_a_list_of_another_form_is_a_fault(frame: object):
    with pytest.raises(PriceFault):
        asyncio.run(AkshareDays(Frames(frame)).days(TODAY, TODAY))  # type: ignore[arg-type]


class Table:
    """tushare, answering with rows."""

    def __init__(self, rows: Sequence[Mapping[str, object]]) -> None:
        self._rows = rows
        self.asked: Mapping[str, object] = {}

    async def rows(self, api_name: str, params: Mapping[str, object], fields: Sequence[str]) -> object:
        self.asked = {"api_name": api_name, **params}
        return tuple(self._rows)


def test_tushares_calendar_is_asked_for_shanghai_and_read():
    table = Table([{"cal_date": "20261123", "is_open": 1}, {"cal_date": "20261121", "is_open": "0"}])

    found = asyncio.run(TushareDays(table).days(date(2025, 11, 19), date(2027, 12, 31)))  # type: ignore[arg-type]

    assert table.asked == {
        "api_name": "trade_cal", "exchange": "SSE", "start_date": "20251119", "end_date": "20271231"
    }  # fmt: skip
    assert (found.first, found.until, found.open) == (
        date(2026, 11, 21), date(2026, 11, 23), frozenset({date(2026, 11, 23)}),
    )  # fmt: skip


@pytest.mark.parametrize("row", [{"cal_date": "soon", "is_open": 1}, {"cal_date": "20261123"}])
def test_a_table_of_another_form_is_a_fault(row: Mapping[str, object]):
    with pytest.raises(PriceFault):
        asyncio.run(TushareDays(Table([row])).days(TODAY, TODAY))  # type: ignore[arg-type]


@pytest.mark.parametrize(("market", "token", "names"), [
    (Market.CN, "", ["akshare"]), (Market.CN, "t", ["akshare", "tushare"]), (Market.US, "t", []),
])  # fmt: skip
def test_who_is_asked_depends_on_market_and_token(market: Market, token: str, names: list[str]):
    clock = VirtualClock(datetime(2026, 11, 20, tzinfo=UTC))

    assert [one.name for one in day_sources(market, clock, token, {}, AkshareDays())] == names


def script(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "child.py"
    path.write_text(text, encoding="utf-8")
    return sys.executable, str(path)


def test_days_from_a_process_of_its_own_are_the_same_list(tmp_path: Path):
    child = script(tmp_path, "print('2026-11-20\\n2026-11-23')")

    found = asyncio.run(DaysApart(child).days(TODAY, TODAY))

    assert (found.first, found.until) == (date(2026, 11, 20), date(2026, 11, 23))


@pytest.mark.parametrize(("text", "deadline_s"), [
    ("import sys; sys.exit('no network')", 60.0), ("print('soon')", 60.0), ("", 60.0),
    ("import time; time.sleep(60)", 0.1),
])  # fmt: skip
def test_a_process_that_fails_says_nothing_or_hangs_is_a_fault(text: str, deadline_s: float, tmp_path: Path):
    with pytest.raises(PriceFault):
        asyncio.run(DaysApart(script(tmp_path, text), deadline_s=deadline_s).days(TODAY, TODAY))
