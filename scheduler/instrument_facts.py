"""The instrument facts of one session: those of the prices in hand, or what a vendor tells that day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from scheduler.world import World
from services.domain.events import FaultRecord
from services.domain.instruments import Facts, Symbol, nothing_told
from services.journal.journal import Log
from services.ports import PriceFault


async def with_facts(log: Log, world: World, symbols: Sequence[Symbol]) -> World:
    """Return the world with the facts this session goes by; a vendor is asked for them once.

    Where the vendor fails, all of them are unknown. A session that began without the question goes
    on without.
    """
    if world.prices.panel is not None or _began_without(world, log.session):
        return world
    try:
        told = await log.once("facts", lambda: world.prices.get_instruments(symbols))
    except PriceFault as fault:
        told = nothing_told(symbols, str(fault))
    return _knowing(world, told)


def with_recorded_facts(world: World, session: str, symbols: Iterable[Symbol]) -> World:
    """Return the world with the facts that a closed session went by."""
    event = world.journal.find(session, "facts")
    if event is None:
        return world
    told = world.journal.value(event)
    if isinstance(told, FaultRecord):
        told = nothing_told(symbols, str(PriceFault(told.asked, told.why)))
    if not isinstance(told, Facts):
        raise TypeError(f"step facts of session {session} holds a {type(told).__name__}")
    return _knowing(world, told)


def _began_without(world: World, session: str) -> bool:
    """Answer whether an earlier version, which asked for no facts, has brought the session past them."""
    return world.journal.holds(session, "prices") and not world.journal.holds(session, "facts")


def _knowing(world: World, told: Facts) -> World:
    instruments = {instrument.symbol: instrument for instrument in told.instruments}
    return replace(
        world,
        instruments=instruments,
        unknown=told.unknown,
        industries=told.industries,
        disputed=told.disputed,
    )
