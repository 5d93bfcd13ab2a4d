"""The risk report as the terminal shows it; imported by what prints alone, for rich costs time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from monitor.figures import percent, plain, price
from monitor.halts import halt_line
from monitor.order_traffic import Standing
from monitor.plain_text import printable
from monitor.risk_report import LimitRow, RiskReport
from monitor.risk_use import HaltSpan, Use, bound, uses_of
from monitor.wording import say
from services.domain.record import SessionRecord

ROWS_MAX = 8
"""The limits and the halts that the screen shows: the most used, the newest; the report has them all."""

_TRAFFIC_STYLES: Mapping[Standing, str] = {
    Standing.NEAR: "yellow",
    Standing.OVER: "bold red",
    Standing.UNKNOWN: "yellow",
}


def risk_parts(risk: RiskReport, lang: str) -> Iterator[RenderableType]:
    """Yield the tables and lines of an account's risk; nothing where there is nothing to tell."""
    if risk.limits:
        yield _limits(risk.limits, lang)
    for line in count_lines(risk, lang):
        yield Text(printable(line))
    for use in risk.traffic:
        line = f"{say(f'risk.traffic.per_{use.span}', lang)}  {use.words(lang)}"
        yield Text(line, style=_TRAFFIC_STYLES.get(use.standing, ""))
    for span in risk.halts[-ROWS_MAX:]:
        yield Text(halt_span_line(span, lang), style="bold red" if span.lifted is None else "red")
    for one in risk.armed:
        held = f"{one.symbol} {one.shares}: {say(f'rule.{one.rule}', lang)}"
        yield Text(f"{say('risk.armed', lang)}  {printable(held)}", style="yellow")
    for advice in risk.advice:
        yield Text(f"→ {printable(advice.words(lang))}", style="yellow")


def count_lines(risk: RiskReport, lang: str) -> Iterator[str]:
    """Yield what was changed and what was not sent, each on a line where there is any."""
    if risk.changes:
        yield f"{say('risk.changed', lang)}  {_by_rule(risk.changes, lang)}"
    if risk.shadow_orders:
        yield f"{say('risk.shadow', lang)}  {risk.shadow_orders}"


def halt_span_line(span: HaltSpan, lang: str) -> str:
    """Return a halt on one line: what, why, from when and to when."""
    since, what = f"{span.since:%Y-%m-%d %H:%M}", halt_line(span.halt, lang)
    if span.lifted is None:
        return f"{say('risk.halts', lang)}  {what}  {say('risk.halt.since', lang, since=since)}"
    why = printable(f"{span.lift_why} ({span.lifted_by})" if span.lifted_by else span.lift_why)
    lifted = say("risk.halt.until", lang, since=since, lifted=f"{span.lifted:%Y-%m-%d %H:%M}", why=why)
    return f"{say('risk.halts', lang)}  {what}  {lifted}"


def shadow_lines(record: SessionRecord, lang: str) -> Iterator[str]:
    """Yield the orders that passed and were not sent."""
    for verdicts in record.verdicts:
        for terms in verdicts.shadow:
            size = f"{terms.symbol} {terms.shares} @ {price(terms.limit_cny)}"
            why = f" · {terms.why}" if terms.why else ""
            yield f"◌ {say(f'side.{terms.side}', lang)} {size}: {say('risk.shadow.mark', lang)}{why}"


def changed_lines(record: SessionRecord, lang: str) -> Iterator[str]:
    """Yield the sizes that were made smaller, with the rule and the sentence."""
    for one in dict.fromkeys(one for verdicts in record.verdicts for one in verdicts.changed):
        size = say("risk.changed.order", lang, asked=one.asked, shares=one.shares)
        rule = f"[{one.rule}] {say(f'rule.{one.rule}', lang)}"
        yield f"{say(f'side.{one.side}', lang)} {one.symbol} {size}: {rule}: {one.reason}"


def limit_lines(record: SessionRecord, lang: str) -> Iterator[str]:
    """Yield the most that the session's orders use of each limit, were they all filled."""
    most: dict[str, Use] = {}
    for use in (one for verdicts in record.verdicts for one in uses_of(verdicts.used)):
        what = f"{use.key} {use.subject}".strip()
        most[what] = max(most.get(what, use), use, key=lambda one: one.ratio)
    for what, use in most.items():
        yield f"{what}: {plain(use.used)} / {bound(use)} ({percent(float(use.ratio))})"


def _limits(rows: tuple[LimitRow, ...], lang: str) -> Table:
    table = Table(title=say("risk.limits", lang), title_justify="left", box=None, pad_edge=False)
    table.add_column(say("risk.limit", lang))
    for key in ("risk.most", "risk.allowed", "risk.ratio", "risk.last", "risk.near"):
        table.add_column(say(key, lang), justify="right")
    for row in sorted(rows, key=lambda row: -row.most.ratio)[:ROWS_MAX]:
        subject = f" ({row.most.subject})" if row.most.subject else ""
        table.add_row(
            Text(printable(f"{row.most.key}{subject}")),
            plain(row.most.used),
            bound(row.most),
            percent(float(row.most.ratio)),
            plain(row.last.used),
            str(row.near),
        )
    return table


def _by_rule(counts: Mapping[str, int], lang: str) -> str:
    return ", ".join(f"{say(f'rule.{rule}', lang)} [{rule}] {count}" for rule, count in counts.items())
