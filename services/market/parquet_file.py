"""Reads price tables in tushare's columns from Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from services.market.raw_bars import PriceFileError, RawBar
from services.market.tushare_csv import bar_of, require_columns


def read_parquet_file(path: Path) -> Iterator[RawBar]:
    """Yield the bars in the file's order; a bar's `line` is its row, counted from 1.

    Times may be text or naive timestamps of the market's zone; decimals count as numbers.

    Raises:
        PriceFileError: pyarrow is not installed, the file is not whole Parquet, a column is missing
            or a field is no number.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise PriceFileError(f"{path}: Parquet needs pyarrow; run: pip install kaipan[parquet]") from None
    try:
        file = pyarrow.parquet.ParquetFile(path)
        time_column = require_columns(path, file.schema_arrow.names)
        line = 0
        for batch in file.iter_batches():
            for row in batch.to_pylist():
                line += 1
                plain = {column: _plain(value) for column, value in row.items()}
                yield bar_of(path, line, plain, time_column)
    except (pyarrow.ArrowException, OSError) as problem:
        first = str(problem).partition("\n")[0]
        raise PriceFileError(f"{path}: not a whole Parquet file ({first}); fetch the file again") from None


def _plain(value: object) -> object:
    """Return a cell as CSV would write it, where Parquet has a type of its own for it."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == datetime.min.time() else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, date | Decimal):
        return str(value)
    return value
