"""What an audit of anybody's record finds: the parts that do not depend on the rules it is held to. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from monitor.foreign_record import Damage, ForeignRecord, RecordLine
from monitor.record_prices import LabelledPrices
from services.domain.fills import Fees
from services.domain.instruments import Symbol
from services.domain.money import ZERO, to_cent
from services.domain.orders import Rule


class Terms(StrEnum):
    """The rules a record is held to."""

    LEGACY = "legacy"
    STRICT = "strict"


class Doubt(StrEnum):
    """What an audit cannot know."""

    BOOK = "book"
    ORDERS = "orders"
    VOLUME = "volume"
    FACTS = "facts"
    REFERENCE = "reference"
    ADJUSTMENT = "adjustment"
    CORPORATE_ACTIONS = "corporate_actions"
    NEW_SHARES = "new_shares"
    CONTRACT = "contract"
    NO_BAR = "no_bar"
    NO_REFERENCE = "no_reference"
    OUTSIDE_BAND = "outside_band"
    RULES_UNKNOWN = "rules_unknown"
    AFTER_GAP = "after_gap"
    NOT_VALUED = "not_valued"
    PRICE = "price"
    UNDECLARED = "undeclared"
    ADJUSTED = "adjusted"
    TAX_NOT_BOOKED = "tax_not_booked"


UNVERIFIED = frozenset({Doubt.NO_BAR, Doubt.AFTER_GAP, Doubt.PRICE, Doubt.UNDECLARED, Doubt.ADJUSTED})
"""Doubts about a line's own cash, shares or price: a record that has them is not found to be in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A line that would have been refused, by which rule, and why."""

    line: int
    rule: Rule
    symbol: str
    shares: int
    side: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CashMismatch:
    """Cash that does not follow from the line before."""

    line: int
    expected: Decimal
    recorded: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionMismatch:
    """Shares of one symbol that do not follow from the line before."""

    line: int
    symbol: str
    expected: int
    recorded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """What the record would have been credited on an ex-day, and the tax its later sales owe."""

    symbol: Symbol
    ex_date: date
    held: int
    cash: Decimal
    new_shares: int
    tax: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class Findings:
    """What the lines were found to be, as far as one has read; doubts by the lines they are about."""

    violations: list[Violation] = field(default_factory=list)
    cash_mismatches: list[CashMismatch] = field(default_factory=list)
    position_mismatches: list[PositionMismatch] = field(default_factory=list)
    fees: list[Fees] = field(default_factory=list)
    entitlements: tuple[Entitlement, ...] = ()
    doubts: dict[Doubt, list[int]] = field(default_factory=dict)

    def doubt(self, doubt: Doubt, line: int | None = None) -> None:
        """Note what cannot be known, of a line or of the whole record."""
        lines = self.doubts.setdefault(doubt, [])
        if line is not None and line not in lines:
            lines.append(line)

    def refuse(self, line: RecordLine, rule: Rule, reason: str) -> None:
        """Note that a rule would have refused a line."""
        self.violations.append(
            Violation(
                line=line.number,
                rule=rule,
                symbol=line.symbol,
                shares=line.shares,
                side=str(line.action),
                reason=reason,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAudit:
    """Everything an audit found. Money is CNY (US: USD); `equity` is by the bars' labels."""

    terms: Terms
    records: int
    trades: int
    damage: tuple[Damage, ...]
    cash_mismatches: tuple[CashMismatch, ...]
    position_mismatches: tuple[PositionMismatch, ...]
    violations: tuple[Violation, ...]
    doubts: Mapping[Doubt, tuple[int, ...]]
    initial_cash: Decimal
    final_cash: Decimal
    positions: Mapping[str, int]
    equity: Mapping[str, Decimal]
    turnover: Decimal
    fees: Fees
    entitlements: tuple[Entitlement, ...]
    return_gross: float | None
    return_net: float | None

    @property
    def refuted(self) -> bool:
        """Whether some line is damaged, does not follow or breaks a rule."""
        return bool(self.damage or self.cash_mismatches or self.position_mismatches or self.violations)

    @property
    def unverified(self) -> tuple[tuple[int, Doubt], ...]:
        """The lines whose cash, shares or price nothing here can confirm, ascending, and why."""
        return tuple(
            sorted((line, doubt) for doubt, of in self.doubts.items() if doubt in UNVERIFIED for line in of)
        )

    @property
    def clean(self) -> bool:
        """Whether nothing was found, and every line could be checked."""
        return not self.refuted and not self.unverified


Priced = Callable[[RecordLine], Decimal | None]
"""The price a line traded at, None where nobody knows."""


def priced_by(terms: Terms, prices: LabelledPrices) -> Priced:
    """Return how lines are priced: as they state, under `legacy` not even then, else at the bar's open."""

    def price(line: RecordLine) -> Decimal | None:
        legacy = terms is Terms.LEGACY
        if line.price is not None and not legacy:
            return line.price
        symbol, row = prices.symbol(line.symbol), prices.row(line.label) if legacy else prices.row_of(line)
        return None if symbol is None or row is None else prices.open(symbol, row)

    return price


def equity_of(lines: Sequence[RecordLine], prices: LabelledPrices, findings: Findings) -> dict[str, Decimal]:
    """Return cash and holdings valued at the end of each bar of the record's span, to the cent, by label.

    A bar at which something held has no price yet is left out.
    """
    reached = [prices.reached(line.label) for line in lines]
    first = max(0, reached[0])
    equity: dict[str, Decimal] = {}
    at = 0
    for row in range(first, max(reached) + 1):
        while at + 1 < len(lines) and reached[at + 1] <= row:
            at += 1
        value = _value(lines[at], row, prices)
        if value is None:
            findings.doubt(Doubt.NOT_VALUED, lines[at].number)
        else:
            equity[prices.label(row)] = to_cent(value)
    return equity


def _value(line: RecordLine, row: int, prices: LabelledPrices) -> Decimal | None:
    total = line.cash
    for written, shares in line.holdings.items():
        symbol = prices.symbol(written)
        price = None if symbol is None else prices.value(symbol, row)
        if price is None:
            return None
        total += price * shares
    return total


def finished(
    terms: Terms,
    record: ForeignRecord,
    prices: LabelledPrices,
    findings: Findings,
) -> RecordAudit:
    """Return the audit of a record whose lines have been judged."""
    lines, priced = record.lines, priced_by(terms, prices)
    equity = equity_of(lines, prices, findings)
    amounts = ((line.shares, priced(line)) for line in lines if line.action.trades)
    turnover = sum((price * shares for shares, price in amounts if price is not None), ZERO)
    gross, net = _returns(lines, equity, findings, prices, terms)
    return RecordAudit(
        terms=terms,
        records=record.records,
        trades=sum(line.action.trades for line in lines),
        damage=record.damage,
        cash_mismatches=tuple(findings.cash_mismatches),
        position_mismatches=tuple(findings.position_mismatches),
        violations=tuple(findings.violations),
        doubts={doubt: tuple(sorted(of)) for doubt, of in findings.doubts.items()},
        initial_cash=lines[0].cash,
        final_cash=lines[-1].cash,
        positions=lines[-1].holdings,
        equity=equity,
        turnover=turnover,
        fees=_sum(findings.fees),
        entitlements=findings.entitlements,
        return_gross=gross,
        return_net=net,
    )


def _sum(fees: Sequence[Fees]) -> Fees:
    lines = Fees.__dataclass_fields__
    return Fees(**{name: sum((getattr(one, name) for one in fees), ZERO) for name in lines})


def _returns(
    lines: Sequence[RecordLine],
    equity: Mapping[str, Decimal],
    findings: Findings,
    prices: LabelledPrices,
    terms: Terms,
) -> tuple[float | None, float | None]:
    """Return the return before and after costs and ex-days, None where the end cannot be valued.

    Fees that trades state are in the cash already: they are given back before ours are taken. The
    arena's terms know of none.
    """
    last = prices.panel.ends.shape[0] - 1
    opening = _value(lines[0], min(last, max(0, prices.reached(lines[0].label))), prices)
    if not equity or not opening or opening <= 0:
        return None, None
    paid = (line.fees for line in lines if line.action.trades and line.fees is not None)
    gross = list(equity.values())[-1] + (sum(paid, ZERO) if terms is Terms.STRICT else ZERO)
    net = gross - sum((one.total for one in findings.fees), ZERO)
    for one in findings.entitlements:
        price = prices.value(one.symbol, min(last, max(0, prices.reached(lines[-1].label)))) or ZERO
        net += one.cash - one.tax + one.new_shares * price
    return float(gross / opening - 1), float(net / opening - 1)
