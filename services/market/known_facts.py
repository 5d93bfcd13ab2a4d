"""The facts of instruments that were told today, whoever asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from services.domain.instruments import Distribution, Fact, Facts, Instrument, Market, Symbol
from services.slots import local


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolFacts:
    """What is known of one symbol: `unknown` facts and why, its ex-days, and whether those are disputed."""

    instrument: Instrument | None = None
    unknown: Mapping[Fact, str] = field(default_factory=dict)
    distributions: tuple[Distribution, ...] = ()
    disputed: bool = False


_NOTHING = SymbolFacts()


class KnownFacts:
    """The facts last told of each symbol, and the day they are of, on the symbol's own market."""

    def __init__(self) -> None:
        self._known: dict[Symbol, tuple[date, SymbolFacts]] = {}

    def take(self, facts: Facts, told_at: datetime) -> None:
        """Learn what was told; of other symbols nothing is forgotten."""
        instruments = {one.symbol: one for one in facts.instruments}
        for symbol in dict.fromkeys(_named(facts)):
            self._known[symbol] = (
                day_of(symbol, told_at),
                SymbolFacts(
                    instrument=instruments.get(symbol),
                    unknown=facts.unknown.get(symbol, {}),
                    distributions=tuple(one for one in facts.distributions if one.symbol == symbol),
                    disputed=symbol in facts.disputed,
                ),
            )

    def of(self, symbol: Symbol, now: datetime) -> SymbolFacts:
        """Return what was told of the symbol today; nothing is known where that is not so."""
        day, known = self._known.get(symbol, (date.min, _NOTHING))
        return known if day == day_of(symbol, now) else _NOTHING


def day_of(symbol: Symbol, moment: datetime) -> date:
    """Return the date on the symbol's market."""
    return local(moment, Market.US if symbol.endswith(".US") else Market.CN).date()


def _named(facts: Facts) -> Iterable[Symbol]:
    yield from (one.symbol for one in facts.instruments)
    yield from facts.unknown
    yield from (one.symbol for one in facts.distributions)
    yield from facts.disputed
