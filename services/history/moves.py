"""Prices that the exchange's limits rule out, ex-days nobody declared, bars without trade. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import numpy as np

from services.domain.bars import Adjustment, CorporateAction
from services.domain.instruments import Instrument, Symbol
from services.history.findings import Certainty, Finding, FindingKind
from services.history.gaps import Known
from services.history.lengths import BarLength, day_of
from services.history.series import Series, unscaled
from services.rules import OutsideRulebook, ex_reference, price_band, rules_of

_ADJUSTED_SLACK = Decimal("0.006")
"""By which part a band is widened for prices that are, or may be, adjusted: their steps differ."""

_FREE_DAYS = 5
"""After a listing the limits of a share whose listing day nobody states may be off for so long."""


def move_findings(all_series: Sequence[Series], known: Known) -> list[Finding]:
    """Return what cannot have been traded as it stands."""
    actions: dict[tuple[Symbol, date], list[CorporateAction]] = {}
    for action in known.actions:
        actions.setdefault((action.symbol, action.ex_date), []).append(action)
    first = min((int(one.ends[0]) for one in all_series if len(one)), default=0)
    found: list[Finding] = []
    for series in all_series:
        if len(series) and series.kind.length is not BarLength.WEEK:
            found += _limits(series, known, actions, begins=int(series.ends[0]) == first)
            found += _without_trade(series)
    return found


def _limits(
    series: Series,
    known: Known,
    actions: Mapping[tuple[Symbol, date], Sequence[CorporateAction]],
    *,
    begins: bool,
) -> list[Finding]:
    """Return the days whose prices lie outside what the close before allowed."""
    found = []
    facts = known.instruments.get(series.symbol) or Instrument(symbol=series.symbol)
    follows = dict(zip(known.days[1:], known.days, strict=False))
    days = _days(series)
    listed_long = begins or facts.listed_on is not None
    for number, (day, first, last) in enumerate(days):
        if number == 0 or (not listed_long and number < _FREE_DAYS):
            continue
        before, _, closing = days[number - 1]
        if follows.get(day) != before and not facts.is_suspended(day):
            continue
        reference = _reference(series, closing, actions.get((series.symbol, day), ()))
        finding = None if reference is None else _breach(series, (first, last), reference, facts, day)
        if finding is not None:
            found.append(finding)
    return found


def _days(series: Series) -> list[tuple[date, int, int]]:
    """Return each day with its first and last row."""
    days: list[tuple[date, int, int]] = []
    for row, end in enumerate(series.ends.tolist()):
        day = day_of(series.market, end)
        if days and days[-1][0] == day:
            days[-1] = (day, days[-1][1], row)
        else:
            days.append((day, row, row))
    return days


def _reference(series: Series, row: int, actions: Sequence[CorporateAction]) -> Decimal | None:
    close = series.price(row, "close")
    if close is None or not actions or series.kind.adjustment is not Adjustment.RAW:
        return close
    rights = sum((one.rights_per_share for one in actions), Decimal(0))
    paid = sum((one.rights_per_share * one.rights_price_cny for one in actions), Decimal(0))
    try:
        return ex_reference(
            close,
            cash=sum((one.cash_per_share for one in actions), Decimal(0)),
            share_ratio=sum((one.shares_per_share for one in actions), Decimal(0)),
            rights_ratio=rights,
            rights_price=paid / rights if rights else Decimal(0),
        )
    except ValueError:
        return None


def _breach(
    series: Series, rows: tuple[int, int], reference: Decimal, facts: Instrument, day: date
) -> Finding | None:
    try:
        band = price_band(rules_of(series.symbol, day), reference, facts)
    except (OutsideRulebook, ValueError):
        return None
    slack = Decimal(0) if series.kind.adjustment is Adjustment.RAW else reference * _ADJUSTED_SLACK
    span = slice(rows[0], rows[1] + 1)
    high, low = unscaled(int(series.high[span].max())), unscaled(int(series.low[span].min()))
    if high is None or low is None or band.limit_up is None or band.limit_down is None:
        return None
    close = f"after a close of {reference:f}"
    if high > band.limit_up + slack:
        detail = f"high {high.normalize():f} above the limit {band.limit_up} {close}"
        mend = "fetch the day again; or declare the listing, or an ex-day of another symbol's bars"
        return _finding(FindingKind.LIMIT_BREACH, series, rows, detail, mend)
    if low < band.limit_down - slack:
        whole = high < band.limit_down - slack
        detail = f"low {low.normalize():f} below the limit {band.limit_down} {close}"
        if whole:
            detail += "; all of the day is: an ex-day that these prices do not hold"
        mend = "declare the action, or adjust all bars alike" if whole else "fetch the day again"
        kind = FindingKind.EX_DAY if whole else FindingKind.LIMIT_BREACH
        return _finding(kind, series, rows, detail, mend)
    return None


def _without_trade(series: Series) -> list[Finding]:
    """Return days on which nothing was traded though there are bars: fillers for a suspension."""
    return [
        _finding(
            FindingKind.ZERO_VOLUME,
            series,
            (first, last),
            "bars without any volume: fillers of a day without trading",
            "leave them out, and declare the suspension",
        )
        for _, first, last in _days(series)
        if not np.any(series.volume[first : last + 1])
    ]


def _finding(kind: FindingKind, series: Series, rows: tuple[int, int], detail: str, mend: str) -> Finding:
    return Finding(
        kind=kind,
        certainty=Certainty.SUSPECT,
        symbols=(series.symbol,),
        bars=rows[1] - rows[0] + 1,
        first=series.label(rows[0]),
        last=series.label(rows[1]),
        detail=detail,
        mend=mend,
    )
