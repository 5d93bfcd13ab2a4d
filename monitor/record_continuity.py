"""Whether cash and shares follow from line to line, and what came that nobody can check. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from monitor.foreign_record import Action, RecordLine
from monitor.record_audit import CashMismatch, Doubt, Findings, PositionMismatch, Priced, Terms
from monitor.record_credits import Bookings
from services.domain.money import ZERO

_HALF_CENT = Decimal("0.005")


def note_jumps(
    lines: Sequence[RecordLine], priced: Priced, bookings: Bookings, findings: Findings, terms: Terms
) -> None:
    """Note where cash and shares do not follow from the line before; stated fees count under `strict`.

    A dividend or bonus shares must be what a declared ex-day brings. Where nothing is declared, and
    whatever an `adjust` brings, is noted as what cannot be verified.
    """
    for before, line in pairwise(lines):
        if line.after_gap:
            findings.doubt(Doubt.AFTER_GAP, line.number)
            continue
        findings.position_mismatches += _shares_that_jump(before, line, bookings)
        expected = _cash_after(before, line, priced, bookings, with_fees=terms is Terms.STRICT)
        if expected is not None and abs(expected - line.cash) >= _HALF_CENT:
            findings.cash_mismatches.append(
                CashMismatch(line=line.number, expected=expected, recorded=line.cash)
            )
        _note_unverified(before, line, bookings, findings)


def _cash_after(
    before: RecordLine, line: RecordLine, priced: Priced, bookings: Bookings, *, with_fees: bool
) -> Decimal | None:
    """Return the cash that follows, None where nobody can tell."""
    match line.action:
        case Action.DIVIDEND:
            due = bookings.due.get(line.number)
            return None if due is None else before.cash + due
        case Action.ADJUST:
            return before.cash + (line.cash_change or ZERO)
        case Action.BUY | Action.SELL:
            price = priced(line)
            fees = line.fees if with_fees and line.fees is not None else ZERO
            return None if price is None else before.cash - price * line.signed_shares - fees
        case _:
            return before.cash


def _shares_that_jump(before: RecordLine, line: RecordLine, bookings: Bookings) -> Iterator[PositionMismatch]:
    adjusted = line.symbol if line.action is Action.ADJUST else None
    for symbol in dict.fromkeys((*before.holdings, *line.holdings, *((line.symbol,) if line.symbol else ()))):
        held, recorded = before.holdings.get(symbol, 0), line.holdings.get(symbol, 0)
        expected = held + (line.signed_shares if symbol == line.symbol else 0)
        due = bookings.due.get(line.number) if line.action is Action.BONUS else None
        if symbol == line.symbol and due is not None and expected == recorded:
            expected = held + int(due)
        if symbol != adjusted and expected != recorded:
            yield PositionMismatch(line=line.number, symbol=symbol, expected=expected, recorded=recorded)


def _note_unverified(before: RecordLine, line: RecordLine, bookings: Bookings, findings: Findings) -> None:
    credited = line.action in (Action.DIVIDEND, Action.BONUS)
    if credited and line.number not in bookings.due:
        findings.doubt(Doubt.UNDECLARED, line.number)
    moved = line.holdings.get(line.symbol, 0) != before.holdings.get(line.symbol, 0)
    if line.action is Action.ADJUST and (moved or line.cash > before.cash):
        findings.doubt(Doubt.ADJUSTED, line.number)
