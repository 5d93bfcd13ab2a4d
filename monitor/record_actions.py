"""What ex-days would have brought a record that does not book them, and the tax on it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from monitor.foreign_record import Action, RecordLine
from monitor.record_audit import Doubt, Entitlement, Findings
from monitor.record_credits import Bookings, ExDay
from monitor.record_prices import LabelledPrices
from services.brokers.dividend_dues import tax_on
from services.domain.bars import Adjustment
from services.domain.instruments import Symbol, facts_of
from services.domain.money import ZERO
from services.rules import OutsideRulebook, board_of, default_kind, dividend_credit, individuals_taxed

_PAR_CNY = Decimal("1.00")


class _Paid(NamedTuple):
    """What each share of a lot was given on an ex-day, as far as it is taxed.

    `entitlement` is the index of the entitlement that bears the tax, None where the record booked it.
    """

    ex_date: date
    taxable_per_share: Decimal
    entitlement: int | None


@dataclass(slots=True)
class _Lot:
    """Shares bought on one day, and what was distributed on them."""

    bought: date
    shares: int
    paid: list[_Paid] = field(default_factory=list)


def entitlements_of(
    lines: Sequence[RecordLine], prices: LabelledPrices, bookings: Bookings, findings: Findings
) -> tuple[Entitlement, ...]:
    """Return what each declared ex-day would have credited beyond what the record booked of it.

    None where the prices have their ex-days in them. Shares are sold first in, first out. New shares
    beyond those declared as bonus are taken as capitalisation, which is not taxed.
    """
    panel = prices.panel
    if panel.adjustment in (Adjustment.FORWARD, Adjustment.BACKWARD):
        return ()
    if not bookings.ex_days:
        findings.doubt(Doubt.CORPORATE_ACTIONS)
        return ()
    first, last = lines[0].day, lines[-1].day
    due = [one for one in bookings.ex_days if first < one.day <= last]
    return _Ledger(lines, due, prices, bookings, findings).after_all()


class _Ledger:
    """The lots of a record, day by day, and what they were credited."""

    def __init__(
        self,
        lines: Sequence[RecordLine],
        due: Sequence[ExDay],
        prices: LabelledPrices,
        bookings: Bookings,
        findings: Findings,
    ) -> None:
        self._lines, self._prices, self._booked, self._findings = lines, prices, bookings.booked, findings
        self._due = list(due)
        self._found: list[Entitlement] = []
        day = lines[0].day
        self._lots = {name: [_Lot(day, held)] for name, held in lines[0].holdings.items() if held > 0}
        self._taxes_taken = {
            line.symbol
            for line in lines
            if line.action is Action.ADJUST and line.cash_change is not None and line.cash_change < 0
        }

    def after_all(self) -> tuple[Entitlement, ...]:
        """Return what was credited by the end of the record."""
        for line in self._lines[1:]:
            self._credit(line)
            lots = self._lots.setdefault(line.symbol, [])
            if line.action is Action.BUY and line.shares > 0:
                lots.append(_Lot(line.day, line.shares))
            elif line.action is Action.BONUS and line.shares > 0:
                # New shares are as old as the oldest of those they came on.
                lots.append(_Lot(min((lot.bought for lot in lots), default=line.day), line.shares))
            elif line.action is Action.SELL:
                self._sell(line, lots)
        return tuple(self._found)

    def _credit(self, line: RecordLine) -> None:
        while self._due and self._due[0].day <= line.day:
            one = self._due.pop(0)
            held = [
                lot
                for name, lots in self._lots.items()
                if self._prices.symbol(name) == one.symbol
                for lot in lots
            ]
            shares = sum(lot.shares for lot in held)
            if shares:
                self._pay(one, held, shares, line)

    def _pay(self, one: ExDay, held: Sequence[_Lot], shares: int, line: RecordLine) -> None:
        """Let the lots have an ex-day: what of it the record did not book becomes an entitlement."""
        missing = [action for action in (Action.DIVIDEND, Action.BONUS) if not self._has_booked(one, action)]
        taxed = self._taxed(one.symbol, one.day, line)
        for action, taxable in ((Action.DIVIDEND, one.cash), (Action.BONUS, one.bonus * _PAR_CNY)):
            if taxed and taxable:
                paid = _Paid(one.day, taxable, len(self._found) if action in missing else None)
                for lot in held:
                    lot.paid.append(paid)
        if not missing:
            return
        if taxed and one.shares and not one.bonus:
            self._findings.doubt(Doubt.NEW_SHARES)
        self._found.append(
            Entitlement(
                symbol=one.symbol,
                ex_date=one.day,
                held=shares,
                cash=dividend_credit(shares, one.cash) if Action.DIVIDEND in missing else ZERO,
                new_shares=int(shares * one.shares) if Action.BONUS in missing else 0,
            )
        )

    def _has_booked(self, one: ExDay, action: Action) -> bool:
        return not one.per_share(action) or (one.symbol, one.day, action) in self._booked

    def _taxed(self, symbol: Symbol, day: date, line: RecordLine) -> bool:
        """Answer whether an individual owes tax on what the symbol distributes."""
        known = self._prices.panel.instruments.get(symbol)
        instrument = facts_of(symbol, self._prices.name(symbol), known)
        try:
            board = board_of(symbol, day)
        except OutsideRulebook:
            self._findings.doubt(Doubt.RULES_UNKNOWN, line.number)
            return False
        return individuals_taxed(board, instrument.kind or default_kind(board))

    def _sell(self, line: RecordLine, lots: list[_Lot]) -> None:
        left = line.shares
        while lots and left > 0:
            sold = min(left, lots[0].shares)
            for paid in lots[0].paid:
                self._tax(lots[0].bought, sold, paid, line)
            lots[0].shares -= sold
            left -= sold
            if not lots[0].shares:
                lots.pop(0)

    def _tax(self, bought: date, shares: int, paid: _Paid, line: RecordLine) -> None:
        """Add the tax of shares sold to what brought it; where the record booked that, see it took that."""
        tax = tax_on(
            shares,
            bought,
            # A record whose dates go back is damaged; its sale counts as of the day of the purchase.
            sold_on=max(line.day, bought),
            ex_date=paid.ex_date,
            taxable_per_share=paid.taxable_per_share,
        )
        if tax is None:
            self._findings.doubt(Doubt.RULES_UNKNOWN, line.number)
        elif paid.entitlement is not None:
            entitlement = self._found[paid.entitlement]
            self._found[paid.entitlement] = replace(entitlement, tax=entitlement.tax + tax.tax_cny)
        elif tax.tax_cny and line.symbol not in self._taxes_taken:
            self._findings.doubt(Doubt.TAX_NOT_BOOKED, line.number)
