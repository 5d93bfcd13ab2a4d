"""`data import`: files a person has, brought into the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from commands.data_check import as_json, show_finding
from commands.failures import CommandFailed, Exit
from commands.history_folder import length_in, store_of, tables_of, told_in_a_line
from commands.opening import open_calendar
from commands.screen import Screen
from services.domain.instruments import Instrument
from services.history.checking import Checked, Declared, check_file
from services.history.findings import Certainty
from services.history.lengths import day_of
from services.history.roll_file import is_roll_file, read_rolls
from services.history.store import HistoryStore
from services.history.tables import Described, FactTables
from services.ports import Calendar, Clock
from services.settings import Settings


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
    for path in files:
        with told_in_a_line():
            if is_roll_file(path):
                results.append(_rolls(path, tables_of(store), screen))
            else:
                results.append(_bars(path, declared, store, calendar, clock, screen))
    screen.result({"imported": results})
    return Exit.DONE


def _rolls(path: Path, tables: FactTables, screen: Screen) -> dict[str, object]:
    rolls = read_rolls(path)
    for roll in rolls:
        tables.keep_roll(roll)
    for index in sorted({roll.index for roll in rolls}):
        days = sorted(roll.day for roll in rolls if roll.index == index)
        screen.line("data.import.roll", name=path.name, index=index, days=len(days), last=days[-1])
    return {"file": str(path), "rolls": [{"index": one.index, "day": str(one.day)} for one in rolls]}


def _bars(
    path: Path, declared: Declared, store: HistoryStore, calendar: Calendar, clock: Clock, screen: Screen
) -> dict[str, object]:
    now = clock.now()
    checked = check_file(path, declared, calendar, now)
    errors = [one for one in checked.findings if one.certainty is Certainty.ERROR]
    if errors or not checked.series:
        why = f"{errors[0].kind}: {errors[0].detail}" if errors else "it has no bar that has ended"
        raise CommandFailed(Exit.USAGE, f"{path}: {why}; see `data check {path.name}`; nothing was imported")
    bars = store.add(checked.series, source=f"file:{path.name}", fetched_at=now)
    _facts(checked, tables_of(store), f"file:{path.name}")
    kind = str(checked.series[0].kind)
    screen.line("data.import.done", name=path.name, bars=f"{bars:,}", symbols=len(checked.series), kind=kind)
    for finding in checked.findings:
        if finding.certainty is Certainty.SUSPECT:
            show_finding(finding, screen)
    return {
        "file": str(path),
        "new_bars": bars,
        "symbols": len(checked.series),
        "kind": kind,
        "findings": [as_json(one) for one in checked.findings],
    }


def _facts(checked: Checked, tables: FactTables, source: str) -> None:
    """Keep what a file and the one beside it tell of instruments and ex-days; a vendor's word stays."""
    known = {one.instrument.symbol: one for one in tables.described()}
    declared = {one.symbol: one for one in checked.facts.instruments}
    fresh = []
    for series in checked.series:
        until = day_of(series.market, int(series.ends[-1]))
        name = checked.names.get(series.symbol, "")
        told = declared.get(series.symbol) or (Instrument(symbol=series.symbol, name=name) if name else None)
        there = known.get(series.symbol)
        if told is not None and (there is None or there.source == source):
            fresh.append(Described(instrument=told, industry="", source=source, known_until=until))
    if fresh:
        tables.describe(fresh)
    for symbol in sorted({one.symbol for one in checked.facts.actions}):
        actions = [one for one in checked.facts.actions if one.symbol == symbol]
        for one in actions:
            same_day = [other for other in actions if other.ex_date == one.ex_date]
            tables.keep_actions(symbol, one.ex_date, one.ex_date, same_day, source)
