"""What the report draws, as plain JSON values for plotly.js. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from math import isfinite
from zoneinfo import ZoneInfo

import numpy as np

from monitor.equity import EquityPoint
from monitor.json_value import Json
from monitor.metrics import Metrics
from monitor.plain_text import printable
from monitor.summary import name_of
from monitor.trail import Trade, Trail
from monitor.wording import say
from services.domain.bars import FloatArray, Panel
from services.domain.instruments import Market, Symbol
from services.domain.orders import Side
from services.slots import ZONES

CANDLES_MAX = 40_000
"""Above this many candles in all the price charts draw closes alone, to keep the page small."""

CONTEXT_BARS = 20
"""Bars before the first session that a price chart shows."""

ACCOUNT, BASKET, BELOW, INVESTED = "#1f5fbf", "#98a2b3", "#c2410c", "#0f766e"
UP, DOWN = "#d23f31", "#138a5b"


def curves(points: Sequence[EquityPoint], metrics: Metrics, zone: ZoneInfo, lang: str) -> list[Json]:
    """Return the traces of equity and benchmark, of drawdown, and of exposure, one below the other.

    The drawdown is that of end-of-day equity, as in the metrics.
    """
    moments = [_stamp(point.moment, zone) for point in points]
    traces: list[Json] = [
        _line(
            moments, [float(point.equity_cny) for point in points], say("report.account_line", lang), ACCOUNT
        )
    ]
    basket = [point.benchmark_cny for point in points if point.benchmark_cny is not None]
    if len(basket) == len(points):
        traces.append(
            _line(moments, [round(one, 2) for one in basket], say("report.benchmark", lang), BASKET)
        )
    last = {point.day: _stamp(point.moment, zone) for point in points}
    below = [round(one, 6) for one in metrics.drawdowns]
    days = ([moments[0], *last.values()] if moments else [])[: len(below)]
    traces.append(_area(days, below, say("report.drawdown", lang), BELOW, "y2", step=False))
    held = [None if point.exposure is None else round(point.exposure, 6) for point in points]
    traces.append(_area(moments, held, say("report.exposure", lang), INVESTED, "y3", step=True))
    return traces


def price_charts(trail: Trail, panel: Panel | None, zone: ZoneInfo) -> dict[str, Json]:
    """Return, for every symbol traded, its bars and its buys and sells, placed on the bars.

    `times` are the bars' ends in the market's zone; `low` is the first bar of the period. A symbol
    without bars has its trades alone.
    """
    traded: dict[Symbol, list[Trade]] = {}
    for trade in trail.trades:
        traded.setdefault(trade.fill.symbol, []).append(trade)
    first, last = _rows(trail, panel)
    times: list[Json] = []
    if panel is not None:
        times = [_stamp(datetime.fromtimestamp(int(end), UTC), zone) for end in panel.ends[first:last]]
    candles = (last - first) * len(traded) <= CANDLES_MAX
    charts: dict[str, Json] = {}
    for symbol, trades in traded.items():
        charts[symbol] = {
            "title": escape(printable(f"{symbol} {name_of(symbol, panel)}".strip())),
            **_bars(panel, symbol, first, last, candles),
            "buys": _spots(trades, Side.BUY, panel, first, last, zone),
            "sells": _spots(trades, Side.SELL, panel, first, last, zone),
        }
    return {"times": times, "symbols": charts}


def zone_of(market: str) -> ZoneInfo:
    """Return the time zone a market's moments are shown in; the mainland's where it is not known."""
    return ZONES[Market(market)] if market in set(Market) else ZONES[Market.CN]


def _stamp(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _line(x: Sequence[Json], y: Sequence[Json], name: str, colour: str) -> dict[str, Json]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "name": name,
        "line": {"color": colour, "width": 2},
        "hovertemplate": "%{y:,.2f}",
    }


def _area(
    x: Sequence[Json], y: Sequence[Json], name: str, colour: str, axis: str, *, step: bool
) -> dict[str, Json]:
    return {
        **_line(x, y, name, colour),
        "line": {"color": colour, "width": 1.2, "shape": "hv" if step else "linear"},
        "fill": "tozeroy",
        "fillcolor": f"{colour}26",
        "yaxis": axis,
        "showlegend": False,
        "hovertemplate": "%{y:.2%}",
    }


def _rows(trail: Trail, panel: Panel | None) -> tuple[int, int]:
    """Return the panel's rows that the period covers, with some bars before it."""
    if panel is None or not trail.marks:
        return 0, 0
    first = int(np.searchsorted(panel.days, trail.marks[0].day.toordinal(), side="left"))
    last = int(np.searchsorted(panel.days, trail.marks[-1].day.toordinal(), side="right"))
    return max(0, first - CONTEXT_BARS), last


def _bars(panel: Panel | None, symbol: Symbol, first: int, last: int, candles: bool) -> Mapping[str, Json]:
    column = panel.column.get(symbol) if panel is not None else None
    if panel is None or column is None:
        return {}
    closes = _column(panel.close, column, first, last)
    if not candles:
        return {"close": closes}
    return {
        "open": _column(panel.open, column, first, last),
        "high": _column(panel.high, column, first, last),
        "low": _column(panel.low, column, first, last),
        "close": closes,
    }


def _column(prices: FloatArray, column: int, first: int, last: int) -> list[Json]:
    return [price if isfinite(price) else None for price in prices[first:last, column].tolist()]


def _spots(
    trades: Sequence[Trade], side: Side, panel: Panel | None, first: int, last: int, zone: ZoneInfo
) -> dict[str, Json]:
    """Return where trades of one side stand: the bar's label, the price, and shares for the hover."""
    chosen = [trade.fill for trade in trades if trade.fill.side is side]
    labels: list[Json] = []
    for fill in chosen:
        moment = fill.traded_at
        if panel is not None and last > first:
            # The bar in progress when it traded; after the last bar of a day, that last bar.
            day_end = int(np.searchsorted(panel.days, fill.trade_date.toordinal(), side="right"))
            row = min(panel.ended(moment), day_end - 1, last - 1)
            moment = datetime.fromtimestamp(int(panel.ends[max(row, first)]), UTC)
        labels.append(_stamp(moment, zone))
    return {
        "x": labels,
        "y": [float(fill.price_cny) for fill in chosen],
        "shares": [fill.shares for fill in chosen],
        "at": [_stamp(fill.traded_at, zone) for fill in chosen],
    }
