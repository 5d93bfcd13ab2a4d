"""What the simulated exchange takes and what it turns away; it does not trust the gate. Pure."""

from __future__ import annotations

from datetime import datetime

from services.brokers.caging import NO_CAGE, Caged, caged
from services.brokers.ledger import Accepted, Rejected
from services.brokers.price_checks import cage_objection, day_band, is_price, parking_price, price_objection
from services.brokers.request import Objection, Request
from services.domain.money import to_cent
from services.domain.orders import OrderKind, OrderTerms, Rule, Side
from services.rules import Band, OutsideRulebook, Phase, after_hours_eligible, fees_of, lot_problem

_BUY, _SELL = Side.BUY, Side.SELL
_LIMIT, _STOP = OrderKind.LIMIT, OrderKind.STOP


def examine(request: Request) -> Accepted | Rejected:
    """Return the entry that takes the order, or the one that says which rule it breaks."""
    terms, facts, offer = request.terms, request.facts, request.offer
    plain, cage = terms.kind is _LIMIT and terms.stop_cny is None, NO_CAGE
    try:
        band = day_band(facts, offer)
        objection = (
            _moment_objection(request)
            or (None if plain else _kind_objection(request))
            or _size_objection(request)
            or price_objection(request, band)
        )
        if objection is None:
            # What is no price of the day is not held against the cage.
            cage = caged(terms, facts.rules, request.hours.phase, offer)
            objection = (
                (None if cage.inside else cage_objection(terms, facts.rules, cage))
                or (None if facts.buy_cap is None else _st_cap_objection(request, facts.buy_cap))
                or _cash_objection(request)
            )
    except OutsideRulebook as unknown:
        return rejected(terms, request.hours.at, Rule.RULES_UNKNOWN, str(unknown))
    if objection is not None:
        return Rejected(at=request.hours.at, terms=terms, reason=str(objection))
    return _accepted(request, band, cage)


def rejected(terms: OrderTerms, at: datetime, rule: Rule, detail: str) -> Rejected:
    """Return the entry that turns an order away."""
    return Rejected(at=at, terms=terms, reason=str(Objection(rule=rule, detail=detail)))


def _accepted(request: Request, band: Band, cage: Caged) -> Accepted:
    """Return the entry that takes the order until its kind of trading ends that day."""
    hours, rules = request.hours, request.facts.rules
    if hours.expires_at is None:
        raise OutsideRulebook(f"{rules.board}: no phase of {rules.day} takes such orders")
    return Accepted(
        at=hours.at,
        terms=request.terms,
        expires_at=hours.expires_at,
        limit_down_cny=band.limit_down,
        limit_up_cny=band.limit_up,
        fixed_from=hours.fixed_from,
        call_at=hours.call_at,
        parked_until_cny=None if cage.inside else parking_price(request.terms, rules, cage),
        approximate=cage.approximate,
    )


def _moment_objection(request: Request) -> Objection | None:
    """Return why nothing of the symbol can be ordered now: suspended, or the wrong phase."""
    terms, hours, facts, offer = request.terms, request.hours, request.facts, request.offer
    if facts.suspended or offer.suspended:
        when = "today" if facts.suspended else "now"
        return Objection(rule=Rule.SUSPENDED, detail=f"{terms.symbol} does not trade {when}")
    if terms.day != hours.day:
        return Objection(rule=Rule.PHASE, detail=f"an order for {terms.day}, today is {hours.day}")
    if not hours.taken:
        return Objection(rule=Rule.PHASE, detail=f"no orders at {hours.at:%H:%M:%S} ({hours.phase})")
    if offer.live and offer.last_on != hours.day:
        # Its previous close is another day's, and so are the limits one would reckon from it.
        return Objection(rule=Rule.QUOTE_STALE, detail=f"the quote of {terms.symbol} is of {offer.last_on}")
    if not hours.after_hours:
        return None
    if not after_hours_eligible(facts.rules, facts.kind, facts.instrument):
        return Objection(rule=Rule.PHASE, detail=f"{terms.symbol} does not trade after hours")
    if offer.last_on != hours.day:
        return Objection(rule=Rule.SUSPENDED, detail=f"{terms.symbol} has no close today")
    return None


def _kind_objection(request: Request) -> Objection | None:
    """Return why an order that is no plain limit order cannot be placed now, or is none of any kind."""
    terms, phase = request.terms, request.hours.phase
    if terms.kind.market and phase is not Phase.CONTINUOUS:
        return Objection(rule=Rule.PHASE, detail=f"no market orders in {phase}")
    if (terms.kind is _STOP) != (terms.stop_cny is not None):
        return Objection(rule=Rule.TICK, detail=f"a {terms.kind} order with the trigger {terms.stop_cny}")
    if terms.stop_cny is None:
        return None
    if request.hours.after_hours or phase is Phase.CLOSE_CALL:
        detail = f"a stop has nothing to wait for in {phase}: there is one price left"
        return Objection(rule=Rule.PHASE, detail=detail)
    tick = request.facts.rules.tick
    if not is_price(terms.stop_cny, tick):
        return Objection(rule=Rule.TICK, detail=f"{terms.stop_cny} is no price on the tick of {tick}")
    return None


def _size_objection(request: Request) -> Objection | None:
    """Return why the number of shares is not one: lots, the most of one order, T+1."""
    terms, facts = request.terms, request.facts
    sells = terms.side is _SELL
    held, may_sell = _unsold(request) if sells else (0, 0)
    problem = lot_problem(
        facts.rules,
        terms.side,
        terms.shares,
        held,
        market_order=terms.kind is not _LIMIT and terms.kind.market,
        after_hours=request.hours.after_hours,
    )
    if problem is not None:
        rule = Rule.ORDER_MAX if problem.over_max else Rule.BOARD_LOT
        return Objection(rule=rule, detail=problem.detail)
    if sells and terms.shares > may_sell:
        return Objection(rule=Rule.T_PLUS_1, detail=f"asks {terms.shares}, sellable {max(0, may_sell)}")
    return None


def _unsold(request: Request) -> tuple[int, int]:
    """Return the shares held and those of them that may be sold now, both less what works to be sold."""
    symbol, today, settles = request.terms.symbol, request.hours.day, request.facts.settlement_days != 0
    held = bound = 0
    for lot in request.book.lots:
        if lot.symbol == symbol:
            held += lot.shares
            if settles and lot.acquired_on >= today:
                bound += lot.shares
    for order in request.book.open_orders:
        if order.symbol == symbol and order.side is _SELL:
            held -= order.remaining
    return held, held - bound


def _st_cap_objection(request: Request, cap: int) -> Objection | None:
    """Return why a buy is beyond the day's cap on a risk-warned stock; working buys count whole."""
    terms = request.terms
    if terms.side is _SELL:
        return None
    book, today = request.book, request.hours.day
    bought = sum(
        lot.shares for lot in book.lots if lot.symbol == terms.symbol and lot.acquired_on == today
    ) + sum(
        order.remaining for order in book.open_orders if order.symbol == terms.symbol and order.side is _BUY
    )
    if bought + terms.shares <= cap:
        return None
    detail = f"{bought} bought or ordered today and {terms.shares} more exceed the day's {cap}"
    return Objection(rule=Rule.ST_DAILY_CAP, detail=detail)


def _cash_objection(request: Request) -> Objection | None:
    """Return why the order cannot be paid at its limit, fees included, from the cash that is not frozen."""
    terms, facts = request.terms, request.facts
    amount = to_cent(terms.limit_cny * terms.shares)
    fees = fees_of(facts.rules, facts.kind, terms.side, amount, request.commission, shares=terms.shares)
    cost = fees.total
    if terms.side is _SELL:
        # The least commission can be more than a small sale brings.
        if amount < cost and (available := request.book.available_cny) + amount < cost:
            detail = f"brings {amount}, costs {cost}, available {available}"
            return Objection(rule=Rule.CASH, detail=detail)
        return None
    need, available = amount + cost, request.book.available_cny
    if terms.freeze_cny < need:
        return Objection(rule=Rule.CASH, detail=f"sets aside {terms.freeze_cny}, needs {need}")
    if terms.freeze_cny > available:
        return Objection(rule=Rule.CASH, detail=f"needs {terms.freeze_cny}, available {available}")
    return None
