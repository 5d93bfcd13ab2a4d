"""Price files a person brings: read and checked once, then opened from the column store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from services.domain.bars import Adjustment, Frequency, Panel, VolumeUnit
from services.market.atomic_file import write_whole
from services.market.columns import FORMAT_VERSION, PanelDamaged, open_panel, save_panel, with_digest
from services.market.declared_facts import read_declared_facts
from services.market.merged_jsonl import read_merged_jsonl
from services.market.panel_builder import DeclaredFacts, build_panel
from services.market.parquet_file import read_parquet_file
from services.market.raw_bars import PriceFileError, RawBar
from services.market.tushare_csv import read_tushare_csv
from services.text_encoding import first_line_not_utf8

__all__ = ["PriceFileError", "load_prices", "raw_bars", "require_file"]

READER_VERSION = 2
"""Changes when a reader or check makes something else of the same bytes: panels are then made anew."""


def load_prices(
    path: Path,
    *,
    cache_dir: Path | None,
    adjustment: Adjustment | None = None,
    volume_unit: VolumeUnit | None = None,
    frequency: Frequency | None = None,
) -> Panel:
    """Return the bars of a price file: AI-Trader's merged JSONL, tushare's columns as CSV or Parquet.

    With `cache_dir` the panel is stored there as `<digest>.panel`, and the same bytes with the same
    declared facts are not parsed a second time. Adjustment and volume unit are what the options or
    `<path>.meta.json` declare, else UNKNOWN. `frequency` is what the bars must have; None takes
    what they have.

    Raises:
        PriceFileError: The file cannot be used; one line naming the place and the mend.
        OSError: `cache_dir` cannot be written.
    """
    require_file(path)
    facts = read_declared_facts(path, adjustment, volume_unit)
    if cache_dir is None:
        return with_digest(_parsed(path, facts, frequency))
    index = cache_dir / "sources" / _cache_key(path, facts)
    panel = _stored(cache_dir, index)
    if panel is None or (frequency is not None and panel.frequency is not frequency):
        fresh = _parsed(path, facts, frequency)
        digest = save_panel(fresh, cache_dir)
        write_whole(index, [digest.encode()])
        panel = open_panel(cache_dir, digest)
    return panel


def require_file(path: Path) -> None:
    """Do nothing where there is a file that can be read and holds something.

    Raises:
        PriceFileError: There is none.
    """
    if not path.exists():
        raise PriceFileError(f"{path}: there is no such file; give the path of a price file")
    if not path.is_file():
        raise PriceFileError(f"{path}: is not a file; give the price file itself")
    try:
        with path.open("rb") as file:
            first = file.read(1)
    except OSError as problem:
        raise PriceFileError(f"{path}: cannot be read ({problem.strerror}); mend its permissions") from None
    if not first:
        raise PriceFileError(f"{path}: is empty; fetch the file again")


def _parsed(path: Path, facts: DeclaredFacts, frequency: Frequency | None) -> Panel:
    try:
        return build_panel(path, raw_bars(path), facts, frequency)
    except UnicodeDecodeError:
        line = first_line_not_utf8(path)
        raise PriceFileError(f"{path}:{line}: is not UTF-8 text; save it as UTF-8") from None


def raw_bars(path: Path) -> Iterator[RawBar]:
    """Return the bars as the file states them, the reader chosen by the first bytes: a name may be anything.

    Raises:
        PriceFileError: The file is of no known kind, or not as its kind is.
    """
    with path.open("rb") as file:
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"PAR1") or path.suffix == ".parquet":
        return read_parquet_file(path)
    if head.startswith(b"{") or path.suffix == ".jsonl":
        return read_merged_jsonl(path)
    if b"ts_code" in head.partition(b"\n")[0] or path.suffix == ".csv":
        return read_tushare_csv(path)
    raise PriceFileError(
        f"{path}: neither merged JSONL (one object a symbol), nor CSV or Parquet with tushare's columns; "
        "give one of these"
    )


def _cache_key(path: Path, facts: DeclaredFacts) -> str:
    """Return the SHA-256 over everything the panel depends on: bytes, name, declared facts, our versions."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").digest()
    key = hashlib.sha256(content)
    key.update(f"{FORMAT_VERSION}.{READER_VERSION}\n{path.name}\n".encode())
    key.update(msgspec.json.encode(facts))
    return key.hexdigest()


def _stored(cache_dir: Path, index: Path) -> Panel | None:
    """Return the panel an earlier load left, None where there is none that is whole."""
    try:
        return open_panel(cache_dir, index.read_text().strip())
    except (OSError, PanelDamaged, UnicodeDecodeError):
        return None
