"""Entrants of an arena side by side, and what of their differences chance may explain. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations

from monitor.arena_row import Answers, EntrantKind, Row, RowState
from monitor.json_value import Json
from monitor.resampling import CONFIDENCE, Interval, Resampler
from monitor.wording import say
from services.domain.money import to_cent

SHORT_DAYS = 60
"""Fewer days than these are called a short sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A line with the intervals of its mean daily return and of its return; None without a day."""

    row: Row
    mean_daily: Interval | None
    growth: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two entrants over the days both have: by how much the first one's returns exceed the second's."""

    first: str
    second: str
    days: int
    days_ahead: int
    mean_daily: Interval
    growth: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A recorded run that entered: its file, how many of its trades became orders, and which lines not."""

    name: str
    file: str
    trades: int
    left_out: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What all entrants traded on."""

    account: str
    mode: str
    market: str
    frequency: str
    source: str
    start: date
    end: date
    synthetic: bool
    approximate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """The lines, best return first and those without one last; the index among them."""

    terms: Terms
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    imports: tuple[Import, ...]
    resampler: Resampler

    @property
    def days(self) -> int:
        """The most days that a line has."""
        return max((len(one.row.returns) for one in self.standings), default=0)


def leaderboard(
    rows: Sequence[Row], terms: Terms, resampler: Resampler, imports: Sequence[Import] = ()
) -> Leaderboard:
    """Return the lines in order, each pair of them compared over the days both have."""
    ranked = sorted(rows, key=lambda row: (row.total_return is None, -(row.total_return or 0.0), row.name))
    returns = {row.name: row.returns for row in ranked}
    return Leaderboard(
        terms=terms,
        standings=tuple(_standing(row, returns[row.name], resampler) for row in ranked),
        pairs=tuple(
            pair
            for ours, theirs in combinations(ranked, 2)
            if (pair := _pair(ours, theirs, returns, resampler)) is not None
        ),
        imports=tuple(imports),
        resampler=resampler,
    )


def _standing(row: Row, returns: Mapping[date, float], resampler: Resampler) -> Standing:
    if not returns:
        return Standing(row=row, mean_daily=None, growth=None)
    values = tuple(returns.values())
    return Standing(row=row, mean_daily=resampler.mean(values), growth=resampler.growth(values))


def _pair(
    first: Row, second: Row, returns: Mapping[str, Mapping[date, float]], resampler: Resampler
) -> Pair | None:
    ours, theirs = returns[first.name], returns[second.name]
    shared = [day for day in ours if day in theirs]
    if not shared:
        return None
    left, right = [ours[day] for day in shared], [theirs[day] for day in shared]
    ahead = [one - other for one, other in zip(left, right, strict=True)]
    return Pair(
        first=first.name,
        second=second.name,
        days=len(shared),
        days_ahead=sum(one > 0 for one in ahead),
        mean_daily=resampler.mean(ahead),
        growth=resampler.growth_difference(left, right),
    )


def notes(board: Leaderboard, lang: str) -> tuple[str, ...]:
    """Return what a reader has to know before believing a line, one sentence each."""
    return (
        *_on_the_end(board, lang),
        *_on_the_sample(board, lang),
        *_on_memory(board, lang),
        *_on_imports(board, lang),
    )


def _on_the_end(board: Leaderboard, lang: str) -> tuple[str, ...]:
    rows = [standing.row for standing in board.standings]
    stopped = [
        say(f"arena.note.{row.state}", lang, name=row.name, why=row.why)
        for row in rows
        if row.state in (RowState.KILLED, RowState.FAILED)
    ]
    going_on = [row for row in rows if row.state is RowState.UNDER_WAY]
    later = [
        say("arena.note.later", lang, name=row.name, day=row.daily[0][0])
        for row in going_on
        if row.daily and row.daily[0][0] > board.terms.start
    ]
    return (*stopped, *([say("arena.note.under_way", lang)] if going_on else []), *later)


def _on_the_sample(board: Leaderboard, lang: str) -> tuple[str, ...]:
    days, found = board.days, []
    if days < SHORT_DAYS:
        found.append(say("arena.note.short", lang, days=days, usual=SHORT_DAYS))
    found.append(say("arena.note.one_period", lang))
    clear = sum(pair.mean_daily.clear for pair in board.pairs)
    if board.pairs:
        by_chance = round(len(board.pairs) * (1.0 - CONFIDENCE), 1)
        found.append(
            say("arena.note.pairs", lang, clear=clear, pairs=len(board.pairs), by_chance=f"{by_chance:g}")
        )
    return tuple(found)


def _on_memory(board: Leaderboard, lang: str) -> tuple[str, ...]:
    found = []
    unknown: list[str] = []
    for row in (standing.row for standing in board.standings):
        known = row.days_known_before
        if known:
            found.append(
                say(
                    "arena.note.cutoff",
                    lang,
                    name=row.name,
                    cutoff=row.cutoff,
                    days=known,
                    all=len(row.returns),
                )
            )
        elif known is None and row.kind in (EntrantKind.MODEL, EntrantKind.RECORD):
            unknown.append(row.name)
    if unknown:
        found.append(say("arena.note.no_cutoff", lang, names=", ".join(unknown)))
    return tuple(found)


def _on_imports(board: Leaderboard, lang: str) -> tuple[str, ...]:
    if not board.imports:
        return ()
    left_out = [
        say("arena.note.left_out", lang, name=one.name, count=len(one.left_out))
        for one in board.imports
        if one.left_out
    ]
    return (say("arena.note.legacy", lang), *left_out)


def board_json(board: Leaderboard, lang: str) -> dict[str, Json]:
    """Return the leaderboard under the names other programs call it by.

    Money is a JSON number rounded to 0.01, a ratio a float, what is not defined null.
    """
    terms = board.terms
    return {
        "account": terms.account,
        "mode": terms.mode,
        "market": terms.market,
        "frequency": terms.frequency,
        "source": terms.source,
        "start": terms.start.isoformat(),
        "end": terms.end.isoformat(),
        "synthetic": terms.synthetic,
        "approximate": terms.approximate,
        "days": board.days,
        "short_sample": board.days < SHORT_DAYS,
        "rows": [_row_json(one, board) for one in board.standings],
        "pairs": [_pair_json(one) for one in board.pairs],
        "imports": [
            {
                "name": one.name,
                "file": one.file,
                "trades": one.trades,
                "left_out": [{"line": line, "why": why} for line, why in one.left_out],
            }
            for one in board.imports
        ],
        "method": {
            "interval": "circular block bootstrap, percentile",
            "confidence": CONFIDENCE,
            "draws": board.resampler.draws,
            "block_days": board.resampler.block(board.days),
            "seed": board.resampler.seed,
        },
        "notes": list(notes(board, lang)),
    }


def _row_json(standing: Standing, board: Leaderboard) -> dict[str, Json]:
    row, metrics = standing.row, standing.row.metrics
    return {
        "name": row.name,
        "kind": str(row.kind),
        "agent": row.agent,
        "account": row.account,
        "state": str(row.state),
        "why": row.why,
        "days": len(row.returns),
        "initial_cash": _cents(row.daily[0][1]) if row.daily else None,
        "final_cash": _cents(row.final_cash_cny),
        "final_equity": _cents(row.daily[-1][1]) if row.daily else None,
        "positions": dict(row.positions),
        "return": row.total_return,
        "return_interval": interval_json(standing.growth),
        "mean_daily_return": interval_json(standing.mean_daily),
        "annual_return": metrics.annual_return,
        "volatility": metrics.volatility,
        "max_drawdown": metrics.max_drawdown,
        "sharpe": metrics.sharpe,
        "sortino": metrics.sortino,
        "calmar": metrics.calmar,
        "win_rate": metrics.win_rate,
        "over": _over(standing.row, board),
        "turnover": _cents(row.traded_cny),
        "turnover_ratio": row.turnover_ratio,
        "fees": _cents(row.fees_cny),
        "sessions": row.sessions,
        "orders": row.orders,
        "fills": row.fills,
        "refusals": dict(row.refusals),
        "risk_only": row.risk_only,
        **_answers_json(row.answers),
        "training_cutoff": None if row.cutoff is None else row.cutoff.isoformat(),
        "days_known_before": row.days_known_before,
        "equity": {day.isoformat(): _cents(equity) for day, equity in row.daily[1:]},
    }


def _over(row: Row, board: Leaderboard) -> dict[str, Json]:
    """Return by how much a line's return exceeds that of the index and of each baseline."""
    return {
        other.name: row.total_return - other.total_return
        for other in (one.row for one in board.standings)
        if other.kind in (EntrantKind.BASELINE, EntrantKind.INDEX)
        and other.name != row.name
        and row.total_return is not None
        and other.total_return is not None
        and other.state in (RowState.FINISHED, RowState.UNDER_WAY)
    }


def _answers_json(answers: Answers | None) -> dict[str, Json]:
    told = answers or Answers()
    return {
        "answers": told.asked,
        "answer_faults": told.faults,
        "bad_answers": dict(told.bad),
        "tokens": {"input": told.input_tokens, "output": told.output_tokens},
        "cost": float(told.cost_cny),
        "latency_ms": {"p50": told.latency_p50_ms, "p95": told.latency_p95_ms},
    }


def _pair_json(pair: Pair) -> dict[str, Json]:
    return {
        "first": pair.first,
        "second": pair.second,
        "days": pair.days,
        "days_ahead": pair.days_ahead,
        "mean_daily_difference": interval_json(pair.mean_daily),
        "return_difference": interval_json(pair.growth),
        "clear": pair.mean_daily.clear,
    }


def interval_json(interval: Interval | None) -> dict[str, Json] | None:
    """Return an interval as a JSON object, None as null."""
    if interval is None:
        return None
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def _cents(amount: Decimal | None) -> float | None:
    return None if amount is None else float(to_cent(amount))
