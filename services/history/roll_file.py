"""Reads an index's members from CSV: by day, as tushare's `index_weight`, or with their in and out days."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from services.domain.instruments import NotASymbol, Symbol, parse_symbol
from services.history.index import HistoryError
from services.history.tables import Roll, Stay

_COLUMNS = ("index_code", "con_code", "trade_date")
_STAY_COLUMNS = ("index_code", "con_code", "in_date", "out_date")


def is_roll_file(path: Path) -> bool:
    """Answer whether a file begins with the columns of one; one that cannot be read is none."""
    return set(_COLUMNS) <= _head(path)


def is_stay_file(path: Path) -> bool:
    """Answer whether a file tells from when to when symbols were members; one that cannot be read is none."""
    return set(_STAY_COLUMNS) <= _head(path)


def read_rolls(path: Path) -> tuple[Roll, ...]:
    """Return the members of each index on each day that the file states.

    Raises:
        HistoryError: A row names no symbol or no day; the message names its line.
    """
    found: dict[tuple[str, date], set[Symbol]] = defaultdict(set)
    for line, (index, member, stated) in _rows(path, _COLUMNS):
        try:
            found[index, date.fromisoformat(stated)].add(parse_symbol(member))
        except (ValueError, NotASymbol) as problem:
            raise HistoryError(f"{path}:{line}: {problem}; write 000016.SH,600519.SH,20250930") from None
    return tuple(
        Roll(index=index, day=day, members=tuple(sorted(members)), source=f"file:{path.name}")
        for (index, day), members in sorted(found.items())
    )


def read_stays(path: Path) -> tuple[Stay, ...]:
    """Return from when to when symbols were members, as the file states it: `out_date` is the first day out.

    Raises:
        HistoryError: A row names no symbol or no day, or ends before it begins; the message names its line.
    """
    return tuple(_stay(path, line, row) for line, row in _rows(path, _STAY_COLUMNS))


def _stay(path: Path, line: int, row: Sequence[str]) -> Stay:
    index, member, joined, left = row
    try:
        symbol, since = parse_symbol(member), date.fromisoformat(joined)
        until = date.fromisoformat(left) - timedelta(days=1) if left else None
        if until is not None and until < since:
            raise ValueError(f"out on {left}, in on {joined}")
    except (ValueError, NotASymbol) as problem:
        words = f"{path}:{line}: {problem}; write 000016.SH,600519.SH,20240617,20250616"
        raise HistoryError(f"{words}, or without the last while it is a member") from None
    return Stay(index=index, symbol=symbol, since=since, until=until, source=f"file:{path.name}")


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the columns of each row."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        rows = csv.DictReader(text)
        for row in rows:
            yield rows.line_num, [str(row.get(name) or "").strip() for name in columns]


def _head(path: Path) -> set[str]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as text:
            return {name.strip() for name in text.readline().split(",")}
    except OSError:
        return set()
