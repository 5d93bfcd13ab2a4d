"""One session, top to bottom: ask, write down, compute, write down, send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from agents.briefing import brief
from agents.parsing import parse, recordable
from risk.gate import Review, fund, review
from risk.limits import Desk
from risk.stops import exits
from scheduler.reconciliation import differences
from scheduler.world import World
from services.domain.bars import History
from services.domain.book import Book
from services.domain.decision import BadAnswer, Briefing, Decision, RawAnswer
from services.domain.events import (
    BriefingRecord,
    Closed,
    Exits,
    Opened,
    Opening,
    Outcome,
    TradingDay,
)
from services.domain.instruments import Symbol
from services.domain.money import to_cent
from services.domain.orders import Intent, SessionId, Side
from services.domain.quotes import Snapshot
from services.domain.slot import Slot
from services.domain.statement import Statement
from services.journal.journal import Log
from services.ports import AgentFault, BrokerFault, PriceFault
from services.slots import local


async def run_session(slot: Slot, world: World) -> Closed:
    """Run one session to its end, or go on with one that was cut off.

    Raises:
        JournalFault: The journal cannot be written; nothing was sent that it does not hold.
        JournalDrift: What was computed before the cut does not come out again.
    """
    log = world.journal.log(world.session_id(slot))
    if not log.has("opened"):
        log.settle("opened", opened(log.session, slot, world))
    day = await log.once("trading_day", lambda: _trading_day(slot, world))
    if day is not TradingDay.OPEN:
        closed = day is TradingDay.CLOSED
        return log.close(Outcome.MARKET_CLOSED if closed else Outcome.CALENDAR_UNKNOWN)
    watch = _watch(world, world.journal.account.sessions[log.session].opening)
    try:
        statement = await log.once("broker", lambda: world.statement(slot))
        snapshot = await log.once("prices", lambda: world.prices.get_current_prices(watch))
    except (BrokerFault, PriceFault) as fault:
        return log.close(Outcome.FAILED, str(fault))
    opening = _take_stock(log, slot, world, statement, snapshot)
    decision, why = await _ask(log, slot, world, opening, snapshot)
    stops = exits(opening.book, snapshot, slot.day, world.limits)
    if stops:
        log.settle("exits", Exits(intents=stops))
    intents = (*stops, *(decision.intents if decision else ()))
    try:
        await _act(log, slot, world, opening, snapshot, intents)
    except (BrokerFault, PriceFault) as fault:
        return log.close(Outcome.FAILED, str(fault))
    return log.close(*_outcome(log, world, opening, decision, why))


def _watch(world: World, book: Book) -> tuple[Symbol, ...]:
    """Return what the session looks at: the watchlist, and what is held beside it."""
    held = tuple(symbol for symbol in book.holdings() if symbol not in world.watched)
    return (*world.watchlist, *held) if held else world.watchlist


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


def _take_stock(log: Log, slot: Slot, world: World, statement: Statement, snapshot: Snapshot) -> Opening:
    """Return the account before the session: folded, moved on by what the broker booked, valued."""
    account = world.journal.account
    state = account.sessions[log.session]
    opened = world.journal.find(log.session, "opened")
    before = opened.seq if opened else 0
    book = state.opening
    for movement in statement.movements:
        if account.movements.get(movement.movement_id, before) >= before:
            log.settle(f"movement:{movement.movement_id}", movement)
            book = book.after(movement)
    found = differences(book, statement)
    for halt in found:
        log.settle(f"halt:{halt.symbol}", halt)
    halts = (*account.halts_before(before), *found)
    equity, unpriced = _equity(book, snapshot)
    new_day = account.day != slot.day or account.day_equity_cny is None
    return log.settle(
        "book",
        Opening(
            book=book,
            equity_cny=equity,
            day_equity_cny=equity if new_day or account.day_equity_cny is None else account.day_equity_cny,
            unpriced=unpriced,
            halts=halts,
        ),
    )


def _equity(book: Book, snapshot: Snapshot) -> tuple[Decimal, tuple[str, ...]]:
    """Return the account's value at the snapshot's prices, and the holdings it could not price."""
    value, unpriced = book.cash_cny, list[str]()
    for symbol, shares in book.holdings().items():
        last = snapshot.last(symbol)
        if last is None:
            unpriced.append(str(symbol))
        else:
            value += last * shares
    return to_cent(value), tuple(unpriced)


async def _ask(
    log: Log, slot: Slot, world: World, opening: Opening, snapshot: Snapshot
) -> tuple[Decision | None, str]:
    """Return the mind's decision, or None and why there is none: then only exits are sent."""
    watch = _watch(world, opening.book)
    briefing = brief(
        session=SessionId(log.session),
        slot=slot,
        book=opening.book,
        snapshot=snapshot,
        watchlist=watch,
        history=await _history(log, world, snapshot),
        instruments=world.instruments,
        equity_cny=opening.equity_cny,
        reads=world.agent.reads,
        lang=world.lang,
    )
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


async def _decided(world: World, briefing: Briefing) -> RawAnswer:
    return recordable(await world.agent.decide(briefing))


async def _history(log: Log, world: World, snapshot: Snapshot) -> History | None:
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
    desk = desk_for(log, slot, world, opening, first, fresh)
    judged = review(intents, desk)
    log.settle("verdicts", judged.verdicts)
    await place(log, "", world, desk, judged)


async def place(log: Log, stage: str, world: World, desk: Desk, judged: Review) -> None:
    """Send sells, then buys: first those with cash, then those the sells' proceeds paid for.

    Raises:
        BrokerFault: Fills could not be listed; the orders stay open.
    """
    sells = [order for order in judged.approved if order.terms.side is Side.SELL]
    buys = [order for order in judged.approved if order.terms.side is Side.BUY]
    await world.executor.send(sells, log)
    if buys:
        await world.executor.send(buys, log)
    if judged.verdicts.deferred:
        last = desk.moment + timedelta(seconds=desk.limits.order_ttl_s)
        account, step = world.journal.account, f"{stage}funded"
        after_sells = replace(desk, book=account.sessions[log.session].books.get(step, account.book))
        funded = fund(judged.verdicts.deferred, after_sells, last)
        log.settle(step, funded.verdicts)
        await world.executor.send(funded.approved, log)


def desk_for(
    log: Log, slot: Slot, world: World, opening: Opening, first: Snapshot, fresh: Snapshot
) -> Desk:
    """Return what the gate looks at: the account and `fresh`, whose moment is the gate's time."""
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
        limits=world.limits,
        commission=world.commission,
        equity_cny=opening.equity_cny,
        day_equity_cny=opening.day_equity_cny,
        halts={halt.symbol: halt for halt in reversed(opening.halts)},
    )


def _outcome(
    log: Log, world: World, opening: Opening, decision: Decision | None, why: str
) -> tuple[Outcome, str]:
    """Return how the session ended, and a sentence on it."""
    state = world.journal.account.sessions[log.session]
    if any(not halt.symbol for halt in opening.halts):
        return Outcome.HALTED, next(halt.why for halt in opening.halts if not halt.symbol)
    if decision is None:
        return Outcome.RISK_ONLY, why
    return (Outcome.DONE if state.orders or state.waiting else Outcome.NO_TRADE), why


def _named(intents: Sequence[Intent]) -> tuple[Symbol, ...]:
    return tuple(dict.fromkeys(intent.symbol for intent in intents))
