"""The report's tables as HTML; every text of a stranger is escaped on its way in. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape
from zoneinfo import ZoneInfo

from monitor.figures import UNDEFINED, money, percent, price, ratio
from monitor.halts import halt_line
from monitor.plain_text import printable
from monitor.summary import Summary, fee_lines, name_of
from monitor.trail import Trade
from monitor.wording import say
from services.domain.bars import Panel
from services.domain.decision import BadAnswer, Decision
from services.domain.events import Event
from services.domain.orders import Refusal
from services.domain.record import SessionRecord

ROWS_MAX = 2_000
"""A longer table shows its newest rows and says so."""


def text(value: object) -> str:
    """Return any value as text that a browser shows and never obeys."""
    return escape(printable(str(value)))


def metrics_table(summary: Summary, lang: str) -> str:
    """Return the ratios of end-of-day equity."""
    metrics = summary.metrics
    rows = (
        ("return", percent(summary.total_return)),
        ("report.benchmark_return", percent(summary.benchmark_return)),
        ("annual_return", percent(metrics.annual_return)),
        ("volatility", percent(metrics.volatility)),
        ("max_drawdown", percent(metrics.max_drawdown)),
        ("sharpe", ratio(metrics.sharpe)),
        ("sortino", ratio(metrics.sortino)),
        ("calmar", ratio(metrics.calmar)),
        ("win_rate", percent(metrics.win_rate)),
    )
    return pairs((say(key, lang), figure) for key, figure in rows)


def fees_table(summary: Summary, lang: str) -> str:
    """Return the fee lines and their total."""
    return pairs((say(f"fees.{name}", lang), money(amount)) for name, amount in fee_lines(summary.fees))


def refusals_table(summary: Summary, lang: str) -> str:
    """Return how often each rule refused."""
    if not summary.refusals:
        return _empty(lang)
    counts = summary.refusals.items()
    return pairs((f"{say(f'rule.{rule}', lang)} ({rule})", str(count)) for rule, count in counts)


def positions_table(summary: Summary, lang: str) -> str:
    """Return what is held at the end."""
    if not summary.positions:
        return _empty(lang)
    rows = []
    for one in summary.positions:
        cells = (
            cell(one.symbol),
            cell(one.name),
            number(f"{one.shares:,}"),
            number(money(one.cost_cny)),
            number(price(one.price_cny)),
            number(money(one.value_cny)),
            _gain(one.value_cny - one.cost_cny),
        )
        rows.append("".join(cells))
    heads = ("symbol", "name", "shares#", "cost#", "price#", "value#", "profit#")
    return table(heads, rows, lang)


def trades_table(trades: Sequence[Trade], panel: Panel | None, zone: ZoneInfo, lang: str) -> str:
    """Return every trade with its fees, what a sale earned, and why it was made, the newest first."""
    if not trades:
        return _empty(lang)
    approximate = text(say("approximate", lang))
    rows = []
    for trade in reversed(trades[-ROWS_MAX:]):
        fill = trade.fill
        mark = f' <span class="soft" title="{approximate}">≈</span>' if fill.approximate else ""
        cells = (
            cell(f"{fill.traded_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"),
            cell(f"{fill.symbol} {name_of(fill.symbol, panel)}".strip()),
            cell(say(f"side.{fill.side}", lang)),
            number(f"{fill.shares:,}"),
            number(price(fill.price_cny)),
            number(money(fill.amount_cny)),
            number(money(fill.fees.total)),
            number("") if trade.realised_cny is None else _gain(trade.realised_cny),
            f'<td class="why">{text(trade.terms.why if trade.terms else "")}{mark}</td>',
        )
        rows.append("".join(cells))
    heads = ("time", "symbol", "side", "shares#", "price#", "amount#", "fees#", "profit#", "reason")
    return older(len(trades), lang) + table(heads, rows, lang)


def refused_table(records: Sequence[SessionRecord], lang: str) -> str:
    """Return every refusal with its numbers, the newest first; empty where there is none."""
    refused: list[tuple[SessionRecord, Refusal]] = [
        (record, refusal) for record in records for refusal in record.refusals
    ]
    if not refused:
        return ""
    rows = []
    for record, refusal in reversed(refused[-ROWS_MAX:]):
        cells = (
            cell(f"{record.day.isoformat()} {record.slot}"),
            cell(refusal.symbol),
            cell(say(f"side.{refusal.side}", lang)),
            number(f"{refusal.shares:,}"),
            cell(say(f"rule.{refusal.rule}", lang)),
            f'<td class="why">{text(refusal.reason)}</td>',
        )
        rows.append("".join(cells))
    heads = ("time", "symbol", "side", "shares#", "rule", "reason")
    title = f"<h3>{text(say('report.refused_orders', lang))}</h3>"
    return title + older(len(refused), lang) + table(heads, rows, lang)


def armed_table(records: Sequence[SessionRecord], lang: str) -> str:
    """Return every exit that was due and could not be carried out, the newest first; empty without any."""
    armed = [(record, one) for record in records for one in record.armed]
    if not armed:
        return ""
    rows = []
    for record, one in reversed(armed[-ROWS_MAX:]):
        cells = (
            cell(f"{record.day.isoformat()} {record.slot}"),
            cell(one.symbol),
            number(f"{one.shares:,}"),
            cell(say(f"rule.{one.rule}", lang)),
            f'<td class="why">{text(one.reason)}<br>{text(one.why)}</td>',
        )
        rows.append("".join(cells))
    heads = ("time", "symbol", "shares#", "rule", "reason")
    title = f"<h3>{text(say('report.armed', lang))}</h3>"
    return title + older(len(armed), lang) + table(heads, rows, lang)


def sessions_table(records: Sequence[SessionRecord], lang: str) -> str:
    """Return every session with its state, what it did, and what was said, the newest first."""
    if not records:
        return _empty(lang)
    rows = []
    for record in reversed(records[-ROWS_MAX:]):
        bad = ' class="bad"' if record.state in {"HALTED", "MISSED", "FAILED"} else ""
        outcome = UNDEFINED if record.outcome is None else say(f"outcome.{record.outcome}", lang)
        cells = (
            cell(f"{record.day.isoformat()} {record.slot}"),
            f"<td{bad}>{text(say(f'state.{record.state}', lang))}</td>",
            cell(outcome),
            number(str(len(record.orders))),
            number(str(len(record.fills))),
            number(str(len(record.refusals))),
            f'<td class="why">{_said(record, lang)}</td>',
            f'<td class="id">{text(record.session)}</td>',
        )
        rows.append("".join(cells))
    heads = ("time", "state", "outcome", "orders#", "fills#", "refusals#", "reason", "session")
    return older(len(records), lang) + table(heads, rows, lang)


def identity_table(
    summary: Summary,
    records: Sequence[SessionRecord],
    events: Sequence[Event],
    panel: Panel | None,
    lang: str,
) -> str:
    """Return what this run was: account, mode, run id, versions, data, and the journal's last hash."""
    opened = next((one.opened for one in reversed(records) if one.opened is not None), None)
    versions = opened.versions if opened is not None else {}
    rows = [
        ("account", summary.account),
        ("mode", _word("mode", summary.mode, lang)),
        ("run", summary.run_id or UNDEFINED),
        ("agent", summary.agent),
        ("market", summary.market),
        ("frequency", _word("frequency", summary.frequency, lang)),
        ("report.finished", say("report.yes" if summary.finished else "report.no", lang)),
        ("report.panel", UNDEFINED if panel is None else f"{panel.source} {panel.digest}"),
        ("report.versions", ", ".join(f"{name} {one}" for name, one in sorted(versions.items()))),
        ("report.settings", ", ".join(f"{name} {one}" for name, one in sorted(summary.settings.items()))),
        ("report.events", str(len(events))),
        ("report.last_hash", events[-1].hash if events else UNDEFINED),
    ]
    body = "".join(
        f'<tr><td>{text(say(key, lang))}</td><td class="id">{text(value)}</td></tr>'
        for key, value in rows
        if value
    )
    return f'<div class="wide"><table class="plain">{body}</table></div>'


def _word(prefix: str, value: str, lang: str) -> str:
    """Return the wording of a mode or frequency, the value itself where there is none."""
    try:
        return say(f"{prefix}.{value}", lang)
    except KeyError:
        return value


def _said(record: SessionRecord, lang: str) -> str:
    """Return why a session ended as it did: what failed, the mind's own words, or the reason recorded."""
    lines = [text(f"{one.door}: {one.asked}: {one.why}") for one in record.faults]
    lines += [text(f"{say('rule.halted', lang)}: {halt_line(one, lang)}") for one in record.halts]
    match record.decision:
        case BadAnswer() as bad:
            lines.append(text(f"{say(f'bad_answer.{bad.kind}', lang)}: {bad.reason}"))
        case Decision() as decision if decision.rationale:
            lines.append(_folded(decision.rationale))
    return "<br>".join(lines) or text(record.reason)


def _folded(words: str) -> str:
    """Return a long text behind its first words, a short one as it is."""
    if len(words) <= 120:
        return text(words)
    return f"<details><summary>{text(words[:100])}…</summary><p>{text(words)}</p></details>"


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of two columns, a label and its figure."""
    body = "".join(f"<tr>{cell(label)}{number(figure)}</tr>" for label, figure in rows)
    return f'<table class="plain">{body}</table>'


def table(heads: Sequence[str], rows: Iterable[str], lang: str) -> str:
    """Return a table; a head that ends in `#` is a column of numbers."""
    titles = "".join(
        f'<th class="num">{text(say(head[:-1], lang))}</th>'
        if head.endswith("#")
        else f"<th>{text(say(head, lang))}</th>"
        for head in heads
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def cell(value: object) -> str:
    """Return a cell of text, escaped."""
    return f"<td>{text(value)}</td>"


def number(figure: str) -> str:
    """Return a cell of a number, escaped."""
    return f'<td class="num">{text(figure)}</td>'


def _gain(amount_cny: Decimal) -> str:
    kind = "gain" if amount_cny > 0 else "loss" if amount_cny < 0 else "soft"
    return f'<td class="num {kind}">{amount_cny:+,.2f}</td>'


def older(rows: int, lang: str) -> str:
    """Return a note that the oldest of so many rows are not shown, empty where all are."""
    if rows <= ROWS_MAX:
        return ""
    words = say("report.older", lang, shown=ROWS_MAX, all=rows)
    return f'<p class="note">{text(words)}</p>'


def _empty(lang: str) -> str:
    return f'<p class="note">{text(say("report.empty", lang))}</p>'
