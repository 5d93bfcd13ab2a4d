"""The index of an arena: a file's line over the days that were traded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from monitor.arena_row import EntrantKind, Row
from services.index_file import IndexDay, IndexFileError


def index_row(days: Sequence[IndexDay], wanted: Sequence[date]) -> Row:
    """Return an index over the wanted days: from the first one's open, or else the close before it.

    Where neither is there, from the first day's own close.

    Raises:
        IndexFileError: One of them is missing.
    """
    by_day = {one.day: one for one in days}
    for day in wanted:
        if day not in by_day:
            raise IndexFileError(f"holds no {day}; give a file of the whole period, or leave it out")
    first = by_day[wanted[0]]
    earlier = [one.close for one in days if one.day < first.day]
    opening = first.open or (earlier[-1] if earlier else first.close)
    return Row(
        name=str(EntrantKind.INDEX),
        kind=EntrantKind.INDEX,
        agent="index file",
        daily=((first.day, opening), *((day, by_day[day].close) for day in wanted)),
    )
