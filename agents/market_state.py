"""How the watched market stands as a whole: today, and over its last ended bars. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.domain.bars import FloatArray, History
from services.domain.decision import Briefing
from services.domain.instruments import Symbol

TREND_BARS = 20
_SHORT_BARS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketState:
    """The symbols of the watchlist, equally weighted; ratios, None where they cannot be computed.

    `change` is from the previous close to the last price. `change_5`, `change_20` and `volatility`
    (sample standard deviation of one bar) are of the mean move of each ended bar, ex-days taken out.
    """

    up: int
    down: int
    flat: int
    unpriced: int
    change: float | None
    change_5: float | None
    change_20: float | None
    volatility: float | None


def market_state(briefing: Briefing) -> MarketState:
    """Return the state of the market that the briefing's prices and ended bars show."""
    changes: list[float] = []
    for symbol in briefing.watchlist:
        quote, prev = briefing.snapshot.get(symbol), briefing.snapshot.prev_close(symbol)
        if quote is not None and prev is not None and not quote.suspended:
            changes.append(float(quote.last_cny / prev - 1))
    up, down = sum(one > 0 for one in changes), sum(one < 0 for one in changes)
    moves = _mean_moves(briefing)
    return MarketState(
        up=up,
        down=down,
        flat=len(changes) - up - down,
        unpriced=len(briefing.watchlist) - len(changes),
        change=float(np.mean(changes)) if changes else None,
        change_5=_change(moves, _SHORT_BARS),
        change_20=_change(moves, TREND_BARS),
        volatility=float(np.std(moves, ddof=1)) if len(moves) == TREND_BARS else None,
    )


def _mean_moves(briefing: Briefing) -> FloatArray:
    """Return the mean move of each of the last bars back to one without any, oldest first."""
    history = briefing.history
    rows = [] if history is None else [row for one in briefing.watchlist if (row := _moves(history, one))]
    if not rows:
        return np.empty(0)
    table = np.array(rows)
    known = np.isfinite(table)
    counts = known.sum(axis=0)
    gaps = np.flatnonzero(counts == 0)
    first = int(gaps[-1]) + 1 if len(gaps) else 0
    sums = np.where(known, table, 0.0).sum(axis=0)
    found: FloatArray = sums[first:] / counts[first:]
    return found


def _moves(history: History, symbol: Symbol) -> list[float]:
    column = history.panel.column.get(symbol)
    if column is None or history.rows == 0:
        return []
    columns = history.panel.moves.columns(column)
    growth = history.panel.moves.growth(columns)[column - columns.start]
    window = growth[max(0, history.rows - TREND_BARS) : history.rows]
    moves: list[float] = (window - 1).tolist()
    return moves


def _change(moves: FloatArray, bars: int) -> float | None:
    return float(np.prod(1 + moves[-bars:]) - 1) if len(moves) >= bars else None
