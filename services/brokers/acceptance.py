"""What the simulated exchange takes and what it turns away; it does not trust the gate. Pure."""

from __future__ import annotations

from datetime import date, datetime, time

from services.brokers.caging import Caged, caged
from services.brokers.ledger import Accepted, Rejected
from services.brokers.price_checks import cage_objection, day_band, is_price, parking_price, price_objection
from services.brokers.request import AFTER_HOURS, Facts, Objection, Request
from services.domain.book import Book
from services.domain.money import to_cent
from services.domain.orders import OrderKind, OrderTerms, Rule, Side
from services.rules import (
    Band,
    OutsideRulebook,
    Phase,
    PhaseSpan,
    Rules,
    after_hours_eligible,
    fees_of,
    lot_problem,
    phase_at,
    st_daily_buy_cap,
)


def examine(terms: OrderTerms, request: Request) -> Accepted | Rejected:
    """Return the entry that takes the order, or the one that says which rule it breaks."""
    try:
        span = phase_at(request.facts.rules, request.at.time())
        band = day_band(request.facts, request.offer)
        objection = (
            _moment_objection(terms, request, span)
            or _kind_objection(terms, request, span)
            or _size_objection(terms, request, span)
            or price_objection(terms, request, span, band)
        )
        # What is no price of the day is not held against the cage.
        cage = Caged() if objection else caged(terms, request.facts.rules, span.phase, request.offer)
        objection = (
            objection
            or cage_objection(terms, request.facts.rules, cage)
            or _st_cap_objection(terms, request)
            or _cash_objection(terms, request)
        )
    except OutsideRulebook as unknown:
        return rejected(terms, request.at, Rule.RULES_UNKNOWN, str(unknown))
    if objection is not None:
        return Rejected(at=request.at, terms=terms, reason=str(objection))
    return _accepted(terms, request, span, band, cage)


def rejected(terms: OrderTerms, at: datetime, rule: Rule, detail: str) -> Rejected:
    """Return the entry that turns an order away."""
    return Rejected(at=at, terms=terms, reason=str(Objection(rule=rule, detail=detail)))


def sellable(book: Book, facts: Facts, day: date) -> int:
    """Return the shares that may still be sold on `day`, less those in working sells."""
    return book.sellable(facts.instrument.symbol, day, facts.settlement_days)


def _accepted(terms: OrderTerms, request: Request, span: PhaseSpan, band: Band, cage: Caged) -> Accepted:
    """Return the entry that takes the order until its kind of trading ends that day."""
    rules, after_hours = request.facts.rules, span.phase in AFTER_HOURS
    last = _last_phase(rules, after_hours)
    end = last.end if request.early_close is None else min(last.end, request.early_close)
    return Accepted(
        at=request.at,
        terms=terms,
        expires_at=_on(request.at, end),
        limit_down_cny=band.limit_down,
        limit_up_cny=band.limit_up,
        fixed_from=max(request.at, _on(request.at, last.start)) if after_hours else None,
        call_at=_on(request.at, end) if span.phase is Phase.CLOSE_CALL else None,
        parked_until_cny=parking_price(terms, rules, cage),
        approximate=cage.approximate,
    )


def _last_phase(rules: Rules, after_hours: bool) -> PhaseSpan:
    """Return the last phase of the day that takes auction orders, or after-hours orders."""
    for span in reversed(rules.phases):
        if span.accepts_orders and (span.phase in AFTER_HOURS) is after_hours:
            return span
    raise OutsideRulebook(f"{rules.board}: no phase of {rules.day} takes such orders")


def _on(at: datetime, time_of_day: time) -> datetime:
    return datetime.combine(at.date(), time_of_day, at.tzinfo)


def _moment_objection(terms: OrderTerms, request: Request, span: PhaseSpan) -> Objection | None:
    """Return why nothing of the symbol can be ordered now: suspended, or the wrong phase."""
    facts, offer = request.facts, request.offer
    declared = facts.instrument.is_suspended(request.at.date())
    if declared or offer.suspended:
        when = "today" if declared else "now"
        return Objection(rule=Rule.SUSPENDED, detail=f"{terms.symbol} does not trade {when}")
    if terms.day != request.at.date():
        return Objection(rule=Rule.PHASE, detail=f"an order for {terms.day}, today is {request.at.date()}")
    closed = request.early_close is not None and request.at.time() >= request.early_close
    if closed or not span.accepts_orders:
        return Objection(rule=Rule.PHASE, detail=f"no orders at {request.at:%H:%M:%S} ({span.phase})")
    if offer.live and offer.last_on != request.at.date():
        # Its previous close is another day's, and so are the limits one would reckon from it.
        return Objection(rule=Rule.QUOTE_STALE, detail=f"the quote of {terms.symbol} is of {offer.last_on}")
    if span.phase not in AFTER_HOURS:
        return None
    if not after_hours_eligible(facts.rules, facts.kind, facts.instrument):
        return Objection(rule=Rule.PHASE, detail=f"{terms.symbol} does not trade after hours")
    if offer.last_on != request.at.date():
        return Objection(rule=Rule.SUSPENDED, detail=f"{terms.symbol} has no close today")
    return None


def _kind_objection(terms: OrderTerms, request: Request, span: PhaseSpan) -> Objection | None:
    """Return why an order of that kind cannot be placed now, or is not one."""
    if terms.kind is OrderKind.LIMIT and terms.stop_cny is None:
        return None
    if terms.kind.market and span.phase is not Phase.CONTINUOUS:
        return Objection(rule=Rule.PHASE, detail=f"no market orders in {span.phase}")
    if (terms.kind is OrderKind.STOP) != (terms.stop_cny is not None):
        return Objection(rule=Rule.TICK, detail=f"a {terms.kind} order with the trigger {terms.stop_cny}")
    if terms.stop_cny is None:
        return None
    if span.phase in AFTER_HOURS or span.phase is Phase.CLOSE_CALL:
        detail = f"a stop has nothing to wait for in {span.phase}: there is one price left"
        return Objection(rule=Rule.PHASE, detail=detail)
    tick = request.facts.rules.tick
    if not is_price(terms.stop_cny, tick):
        return Objection(rule=Rule.TICK, detail=f"{terms.stop_cny} is no price on the tick of {tick}")
    return None


def _size_objection(terms: OrderTerms, request: Request, span: PhaseSpan) -> Objection | None:
    """Return why the number of shares is not one: lots, the most of one order, T+1."""
    book = request.book
    held = 0
    if terms.side is Side.SELL:
        held = book.held(terms.symbol)
        for order in book.open_orders:
            if order.symbol == terms.symbol and order.side is Side.SELL:
                held -= order.remaining
    after_hours = span.phase in AFTER_HOURS
    problem = lot_problem(
        request.facts.rules,
        terms.side,
        terms.shares,
        held,
        market_order=terms.kind.market,
        after_hours=after_hours,
    )
    if problem is not None:
        rule = Rule.ORDER_MAX if problem.over_max else Rule.BOARD_LOT
        return Objection(rule=rule, detail=problem.detail)
    if terms.side is Side.SELL:
        may_sell = sellable(book, request.facts, request.at.date())
        if terms.shares > may_sell:
            return Objection(rule=Rule.T_PLUS_1, detail=f"asks {terms.shares}, sellable {max(0, may_sell)}")
    return None


def _st_cap_objection(terms: OrderTerms, request: Request) -> Objection | None:
    """Return why a buy is beyond the day's cap on a risk-warned stock; working buys count whole."""
    cap = st_daily_buy_cap(request.facts.rules, request.facts.instrument)
    if cap is None or terms.side is Side.SELL:
        return None
    book, today = request.book, request.at.date()
    bought = sum(
        lot.shares for lot in book.lots if lot.symbol == terms.symbol and lot.acquired_on == today
    ) + sum(
        order.remaining
        for order in book.open_orders
        if order.symbol == terms.symbol and order.side is Side.BUY
    )
    if bought + terms.shares <= cap:
        return None
    detail = f"{bought} bought or ordered today and {terms.shares} more exceed the day's {cap}"
    return Objection(rule=Rule.ST_DAILY_CAP, detail=detail)


def _cash_objection(terms: OrderTerms, request: Request) -> Objection | None:
    """Return why the order cannot be paid at its limit, fees included, from the cash that is not frozen."""
    facts, available = request.facts, request.book.available_cny
    amount = to_cent(terms.limit_cny * terms.shares)
    fees = fees_of(facts.rules, facts.kind, terms.side, amount, request.commission, shares=terms.shares)
    if terms.side is Side.SELL:
        # The least commission can be more than a small sale brings.
        if available + amount < fees.total:
            detail = f"brings {amount}, costs {fees.total}, available {available}"
            return Objection(rule=Rule.CASH, detail=detail)
        return None
    need = amount + fees.total
    if terms.freeze_cny < need:
        return Objection(rule=Rule.CASH, detail=f"sets aside {terms.freeze_cny}, needs {need}")
    if terms.freeze_cny > available:
        return Objection(rule=Rule.CASH, detail=f"needs {terms.freeze_cny}, available {available}")
    return None
