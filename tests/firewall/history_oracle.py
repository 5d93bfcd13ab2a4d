"""What bars say of risk, computed a second time with plain Python: for the judge of the account alone.

Figures of `risk` are rounded to six decimals; what is only that far over a bound is no finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import floor, isnan, prod, sqrt
from statistics import correlation, fmean, stdev

from risk.limits import Desk, SizingMethod
from services.domain.instruments import Symbol
from services.domain.orders import OrderTerms

_CLOSE = 1e-5


def _bars(desk: Desk, symbol: Symbol, bars: int, field: str = "close") -> list[float] | None:
    """Return the last prices of a symbol, one more than `bars`; None where any is missing."""
    history = desk.history
    if history is None or history.rows <= bars or symbol not in history.symbols:
        return None
    column = history.symbols.index(symbol)
    whole = getattr(history.panel, field)[: history.rows, column].tolist()
    closes = history.panel.close[history.rows - bars - 1 : history.rows, column].tolist()
    if any(isnan(price) or price <= 0 for price in closes):
        return None
    return list(whole[-bars - 1 :])


def _returns(desk: Desk, symbol: Symbol, bars: int) -> list[float] | None:
    closes = _bars(desk, symbol, bars)
    return None if closes is None else [after / before - 1 for before, after in pairwise(closes)]


def scale(desk: Desk) -> Fraction:
    """Return what the market's state leaves of every ratio; the most it may be where it hangs by a hair."""
    state = desk.limits.state
    if not state.active:
        return Fraction(1)
    down, wild = Fraction(state.in_downtrend), Fraction(state.when_volatile)
    bars = max(state.trend_bars, state.volatility_bars)
    symbols = [Symbol(state.symbol)] if state.symbol else sorted(desk.watchlist)
    known = [found for one in symbols if (found := _returns(desk, one, bars)) is not None]
    if not known or 2 * len(known) < len(symbols):
        return down * wild
    market = [fmean(column) for column in zip(*known, strict=True)]
    levels = [prod(1 + one for one in market[-state.trend_bars :][: n + 1]) for n in range(state.trend_bars)]
    falling = levels[-1] < fmean(levels) - 1e-9
    lately, usually = stdev(market[-state.volatility_bars :]), stdev(market[-state.trend_bars :])
    volatile = lately > usually * float(state.volatile_multiple) + 1e-9
    return (down if falling else Fraction(1)) * (wild if volatile else Fraction(1))


def too_large(desk: Desk, terms: OrderTerms, shares: int, base: Fraction) -> Iterator[str]:
    """Yield where a buy builds a larger position than the configured sizing lets it."""
    sizing, limit = desk.limits.sizing, Fraction(terms.limit_cny)
    if sizing.method is SizingMethod.MODEL:
        return
    capital = max(Fraction(0), base)
    if sizing.method is SizingMethod.EQUAL_WEIGHT:
        most = floor(capital / sizing.positions / limit)
    else:
        most = floor(Fraction(sizing.ratio) * capital / limit)
    loss = _loss(desk, terms.symbol, float(limit))
    by_loss = sizing.method in (SizingMethod.VOLATILITY, SizingMethod.ATR, SizingMethod.VAR)
    if by_loss and loss is None:
        yield f"{terms.symbol} was sized by bars that are not there"
    elif loss:
        most = min(most, floor(float(sizing.risk_ratio) * float(capital) / loss * (1 + _CLOSE)))
    if shares > most:
        yield f"{terms.symbol}: {shares} shares held, {sizing.method} lets it have {most}"


def _loss(desk: Desk, symbol: Symbol, price: float) -> float | None:
    """Return what one share may lose; None where it cannot be told, and for methods that do not ask."""
    sizing = desk.limits.sizing
    returns = _returns(desk, symbol, sizing.bars)
    if returns is None:
        return None
    if sizing.method is SizingMethod.VOLATILITY:
        return max(0.0, stdev(returns) - 1e-6) * price
    if sizing.method is SizingMethod.ATR:
        return max(0.0, _true_range(desk, symbol, sizing.bars) - 1e-6) * float(sizing.atr_multiple)
    if sizing.method is SizingMethod.VAR:
        return max(0.0, _quantile(returns, float(sizing.confidence)) - 1e-6) * price
    return None


def _true_range(desk: Desk, symbol: Symbol, bars: int) -> float:
    highs, lows, closes = (_bars(desk, symbol, bars, field) or [] for field in ("high", "low", "close"))
    ranges = [
        max(high, before) - min(low, before)
        for high, low, before in zip(highs[1:], lows[1:], closes, strict=False)
    ]
    return fmean(ranges)


def _quantile(results: Sequence[float], confidence: float) -> float:
    """Return the loss at the place that leaves `confidence` of the results better, 0 for a gain."""
    place = floor((1 - confidence) * (len(results) - 1) + 1e-9)
    return max(0.0, -sorted(results)[place])


def too_risky(
    desk: Desk, bought: Sequence[Symbol], values: Mapping[Symbol, Fraction], base: Fraction
) -> Iterator[str]:
    """Yield where buys correlate with what is held beyond the bound, or put too much at risk."""
    bounds = desk.limits.portfolio
    if bounds.correlation_max is not None:
        for symbol in bought:
            for other in values:
                if other != symbol and not _apart(desk, symbol, other):
                    yield f"{symbol} correlates with {other} above {bounds.correlation_max}, or unknown"
    if bounds.var_ratio_max is not None:
        loss = _portfolio_loss(desk, values)
        if loss is None:
            yield "a value at risk that is not known"
        elif loss > float(Fraction(bounds.var_ratio_max) * base) * (1 + _CLOSE) + _CLOSE:
            yield f"{loss} CNY at risk, at most {bounds.var_ratio_max} of {float(base)}"


def _apart(desk: Desk, one: Symbol, other: Symbol) -> bool:
    bounds = desk.limits.portfolio
    mine, theirs = (_returns(desk, symbol, bounds.correlation_bars) for symbol in (one, other))
    if mine is None or theirs is None or _still(mine) or _still(theirs):
        return False
    return correlation(mine, theirs) <= float(bounds.correlation_max or 0) + _CLOSE


def _still(returns: Sequence[float]) -> bool:
    mean = fmean(returns)
    return sqrt(sum((one - mean) ** 2 for one in returns)) < 1e-12


def _portfolio_loss(desk: Desk, values: Mapping[Symbol, Fraction]) -> float | None:
    bounds = desk.limits.portfolio
    held = {symbol: float(value) for symbol, value in values.items() if value}
    results: list[float] = []
    columns = {symbol: _returns(desk, symbol, bounds.var_bars) for symbol in held}
    if any(column is None for column in columns.values()):
        return None
    for start in range(bounds.var_bars - bounds.var_horizon_bars + 1):
        gain = 0.0
        for symbol, value in held.items():
            run = (columns[symbol] or [])[start : start + bounds.var_horizon_bars]
            gain += value * (prod(1 + one for one in run) - 1)
        results.append(gain)
    return _quantile(results, float(bounds.var_confidence))
