"""The door of score files: what another model says of symbols, as CSV or as an Excel sheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from math import isfinite
from pathlib import Path

from services.domain.instruments import Market, NotASymbol, Symbol, parse_symbol
from services.domain.scores import Score, Scores
from services.domain.value import Value
from services.rules import OutsideRulebook, board_of
from services.slots import ZONES
from services.text_encoding import first_line_not_utf8

_COLUMNS = ("date", "symbol", "score")
_DATE = re.compile(r"(\d{4})[-/]?(\d{2})[-/]?(\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_INSTANT = timedelta(microseconds=1)


class ScoreFileError(ValueError):
    """The file cannot be used: its name, the line and the mend."""


class _Row(Value, frozen=True):
    line: int
    cells: dict[str, object]


def read_scores(path: Path, market: Market) -> Scores:
    """Return the scores of a CSV file (UTF-8) or the first sheet of an `.xlsx` file, in any order of rows.

    The columns are `date`, `symbol` and `score`; others are passed over. A date without a time, or an
    Excel date at midnight, counts from the next calendar day on; with a time, `2025-10-09 14:30`, in
    sessions after that moment, which is market-local unless it carries an offset.

    Raises:
        ScoreFileError: It cannot be read, a column is missing, or a line holds no date, no symbol of
            the market, no finite number, or what another line says already.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScoreFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    rows = _sheet_rows(path, data) if path.suffix.lower() == ".xlsx" else _csv_rows(path, data)
    found: dict[Symbol, dict[datetime, float]] = {}
    for row in rows:
        where = f"{path}: line {row.line}"
        after = _after(row.cells["date"], where, market)
        symbol = _symbol(row.cells["symbol"], where, market, after.date())
        if after in found.setdefault(symbol, {}):
            raise ScoreFileError(f"{where}: {symbol} has a score of that date already; keep one")
        found[symbol][after] = _value(row.cells["score"], where)
    return Scores(
        name=path.name,
        digest=sha256(data).hexdigest(),
        by_symbol={
            symbol: tuple(Score(after, value) for after, value in sorted(scores.items()))
            for symbol, scores in found.items()
        },
    )


def _csv_rows(path: Path, data: bytes) -> Iterator[_Row]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = first_line_not_utf8(path)
        raise ScoreFileError(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from _under_header(path, ((reader.line_num, row) for row in reader))
    except csv.Error as error:
        raise ScoreFileError(f"{path}: line {reader.line_num}: is not CSV: {error}") from error


def _sheet_rows(path: Path, data: bytes) -> Iterator[_Row]:
    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError as error:
        raise ScoreFileError(
            f"{path}: reading .xlsx needs openpyxl: pip install openpyxl, or save it as CSV"
        ) from error
    from zipfile import BadZipFile

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        rows = [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    except (BadZipFile, KeyError, IndexError, ValueError, TypeError, OSError, SyntaxError) as error:
        raise ScoreFileError(f"{path}: is not an Excel sheet (.xlsx) that can be read: {error}") from error
    yield from _under_header(path, enumerate(rows, start=1))


def _under_header(path: Path, lines: Iterator[tuple[int, Sequence[object]]]) -> Iterator[_Row]:
    """Yield the rows under the first, which names the columns; empty rows are passed over."""
    _, head = next(lines, (1, ()))
    names = ["" if cell is None else str(cell).strip().lower() for cell in head]
    if any(names.count(name) != 1 for name in _COLUMNS):
        raise ScoreFileError(f"{path}: line 1: needs each of the columns {', '.join(_COLUMNS)} once")
    places = {name: names.index(name) for name in _COLUMNS}
    for line, row in lines:
        if any(cell not in (None, "") for cell in row):
            yield _Row(line, {name: row[at] if at < len(row) else None for name, at in places.items()})


def _symbol(cell: object, where: str, market: Market, day: date) -> Symbol:
    try:
        symbol = parse_symbol("" if cell is None else str(cell).strip())
        if symbol.endswith(".US") is not (market is Market.US):
            raise ScoreFileError(f"{where}: {symbol} does not trade on market {market}")
        board_of(symbol, day)
    except (NotASymbol, OutsideRulebook) as error:
        raise ScoreFileError(f"{where}: {error}") from error
    return symbol


def _after(cell: object, where: str, market: Market) -> datetime:
    """Return the moment after which a score of that date or time counts."""
    zone = ZONES[market]
    moment = cell if isinstance(cell, datetime) else _moment(cell, where)
    if isinstance(moment, datetime) and (isinstance(cell, str) or moment.time() != time(0)):
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    day = moment.date() if isinstance(moment, datetime) else moment
    return datetime.combine(day + timedelta(days=1), time(0), zone) - _INSTANT


def _moment(cell: object, where: str) -> date | datetime:
    text = "" if cell is None else str(cell).strip()
    form = _DATE.fullmatch(text)
    try:
        if form is not None:
            year, month, day, at, offset = form.groups()
            if at is None:
                return date(int(year), int(month), int(day))
            return datetime.fromisoformat(f"{year}-{month}-{day}T{at}{offset or ''}")
    except ValueError:
        form = None
    raise ScoreFileError(f"{where}: {text[:40]!r} is no date like 2025-10-09 or 2025-10-09 14:30")


def _value(cell: object, where: str) -> float:
    text = "" if cell is None else str(cell).strip()
    value = float(text) if _NUMBER.fullmatch(text) else float("nan")
    if not isfinite(value):
        raise ScoreFileError(f"{where}: {text[:40]!r} is no score; write a plain number such as 0.25")
    return value
