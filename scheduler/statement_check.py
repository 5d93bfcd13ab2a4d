"""The broker's whole statement held against the journal, apart from sessions; what differs is halted."""

from __future__ import annotations

from collections.abc import Callable

from scheduler.reconciliation import differences, not_ours
from scheduler.stages import look_after
from scheduler.world import World
from services.domain.book import Book
from services.domain.events import Check, CheckOccasion, Halt, Opened, StageKind
from services.domain.inbox import key_of
from services.domain.orders import OrderTerms
from services.domain.statement import Sight, Statement
from services.executor import unresolved
from services.ports import BrokerFault
from services.slots import local

WorldOf = Callable[[Opened], World]
"""Returns the world a session began in."""

_ASKED_MAX = 3
"""How often the broker is asked where it differs while orders work, which may trade between two answers."""


async def check(world: World, world_of: WorldOf, occasion: CheckOccasion) -> None:
    """Ask the broker for orders, fills, positions and cash, compare, and halt what differs or is unresolved.

    What open orders became is written first: with a session cut off by looking them up, else by a stage of
    their sessions. Asked again while orders work and something differs.

    Raises:
        BrokerFault: Part of it is missing; that it differs from nothing must not be concluded.
        JournalFault: It cannot be written.
    """
    account, moment = world.journal.account, world.clock.now()
    # Whether the broker answers at all: else every look-up would be recorded as one it cannot tell.
    await world.broker.get_open_orders()
    for order_id in tuple(account.unresolved):
        # A process that ended between an order's last fill and the end of its halt left this to do.
        if account.book.order(order_id) is None:
            world.executor.resolved(order_id, "it has come to its end")
    unsure: tuple[Halt, ...] = ()
    for asked in range(1, _ASKED_MAX + 1):
        if occasion is CheckOccasion.GOING_ON:
            unsure = await _look_up(world)
        else:
            await _look_after(world, world_of, occasion)
        statement = await world.statement_on(local(moment, world.market).date())
        found = _differences(world, statement)
        if not found or not account.book.open_orders or asked == _ASKED_MAX:
            break
    halts = (*unsure, *found)
    step = f"check:{len(world.journal.events)}"
    orders = [order.order_id for order in account.book.open_orders]
    named = {halt.by for halt in unsure}
    told = tuple(one for one in orders if one in account.unresolved or one in named)
    world.journal.write(
        "",
        step,
        Check(occasion=occasion, moment=moment, statement=statement, halts=halts, unresolved=told),
    )
    for number, halt in enumerate(halts, 1):
        held = account.halts.get(key_of(halt))
        if held is None or halt.cause.strictness > held.cause.strictness:
            world.journal.write("", f"{step}:halt:{number}", halt)


async def _look_up(world: World) -> tuple[Halt, ...]:
    """Write what can be told of open orders within a session cut off; return halts for what cannot.

    Raises:
        BrokerFault: The fills could not be listed.
    """
    account = world.journal.account
    working = account.working()
    for terms in working:
        await world.executor.resolve(terms, world.journal.log(terms.session))
    if working:
        await world.executor.collect(min(terms.day for terms in working))
    return tuple([halt for terms in account.working() if (halt := await _unsure(world, terms)) is not None])


async def _unsure(world: World, terms: OrderTerms) -> Halt | None:
    """Return a halt where the broker cannot tell of an order that left, and that was not known."""
    if terms.order_id in world.journal.account.unresolved:
        return None
    if not world.journal.log(terms.session).has(f"sent:{terms.order_id}"):
        return None
    sighting = await world.broker.get_order_status(terms.order_id)
    return unresolved(terms, sighting.reason) if sighting.sight is Sight.CANNOT_TELL else None


async def _look_after(world: World, world_of: WorldOf, occasion: CheckOccasion) -> None:
    """Look after open orders as their sessions' stages do.

    Raises:
        BrokerFault: The broker failed in one of them.
    """
    account = world.journal.account
    kind = StageKind.START if occasion is CheckOccasion.START else StageKind.HEARTBEAT
    for session in dict.fromkeys(terms.session for terms in account.working()):
        state = account.sessions[session]
        if not await look_after(state, world_of(state.opened), kind):
            raise BrokerFault("look after open orders", f"it failed for those of session {session}")


def _differences(world: World, statement: Statement) -> tuple[Halt, ...]:
    """Return what differs, once what moved without an order and no session has booked yet is counted too."""
    account = world.journal.account
    book: Book = account.book
    for movement in statement.movements:
        if movement.movement_id not in account.movements:
            book = book.after(movement)
    return (*differences(book, statement), *not_ours(account.book, statement))
