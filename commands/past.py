"""What of an account's journal a mind needs before it decides anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import msgspec

from services.domain.decision import RawAnswer
from services.domain.events import FaultRecord
from services.domain.orders import SessionId
from services.domain.value import Value
from services.journal.journal import Journal
from services.models.spending import Spent, Takings, nothing_spent, spent_by


class Past(Value, frozen=True, kw_only=True):
    """The how-manieth session of the account one is, from 0, and what its models took before this process.

    `takings` is what they take in it: whoever is made with the same ones draws on the same budget.
    """

    ordinal_of: Callable[[SessionId], int]
    spent: Callable[[date], Spent] = nothing_spent
    takings: Takings = msgspec.field(default_factory=Takings)


def past_in(journal: Journal) -> Past:
    """Return the past as the journal has it; what was spent is read when it is first asked for."""
    found: list[Callable[[date], Spent]] = []

    def ordinal_of(session: SessionId) -> int:
        return journal.account.sessions[session].ordinal

    def spent(day: date) -> Spent:
        if not found:
            found.append(spent_by(_costs(journal)))
        return found[0](day)

    return Past(ordinal_of=ordinal_of, spent=spent)


def _costs(journal: Journal) -> Iterator[tuple[date, Decimal]]:
    """Yield what each answer cost, and each question that failed may have, with the session's trading day."""
    sessions = journal.account.sessions
    for event in journal.events:
        if event.step == "answer":
            day, answer = sessions[event.session].opened.day, journal.value(event)
            if isinstance(answer, RawAnswer):
                yield day, answer.usage.cost_cny
            elif isinstance(answer, FaultRecord):
                yield day, answer.cost_cny
