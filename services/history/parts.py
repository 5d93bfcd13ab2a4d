"""Files of bars: each written once, named by its content, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from services.domain.instruments import Symbol
from services.history.series import COLUMNS, Kind, Series
from services.market.atomic_file import write_whole

ROWS_PER_GROUP = 65_536
"""Rows that are read together: a symbol is found without reading the rest of a large file."""

_MEND = "take it out with `data remove --damaged`, then download or import its bars again"


class PartDamaged(ValueError):
    """A file of bars is missing, or is not what it was; the message names it and the mend."""


class NoParquet(ValueError):
    """The library that reads and writes the files is not installed."""


def arrow() -> tuple[Any, Any]:
    """Return pyarrow and its Parquet part.

    Raises:
        NoParquet: It is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise NoParquet("history needs pyarrow; run: pip install kaipan[parquet]") from None
    return pyarrow, pyarrow.parquet


def part_path(folder: Path, digest: str) -> Path:
    """Return where the part with that SHA-256 lies."""
    return folder / f"{digest}.parquet"


def write_part(folder: Path, all_series: Sequence[Series]) -> str:
    """Write the bars of the series, all of one kind, each symbol once, as one file; return its SHA-256.

    It is on the disk, whole, when this returns.

    Raises:
        OSError: The folder cannot be written.
    """
    pyarrow, parquet = arrow()
    ordered = sorted(all_series, key=lambda one: one.symbol)
    names = pyarrow.array([one.symbol for one in ordered])
    index = np.repeat(np.arange(len(ordered), dtype=np.int32), [len(one) for one in ordered])
    columns: dict[str, Any] = {
        "symbol": pyarrow.DictionaryArray.from_arrays(pyarrow.array(index), names),
        "end": _joined(one.ends for one in ordered),
    }
    for name in COLUMNS:
        columns[name] = _joined(getattr(one, name) for one in ordered)
    buffer = BytesIO()
    parquet.write_table(
        pyarrow.table(columns),
        buffer,
        row_group_size=ROWS_PER_GROUP,
        compression="zstd",
        use_dictionary=["symbol"],
        column_encoding={name: "DELTA_BINARY_PACKED" for name in ("end", *COLUMNS)},
    )
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    write_whole(part_path(folder, digest), [content])
    return digest


def read_part(path: Path, kind: Kind, symbols: Iterable[Symbol] | None) -> Iterator[Series]:
    """Yield the bars of the symbols in a part, of all in it where `symbols` is None; by symbol, ascending.

    Every byte of it is checked against its name before one is believed.

    Raises:
        PartDamaged: It is not there, cannot be read, or was changed.
    """
    pyarrow, parquet = arrow()
    wanted = None if symbols is None else frozenset(symbols)
    try:
        with path.open("rb") as content:
            _require_unchanged(path, content)
            file = parquet.ParquetFile(content)
            groups = [
                number
                for number in range(file.metadata.num_row_groups)
                if wanted is None or _may_hold(file.metadata.row_group(number).column(0), wanted)
            ]
            table = file.read_row_groups(groups)
    except (OSError, pyarrow.ArrowException) as error:
        raise PartDamaged(f"{path}: cannot be read ({_first_line(error)}); {_MEND}") from error
    names = table.column("symbol").to_numpy()
    firsts = _firsts(names)
    ends = table.column("end").to_numpy()
    columns = {name: table.column(name).to_numpy() for name in COLUMNS}
    for first, last in zip(firsts, [*firsts[1:], len(names)][: len(firsts)], strict=True):
        if wanted is None or names[first] in wanted:
            yield Series(
                symbol=Symbol(names[first]),
                kind=kind,
                ends=ends[first:last],
                **{name: column[first:last] for name, column in columns.items()},
            )


def _may_hold(column: Any, wanted: frozenset[Symbol]) -> bool:
    """Answer whether a group of rows, by its first and last symbol, may hold one that is wanted."""
    found = column.statistics
    if found is None or not found.has_min_max:
        return True
    return any(found.min <= symbol <= found.max for symbol in wanted)


def part_problem(path: Path) -> str:
    """Return what is wrong with a part, empty where its content is what its name says."""
    try:
        with path.open("rb") as content:
            _require_unchanged(path, content)
    except OSError as error:
        return f"{path}: {error.strerror}; {_MEND}"
    except PartDamaged as damage:
        return str(damage)
    return ""


def _require_unchanged(path: Path, content: BufferedReader) -> None:
    """Do nothing where the content is what the file's name says; it is read from its beginning again.

    Raises:
        PartDamaged: It is not.
    """
    if hashlib.file_digest(content, "sha256").hexdigest() != path.stem:
        raise PartDamaged(f"{path}: its content was changed; {_MEND}")
    content.seek(0)


def _firsts(names: np.ndarray[Any, Any]) -> list[int]:
    """Return where each run of the same name begins."""
    if not len(names):
        return []
    found: list[int] = np.flatnonzero(np.concatenate(([True], names[1:] != names[:-1]))).tolist()
    return found


def _joined(arrays: Iterable[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    found = list(arrays)
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
