"""What the history store knows beside bars: facts, ex-days, factors, an index's members, trading days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

import msgspec

from services.domain.bars import CorporateAction
from services.domain.instruments import Instrument, Market, Symbol
from services.history.descriptions import Described, adjoined, together
from services.history.ex_days import unspoken
from services.history.index import HistoryError, Index, covered_days, note_covered, note_unknown
from services.history.spans import Cover, Covered, Days

EX_DAYS = "ex-days"
FACTORS = "factors"
EARLY = "facts told early"
"""The days of which a vendor told facts on these days themselves: more may be told of them later."""

_SYMBOLS_A_QUERY = 500
_OF_SYMBOLS = ("described", "actions", "factors")
_OF_FACTS = f"topic IN ('{EX_DAYS}', '{FACTORS}', '{EARLY}')"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """Who was a member of an index on a day, by a source that named them all."""

    index: str
    day: date
    members: tuple[Symbol, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A symbol's days in an index, where they are known: `until` None while it has not left."""

    index: str
    symbol: Symbol
    since: date
    until: date | None
    source: str


class FactTables:
    """The typed tables beside the bars. What is put in again replaces what is there, of the same days."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def writing(self) -> AbstractContextManager[object]:
        """Return a block in which all that is kept becomes one commit.

        Raises:
            HistoryError: The store cannot be written; nothing of the block is kept.
        """
        return self._index.writing()

    def describe(self, all_facts: Iterable[Described], today: date | None = None) -> None:
        """Keep facts of instruments, each of its days; what is there of other days stays.

        With `today`, the day on which they are told, those of it are noted as told early.

        Raises:
            HistoryError: The store cannot be written.
        """
        told = tuple(all_facts)
        with self._index.writing() as index:
            there = self._described_rows(frozenset(one.instrument.symbol for one in told))
            for fresh in told:
                symbol = fresh.instrument.symbol
                kept = [
                    one.on(days)
                    for one in there.get(symbol, ())
                    for days in Covered((one.days,)).less([fresh.days]).spans
                ]
                there[symbol] = adjoined([*kept, fresh.on(fresh.days)])
                index.execute("DELETE FROM described WHERE symbol = ?", (symbol,))
                index.executemany("INSERT INTO described VALUES (?, ?, ?, ?, ?, ?)", map(_row, there[symbol]))
                note_unknown(index, EARLY, symbol, fresh.days)
                if today is not None and fresh.days.last >= today:
                    early = Days(max(today, fresh.days.first), fresh.days.last)
                    note_covered(index, [Cover(EARLY, symbol, early)])

    def described(self, symbols: Iterable[Symbol] = ()) -> dict[Symbol, tuple[Described, ...]]:
        """Return what is told of each of the symbols, of all where none is named, the latest days last."""
        return {symbol: tuple(some) for symbol, some in self._described_rows(frozenset(symbols)).items()}

    def instruments(self, until: date | None = None) -> tuple[Instrument, ...]:
        """Return the facts of all instruments together, by symbol: names and the like as last told.

        With `until` they are those last told of days up to then, where any are.
        """
        return tuple(together(some, until) for some in self.described().values())

    def keep_actions(
        self, symbol: Symbol, days: Days, actions: Iterable[CorporateAction], source: str
    ) -> None:
        """Keep all the ex-days of a symbol on the days: those there before are replaced.

        A vendor of dividends tells no rights issues: those that others told stay, unless it tells its own.

        Raises:
            HistoryError: The store cannot be written.
        """
        told = tuple(actions)
        with self._index.writing() as index:
            kept = self._others_parts(symbol, days, told, source)
            index.execute(
                "DELETE FROM actions WHERE symbol = ? AND ex_date BETWEEN ? AND ?",
                (symbol, *map(str, days)),
            )
            rows = [_action_row(one, source) for one in told] + kept
            index.executemany("INSERT OR REPLACE INTO actions VALUES (?, ?, ?, ?)", rows)
            note_covered(index, [Cover(EX_DAYS, symbol, days)])

    def name_actions(
        self, symbol: Symbol, days: Days, actions: Iterable[CorporateAction], source: str
    ) -> None:
        """Keep the ex-days that a source names of a symbol; what it named before on the days is withdrawn.

        Of days that it does not name it says nothing; one that it names no more is known no longer.

        Raises:
            HistoryError: The store cannot be written.
        """
        told = tuple(actions)
        with self._index.writing() as index:
            values = (symbol, source, *map(str, days))
            where = "symbol = ? AND source = ? AND ex_date BETWEEN ? AND ?"
            for (day,) in index.execute(
                f"SELECT DISTINCT ex_date FROM actions WHERE {where}", values
            ).fetchall():
                gone = date.fromisoformat(day)
                note_unknown(index, EX_DAYS, symbol, Days(gone, gone))
            index.execute(f"DELETE FROM actions WHERE {where}", values)
            for day in sorted({one.ex_date for one in told}):
                same = [one for one in told if one.ex_date == day]
                self.keep_actions(symbol, Days(day, day), same, source)

    def _others_parts(
        self, symbol: Symbol, days: Days, told: Sequence[CorporateAction], source: str
    ) -> list[tuple[str, ...]]:
        """Return the rows of what other sources tell on the days and the new ones do not speak of."""
        rows = self._index.rows(
            "SELECT body, source FROM actions WHERE symbol = ? AND source != ? AND ex_date BETWEEN ? AND ?",
            (symbol, source, *map(str, days)),
        )
        found = []
        for body, other in rows:
            there = _decoded(body, CorporateAction)
            same = [one for one in told if one.ex_date == there.ex_date]
            left = unspoken(there, same)
            if left is not None:
                found.append(_action_row(left, other))
        return found

    def actions(self) -> tuple[CorporateAction, ...]:
        """Return all ex-days, by symbol and day."""
        rows = self._index.rows("SELECT body FROM actions ORDER BY symbol, ex_date, body")
        return tuple(_decoded(body, CorporateAction) for (body,) in rows)

    def covered(self, topic: str) -> Mapping[Symbol, Covered]:
        """Return the days of which all ex-days, or factors, are known, of each symbol of which any are."""
        return covered_days(self._index, topic)

    def keep_factors(self, symbol: Symbol, days: Days, factors: Mapping[date, Decimal], source: str) -> None:
        """Keep the factors by which a vendor adjusts a symbol's prices on the days, each from its day on.

        Raises:
            HistoryError: The store cannot be written.
        """
        rows = [(symbol, str(day), str(factor), source) for day, factor in factors.items()]
        with self._index.writing() as index:
            index.execute(
                "DELETE FROM factors WHERE symbol = ? AND day BETWEEN ? AND ?", (symbol, *map(str, days))
            )
            index.executemany("INSERT OR REPLACE INTO factors VALUES (?, ?, ?, ?)", rows)
            note_covered(index, [Cover(FACTORS, symbol, days)])

    def factors(self, symbol: Symbol) -> dict[date, Decimal]:
        """Return a symbol's factors, oldest first: a price times its day's factor is backward-adjusted."""
        rows = self._index.rows("SELECT day, factor FROM factors WHERE symbol = ? ORDER BY day", (symbol,))
        return {date.fromisoformat(day): Decimal(factor) for day, factor in rows}

    def keep_roll(self, roll: Roll) -> None:
        """Keep who was a member of an index on a day.

        Raises:
            HistoryError: The store cannot be written.
        """
        rows = [(roll.index, str(roll.day), symbol, roll.source) for symbol in roll.members]
        with self._index.writing() as index:
            index.execute(
                "DELETE FROM members WHERE index_symbol = ? AND day = ?", (roll.index, str(roll.day))
            )
            index.executemany("INSERT INTO members VALUES (?, ?, ?, ?)", rows)

    def rolls(self, index: str) -> tuple[Roll, ...]:
        """Return what is known of an index's members, oldest first."""
        found: dict[tuple[str, str], list[Symbol]] = {}
        for day, symbol, source in self._index.rows(
            "SELECT day, symbol, source FROM members WHERE index_symbol = ? ORDER BY day, symbol", (index,)
        ):
            found.setdefault((day, source), []).append(Symbol(symbol))
        return tuple(
            Roll(index=index, day=date.fromisoformat(day), members=tuple(symbols), source=source)
            for (day, source), symbols in found.items()
        )

    def keep_stays(self, stays: Iterable[Stay]) -> None:
        """Keep from when to when symbols belonged to an index.

        Raises:
            HistoryError: The store cannot be written.
        """
        rows = [(one.index, one.symbol, str(one.since), str(one.until or ""), one.source) for one in stays]
        with self._index.writing() as index:
            index.executemany("INSERT OR REPLACE INTO stays VALUES (?, ?, ?, ?, ?)", rows)

    def stays(self, index: str) -> tuple[Stay, ...]:
        """Return from when to when symbols belonged to an index, as far as it is known; by symbol."""
        rows = self._index.rows(
            "SELECT symbol, since, until, source FROM stays WHERE index_symbol = ? ORDER BY symbol, since",
            (index,),
        )
        return tuple(
            Stay(
                index=index,
                symbol=Symbol(symbol),
                since=date.fromisoformat(since),
                until=date.fromisoformat(until) if until else None,
                source=source,
            )
            for symbol, since, until, source in rows
        )

    def remove_facts(self, symbols: Iterable[Symbol] | None = None) -> int:
        """Take away facts, ex-days and factors, of all symbols where `symbols` is None; return of how many.

        Nothing of them is known any longer.

        Raises:
            HistoryError: The store cannot be written.
        """
        named = None if symbols is None else frozenset(symbols)
        queries = [f"SELECT symbol FROM {table}" for table in _OF_SYMBOLS]
        queries.append(f"SELECT symbol FROM covered WHERE {_OF_FACTS}")
        with self._index.writing() as index:
            there = {Symbol(row[0]) for query in queries for row in index.execute(query)}
            gone = sorted(there if named is None else there & named)
            for symbol in gone:
                for table in _OF_SYMBOLS:
                    index.execute(f"DELETE FROM {table} WHERE symbol = ?", (symbol,))
                index.execute(f"DELETE FROM covered WHERE symbol = ? AND {_OF_FACTS}", (symbol,))
        return len(gone)

    def remove_members(self, name: str) -> int:
        """Take away who belonged to an index, lists and spans; return how many of these there were.

        Raises:
            HistoryError: The store cannot be written.
        """
        gone = len(self.rolls(name)) + len(self.stays(name))
        with self._index.writing() as index:
            for table in ("members", "stays"):
                index.execute(f"DELETE FROM {table} WHERE index_symbol = ?", (name,))
        return gone

    def indexes(self) -> dict[str, tuple[date, date]]:
        """Return each index whose members are known, with the first and last day of which."""
        rows = self._index.rows(
            "SELECT index_symbol, min(day), max(day) FROM members GROUP BY index_symbol ORDER BY index_symbol"
        )
        return {name: (date.fromisoformat(one), date.fromisoformat(two)) for name, one, two in rows}

    def keep_days(self, market: Market, days: Mapping[date, bool], source: str) -> None:
        """Keep which days a vendor calls trading days.

        Raises:
            HistoryError: The store cannot be written.
        """
        rows = [(market, str(day), int(is_open), source) for day, is_open in days.items()]
        with self._index.writing() as index:
            index.executemany("INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?)", rows)

    def days(self, market: Market) -> dict[date, bool]:
        """Return what vendors say of a market's days, ascending."""
        rows = self._index.rows("SELECT day, open FROM days WHERE market = ? ORDER BY day", (market,))
        return {date.fromisoformat(day): bool(is_open) for day, is_open in rows}

    def _described_rows(self, symbols: frozenset[Symbol]) -> dict[Symbol, list[Described]]:
        """Return what is told of the symbols, of all where none is named, by symbol and day."""
        columns = "SELECT symbol, first, last, body, industry, source FROM described"
        if not 0 < len(symbols) <= _SYMBOLS_A_QUERY:
            rows = self._index.rows(f"{columns} ORDER BY symbol, first")
        else:
            named = f"symbol IN ({', '.join('?' * len(symbols))})"
            rows = self._index.rows(f"{columns} WHERE {named} ORDER BY symbol, first", sorted(symbols))
        found: dict[Symbol, list[Described]] = {}
        for symbol, first, last, body, industry, source in rows:
            if not symbols or symbol in symbols:
                found.setdefault(Symbol(symbol), []).append(
                    Described(
                        instrument=_decoded(body, Instrument),
                        industry=industry,
                        source=source,
                        days=Days(date.fromisoformat(first), date.fromisoformat(last)),
                    )
                )
        return found


def _action_row(one: CorporateAction, source: str) -> tuple[str, ...]:
    return (one.symbol, str(one.ex_date), msgspec.json.encode(one).decode(), source)


def _row(one: Described) -> tuple[str, ...]:
    body = msgspec.json.encode(one.instrument).decode()
    return (one.instrument.symbol, *map(str, one.days), body, one.industry, one.source)


def _decoded(body: str, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as problem:
        raise HistoryError(f"the history's index holds what is no {kind.__name__}: {problem}") from problem
