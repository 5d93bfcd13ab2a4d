"""`data import`: files a person has, brought into the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from commands.data_check import as_json, show_finding
from commands.failures import CommandFailed, Exit
from commands.history_folder import length_in, store_of, tables_of, told_in_a_line
from commands.opening import open_calendar
from commands.screen import Screen
from services.domain.instruments import Instrument
from services.history.checking import Checked, Declared, check_file
from services.history.coverage import whole_days
from services.history.descriptions import Described
from services.history.findings import Certainty
from services.history.index_sizes import roll_problem
from services.history.roll_file import is_roll_file, is_stay_file, read_rolls, read_stays
from services.history.spans import Cover, Days, covering
from services.history.store import HistoryStore
from services.history.tables import FactTables
from services.ports import Calendar, Clock
from services.settings import Settings

_DAY = timedelta(days=1)
_WITHOUT_TRADING = timedelta(days=30)
"""No exchange here rests so long."""


def import_files(
    settings: Settings,
    files: Sequence[Path],
    frequency: str,
    screen: Screen,
    clock: Clock,
    cache: Path | None,
) -> Exit:
    """Bring each file into the store; the first that cannot be ends it, those before it stay.

    Raises:
        CommandFailed: A file has errors, or contradicts what is there.
    """
    calendar = open_calendar(settings, cache)
    length = length_in("--frequency", frequency) if frequency else None
    declared = Declared(
        length=length, adjustment=settings.prices.adjustment, volume_unit=settings.prices.volume_unit
    )
    store, results = store_of(settings), []
    with screen.progress("data.importing") as bar:
        bar.expect(len(files))
        for path in files:
            with told_in_a_line():
                if is_roll_file(path):
                    results.append(_rolls(path, tables_of(store), screen))
                elif is_stay_file(path):
                    results.append(_stays(path, tables_of(store), screen))
                else:
                    checked = check_file(path, declared, calendar, clock.now(), settings.market)
                    results.append(_bars(path, checked, store, calendar, clock.now(), screen))
            bar.step()
    screen.result({"imported": results})
    return Exit.DONE


def _rolls(path: Path, tables: FactTables, screen: Screen) -> dict[str, object]:
    rolls = read_rolls(path)
    problem = next((found for roll in rolls if (found := roll_problem(roll))), "")
    if problem:
        raise CommandFailed(Exit.USAGE, f"{path}: {problem}; give the whole list; nothing was imported")
    for roll in rolls:
        tables.keep_roll(roll)
    for index in sorted({roll.index for roll in rolls}):
        days = sorted(roll.day for roll in rolls if roll.index == index)
        screen.line("data.import.roll", name=path.name, index=index, days=len(days), last=days[-1])
    return {"file": str(path), "rolls": [{"index": one.index, "day": str(one.day)} for one in rolls]}


def _stays(path: Path, tables: FactTables, screen: Screen) -> dict[str, object]:
    stays = read_stays(path)
    tables.keep_stays(stays)
    screen.line("data.import.stays", name=path.name, stays=len(stays))
    return {"file": str(path), "stays": len(stays)}


def _bars(
    path: Path, checked: Checked, store: HistoryStore, calendar: Calendar, now: datetime, screen: Screen
) -> dict[str, object]:
    errors = [one for one in checked.findings if one.certainty is Certainty.ERROR]
    if errors or not checked.series:
        why = f"{errors[0].kind}: {errors[0].detail}" if errors else "it has no bar that has ended"
        mend = (errors[0].mend if errors else "") or f"see `data check {path.name}`"
        raise CommandFailed(Exit.USAGE, f"{path}: {why}; {mend}; nothing was imported")
    days = _days(checked, calendar)
    covers = [Cover(one.kind.topic, one.symbol, days) for one in checked.series]
    bars = store.add(checked.series, source=f"file:{path.name}", fetched_at=now, covered=covers)
    _facts(checked, tables_of(store), days, f"file:{path.name}")
    kind = str(checked.series[0].kind)
    screen.line(
        "data.import.done",
        name=path.name,
        bars=f"{bars:,}",
        symbols=len(checked.series),
        kind=kind,
        first=days.first,
        last=days.last,
    )
    for finding in checked.findings:
        if finding.certainty is Certainty.SUSPECT:
            show_finding(finding, screen)
    return {
        "file": str(path),
        "new_bars": bars,
        "symbols": len(checked.series),
        "kind": kind,
        "days": [str(days.first), str(days.last)],
        "findings": [as_json(one) for one in checked.findings],
    }


def _days(checked: Checked, calendar: Calendar) -> Days:
    """Return the days of a file, from the first that is whole to the last, with closed days around them."""
    first, last = whole_days(checked.series, calendar.early_close)
    before = calendar.trading_days(first - _WITHOUT_TRADING, first - _DAY)
    after = calendar.trading_days(last + _DAY, last + _WITHOUT_TRADING)
    return Days(before[-1] + _DAY if before else first, after[0] - _DAY if after else last)


def _facts(checked: Checked, tables: FactTables, days: Days, source: str) -> None:
    """Keep what a file and the one beside it tell of instruments and ex-days; a vendor's word stays."""
    known = tables.described([one.symbol for one in checked.series])
    declared = {one.symbol: one for one in checked.facts.instruments}
    fresh = []
    for series in checked.series:
        name = checked.names.get(series.symbol, "")
        told = declared.get(series.symbol) or (Instrument(symbol=series.symbol, name=name) if name else None)
        if told is None:
            continue
        one = Described(instrument=told, industry="", source=source, days=days)
        others = [
            there.days
            for there in known.get(series.symbol, ())
            if there.source != source and (one.is_name_alone or not there.is_name_alone)
        ]
        fresh += [one.on(free) for free in covering([days]).less(others).spans]
    if fresh:
        tables.describe(fresh)
    for symbol in sorted({one.symbol for one in checked.facts.actions}):
        actions = [one for one in checked.facts.actions if one.symbol == symbol]
        for action in actions:
            same_day = [other for other in actions if other.ex_date == action.ex_date]
            tables.keep_actions(symbol, Days(action.ex_date, action.ex_date), same_day, source)
