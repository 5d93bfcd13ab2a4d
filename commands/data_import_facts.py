"""Facts and ex-days that a person declares, beside a price file or in a file of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from commands.screen import Screen
from services.domain.bars import CorporateAction
from services.domain.instruments import Instrument, Symbol
from services.history.checking import Checked
from services.history.descriptions import FILE, Described
from services.history.facts_file import read_facts_file
from services.history.spans import Days, covering
from services.history.tables import FactTables

_NAMED = 5


def import_facts(path: Path, tables: FactTables, screen: Screen) -> dict[str, object]:
    """Keep what a file of facts tells, in one commit; what a vendor told of the same days stays.

    Raises:
        HistoryError: The file cannot be read, or the store not be written.
    """
    told, source = read_facts_file(path), f"{FILE}{path.name}"
    facts = {one.symbol: one for one in told.instruments}
    with tables.writing():
        stays = _keep(
            facts, tables, told.days, source, lambda there, _fresh: not there.source.startswith(FILE)
        )
        _name(told.actions, facts, tables, told.days, source)
    first, last = told.days
    screen.line(
        "data.import.facts",
        name=path.name,
        instruments=len(facts),
        actions=len(told.actions),
        first=first,
        last=last,
    )
    if stays:
        named = ",".join(stays[:_NAMED])
        screen.line("data.import.facts_stay", count=len(stays), symbols=named)
    return {"file": str(path), "instruments": len(facts), "actions": len(told.actions), "stays": stays}


def keep_facts_beside(checked: Checked, tables: FactTables, days: Days, source: str) -> None:
    """Keep what a price file and the one beside it tell of instruments and ex-days; another's word stays.

    Raises:
        HistoryError: The store cannot be written.
    """
    declared = {one.symbol: one for one in checked.facts.instruments}
    facts: dict[Symbol, Instrument] = {}
    for series in checked.series:
        symbol, name = series.symbol, checked.names.get(series.symbol, "")
        if symbol in declared or name:
            facts[symbol] = declared.get(symbol) or Instrument(symbol=symbol, name=name)
    _keep(
        facts,
        tables,
        days,
        source,
        lambda there, fresh: there.source != source and (fresh.is_name_alone or not there.is_name_alone),
    )
    _name(checked.facts.actions, [one.symbol for one in checked.series], tables, days, source)


def _keep(
    facts: Mapping[Symbol, Instrument],
    tables: FactTables,
    days: Days,
    source: str,
    yields: Callable[[Described, Described], bool],
) -> list[Symbol]:
    """Keep facts on the days of which nobody told to whom they yield; return of whom somebody did."""
    known, fresh, stays = tables.described(facts), [], []
    for symbol, told in facts.items():
        one = Described(instrument=told, industry="", source=source, days=days)
        others = [there.days for there in known.get(symbol, ()) if yields(there, one)]
        free = covering([days]).less(others)
        fresh += [one.on(span) for span in free.spans]
        if free != covering([days]):
            stays.append(symbol)
    if fresh:
        tables.describe(fresh)
    return stays


def _name(
    actions: Iterable[CorporateAction],
    symbols: Iterable[Symbol],
    tables: FactTables,
    days: Days,
    source: str,
) -> None:
    """Keep the ex-days a file names; what it named before of the symbols, on its days, is withdrawn."""
    by_symbol: dict[Symbol, list[CorporateAction]] = {symbol: [] for symbol in symbols}
    for action in actions:
        by_symbol.setdefault(action.symbol, []).append(action)
    for symbol, some in sorted(by_symbol.items()):
        tables.name_actions(symbol, days, some, source)
