"""What ex-days would have brought a record that does not know of them, and the tax on it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from monitor.foreign_record import Action, RecordLine
from monitor.record_audit import Doubt, Entitlement, Findings
from monitor.record_prices import LabelledPrices
from services.domain.bars import Adjustment, CorporateAction
from services.domain.money import ZERO
from services.rules import dividend_credit, dividend_tax

_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Lot:
    """Shares bought on one day, and what was distributed on them, by the index of its ex-day."""

    bought: date
    shares: int
    paid: list[tuple[int, CorporateAction]] = field(default_factory=list)


def entitlements_of(
    lines: Sequence[RecordLine], prices: LabelledPrices, findings: Findings
) -> tuple[Entitlement, ...]:
    """Return what each declared ex-day would have credited, none where prices or record have it already.

    Shares are sold first in, first out. New shares beyond those declared as bonus
    are taken as capitalisation, which is not taxed.
    """
    panel = prices.panel
    booked = any(line.action in (Action.DIVIDEND, Action.BONUS) for line in lines)
    if booked or panel.adjustment in (Adjustment.FORWARD, Adjustment.BACKWARD):
        return ()
    if not panel.actions:
        findings.doubt(Doubt.CORPORATE_ACTIONS)
        return ()
    first, last = lines[0].day, lines[-1].day
    due = sorted((one for one in panel.actions if first < one.ex_date <= last), key=lambda one: one.ex_date)
    return _Ledger(lines[0], due, prices, findings).after(lines[1:])


class _Ledger:
    """The lots of a record, day by day, and what they were credited."""

    def __init__(
        self,
        opening: RecordLine,
        due: Sequence[CorporateAction],
        prices: LabelledPrices,
        findings: Findings,
    ) -> None:
        self._prices, self._findings = prices, findings
        self._due = list(due)
        self._found: list[Entitlement] = []
        day = opening.day
        self._lots = {name: [_Lot(day, held)] for name, held in opening.holdings.items() if held > 0}

    def after(self, lines: Sequence[RecordLine]) -> tuple[Entitlement, ...]:
        for line in lines:
            self._credit(line.day)
            if line.action is Action.BUY and line.shares > 0:
                self._lots.setdefault(line.symbol, []).append(_Lot(line.day, line.shares))
            elif line.action is Action.SELL:
                self._sell(line)
        return tuple(self._found)

    def _credit(self, until: date) -> None:
        while self._due and self._due[0].ex_date <= until:
            action = self._due.pop(0)
            held = [
                lot
                for name, lots in self._lots.items()
                if self._prices.symbol(name) == action.symbol
                for lot in lots
            ]
            shares = sum(lot.shares for lot in held)
            if not shares:
                continue
            for lot in held:
                lot.paid.append((len(self._found), action))
            if action.shares_per_share and not action.bonus_per_share:
                self._findings.doubt(Doubt.NEW_SHARES)
            self._found.append(
                Entitlement(
                    symbol=action.symbol,
                    ex_date=action.ex_date,
                    held=shares,
                    cash=dividend_credit(shares, action.cash_per_share),
                    new_shares=int(shares * action.shares_per_share),
                )
            )

    def _sell(self, line: RecordLine) -> None:
        lots, left = self._lots.get(line.symbol, []), line.shares
        while lots and left > 0:
            sold = min(left, lots[0].shares)
            for index, action in lots[0].paid:
                self._found[index] = self._taxed(index, lots[0].bought, line.day, sold, action)
            lots[0].shares -= sold
            left -= sold
            if not lots[0].shares:
                lots.pop(0)

    def _taxed(
        self, index: int, bought: date, sold: date, shares: int, action: CorporateAction
    ) -> Entitlement:
        entitlement = self._found[index]
        tax = dividend_tax(
            bought=bought,
            # A record whose dates go back is damaged; its sale counts as of the day of the purchase.
            sold=max(sold, bought),
            record_date=entitlement.ex_date - _DAY,
            shares=shares,
            cash_per_share=action.cash_per_share,
            bonus_per_share=action.bonus_per_share,
        )
        return replace(entitlement, tax=entitlement.tax + (tax.tax_cny or ZERO))
