"""The price cage as the simulated exchange applies it: inside, outside, or parked. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from services.brokers.market_view import Offer
from services.domain.money import ceil_to_tick, floor_to_tick
from services.domain.orders import OrderTerms, Side
from services.rules import Cage, Phase, Rules, cage_bound

_ONE = Decimal(1)


class Caged(NamedTuple):
    """What the cage says of a limit order: the worst price it may have, None where there is no cage.

    `approximate` marks a bound reckoned from trades, because no book is known.
    """

    bound_cny: Decimal | None = None
    approximate: bool = False

    def allows(self, side: Side, limit_cny: Decimal) -> bool:
        """Answer whether the limit is inside: not above the bound of a buy, not below that of a sell."""
        bound = self.bound_cny
        if bound is None:
            return True
        return limit_cny <= bound if side is Side.BUY else limit_cny >= bound


_NO_CAGE = Caged()


def caged(terms: OrderTerms, rules: Rules, phase: Phase, offer: Offer) -> Caged:
    """Return what the cage says of an order that arrives in `phase` at what is offered.

    It holds limit orders of continuous trading. A stop is a limit order once the market trades at
    its trigger or through it, so the trigger is the last trade it is held against.

    Raises:
        OutsideRulebook: The board has a cage and no reference is known.
    """
    if rules.cage is None or terms.kind.market or phase is not Phase.CONTINUOUS:
        return _NO_CAGE
    if terms.stop_cny is not None:
        return _after_trade(rules, terms.side, terms.stop_cny)
    bound = cage_bound(
        rules,
        terms.side,
        best_ask=offer.asks[0].price_cny if offer.asks else None,
        best_bid=offer.bids[0].price_cny if offer.bids else None,
        last=offer.last_cny if offer.last_on == rules.day else None,
        prev_close=offer.prev_close_cny,
    )
    return Caged(bound, approximate=offer.bids is None or offer.asks is None)


def parked_until(rules: Rules, cage: Cage, side: Side, limit_cny: Decimal) -> Decimal:
    """Return the nearest last trade at which `limit_cny`, on the tick, is inside the cage: on the tick too.

    A buy that is too dear comes inside when the market has risen to it, a sell that is too cheap when
    the market has fallen to it.
    """
    tick = rules.tick
    if side is Side.BUY:
        # Two ticks below is outside whichever way the bound is rounded.
        price = max(tick, floor_to_tick(limit_cny / (_ONE + cage.ratio), tick) - 2 * tick)
        step = tick
    else:
        price = ceil_to_tick(limit_cny / (_ONE - cage.ratio), tick) + 2 * tick
        step = -tick
    while not _after_trade(rules, side, price).allows(side, limit_cny):
        price += step
    return price


def _after_trade(rules: Rules, side: Side, last_cny: Decimal) -> Caged:
    """Return the cage where a trade at `last_cny` is all that is known."""
    bound = cage_bound(rules, side, best_ask=None, best_bid=None, last=last_cny, prev_close=None)
    return Caged(bound, approximate=True)
