"""Whether a record's trade could be had at its price: in its bar, within the day's limits. Pure."""

from __future__ import annotations

from decimal import Decimal

from monitor.record_audit import Doubt, Findings
from monitor.record_prices import LabelledPrices
from monitor.record_trade import Refused, Slippage, Trade
from services.domain.orders import Rule, Side
from services.rules import Band, OutsideRulebook, price_band


def price_problems(trade: Trade, prices: LabelledPrices, slippage: Slippage, findings: Findings) -> Refused:
    """Yield why nobody could have traded at the price: off the bar, outside the limits, or sealed there.

    What cannot be told is noted as a doubt.
    """
    if trade.price is None or not trade.bars:
        findings.doubt(Doubt.NO_BAR, trade.line.number)
        return
    traded = _traded_there(trade, trade.price, prices, slippage)
    if traded is False:
        ranges = ", ".join(f"{low}..{high}" for low, high in _ranges(trade, prices))
        yield Rule.QUOTE_DISAGREES, f"states {trade.price}, the bar traded at {ranges}"
        return
    if traded is None:
        findings.doubt(Doubt.PRICE, trade.line.number)
    band = _band(trade, prices, findings)
    if band is None or band.limit_up is None or band.limit_down is None:
        return
    if not band.allows(trade.price):
        if traded is None:
            yield Rule.PRICE_LIMIT, f"states {trade.price}, limits {band.limit_down}..{band.limit_up}"
        else:
            # A bar that traded outside the limits we compute shows that our reference is not the exchange's.
            findings.doubt(Doubt.OUTSIDE_BAND, trade.line.number)
        return
    limit = band.limit_up if trade.side is Side.BUY else band.limit_down
    if trade.price == limit and not _may_have_waited(trade, prices):
        rule = Rule.LIMIT_UP if trade.side is Side.BUY else Rule.LIMIT_DOWN
        yield rule, f"{trade.side} at {trade.price}, the limit at which nobody took the other side"


def _traded_there(trade: Trade, price: Decimal, prices: LabelledPrices, slippage: Slippage) -> bool | None:
    """Answer whether a bar traded at the price, None where neither its open nor its range tells."""
    if trade.line.price is None or any(prices.open(trade.symbol, row) == price for row in trade.bars):
        return True
    ranges = [slippage.reach(trade.side, *one, trade.rules.tick) for one in _ranges(trade, prices)]
    return any(low <= price <= high for low, high in ranges) if ranges else None


def _ranges(trade: Trade, prices: LabelledPrices) -> list[tuple[Decimal, Decimal]]:
    both = ((prices.low(trade.symbol, row), prices.high(trade.symbol, row)) for row in trade.bars)
    return [(low, high) for low, high in both if low is not None and high is not None]


def _band(trade: Trade, prices: LabelledPrices, findings: Findings) -> Band | None:
    """Return the day's limits, None where they are not known."""
    reference = prices.prev_close(trade.symbol, trade.bars[0])
    if reference is None:
        findings.doubt(Doubt.NO_REFERENCE, trade.line.number)
        return None
    try:
        return price_band(trade.rules, reference, trade.instrument)
    except OutsideRulebook:
        findings.doubt(Doubt.RULES_UNKNOWN, trade.line.number)
        return None


def _may_have_waited(trade: Trade, prices: LabelledPrices) -> bool:
    """Answer whether the fill could be of an order that waited at the limit until the bar left it.

    A record without prices of its own traded at the bar's open, so nothing waited.
    """
    price = trade.line.price
    if price is None:
        return False
    return any(
        low < price if trade.side is Side.BUY else high > price for low, high in _ranges(trade, prices)
    )
