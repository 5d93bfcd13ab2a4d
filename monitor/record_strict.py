"""A record held to the dated rules: every line they would have refused, and what it would have cost.

Every line is judged against the record's own cash and holdings before it, whether or not earlier
lines broke a rule. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

from monitor.foreign_record import Action, ForeignRecord, RecordLine
from monitor.record_actions import entitlements_of
from monitor.record_audit import Doubt, Findings, RecordAudit, Terms, finished, price_of
from monitor.record_prices import LabelledPrices
from services.domain.bars import Adjustment
from services.domain.fills import Fees
from services.domain.instruments import Instrument, Kind, Span, Symbol
from services.domain.orders import Rule, Side
from services.rules import (
    Commission,
    OutsideRulebook,
    Rules,
    default_kind,
    fees_of,
    lot_problem,
    price_band,
    rules_of,
    sellable_shares,
    settlement_days,
    st_daily_buy_cap,
)

_LONG_AGO = date(1990, 12, 19)
_ST_MARKS = ("ST", "*ST", "SST", "S*ST")

Refused = Iterator[tuple[Rule, str]]


@dataclass(slots=True)
class _Day:
    """What was bought and sold of each symbol so far on one day, and what was held before it."""

    day: date
    opening: dict[str, int]
    bought: dict[str, int] = field(default_factory=dict)
    sold: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trade:
    """One trade with everything it is judged by; `row` and `price` are None where there is no such bar."""

    line: RecordLine
    before: RecordLine
    day: _Day
    symbol: Symbol
    instrument: Instrument
    kind: Kind
    rules: Rules
    row: int | None
    price: Decimal | None

    @property
    def side(self) -> Side:
        """Which way the shares moved."""
        return Side.BUY if self.line.action is Action.BUY else Side.SELL

    @property
    def held(self) -> int:
        """The shares before the line, by the record."""
        return self.before.holdings.get(self.line.symbol, 0)


def audit_strict(record: ForeignRecord, prices: LabelledPrices, commission: Commission) -> RecordAudit:
    """Return every line that would have been refused, and fees, tax and ex-days it would have met."""
    findings = Findings()
    _general_doubts(prices, findings)
    day: _Day | None = None
    for before, line in pairwise(record.lines):
        if day is None or day.day != line.day:
            day = _Day(line.day, dict(before.holdings))
        if line.action.trades:
            _judge(before, line, day, prices, commission, findings)
            moved = day.bought if line.action is Action.BUY else day.sold
            moved[line.symbol] = moved.get(line.symbol, 0) + line.shares
    findings.entitlements = entitlements_of(record.lines, prices, findings)
    return finished(Terms.STRICT, record, prices, findings)


def _general_doubts(prices: LabelledPrices, findings: Findings) -> None:
    for doubt in (Doubt.BOOK, Doubt.ORDERS, Doubt.VOLUME, Doubt.CONTRACT):
        findings.doubt(doubt)
    if not prices.panel.instruments:
        findings.doubt(Doubt.FACTS)
    if prices.panel.prev_close is None:
        findings.doubt(Doubt.REFERENCE)
    if prices.panel.adjustment is not Adjustment.RAW:
        findings.doubt(Doubt.ADJUSTMENT)


def _judge(
    before: RecordLine,
    line: RecordLine,
    day: _Day,
    prices: LabelledPrices,
    commission: Commission,
    findings: Findings,
) -> None:
    symbol = prices.symbol(line.symbol)
    if symbol is None:
        findings.refuse(line, Rule.SYMBOL_UNKNOWN, "is not in the price file")
        return
    try:
        rules = rules_of(symbol, day.day)
    except OutsideRulebook as unknown:
        findings.doubt(Doubt.RULES_UNKNOWN, line.number)
        findings.refuse(line, Rule.RULES_UNKNOWN, str(unknown))
        return
    instrument = _instrument(symbol, prices)
    trade = _Trade(
        line=line,
        before=before,
        day=day,
        symbol=symbol,
        instrument=instrument,
        kind=instrument.kind or default_kind(rules.board),
        rules=rules,
        row=prices.row_of(line),
        price=price_of(prices, line),
    )
    fees = _fees(trade, commission, findings)
    for rule, reason in _refused(trade, prices, fees, findings):
        findings.refuse(line, rule, reason)


def _instrument(symbol: Symbol, prices: LabelledPrices) -> Instrument:
    """Return the declared facts, and what the name says; without either a stock counts as long listed."""
    name = prices.name(symbol)
    known = prices.panel.instruments.get(symbol) or Instrument(symbol=symbol, name=name)
    if known.st or not name.startswith(_ST_MARKS):
        return known
    return replace(known, st=(Span(since=_LONG_AGO),))


def _fees(trade: _Trade, commission: Commission, findings: Findings) -> Fees:
    """Return what the trade would have cost, and note it; nothing where that is not known."""
    if trade.price is None or trade.line.shares <= 0:
        return Fees()
    try:
        fees = fees_of(
            trade.rules,
            trade.kind,
            trade.side,
            trade.price * trade.line.shares,
            commission,
            shares=trade.line.shares,
        )
    except OutsideRulebook:
        findings.doubt(Doubt.RULES_UNKNOWN, trade.line.number)
        return Fees()
    findings.fees.append(fees)
    return fees


def _refused(trade: _Trade, prices: LabelledPrices, fees: Fees, findings: Findings) -> Refused:
    """Yield every rule the trade breaks, in order of precedence."""
    suspended = trade.row is not None and prices.suspended(trade.symbol, trade.row)
    if suspended:
        yield Rule.SUSPENDED, f"did not trade in the bar {trade.line.label}, in which others did"
    if trade.line.shares <= 0:
        yield Rule.SIZE, f"{trade.line.shares} shares is not a positive number"
        return
    yield from _wrong_size(trade)
    yield from _too_early(trade)
    if not suspended:
        yield from _at_the_limit(trade, prices, findings)
    yield from _over_the_cap(trade)
    yield from _without_cash(trade, fees)


def _wrong_size(trade: _Trade) -> Refused:
    shares = trade.line.shares
    if trade.side is Side.SELL and shares > trade.held:
        yield Rule.POSITION, f"asks {shares}, held {trade.held}"
    problem = lot_problem(trade.rules, trade.side, shares, trade.held)
    if problem is not None:
        yield Rule.ORDER_MAX if problem.over_max else Rule.BOARD_LOT, problem.detail


def _too_early(trade: _Trade) -> Refused:
    if trade.side is Side.BUY:
        return
    days = settlement_days(trade.kind, trade.rules.day, trade.rules.board)
    symbol = trade.line.symbol
    sellable = sellable_shares(
        days,
        opening=trade.day.opening.get(symbol, 0),
        bought_today=trade.day.bought.get(symbol, 0),
        sold_today=trade.day.sold.get(symbol, 0),
    )
    if sellable < trade.line.shares <= trade.held:
        yield Rule.T_PLUS_1, f"asks {trade.line.shares}, sellable {sellable}, held {trade.held}"


def _at_the_limit(trade: _Trade, prices: LabelledPrices, findings: Findings) -> Refused:
    """Yield a fill on the wrong side of a limit price, which nobody takes, or outside the limits."""
    line, number = trade.line, trade.line.number
    if trade.price is None or (trade.row is None and line.price is None):
        findings.doubt(Doubt.NO_BAR, number)
        return
    reference = None if trade.row is None else prices.prev_close(trade.symbol, trade.row)
    if reference is None:
        findings.doubt(Doubt.NO_REFERENCE, number)
        return
    try:
        band = price_band(trade.rules, reference, trade.instrument)
    except OutsideRulebook:
        findings.doubt(Doubt.RULES_UNKNOWN, number)
        return
    if band.limit_up is None or band.limit_down is None:
        return
    if not band.allows(trade.price):
        # A bar that traded outside the limits we compute shows that our reference is not the exchange's.
        findings.doubt(Doubt.OUTSIDE_BAND, number)
        return
    limit = band.limit_up if trade.side is Side.BUY else band.limit_down
    if trade.price == limit and not _may_have_waited(trade, prices):
        rule = Rule.LIMIT_UP if trade.side is Side.BUY else Rule.LIMIT_DOWN
        yield rule, f"{trade.side} at {trade.price}, the limit at which nobody took the other side"


def _may_have_waited(trade: _Trade, prices: LabelledPrices) -> bool:
    """Answer whether the fill could be of an order that waited at the limit until the bar left it.

    A record without prices of its own traded at the bar's open, so nothing waited.
    """
    price = trade.line.price
    if price is None or trade.row is None:
        return False
    low, high = prices.low(trade.symbol, trade.row), prices.high(trade.symbol, trade.row)
    if low is None or high is None:
        return False
    return low < price if trade.side is Side.BUY else high > price


def _over_the_cap(trade: _Trade) -> Refused:
    cap = st_daily_buy_cap(trade.rules, trade.instrument)
    if trade.side is Side.SELL or cap is None:
        return
    bought = trade.day.bought.get(trade.line.symbol, 0) + trade.line.shares
    if bought > cap:
        yield Rule.ST_DAILY_CAP, f"{bought} bought that day, at most {cap} of a risk-warned stock"


def _without_cash(trade: _Trade, fees: Fees) -> Refused:
    """Yield a buy that the cash before it does not pay with its fees: an order freezes both."""
    if trade.side is Side.SELL or trade.price is None:
        return
    needed = trade.price * trade.line.shares + fees.total
    if needed > trade.before.cash:
        yield Rule.CASH, f"needs {needed} with fees, has {trade.before.cash}"
