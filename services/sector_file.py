"""The door of the sector file: which sector each symbol is in."""

from __future__ import annotations

import csv
from pathlib import Path

from services.domain.instruments import NotASymbol, Symbol, parse_symbol
from services.text_encoding import first_line_not_utf8

_COLUMNS = ("symbol", "sector")


class SectorFileError(ValueError):
    """The file cannot be used: its name, the line and the mend."""


def read_sectors(path: Path) -> dict[Symbol, str]:
    """Return the sector of each symbol of a CSV file with the columns `symbol` and `sector`, UTF-8.

    Raises:
        SectorFileError: It cannot be read, a column or sector is missing, or a symbol is none or
            stands in it twice.
    """
    sectors: dict[Symbol, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not set(_COLUMNS) <= set(rows.fieldnames or ()):
                raise SectorFileError(f"{path}: line 1: needs the columns {' and '.join(_COLUMNS)}")
            for row in rows:
                symbol = _symbol(row["symbol"], path, rows.line_num)
                sector = (row["sector"] or "").strip()
                if not sector:
                    raise SectorFileError(f"{path}: line {rows.line_num}: {symbol} has no sector; add it")
                if symbol in sectors:
                    raise SectorFileError(f"{path}: line {rows.line_num}: {symbol} stands here twice")
                sectors[symbol] = sector
    except UnicodeDecodeError as error:
        line = first_line_not_utf8(path)
        raise SectorFileError(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise SectorFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    except csv.Error as error:
        raise SectorFileError(f"{path}: is not CSV: {error}") from error
    return sectors


def _symbol(text: str | None, path: Path, line: int) -> Symbol:
    try:
        return parse_symbol((text or "").strip())
    except NotASymbol as error:
        raise SectorFileError(f"{path}: line {line}: {error}") from error
