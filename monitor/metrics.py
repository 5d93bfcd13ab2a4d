"""What a row of account values says about a strategy. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np

from services.domain.bars import FloatArray
from services.domain.value import Value

TRADING_DAYS_A_YEAR = 252


class Metrics(Value, frozen=True, kw_only=True):
    """Ratios of an equity curve; None where a ratio is not defined, never NaN.

    `total_return`, `annual_return`, `volatility` and `max_drawdown` are fractions (0.05 is 5%);
    `max_drawdown` is 0 or negative. `volatility`, `sharpe` (risk-free rate 0) and `sortino` are a
    year's, with the sample deviation. `win_rate` is the share of periods that gained, flat ones
    counting as not won. `drawdowns` has one entry per value given, 0 or negative.
    """

    periods: int
    total_return: float | None = None
    annual_return: float | None = None
    volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    calmar: float | None = None
    max_drawdown: float | None = None
    win_rate: float | None = None
    drawdowns: tuple[float, ...] = ()


def metrics_of(
    equity: Sequence[tuple[date, Decimal]], periods_per_year: int = TRADING_DAYS_A_YEAR
) -> Metrics:
    """Return the metrics of account values in CNY, oldest first, the opening value included.

    The definitions are those of `empyrical`, on the simple returns between neighbouring values.
    With fewer than two values, or a value that is not positive before the last, only `drawdowns`
    is given.

    Raises:
        ValueError: A value is not finite.
    """
    values = np.array([float(value) for _, value in equity], dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("an account value is not a finite number")
    if len(values) < 2 or (values[:-1] <= 0).any():
        return Metrics(periods=0, drawdowns=tuple(0.0 for _ in values))
    returns = values[1:] / values[:-1] - 1.0
    below = drawdowns_of(values)
    deepest = float(below.min())
    yearly = _annual_return(values, periods_per_year)
    return Metrics(
        periods=len(returns),
        total_return=float(values[-1] / values[0] - 1.0),
        annual_return=yearly,
        volatility=_volatility(returns, periods_per_year),
        sharpe=_sharpe(returns, periods_per_year),
        sortino=_sortino(returns, periods_per_year),
        calmar=None if yearly is None or deepest == 0.0 else yearly / -deepest,
        max_drawdown=deepest,
        win_rate=float((returns > 0).mean()),
        drawdowns=tuple(float(one) for one in below),
    )


def drawdowns_of(values: FloatArray) -> FloatArray:
    """Return how far each value lies below the highest so far, as a fraction, 0 or negative."""
    peaks = np.maximum.accumulate(values)
    below: FloatArray = values / peaks - 1.0
    return below


def _annual_return(values: FloatArray, periods_per_year: int) -> float | None:
    growth = float(values[-1] / values[0])
    if growth < 0:
        return None
    years = (len(values) - 1) / periods_per_year
    try:
        return float(growth ** (1.0 / years) - 1.0)
    except OverflowError:
        # A jump in a few periods, carried on for a year, can leave the range of a float.
        return None


def _volatility(returns: FloatArray, periods_per_year: int) -> float | None:
    if len(returns) < 2:
        return None
    return float(returns.std(ddof=1) * np.sqrt(periods_per_year))


def _sharpe(returns: FloatArray, periods_per_year: int) -> float | None:
    if len(returns) < 2:
        return None
    deviation = float(returns.std(ddof=1))
    # Equal returns leave a deviation of rounding errors; a ratio over those would be a huge nonsense.
    if deviation <= 1e-12:
        return None
    return float(returns.mean() / deviation * np.sqrt(periods_per_year))


def _sortino(returns: FloatArray, periods_per_year: int) -> float | None:
    if len(returns) < 2:
        return None
    downside = float(np.sqrt((np.minimum(returns, 0.0) ** 2).mean()))
    if downside <= 1e-12:
        return None
    return float(returns.mean() / downside * np.sqrt(periods_per_year))
