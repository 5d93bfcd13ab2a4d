"""Reads AI-Trader's merged price files: one JSON object a symbol, bars as text numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from services.market.raw_bars import PriceFileError, RawBar, read_number

DAILY_KEY = "Time Series (Daily)"
HOURLY_KEY = "Time Series (60min)"

_FIELDS = {
    "1. buy price": "open",
    "2. high": "high",
    "3. low": "low",
    "4. sell price": "close",
    "5. volume": "volume",
}


class _Twice(ValueError):
    """A key stands twice in one JSON object; plain decoding would silently keep the last."""


def read_merged_jsonl(path: Path) -> Iterator[RawBar]:
    """Yield the bars in the file's order.

    Raises:
        PriceFileError: A line is cut off, is no JSON object of that form, or states a non-number.
        UnicodeDecodeError: The file is not UTF-8 text.
    """
    with path.open(encoding="utf-8") as lines:
        for number, text in enumerate(lines, start=1):
            if text.strip():
                yield from _series(path, number, text)


def _series(path: Path, number: int, text: str) -> Iterator[RawBar]:
    where = f"{path}:{number}"
    record = _decoded(where, text)
    symbol, name = _identity(where, record)
    for label, bar in _bars(where, symbol, record).items():
        if not isinstance(bar, dict):
            raise PriceFileError(
                f"{where}: {symbol} {label}: not a bar; give an object with '1. buy price' ..."
            )
        unknown = bar.keys() - _FIELDS.keys()
        if unknown:
            raise PriceFileError(
                f"{where}: {symbol} {label}: unknown field {sorted(unknown)[0]!r}; take it out"
            )
        try:
            values = {field: read_number(bar.get(key), field) for key, field in _FIELDS.items()}
        except ValueError as problem:
            raise PriceFileError(f"{where}: {symbol} {label}: {problem}") from None
        yield RawBar(line=number, symbol=symbol, name=name, label=label, **values)


def _decoded(where: str, text: str) -> dict[str, object]:
    try:
        record = json.loads(text, object_pairs_hook=_only_once)
    except _Twice as problem:
        raise PriceFileError(f"{where}: {problem} stands twice; leave one of them") from None
    except (json.JSONDecodeError, RecursionError):
        raise PriceFileError(
            f"{where}: not a whole JSON object (is the file cut off or mixed?); fetch the file again"
        ) from None
    if not isinstance(record, dict):
        raise PriceFileError(
            f"{where}: not a JSON object with 'Meta Data' and a 'Time Series'; one symbol a line"
        )
    return record


def _only_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Twice(repr(key))
            seen.add(key)
    return record


def _identity(where: str, record: dict[str, object]) -> tuple[str, str]:
    meta = record.get("Meta Data")
    if not isinstance(meta, dict) or not isinstance(meta.get("2. Symbol"), str):
        raise PriceFileError(f"{where}: no '2. Symbol' in 'Meta Data'; each line needs its symbol")
    name = meta.get("2.1. Name", "")
    return meta["2. Symbol"], name if isinstance(name, str) else ""


def _bars(where: str, symbol: str, record: dict[str, object]) -> dict[str, object]:
    found = [key for key in (DAILY_KEY, HOURLY_KEY) if key in record]
    if len(found) == 2:
        raise PriceFileError(f"{where}: {symbol} has daily and hourly bars; keep them in two files")
    series = record[found[0]] if found else None
    if not isinstance(series, dict):
        raise PriceFileError(f"{where}: {symbol} has no '{DAILY_KEY}' or '{HOURLY_KEY}'; add its bars")
    if not series:
        raise PriceFileError(f"{where}: {symbol} has no bars; add them or take the line out")
    return series
