"""Bugs put into the product on purpose, each with a few days in which a year would find it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import monitor.alarms
import monitor.watchdog
import scheduler.slot_plan
import services.slots
from commands.ticking import Ticker
from monitor.sender import Sender
from scheduler.loop import Loop
from scheduler.slot_plan import OpenPlan
from scheduler.world import World
from services.calendars import FollowedCalendar
from services.domain.events import TradingDay
from services.domain.instruments import Market
from services.journal.account_lock import AccountLock
from tests.year.judged import Verdict, judged
from tests.year.living import Living
from tests.year.plan import DAY_S, HOUR_S, Act, Deed, Plan, made

SUNDAY = date(2026, 9, 6)
DAY_BEGINS = 1 * DAY_S
"""Monday, midnight UTC: 08:00 in Shanghai."""

CN_FIRST_S = DAY_BEGINS + 2 * HOUR_S + 2100
"""Monday 10:35 in Shanghai."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A bug: what it is put in the place of, what finds it, and the words of the finding."""

    patches: Callable[[], Iterator[tuple[Any, str, Any]]]
    finding: str
    acts: tuple[Act, ...] = ()
    first: date = SUNDAY
    days: float = 2.0

    @property
    def plan(self) -> Plan:
        """The days it is looked for in."""
        return made(self.first, self.days * DAY_S, self.acts)


def found(name: str) -> Verdict:
    """Return the verdict on the days of a bug, with the bug in the product."""
    with planted(name):
        return _lived(TABLE[name].plan)


def without(name: str) -> Verdict:
    """Return the verdict on the same days without it."""
    return _lived(TABLE[name].plan)


def _lived(plan: Plan) -> Verdict:
    with TemporaryDirectory() as folder:
        return judged(Living(plan, Path(folder)).live())


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let the product have the bug of that name."""
    patches = [patch.object(where, what, instead) for where, what, instead in TABLE[name].patches()]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in reversed(patches):
            one.stop()


def _grace_of_a_second() -> Iterator[tuple[Any, str, Any]]:
    """As a scheduler's own misfire grace has it: what is a second late is dropped, and nobody says so."""
    original = OpenPlan.between

    def between(self: OpenPlan, after: Any, until: Any) -> Any:
        found = original(self, after, until)
        return found if until > after + timedelta(days=20) else _in_time(found, until, 1)

    yield OpenPlan, "between", between


def _in_time(slots: Any, now: Any, late_s: int) -> Any:
    return tuple(one for one in slots if now - one.moment <= timedelta(seconds=late_s))


def _no_catch_up_after_a_start() -> Iterator[tuple[Any, str, Any]]:
    original = Loop._handled

    def handled(self: Loop) -> Any:
        self.began = getattr(self, "began", self._world.clock.now())  # type: ignore[attr-defined]  # Its own.
        return max(original(self), self.began)  # type: ignore[attr-defined]  # Its own.

    yield Loop, "_handled", handled


def _again_after_the_clock_went_back() -> Iterator[tuple[Any, str, Any]]:
    """Decide by the last look at the clock instead of by the journal."""
    tick, session_id, numbers = Loop.tick, World.session_id, count(1)

    async def remember(self: Loop, now: Any) -> None:
        await tick(self, now)
        self.looked = now  # type: ignore[attr-defined]  # Its own.

    def handled(self: Loop) -> Any:
        return getattr(self, "looked", self._world.clock.now() - timedelta(seconds=60))

    def another_id(self: World, slot: Any) -> Any:
        return f"{session_id(self, slot)}-{next(numbers)}"

    yield Loop, "tick", remember
    yield Loop, "_handled", handled
    yield World, "session_id", another_id


def _no_alert_of_a_miss() -> Iterator[tuple[Any, str, Any]]:
    yield monitor.alarms.Alarms, "_announced", lambda _self, _event: True


def _one_miss_told_for_all() -> Iterator[tuple[Any, str, Any]]:
    original = monitor.alarms.Alarms._alert

    def alert(self: Any, event: Any, kind: Any, *more: Any, topic: str = "", wording: str = "") -> Any:
        return original(self, event, kind, *more, topic="" if kind == "missed" else topic, wording=wording)

    yield monitor.alarms.Alarms, "_alert", alert
    # Whoever watches from beside is asleep with the machine and dead after it.
    yield from _watch_of_the_living_only()


def _watch_of_the_living_only() -> Iterator[tuple[Any, str, Any]]:
    original = monitor.watchdog._slots

    def slots(now: Any, account: Any, terms: Any) -> Any:
        if monitor.watchdog._awake(account, terms) is not None:
            yield from original(now, account, terms)

    checks = tuple(slots if one is original else one for one in monitor.watchdog._CHECKS)
    yield monitor.watchdog, "_CHECKS", checks


def _what_was_begun_has_run() -> Iterator[tuple[Any, str, Any]]:
    yield monitor.watchdog, "_cut_off", lambda _account, _terms: False


def _give_up_at_the_first_no() -> Iterator[tuple[Any, str, Any]]:
    async def nobody(*_asked: Any) -> None:
        return None

    yield Sender, "turn", nobody


def _new_york_never_changes_its_clocks() -> Iterator[tuple[Any, str, Any]]:
    zones = {**services.slots.ZONES, Market.US: ZoneInfo("Etc/GMT+5")}
    yield services.slots, "ZONES", zones
    yield scheduler.slot_plan, "ZONES", zones


def _no_half_days() -> Iterator[tuple[Any, str, Any]]:
    yield FollowedCalendar, "early_close", lambda _self, _day: None


def _unknown_is_open() -> Iterator[tuple[Any, str, Any]]:
    original = FollowedCalendar.trading_day

    def trading_day(self: FollowedCalendar, day: date) -> TradingDay:
        known = original(self, day)
        return TradingDay.OPEN if known is TradingDay.UNKNOWN and day.weekday() < 5 else known

    yield FollowedCalendar, "trading_day", trading_day


def _ticks_by_the_clock_alone() -> Iterator[tuple[Any, str, Any]]:
    yield Ticker, "_overdue", lambda _self: False


def _a_lock_that_locks_nothing() -> Iterator[tuple[Any, str, Any]]:
    yield AccountLock, "acquire", lambda _self: None


_CRASH = Act(CN_FIRST_S - 30, Deed.CRASH, 3 * HOUR_S)
TABLE: Mapping[str, Planted] = {
    "grace-of-a-second": Planted(
        patches=_grace_of_a_second, finding="silent", acts=(Act(CN_FIRST_S - 30, Deed.CRASH, 120.0),)
    ),
    "no-catch-up-after-a-start": Planted(
        patches=_no_catch_up_after_a_start, finding="silent", acts=(_CRASH,)
    ),
    "again-after-the-clock-went-back": Planted(
        patches=_again_after_the_clock_went_back,
        finding="double",
        acts=(Act(CN_FIRST_S + 300, Deed.CLOCK, 2 * HOUR_S, wrong_s=-HOUR_S),),
    ),
    "no-alert-of-a-miss": Planted(
        patches=_no_alert_of_a_miss,
        finding="silent",
        acts=(Act(CN_FIRST_S - 30, Deed.CRASH, 340.0),),
    ),
    "watch-of-the-living-only": Planted(
        patches=_watch_of_the_living_only, finding="after its grace", acts=(_CRASH,)
    ),
    "what-was-begun-has-run": Planted(
        patches=_what_was_begun_has_run,
        finding="after its grace",
        acts=(Act(CN_FIRST_S, Deed.CRASH, 2 * HOUR_S, 8),),
    ),
    "one-miss-told-for-all": Planted(patches=_one_miss_told_for_all, finding="silent", acts=(_CRASH,)),
    "nobody-sends": Planted(patches=_give_up_at_the_first_no, finding="silent", acts=(_CRASH,)),
    "new-york-never-changes-its-clocks": Planted(
        patches=_new_york_never_changes_its_clocks, finding="no slot", first=date(2026, 3, 8)
    ),
    "no-half-days": Planted(patches=_no_half_days, finding="no slot", first=date(2026, 11, 26), days=2.0),
    "unknown-is-open": Planted(
        patches=_unknown_is_open, finding="nobody knows", first=date(2027, 1, 10), days=1.5
    ),
    "a-lock-that-locks-nothing": Planted(
        patches=_a_lock_that_locks_nothing,
        finding="ended with an error",
        acts=(Act(CN_FIRST_S - 3600, Deed.STANDBY, 6 * HOUR_S),),
    ),
    "ticks-by-the-clock-alone": Planted(
        patches=_ticks_by_the_clock_alone,
        finding="for no reason",
        acts=(Act(CN_FIRST_S + 300, Deed.CLOCK, 120.0, wrong_s=-HOUR_S),),
    ),
}
