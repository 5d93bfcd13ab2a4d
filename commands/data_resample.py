"""`data resample`: longer bars made of shorter ones in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from commands.failures import CommandFailed, Exit
from commands.history_folder import length_in, store_of, symbols_in, told_in_a_line
from commands.opening import open_calendar
from commands.screen import Screen
from services.history.lengths import BarLength, day_of
from services.history.resample import NotLonger, resampled
from services.history.series import Series
from services.history.store import Conflict, HistoryStore
from services.ports import Calendar, Clock
from services.settings import Settings


def resample(
    settings: Settings,
    lengths: tuple[str, str],
    symbols: str,
    screen: Screen,
    clock: Clock,
    cache: Path | None,
) -> Exit:
    """Make bars of the second length of those of the first, of each kind there is.

    Raises:
        CommandFailed: There are none, or no such bars can be made of them.
    """
    source, target = length_in("--from", lengths[0]), length_in("--to", lengths[1])
    calendar, store = open_calendar(settings, cache), store_of(settings)
    made: list[dict[str, object]] = []
    conflicts: list[str] = []
    with told_in_a_line():
        held = store.held(source, symbols_in(symbols) or None)
        kinds = dict.fromkeys(one.kind for one in held if one.market is settings.market)
        if not kinds:
            raise CommandFailed(Exit.USAGE, f"the history holds no {source} bars; see `data list`")
        for kind in kinds:
            named = {one.symbol for one in held if one.kind == kind}
            try:
                fresh = [
                    whole(resampled(one, target, calendar.early_close), one, calendar)
                    for one in store.read(kind, named)
                ]
            except NotLonger as problem:
                raise CommandFailed(Exit.USAGE, f"--from {source} --to {target}: {problem}") from problem
            bars = _stored(store, fresh, f"resampled:{source}", clock, conflicts)
            label = str(replace(kind, length=target))
            made.append({"kind": label, "new_bars": bars, "symbols": len(fresh)})
            screen.line("data.resample.done", bars=f"{bars:,}", symbols=len(fresh), kind=label)
    for why in conflicts:
        screen.line("data.resample.conflict", why=why)
    screen.result({"resampled": made, "conflicts": conflicts})
    return Exit.DIFFERENCES if conflicts else Exit.DONE


def _stored(
    store: HistoryStore, fresh: Sequence[Series], source: str, clock: Clock, conflicts: list[str]
) -> int:
    """Store series together; where one contradicts what is there, each by itself."""
    try:
        return store.add(fresh, source=source, fetched_at=clock.now())
    except Conflict as conflict:
        if len(fresh) == 1:
            conflicts.append(str(conflict))
            return 0
        return sum(_stored(store, [one], source, clock, conflicts) for one in fresh)


def whole(made: Series, source: Series, calendar: Calendar) -> Series:
    """Return the bars whose span had ended with the source's last bar."""
    if not len(made):
        return made
    last = int(source.ends[-1])
    keep = np.flatnonzero(made.ends <= last)
    if made.kind.length is BarLength.WEEK and len(keep):
        day, made_last = (day_of(made.market, end) for end in (last, int(made.ends[keep[-1]])))
        if _week(day) == _week(made_last) and _trades_later_that_week(day, calendar):
            keep = keep[:-1]
    return made.rows(keep)


def _week(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


def _trades_later_that_week(day: date, calendar: Calendar) -> bool:
    # Told by its number: there may be no date a week later.
    sunday = date.fromordinal(min(day.toordinal() + 6 - day.weekday(), date.max.toordinal()))
    return any(one > day for one in calendar.trading_days(day, sunday))
