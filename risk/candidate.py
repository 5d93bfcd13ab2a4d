"""What the gate's checks pass along: an intent with the facts found so far, or the rule it broke. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from services.domain.instruments import Instrument, Kind, Span, Symbol
from services.domain.orders import Intent, Rule, Side
from services.domain.quotes import Quote
from services.rules import Band, Phase, PhaseSpan, Rules

_LONG_AGO = date(1990, 12, 19)
_EX_DAY_MARKS = ("XD", "XR", "DR")
_ST_MARKS = ("ST", "*ST", "SST", "S*ST")


class Rejected(Exception):
    """The intent is refused: by which rule, and why. Never leaves the gate."""

    def __init__(self, rule: Rule, reason: str, shares: int | None = None) -> None:
        super().__init__(reason)
        self.rule, self.reason, self.shares = rule, reason, shares


@dataclass(slots=True, kw_only=True)
class Candidate:
    """An intent on its way through the gate: what is known of it, and the size and limit found.

    `afternoon_end` is there at lunch alone: when the phase ends in which the order may be sent.
    """

    intent: Intent
    quote: Quote
    instrument: Instrument
    rules: Rules
    kind: Kind
    phase: PhaseSpan
    band: Band
    afternoon_end: time | None = None
    shares: int = 0
    limit_cny: Decimal = Decimal(0)

    @property
    def buys(self) -> bool:
        """Whether the intent is a buy."""
        return self.intent.side is Side.BUY

    def during(self, phase: Phase) -> bool:
        """Answer whether the order is judged in `phase`."""
        return self.phase.phase is phase


def facts_of(symbol: Symbol, name: str, known: Instrument | None) -> Instrument:
    """Return the known facts, and what the names say: a risk warning, a delisting period.

    Names are the one given, of the quote or the file, and the declared one; either may warn. They
    speak only where the known facts are silent. An instrument of which nothing is known counts as
    long listed.
    """
    facts = known or Instrument(symbol=symbol, name=name)
    given, declared = _marks(name), _marks(facts.name)
    warned, leaving = given[0] or declared[0], given[1] or declared[1]
    if warned and not facts.st:
        facts = replace(facts, st=(Span(since=_LONG_AGO),))
    if leaving and facts.delisting is None:
        facts = replace(facts, delisting=Span(since=_LONG_AGO))
    return facts


@lru_cache(maxsize=8192)
def _marks(name: str) -> tuple[bool, bool]:
    """Return whether a name carries a risk warning, and whether it says that the share is leaving."""
    plain = name[2:] if name.startswith(_EX_DAY_MARKS) else name
    return plain.startswith(_ST_MARKS), plain.startswith("退市") or plain.endswith("退")
