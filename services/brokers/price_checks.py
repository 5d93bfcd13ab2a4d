"""Whether an order's limit is a price the exchange takes now. Pure."""

from __future__ import annotations

from decimal import Decimal

from services.brokers.caging import Caged, parked_until
from services.brokers.market_view import Offer
from services.brokers.request import Facts, Objection, Request
from services.domain.money import ZERO
from services.domain.orders import OrderTerms, Rule
from services.rules import (
    Band,
    OutsideRulebook,
    Phase,
    Rules,
    after_hours_price,
    order_band,
    price_band,
)

_LIMIT_BEYOND_SENSE = Decimal(10) ** 9
_CALLS = frozenset({Phase.OPEN_CALL, Phase.OPEN_CALL_LOCKED, Phase.CLOSE_CALL})


def day_band(facts: Facts, offer: Offer) -> Band:
    """Return the day's price limits; on a first day the issue price stands in for the previous close.

    Raises:
        OutsideRulebook: There is nothing to reckon the limits from on a day that has limits.
    """
    reference = _reference(facts, offer)
    band = price_band(facts.rules, reference or offer.last_cny, facts.instrument)
    if reference is None and not band.unlimited:
        raise OutsideRulebook(f"{facts.instrument.symbol}: no previous close, so its limits are not known")
    return band


def price_objection(request: Request, band: Band) -> Objection | None:
    """Return why the limit is no price now: tick, price limits or a call's range, after hours the close."""
    terms, hours, tick = request.terms, request.hours, request.facts.rules.tick
    limit = terms.limit_cny
    if not is_price(limit, tick):
        return Objection(rule=Rule.TICK, detail=f"{limit} is no price on the tick of {tick}")
    if hours.phase in _CALLS:
        band = _call_band(request, hours.phase)
    if not band.allows(limit):
        detail = f"{limit} is outside {band.limit_down} to {band.limit_up}"
        return Objection(rule=Rule.PRICE_LIMIT, detail=detail)
    if hours.after_hours and after_hours_price(terms.side, limit, request.offer.last_cny) is None:
        detail = f"{limit} cannot trade at the close of {request.offer.last_cny}"
        return Objection(rule=Rule.PRICE_LIMIT, detail=detail)
    return None


def cage_objection(terms: OrderTerms, rules: Rules, cage: Caged) -> Objection | None:
    """Return why a limit outside the cage is not taken; None where the exchange parks such an order."""
    if rules.cage is not None and rules.cage.parks:
        return None
    detail = f"{terms.limit_cny} is beyond the price cage at {cage.bound_cny}"
    return Objection(rule=Rule.CAGE, detail=detail + ", reckoned without a book" * cage.approximate)


def parking_price(terms: OrderTerms, rules: Rules, cage: Caged) -> Decimal | None:
    """Return the price that lets in an order outside the cage."""
    if rules.cage is None:
        return None
    return parked_until(rules, rules.cage, terms.side, terms.limit_cny)


def is_price(price: Decimal, tick: Decimal) -> bool:
    """Answer whether a number is a price on the tick: positive, finite and not absurd."""
    return price.is_finite() and ZERO < price < _LIMIT_BEYOND_SENSE and not price % tick


def _call_band(request: Request, phase: Phase) -> Band:
    """Return the prices a call takes: narrower than the day's on a day without limits.

    Raises:
        OutsideRulebook: They are not known.
    """
    facts, offer = request.facts, request.offer
    traded = offer.last_on == request.hours.day
    return order_band(
        facts.rules,
        facts.instrument,
        phase,
        prev_close=_reference(facts, offer) or offer.last_cny,
        last=offer.last_cny if traded else None,
    )


def _reference(facts: Facts, offer: Offer) -> Decimal | None:
    issue = facts.instrument.issue_price_cny
    return offer.prev_close_cny or (Decimal(issue) if issue is not None else None)
