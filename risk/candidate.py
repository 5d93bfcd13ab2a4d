"""What the gate's checks pass along: an intent with the facts found so far, or the rule it broke. Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from risk.hours import Hours
from services.domain.instruments import Instrument, Kind, Symbol
from services.domain.orders import Change, Intent, Origin, Rule, Side
from services.domain.quotes import Quote
from services.rules import Band, Rules


class Rejected(Exception):
    """The intent is refused: by which rule, and why. Never leaves the gate."""

    def __init__(self, rule: Rule, reason: str, shares: int | None = None) -> None:
        super().__init__(reason)
        self.rule, self.reason, self.shares = rule, reason, shares


class Proposal(msgspec.Struct, kw_only=True):
    """An order as far as the account's own limits look at it; `changes` is what made it smaller.

    `buys` tells whether shares come in, `after_hours` whether the order is one of trading at the close.
    """

    symbol: Symbol
    side: Side
    buys: bool
    origin: Origin
    index: int
    rules: Rules
    kind: Kind
    after_hours: bool = False
    shares: int = 0
    limit_cny: Decimal = Decimal(0)
    changes: tuple[Change, ...] = ()

    def shrink(self, shares: int, rule: Rule, reason: str) -> None:
        """Make the order smaller, and keep the record of it."""
        change = Change(
            symbol=self.symbol,
            side=self.side,
            asked=self.shares,
            shares=shares,
            rule=rule,
            reason=reason,
            origin=self.origin,
            index=self.index,
        )
        self.shares, self.changes = shares, (*self.changes, change)


class Candidate(Proposal, kw_only=True):
    """An intent on its way through the gate: what is known of it, and the size and limit found.

    `later` tells that the quote is not of the moment at which the mind was asked.
    """

    intent: Intent
    quote: Quote
    instrument: Instrument
    hours: Hours
    band: Band
    later: bool
