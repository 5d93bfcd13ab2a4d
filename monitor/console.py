"""Sessions and accounts as the terminal shows them; imported by commands alone, for rich costs time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from decimal import Decimal

from rich.cells import set_cell_size
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.figures import money, percent, plain, price, ratio
from monitor.halts import halt_line
from monitor.plain_text import printable
from monitor.risk_view import changed_lines, limit_lines, risk_parts, shadow_lines
from monitor.say_do import Finding
from monitor.say_do_view import sentence
from monitor.summary import Summary, fee_lines
from monitor.wording import say
from services.domain.decision import BadAnswer, Decision
from services.domain.events import Outcome, Verdicts
from services.domain.orders import Intent, OrderTerms
from services.domain.record import SessionRecord

_STATE_STYLES: Mapping[str, str] = {
    "COMPLETED": "green",
    "NO_TRADE": "dim",
    "HALTED": "bold red",
    "MISSED": "bold yellow",
    "FAILED": "bold red",
}

_LINE_FILLS_MAX = 3
_LINE_REASON_MAX = 60
"""What of its fills and of its reason one line of a session shows."""


def session_line(record: SessionRecord, lang: str) -> Text:
    """Return one session on one line: when, how it ended, what it traded and refused, or why not."""
    line = Text(f"{record.day.isoformat()} {record.slot}  ")
    state = set_cell_size(say(f"state.{record.state}", lang), 10)
    line.append(state, style=_STATE_STYLES.get(record.state, "cyan"))
    line.append("  " + say("view.counts", lang, orders=len(record.orders), fills=len(record.fills)))
    for key, count, style in _marks(record):
        if count:
            line.append("  " + say(key, lang, count=count), style=style)
    traded = [
        f"{say(f'side.{fill.side}', lang)} {fill.symbol} {fill.shares} @ {price(fill.price_cny)}"
        for fill in record.fills[:_LINE_FILLS_MAX]
    ]
    if traded:
        more = " …" if len(record.fills) > _LINE_FILLS_MAX else ""
        line.append("  " + "; ".join(traded) + more)
    elif record.reason:
        words = " ".join(record.reason.split())
        short = words if len(words) <= _LINE_REASON_MAX else words[: _LINE_REASON_MAX - 1] + "…"
        line.append("  " + printable(short), style="dim")
    return line


def _marks(record: SessionRecord) -> Iterator[tuple[str, int, str]]:
    """Yield what a line counts beside orders and fills: its wording, how many, and how it looks."""
    yield "view.refused_count", len(record.refusals), "yellow"
    yield "risk.changed.count", sum(len(one.changed) for one in record.verdicts), "yellow"
    yield "view.armed_count", len(record.armed), "yellow"
    yield "risk.shadow.count", sum(len(one.shadow) for one in record.verdicts), "magenta"


def account_table(summary: Summary, lang: str) -> RenderableType:
    """Return an account's figures, its positions and what its orders were refused for."""
    parts: list[RenderableType] = []
    if summary.synthetic:
        parts.append(Text(say("synthetic", lang), style="bold black on yellow"))
    parts.append(_figures(summary, lang))
    if summary.positions:
        parts.append(_positions(summary, lang))
    if summary.refusals:
        parts.append(_refusals(summary, lang))
    parts.extend(risk_parts(summary.risk, lang))
    for key, count in summary.outside.said:
        parts.append(Text(say(key, lang, count=count), style="yellow"))
    for key, values in summary.training.said:
        parts.append(Text(say(key, lang, **values), style="yellow"))
    if summary.approximate:
        parts.append(Text(say("approximate", lang), style="dim"))
    return Group(*parts)


def session_view(record: SessionRecord, lang: str, findings: Iterable[Finding] = ()) -> RenderableType:
    """Return one session as a person reads it: inputs, decision, verdicts, orders, fills, reasons.

    `findings` are what the say-do check found in it.
    """
    head = Text(f"{record.session}  {record.day.isoformat()} {record.slot}  ", style="bold")
    head.append(say(f"state.{record.state}", lang), style=_STATE_STYLES.get(record.state, "cyan"))
    if record.outcome is not None:
        head.append(f" ({say(f'outcome.{record.outcome}', lang)})")
    if record.reason and not isinstance(record.decision, Decision):
        head.append(f": {printable(record.reason)}")
    sections = (
        ("view.runs_on", _runs_on(record, lang)),
        ("view.faults", (f"{one.door}: {one.asked}: {one.why}" for one in record.faults)),
        ("view.halts", (halt_line(one, lang) for one in record.halts)),
        ("view.broker", _statement(record, lang)),
        ("view.movements", _movements(record, lang)),
        ("view.decision", _decision(record.decision, lang)),
        ("view.armed", _armed(record, lang)),
        ("view.verdicts", _all_verdicts(record, lang)),
        ("risk.shadow", shadow_lines(record, lang)),
        ("risk.changed", changed_lines(record, lang)),
        ("risk.limits", limit_lines(record, lang)),
        ("view.orders", _orders(record, lang)),
        ("view.fills", _fills(record, lang)),
        ("say_do", (sentence(one, lang) for one in findings)),
    )
    parts: list[RenderableType] = [head]
    for key, lines in sections:
        parts.extend(_section(say(key, lang), tuple(lines)))
    return Group(*parts)


def _section(title: str, lines: tuple[str, ...]) -> Iterator[Text]:
    if lines:
        yield Text(f"\n{title}", style="bold cyan")
        for line in lines:
            yield Text("  " + printable(line).replace("\n", "\n  "))


def _runs_on(record: SessionRecord, lang: str) -> Iterator[str]:
    if record.opened is not None:
        opened = record.opened
        yield f"{_mode(opened.mode, lang)}, {opened.agent}"
        yield ", ".join(f"{name} {version}" for name, version in sorted(opened.versions.items()))
        yield say("view.config", lang, hash=opened.config_hash[:12])


def _mode(mode: str, lang: str) -> str:
    return say(f"mode.{mode}", lang) if mode in {"paper", "live", "backtest"} else mode


def _statement(record: SessionRecord, lang: str) -> Iterator[str]:
    if record.statement is None:
        return
    balance = record.statement.balance
    yield say("view.cash", lang, cash=money(balance.cash_cny), available=money(balance.available_cny))
    for one in record.statement.holdings:
        yield say("view.holding", lang, symbol=one.symbol, shares=one.shares, sellable=one.sellable)


def _movements(record: SessionRecord, lang: str) -> Iterator[str]:
    for one in record.movements:
        kind = say(f"movement.{one.kind}", lang)
        yield f"{kind} {one.symbol} {one.shares:+d} {money(one.cash_cny)} {one.why}"


def _decision(decision: Decision | BadAnswer | None, lang: str) -> Iterator[str]:
    match decision:
        case None:
            yield say("view.no_decision", lang)
        case BadAnswer():
            kind = say(f"bad_answer.{decision.kind}", lang)
            yield say("view.bad_answer", lang, kind=kind, reason=decision.reason)
        case Decision():
            yield f"{say('view.model', lang)}: {decision.model}"
            if decision.rationale:
                yield decision.rationale
            if not decision.intents:
                yield say("view.hold", lang)
            for intent in decision.intents:
                yield _intent(intent, lang)


def _intent(intent: Intent, lang: str) -> str:
    size = (
        say("view.weight", lang, weight=percent(float(intent.target_weight)))
        if intent.target_weight is not None
        else str(intent.shares)
    )
    limit = "" if intent.limit_cny is None else f" @ {price(intent.limit_cny)}"
    why = f" · {intent.why}" if intent.why else ""
    return f"{say(f'side.{intent.side}', lang)} {intent.symbol} {size}{limit}{why}"


def _armed(record: SessionRecord, lang: str) -> Iterator[str]:
    for one in record.armed:
        rule = f"[{one.rule}] {say(f'rule.{one.rule}', lang)}"
        yield f"… {one.symbol} {one.shares}: {rule}: {one.reason} · {one.why}"


def _all_verdicts(record: SessionRecord, lang: str) -> Iterator[str]:
    """Yield every verdict, with waiting times in the market's zone, as the session's slot states it."""
    zone = None if record.opened is None else record.opened.slot.tzinfo
    for verdicts in record.verdicts:
        yield from _verdicts(verdicts, zone, lang)


def _verdicts(verdicts: Verdicts, zone: tzinfo | None, lang: str) -> Iterator[str]:
    if verdicts.market:
        yield say(f"risk.market.{verdicts.market}", lang, scale=plain(verdicts.scale))
    for terms in verdicts.approved:
        yield f"✓ {_terms(terms, lang)}: {say('view.approved', lang)}"
    for terms in verdicts.waiting:
        until = say("view.waits", lang, time=f"{terms.not_before.astimezone(zone):%H:%M}")
        yield f"… {_terms(terms, lang)}: {until}"
    for one in verdicts.deferred:
        yield f"… {_terms(one.terms, lang)}: {say('view.deferred', lang)}"
    for refusal in verdicts.refused:
        what = f"{say(f'side.{refusal.side}', lang)} {refusal.symbol} {refusal.shares}"
        rule = say(f"rule.{refusal.rule}", lang)
        yield f"✗ {what}: {say('view.refused', lang)} [{refusal.rule}] {rule}: {refusal.reason}"


def _terms(terms: OrderTerms, lang: str) -> str:
    return f"{say(f'side.{terms.side}', lang)} {terms.symbol} {terms.shares} @ {price(terms.limit_cny)}"


def _orders(record: SessionRecord, lang: str) -> Iterator[str]:
    filled = {fill.order_id: 0 for fill in record.fills}
    for fill in record.fills:
        filled[fill.order_id] += fill.shares
    ended = {one.order_id: one for one in record.ended}
    for terms in record.orders:
        end = ended.get(terms.order_id)
        if filled.get(terms.order_id, 0) == terms.shares:
            state = say("order_state.filled", lang)
        elif end is not None:
            state = f"{say(f'order_state.{end.state}', lang)} {end.reason}".rstrip()
        else:
            state = say("view.open", lang)
        why = f" · {terms.why}" if terms.why else ""
        yield f"{terms.order_id} {_terms(terms, lang)}: {state}{why}"


def _fills(record: SessionRecord, lang: str) -> Iterator[str]:
    for fill in record.fills:
        side = say(f"side.{fill.side}", lang)
        fees = f"{say('fees', lang)} {money(fill.fees.total)}"
        mark = f" · {say('approximate.short', lang)}" if fill.approximate else ""
        paid = f"{fill.shares} @ {price(fill.price_cny)} = {money(fill.amount_cny)}"
        yield f"{side} {fill.symbol} {paid}, {fees}{mark}"


def _unanswered(summary: Summary, lang: str) -> tuple[tuple[str, str], ...]:
    """Return a row on sessions in which nothing usable was decided, if there are any."""
    without = summary.outcomes.get(Outcome.RISK_ONLY, 0) + summary.outcomes.get(Outcome.FAILED, 0)
    if not without:
        return ()
    return (("undecided", say("sessions.undecided", lang, count=without, sessions=summary.sessions)),)


def _figures(summary: Summary, lang: str) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="cyan")
    table.add_column(justify="right")
    metrics = summary.metrics
    sessions = say(
        "sessions.split",
        lang,
        sessions=summary.sessions,
        completed=summary.completed,
        no_trade=summary.no_trade,
    )
    rows = (
        ("account", f"{summary.account} · {_mode(summary.mode, lang)} · {summary.agent}"),
        ("sessions", sessions),
        *_unanswered(summary, lang),
        ("fills", f"{summary.fills} / {summary.orders}"),
        ("initial_cash", money(summary.initial_cash_cny)),
        ("final_cash", money(summary.final_cash_cny)),
        ("final_equity", money(summary.final_equity_cny)),
        ("return", percent(summary.total_return)),
        ("max_drawdown", percent(metrics.max_drawdown)),
        ("sharpe", ratio(metrics.sharpe)),
        ("fees", money(summary.fees.total)),
    )
    for key, text in rows:
        label = say("fills", lang) + " / " + say("orders", lang) if key == "fills" else say(key, lang)
        table.add_row(label, Text(printable(text)))
    for name, amount in fee_lines(summary.fees)[:-1]:
        if amount:
            table.add_row(Text("  " + say(f"fees.{name}", lang), style="dim"), money(amount))
    return table


def _positions(summary: Summary, lang: str) -> Table:
    table = Table(title=say("positions", lang), title_justify="left", box=None, pad_edge=False)
    for key in ("symbol", "name"):
        table.add_column(say(key, lang))
    for key in ("shares", "price", "value", "profit"):
        table.add_column(say(key, lang), justify="right")
    for one in summary.positions:
        profit = one.value_cny - one.cost_cny
        table.add_row(
            Text(one.symbol),
            Text(printable(one.name)),
            str(one.shares),
            price(one.price_cny),
            money(one.value_cny),
            Text(money(profit), style=_gain_style(profit, summary.market)),
        )
    return table


def _gain_style(amount: Decimal, market: str) -> str:
    """Return red for a gain and green for a loss, as Chinese markets show them; elsewhere the reverse."""
    if amount == 0:
        return ""
    return "red" if (amount > 0) is (market == "cn") else "green"


def _refusals(summary: Summary, lang: str) -> Table:
    table = Table(title=say("refusals", lang), title_justify="left", box=None, pad_edge=False)
    table.add_column(say("rule", lang))
    table.add_column(say("count", lang), justify="right")
    for rule, count in summary.refusals.items():
        table.add_row(Text(f"{say(f'rule.{rule}', lang)} [{rule}]"), str(count))
    return table
