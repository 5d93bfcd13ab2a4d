"""Which symbols may be bought on which day: an index's members as they were then. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.domain.instruments import Span, Symbol
from services.domain.value import Value


class Watch(Value, frozen=True):
    """What is watched on a day: the symbols in their order, and as a set."""

    symbols: tuple[Symbol, ...]
    known: frozenset[Symbol]


class Universe:
    """The symbols ever watched, and the days on which each is."""

    def __init__(self, symbols: tuple[Symbol, ...], spans: Mapping[Symbol, tuple[Span, ...]]) -> None:
        self.symbols, self.spans = symbols, spans
        self._by_day: dict[date, Watch] = {}
        self._by_symbols: dict[tuple[Symbol, ...], Watch] = {}

    def on(self, day: date) -> Watch:
        """Return what is watched on a day; the very same object as long as nothing changes."""
        if day not in self._by_day:
            found = tuple(
                symbol
                for symbol in self.symbols
                if any(span.covers(day) for span in self.spans.get(symbol, ()))
            )
            same = self._by_symbols.setdefault(found, Watch(found, frozenset(found)))
            self._by_day[day] = same
        return self._by_day[day]
