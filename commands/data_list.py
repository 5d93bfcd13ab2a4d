"""`data list`: what the store holds, and where it came from."""

from __future__ import annotations

from itertools import groupby

from commands.failures import Exit
from commands.history_folder import store_of, symbols_in, tables_of, told_in_a_line
from commands.screen import Screen
from services.domain.instruments import Market
from services.history.index import INDEX_NAME
from services.history.lengths import day_of
from services.history.store import Held, HistoryStore
from services.history.tables import FactTables
from services.settings import Settings


def list_store(settings: Settings, symbols: str, screen: Screen) -> Exit:
    """Show what there is, of all symbols or of those named.

    Raises:
        CommandFailed: The store cannot be read.
    """
    with told_in_a_line():
        store = store_of(settings)
        held = store.held(None, symbols_in(symbols) or None)
        rows = [_row(list(group)) for _, group in groupby(sorted(held, key=_key), key=_key)]
        aside = store.all_set_aside()
        told = _facts(tables_of(store), screen) if rows or _has_facts(store) else {}
        orphans = store.orphans()
    if orphans and not rows:
        screen.line("data.list.orphans", folder=store.folder, files=len(orphans), index=INDEX_NAME)
    elif not rows:
        screen.line("data.check.empty", folder=store.folder)
    for row in rows:
        screen.line("data.list.bars", **row)
    for one in aside:
        screen.line("data.list.aside", symbol=one.symbol, job=f"{one.topic} {one.days}", why=one.why)
    screen.result(
        {
            "folder": str(store.folder),
            "bars": rows,
            **told,
            "set_aside": [
                {
                    "symbol": one.symbol,
                    "bars": one.topic,
                    "days": str(one.days),
                    "why": one.why,
                    "file": str(one.path),
                }
                for one in aside
            ],
            "orphans": len(orphans),
        }
    )
    return Exit.DONE


def _key(held: Held) -> tuple[str, str, str]:
    return (held.market, str(held.kind), held.source)


def _row(group: list[Held]) -> dict[str, object]:
    market: Market = group[0].market
    return {
        "kind": str(group[0].kind),
        "market": str(market),
        "source": group[0].source,
        "symbols": len({one.symbol for one in group}),
        "bars": sum(one.bars for one in group),
        "first": str(day_of(market, min(one.first for one in group))),
        "last": str(day_of(market, max(one.last for one in group))),
        "fetched": f"{max(one.fetched_at for one in group):%Y-%m-%d %H:%M} UTC",
    }


def _has_facts(store: HistoryStore) -> bool:
    tables = tables_of(store)
    return bool(tables.indexes() or tables.described())


def _facts(tables: FactTables, screen: Screen) -> dict[str, object]:
    indexes = {}
    for index, (first, last) in tables.indexes().items():
        days = len(tables.rolls(index))
        indexes[index] = {"days": days, "first": str(first), "last": str(last)}
        screen.line("data.list.index", index=index, **indexes[index])
    counts = {
        "instruments": len(tables.described()),
        "actions": len(tables.actions()),
        "days": sum(len(tables.days(market)) for market in Market),
    }
    screen.line("data.list.facts", **counts)
    return {"indexes": indexes, "facts": counts}
