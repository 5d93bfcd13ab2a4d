"""Reads an index's members by day from CSV in the columns of tushare's `index_weight`."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

from services.domain.instruments import NotASymbol, Symbol, parse_symbol
from services.history.index import HistoryError
from services.history.tables import Roll

_COLUMNS = ("index_code", "con_code", "trade_date")


def is_roll_file(path: Path) -> bool:
    """Answer whether a file begins with the columns of one; one that cannot be read is none."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as text:
            head = text.readline()
    except OSError:
        return False
    return set(_COLUMNS) <= {name.strip() for name in head.split(",")}


def read_rolls(path: Path) -> tuple[Roll, ...]:
    """Return the members of each index on each day that the file states.

    Raises:
        HistoryError: A row names no symbol or no day; the message names its line.
    """
    found: dict[tuple[str, date], set[Symbol]] = defaultdict(set)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        rows = csv.DictReader(text)
        for row in rows:
            index, member, stated = (str(row.get(name) or "").strip() for name in _COLUMNS)
            try:
                day = date.fromisoformat(stated)
                symbol = parse_symbol(member)
            except (ValueError, NotASymbol) as problem:
                raise HistoryError(
                    f"{path}:{rows.line_num}: {problem}; write 000016.SH,600519.SH,20250930"
                ) from None
            found[index, day].add(symbol)
    return tuple(
        Roll(index=index, day=day, members=tuple(sorted(members)), source=f"file:{path.name}")
        for (index, day), members in sorted(found.items())
    )
