"""A ledger's cash, shares and owed tax as plain sums, to hold its fold against. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from services.brokers.ledger import AccountOpened, Entry, Filled, Moved, TaxDue
from services.brokers.ledger_state import LedgerState
from services.domain.conservation import Tally
from services.domain.money import ZERO


class LedgerSums:
    """What a ledger's entries brought and took, each counted once; it shares no line with the fold."""

    def __init__(self, opened: AccountOpened) -> None:
        self._tally = Tally(opened.cash_cny)
        self._due_cny = self._taken_cny = ZERO

    def take(self, entry: Entry) -> None:
        """Count an entry."""
        if isinstance(entry, Filled):
            self._tally.take(entry.fill)
        elif isinstance(entry, TaxDue):
            self._due_cny += entry.cash_cny
        elif isinstance(entry, Moved):
            self._tally.take(entry.movement)
            if entry.pays_tax:
                self._taken_cny -= entry.movement.cash_cny

    def problems(self, state: LedgerState) -> Iterator[str]:
        """Yield in what `state` differs from the sums, and what is negative."""
        yield from self._tally.problems(state.book)
        owed = self._due_cny - self._taken_cny
        if owed < 0:
            yield f"{self._taken_cny} of tax was taken, {self._due_cny} was due"
        if state.owed_cny != owed:
            yield f"owes {state.owed_cny} of tax, what was due less what was taken makes {owed}"
