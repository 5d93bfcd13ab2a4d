"""What the simulated exchange judges an order by. Pure."""

from __future__ import annotations

from datetime import date

from services.brokers.hours import Hours
from services.brokers.market_view import Offer
from services.domain.book import Book
from services.domain.instruments import Instrument, Kind, Symbol, facts_of
from services.domain.orders import OrderTerms, Rule
from services.domain.value import Value
from services.rules import Commission, Rules, rules_of, settlement_days, st_daily_buy_cap


class Facts(Value, frozen=True, kw_only=True):
    """What the rulebook says of one symbol on one day.

    `told` is what was declared of the symbol, and `instrument` that with what its name says beside it.
    `suspended`: it is known not to trade that day. `buy_cap` is the most shares of it that one account
    may buy that day, None for no cap.
    """

    rules: Rules
    kind: Kind
    told: Instrument | None
    instrument: Instrument
    settlement_days: int
    suspended: bool
    buy_cap: int | None


class Objection(Value, frozen=True, kw_only=True):
    """The first rule an order breaks, and a sentence with the numbers."""

    rule: Rule
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


class Request(Value, frozen=True, kw_only=True):
    """An order, and what it is judged by: hours, book, facts, offer and contract."""

    terms: OrderTerms
    hours: Hours
    book: Book
    facts: Facts
    offer: Offer
    commission: Commission


def rulebook_facts(symbol: Symbol, day: date, told: Instrument | None, before: Facts | None) -> Facts:
    """Return the rulebook's word on `symbol`; what its declared name says counts.

    `before` is the word on another day, of which what was declared alone is used, where it is the same.

    Raises:
        OutsideRulebook: The code or the day is not in the book.
    """
    rules = rules_of(symbol, day)
    instrument = (
        before.instrument if before is not None and before.told is told else facts_of(symbol, "", told)
    )
    kind = instrument.kind or rules.kind
    return Facts(
        rules=rules,
        kind=kind,
        told=told,
        instrument=instrument,
        settlement_days=settlement_days(kind, day, rules.board),
        suspended=bool(instrument.suspended) and instrument.is_suspended(day),
        buy_cap=st_daily_buy_cap(rules, instrument) if instrument.st else None,
    )
