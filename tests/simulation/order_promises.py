"""What must hold of every order a history sent: promises 1 to 6 and 9, and that a stop holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Set

from services.domain.book import OrderEnded
from services.domain.events import Asked, Check, Closed, Lift, Opened, Outcome
from services.domain.fills import Fill
from services.domain.inbox import LifeWord
from services.domain.orders import OrderId, OrderState, OrderTerms, Side
from services.domain.statement import Ack, AckKind, Sight, Sighting, Statement
from tests.simulation.past import Past
from tests.simulation.process import Sent


def one_acceptance(past: Past) -> Iterator[str]:
    """1: at most one accepted order for each thing that was decided, under one id."""
    for order_id, count in Counter(past.truth.accepted).items():
        if count > 1:
            yield f"order {order_id} was accepted {count} times"
    ids: dict[tuple[str, str, int, str], str] = {}
    for sent in past.outside.sent:
        terms = sent.terms
        if sent.there:
            yield f"order {terms.order_id} was sent although it was at the exchange or on its way"
        decided = (terms.session, terms.origin, terms.index, terms.side)
        if ids.setdefault(decided, terms.order_id) != terms.order_id:
            yield f"{decided} was sent as {ids[decided]} and as {terms.order_id}"


def durable_intent(past: Past) -> Iterator[str]:
    """2: the intent is on the disk before a byte leaves, and the journal knows all that arrived."""
    for sent in past.outside.sent:
        if not sent.durable:
            yield f"order {sent.terms.order_id} left before its intent was written"
    known = {step.value.order_id for step in past.of("order_terms") if isinstance(step.value, OrderTerms)}
    for order_id in past.truth.states:
        if order_id not in known:
            yield f"order {order_id} is at the exchange, and not in the journal"


def each_fill_once(past: Past) -> Iterator[str]:
    """3: each fill and movement once in journal, book and `position.jsonl`; the sums are the exchange's.

    Of an order that a person settled there is what the journal had before and the word, whatever the
    exchange has: the sums differ by that alone.
    """
    ours = [step.value for step in past.of("fill") if isinstance(step.value, Fill)]
    said = {f"{order_id}-settled" for order_id, word in past.settled.items() if word.shares}
    there = {fill.fill_id for fill in ours}
    theirs = {
        fill.fill_id: fill
        for fill in past.truth.fills
        if fill.order_id not in past.settled or fill.fill_id in there
    }
    told = [line["fill_id"] for line in past.lines if line["fill_id"]]
    yield from _once("journal", [fill.fill_id for fill in ours], theirs.keys() | said)
    yield from _once("position.jsonl", told, theirs.keys() | said)
    for fill in ours:
        if theirs.get(fill.fill_id, fill) != fill:
            yield f"fill {fill.fill_id} is {fill} in the journal, {theirs[fill.fill_id]} at the exchange"
    missing = past.truth.missing(past.journal.account.movements)
    for movement in missing:
        # The last day's are asked for before the next slot, which does not come.
        if movement.day < past.scenario.quiet:
            yield f"movement {movement.movement_id} of {movement.day} is not in the journal"
    if not missing and there == theirs.keys() | said:
        yield from _same_sums(past, ours)


def _once(where: str, found: list[str], theirs: Set[str]) -> Iterator[str]:
    for fill_id, count in Counter(found).items():
        if count > 1:
            yield f"fill {fill_id} stands {count} times in the {where}"
    if set(found) != theirs:
        yield f"the {where} lacks {sorted(theirs - set(found))}, has {sorted(set(found) - theirs)}"


def _same_sums(past: Past, ours: list[Fill]) -> Iterator[str]:
    book = past.journal.account.book
    cash, shares = past.truth.cash, Counter(past.truth.shares)
    for sign, fills in ((1, ours), (-1, past.truth.fills)):
        for fill in fills:
            if fill.order_id in past.settled:
                way = sign if fill.side is Side.BUY else -sign
                cash -= way * fill.amount_cny + sign * fill.fees.total
                shares[fill.symbol] += way * fill.shares
    if book.cash_cny != cash:
        yield f"the journal holds {book.cash_cny} CNY, the exchange {cash}"
    if Counter(book.holdings()) != shares:
        yield f"the journal holds {book.holdings()}, the exchange {dict(shares)}"


def unknown_stays_unknown(past: Past) -> Iterator[str]:
    """4: unknown is never recorded as rejected, never resent, and halts its symbol."""
    for step in past.of("order_ended"):
        if isinstance(step.value, OrderEnded):
            order_id, said = step.value.order_id, step.value.state
            truth = past.truth.states.get(order_id, OrderState.EXPIRED)
            if truth is not said and order_id not in past.settled:
                yield f"order {order_id} is {said} in the journal, {truth} in truth"
    absent = Counter(
        step.event.step.split(":")[1]
        for step in past.of("sighting")
        if isinstance(step.value, Sighting) and step.value.sight is Sight.ABSENT
    )
    for order_id, count in Counter(one.terms.order_id for one in past.outside.sent).items():
        if count > 1 + absent[order_id]:
            yield f"order {order_id} was sent {count} times, and known to be absent {absent[order_id]} times"
    yield from _unhalted(past)
    if past.outside.lives[-1].end == "end":
        yield from _left_unresolved(past)


def _left_unresolved(past: Past) -> Iterator[str]:
    """Yield the orders still counted as unresolved on a day on which the exchange tells all it knows."""
    for order_id in past.journal.account.unresolved:
        if order_id in past.truth.states:
            yield f"order {order_id} counts as unresolved though the exchange tells of it"


def _unhalted(past: Past) -> Iterator[str]:
    for step in past.of("ack"):
        kind, _, order_id = step.event.step.partition(":")
        unknown = isinstance(step.value, Ack) and step.value.kind is AckKind.NO_ANSWER
        if kind == "sent" and unknown and not past.journal.holds(step.event.session, f"halt:{order_id}"):
            yield f"order {order_id} had no answer, and its symbol was not halted"


def nothing_beside_unresolved(past: Past) -> Iterator[str]:
    """5: no new order in a symbol while one there may still trade.

    Of one that a person said to be gone nobody knows better, until the broker lists it.
    """
    for sent in past.outside.sent:
        for order_id in sent.working:
            settled_at = past.settled_at.get(order_id)
            if settled_at is None or settled_at > sent.events or _listed(past, order_id, settled_at, sent):
                yield f"order {sent.terms.order_id} left while {order_id} worked in {sent.terms.symbol}"


def _listed(past: Past, order_id: OrderId, since: int, sent: Sent) -> bool:
    """Answer whether the last statement before the send lists it, and nobody lifted a halt after that."""
    for step in reversed(past.steps[since : sent.events]):
        value = step.value
        if isinstance(value, Lift) and not value.order_id:
            return False
        if isinstance(value, Check | Statement):
            statement = value.statement if isinstance(value, Check) else value
            return any(one.order_id == order_id for one in statement.open_orders)
    return False


def ends_are_final(past: Past) -> Iterator[str]:
    """6: nothing follows an order's end."""
    ended: dict[str, str] = {}
    left: dict[str, int] = {}
    for step in past.steps:
        value = step.value
        if isinstance(value, OrderTerms):
            left[value.order_id] = value.shares
        elif isinstance(value, Fill | OrderEnded):
            if value.order_id in ended:
                yield f"order {value.order_id} was {ended[value.order_id]}, then came {step.event.step}"
            if isinstance(value, OrderEnded):
                ended[value.order_id] = str(value.state)
                continue
            left[value.order_id] -= value.shares
            if left[value.order_id] <= 0:
                ended[value.order_id] = "filled"


def never_after_its_time(past: Past) -> Iterator[str]:
    """9: no order leaves after its last moment."""
    for sent in past.outside.sent:
        if sent.at > sent.terms.send_by:
            yield f"order {sent.terms.order_id} left at {sent.at}, its last moment was {sent.terms.send_by}"


def a_stop_holds(past: Past) -> Iterator[str]:
    """What a person stopped stays stopped: no order leaves against a halt or the kill file."""
    for sent in past.outside.sent:
        if sent.halted:
            yield f"order {sent.terms.order_id} left against {sent.halted}"
    yield from _begun_in_a_pause(past)


def _begun_in_a_pause(past: Past) -> Iterator[str]:
    """Yield the sessions that began and ran while the account was paused."""
    paused = False
    for step in past.steps:
        if isinstance(step.value, Asked) and step.value.command in (LifeWord.PAUSE, LifeWord.RESUME):
            paused = step.value.command == LifeWord.PAUSE
        elif paused and isinstance(step.value, Opened):
            closed = past.value(step.event.session, "closed")
            if isinstance(closed, Closed) and closed.outcome is not Outcome.MISSED:
                yield f"session {step.event.session} ran though the account was paused: {closed.outcome}"
