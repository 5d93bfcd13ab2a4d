"""The limit of an order: the one asked for, or one that trades at once, inside every bound. Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

from risk.candidate import Candidate, Rejected
from risk.limits import BP, Desk
from services.domain.money import ZERO, to_tick
from services.domain.orders import Rule
from services.rules import Phase, after_hours_price, cage_bound

_AFTER_HOURS = Phase.AFTER_HOURS


def limit_of(candidate: Candidate, desk: Desk) -> Decimal:
    """Return the order's limit on the tick, inside the day's limits and the price cage.

    Raises:
        Rejected: TICK, PRICE_LIMIT, LIMIT_UP, LIMIT_DOWN, CAGE, PRICE_BAND, DRIFT or QUOTE_MISSING.
    """
    quote, band, hours = candidate.quote, candidate.band, candidate.hours
    asked = candidate.intent.limit_cny
    limit = _marketable(candidate, desk) if asked is None else _on_tick(asked, candidate)
    if not band.allows(limit):
        raise Rejected(Rule.PRICE_LIMIT, f"{limit} is outside {band.limit_down} to {band.limit_up}")
    if hours.phase is _AFTER_HOURS:
        _check_close(limit, candidate)
    side = quote.asks if candidate.buys else quote.bids
    if not (side or (side is None and quote.approximate) or hours.in_call):
        _check_sealed(candidate, "sealed" if side == () else "no book is known")
    if hours.caged and asked is not None:
        _check_cage(limit, candidate)
    believed, last = desk.limits.believed, quote.last_cny
    if believed is not None and not last * believed[0] <= limit <= last * believed[1]:
        # It is further from the last price than the account allows: a slip of the finger.
        most = desk.limits.caps.price_band_bp
        raise Rejected(Rule.PRICE_BAND, f"{limit} is more than {most} bp away from the last price {last}")
    if candidate.later:
        _check_drift(candidate, desk)
    return limit


def _cage(candidate: Candidate) -> Decimal | None:
    quote = candidate.quote
    return cage_bound(
        candidate.rules,
        candidate.side,
        best_ask=quote.asks[0].price_cny if quote.asks else None,
        best_bid=quote.bids[0].price_cny if quote.bids else None,
        last=quote.last_cny,
        prev_close=quote.prev_close_cny,
    )


def _check_cage(limit: Decimal, candidate: Candidate) -> None:
    """Refuse a limit beyond the price cage."""
    cage = _cage(candidate)
    if cage is not None and ((limit > cage) if candidate.buys else (limit < cage)):
        raise Rejected(Rule.CAGE, f"{limit} is beyond the price cage at {cage}")


def _marketable(candidate: Candidate, desk: Desk) -> Decimal:
    """Return the quote moved by `marketable_bp`, no further than cage and daily limit, on the tick.

    After hours there is one price, the close. Where no book is known the cage is around the last price as
    well, and what lies nearer to it is not held against it.
    """
    quote, hours, band, tick = candidate.quote, candidate.hours, candidate.band, candidate.rules.tick
    last, (lower, upper) = quote.last_cny, desk.limits.marketable
    cage = _cage(candidate) if hours.caged and (quote.asks or quote.bids or not hours.made_inside) else None
    if hours.phase is _AFTER_HOURS:
        limit = to_tick(last, tick)
    elif candidate.buys:
        limit = last * upper
        if cage is not None and cage < limit:
            limit = cage
        if band.limit_up is not None and band.limit_up < limit:
            limit = band.limit_up
        limit = limit.quantize(tick, ROUND_FLOOR)
    else:
        limit = last * lower
        if cage is not None and cage > limit:
            limit = cage
        if band.limit_down is not None and band.limit_down > limit:
            limit = band.limit_down
        limit = limit.quantize(tick, ROUND_CEILING)
    if limit <= ZERO:
        raise Rejected(Rule.TICK, f"{last} is less than the tick of {tick}")
    return limit


def _on_tick(asked: Decimal, candidate: Candidate) -> Decimal:
    """Return the limit asked for, written with the decimals of the tick."""
    tick = candidate.rules.tick
    try:
        limit = to_tick(asked, tick)
    except InvalidOperation:
        limit = None
    if limit is None or not limit.is_finite() or limit <= 0 or limit != asked:
        raise Rejected(Rule.TICK, f"{asked} is not a price on the tick of {tick}")
    return limit


def _check_close(limit: Decimal, candidate: Candidate) -> None:
    """Refuse what cannot trade at the close, the one price after hours."""
    close = to_tick(candidate.quote.last_cny, candidate.rules.tick)
    if after_hours_price(candidate.side, limit, close) is None:
        raise Rejected(Rule.PRICE_LIMIT, f"after hours trades at the close {close}, limit {limit}")


def _check_sealed(candidate: Candidate, known: str) -> None:
    """Refuse to buy at a limit-up nobody sells at, and to sell at a limit-down nobody buys at.

    On bars the exchange decides, and in a call the side may still come. A vendor's quote without that side
    of the book cannot say that somebody is there.
    """
    quote, band = candidate.quote, candidate.band
    if candidate.buys:
        if band.limit_up is not None and quote.last_cny >= band.limit_up:
            raise Rejected(Rule.LIMIT_UP, f"{known} at the upper limit {band.limit_up}: nobody sells")
    elif band.limit_down is not None and quote.last_cny <= band.limit_down:
        raise Rejected(Rule.LIMIT_DOWN, f"{known} at the lower limit {band.limit_down}: nobody buys")


def _check_drift(candidate: Candidate, desk: Desk) -> None:
    """Refuse where the price ran away while the mind was thinking."""
    before, now = desk.first.get(candidate.intent.symbol), candidate.quote.last_cny
    if before is None:
        raise Rejected(Rule.QUOTE_MISSING, f"{candidate.intent.symbol} had no quote when the mind was asked")
    drift_bp = abs(now / before.last_cny - 1) * BP
    if drift_bp > desk.limits.drift_bp_max:
        raise Rejected(
            Rule.DRIFT,
            f"moved {drift_bp:.0f} bp from {before.last_cny} to {now} since the mind was asked, "
            f"at most {desk.limits.drift_bp_max} are allowed",
        )
