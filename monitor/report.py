"""The report of an account: one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from monitor import report_tables as tables
from monitor.equity import EquityPoint, course_in, curve_of
from monitor.figures import money, percent, ratio
from monitor.json_value import Json
from monitor.page_parts import POLICY, plotly, script_json
from monitor.reading import ValueOf, inline_value
from monitor.records import session_records
from monitor.report_charts import DOWN, UP, curves, price_charts, zone_of
from monitor.report_risk import risk_section
from monitor.report_style import SCRIPT, STYLE
from monitor.report_tables import text
from monitor.say_do import Finding
from monitor.say_do_view import findings_section
from monitor.summary import Summary, name_of, outside_use_of, summary_of
from monitor.trail import Trail, follow, within
from monitor.valuing import Valuer
from monitor.wording import say
from services.domain.bars import Panel
from services.domain.events import Event
from services.domain.instruments import Symbol
from services.domain.record import SessionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contents:
    """Everything a page is made of."""

    events: Sequence[Event]
    panel: Panel | None
    trail: Trail
    points: Sequence[EquityPoint]
    summary: Summary
    records: Sequence[SessionRecord]
    zone: ZoneInfo
    lang: str
    findings: Sequence[Finding] | None = None

    def say(self, key: str, **values: object) -> str:
        """Return a wording, escaped for the page."""
        return text(say(key, self.lang, **values))


def render_report(
    events: Iterable[Event],
    panel: Panel | None,
    *,
    lang: str = "en",
    value_of: ValueOf = inline_value,
    since: date | None = None,
    until: date | None = None,
    findings: Sequence[Finding] | None = None,
) -> str:
    """Return the report of a journal as one HTML text; the same events give the same bytes.

    `panel` prices the holdings, draws the trades and makes the benchmark; without one the
    journal's own prices do. `since` and `until` (trading days, both included) cut out a period.
    Moments are shown in the market's zone. `findings` are those of the say-do check, None where it
    was not made.

    Raises:
        JournalFault: A body cannot be read.
        KeyError: There is no wording in that language.
    """
    kept = tuple(events)
    trail = within(follow(kept, value_of, vendor_prices=panel is None), since, until)
    points = curve_of(trail, panel)
    outside = outside_use_of(trail, kept, value_of)
    summary = summary_of(trail, course_in(points), Valuer(panel=panel), outside)
    records = tuple(one for one in session_records(kept, value_of) if one.session in trail.sessions)
    page = _Contents(
        events=kept,
        panel=panel,
        trail=trail,
        points=points,
        summary=summary,
        records=records,
        zone=zone_of(summary.market),
        lang=lang,
        findings=findings,
    )
    return _document(page)


def _document(page: _Contents) -> str:
    title = page.say("report.title", account=page.summary.account)
    western = "" if page.summary.market == "cn" else ' class="western"'
    parts = (
        "<!doctype html>",
        f'<html lang="{"zh-CN" if page.lang == "zh" else "en"}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{STYLE}</style></head><body{western}><main>",
        f'<h1>{title}</h1><p class="sub">{_subtitle(page)}</p>',
        _banners(page),
        _cards(page),
        _body(page),
        "</main>",
        f'<script type="application/json" id="data">{script_json(_drawn(page))}</script>',
        f"<script>{plotly()}</script><script>{SCRIPT}</script></body></html>\n",
    )
    return "\n".join(part for part in parts if part)


def _subtitle(page: _Contents) -> str:
    summary = page.summary
    shown = [page.say(f"mode.{summary.mode}") if summary.mode in {"paper", "live", "backtest"} else ""]
    shown += [page.say(f"frequency.{summary.frequency}")] if summary.frequency in {"daily", "hourly"} else []
    shown.append(text(summary.agent))
    if page.points:
        first = min((record.day for record in page.records), default=page.points[0].day)
        shown.append(f"{first.isoformat()} – {page.points[-1].day.isoformat()}")
    counts = {"sessions": summary.sessions, "completed": summary.completed, "no_trade": summary.no_trade}
    shown.append(f"{page.say('sessions')}: {page.say('sessions.split', **counts)}")
    return " · ".join(one for one in shown if one)


def _banners(page: _Contents) -> str:
    banners = []
    for kind, shown in (("synthetic", page.summary.synthetic), ("approximate", page.summary.approximate)):
        if shown:
            head = page.say(f"{kind}.short")
            banners.append(f'<div class="banner {kind}" role="note"><b>{head}</b>{page.say(kind)}</div>')
    for key, count in page.summary.outside.said:
        banners.append(f'<div class="banner approximate" role="note">{page.say(key, count=count)}</div>')
    for key, values in page.summary.training.said:
        banners.append(f'<div class="banner approximate" role="note">{page.say(key, **values)}</div>')
    genesis = page.trail.genesis
    if genesis is not None and genesis.end is not None and not page.summary.finished:
        banners.append(f'<div class="banner unfinished" role="note">{page.say("report.unfinished")}</div>')
    return "\n".join(banners)


def _cards(page: _Contents) -> str:
    summary, metrics = page.summary, page.summary.metrics
    cards = (
        ("final_equity", money(summary.final_equity_cny)),
        ("return", percent(summary.total_return)),
        ("report.benchmark", percent(summary.benchmark_return)),
        ("max_drawdown", percent(metrics.max_drawdown)),
        ("sharpe", ratio(metrics.sharpe)),
        ("fills", f"{summary.fills} / {summary.orders}"),
        ("fees", money(summary.fees.total)),
        ("refusals", str(sum(summary.refusals.values()))),
    )
    inner = "".join(
        f'<div class="card"><span>{_card_label(page, key)}</span><strong>{text(figure)}</strong></div>'
        for key, figure in cards
    )
    return f'<div class="cards">{inner}</div>'


def _card_label(page: _Contents, key: str) -> str:
    return f"{page.say('fills')} / {page.say('orders')}" if key == "fills" else page.say(key)


def _body(page: _Contents) -> str:
    summary, lang = page.summary, page.lang
    refused = tables.refusals_table(summary, lang) + tables.refused_table(page.records, lang)
    refused += tables.armed_table(page.records, lang)
    trades = tables.trades_table(page.trail.trades, page.panel, page.zone, lang)
    identity = tables.identity_table(summary, page.records, page.events, page.panel, lang)
    return "\n".join(
        (
            _section(page, "report.equity", _curves(page)),
            '<div class="pair">',
            _section(page, "report.metrics", tables.metrics_table(summary, lang), "report.metrics.note"),
            _section(page, "fees", tables.fees_table(summary, lang)),
            "</div>",
            _section(page, "positions", tables.positions_table(summary, lang)),
            _section(page, "report.prices", _prices(page)),
            _section(page, "report.trades", trades, "report.trades.note"),
            _section(page, "report.risk", risk_section(summary.risk, lang), "report.risk.note"),
            _section(page, "report.refusals", refused),
            _said_and_done(page),
            _section(page, "report.sessions", tables.sessions_table(page.records, lang)),
            _section(page, "report.identity", identity),
        )
    )


def _said_and_done(page: _Contents) -> str:
    """Return what the say-do check found in the report's sessions, empty where it was not made."""
    if page.findings is None:
        return ""
    shown = [one for one in page.findings if one.session in page.trail.sessions]
    return _section(page, "say_do", findings_section(shown, page.lang))


def _section(page: _Contents, key: str, inner: str, note: str = "") -> str:
    small = f'<p class="note">{page.say(note)}</p>' if note else ""
    return f"<section><h2>{page.say(key)}</h2>{small}{inner}</section>"


def _curves(page: _Contents) -> str:
    if not page.points:
        return f'<p class="note">{page.say("report.empty")}</p>'
    known = page.points[0].benchmark_cny is not None
    note = page.say("report.equity.note" if known else "report.no_prices")
    return f'<p class="note">{note}</p><div id="curves"></div>'


def _prices(page: _Contents) -> str:
    """Return the chart's place and the choice among the symbols traded, the most traded first."""
    if not page.trail.trades:
        return f'<p class="note">{page.say("report.empty")}</p>'
    counts: dict[Symbol, int] = {}
    for trade in page.trail.trades:
        counts[trade.fill.symbol] = counts.get(trade.fill.symbol, 0) + 1
    options = "".join(
        f'<option value="{text(symbol)}">{text(f"{symbol} {name_of(symbol, page.panel)}")} ({count})</option>'
        for symbol, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    label = f'<label for="pick">{page.say("report.pick")}</label>'
    # Without autocomplete="off" a browser keeps the last choice when the page is loaded again.
    return f'<p>{label} <select id="pick" autocomplete="off">{options}</select></p><div id="prices"></div>'


def _drawn(page: _Contents) -> dict[str, Json]:
    eastern = page.summary.market == "cn"
    return {
        "words": {
            "drawdown": page.say("report.drawdown"),
            "exposure": page.say("report.exposure"),
            "buy": page.say("side.buy"),
            "sell": page.say("side.sell"),
        },
        "up": UP if eastern else DOWN,
        "down": DOWN if eastern else UP,
        "curves": curves(page.points, page.summary.metrics, page.zone, page.lang) if page.points else [],
        "prices": price_charts(page.trail, page.panel, page.zone),
    }
