"""What one session came to, whoever decided it, and two such sides compared. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from monitor.json_value import Json
from monitor.reading import ValueOf, values
from services.domain.book import Book
from services.domain.decision import BadAnswer
from services.domain.events import Event, FaultRecord, Verdicts
from services.domain.money import ZERO, to_cent
from services.domain.orders import OrderId, OrderTerms, Refusal
from services.domain.quotes import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Orders let through, what was refused, and the account's worth at the prices of the session after.

    `notional_cny` is the orders' shares at their limits. `mark_cny` is None where no session came after,
    or it had no price for something held. `why` is what stood in the way of a decision, empty otherwise.
    """

    orders: int
    refusals: int
    notional_cny: Decimal
    mark_cny: Decimal | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A session as recorded and as another mind decided it; `failed` where it could not be lived again."""

    session: str
    recorded: Side
    other: Side | None
    failed: str = ""

    @property
    def mark_difference_cny(self) -> Decimal | None:
        """By how much the other mind's account is worth more; None where one is not known."""
        if self.other is None or self.other.mark_cny is None or self.recorded.mark_cny is None:
            return None
        return self.other.mark_cny - self.recorded.mark_cny

    @property
    def mark_difference(self) -> float | None:
        """The same as a fraction of the recorded worth."""
        difference, recorded = self.mark_difference_cny, self.recorded.mark_cny
        if difference is None or recorded is None or recorded <= 0:
            return None
        return float(difference / recorded)


def side_of(
    events: Iterable[Event], value_of: ValueOf, session: str, book: Book, after: Snapshot | None
) -> Side:
    """Return what a session came to; `book` is what it left, `after` the prices of the one that followed.

    Orders that wait or still work when the session closes have not traded in `book`.

    Raises:
        JournalFault: A body cannot be read.
    """
    orders: dict[OrderId, OrderTerms] = {}
    refused: dict[Refusal, None] = {}
    why = ""
    own = (event for event in events if event.session == session and not event.step.startswith("late"))
    for event, value in values(own, (Verdicts, BadAnswer, FaultRecord), value_of):
        match value:
            case Verdicts():
                orders.update((terms.order_id, terms) for terms in (*value.approved, *value.waiting))
                refused.update(dict.fromkeys(value.refused))
            case BadAnswer():
                why = f"bad answer ({value.kind}): {value.reason}"
            case FaultRecord() if event.step == "answer":
                why = f"{value.asked}: {value.why}"
    return Side(
        orders=len(orders),
        refusals=len(refused),
        notional_cny=sum((terms.limit_cny * terms.shares for terms in orders.values()), ZERO),
        mark_cny=None if after is None else worth_cny(book, after),
        why=why,
    )


def worth_cny(book: Book, prices: Snapshot) -> Decimal | None:
    """Return cash and holdings at the last prices, None where one of them is not known."""
    worth = book.cash_cny
    for symbol, shares in book.holdings().items():
        quote = prices.get(symbol)
        if quote is None:
            return None
        worth += to_cent(quote.last_cny * shares)
    return worth


def side_json(side: Side | None) -> dict[str, Json] | None:
    """Return a side as a JSON object; money is a number rounded to 0.01."""
    if side is None:
        return None
    return {
        "orders": side.orders,
        "refusals": side.refusals,
        "notional": float(to_cent(side.notional_cny)),
        "next_mark": None if side.mark_cny is None else float(to_cent(side.mark_cny)),
        "why": side.why,
    }


def compared_json(compared: Compared) -> dict[str, Json]:
    """Return two sides and what the other one has more."""
    ours, theirs = compared.recorded, compared.other
    worth = compared.mark_difference_cny
    difference: dict[str, Json] | None = None
    if theirs is not None:
        difference = {
            "orders": theirs.orders - ours.orders,
            "refusals": theirs.refusals - ours.refusals,
            "notional": float(to_cent(theirs.notional_cny - ours.notional_cny)),
            "next_mark": None if worth is None else float(to_cent(worth)),
        }
    return {
        "session": compared.session,
        "recorded": side_json(ours),
        "other": side_json(theirs),
        "difference": difference,
        "failed": compared.failed,
    }
