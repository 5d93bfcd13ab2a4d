"""`data resample`: longer bars made of shorter ones in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from commands.failures import CommandFailed, Exit
from commands.history_folder import length_in, store_of, symbols_in, tables_of, told_in_a_line
from commands.opening import open_calendar
from commands.screen import Screen
from services.domain.bars import Adjustment, IntArray
from services.domain.instruments import Instrument, Symbol
from services.history.lengths import BarLength, day_of
from services.history.required import require_one_adjustment
from services.history.resample import NotLonger, resampled, whole
from services.history.series import PRICES, Series, without
from services.history.series import conflicts as differing
from services.history.spans import NOTHING, Cover, Days
from services.history.store import HistoryStore
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
    with told_in_a_line(), screen.waiting("data.resampling"):
        held = store.held(source, symbols_in(symbols) or None)
        held = tuple(one for one in held if one.market is settings.market)
        kinds = dict.fromkeys(one.kind for one in held)
        if not kinds:
            raise CommandFailed(Exit.USAGE, f"the history holds no {source} bars; see `data list`")
        require_one_adjustment(store.apart(kinds, {one.symbol for one in held}))
        facts = {one.symbol: one for one in tables_of(store).instruments()}
        for kind in kinds:
            named = {one.symbol for one in held if one.kind == kind}
            try:
                fresh = [_made(one, target, calendar, facts) for one in store.read(kind, named)]
            except NotLonger as problem:
                raise CommandFailed(Exit.USAGE, f"--from {source} --to {target}: {problem}") from problem
            fresh = [_new(store, one, conflicts) for one in fresh]
            bars = _stored(store, fresh, f"resampled:{source}", clock)
            left_out = sum(one.left_out for one in fresh)
            label = str(replace(kind, length=target))
            made.append({"kind": label, "new_bars": bars, "symbols": len(fresh), "left_out": left_out})
            screen.line("data.resample.done", bars=f"{bars:,}", symbols=len(fresh), kind=label)
            if left_out:
                screen.line("data.resample.partial", bars=f"{left_out:,}")
    for why in conflicts:
        screen.line("data.resample.conflict", why=why)
    screen.result({"resampled": made, "conflicts": conflicts})
    return Exit.DIFFERENCES if conflicts else Exit.DONE


class _Made(NamedTuple):
    """The whole bars made of a symbol's, what days they leave out, and how many bars those would be."""

    series: Series
    topic: str
    partial: tuple[Days, ...]
    left_out: int


def _made(series: Series, target: BarLength, calendar: Calendar, facts: Mapping[Symbol, Instrument]) -> _Made:
    every = resampled(series, target, calendar.early_close)
    found = whole(every, series, calendar.trading_days, facts.get(series.symbol), calendar.early_close)
    return _Made(found.series, series.kind.topic, found.left_out, len(every) - len(found.series))


def _new(store: HistoryStore, made: _Made, conflicts: list[str]) -> _Made:
    """Return what is made without the bars that are there already: those stay.

    Where prices differ, that is a conflict, and its day is none of those that become known.
    """
    series, theirs = made.series, [made.series.ends[:0]]
    held = store.held(series.kind.length, [series.symbol])
    differ: set[int] = set()
    for kind in dict.fromkeys(one.kind for one in held if one.kind.topic == series.kind.topic):
        for there in store.read(kind, [series.symbol]):
            theirs.append(_gone_by(series, there))
            differ |= {*differing(series, there, PRICES)}
    if differ:
        more = f" and {len(differ) - 1} more" if len(differ) > 1 else ""
        conflicts.append(
            f"{series.symbol} {series.kind.topic}, {series.label_of(min(differ))}{more}: other prices are "
            "there already and stay; if the shorter bars are right, take them away with `data remove`"
        )
    days = (day_of(series.market, end) for end in differ)
    partial = (*made.partial, *(Days(day, day) for day in days))
    return made._replace(series=without(series, np.concatenate(theirs)), partial=partial)


def _gone_by(series: Series, there: Series) -> IntArray:
    """Return the ends of the bars that stay as they are there.

    Adjusted bars that say the same are stored again: they tell that both are adjusted alike.
    """
    if series.kind.adjustment is Adjustment.RAW:
        return there.ends
    return np.array(differing(series, there), dtype=np.int64)


def _stored(store: HistoryStore, fresh: Sequence[_Made], source: str, clock: Clock) -> int:
    """Store series together, and return how many bars they are.

    What is known of the shorter bars is known of them, as far as none was left out.
    """
    known = {topic: store.covered(topic) for topic in {one.topic for one in fresh}}
    covers = [
        Cover(one.series.kind.topic, one.series.symbol, days)
        for one in fresh
        for days in known[one.topic].get(one.series.symbol, NOTHING).less(one.partial).spans
    ]
    return store.add([one.series for one in fresh], source=source, fetched_at=clock.now(), covered=covers)
