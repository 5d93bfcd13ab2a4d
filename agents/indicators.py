"""Technical indicators of one symbol, of bars that have ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import numpy as np

from services.domain.bars import FloatArray, History
from services.domain.instruments import Symbol
from services.domain.value import Value

BARS = 250
"""How many bars are looked at by default: more would no longer move a smoothed value's sixth digit."""

NAMES = (
    "close",
    "sma_5",
    "sma_10",
    "sma_20",
    "sma_60",
    "ema_12",
    "ema_26",
    "rsi_14",
    "boll_upper",
    "boll_lower",
    "macd",
    "macd_signal",
    "macd_histogram",
    "atr_14",
    "momentum_20",
    "volatility_20",
    "volume_ratio_5",
)
"""What `indicators` returns, in this order."""


class Bars(Value, frozen=True):
    """One symbol's latest bars without a gap, oldest first, prices in the money of the last one."""

    close: FloatArray
    high: FloatArray
    low: FloatArray
    volume: FloatArray


def indicators(history: History, symbol: Symbol, bars: int = BARS) -> Mapping[str, float | None]:
    """Return every indicator of `NAMES` at the history's end, from the symbol's last `bars` bars at most.

    None where there are too few bars since the last gap, or nothing to compute from. A symbol that
    did not trade in the last bar, or has no column, has none of them.

    | name | what it is |
    | --- | --- |
    | `close` | the last close, CNY a share |
    | `sma_N` | mean of the last N closes, CNY |
    | `ema_N` | exponential mean, weight 2/(N+1), begun with the mean of the first N closes, CNY |
    | `rsi_14` | Wilder's relative strength, 0 to 100; None where no price moved |
    | `boll_upper`, `boll_lower` | `sma_20` and 2 population standard deviations to either side, CNY |
    | `macd` | DIF, the exponential mean of 12 less that of 26, CNY |
    | `macd_signal` | DEA, the exponential mean of 9 of it, CNY |
    | `macd_histogram` | the first less the second, CNY; many Chinese charts draw twice that |
    | `atr_14` | Wilder's average true range, CNY |
    | `momentum_20` | the last close by the one 20 bars before, less 1 |
    | `volatility_20` | sample standard deviation of the last 20 moves from close to close, a bar's ratio |
    | `volume_ratio_5` | the last volume by the mean of the 5 before it |

    Ex-days are taken out as far as the panel knows them: earlier prices are in the money of the
    last bar, as on a forward-adjusted chart drawn on that day.
    """
    window = bars_of(history, symbol, bars)
    if window is None:
        return dict.fromkeys(NAMES)
    found = {**_smoothed(window), **_counted(window)}
    return {name: _known(found[name]) for name in NAMES}


def bars_of(history: History, symbol: Symbol, bars: int = BARS) -> Bars | None:
    """Return the symbol's last bars, `bars` at most, back to the last one that is missing.

    None where the last one itself is missing or the panel has no column of that symbol.
    """
    panel, rows = history.panel, history.rows
    column = panel.column.get(symbol)
    if column is None or rows == 0:
        return None
    first = max(0, rows - bars)
    close, high, low = (part[first:rows, column] for part in (panel.close, panel.high, panel.low))
    columns = panel.moves.columns(column)
    steps = panel.moves.true_ranges(columns)[1][column - columns.start, first:rows]
    there = np.isfinite(close) & np.isfinite(high) & np.isfinite(low) & (low > 0) & (close > 0)
    # A bar whose money cannot be told from the one before may begin a series, not continue one.
    joined = there & np.isfinite(steps) & (steps > 0)
    breaks = np.flatnonzero(~joined)
    start = int(breaks[-1]) if len(breaks) else 0
    start += not there[start]
    if start == len(close):
        return None
    # What a CNY of each bar is in the last one's money: the product of all steps after it.
    factors = np.append(np.cumprod(steps[start + 1 :][::-1])[::-1], 1.0)
    return Bars(
        close=close[start:] * factors,
        high=high[start:] * factors,
        low=low[start:] * factors,
        volume=panel.volume[first + start : rows, column] / factors,
    )


def _smoothed(bars: Bars) -> dict[str, float]:
    """Return what the library computes, NaN where there are too few bars."""
    # The library takes pandas along where that is installed, so it is loaded for those who ask.
    import talib

    close = bars.close
    macd, signal, histogram = talib.MACD(close, fastperiod=12, slowperiod=26, signalperiod=9)
    upper, _, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)
    moved = bool((close != close[0]).any())
    return {
        "sma_5": _last(talib.SMA(close, timeperiod=5)),
        "sma_10": _last(talib.SMA(close, timeperiod=10)),
        "sma_20": _last(talib.SMA(close, timeperiod=20)),
        "sma_60": _last(talib.SMA(close, timeperiod=60)),
        "ema_12": _last(talib.EMA(close, timeperiod=12)),
        "ema_26": _last(talib.EMA(close, timeperiod=26)),
        # Without any move there is no strength to compare; the library would say 0, deeply oversold.
        "rsi_14": _last(talib.RSI(close, timeperiod=14)) if moved else float("nan"),
        "boll_upper": _last(upper),
        "boll_lower": _last(lower),
        "macd": _last(macd),
        "macd_signal": _last(signal),
        "macd_histogram": _last(histogram),
        "atr_14": _last(talib.ATR(bars.high, bars.low, close, timeperiod=14)),
    }


def _counted(bars: Bars) -> dict[str, float]:
    """Return what needs no smoothing, NaN where there are too few bars."""
    close, volume = bars.close, bars.volume
    found = {"close": float(close[-1])}
    nan = float("nan")
    enough = len(close) > 20
    found["momentum_20"] = float(close[-1] / close[-21] - 1.0) if enough else nan
    moves = close[-20:] / close[-21:-1] - 1.0 if enough else close[:0]
    found["volatility_20"] = float(np.std(moves, ddof=1)) if enough else nan
    usual = float(np.mean(volume[-6:-1])) if len(volume) > 5 else 0.0
    found["volume_ratio_5"] = float(volume[-1]) / usual if usual > 0 else nan
    return found


def _last(values: FloatArray) -> float:
    return float(values[-1])


def _known(value: float) -> float | None:
    return value if isfinite(value) else None
