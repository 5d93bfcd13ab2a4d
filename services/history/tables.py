"""What the history store knows beside bars: facts, ex-days, factors, an index's members, trading days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

import msgspec

from services.domain.bars import CorporateAction
from services.domain.instruments import Instrument, Market, Symbol
from services.history.index import HistoryError, Index

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An instrument's facts with its industry, whose word they are, and the last day they speak of."""

    instrument: Instrument
    industry: str
    source: str
    known_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """Who was a member of an index on a day, by a source that named them all."""

    index: str
    day: date
    members: tuple[Symbol, ...]
    source: str


class FactTables:
    """The typed tables beside the bars. What is put in again replaces what is there."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def describe(self, all_facts: Iterable[Described]) -> None:
        """Keep facts of instruments.

        Raises:
            HistoryError: The store cannot be written.
        """
        with self._index.writing() as index:
            index.executemany(
                "INSERT OR REPLACE INTO instruments VALUES (?, ?, ?, ?, ?)",
                [
                    (
                        one.instrument.symbol,
                        msgspec.json.encode(one.instrument).decode(),
                        one.industry,
                        one.source,
                        str(one.known_until),
                    )
                    for one in all_facts
                ],
            )

    def described(self) -> tuple[Described, ...]:
        """Return the facts of all instruments, by symbol."""
        rows = self._index.rows("SELECT body, industry, source, known_until FROM instruments ORDER BY symbol")
        return tuple(
            Described(
                instrument=_decoded(body, Instrument),
                industry=industry,
                source=source,
                known_until=date.fromisoformat(until),
            )
            for body, industry, source, until in rows
        )

    def instruments(self) -> tuple[Instrument, ...]:
        """Return the facts of all instruments, by symbol."""
        return tuple(one.instrument for one in self.described())

    def keep_actions(
        self, symbol: Symbol, since: date, until: date, actions: Iterable[CorporateAction], source: str
    ) -> None:
        """Keep all the ex-days of a symbol in [since, until]: those there before are replaced.

        Raises:
            HistoryError: The store cannot be written.
        """
        rows = [(one.symbol, str(one.ex_date), msgspec.json.encode(one).decode(), source) for one in actions]
        span = (symbol, str(since), str(until))
        with self._index.writing() as index:
            index.execute("DELETE FROM actions WHERE symbol = ? AND ex_date BETWEEN ? AND ?", span)
            index.executemany("INSERT INTO actions VALUES (?, ?, ?, ?)", rows)
            index.execute("INSERT OR IGNORE INTO actions_known VALUES (?, ?, ?, ?)", (*span, source))

    def actions(self) -> tuple[CorporateAction, ...]:
        """Return all ex-days, by symbol and day."""
        rows = self._index.rows("SELECT body FROM actions ORDER BY symbol, ex_date, body")
        return tuple(_decoded(body, CorporateAction) for (body,) in rows)

    def actions_known(self, symbol: Symbol, since: date, until: date) -> bool:
        """Answer whether all ex-days of a symbol in [since, until] are known, by one asking or several."""
        rows = self._index.rows(
            "SELECT since, until FROM actions_known WHERE symbol = ? ORDER BY since", (symbol,)
        )
        reached = since
        for begin, end in ((date.fromisoformat(one), date.fromisoformat(two)) for one, two in rows):
            if begin <= reached <= end:
                reached = date.fromordinal(end.toordinal() + 1)
        return reached > until

    def keep_factors(self, symbol: Symbol, factors: Mapping[date, Decimal], source: str) -> None:
        """Keep the factors by which a vendor adjusts a symbol's prices, each from its day on.

        Raises:
            HistoryError: The store cannot be written.
        """
        rows = [(symbol, str(day), str(factor), source) for day, factor in factors.items()]
        with self._index.writing() as index:
            index.executemany("INSERT OR REPLACE INTO factors VALUES (?, ?, ?, ?)", rows)

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


def _decoded(body: str, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as problem:
        raise HistoryError(f"the history's index holds what is no {kind.__name__}: {problem}") from problem
