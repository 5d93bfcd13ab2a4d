"""Reads price tables in tushare's columns from CSV text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from services.market.raw_bars import PriceFileError, RawBar, read_number

VALUES = {"open": "open", "high": "high", "low": "low", "close": "close", "vol": "volume"}
TIMES = ("trade_time", "trade_date")


def read_tushare_csv(path: Path) -> Iterator[RawBar]:
    """Yield the bars in the file's order.

    Columns: `ts_code`, `trade_date` or `trade_time`, `open`, `high`, `low`, `close`, `vol`;
    `pre_close`, `amount` and `name` where there are; others are not looked at.

    Raises:
        PriceFileError: A column is missing, a line has not all its fields, or a field is no number.
        UnicodeDecodeError: The file is not UTF-8 text.
    """
    with path.open(encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text)
        header = next(rows, None)
        if header is None:
            return
        time_column = require_columns(path, header)
        for fields in rows:
            line = rows.line_num
            if not any(fields):
                continue
            if len(fields) != len(header):
                raise PriceFileError(
                    f"{path}:{line}: {len(fields)} fields where the header has {len(header)} "
                    "(is the file cut off?); fetch the file again"
                )
            yield bar_of(path, line, dict(zip(header, fields, strict=True)), time_column)


def require_columns(path: Path, header: Sequence[str]) -> str:
    """Return the column that holds the labels, `trade_time` before `trade_date`.

    Raises:
        PriceFileError: A column that must be there is missing or stands twice.
    """
    time_column = next((name for name in TIMES if name in header), None)
    missing = [name for name in ("ts_code", *VALUES) if name not in header]
    if time_column is None:
        missing.insert(0, "trade_date")
    if missing:
        raise PriceFileError(
            f"{path}:1: no column {missing[0]!r}; the columns are tushare's: ts_code, trade_date "
            "or trade_time, open, high, low, close, vol, pre_close"
        )
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise PriceFileError(f"{path}:1: column {twice[0]!r} stands twice; leave one of them")
    return str(time_column)


def bar_of(path: Path, line: int, row: Mapping[str, object], time_column: str) -> RawBar:
    """Return one row of the table as a bar.

    Raises:
        PriceFileError: A field is not a finite number.
    """
    symbol, label = str(row["ts_code"] or ""), str(row[time_column] or "")
    try:
        values = {field: read_number(row[column], field) for column, field in VALUES.items()}
        prev_close = read_number(row.get("pre_close"), "pre_close")
        amount = read_number(row.get("amount"), "amount")
    except ValueError as problem:
        raise PriceFileError(f"{path}:{line}: {symbol} {label}: {problem}") from None
    name = str(row.get("name") or "")
    return RawBar(
        line=line, symbol=symbol, name=name, label=label, prev_close=prev_close, amount=amount, **values
    )
