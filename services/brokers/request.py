"""What the simulated exchange judges an order by. Pure."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import NamedTuple

from services.brokers.market_view import Offer
from services.domain.book import Book
from services.domain.instruments import Instrument, Kind, Symbol, facts_of
from services.domain.orders import Rule
from services.domain.value import Value
from services.rules import Commission, Phase, Rules, default_kind, rules_of, settlement_days

AFTER_HOURS = frozenset({Phase.AFTER_HOURS_WAIT, Phase.AFTER_HOURS})


class Facts(Value, frozen=True, kw_only=True):
    """What the rulebook says of one symbol on one day."""

    rules: Rules
    kind: Kind
    instrument: Instrument
    settlement_days: int


class Objection(Value, frozen=True, kw_only=True):
    """The first rule an order breaks, and a sentence with the numbers."""

    rule: Rule
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


class Request(NamedTuple):
    """What an order is judged by: moment in market time, book, facts, offer and contract.

    `early_close` is the local time at which a shortened day ends.
    """

    at: datetime
    book: Book
    facts: Facts
    offer: Offer
    commission: Commission
    early_close: time | None = None


def rulebook_facts(symbol: Symbol, day: date, told: Instrument | None) -> Facts:
    """Return the rulebook's word on `symbol`; what its declared name says counts.

    Raises:
        OutsideRulebook: The code or the day is not in the book.
    """
    rules = rules_of(symbol, day)
    instrument = facts_of(symbol, "", told)
    kind = instrument.kind or default_kind(rules.board)
    return Facts(
        rules=rules,
        kind=kind,
        instrument=instrument,
        settlement_days=settlement_days(kind, day, rules.board),
    )
