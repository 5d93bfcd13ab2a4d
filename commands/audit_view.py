"""What an audit of a record found, as a person reads it and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

from commands.audit_wording import CATALOGUE
from commands.screen import Screen
from monitor.figures import money, percent
from monitor.plain_text import printable
from monitor.record_audit import RecordAudit, Terms
from monitor.wording import say, worded
from services.domain.fills import Fees
from services.domain.money import to_cent

_SHOWN_MAX = 20


def tell(key: str, lang: str, /, **values: object) -> str:
    """Return the wording of `key`, its placeholders filled.

    Raises:
        KeyError: No such key or language, or a placeholder without a value.
    """
    return worded(CATALOGUE, key, lang, values)


def as_json(found: RecordAudit, lang: str) -> dict[str, object]:
    """Return the audit as one JSON object; money is a number, exact to 0.01."""
    return {
        "rules": str(found.terms),
        "records": found.records,
        "trades": found.trades,
        "cash_mismatches": [
            {"line": one.line, "expected": _number(one.expected), "recorded": _number(one.recorded)}
            for one in found.cash_mismatches
        ],
        "position_mismatches": [
            {"line": one.line, "symbol": one.symbol, "expected": one.expected, "recorded": one.recorded}
            for one in found.position_mismatches
        ],
        "violations": [
            {
                "line": one.line,
                "rule": str(one.rule),
                "symbol": one.symbol,
                "shares": one.shares,
                "reason": one.reason,
                "side": one.side,
            }
            for one in found.violations
        ],
        "damage": [{"line": one.line, "problem": one.problem} for one in found.damage],
        "unverified": [{"line": line, "what": str(doubt)} for line, doubt in found.unverified],
        "cannot_know": [sentence for _, sentence in _doubts(found, lang)],
        "initial_cash": float(found.initial_cash),
        "final_cash": float(found.final_cash),
        "positions": dict(found.positions),
        "equity": {label: _number(value) for label, value in found.equity.items()},
        "turnover": _number(found.turnover),
        "fees": _number(found.fees.total),
        "fees_itemised": {one.name: _number(getattr(found.fees, one.name)) for one in fields(Fees)},
        "corporate_actions": [
            {
                "symbol": one.symbol,
                "ex_date": one.ex_date.isoformat(),
                "held": one.held,
                "cash": _number(one.cash),
                "new_shares": one.new_shares,
                "tax": _number(one.tax),
            }
            for one in found.entitlements
        ],
        "return_gross": found.return_gross,
        "return_net": found.return_net,
    }


def _number(amount: Decimal) -> float:
    return float(to_cent(amount))


def _doubts(found: RecordAudit, lang: str) -> Iterator[tuple[str, str]]:
    for doubt, lines in found.doubts.items():
        told = tell(f"doubt.{doubt}", lang)
        yield str(doubt), told + (tell("lines", lang, lines=_listed(lines)) if lines else "")


def _listed(lines: tuple[int, ...]) -> str:
    more = f", … ({len(lines)})" if len(lines) > _SHOWN_MAX else ""
    return ", ".join(map(str, lines[:_SHOWN_MAX])) + more


def show(found: RecordAudit, path: Path, screen: Screen) -> None:
    """Print the audit for a person."""
    if screen.as_json:
        return
    from rich.text import Text

    for line in _lines(found, path, screen.lang):
        screen.show(Text(printable(line)))


def _lines(found: RecordAudit, path: Path, lang: str) -> Iterator[str]:
    terms = tell(f"terms.{found.terms}", lang)
    yield tell("title", lang, path=path, records=found.records, trades=found.trades, terms=terms)
    yield tell("found" if found.refuted else "clean" if found.clean else "unverified", lang)
    for damage in found.damage:
        yield tell("damage", lang, line=damage.line, problem=damage.problem)
    for cash in found.cash_mismatches:
        expected, recorded = money(cash.expected), money(cash.recorded)
        yield tell("cash", lang, line=cash.line, expected=expected, recorded=recorded)
    for one in found.position_mismatches:
        yield tell(
            "position", lang, line=one.line, symbol=one.symbol, expected=one.expected, recorded=one.recorded
        )
    for refused in found.violations:
        yield tell(
            "violation",
            lang,
            line=refused.line,
            side=say(f"side.{refused.side}", lang),
            shares=refused.shares,
            symbol=refused.symbol,
            rule=say(f"rule.{refused.rule}", lang),
            reason=refused.reason,
        )
    for number, doubt in found.unverified:
        yield tell("unverified_line", lang, line=number, what=tell(f"doubt.{doubt}", lang))
    yield from _figures(found, lang)
    for _, sentence in _doubts(found, lang):
        yield tell("cannot_know", lang, what=sentence)


def _figures(found: RecordAudit, lang: str) -> Iterator[str]:
    held = ", ".join(f"{symbol} {shares}" for symbol, shares in found.positions.items()) or "–"
    yield tell("holds", lang, cash=money(found.final_cash), positions=held)
    equity = list(found.equity.values())
    yield tell(
        "figures",
        lang,
        equity=money(equity[-1]) if equity else "–",
        turnover=money(found.turnover),
        gross=percent(found.return_gross),
    )
    if found.terms is Terms.STRICT:
        yield tell("costs", lang, fees=money(found.fees.total), net=percent(found.return_net))
    for one in found.entitlements:
        yield tell(
            "ex_day",
            lang,
            symbol=one.symbol,
            day=one.ex_date,
            held=one.held,
            cash=money(one.cash),
            shares=one.new_shares,
            tax=money(one.tax),
        )
