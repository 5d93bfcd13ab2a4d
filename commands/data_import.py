"""`data import`: files a person has, brought into the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from commands.data_check import as_json, show_finding
from commands.data_import_facts import import_facts, keep_facts_beside
from commands.failures import CommandFailed, Exit
from commands.history_folder import length_in, store_of, tables_of, told_in_a_line
from commands.opening import open_calendar
from commands.screen import Screen
from services.history.checking import Checked, Declared, check_file
from services.history.coverage import holes, whole_days
from services.history.descriptions import FILE, facts_known, together
from services.history.facts_file import is_facts_file
from services.history.findings import Certainty, Finding, FindingKind
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

_OF_A_PART = (FindingKind.BEGINS_LATE, FindingKind.ENDS_EARLY)


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
                elif is_facts_file(path):
                    results.append(import_facts(path, tables_of(store), screen))
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


def _why_not(path: Path, errors: Sequence[Finding]) -> str:
    """Return what is wrong with a file of bars, and the mend; what cannot be read at all says both itself."""
    if not errors:
        return f"{path}: it has no bar that has ended; see `data check {path}`"
    first = errors[0]
    if first.detail.startswith(f"{path}:"):
        return first.detail
    return f"{path}: {first.kind}: {first.detail}; {first.mend or f'see `data check {path}`'}"


def _bars(
    path: Path, checked: Checked, store: HistoryStore, calendar: Calendar, now: datetime, screen: Screen
) -> dict[str, object]:
    errors = [one for one in checked.findings if one.certainty is Certainty.ERROR]
    if errors or not checked.series:
        raise CommandFailed(Exit.USAGE, f"{_why_not(path, errors)}; nothing was imported")
    days = _days(checked, calendar)
    source, tables = f"{FILE}{path.name}", tables_of(store)
    # In one commit: bars without the warnings beside them would be those of a share that never had any.
    with store.index.writing():
        covers = _covers(checked, calendar, tables)
        keep_facts_beside(checked, tables, days, source)
        bars = store.add(checked.series, source=source, fetched_at=now, covered=covers)
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
        if finding.certainty is Certainty.SUSPECT or finding.kind in _OF_A_PART:
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
    each = [whole_days(one, calendar.early_close) for one in checked.series]
    return _with_closed(Days(min(one.first for one in each), max(one.last for one in each)), calendar)


def _with_closed(days: Days, calendar: Calendar) -> Days:
    """Return days with those without trading around them."""
    first, last = days
    before = calendar.trading_days(first - _WITHOUT_TRADING, first - _DAY)
    after = calendar.trading_days(last + _DAY, last + _WITHOUT_TRADING)
    return Days(before[-1] + _DAY if before else first, after[0] - _DAY if after else last)


def _covers(checked: Checked, calendar: Calendar, tables: FactTables) -> list[Cover]:
    """Return the days of a file that are known of each symbol.

    They reach from its own first whole day to its last one. A day of which all suspensions are told already,
    and which lacks bars, is none of them.
    """
    described = tables.described([one.symbol for one in checked.series])
    found = []
    for series in checked.series:
        told = described.get(series.symbol, ())
        own = _with_closed(whole_days(series, calendar.early_close), calendar)
        known = facts_known(told)
        due = [day for day in calendar.trading_days(*own) if known.holds(day)]
        lost = holes(series, due, together(told), calendar.early_close) if due else []
        whole = covering([own]).less(Days(day, day) for day in lost)
        found += [Cover(series.kind.topic, series.symbol, span) for span in whole.spans]
    return found
