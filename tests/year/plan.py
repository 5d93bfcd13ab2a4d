"""A stretch of months before it is lived: which slots there are, what goes wrong when, and when to look."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from random import Random

from services.slots import ZONES, Market
from tests.year.machine import Grid

FIRST = date(2026, 1, 4)
"""A Sunday; the first trading day of the year in Shanghai is the fifth. A stretch begins on one, in UTC."""

CALENDAR_END = date(2026, 12, 31)
OVERLAY_FROM, OVERLAY_TO = date(2026, 12, 21), date(2027, 1, 8)
"""When the file of later days is written, and up to which day; after that weekdays are unknown."""

NEW_YEAR = date(2027, 1, 1)
GRACE_S = 300
HOUR_S, DAY_S, WEEK_S = 3600.0, 86_400.0, 604_800.0
CN_TIMES = (time(10, 35), time(11, 35), time(14, 5), time(15, 5))
US_TIMES = (time(10, 5), time(11, 5), time(12, 5), time(13, 5), time(14, 5), time(15, 5))
ACCOUNTS = {
    "cn": (Market.CN, CN_TIMES),
    "cn-daily": (Market.CN, (time(9, 35),)),
    "us": (Market.US, US_TIMES),
}


class Deed(StrEnum):
    """What happens to the machine or what is around it."""

    CRASH = "crash"
    WATCH_CRASH = "watch_crash"
    CLOCK = "clock"
    NAP = "nap"
    VENDOR_AWAY = "vendor_away"
    BROKER_AWAY = "broker_away"
    STANDBY = "standby"
    PAUSE = "pause"
    OVERLAY = "overlay"


@dataclass(frozen=True, order=True)
class Act:
    """A deed `at_s` seconds after the beginning, for `size_s` seconds.

    A crash happens at the `steps`-th touch from then on; 0: at once. `wrong_s` is how wrong the clock is set.
    """

    at_s: float
    deed: Deed
    size_s: float = 0.0
    steps: int = 0
    wrong_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Due:
    """A slot that must end as one session or one announced miss, `at_s` seconds after the beginning.

    `unknown` tells that nobody knows whether the market is open that day.
    """

    account: str
    moment: datetime
    at_s: float
    local: str
    unknown: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is decided before the first second."""

    seed: int
    start: datetime
    end_s: float
    slots: tuple[Due, ...]
    acts: tuple[Act, ...]
    grid: Grid
    watch_grid: Grid

    @property
    def weeks(self) -> int:
        """How many weeks have begun in it."""
        return int(-(-self.end_s // WEEK_S))

    def rng(self, what: str) -> Random:
        """Return the seed's own stream of chance for `what`."""
        return Random(f"{self.seed}:{what}")


def drawn(seed: int, weeks: int, first: date = FIRST) -> Plan:
    """Return the plan of a seed for some weeks; its last two days are quiet."""
    slots = _slots(first, weeks * WEEK_S)
    return made(first, weeks * WEEK_S, tuple(_acts(Random(f"{seed}:plan"), slots, weeks)), seed)


def made(first: date, end_s: float, acts: Sequence[Act], seed: int = 0) -> Plan:
    """Return a plan in which just these deeds are done, and the file of later days is written."""
    start = datetime.combine(first, time(0), UTC)
    written_s = (datetime.combine(OVERLAY_FROM, time(12), UTC) - start).total_seconds()
    if 0 <= written_s < end_s:
        acts = (*acts, Act(written_s, Deed.OVERLAY))
    slots, acts = _slots(first, end_s), tuple(sorted(acts))
    awake = _awake(slots, acts, end_s)
    return Plan(
        seed=seed,
        start=start,
        end_s=end_s,
        slots=slots,
        acts=acts,
        grid=Grid(sorted(awake)),
        # A watch looks where the accounts have been awake for some minutes: their nap is no finding. What
        # it puts into its outbox is sent five seconds later.
        watch_grid=Grid(
            sorted(
                at + offset
                for at in awake
                if not at % 120 and {at - 60, at - 120} <= awake
                for offset in (2, 7)
            )
        ),
    )


def overlay_days() -> str:
    """Return the file of days after the calendar's end, as a person writes it."""
    lines = []
    day = CALENDAR_END
    while day < OVERLAY_TO:
        day += timedelta(days=1)
        shut = day.weekday() > 4 or day == NEW_YEAR
        lines.append(f"{day}: {'closed' if shut else 'open'}")
    return "\n".join(lines) + "\n"


def _slots(first: date, end_s: float) -> tuple[Due, ...]:
    """Return what is due, by the calendar library itself and the times of this module's own table."""
    start, found = datetime.combine(first, time(0), UTC), list[Due]()
    for account, (market, times) in ACCOUNTS.items():
        zone, (days, closes) = ZONES[market], _days(market)
        for day, unknown in _trading_days(market, days, first, end_s):
            for at in times:
                moment = datetime.combine(day, at, zone)
                at_s = (moment - start).total_seconds()
                if 0 <= at_s < end_s and (day not in closes or at < closes[day]):
                    local = f"{day} {at:%H:%M}"
                    found.append(Due(account=account, moment=moment, at_s=at_s, local=local, unknown=unknown))
    return tuple(sorted(found, key=lambda one: one.at_s))


def _trading_days(
    market: Market, days: Collection[date], first: date, end_s: float
) -> Iterator[tuple[date, bool]]:
    """Yield the days that have slots, and whether nobody knows of it if the market is open."""
    for number in range(int(end_s // DAY_S) + 1):
        day = first + timedelta(days=number)
        if market is Market.CN and day > CALENDAR_END:
            if day.weekday() < 5 and day != NEW_YEAR:
                yield day, day > OVERLAY_TO
        elif day in days:
            yield day, False


@cache
def _days(market: Market) -> tuple[set[date], dict[date, time]]:
    """Return the library's open days, and when the short ones among them end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import exchange_calendars

        name, until = ("XSHG", "2026-12-31") if market is Market.CN else ("XNYS", "2027-02-28")
        calendar = exchange_calendars.get_calendar(name, start="2026-01-01", end=until)
        closes = {one.date(): calendar.closes[one].tz_convert(calendar.tz) for one in calendar.early_closes}
        return {one.date() for one in calendar.sessions}, {day: at.time() for day, at in closes.items()}


def _acts(rng: Random, slots: Sequence[Due], weeks: int) -> Iterator[Act]:
    """Yield two crashes a week, and now and then everything else; the last two days are quiet."""
    quiet_s = weeks * WEEK_S - 2 * DAY_S
    for week in range(weeks):
        of_week = [one.at_s for one in slots if week * WEEK_S <= one.at_s < (week + 1) * WEEK_S]
        for act in (*_deaths(rng, week, of_week), *_of_the_machine(rng, week, of_week), *_of_others(week)):
            if act.at_s + act.size_s + HOUR_S < quiet_s:
                yield act


def _some_time(rng: Random, week: int) -> float:
    return week * WEEK_S + rng.uniform(1.3, 6.9) * DAY_S


def _deaths(rng: Random, week: int, slots: Sequence[float]) -> Iterator[Act]:
    """Yield crashes, most of them around a slot: at a seeded step of it, or just before."""
    for _ in range(2):
        down_s = rng.choice((60.0, 300.0, 1800.0, 2 * HOUR_S, 9 * HOUR_S))
        if slots and rng.random() < 0.6:
            at_s = rng.choice(slots) - rng.choice((0, 0, 0, 40))
            yield Act(at_s, Deed.CRASH, down_s, rng.randint(1, 60))
        else:
            yield Act(_some_time(rng, week), Deed.CRASH, down_s)
    if rng.random() < 0.3:
        yield Act(_some_time(rng, week), Deed.WATCH_CRASH, 10.0)


def _of_the_machine(rng: Random, week: int, slots: Sequence[float]) -> Iterator[Act]:
    if week % 2 and slots:
        wrong_s, size_s = rng.choice((-HOUR_S, -3.0, 3.0, HOUR_S)), rng.choice((120.0, 2 * HOUR_S))
        yield Act(rng.choice(slots) - rng.uniform(-60, 1200), Deed.CLOCK, size_s, wrong_s=wrong_s)
    if week % 4 == 1:
        yield Act(_some_time(rng, week), Deed.NAP, rng.choice((1200.0, 5 * HOUR_S, 14 * HOUR_S)))


def _of_others(week: int) -> Iterator[Act]:
    """Yield what people do, and who is away; 20 hours from the evening in Shanghai to the next afternoon."""
    if week % 4 == 3:
        yield Act(week * WEEK_S + 3.1 * DAY_S, Deed.PAUSE, 8 * HOUR_S)
    if week % 4 == 2:
        yield Act(week * WEEK_S + 1.5 * DAY_S, Deed.STANDBY, 4 * DAY_S)
    if week % 13 == 5:
        yield Act(week * WEEK_S + 2.5 * DAY_S, Deed.VENDOR_AWAY, 20 * HOUR_S)
    if week % 13 == 9:
        yield Act(week * WEEK_S + 2.5 * DAY_S, Deed.BROKER_AWAY, 20 * HOUR_S)


def _awake(slots: Sequence[Due], acts: Sequence[Act], end_s: float) -> set[float]:
    """Return the minutes in which something is looked at: around slots and deeds, and a few of each hour."""
    found = {hour * HOUR_S + s for hour in range(int(end_s // HOUR_S) + 1) for s in (0, 60, 120)}
    for one in slots:
        found |= _around(one.at_s)
    for act in acts:
        for moment_s in (act.at_s, act.at_s + act.size_s):
            first = int(moment_s // 60)
            found |= {minute * 60.0 for minute in range(first, first + 16)}
        if act.deed is Deed.CLOCK:
            until_s = act.at_s + act.size_s
            for one in slots:
                # Where a clock that is wrong shows the slot.
                if act.at_s - 60 <= one.at_s - act.wrong_s <= until_s + 60:
                    found |= _around(one.at_s - act.wrong_s)
    return {at for at in found if at >= 0}


def _around(slot_s: float) -> set[float]:
    """Return the minutes around a slot, and those in which it is certain what became of it."""
    minute = slot_s // 60 * 60
    return {minute + offset for offset in (*range(-180, 180, 60), *range(360, 900, 60))}
