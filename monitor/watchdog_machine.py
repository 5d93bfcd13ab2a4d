"""What is wrong with the machine under an account, and with its calendar. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from monitor.alarms import RUNWAY_DAYS, RUNWAY_DAYS_CRITICAL
from monitor.figures import percent
from monitor.plain_text import printable
from monitor.watchdog_finding import Finding, lasting, mib
from services.domain.alerts import Severity
from services.domain.watched import MachineSeen, Watched
from services.settings_watchdog import WatchdogSettings

CLOCK_S_CRITICAL = 30.0
"""A clock as far off fires the slots at wrong moments, whatever is set."""

DIFFERS_CRITICAL = timedelta(days=7)
"""A day that sources tell differently, and that comes so soon, must be decided now."""

DEAD_MAN_S_MAX = 900.0
"""For so long the pings may fail before that is told."""

_FULL = 10
"""A tenth of the free space that is wanted is critical."""


def machine_checks(now: datetime, machine: MachineSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    """Yield what is wrong with it."""
    yield from _disk(machine, terms)
    if machine.log_bytes is not None and machine.log_bytes > terms.log_mib_max * 1024**2:
        yield _warning(Watched.LOG, "log", used=mib(machine.log_bytes), allowed=terms.log_mib_max)
    yield from _clock(now, machine, terms)
    yield from _calendar(machine)
    yield from _dead_man(now, machine)


def _disk(machine: MachineSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    free, total = machine.free_bytes, machine.total_bytes
    if free is None or not total:
        why = _words(machine.disk_fault)
        yield _found(Watched.DISK, Severity.CRITICAL, "disk.unknown", "unknown", {"why": why})
        return
    wanted = terms.disk_free_mib_min * 1024**2
    told = {"free": mib(free), "ratio": percent(free / total), "wanted": terms.disk_free_mib_min}
    if free < wanted / _FULL:
        yield _found(Watched.DISK, Severity.CRITICAL, "disk.full", "full", told)
    elif free < wanted or free < total * terms.disk_free_ratio_min:
        yield _found(Watched.DISK, Severity.WARNING, "disk.low", "low", told)


def _clock(now: datetime, machine: MachineSeen, terms: WatchdogSettings) -> Iterator[Finding]:
    unknown_s = (now - (machine.clock_at or machine.watched_since)).total_seconds()
    if unknown_s > terms.clock_unknown_s_max:
        yield _warning(Watched.CLOCK, "clock.unknown", "unknown", since=lasting(unknown_s))
        return
    if machine.clock_offset_s is None:
        return
    off_s = abs(machine.clock_offset_s) - machine.clock_within_s
    if off_s > terms.clock_offset_s_max:
        severity = Severity.CRITICAL if off_s > CLOCK_S_CRITICAL else Severity.WARNING
        told = {"offset_s": f"{machine.clock_offset_s:+.1f}", "host": _words(machine.clock_host)}
        yield _found(Watched.CLOCK, severity, "clock.wrong", f"wrong:{severity}", told)


def _calendar(machine: MachineSeen) -> Iterator[Finding]:
    if machine.calendar_fault:
        why = _words(machine.calendar_fault)
        yield _found(Watched.CALENDAR, Severity.CRITICAL, "calendar.unreadable", "", {"why": why}, "file")
    if machine.known_until is not None:
        yield from _runway(machine, (machine.known_until - machine.today).days)
    for one in machine.differs:
        soon = machine.today <= one.day <= machine.today + DIFFERS_CRITICAL
        yield _found(
            Watched.CALENDAR,
            Severity.CRITICAL if soon else Severity.WARNING,
            "calendar.differs",
            "soon" if soon else "",
            {"day": one.day, "source": one.source, "ours": one.ours, "theirs": one.theirs},
            f"{one.day}",
        )


def _runway(machine: MachineSeen, days: int) -> Iterator[Finding]:
    level = next((level for level in reversed(RUNWAY_DAYS) if days <= level), None)
    if level is not None:
        severity = Severity.CRITICAL if days <= RUNWAY_DAYS_CRITICAL else Severity.WARNING
        told = {"days": max(days, 0), "until": machine.known_until}
        yield _found(Watched.CALENDAR, severity, "calendar.runway", str(level), told, "runway")


def _dead_man(now: datetime, machine: MachineSeen) -> Iterator[Finding]:
    if machine.dead_man_since is None:
        return
    lasts_s = (now - machine.dead_man_since).total_seconds()
    if lasts_s > DEAD_MAN_S_MAX:
        why = _words(machine.dead_man_fault)
        yield _warning(Watched.DEAD_MAN, "dead_man", since=lasting(lasts_s), why=why)


def _words(text: str) -> str:
    return " ".join(printable(text).split())[:400] or "-"


def _warning(what: Watched, wording: str, level: str = "", **values: object) -> Finding:
    return _found(what, Severity.WARNING, wording, level, values)


def _found(
    what: Watched,
    severity: Severity,
    wording: str,
    level: str,
    values: Mapping[str, object],
    place: str = "",
) -> Finding:
    return Finding(what=what, severity=severity, wording=wording, place=place, level=level, values=values)
