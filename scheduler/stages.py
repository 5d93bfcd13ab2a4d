"""What comes after a session's close: waking its waiting orders, looking after working ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from msgspec.structs import replace

from risk.gate import review
from scheduler.instrument_facts import with_recorded_facts
from scheduler.order_times import WAKE_AGAIN
from scheduler.session import bars_for_limits, desk_for, place
from scheduler.world import World
from services.domain.events import (
    FaultRecord,
    Look,
    Rested,
    StageKind,
    Verdicts,
    WaitsOn,
)
from services.domain.orders import Intent, OrderId, OrderTerms, Refusal, Rule, Side
from services.domain.quotes import Snapshot
from services.domain.slot import Slot
from services.domain.statement import CANCEL
from services.journal.account import SessionState
from services.journal.journal import Log
from services.ports import BrokerFault, PriceFault
from services.rules import missed_start, rules_of
from services.slots import local


async def wake(state: SessionState, world: World) -> None:
    """Let the orders whose time has come pass the gate again, on fresh prices, and send them.

    What has no price of since trading began waits on for one, as long as its time lasts; so does what the
    clock, set back meanwhile, has not come to yet. Like a session it may be cut off anywhere and run again.
    """
    log, prefix = await _begin(state, world, StageKind.WAKE)
    stage, found, first = state.stage, state.found, state.seen
    if stage is None or found is None or first is None:
        lacks = "stage under way" if stage is None else "book" if found is None else "prices"
        raise RuntimeError(f"session {log.session} has no {lacks}")
    opening = replace(found, book=stage.book, halts=stage.standing.halts)
    slot = slot_of(state, world)
    world = world.as_of(slot.day)
    intents = _still_wanted(state.intents, stage.waiting)
    world = with_recorded_facts(world, log.session, [terms.symbol for terms in stage.waiting])
    try:
        fresh = await log.once(
            f"{prefix}requote",
            lambda: world.prices.get_current_prices([intent.symbol for intent in intents]),
        )
        waits_on = _waiting_on(stage.waiting, fresh, slot)
        in_time = [
            intent
            for intent, terms in zip(intents, stage.waiting, strict=True)
            if fresh.moment <= terms.send_by and terms.order_id not in waits_on
        ]
        history = await bars_for_limits(log, world, fresh)
        desk = desk_for(log, slot, world, opening, stage.standing, first, fresh, history)
        judged = review(in_time, desk)
        late = [terms for terms in stage.waiting if fresh.moment > terms.send_by]
        verdicts = replace(judged.verdicts, refused=(*judged.verdicts.refused, *_too_late(late)))
        log.settle(f"{prefix}verdicts", verdicts)
        # Where the clock was set back since their time came, the gate lets some wait for it again.
        waits_on += tuple([terms.order_id for terms in verdicts.waiting])
        if waits_on:
            log.settle(f"{prefix}waits_on", WaitsOn(orders=waits_on))
        await place(log, prefix, world, desk, judged)
    except PriceFault as fault:
        log.settle(f"{prefix}verdicts", Verdicts(refused=_unpriced(stage.waiting, str(fault))))
    except BrokerFault as fault:
        log.settle(f"{prefix}fault", _note(fault))
    _rest(log, prefix, world)


async def lapse(state: SessionState, world: World) -> None:
    """Give up the orders that wait, since the account is paused or was killed; nobody outside is asked."""
    log, prefix = await _begin(state, world, StageKind.LAPSE)
    waiting = () if state.stage is None else state.stage.waiting
    pause = world.journal.account.paused
    why = (state.killed or "the account was paused") if pause is None else pause.words
    refused = tuple(_refused(terms, Rule.HALTED, why) for terms in waiting)
    log.settle(f"{prefix}verdicts", Verdicts(refused=refused))
    _rest(log, prefix, world)


async def look_after(state: SessionState, world: World, kind: StageKind) -> bool:
    """Write what became of the session's working orders; before the next slot they are cancelled.

    A kill cancels them at once, without asking for prices first. At a start, and when their day is over, an
    order of which the broker cannot tell halts its symbol. Answers whether the broker did not fail.
    """
    log, prefix = await _begin(state, world, kind)
    killed = kind is StageKind.KILL
    if not killed:
        await _refresh(log, prefix, state, world)
    cancel = kind in (StageKind.KILL, StageKind.STOP)
    cancel = cancel or (kind is StageKind.NEXT_SLOT and not world.keep_orders)
    resolving, answered = kind in (StageKind.START, StageKind.EXPIRY), True
    for order_id in state.orders:
        # One whose cancel was on record when the stage was cut off is looked after again, though it may have
        # ended: what was found with it, of other orders too, has to be found before those are asked about.
        begun = log.has(f"{prefix}{CANCEL}{order_id}")
        if begun or world.journal.account.book.order(order_id) is not None:
            try:
                await world.executor.look_after(
                    order_id, log, stage=prefix, cancel=cancel, resolving=resolving
                )
            except BrokerFault as fault:
                log.settle(f"{prefix}fault:{order_id}", _note(fault))
                answered = False
    try:
        # A stage cut off between a sale and the tax on it finds the order ended, and the tax here.
        await world.executor.collect(state.opened.day)
    except BrokerFault as fault:
        log.settle(f"{prefix}fault", _note(fault))
        answered = False
    _rest(log, prefix, world)
    return answered


def slot_of(state: SessionState, world: World) -> Slot:
    """Return the slot of a recorded session."""
    moment = state.opened.slot
    return Slot(
        market=world.market,
        frequency=world.frequency,
        day=state.opened.day,
        at=local(moment, world.market).time(),
        moment=moment,
    )


async def _begin(state: SessionState, world: World, kind: StageKind) -> tuple[Log, str]:
    log = world.journal.log(state.opened.session)
    prefix = f"late{state.stages + 1}:"

    async def begin() -> Look:
        return Look(stage=kind, moment=world.clock.now())

    await log.once(f"{prefix}look", begin)
    return log, prefix


async def _refresh(log: Log, prefix: str, state: SessionState, world: World) -> None:
    """Ask a vendor for present prices, which a simulated exchange trades at; a fault changes nothing."""
    if world.prices.panel is not None or not world.broker.simulated:
        return
    symbols = list(dict.fromkeys(terms.symbol for terms in state.orders.values()))
    with suppress(PriceFault):
        await log.once(f"{prefix}requote", lambda: world.prices.get_current_prices(symbols))


def _waiting_on(waiting: Sequence[OrderTerms], fresh: Snapshot, slot: Slot) -> tuple[OrderId, ...]:
    """Return the orders whose price was made before the break and that have time to wait for another.

    Where a sale waits on so do the buys, which may need its proceeds.
    """
    again = fresh.moment + WAKE_AGAIN
    old = [one for one in waiting if again <= one.send_by and _of_before(one, fresh, slot)]
    if any(one.side is Side.SELL for one in old):
        old = [one for one in waiting if again <= one.send_by and (one in old or one.side is Side.BUY)]
    return tuple(one.order_id for one in old)


def _of_before(terms: OrderTerms, fresh: Snapshot, slot: Slot) -> bool:
    """Answer whether the order's symbol has a quote of today, of before the trading under way."""
    quote = fresh.get(terms.symbol)
    if quote is None or quote.barred_by is not Rule.QUOTE_STALE:
        return False
    seen, at = local(quote.seen_at, slot.market), local(fresh.moment, slot.market)
    same_day = seen.date() == at.date()
    return same_day and missed_start(rules_of(terms.symbol, slot.day), seen.time(), at.time()) is not None


def _rest(log: Log, prefix: str, world: World) -> None:
    account = world.journal.account
    orders = account.sessions[log.session].orders
    working = sum([order.order_id in orders for order in account.book.open_orders])
    log.settle(f"{prefix}rested", Rested(working=working))


def _still_wanted(intents: Iterable[Intent], waiting: Iterable[OrderTerms]) -> tuple[Intent, ...]:
    """Return the intents of the waiting orders as they were asked for, their size as approved."""
    asked = {(intent.origin, intent.index): intent for intent in intents}
    return tuple(
        [
            replace(asked[terms.origin, terms.index], shares=terms.shares, target_weight=None)
            for terms in waiting
        ]
    )


def _too_late(waiting: Sequence[OrderTerms]) -> tuple[Refusal, ...]:
    return tuple(_refused(terms, Rule.PHASE, f"its last moment {terms.send_by} passed") for terms in waiting)


def _unpriced(waiting: Sequence[OrderTerms], why: str) -> tuple[Refusal, ...]:
    return tuple(_refused(terms, Rule.QUOTE_MISSING, why) for terms in waiting)


def _refused(terms: OrderTerms, rule: Rule, reason: str) -> Refusal:
    return Refusal(
        symbol=terms.symbol,
        side=terms.side,
        shares=terms.shares,
        rule=rule,
        reason=reason,
        origin=terms.origin,
        index=terms.index,
    )


def _note(fault: BrokerFault) -> FaultRecord:
    return FaultRecord(door=fault.door, asked=fault.asked, why=fault.why)
