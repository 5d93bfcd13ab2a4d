"""The simulated exchange's own ledger against the journal: two records of one account, kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from services.brokers.ledger import Accepted, AccountOpened, Entry, Filled, Moved
from services.brokers.ledger_file import read_entries
from services.brokers.ledger_state import LedgerState
from services.brokers.ledger_sums import LedgerSums
from services.domain.book import BookBroken
from services.journal.account import Account
from services.journal.verify import Problem
from services.ports import BrokerFault


def ledger_problems(path: Path, account: Account) -> tuple[Problem, ...]:
    """Return each difference between the ledger at `path` and the account as the journal folds it.

    Nothing where there is no ledger, and nothing while an order is open or a session under way: what
    the exchange did last may still be on its way into the journal. Nothing is written.
    """
    if not path.is_file():
        return ()
    try:
        entries = read_entries(path)
    except BrokerFault as fault:
        return (Problem(record=path.name, problem=fault.why),)
    found = tuple(_imbalance(path.name, entries))
    if found or account.book.open_orders or account.unfinished or account.in_stage():
        return found
    return tuple(_differences(path.name, entries, account))


def _imbalance(name: str, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Yield the first entry after which the ledger's own account does not balance."""
    state, sums = LedgerState(), None
    for number, entry in enumerate(entries, 1):
        try:
            state.apply(entry)
        except (BookBroken, KeyError) as broken:
            yield Problem(record=f"{name} entry {number}", problem=f"cannot follow: {broken}")
            return
        if isinstance(entry, AccountOpened):
            sums = LedgerSums(entry)
        if sums is None:
            yield Problem(record=f"{name} entry {number}", problem="comes before the account was opened")
            return
        sums.take(entry)
        wrong = [*sums.problems(state)]
        if wrong:
            yield Problem(record=f"{name} entry {number}", problem=f"does not balance: {wrong[0]}")
            return


def _differences(name: str, entries: Sequence[Entry], account: Account) -> Iterator[Problem]:
    """Yield what one record holds and the other does not; where they hold the same, sums that differ."""
    state, known = LedgerState(), 0
    for number, entry in enumerate(entries, 1):
        state.apply(entry)
        missing = _missing(entry, account)
        known += not missing
        # What was given on a day after the last session is not in the journal yet.
        if missing and not (isinstance(entry, Moved) and _later(entry, account)):
            yield Problem(record=f"{name} entry {number}", problem=f"{missing} is not in the journal")
    fills = {fill.fill_id for fill in state.fills}
    movements = {movement.movement_id for movement in state.movements}
    absent = (*sorted(account.fills - fills), *sorted(account.movements.keys() - movements))
    for one in absent:
        yield Problem(record=f"journal {one}", problem=f"is not in {name}")
    if absent or known < len(entries):
        return
    if state.book.cash_cny != account.book.cash_cny:
        problem = f"holds {state.book.cash_cny} CNY, the journal {account.book.cash_cny}"
        yield Problem(record=name, problem=problem)
    if state.book.lots != account.book.lots:
        yield Problem(record=name, problem="holds other lots than the journal")


def _missing(entry: Entry, account: Account) -> str:
    """Return what of an entry the journal does not hold, empty where it holds all of it."""
    if isinstance(entry, Filled) and entry.fill.fill_id not in account.fills:
        return f"fill {entry.fill.fill_id}"
    if isinstance(entry, Accepted) and entry.terms.order_id not in account.order_session:
        return f"order {entry.terms.order_id}"
    if isinstance(entry, Moved) and entry.movement.movement_id not in account.movements:
        return f"movement {entry.movement.movement_id}"
    return ""


def _later(entry: Moved, account: Account) -> bool:
    return account.day is None or entry.movement.day > account.day
