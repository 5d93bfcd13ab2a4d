"""The risk section of the report as HTML. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.figures import UNDEFINED, percent, plain
from monitor.halts import halt_line
from monitor.report_tables import ROWS_MAX, cell, number, older, pairs, table, text
from monitor.risk_report import RiskReport
from monitor.risk_use import HaltSpan, bound
from monitor.wording import say


def risk_section(risk: RiskReport, lang: str) -> str:
    """Return the use of the limits, what was changed and stopped, and what to do."""
    parts = (_suggestions(risk, lang), _limits(risk, lang), pairs(_figures(risk, lang)), _halts(risk, lang))
    return "".join(parts)


def _suggestions(risk: RiskReport, lang: str) -> str:
    items = "".join(f"<li>{text(one.words(lang))}</li>" for one in risk.advice)
    return f"<h3>{text(say('risk.suggestions', lang))}</h3><ul>{items}</ul>" if items else ""


def _limits(risk: RiskReport, lang: str) -> str:
    if not risk.limits:
        return ""
    rows = []
    for row in risk.limits:
        most = row.most
        cells = (
            cell(f"{most.key} ({most.subject})" if most.subject else most.key),
            number(plain(most.used)),
            number(bound(most)),
            number(percent(float(most.ratio))),
            cell(row.slot),
            number(f"{plain(row.last.used)} / {bound(row.last)}"),
            number(str(row.near)),
        )
        rows.append("".join(cells))
    heads = ("limit", "most#", "allowed#", "ratio#", "when", "last#", "near#")
    return table(tuple(f"risk.{head}" for head in heads), rows, lang)


def _figures(risk: RiskReport, lang: str) -> Iterator[tuple[str, str]]:
    for key, loss in (("risk.drawdown", risk.drawdown), ("risk.daily_loss", risk.daily_loss)):
        yield say(key, lang), UNDEFINED if loss is None else percent(float(loss))
    yield say("risk.asked", lang), str(risk.asked)
    for use in risk.traffic:
        yield say(f"risk.traffic.per_{use.span}", lang), use.words(lang)
    for rule, count in risk.changes.items():
        yield f"{say('risk.changed', lang)}: {say(f'rule.{rule}', lang)} ({rule})", str(count)
    if risk.shadow_orders:
        yield say("risk.shadow", lang), str(risk.shadow_orders)
    for one in risk.armed:
        name = f"{say('risk.armed', lang)}: {one.symbol} ({say(f'rule.{one.rule}', lang)})"
        yield name, f"{one.shares:,}"


def _halts(risk: RiskReport, lang: str) -> str:
    if not risk.halts:
        return ""
    rows = []
    for span in reversed(risk.halts[-ROWS_MAX:]):
        since, what = f"{span.since:%Y-%m-%d %H:%M}", halt_line(span.halt, lang)
        rows.append("".join((cell(since), cell(what), cell(_end(span, lang)))))
    title = f"<h3>{text(say('risk.halts', lang))}</h3>"
    heads = ("time", "reason", "risk.halt.end")
    return title + older(len(risk.halts), lang) + table(heads, rows, lang)


def _end(span: HaltSpan, lang: str) -> str:
    if span.lifted is None:
        return say("risk.halt.in_force", lang)
    by = f" ({span.lifted_by})" if span.lifted_by else ""
    return f"{span.lifted:%Y-%m-%d %H:%M} {span.lift_why}{by}"
