"""The price cage as the simulated exchange applies it: inside, outside, or parked. Pure."""

from __future__ import annotations

from decimal import Decimal

from services.brokers.market_view import Offer
from services.domain.money import ceil_to_tick, floor_to_tick
from services.domain.orders import OrderKind, OrderTerms, Side
from services.domain.value import Value
from services.rules import Cage, Phase, Rules, cage_bound

_ONE = Decimal(1)
_BUY, _LIMIT, _CONTINUOUS = Side.BUY, OrderKind.LIMIT, Phase.CONTINUOUS


class Caged(Value, frozen=True, kw_only=True):
    """What the cage says of a limit order: whether it is inside, and the worst price it may have.

    `bound_cny` is None where there is no cage, or a limit inside one. `approximate` marks a bound reckoned
    from trades, because no book is known.
    """

    inside: bool = True
    bound_cny: Decimal | None = None
    approximate: bool = False


NO_CAGE = Caged()
_INSIDE_BY_BOOK, _INSIDE_BY_TRADES = NO_CAGE, Caged(approximate=True)


def caged(terms: OrderTerms, rules: Rules, phase: Phase, offer: Offer) -> Caged:
    """Return what the cage says of an order that arrives in `phase` at what is offered.

    It holds limit orders of continuous trading. A stop is a limit order once the market trades at
    its trigger or through it, so the trigger is the last trade it is held against.

    Raises:
        OutsideRulebook: The board has a cage and no reference is known.
    """
    if rules.cage is None or phase is not _CONTINUOUS or (terms.kind is not _LIMIT and terms.kind.market):
        return NO_CAGE
    if terms.stop_cny is not None:
        return _held_against(_bound_after(rules, terms.side, terms.stop_cny), terms, approximate=True)
    bids, asks = offer.bids, offer.asks
    bound = cage_bound(
        rules,
        terms.side,
        best_ask=asks[0].price_cny if asks else None,
        best_bid=bids[0].price_cny if bids else None,
        last=offer.last_cny if offer.last_on == rules.day else None,
        prev_close=offer.prev_close_cny,
    )
    return _held_against(bound, terms, approximate=bids is None or asks is None)


def parked_until(rules: Rules, cage: Cage, side: Side, limit_cny: Decimal) -> Decimal:
    """Return the nearest last trade at which `limit_cny`, on the tick, is inside the cage: on the tick too.

    A buy that is too dear comes inside when the market has risen to it, a sell that is too cheap when
    the market has fallen to it.
    """
    tick = rules.tick
    if side is _BUY:
        # Two ticks below is outside whichever way the bound is rounded.
        price = max(tick, floor_to_tick(limit_cny / (_ONE + cage.ratio), tick) - 2 * tick)
        step = tick
    else:
        price = ceil_to_tick(limit_cny / (_ONE - cage.ratio), tick) + 2 * tick
        step = -tick
    while not _inside(_bound_after(rules, side, price), side, limit_cny):
        price += step
    return price


def _held_against(bound_cny: Decimal | None, terms: OrderTerms, *, approximate: bool) -> Caged:
    """Return how the order's limit stands to a bound."""
    if _inside(bound_cny, terms.side, terms.limit_cny):
        return _INSIDE_BY_TRADES if approximate else _INSIDE_BY_BOOK
    return Caged(inside=False, bound_cny=bound_cny, approximate=approximate)


def _bound_after(rules: Rules, side: Side, last_cny: Decimal) -> Decimal | None:
    """Return the cage's bound where a trade at `last_cny` is all that is known."""
    return cage_bound(rules, side, best_ask=None, best_bid=None, last=last_cny, prev_close=None)


def _inside(bound_cny: Decimal | None, side: Side, limit_cny: Decimal) -> bool:
    """Answer whether the limit is inside: not above the bound of a buy, not below that of a sell."""
    if bound_cny is None:
        return True
    return limit_cny <= bound_cny if side is _BUY else limit_cny >= bound_cny
