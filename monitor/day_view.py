"""The end-of-day summary as text, as an alert, as JSON and as an HTML page that needs nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape

from monitor.day import DayPosition, DaySummary
from monitor.figures import money, percent, price
from monitor.halts import halt_line
from monitor.json_value import Json
from monitor.page_parts import POLICY
from monitor.plain_text import printable
from monitor.report_style import STYLE
from monitor.trail import Trade
from monitor.wording import say
from services.domain.alerts import Alert, AlertKind, Severity, Words

LINES_MAX = 10
"""Trades and positions that a message shows; the page shows all of them."""


def day_alert(summary: DaySummary, at: datetime) -> Alert:
    """Return the summary as an alert; a day has one."""
    key = f"{AlertKind.DAY}:{summary.day}"
    return Alert(
        kind=AlertKind.DAY,
        severity=Severity.INFO,
        account=summary.account,
        key=key,
        topic=key,
        title=Words(day_title(summary, "en"), day_title(summary, "zh")),
        text=Words(day_text(summary, "en"), day_text(summary, "zh")),
        at=at,
    )


def day_title(summary: DaySummary, lang: str) -> str:
    """Return the day in one line."""
    told = {"day": summary.day, "account": summary.account}
    if summary.profit_cny is None:
        return say("day.title.unknown", lang, **told)
    return say("day.title", lang, **told, profit=_profit(summary))


def day_text(summary: DaySummary, lang: str) -> str:
    """Return the day in some lines, long lists cut."""
    lines = [say("synthetic", lang)] if summary.synthetic else []
    for heading, rows in _parts(summary, lang, LINES_MAX):
        if len(rows) == 1:
            lines.append(say("day.line", lang, heading=heading, row=rows[0]))
        elif rows:
            lines += [say("day.line", lang, heading=heading, row="").rstrip(), *(f"  {row}" for row in rows)]
    return "\n".join(lines)


def day_page(summary: DaySummary, lang: str) -> str:
    """Return the whole day as one HTML text; the same summary gives the same bytes."""
    title = escape(printable(day_title(summary, lang)))
    sections = "".join(
        f"<section><h2>{escape(heading)}</h2>{_list(rows, lang)}</section>"
        for heading, rows in _parts(summary, lang, None)
    )
    banner = f'<div class="banner synthetic" role="note">{escape(say("synthetic", lang))}</div>'
    parts = (
        "<!doctype html>",
        f'<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{STYLE}</style></head><body><main>",
        f"<h1>{title}</h1>",
        banner if summary.synthetic else "",
        sections,
        "</main></body></html>\n",
    )
    return "\n".join(part for part in parts if part)


def day_json(summary: DaySummary) -> dict[str, Json]:
    """Return the summary as `--json` prints it: money as numbers rounded to 0.01, ratios as fractions."""
    return {
        "account": summary.account,
        "day": summary.day.isoformat(),
        "profit": None if summary.profit_cny is None else float(summary.profit_cny),
        "profit_ratio": summary.profit_ratio,
        "equity": float(summary.equity_cny),
        "cash": float(summary.cash_cny),
        "valued_at": summary.valued_at,
        "sessions": [{"slot": slot, "state": state} for slot, state in summary.sessions],
        "trades": [
            {
                "side": str(one.fill.side),
                "symbol": one.fill.symbol,
                "shares": one.fill.shares,
                "price": float(one.fill.price_cny),
                "fees": float(one.fill.fees.total),
                "gain": None if one.realised_cny is None else float(one.realised_cny),
            }
            for one in summary.trades
        ],
        "positions": {one.symbol: one.shares for one in summary.positions},
        "refusals": dict(summary.refusals),
        "halts": [halt_line(one, "en") for one in summary.halts],
        "model_cost_cny": float(summary.model_cost_cny),
        "model_tokens": summary.model_tokens,
        "next_slots": list(summary.next_slots),
        "events": summary.events,
        "last_hash": summary.last_hash,
    }


def _parts(summary: DaySummary, lang: str, most: int | None) -> Iterable[tuple[str, Sequence[str]]]:
    """Yield each part's heading and lines; `most` cuts the lists."""
    yield say("day.profit", lang), [_profit(summary)]
    yield (
        say("day.equity", lang),
        [say("day.valued", lang, equity=money(summary.equity_cny), at=_valued(summary, lang))],
    )
    yield say("day.cash", lang), [money(summary.cash_cny)]
    states = [f"{slot} {say(f'state.{state}', lang)}" for slot, state in summary.sessions]
    yield say("day.sessions", lang), [", ".join(states) or say("none", lang)]
    none = [say("none", lang)]
    yield say("day.trades", lang), _cut([_trade(one, lang) for one in summary.trades], most, lang) or none
    held = [_position(one, lang) for one in summary.positions]
    yield say("day.positions", lang), _cut(held, most, lang) or none
    refused = [f"{say(f'rule.{rule}', lang)} {count}" for rule, count in summary.refusals.items()]
    yield say("day.refusals", lang), [", ".join(refused) or say("none", lang)]
    yield say("day.halts", lang), _cut([halt_line(one, lang) for one in summary.halts], most, lang) or none
    yield (
        say("day.models", lang),
        [
            say(
                "day.models.figures",
                lang,
                cost=money(summary.model_cost_cny),
                tokens=f"{summary.model_tokens:,}",
                answers=summary.model_answers,
            )
        ],
    )
    yield say("day.next", lang), [", ".join(summary.next_slots) or say("unknown", lang)]
    figures = say("day.journal.figures", lang, events=summary.events, hash=summary.last_hash or "-")
    yield say("day.journal", lang), [figures]


def _profit(summary: DaySummary) -> str:
    if summary.profit_cny is None:
        return "–"
    return f"{_signed(summary.profit_cny)} ({percent(summary.profit_ratio)})"


def _signed(amount_cny: Decimal) -> str:
    return f"+{money(amount_cny)}" if amount_cny > 0 else money(amount_cny)


def _valued(summary: DaySummary, lang: str) -> str:
    if summary.valued_at is None:
        return say("day.valued.close", lang)
    return say("day.valued.session", lang, time=summary.valued_at)


def _trade(trade: Trade, lang: str) -> str:
    fill = trade.fill
    line = say(
        "day.trade",
        lang,
        side=say(f"side.{fill.side}", lang),
        symbol=fill.symbol,
        shares=fill.shares,
        price=price(fill.price_cny),
        fees=money(fill.fees.total),
    )
    gain = trade.realised_cny
    return line if gain is None else line + say("day.gain", lang, gain=_signed(gain))


def _position(held: DayPosition, lang: str) -> str:
    return say(
        "day.position",
        lang,
        symbol=held.symbol,
        shares=held.shares,
        price=price(held.price_cny),
        value=money(held.value_cny),
        cost=money(held.cost_cny),
    )


def _cut(lines: list[str], most: int | None, lang: str) -> list[str]:
    if most is None or len(lines) <= most:
        return lines
    return [*lines[:most], say("day.more", lang, count=len(lines) - most)]


def _list(rows: Sequence[str], lang: str) -> str:
    cells = "".join(f'<tr><td class="why">{escape(printable(row))}</td></tr>' for row in rows)
    return f'<table lang="{"zh-CN" if lang == "zh" else "en"}">{cells}</table>'
