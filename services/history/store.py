"""The history store: which bars are there, where they came from, and the bars themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from services.domain.bars import Adjustment, VolumeUnit
from services.domain.instruments import Market, Symbol
from services.history.index import HistoryError, Index, covered_days, note_covered, note_unknown
from services.history.lengths import BarLength, day_of
from services.history.parts import PartDamaged, part_path, part_problem, read_part, write_part
from services.history.series import BarsDiffer, Kind, Series, conflicts, joined, together
from services.history.spans import Cover, Covered, Days
from services.slots import ZONES

FOREVER = (-(2**62), 2**62)
"""A first and a last second that leave nothing out."""

_ASIDE = "set-aside"
_HOUR_S = 3600
_SYMBOLS_A_QUERY = 500


class Conflict(HistoryError):
    """Bars that are there already say something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Bars of one symbol in one part: their first and last end in seconds since the epoch, how many.

    `part` is the part's number in the index: the same bytes may be parts of several kinds.
    """

    digest: str
    market: Market
    symbol: Symbol
    kind: Kind
    source: str
    fetched_at: datetime
    first: int
    last: int
    bars: int
    part: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Bars that did not pass their checks: kept apart, of use to nobody but who wants to look.

    They were told of the `days` asked for; `topic` is their length and adjustment.
    """

    topic: str
    symbol: Symbol
    days: Days
    why: str
    path: Path


class Fresh(NamedTuple):
    """Bars to be stored of a symbol, and how many of them are new."""

    series: Series
    bars: int


class HistoryStore:
    """Bars below a folder: files that are never changed, and an index that says which of them count.

    A part counts from the moment the index names it; one that a killed process left behind is no part.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._index = folder, Index(folder)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder

    @property
    def index(self) -> Index:
        """Its index; what several tables say under one `reading()` of it was said at one moment."""
        return self._index

    def add(
        self,
        all_series: Sequence[Series],
        *,
        source: str,
        fetched_at: datetime,
        covered: Sequence[Cover] = (),
    ) -> int:
        """Store bars and return how many of them are new; those that are there already must be the same.

        What is there is looked at when nobody else writes. In the same commit the days of `covered` are
        noted as known.

        Raises:
            Conflict: A bar is there and says something else; nothing is stored.
            HistoryError: The store cannot be read or written.
        """
        with self._index.writing() as index:
            # All is compared before a row is written: what is not new is told of what was there.
            fresh = [
                self._new(kind, [one for one in all_series if (one.market, one.kind) == (market, kind)])
                for market, kind in dict.fromkeys((one.market, one.kind) for one in all_series if len(one))
            ]
            for found in fresh:
                if found:
                    self._add(index, found, source, fetched_at)
            note_covered(index, covered)
        self._sweep_aside()
        return sum(one.bars for found in fresh for one in found)

    def covered(self, topic: str) -> Mapping[Symbol, Covered]:
        """Return the days that are known of a topic, of each symbol of which any are.

        Raises:
            HistoryError: The index cannot be read.
        """
        return covered_days(self._index, topic)

    def note_covered(self, covers: Sequence[Cover]) -> None:
        """Note days as known.

        Raises:
            HistoryError: The store cannot be written.
        """
        with self._index.writing() as index:
            note_covered(index, covers)
        self._sweep_aside()

    def note_unknown(self, covers: Sequence[Cover]) -> None:
        """Note days as known no longer; their bars stay.

        Raises:
            HistoryError: The store cannot be written.
        """
        with self._index.writing() as index:
            for one in covers:
                note_unknown(index, *one)

    def set_aside(self, series: Series, *, days: Days, why: str, at: datetime) -> SetAside:
        """Keep bars that did not pass where nothing reads them; `days` are those they were asked for.

        Raises:
            HistoryError: The store cannot be written.
        """
        with self._index.writing() as index:
            digest = write_part(self._folder / _ASIDE, [series]) if len(series) else ""
            row = (series.kind.topic, series.symbol, *map(str, days), why, digest, at.isoformat())
            index.execute("INSERT OR REPLACE INTO set_aside VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self._sweep_aside()
        return self._aside(*row[:-1])

    def all_set_aside(self) -> tuple[SetAside, ...]:
        """Return what was set aside, by symbol."""
        rows = self._index.rows(
            "SELECT topic, symbol, first, last, why, digest FROM set_aside ORDER BY symbol, topic, first"
        )
        return tuple(self._aside(*row) for row in rows)

    def held(
        self, length: BarLength | None = None, symbols: Iterable[Symbol] | None = None
    ) -> tuple[Held, ...]:
        """Return what there is of the length and the symbols, by symbol and time."""
        if symbols is None:
            return self._held(length, ())
        asked = sorted(set(symbols))
        parts = range(0, len(asked), _SYMBOLS_A_QUERY)
        return tuple(
            one for first in parts for one in self._held(length, asked[first : first + _SYMBOLS_A_QUERY])
        )

    def bar_days(
        self, length: BarLength, topic: str, windows: Mapping[Symbol, Sequence[Days]]
    ) -> dict[Symbol, set[date]]:
        """Return days on which the symbols have bars of a topic: in their windows all of them.

        Raises:
            HistoryError: A part is damaged.
        """
        parts: dict[tuple[Path, Kind], list[Symbol]] = {}
        for one in self.held(length, windows):
            first, last = day_of(one.market, one.first), day_of(one.market, one.last)
            touched = any(first <= window.last and window.first <= last for window in windows[one.symbol])
            if one.kind.topic == topic and touched:
                path = self._path(one.market, one.kind, one.digest)
                parts.setdefault((path, one.kind), []).append(one.symbol)
        found: dict[Symbol, set[date]] = {}
        for (path, kind), symbols in parts.items():
            for series in _part(path, kind, symbols):
                hours = np.unique(series.ends // _HOUR_S).tolist()
                found.setdefault(series.symbol, set()).update(
                    day_of(series.market, hour * _HOUR_S) for hour in hours
                )
        return found

    def read(
        self, kind: Kind, symbols: Iterable[Symbol], first: int = FOREVER[0], last: int = FOREVER[1]
    ) -> Iterator[Series]:
        """Yield the bars of the symbols that end in [first, last], oldest first; none of a symbol without.

        Raises:
            HistoryError: A part is damaged, or two of them differ.
        """
        for pieces in self._pieces(kind, symbols, first, last):
            try:
                whole = together(pieces)
            except BarsDiffer as problem:
                raise HistoryError(f"{self._folder}: {problem}; see `data check`") from problem
            if len(whole):
                yield whole

    def read_sound(
        self, kind: Kind, symbols: Iterable[Symbol]
    ) -> tuple[tuple[Series, ...], tuple[BarsDiffer, ...]]:
        """Return the bars of the symbols that do not contradict themselves, and of the others where they do.

        Raises:
            HistoryError: A part is damaged.
        """
        sound, differ = [], []
        for pieces in self._pieces(kind, symbols, *FOREVER):
            try:
                sound.append(together(pieces))
            except BarsDiffer as problem:
                differ.append(problem)
        return tuple(sound), tuple(differ)

    def remove(self, length: BarLength, symbols: Iterable[Symbol] | None = None) -> int:
        """Take bars of a length away, of all symbols where `symbols` is None; return how many there were.

        Their days are known no longer, and what was set aside of the length goes with them. Files that lose
        all their bars are deleted; one that still has others keeps its bytes.

        Raises:
            HistoryError: The store cannot be written.
        """
        named = None if symbols is None else tuple(symbols)
        with self._index.writing() as index:
            gone = self.held(length, named)
            _take_out(index, gone)
            index.executemany(
                "DELETE FROM covered WHERE topic LIKE ? AND symbol LIKE ?",
                [(f"{length} %", one) for one in (("%",) if named is None else named)],
            )
            index.executemany(
                "DELETE FROM set_aside WHERE topic LIKE ? AND symbol LIKE ?",
                [(f"{length} %", one) for one in (("%",) if named is None else named)],
            )
        self._sweep_aside()
        self._unlink(self._path(one.market, one.kind, one.digest) for one in gone)
        return sum(one.bars for one in gone)

    def remove_damaged(self) -> int:
        """Take away the bars of files that are gone or were changed; return how many there were.

        Their days are known no longer.

        Raises:
            HistoryError: The store cannot be written.
        """
        if not self._folder.is_dir():
            return 0
        with self._index.writing() as index:
            damaged = {path for path in self._named() if part_problem(path)}
            gone = [one for one in self.held() if self._path(one.market, one.kind, one.digest) in damaged]
            _take_out(index, gone)
            for one in gone:
                first = day_of(one.market, one.first)
                if one.kind.length is BarLength.WEEK:
                    # The bar's end is the week's last day of trading; it was known from its Monday on.
                    first -= timedelta(days=first.weekday())
                days = Days(first, day_of(one.market, one.last))
                note_unknown(index, one.kind.topic, one.symbol, days)
        self._unlink(damaged)
        return sum(one.bars for one in gone)

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the files themselves."""
        found = (part_problem(path) for path in self._named())
        return tuple(problem for problem in found if problem)

    def orphans(self) -> tuple[Path, ...]:
        """Return the files of bars that no index names: a killed process left them, or the index is lost.

        Raises:
            HistoryError: The index cannot be read.
        """
        named = set(self._named())
        found = (path for path in self._folder.glob("*/*/*parquet*") if path not in named)
        return tuple(sorted(found))

    def sweep(self) -> int:
        """Remove the files of bars that no index names; return how many there were.

        Raises:
            HistoryError: The store cannot be written.
        """
        return self._unlink(self.orphans())

    def _sweep_aside(self) -> None:
        """Remove the files of what was set aside and is of use to nobody any more."""
        asked = set((self._folder / _ASIDE).glob("*parquet*"))
        if not asked:
            return
        with self._index.writing():
            for path in asked - {one.path for one in self.all_set_aside()}:
                path.unlink(missing_ok=True)

    def _unlink(self, paths: Iterable[Path]) -> int:
        """Remove those of the files that no index names; return how many there were."""
        asked = set(paths)
        if not asked:
            return 0
        # Nobody writes a part meanwhile: it would not be named yet.
        with self._index.writing():
            left = asked - set(self._named())
            for path in left:
                path.unlink(missing_ok=True)
        return len(left)

    def _pieces(
        self, kind: Kind, symbols: Iterable[Symbol], first: int, last: int
    ) -> Iterator[tuple[Series, ...]]:
        """Yield the bars of each symbol as they stand in the parts, by symbol.

        Raises:
            HistoryError: A part is damaged.
        """
        by_symbol: dict[Symbol, list[Series]] = {}
        parts: dict[Path, list[Symbol]] = {}
        for one in self.held(kind.length, symbols):
            if one.kind == kind and one.first <= last and one.last >= first:
                parts.setdefault(self._path(one.market, kind, one.digest), []).append(one.symbol)
        for path, there in parts.items():
            for series in _part(path, kind, there):
                by_symbol.setdefault(series.symbol, []).append(series.between(first, last))
        yield from (tuple(by_symbol[symbol]) for symbol in sorted(by_symbol))

    def _held(self, length: BarLength | None, symbols: Sequence[Symbol]) -> tuple[Held, ...]:
        wanted = ["TRUE"]
        values: list[object] = []
        if length is not None:
            wanted.append("length = ?")
            values.append(str(length))
        if symbols:
            wanted.append(f"symbol IN ({', '.join('?' * len(symbols))})")
            values += symbols
        rows = self._index.rows(
            "SELECT digest, market, symbol, length, adjustment, volume_unit, source, fetched_at, first, "
            f"last, bars, part FROM spans JOIN parts ON parts.id = spans.part WHERE {' AND '.join(wanted)} "
            "ORDER BY symbol, length, first, parts.id",
            values,
        )
        return tuple(
            Held(
                digest=row[0],
                market=Market(row[1]),
                symbol=Symbol(row[2]),
                kind=Kind(
                    length=BarLength(row[3]),
                    adjustment=Adjustment(row[4]),
                    volume_unit=VolumeUnit(row[5]),
                ),
                source=row[6],
                fetched_at=datetime.fromisoformat(row[7]),
                first=row[8],
                last=row[9],
                bars=row[10],
                part=row[11],
            )
            for row in rows
        )

    def apart(self, kinds: Iterable[Kind], symbols: Iterable[Symbol]) -> dict[Symbol, tuple[str, ...]]:
        """Return the symbols whose bars are not raw and came in parts that no bar joins, with their sources.

        That those of such parts are adjusted alike nobody knows.

        Raises:
            HistoryError: A part is damaged.
        """
        adjusted = [one for one in kinds if one.adjustment is not Adjustment.RAW]
        named, sources = tuple(symbols), dict[tuple[str, Symbol], list[str]]()
        for length in dict.fromkeys(one.length for one in adjusted):
            for one in self.held(length, named):
                if one.kind in adjusted:
                    sources.setdefault((one.kind.topic, one.symbol), []).append(one.source)
        several = {key for key, some in sources.items() if len(some) > 1}
        pieces: dict[tuple[str, Symbol], list[Series]] = {key: [] for key in several}
        for kind in adjusted:
            of_kind = sorted(symbol for topic, symbol in several if topic == kind.topic)
            for some in self._pieces(kind, of_kind, *FOREVER):
                pieces[kind.topic, some[0].symbol] += some
        return {
            key[1]: tuple(dict.fromkeys(sources[key])) for key in sorted(several) if not joined(pieces[key])
        }

    def _new(self, kind: Kind, all_series: Sequence[Series]) -> list[Fresh]:
        """Return the bars of the series that are not there yet, of those that have any.

        Raises:
            Conflict: One of the others differs.
        """
        some = [one for one in all_series if len(one)]
        first = min(int(one.ends[0]) for one in some)
        last = max(int(one.ends[-1]) for one in some)
        symbols = [one.symbol for one in some]
        known = {one.symbol: one for one in self.read(kind, symbols, first, last)}
        fresh = [Fresh(left, len(left)) for left in (_less(one, known.get(one.symbol)) for one in some)]
        if kind.adjustment is not Adjustment.RAW:
            pieces = {one[0].symbol: one for one in self._pieces(kind, symbols, first, last)}
            fresh = [
                _joining(one, series, pieces.get(series.symbol, ()))
                for one, series in zip(fresh, some, strict=True)
            ]
        return [one for one in fresh if len(one.series)]

    def _add(
        self, index: sqlite3.Connection, fresh: Sequence[Fresh], source: str, fetched_at: datetime
    ) -> None:
        market, kind = fresh[0].series.market, fresh[0].series.kind
        digest = write_part(self._path(market, kind, "").parent, [one.series for one in fresh])
        row = (digest, market, kind.length, kind.adjustment, kind.volume_unit, source, fetched_at.isoformat())
        columns = "digest, market, length, adjustment, volume_unit, source, fetched_at"
        insert = f"INSERT INTO parts ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)"
        part = index.execute(insert, [*map(str, row)]).lastrowid
        spans = [(part, one.symbol, int(one.ends[0]), int(one.ends[-1]), bars) for one, bars in fresh]
        index.executemany("INSERT INTO spans VALUES (?, ?, ?, ?, ?)", spans)

    def _named(self) -> list[Path]:
        rows = self._index.rows("SELECT DISTINCT market, length, digest FROM parts ORDER BY id")
        return [part_path(self._folder / market / length, digest) for market, length, digest in rows]

    def _path(self, market: Market, kind: Kind, digest: str) -> Path:
        return part_path(self._folder / market / kind.length, digest)

    def _aside(self, topic: str, symbol: str, first: str, last: str, why: str, digest: str) -> SetAside:
        return SetAside(
            topic=topic,
            symbol=Symbol(symbol),
            days=Days(date.fromisoformat(first), date.fromisoformat(last)),
            why=why,
            path=part_path(self._folder / _ASIDE, digest),
        )


def in_unit(series: Series, unit: VolumeUnit) -> Series:
    """Return the series with its volume in shares, where it counts lots of 100 and shares are wanted.

    Raises:
        HistoryError: Its unit is another, and not known to be lots.
    """
    if series.kind.volume_unit is unit:
        return series
    if (series.kind.volume_unit, unit) != (VolumeUnit.LOT, VolumeUnit.SHARE):
        raise HistoryError(
            f"{series.symbol} {series.kind}: cannot be told in {unit}; declare the unit when importing it"
        )
    volume = np.where(series.volume < 0, series.volume, series.volume * 100)
    return replace(series, kind=replace(series.kind, volume_unit=unit), volume=volume)


def _take_out(index: sqlite3.Connection, gone: Sequence[Held]) -> None:
    """Take bars out of the index."""
    rows = [(one.part, one.symbol) for one in gone]
    index.executemany("DELETE FROM spans WHERE part = ? AND symbol = ?", rows)
    index.execute("DELETE FROM parts WHERE id NOT IN (SELECT part FROM spans)")


def _part(path: Path, kind: Kind, symbols: Sequence[Symbol]) -> Iterator[Series]:
    try:
        yield from read_part(path, kind, symbols)
    except PartDamaged as damage:
        raise HistoryError(str(damage)) from damage


def _joining(fresh: Fresh, told: Series, pieces: Sequence[Series]) -> Fresh:
    """Return the new bars, and of each piece that is there a bar that it has in common with what is told.

    By these bars it is known that all are adjusted alike. Where nothing is new and the pieces hang together,
    none is needed.
    """
    common = [one.rows(np.flatnonzero(np.isin(one.ends, told.ends))[-1:]) for one in pieces]
    anchors = [one for one in common if len(one)]
    if not anchors or (not fresh.bars and joined(pieces)):
        return fresh
    return fresh._replace(series=together((fresh.series, *anchors)))


def _less(series: Series, there: Series | None) -> Series:
    """Return the bars of `series` that are not `there`.

    Raises:
        Conflict: One that is there says something else.
    """
    if there is None:
        return series
    for end in conflicts(series, there)[:1]:
        at = datetime.fromtimestamp(end, ZONES[series.market])
        raise Conflict(
            f"{series.symbol} {series.kind}, {at:%Y-%m-%d %H:%M}: another bar is there already; "
            "if the new one is right, take the old ones away with `data remove`"
        )
    return series.rows(np.flatnonzero(~np.isin(series.ends, there.ends)))
