"""The door of news files: what was published, as JSON lines or CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path

from services.domain.instruments import Market, NotASymbol, Symbol, parse_symbol
from services.domain.news import NewsAnswer, NewsItem, NewsKind, NewsQuery, between, in_order
from services.ports import NewsFault
from services.slots import ZONES
from services.text_encoding import first_line_not_utf8

FIELDS = ("published_at", "source", "title", "text", "url", "symbols", "kind")
"""The fields of an item; `published_at`, `source` and one of `title` and `text` are needed."""

_DATE = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?) ?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)


class NewsFileError(ValueError):
    """The file cannot be used: its name, the line and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A file of news: its name, the SHA-256 (hex) of its bytes, its items, and how many had no date."""

    name: str
    digest: str
    items: tuple[NewsItem, ...]
    undated: int = 0


class FileNews:
    """News of a file: as it was read once, or read again whenever it is asked."""

    def __init__(self, read: Callable[[], News], name: str) -> None:
        self._read, self._name = read, name

    @property
    def name(self) -> str:
        """The file's name."""
        return self._name

    async def published(self, query: NewsQuery) -> NewsAnswer:
        """Return what was published in the query's time, of any kind and about anything.

        Raises:
            NewsFault: The file cannot be used any more.
        """
        try:
            news = self._read()
        except NewsFileError as error:
            raise NewsFault(f"news since {query.since:%Y-%m-%d}", str(error)) from error
        return NewsAnswer(items=between(news.items, query.since, query.until), undated=news.undated)


def read_news(path: Path, market: Market) -> News:
    """Return the items of a `.csv` file, or of a file with one JSON object a line (both UTF-8).

    The fields are `FIELDS`; others are passed over. `published_at` is `2025-10-09 14:30`, market-local
    unless it carries an offset; without a time an item counts from the next calendar day on, since
    nobody knows when that day it was out. One without a date is left out and counted. `symbols` is
    a list, or a text with blanks or commas between them. `kind` is news (the usual) or announcement.
    A last line that is still being written, without a line break, is left out.

    Raises:
        NewsFileError: It cannot be read, or a line is not as described.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise NewsFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = first_line_not_utf8(path)
        raise NewsFileError(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from error
    rows = _csv_rows(path, text) if path.suffix.lower() == ".csv" else _json_rows(path, text)
    found, undated = list[NewsItem](), 0
    for where, row in rows:
        item = _item(row, where, market)
        undated += item is None
        found += [] if item is None else [item]
    digest = sha256(data).hexdigest()
    return News(name=path.name, digest=digest, items=in_order(found), undated=undated)


def _json_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}: line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number == len(lines):
                return
            raise NewsFileError(f"{where}: is not JSON: {error}; write one object a line") from error
        if not isinstance(row, dict):
            raise NewsFileError(f"{where}: is not a JSON object; write one object a line")
        yield where, row


def _csv_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        if not {"published_at", "source"} <= set(names) or not {"title", "text"} & set(names):
            raise NewsFileError(
                f"{path}: line 1: needs the columns published_at, source and title or text; "
                f"known are {', '.join(FIELDS)}"
            )
        reader.fieldnames = names
        for row in reader:
            yield f"{path}: line {reader.line_num}", row
    except csv.Error as error:
        raise NewsFileError(f"{path}: line {reader.line_num}: is not CSV: {error}") from error


def _item(row: Mapping[str, object], where: str, market: Market) -> NewsItem | None:
    """Return the item of a row, None where it has no date."""
    written = _text(row, "published_at", where)
    if not written:
        return None
    source, title, text = (_text(row, name, where) for name in ("source", "title", "text"))
    if not source or not (title or text):
        raise NewsFileError(f"{where}: needs a source, and a title or a text")
    kind = _text(row, "kind", where).lower() or str(NewsKind.NEWS)
    if kind not in {str(one) for one in NewsKind}:
        raise NewsFileError(f"{where}: kind {kind[:40]!r} is neither news nor announcement")
    return NewsItem(
        published_at=_moment(written, where, market),
        source=source,
        title=title,
        text=text,
        url=_text(row, "url", where),
        symbols=_symbols(row.get("symbols"), where),
        kind=NewsKind(kind),
    )


def _text(row: Mapping[str, object], name: str, where: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise NewsFileError(f"{where}: {name} must be a text")
    return value.strip()


def _moment(written: str, where: str, market: Market) -> datetime:
    form = _DATE.fullmatch(written)
    try:
        if form is not None:
            day, at, offset = form.groups()
            if at is None:
                following = date.fromisoformat(day) + timedelta(days=1)
                return datetime.combine(following, time(0), ZONES[market]).astimezone(UTC)
            moment = datetime.fromisoformat(f"{day}T{at}{offset or ''}")
            zoned = moment if moment.tzinfo else moment.replace(tzinfo=ZONES[market])
            return zoned.astimezone(UTC)
    except (ValueError, OverflowError):
        form = None
    raise NewsFileError(f"{where}: {written[:40]!r} is no date like 2025-10-09 or 2025-10-09 14:30")


def _symbols(value: object, where: str) -> tuple[Symbol, ...]:
    parts: Iterable[object] = ()
    if isinstance(value, str):
        parts = re.split(r"[\s,;]+", value.strip())
    elif isinstance(value, list):
        parts = value
    elif value is not None:
        raise NewsFileError(f"{where}: symbols must be a list of texts")
    try:
        return tuple(dict.fromkeys(parse_symbol(str(part)) for part in parts if part))
    except NotASymbol as error:
        raise NewsFileError(f"{where}: {error}") from error
