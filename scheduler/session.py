"""One session, top to bottom: ask, write down, compute, write down, send."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from agents.briefing import brief
from agents.parsing import parse, recordable
from agents.shape import Shape
from risk.breaches import drawn_down
from risk.exits import exits
from risk.gate import Review, fund, review
from risk.in_force import limits_in_force
from risk.limits import DaySoFar, Desk
from scheduler.instrument_facts import with_facts
from scheduler.stocktaking import take_stock
from scheduler.world import World
from services.domain.bars import History
from services.domain.book import Book
from services.domain.decision import BadAnswer, Briefing, Decision, RawAnswer, Reads
from services.domain.events import (
    BriefingRecord,
    Closed,
    Halt,
    Opened,
    Opening,
    Outcome,
    TradingDay,
)
from services.domain.instruments import Symbol
from services.domain.orders import ApprovedOrder, Intent, LimitUse, SessionId, Side
from services.domain.past import PastSession
from services.domain.quotes import Snapshot
from services.domain.slot import Slot
from services.journal.account import Standing
from services.journal.journal import Log
from services.journal.past import past_of
from services.ports import AgentFault, BrokerFault, PriceFault
from services.slots import local

_NOTHING_YET = DaySoFar()
_SELL = Side.SELL


async def run_session(slot: Slot, world: World) -> Closed:
    """Run one session to its end, or go on with one that was cut off.

    Raises:
        JournalFault: The journal cannot be written; nothing was sent that it does not hold.
        JournalDrift: What was computed before the cut does not come out again.
    """
    world = world.as_of(slot.day)
    session, account = world.session_id(slot), world.journal.account
    log = world.journal.log(session)
    if session not in account.sessions:
        log.settle("opened", opened(session, slot, world))
    day = await log.once("trading_day", lambda: _trading_day(slot, world))
    if day is not TradingDay.OPEN:
        closed = day is TradingDay.CLOSED
        return log.close(Outcome.MARKET_CLOSED if closed else Outcome.CALENDAR_UNKNOWN)
    before = account.sessions[session].opening
    watch = _watch(world, before)
    try:
        statement = await log.once("broker", lambda: world.statement(slot))
        world = await with_facts(log, world, watch)
        snapshot = await log.once("prices", lambda: world.prices.get_current_prices(watch))
    except (BrokerFault, PriceFault) as fault:
        return log.close(Outcome.FAILED, str(fault))
    opening = take_stock(log, slot, world, statement, snapshot)
    stops = exits(
        opening.book,
        snapshot,
        slot.day,
        world.limits,
        at=slot.at,
        instruments=world.instruments,
        peaks_cny=opening.peaks_cny,
        dividends=opening.dividends,
        traded_days=account.traded_days,
        halts=opening.halts,
    )
    if stops.intents or stops.armed:
        log.settle("exits", stops)
    if opening.book is not before:
        watch = _watch(world, opening.book)
    decision, why = await _ask(log, slot, world, opening, watch, snapshot)
    intents = (*stops.intents, *(decision.intents if decision else ()))
    try:
        await _act(log, slot, world, opening, snapshot, intents)
    except (BrokerFault, PriceFault) as fault:
        return log.close(Outcome.FAILED, str(fault))
    return log.close(*_outcome(log, world, opening, decision, why))


def _watch(world: World, book: Book) -> tuple[Symbol, ...]:
    """Return what the session looks at: the watchlist, and what is held beside it."""
    watched = world.watched
    beside = [lot.symbol for lot in book.lots if lot.symbol not in watched]
    return (*world.watchlist, *dict.fromkeys(beside)) if beside else world.watchlist


def opened(session: str, slot: Slot, world: World) -> Opened:
    """Return a session's first record: what it runs on today."""
    return Opened(
        session=SessionId(session),
        day=slot.day,
        at=slot.local,
        slot=slot.moment,
        mode=world.mode,
        agent=world.agent.name,
        versions=world.versions,
        config_hash=world.config_hash,
    )


async def _trading_day(slot: Slot, world: World) -> TradingDay:
    return world.calendar.trading_day(slot.day)


async def _ask(
    log: Log, slot: Slot, world: World, opening: Opening, watch: tuple[Symbol, ...], snapshot: Snapshot
) -> tuple[Decision | None, str]:
    """Return the mind's decision, or None and why there is none: then only exits are sent."""
    briefing = _briefing(log, slot, world, opening, watch, snapshot, await _bars(log, world, snapshot))
    log.settle("briefing", BriefingRecord(digest=briefing.digest, text=briefing.text))
    try:
        answer = await log.once("answer", lambda: _decided(world, briefing))
    except AgentFault as fault:
        return None, str(fault)
    known = world.watched if watch is world.watchlist else frozenset(watch)
    decision = log.settle("decision", parse(answer, known))
    if isinstance(decision, BadAnswer):
        return None, f"bad answer ({decision.kind}): {decision.reason}"
    return decision, decision.rationale


def _briefing(
    log: Log,
    slot: Slot,
    world: World,
    opening: Opening,
    watch: tuple[Symbol, ...],
    snapshot: Snapshot,
    history: History | None,
) -> Briefing:
    """Return what the mind is shown; only one that reads text is told of the past, halts and limits."""
    reads = world.agent.reads
    shape: Shape | None = None
    past: tuple[PastSession, ...] = ()
    limits: tuple[LimitUse, ...] = ()
    if reads is not Reads.ARRAYS:
        standing = world.journal.account.sessions[log.session].standing
        desk = desk_for(log, slot, world, opening, standing, snapshot, snapshot, history)
        shape = Shape(
            tokens_max=world.briefing_tokens_max,
            commission=world.commission,
            marketable_bp=world.limits.marketable_bp,
            reserve_cny=world.limits.cash_reserve_cny_min,
        )
        past = past_of(world.journal, log.session, world.memory_sessions)
        limits = limits_in_force(desk)
    return brief(
        session=SessionId(log.session),
        slot=slot,
        book=opening.book,
        snapshot=snapshot,
        watchlist=watch,
        history=history,
        instruments=world.instruments,
        equity_cny=opening.equity_cny,
        reads=reads,
        lang=world.lang,
        shape=shape,
        past=past,
        halts=opening.halts,
        limits=limits,
    )


async def _decided(world: World, briefing: Briefing) -> RawAnswer:
    return recordable(await world.agent.decide(briefing))


async def bars_for_limits(log: Log, world: World, snapshot: Snapshot) -> History | None:
    """Return the bars that limits are computed from, None where none needs any or there are none."""
    return await _bars(log, world, snapshot) if world.limits.need_bars else None


async def _bars(log: Log, world: World, snapshot: Snapshot) -> History | None:
    """Return the bars that ended by the snapshot's moment, None where the source has none."""
    panel = world.prices.panel
    if panel is None:
        try:
            panel = await log.once("history", world.recent_bars)
        except PriceFault:
            return None
    return panel.until(snapshot.moment)


async def _act(
    log: Log, slot: Slot, world: World, opening: Opening, first: Snapshot, intents: Sequence[Intent]
) -> None:
    """Ask prices again, let the gate judge by those, send what it approved."""
    if not intents:
        return
    named = _named(intents)
    fresh = await log.once("requote", lambda: world.prices.get_current_prices(named))
    standing = world.journal.account.sessions[log.session].standing
    history = await bars_for_limits(log, world, fresh)
    desk = desk_for(log, slot, world, opening, standing, first, fresh, history)
    judged = review(intents, desk)
    log.settle("verdicts", judged.verdicts)
    await place(log, "", world, desk, judged)


async def place(log: Log, stage: str, world: World, desk: Desk, judged: Review) -> None:
    """Send sells, then buys: first those with cash, then those the sells' proceeds paid for.

    Raises:
        BrokerFault: Fills could not be listed; the orders stay open.
    """
    sells: list[ApprovedOrder] = []
    buys: list[ApprovedOrder] = []
    for order in judged.approved:
        (sells if order.terms.side is _SELL else buys).append(order)
    funding = bool(judged.verdicts.deferred) and log.has(f"{stage}funded")
    if sells:
        buying = bool(buys) and log.has(f"intended:{buys[0].order_id}")
        await world.executor.send(sells, log, listed=funding or buying)
    if buys:
        await world.executor.send(buys, log, listed=funding)
    if judged.verdicts.deferred:
        last = desk.moment + timedelta(seconds=desk.limits.order_ttl_s)
        account, step = world.journal.account, f"{stage}funded"
        after_sells = replace(desk, book=account.sessions[log.session].books.get(step, account.book))
        funded = fund(judged.verdicts.deferred, after_sells, last, judged.verdicts.approved)
        log.settle(step, funded.verdicts)
        await world.executor.send(funded.approved, log)


def desk_for(
    log: Log,
    slot: Slot,
    world: World,
    opening: Opening,
    standing: Standing,
    first: Snapshot,
    fresh: Snapshot,
    history: History | None,
) -> Desk:
    """Return what the gate looks at: the account and `fresh`, whose moment is the gate's time."""
    same_day = standing.day == slot.day
    return Desk(
        session=SessionId(log.session),
        names=(world.run_id, world.account, slot.label),
        market=slot.market,
        day=slot.day,
        moment=fresh.moment,
        local=local(fresh.moment, slot.market).time(),
        book=opening.book,
        snapshot=fresh,
        first=first,
        watchlist=world.watched,
        instruments=world.instruments,
        unknown=world.unknown,
        industries=world.industries,
        disputed=world.disputed,
        limits=world.limits,
        commission=world.commission,
        equity_cny=opening.equity_cny,
        day_equity_cny=opening.day_equity_cny,
        halts=_by_symbol(opening.halts),
        history=history,
        today=_so_far(standing) if same_day else _NOTHING_YET,
        peak_equity_cny=opening.peak_equity_cny,
        losing_sales=standing.losing_sales,
        unpriced=tuple(map(Symbol, opening.unpriced)),
    )


def _by_symbol(halts: Sequence[Halt]) -> dict[str, Halt]:
    """Return one halt a symbol: the first of the strictest cause, of limits' the drawdown's."""
    if not halts:
        return {}
    found: dict[str, Halt] = {}
    for halt in sorted(halts, key=lambda one: (-one.cause.strictness, drawn_down((one,)) is None)):
        found.setdefault(halt.symbol, halt)
    return found


def _so_far(standing: Standing) -> DaySoFar:
    return DaySoFar(orders=standing.orders, cancels=standing.cancels, notional_cny=standing.notional_cny)


def _outcome(
    log: Log, world: World, opening: Opening, decision: Decision | None, why: str
) -> tuple[Outcome, str]:
    """Return how the session ended, and a sentence on it."""
    for halt in opening.halts:
        if not halt.symbol:
            return Outcome.HALTED, halt.why
    if decision is None:
        return Outcome.RISK_ONLY, why
    state = world.journal.account.sessions[log.session]
    return (Outcome.DONE if state.orders or state.waiting else Outcome.NO_TRADE), why


def _named(intents: Sequence[Intent]) -> tuple[Symbol, ...]:
    return tuple(dict.fromkeys([intent.symbol for intent in intents]))
