"""How many members an index has, by dated rows with their source. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.history.tables import Roll

_CSI = "CSI, methodology of the index: number of constituents"
_SSE = "SSE and CSI, methodology of the index: number of constituents"
_SZSE = "SZSE and CNI, methodology of the index: number of constituents"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSize:
    """How many members an index has from a day on, under each of its codes."""

    codes: tuple[str, ...]
    since: date
    members: int
    source: str


SIZES = (
    IndexSize(codes=("000016.SH",), since=date(2004, 1, 2), members=50, source=_SSE),
    IndexSize(codes=("000010.SH",), since=date(2002, 7, 1), members=180, source=_SSE),
    IndexSize(codes=("000688.SH",), since=date(2020, 7, 23), members=50, source=_SSE),
    IndexSize(codes=("000300.SH", "399300.SZ"), since=date(2005, 4, 8), members=300, source=_CSI),
    IndexSize(codes=("000903.SH", "399903.SZ"), since=date(2006, 5, 29), members=100, source=_CSI),
    IndexSize(codes=("000905.SH", "399905.SZ"), since=date(2007, 1, 15), members=500, source=_CSI),
    IndexSize(codes=("000906.SH", "399906.SZ"), since=date(2007, 1, 15), members=800, source=_CSI),
    IndexSize(codes=("000852.SH", "399852.SZ"), since=date(2014, 10, 17), members=1000, source=_CSI),
    IndexSize(codes=("000510.SH", "000510.CSI"), since=date(2024, 9, 23), members=500, source=_CSI),
    IndexSize(codes=("932000.CSI",), since=date(2023, 8, 11), members=2000, source=_CSI),
    # Before its sample grew on that day it had 40.
    IndexSize(codes=("399001.SZ",), since=date(2015, 5, 20), members=500, source=_SZSE),
)
"""The rows begin with an index's publication: lists reckoned back to days before it are not judged."""


def size_of(index: str, day: date) -> int | None:
    """Return how many members an index has on a day, None where it is not known here."""
    known = [row for row in SIZES if index in row.codes and row.since <= day]
    return max(known, key=lambda row: row.since).members if known else None


def roll_problem(roll: Roll) -> str:
    """Return why a list of members is not the whole one, empty where it is or nobody knows."""
    size = size_of(roll.index, roll.day)
    if size is None or len(roll.members) == size:
        return ""
    return f"{roll.index}: the list of {roll.day} names {len(roll.members)} members, the index has {size}"
