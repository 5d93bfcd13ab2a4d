"""What must hold of a person's words on orders nobody could tell of: carried out once, found where wrong."""

from __future__ import annotations

from collections.abc import Iterator

from services.domain.book import Book
from services.domain.events import Asked, Check, Halt, Lift, Opening, Settlement
from services.domain.fills import Fill
from services.domain.orders import OrderId
from services.domain.statement import Statement
from tests.simulation.past import Past, Step
from tests.simulation.session_promises import differing


def a_word_is_carried_out_once(past: Past) -> Iterator[str]:
    """Each word is taken once, refused where it is on no unresolved order, else carried out once."""
    taken = [
        step.value
        for step in past.steps
        if isinstance(step.value, Settlement)
        or (isinstance(step.value, Asked) and step.value.command == "settle")
    ]
    if len(taken) != past.outside.person.said:
        yield f"{past.outside.person.said} words were said, {len(taken)} are on record"
    yield from _on_unresolved_orders(past)
    for order_id, word in past.settled.items():
        yield from _carried_out(past, order_id, word)


def _on_unresolved_orders(past: Past) -> Iterator[str]:
    """Yield the words taken on an order that was not unresolved then."""
    unresolved: set[str] = set()
    for step in past.steps:
        match step.value:
            case Halt(cause="unresolved") as halt:
                unresolved.add(halt.by)
            case Lift() as lift:
                unresolved.discard(lift.order_id)
            case Settlement() as word if word.order_id not in unresolved:
                yield f"a word on order {word.order_id}, which was not unresolved, was taken"


def _carried_out(past: Past, order_id: OrderId, word: Settlement) -> Iterator[str]:
    after = past.steps[past.settled_at[order_id] :]
    fills = [step.value for step in after if isinstance(step.value, Fill) and step.value.order_id == order_id]
    traded = [(fill.shares, fill.price_cny) for fill in fills]
    if traded != ([(word.shares, word.price_cny)] if word.shares else []):
        yield f"order {order_id}: {word.shares} at {word.price_cny} were said, then {traded} were booked"
    account = past.journal.account
    if account.book.order(order_id) is not None or order_id in account.unresolved:
        yield f"order {order_id} was settled, and is still open or unresolved"


def what_differs_is_found(past: Past) -> Iterator[str]:
    """Each comparison names all that differs; where the account is wrong at the end it is halted."""
    for step in past.steps:
        statement = past.value(step.event.session, "broker")
        if isinstance(step.value, Check):
            yield from _unnamed(past, step, step.value.statement, step.book, step.value.halts)
        elif isinstance(step.value, Opening) and isinstance(statement, Statement):
            yield from _unnamed(past, step, statement, step.value.book, step.value.halts)
    yield from _wrong_and_not_halted(past)


def _unnamed(
    past: Past, step: Step, statement: Statement, book: Book, halts: tuple[Halt, ...]
) -> Iterator[str]:
    found = differing(past, step, statement, book)
    settled = {one for one, at in past.settled_at.items() if at <= step.event.seq}
    found |= {str(one.symbol) for one in statement.open_orders if one.order_id in settled}
    if missing := found - {halt.symbol for halt in halts}:
        yield f"{step.event.session} {step.event.step} does not name what differs in {sorted(missing)}"


def _wrong_and_not_halted(past: Past) -> Iterator[str]:
    """Yield what the journal holds otherwise than the exchange at the end, and is not halted."""
    if past.truth.missing(past.journal.account.movements):
        return
    book, truth = past.journal.account.book, past.truth
    ours = book.holdings()
    wrong = {str(one) for one in ours.keys() | truth.shares.keys() if ours.get(one) != truth.shares.get(one)}
    if book.cash_cny != truth.cash + past.outside.exchange.by_hand_cny:
        wrong.add("")
    halted = {symbol for symbol, _, _ in past.journal.account.halts}
    for symbol in sorted(wrong - halted):
        yield f"what the exchange has of {symbol or 'the cash'} is not what the journal has, nor halted"
