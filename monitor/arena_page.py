"""The page of an arena: one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor import report_tables as tables
from monitor.arena_row import EntrantKind, Row
from monitor.figures import UNDEFINED, money, percent, ratio
from monitor.json_value import Json
from monitor.leaderboard import Leaderboard, Standing, notes
from monitor.page_parts import POLICY, plotly, script_json
from monitor.report_style import STYLE
from monitor.report_tables import cell, number, text
from monitor.resampling import Interval
from monitor.wording import say

_SCRIPT = """
(function(){
"use strict";
var data=JSON.parse(document.getElementById("data").textContent);
var narrow=window.matchMedia("(max-width:760px)").matches;
if(data.curves.length){Plotly.newPlot("curves",data.curves,{
font:{family:getComputedStyle(document.body).fontFamily,size:12,color:"#3a4452"},
paper_bgcolor:"#fff",plot_bgcolor:"#fff",hovermode:"x unified",dragmode:narrow?false:"zoom",
margin:{l:narrow?44:60,r:narrow?8:16,t:8,b:36},legend:{orientation:"h",x:0,y:-0.12,yanchor:"top"},
xaxis:{type:"category",nticks:narrow?2:7,gridcolor:"#eceff3"},
yaxis:{gridcolor:"#eceff3",zerolinecolor:"#d5dae1",tickformat:",.1f"}},
{responsive:true,displaylogo:false,displayModeBar:narrow?false:"hover"})}
})();
"""

_DASHES: Mapping[EntrantKind, str] = {
    EntrantKind.BASELINE: "dot",
    EntrantKind.LEGACY: "dash",
    EntrantKind.INDEX: "longdash",
}


def render_arena(board: Leaderboard, lang: str) -> str:
    """Return the leaderboard as one HTML text; the same board gives the same bytes.

    Raises:
        KeyError: There is no wording in that language.
    """
    terms = board.terms
    title = _say("arena.title", lang, account=terms.account)
    shown = [_say(f"mode.{terms.mode}", lang), _say(f"frequency.{terms.frequency}", lang), text(terms.source)]
    shown.append(f"{terms.start.isoformat()} – {terms.end.isoformat()}")
    western = "" if terms.market == "cn" else ' class="western"'
    parts = (
        "<!doctype html>",
        f'<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{STYLE}</style></head><body{western}><main>",
        f'<h1>{title}</h1><p class="sub">{" · ".join(shown)}</p>',
        *_banners(board, lang),
        *_sections(board, lang),
        "</main>",
        f'<script type="application/json" id="data">{script_json({"curves": _curves(board, lang)})}</script>',
        f"<script>{plotly()}</script><script>{_SCRIPT}</script></body></html>\n",
    )
    return "\n".join(parts)


def _say(key: str, lang: str, **values: object) -> str:
    return text(say(key, lang, **values))


def _banners(board: Leaderboard, lang: str) -> tuple[str, ...]:
    marks = (("synthetic", board.terms.synthetic), ("approximate", board.terms.approximate))
    return tuple(
        f'<div class="banner {kind}" role="note"><b>{_say(f"{kind}.short", lang)}</b>{_say(kind, lang)}</div>'
        for kind, there in marks
        if there
    )


def _sections(board: Leaderboard, lang: str) -> tuple[str, ...]:
    sentences = "".join(f"<li>{text(one)}</li>" for one in notes(board, lang))
    return (
        _section("arena.leaderboard", _leaderboard(board, lang), lang, "arena.leaderboard.note"),
        _section("arena.known", f"<ul>{sentences}</ul>", lang),
        _section("arena.curves", '<div id="curves"></div>', lang),
        _section("arena.pairs", _pairs(board, lang), lang, "arena.pairs.note"),
        _section("arena.trading", _trading(board, lang), lang),
        _section("arena.answers", _answers(board, lang), lang, "arena.answers.note"),
    )


def _section(key: str, inner: str, lang: str, note: str = "") -> str:
    small = f'<p class="note">{_say(note, lang)}</p>' if note else ""
    return f"<section><h2>{_say(key, lang)}</h2>{small}{inner}</section>"


def _leaderboard(board: Leaderboard, lang: str) -> str:
    heads = (
        "arena.entrant",
        "arena.kind",
        "return#",
        "annual_return#",
        "arena.mean_daily#",
        "max_drawdown#",
        "sharpe#",
        "sortino#",
        "calmar#",
        "win_rate#",
        "final_equity#",
    )
    return tables.table(heads, [_line(one, lang) for one in board.standings], lang)


def _line(standing: Standing, lang: str) -> str:
    row, metrics = standing.row, standing.row.metrics
    cells = (
        _named(row, lang),
        cell(say(f"arena.kind.{row.kind}", lang)),
        number(_with_interval(row.total_return, standing.growth, 2)),
        number(percent(metrics.annual_return)),
        number(_with_interval(_value(standing.mean_daily), standing.mean_daily, 3)),
        number(percent(metrics.max_drawdown)),
        number(ratio(metrics.sharpe)),
        number(ratio(metrics.sortino)),
        number(ratio(metrics.calmar)),
        number(percent(metrics.win_rate)),
        number(money(row.daily[-1][1]) if row.daily else UNDEFINED),
    )
    return "".join(cells)


def _named(row: Row, lang: str) -> str:
    name = say("arena.index", lang) if row.kind is EntrantKind.INDEX else row.name
    return f'<td title="{text(row.agent)}"><b>{text(name)}</b></td>'


def _value(interval: Interval | None) -> float | None:
    return None if interval is None else interval.value


def _with_interval(value: float | None, interval: Interval | None, decimals: int) -> str:
    if value is None:
        return UNDEFINED
    shown = f"{value * 100:.{decimals}f}%"
    if interval is None or interval.low is None or interval.high is None:
        return shown
    return f"{shown} ({interval.low * 100:.{decimals}f} … {interval.high * 100:.{decimals}f})"


def _pairs(board: Leaderboard, lang: str) -> str:
    """Return the matrix of differences in mean daily return, in bp, rows and columns as ranked."""
    names = [one.row.name for one in board.standings if one.row.returns]
    found: dict[tuple[str, str], str] = {}
    for pair in board.pairs:
        bp = pair.mean_daily.value * 10_000
        low, high = pair.mean_daily.low, pair.mean_daily.high
        about = "" if low is None or high is None else f"{low * 10_000:.1f} … {high * 10_000:.1f}"
        for key, sign in (((pair.first, pair.second), 1), ((pair.second, pair.first), -1)):
            shown = f"{sign * bp:+.1f}"
            strong = f"<b>{shown}</b>" if pair.mean_daily.clear else shown
            title = f' title="{text(about)}"' if sign > 0 and about else ""
            found[key] = f'<td class="num"{title}>{strong}</td>'
    head = "".join(f'<th class="num">{text(name)}</th>' for name in names)
    rows = "".join(
        f"<tr>{cell(ours)}{''.join(found.get((ours, theirs), number('')) for theirs in names)}</tr>"
        for ours in names
    )
    corner = f"<th>{_say('arena.entrant', lang)}</th>"
    return (
        f'<div class="wide"><table><thead><tr>{corner}{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _trading(board: Leaderboard, lang: str) -> str:
    heads = (
        "arena.entrant",
        "orders#",
        "fills#",
        "amount#",
        "arena.turnover#",
        "fees#",
        "refusals#",
        "rule",
        "arena.risk_only#",
    )
    lines = []
    for row in (one.row for one in board.standings if one.row.orders is not None):
        refused = ", ".join(f"{say(f'rule.{rule}', lang)} {count}" for rule, count in row.refusals.items())
        cells = (
            _named(row, lang),
            number(_count(row.orders)),
            number(_count(row.fills)),
            number(UNDEFINED if row.traded_cny is None else money(row.traded_cny)),
            number(ratio(row.turnover_ratio)),
            number(UNDEFINED if row.fees_cny is None else money(row.fees_cny)),
            number(str(sum(row.refusals.values()))),
            f'<td class="why">{text(refused or say("none", lang))}</td>',
            number(_count(row.risk_only)),
        )
        lines.append("".join(cells))
    return tables.table(heads, lines, lang)


def _count(count: int | None) -> str:
    return UNDEFINED if count is None else f"{count:,}"


def _answers(board: Leaderboard, lang: str) -> str:
    heads = (
        "arena.entrant",
        "arena.asked#",
        "arena.faults#",
        "arena.bad#",
        "reason",
        "arena.tokens_in#",
        "arena.tokens_out#",
        "arena.cost#",
        "arena.p50#",
        "arena.p95#",
    )
    lines = []
    for row in (one.row for one in board.standings):
        told = row.answers
        if told is None or not (told.asked or told.faults or told.bad):
            continue
        kinds = ", ".join(f"{say(f'bad_answer.{kind}', lang)} {count}" for kind, count in told.bad.items())
        cells = (
            _named(row, lang),
            number(f"{told.asked:,}"),
            number(f"{told.faults:,}"),
            number(f"{sum(told.bad.values()):,}"),
            f'<td class="why">{text(kinds)}</td>',
            number(f"{told.input_tokens:,}"),
            number(f"{told.output_tokens:,}"),
            number(f"{told.cost_cny:,.4f}"),
            number(_seconds(told.latency_p50_ms)),
            number(_seconds(told.latency_p95_ms)),
        )
        lines.append("".join(cells))
    if not lines:
        return f'<p class="note">{_say("report.empty", lang)}</p>'
    return tables.table(heads, lines, lang)


def _seconds(wait_ms: int | None) -> str:
    return UNDEFINED if wait_ms is None else f"{wait_ms / 1000:.2f}"


def _curves(board: Leaderboard, lang: str) -> Sequence[Json]:
    """Return each line's equity with its opening as 100, best first."""
    traces: list[Json] = []
    for row in (one.row for one in board.standings if one.row.returns):
        opening = row.daily[0][1]
        name = say("arena.index", lang) if row.kind is EntrantKind.INDEX else row.name
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": text(name),
                "x": [day.isoformat() for day, _ in row.daily[1:]],
                "y": [round(float(equity / opening) * 100, 4) for _, equity in row.daily[1:]],
                "line": {"width": 2, "dash": _DASHES.get(row.kind, "solid")},
                "hovertemplate": "%{y:.2f}",
            }
        )
    return traces
