"""Halts within a day that has no price limit: the rows, and the halts its trades bring. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType

from services.domain.instruments import Board
from services.rules.rows import Confidence, Row, Series
from services.rules.terms import HaltRule, Phase, Rules, Window


def intraday_halts(
    rules: Rules, opened: Decimal, trades: Iterable[tuple[time, Decimal]]
) -> tuple[Window, ...]:
    """Return when trading is halted on a day without a price limit, oldest first, as local times.

    `opened` is the day's open, `trades` are times and prices since, in order; those inside a halt
    do not count. Each threshold halts once a day, up and down together, and a move past both at once
    halts once. Minutes of lunch are not counted. Empty where the board's halts are not known
    (`rules.halts` None). That the day has no limit is the caller's to say.

    Raises:
        ValueError: `opened` is not a positive number.
    """
    if not (opened.is_finite() and opened > 0):
        raise ValueError(f"the open of a day must be positive, not {opened}")
    rule = rules.halts
    if rule is None:
        return ()
    halts: list[Window] = []
    left = sorted(rule.moves)
    for at, price in trades:
        if at >= rule.resumes_at_latest or (halts and at < halts[-1].end):
            continue
        moved = abs(price - opened) / opened
        above = [move for move in left if moved < move]
        if len(above) < len(left):
            left = above
            halts.append(Window(start=at, end=_resumption(rules, rule, at)))
    return tuple(halts)


def halts_on(board: Board, day: date) -> HaltRule | None:
    """Return the halts of `board` on `day`, None where they are not known or there are none."""
    series = HALTS.get(board)
    return series.on(day) if series is not None and day >= series.rows[0].since else None


def _resumption(rules: Rules, rule: HaltRule, at: time) -> time:
    """Return when a halt that begins at `at` ends."""
    end = datetime.combine(rules.day, at) + timedelta(seconds=rule.halt_s)
    for span in rules.phases:
        begins, ends = (datetime.combine(rules.day, edge) for edge in (span.start, span.end))
        if span.phase is Phase.LUNCH and at < span.end and end > begins:
            end += ends - begins
    return min(end.time(), rule.resumes_at_latest)


_THIRTY_SIXTY = HaltRule(moves=(Decimal("0.30"), Decimal("0.60")), halt_s=600, resumes_at_latest=time(14, 57))


def _since(board: Board, first: date, source: str) -> tuple[Board, Series[HaltRule]]:
    row = Row(value=_THIRTY_SIXTY, since=first, source=source, confidence=Confidence.HIGH)
    return board, Series(name=f"halts of unlimited days {board}", rows=(row,))


HALTS: Mapping[Board, Series[HaltRule]] = MappingProxyType(
    dict(
        (
            _since(Board.SSE_MAIN, date(2023, 4, 10), "上证发〔2023〕32号; kept by the 2026 rules"),
            _since(Board.SZSE_MAIN, date(2023, 4, 10), "深证上〔2023〕98号; kept by the 2026 rules"),
            _since(Board.STAR, date(2019, 7, 22), "STAR special trading rules"),
            _since(Board.CHINEXT, date(2020, 8, 24), "ChiNext special trading rules"),
            _since(Board.BSE, date(2021, 11, 15), "北证公告〔2021〕15号; 北证公告〔2026〕17号"),
        )
    )
)
"""Halts of earlier unlimited days, and of convertible bonds before 2022-08-01, are not known."""
