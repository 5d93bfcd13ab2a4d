"""A record held to the arena's terms: the labelled bar's open, no fees, lots of 100. Pure."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from monitor.foreign_record import Action, ForeignRecord, RecordLine
from monitor.record_audit import Findings, RecordAudit, Terms, finished, priced_by
from monitor.record_continuity import note_jumps
from monitor.record_credits import bookings_of
from monitor.record_prices import LabelledPrices
from services.domain.instruments import Market
from services.domain.orders import Rule

_LOT = 100


def audit_legacy(record: ForeignRecord, prices: LabelledPrices) -> RecordAudit:
    """Return what does not follow, and what even the arena would have refused."""
    findings, priced = Findings(), priced_by(Terms.LEGACY, prices)
    for before, line in pairwise(record.lines):
        if line.action.trades:
            _judge(before, line, priced(line), prices, findings)
    note_jumps(record.lines, priced, bookings_of(record.lines, prices), findings, Terms.LEGACY)
    return finished(Terms.LEGACY, record, prices, findings)


def _judge(
    before: RecordLine, line: RecordLine, price: Decimal | None, prices: LabelledPrices, findings: Findings
) -> None:
    symbol = prices.symbol(line.symbol)
    if symbol is None:
        findings.refuse(line, Rule.SYMBOL_UNKNOWN, "is not in the price file")
    if symbol is not None and price is None:
        findings.refuse(line, Rule.QUOTE_MISSING, f"has no bar labelled {line.label}")
    if price is not None and line.price is not None and line.price != price:
        findings.refuse(line, Rule.QUOTE_DISAGREES, f"states {line.price}, the bar opened at {price}")
    lot = _LOT if prices.market is Market.CN else 1
    if line.shares < 0:
        findings.refuse(line, Rule.SIZE, f"{line.shares} shares is a negative number")
    elif line.shares % lot:
        findings.refuse(line, Rule.BOARD_LOT, f"{line.shares} shares is not a multiple of {lot}")
    held = before.holdings.get(line.symbol, 0)
    if line.action is Action.SELL and line.shares > held:
        findings.refuse(line, Rule.POSITION, f"asks {line.shares}, held {held}")
    if line.action is Action.BUY and price is not None and price * line.shares > before.cash:
        findings.refuse(line, Rule.CASH, f"needs {price * line.shares}, has {before.cash}")
