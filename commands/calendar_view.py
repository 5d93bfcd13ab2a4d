"""`calendar` and `calendar check`: the days ahead, who says so, and whether others say the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from commands.failures import Exit
from commands.opening import follow_calendar, open_calendar
from commands.screen import Screen
from commands.watch_setup import day_sources_of
from commands.wording import tell
from scheduler.slot_plan import OpenPlan
from services.calendar_check import AkshareDays, Compared, DaySource, compare, overlay_lines
from services.calendars import NO_OVERLAY, load_overlay
from services.clock import SystemClock
from services.domain.events import TradingDay
from services.ports import Clock
from services.settings import Settings
from services.slots import local

LIBRARY = "exchange_calendars"

_WEEKDAYS = (
    ("Mon", "周一"), ("Tue", "周二"), ("Wed", "周三"), ("Thu", "周四"), ("Fri", "周五"), ("Sat", "周六"),
    ("Sun", "周日"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """One day ahead: what is known of it, who says so (`-` where nobody does), and its slots."""

    day: date
    state: TradingDay
    source: str
    slots: tuple[str, ...]


def show_days(
    settings: Settings, days: int, cache: Path | None, screen: Screen, clock: Clock | None = None
) -> Exit:
    """Show the days from today on: each one's state, who says so, and the slots it has.

    Raises:
        CommandFailed: The overlay cannot be read.
    """
    calendar = open_calendar(settings, cache)
    path = settings.calendar_overlay
    overlay = NO_OVERLAY if path is None else load_overlay(path)
    plan = OpenPlan(settings.market, settings.frequency, calendar, settings.slot_times)
    today = local((clock or SystemClock()).now(), settings.market).date()
    shown = []
    for day in (today + timedelta(days=number) for number in range(days)):
        state = calendar.trading_day(day)
        source = str(path) if day in overlay else "-" if state is TradingDay.UNKNOWN else LIBRARY
        slots = tuple(f"{slot.at:%H:%M}" for slot in plan.on(day))
        shown.append(_Day(day=day, state=state, source=source, slots=slots))
    runway_days = calendar.runway_days(today)
    screen.result(
        {
            "market": str(settings.market),
            "days": [_as_json(one) for one in shown],
            "known_until": f"{calendar.known_until}",
            "runway_days": runway_days,
            "overlay": None if path is None else str(path),
            "overlay_days": len(overlay),
        }
    )
    for one in shown:
        screen.line("calendar.day", **_in_words(one, screen.lang))
    screen.line("calendar.until", until=calendar.known_until, days=runway_days)
    if path is None:
        screen.line("calendar.no_overlay")
    else:
        screen.line("calendar.overlay", path=path.absolute(), count=len(overlay))
    return Exit.DONE


def check_days(
    settings: Settings,
    cache: Path | None,
    screen: Screen,
    *,
    lines: bool,
    clock: Clock | None = None,
    sources: Sequence[DaySource] | None = None,
) -> Exit:
    """Compare the calendar with others: DIFFERENCES where a day differs, UNAVAILABLE where none answers.

    `sources` None are those of the market and the configuration.

    Raises:
        CommandFailed: The overlay cannot be read.
    """
    calendar, clock = follow_calendar(settings, cache), clock or SystemClock()
    asked = day_sources_of(settings, settings.market, clock, AkshareDays()) if sources is None else sources
    today = local(clock.now(), settings.market).date()
    with screen.waiting("calendar.asking"):
        compared = asyncio.run(compare(calendar, asked, today, calendar.decided))
    screen.result(
        {
            "sources": {name: f"{until}" for name, until in compared.until.items()},
            "faults": dict(compared.faults),
            "differs": [
                {"day": f"{one.day}", "source": one.source, "ours": one.ours, "theirs": one.theirs}
                for one in compared.differs
            ],
            "beyond": [{"day": f"{day}", "state": str(state)} for day, state in compared.beyond],
        }
    )
    _tell(compared, screen, lines=lines)
    if compared.differs:
        return Exit.DIFFERENCES
    return Exit.DONE if compared.until else Exit.UNAVAILABLE


def _tell(compared: Compared, screen: Screen, *, lines: bool) -> None:
    for name, until in compared.until.items():
        differs = sum(one.source == name for one in compared.differs)
        screen.line("calendar.check.source", source=name, until=until, count=differs)
    for name, why in compared.faults.items():
        screen.line("calendar.check.fault", source=name, why=why)
    for one in compared.differs:
        screen.line(
            "calendar.check.differs", day=one.day, source=one.source, ours=one.ours, theirs=one.theirs
        )
    if not compared.until and not compared.faults:
        screen.line("calendar.check.nobody")
    if compared.beyond and not lines:
        screen.line("calendar.check.beyond", count=len(compared.beyond), until=compared.beyond[-1][0])
    for line in overlay_lines(compared) if lines else ():
        screen.line("calendar.check.line", line=line)


def _as_json(one: _Day) -> dict[str, Any]:
    return {
        "day": f"{one.day}",
        "state": str(one.state),
        "source": one.source,
        "slots": list(one.slots),
    }


def _in_words(one: _Day, lang: str) -> dict[str, object]:
    return {
        "day": one.day,
        "weekday": _WEEKDAYS[one.day.weekday()][lang == "zh"],
        "state": tell(f"calendar.{one.state}", lang),
        "source": one.source,
        "slots": " ".join(one.slots),
    }
