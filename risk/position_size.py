"""The most shares that a position may have by the configured way of sizing. Pure."""

from __future__ import annotations

from decimal import ROUND_DOWN, Context, Decimal

from risk.limits import Sizing, SizingMethod
from risk.measures import Measures
from services.domain.instruments import Symbol
from services.domain.value import Value

_EXACT = Context(prec=200, rounding=ROUND_DOWN)
"""Enough digits that no product here is rounded, and so no share is gained by rounding."""


class Unsized(Value, frozen=True, kw_only=True):
    """No size can be computed; `why` is a sentence that says what is missing."""

    why: str


def most_shares(
    symbol: Symbol,
    *,
    equity_cny: Decimal,
    price_cny: Decimal,
    sizing: Sizing,
    measures: Measures,
    scale: Decimal,
) -> int | Unsized:
    """Return the most shares a position of the symbol may have by a sizing rule, before lots.

    What is held already counts towards it. It is rounded down to whole shares and never negative.
    `scale`, the market state's, multiplies every bound. What one share may lose is

        volatility  one standard deviation of its returns, of the price
        ATR         `atr_multiple` average true ranges
        VaR         its loss at `confidence`, of the price

    and the position as many shares as lose `risk_ratio` of the equity, but no more than `ratio` of
    the equity buys. A share that lost nothing at that confidence is bound by `ratio` alone; one whose
    price did not move at all has no volatility or range to size by.

    Raises:
        ValueError: The mind alone says how large a buy is.
    """
    method = sizing.method
    if not (price_cny.is_finite() and price_cny > 0):
        return Unsized(why=f"{price_cny} is no price to size {symbol} at")
    capital = _EXACT.multiply(max(Decimal(0), equity_cny), scale)
    if method is SizingMethod.EQUAL_WEIGHT:
        return _shares(capital, _EXACT.multiply(Decimal(sizing.positions), price_cny))
    most = _shares(_EXACT.multiply(sizing.ratio, capital), price_cny)
    if method is SizingMethod.FIXED_RATIO:
        return most
    loss_cny = _loss_cny(symbol, method, price_cny, sizing, measures)
    if isinstance(loss_cny, Unsized):
        return loss_cny
    return min(most, _shares(_EXACT.multiply(sizing.risk_ratio, capital), loss_cny)) if loss_cny else most


def _loss_cny(
    symbol: Symbol, method: SizingMethod, price_cny: Decimal, sizing: Sizing, measures: Measures
) -> Decimal | Unsized:
    """Return what one share may lose by the method, in CNY."""
    match method:
        case SizingMethod.VOLATILITY:
            found, unit = measures.deviation(symbol, sizing.bars), price_cny
            name, moves = "volatility", True
        case SizingMethod.ATR:
            found, unit = measures.average_true_range_cny(symbol, sizing.bars), sizing.atr_multiple
            name, moves = "average true range", True
        case SizingMethod.VAR:
            found, unit = measures.quantile_loss(symbol, sizing.bars, sizing.confidence), price_cny
            name, moves = "value at risk", False
        case _:
            raise ValueError(f"{method} is no rule of how large a position may be")
    if found is None:
        return Unsized(why=f"the {name} of {symbol} over {sizing.bars} bars cannot be computed")
    if moves and not found:
        return Unsized(why=f"{symbol} did not move in {sizing.bars} bars: no {name} to size by")
    return _EXACT.multiply(found, unit)


def _shares(amount_cny: Decimal, share_cny: Decimal) -> int:
    return int(_EXACT.divide_int(amount_cny, share_cny))
