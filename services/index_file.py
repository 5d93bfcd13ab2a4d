"""The door of index files: the daily values of one index, as the public data sets have them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from services.text_encoding import first_line_not_utf8

_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})", re.ASCII)
_DATES = ("date", "trade_date")
_OPENS = ("open", "1. open", "1. buy price")
_CLOSES = ("close", "4. close", "4. sell price")


class IndexFileError(ValueError):
    """The file cannot be used: its name, the line or day, and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDay:
    """An index on one trading day, in points; `open` is None where the file has none."""

    day: date
    open: Decimal | None
    close: Decimal


def read_index(path: Path) -> tuple[IndexDay, ...]:
    """Return the days of an index, ascending.

    The file is CSV (UTF-8) with the columns `date` or `trade_date`, `close` and perhaps `open`; or one
    JSON object with a `Time Series (Daily)` of bars by day, as of the data sets for stocks.

    Raises:
        IndexFileError: It cannot be read, or a day holds no date, no value above 0, or is there twice.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise IndexFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = first_line_not_utf8(path)
        raise IndexFileError(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from error
    rows = _json_rows(path, text) if text.lstrip().startswith("{") else _csv_rows(path, text)
    found: dict[date, IndexDay] = {}
    for where, cells in rows:
        one = _day(where, cells)
        if one.day in found:
            raise IndexFileError(f"{where}: {one.day} is there already; keep one")
        found[one.day] = one
    if not found:
        raise IndexFileError(f"{path}: holds no day; give a file of daily values")
    return tuple(found[day] for day in sorted(found))


def _json_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    try:
        whole = json.loads(text, parse_float=str, parse_int=str)
    except ValueError as error:
        why = f"is not one JSON object ({error}); give the file of one index"
        raise IndexFileError(f"{path}: {why}") from error
    series = whole.get("Time Series (Daily)")
    if not isinstance(series, dict):
        raise IndexFileError(f"{path}: has no `Time Series (Daily)`; give a file of daily values")
    for day, bar in series.items():
        where = f"{path}: {day}"
        if not isinstance(bar, dict):
            raise IndexFileError(f"{where}: is no bar; remove it")
        yield where, {**bar, "date": day}


def _csv_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    names = {name.strip().lower() for name in reader.fieldnames or ()}
    if not names & set(_DATES) or "close" not in names:
        raise IndexFileError(f"{path}: line 1: needs the columns date (or trade_date) and close")
    try:
        for row in reader:
            cells = {str(name).strip().lower(): value for name, value in row.items()}
            yield f"{path}: line {reader.line_num}", cells
    except csv.Error as error:
        raise IndexFileError(f"{path}: line {reader.line_num}: is not CSV: {error}") from error


def _day(where: str, cells: Mapping[str, object]) -> IndexDay:
    close = _value(where, "close", _cell(cells, _CLOSES))
    if close is None:
        raise IndexFileError(f"{where}: has no close; remove the day, or fill it in")
    return IndexDay(
        day=_date(where, _cell(cells, _DATES)),
        open=_value(where, "open", _cell(cells, _OPENS)),
        close=close,
    )


def _cell(cells: Mapping[str, object], names: tuple[str, ...]) -> str:
    return next((str(cells[name]).strip() for name in names if cells.get(name) not in (None, "")), "")


def _date(where: str, text: str) -> date:
    parts = _DATE.fullmatch(text)
    try:
        return date(*map(int, parts.groups())) if parts else date.fromisoformat(text)
    except ValueError:
        raise IndexFileError(f"{where}: {text[:20]!r} is no day such as 2025-10-10") from None


def _value(where: str, name: str, text: str) -> Decimal | None:
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value <= 0:
        raise IndexFileError(f"{where}: {name} {text[:20]!r} is no number above 0")
    return value
