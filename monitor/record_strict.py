"""A record held to the dated rules: every line they would have refused, and what it would have cost.

Every line is judged against the record's own cash and holdings before it, whether or not earlier
lines broke a rule. Pure.
"""

from __future__ import annotations

from itertools import pairwise

from monitor.foreign_record import ForeignRecord, RecordLine
from monitor.record_actions import entitlements_of
from monitor.record_audit import Doubt, Findings, Priced, RecordAudit, Terms, finished, priced_by
from monitor.record_continuity import note_jumps
from monitor.record_credits import bookings_of
from monitor.record_price_checks import price_problems
from monitor.record_prices import LabelledPrices
from monitor.record_trade import NO_SLIPPAGE, Day, Order, Refused, Slippage, Trade, orders_of
from services.domain.bars import Adjustment
from services.domain.fills import Fees
from services.domain.instruments import facts_of
from services.domain.orders import Rule, Side
from services.rules import (
    Commission,
    OutsideRulebook,
    default_kind,
    fees_of,
    lot_problem,
    rules_of,
    sellable_shares,
    settlement_days,
    st_daily_buy_cap,
)


def audit_strict(
    record: ForeignRecord,
    prices: LabelledPrices,
    commission: Commission,
    slippage: Slippage = NO_SLIPPAGE,
) -> RecordAudit:
    """Return every line that would have been refused, and fees, tax and ex-days it would have met.

    `slippage` is that of the simulated exchange the record may be of: its fills may be worse than
    their bar by as much.
    """
    findings, priced = Findings(), priced_by(Terms.STRICT, prices)
    orders = orders_of(record.lines)
    _general_doubts(prices, findings)
    day: Day | None = None
    for before, line in pairwise(record.lines):
        if day is None or day.day != line.day:
            day = Day(line.day, dict(before.holdings))
        if line.action.trades:
            trade = _trade(before, line, day, orders[line.number], prices, priced, findings)
            if trade is not None:
                _judge(trade, prices, commission, slippage, findings)
        day.add(before, line)
    bookings = bookings_of(record.lines, prices)
    note_jumps(record.lines, priced, bookings, findings, Terms.STRICT)
    findings.entitlements = entitlements_of(record.lines, prices, bookings, findings)
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


def _trade(
    before: RecordLine,
    line: RecordLine,
    day: Day,
    order: Order,
    prices: LabelledPrices,
    priced: Priced,
    findings: Findings,
) -> Trade | None:
    """Return the trade with what it is judged by, None where no rule is known of it, which is noted."""
    symbol = prices.symbol(line.symbol)
    if symbol is None:
        findings.refuse(line, Rule.SYMBOL_UNKNOWN, "is not in the price file")
        return None
    try:
        rules = rules_of(symbol, day.day)
    except OutsideRulebook as unknown:
        findings.doubt(Doubt.RULES_UNKNOWN, line.number)
        findings.refuse(line, Rule.RULES_UNKNOWN, str(unknown))
        return None
    instrument = facts_of(symbol, prices.name(symbol), prices.panel.instruments.get(symbol))
    return Trade(
        line=line,
        before=before,
        day=day,
        order=order,
        symbol=symbol,
        instrument=instrument,
        kind=instrument.kind or default_kind(rules.board),
        rules=rules,
        bars=prices.bars_of(line),
        price=priced(line),
    )


def _judge(
    trade: Trade, prices: LabelledPrices, commission: Commission, slippage: Slippage, findings: Findings
) -> None:
    fees = _fees(trade, commission, findings)
    for rule, reason in _refused(trade, prices, fees, slippage, findings):
        findings.refuse(trade.line, rule, reason)


def _fees(trade: Trade, commission: Commission, findings: Findings) -> Fees:
    """Return what the trade would have cost, and note it; nothing where that is not known."""
    if trade.price is None or trade.line.shares <= 0:
        return Fees()
    order, amount = trade.order, trade.price * trade.line.shares
    try:
        fees = fees_of(
            trade.rules,
            trade.kind,
            trade.side,
            amount,
            commission,
            commission_paid=order.commission,
            amount_before=order.amount,
            shares=trade.line.shares,
        )
    except OutsideRulebook:
        findings.doubt(Doubt.RULES_UNKNOWN, trade.line.number)
        return Fees()
    order.add(amount, fees)
    findings.fees.append(fees)
    return fees


def _refused(
    trade: Trade, prices: LabelledPrices, fees: Fees, slippage: Slippage, findings: Findings
) -> Refused:
    """Yield every rule the trade breaks, in order of precedence."""
    suspended = bool(trade.bars) and all(prices.suspended(trade.symbol, row) for row in trade.bars)
    if suspended:
        yield Rule.SUSPENDED, f"did not trade in the bar {trade.line.label}, in which others did"
    if trade.line.shares <= 0:
        yield Rule.SIZE, f"{trade.line.shares} shares is not a positive number"
        return
    yield from _wrong_size(trade)
    yield from _too_early(trade)
    if not suspended:
        yield from price_problems(trade, prices, slippage, findings)
    yield from _over_the_cap(trade)
    yield from _without_cash(trade, fees)


def _wrong_size(trade: Trade) -> Refused:
    """Yield what is wrong with the size: of the whole order, once its last fill is told."""
    shares, order = trade.line.shares, trade.order
    if trade.side is Side.SELL and shares > trade.held:
        yield Rule.POSITION, f"asks {shares}, held {trade.held}"
    if trade.line.number != order.last:
        return
    problem = lot_problem(trade.rules, trade.side, order.shares, order.held)
    if problem is not None:
        yield Rule.ORDER_MAX if problem.over_max else Rule.BOARD_LOT, problem.detail


def _too_early(trade: Trade) -> Refused:
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


def _over_the_cap(trade: Trade) -> Refused:
    cap = st_daily_buy_cap(trade.rules, trade.instrument)
    if trade.side is Side.SELL or cap is None:
        return
    bought = trade.day.bought.get(trade.line.symbol, 0) + trade.line.shares
    if bought > cap:
        yield Rule.ST_DAILY_CAP, f"{bought} bought that day, at most {cap} of a risk-warned stock"


def _without_cash(trade: Trade, fees: Fees) -> Refused:
    """Yield a buy that the cash before it does not pay with its fees: an order freezes both."""
    if trade.side is Side.SELL or trade.price is None:
        return
    needed = trade.price * trade.line.shares + fees.total
    if needed > trade.before.cash:
        yield Rule.CASH, f"needs {needed} with fees, has {trade.before.cash}"
