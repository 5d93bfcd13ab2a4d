"""The account as a session finds it: moved on by what the broker booked, valued, held to its limits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from risk.breaches import breaches
from risk.dividends import dividends_after
from risk.exits import peaks_after
from scheduler.reconciliation import differences, not_ours
from scheduler.world import World
from services.domain.book import Book
from services.domain.events import Halt, Opening
from services.domain.fills import Movement, MovementKind
from services.domain.inbox import key_of
from services.domain.instruments import Symbol
from services.domain.money import ZERO, to_cent
from services.domain.quotes import Snapshot
from services.domain.slot import Slot
from services.domain.statement import Statement
from services.journal.journal import Journal, Log


def take_stock(log: Log, slot: Slot, world: World, statement: Statement, snapshot: Snapshot) -> Opening:
    """Return the account before the session; what halts it from here on is recorded on the way."""
    account = world.journal.account
    state = account.sessions[log.session]
    book, paid_in = state.opening, ZERO
    moved = _moved(log.session, world.journal, statement)
    for movement in moved:
        log.settle(f"movement:{movement.movement_id}", movement)
        book = book.after(movement)
        paid_in += _paid_in(movement)
    found = _apart(log, book, statement)
    held, standing = book.holdings(), state.standing
    equity, unpriced = _equity(book.cash_cny, held, snapshot)
    known = standing.peak_equity_cny + paid_in if standing.peak_equity_cny else ZERO
    peak = known if unpriced else max(known, equity)
    for halt in breaches(
        world.limits,
        equity_cny=None if unpriced else equity,
        peak_equity_cny=peak,
        losing_sales=standing.losing_sales,
    ):
        if key_of(halt) not in map(key_of, standing.halts):
            found.append(log.settle(f"halt:{halt.by}", halt))
    limits, terms = world.limits, world.limits.exits
    trailing = terms.trailing_stop_ratio is not None
    by_cost = limits.stop_loss_ratio is not None or terms.take_profit_ratio is not None
    return log.settle(
        "book",
        Opening(
            book=book,
            equity_cny=equity,
            day_equity_cny=_day_equity(slot, world.journal, book.cash_cny, held, snapshot, equity),
            unpriced=unpriced,
            halts=(*standing.halts, *found),
            peak_equity_cny=peak,
            peaks_cny=peaks_after(standing.peaks_cny, state.opening, moved, snapshot) if trailing else {},
            dividends=dividends_after(standing.dividends, state.opening, moved) if by_cost else {},
        ),
    )


def _moved(session: str, journal: Journal, statement: Statement) -> list[Movement]:
    """Return the movements of the statement that no session before this one has booked."""
    opened = journal.find(session, "opened") if statement.movements else None
    before, booked = 0 if opened is None else opened.seq, journal.account.movements
    return [one for one in statement.movements if booked.get(one.movement_id, before) >= before]


def _apart(log: Log, book: Book, statement: Statement) -> list[Halt]:
    """Return the halts of what book and statement differ on, one a symbol; each is recorded."""
    apart = (*not_ours(book, statement), *differences(book, statement))
    found = list({halt.symbol: halt for halt in apart}.values()) if apart else []
    for halt in found:
        log.settle(f"halt:{halt.symbol}", halt)
    return found


def _paid_in(movement: Movement) -> Decimal:
    """Return the cash a person brought or took away; a tax on a sale is a loss like any other."""
    taken = movement.kind is MovementKind.ADJUST and movement.order_id is None
    return movement.cash_cny if taken else ZERO


def _equity(
    cash_cny: Decimal, held: Mapping[Symbol, int], snapshot: Snapshot
) -> tuple[Decimal, tuple[str, ...]]:
    """Return the account's value at the snapshot's prices, and the holdings it could not price."""
    value = cash_cny
    unpriced: list[str] = []
    for symbol, shares in held.items():
        last = snapshot.last(symbol)
        if last is None:
            unpriced.append(str(symbol))
        else:
            value += last * shares
    return to_cent(value), tuple(unpriced)


def _day_equity(
    slot: Slot,
    journal: Journal,
    cash_cny: Decimal,
    held: Mapping[Symbol, int],
    snapshot: Snapshot,
    equity: Decimal,
) -> Decimal:
    """Return the account's value at the previous close, `equity` where one of the closes is not known.

    What the day's first session found counts, so that what sessions lose that cannot price all of it
    is not lost from sight.
    """
    account, first = journal.account, snapshot
    if account.day == slot.day:
        if account.day_equity_cny is not None:
            return account.day_equity_cny
        book = cast(Opening, _of_day(journal, "book")).book
        cash_cny, held = book.cash_cny, book.holdings()
        first = cast(Snapshot, _of_day(journal, "prices"))
    value = cash_cny
    for symbol, shares in held.items():
        close = snapshot.prev_close(symbol)
        if close is None:
            close = first.prev_close(symbol)
        if close is None:
            return equity
        value += close * shares
    return to_cent(value)


def _of_day(journal: Journal, step: str) -> object:
    """Return what a step of the day's first session holds."""
    event = journal.find(journal.account.day_session, step)
    if event is None:
        raise RuntimeError(f"session {journal.account.day_session} has no step {step}")
    return journal.value(event)
