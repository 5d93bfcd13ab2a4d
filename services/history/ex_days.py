"""What several sources tell of one ex-day, and whether a vendor's factors agree with it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from services.domain.bars import CorporateAction
from services.history.lengths import day_of, moment_of
from services.history.series import Series
from services.history.spans import Covered
from services.rules import OutsideRulebook, ex_reference, rules_of

_ZERO = Decimal(0)
_FACTOR_STEP = Decimal("0.001")
"""Vendors tell factors with three decimals or more."""

_VIRTUAL_PART = Decimal("0.05")
"""How far the exchange's reference may lie off a declared amount, as a part of what the day takes: shares
that the company holds itself get nothing, and the reference is reckoned on what all shares get on average."""


def unspoken(there: CorporateAction, told: Sequence[CorporateAction]) -> CorporateAction | None:
    """Return what is left of an ex-day beside what another source tells of the day, None where nothing is.

    Rights stay where no rights are told, and what is handed out stays where rights alone are.
    """
    rights_told = any(one.rights_per_share for one in told)
    rights_alone = bool(told) and not any(one.cash_per_share or one.shares_per_share for one in told)
    left = there
    if rights_told:
        left = replace(left, rights_per_share=_ZERO, rights_price_cny=_ZERO)
    if not rights_alone:
        left = replace(left, cash_per_share=_ZERO, shares_per_share=_ZERO, bonus_per_share=_ZERO)
    return left if left.rights_per_share or left.cash_per_share or left.shares_per_share else None


def unexplained(
    series: Series,
    factors: Mapping[date, Decimal],
    known: Covered,
    actions: Sequence[CorporateAction],
    trading: Callable[[date, date], Sequence[date]],
) -> dict[date, str]:
    """Return the days on which factors and ex-days say different things, each with the numbers.

    `factors` are each from their day on, oldest first, and all there are on the `known` days; the bars are
    raw, `actions` those of the symbol, and `trading` tells the days from one to another that are not known to
    be without trading. A change before the first bar is left out: nobody held the share.
    """
    found = _unmoved(series, factors, known, actions, trading)
    for (since, before), (day, after) in pairwise(factors.items()):
        if before == after:
            continue
        row = int(np.searchsorted(series.ends, moment_of(series.market, day, time(0)))) - 1
        if row < 0:
            continue
        last = day_of(series.market, int(series.ends[row]))
        close = series.price(row, "close")
        then = _factor_on(factors, last)
        if close is None or then is None or _unknown(known, min(since, last), day, trading):
            continue
        # Of two ex-days without a trade between them the second is reckoned from the first one's reference.
        base = close if since <= last else close * then / before
        told = [one for one in actions if max(last, since) < one.ex_date <= day]
        problem = _problem(base, base * before / after, told, _tick(series, day), before)
        if problem:
            found[day] = f"{day}, factor {before:f} to {after:f}: {problem}"
    return found


def _unmoved(
    series: Series,
    factors: Mapping[date, Decimal],
    known: Covered,
    actions: Sequence[CorporateAction],
    trading: Callable[[date, date], Sequence[date]],
) -> dict[date, str]:
    """Return the ex-days between two bars between which a factor should have changed and did not."""
    found: dict[date, str] = {}
    for day in sorted({one.ex_date for one in actions}):
        row = int(np.searchsorted(series.ends, moment_of(series.market, day, time(0))))
        close = series.price(row - 1, "close") if 0 < row < len(series) else None
        if close is None:
            continue
        last, following = (day_of(series.market, int(series.ends[at])) for at in (row - 1, row))
        then = _factor_on(factors, last)
        moved = any(last < at <= following and factor != then for at, factor in factors.items())
        if then is None or moved or _unknown(known, last, following, trading):
            continue
        told = [one for one in actions if one.ex_date == day]
        problem = _problem(close, close, told, _tick(series, day), then)
        if problem:
            found[day] = f"{day}, factor {then:f} unchanged: {problem}"
    return found


def _problem(
    base: Decimal, implied: Decimal, told: Sequence[CorporateAction], tick: Decimal, factor: Decimal
) -> str:
    """Return in what a factor's reference price and that of the ex-days differ, empty where they agree."""
    if not told:
        return f"no ex-day is known, by the factor {base:f} became {implied:.3f}"
    rights = sum((one.rights_per_share for one in told), _ZERO)
    paid = sum((one.rights_per_share * one.rights_price_cny for one in told), _ZERO)
    try:
        reference = ex_reference(
            base,
            cash=sum((one.cash_per_share for one in told), _ZERO),
            share_ratio=sum((one.shares_per_share for one in told), _ZERO),
            rights_ratio=rights,
            rights_price=paid / rights if rights else _ZERO,
            tick=tick,
        )
    except ValueError as problem:
        return str(problem)
    slack = tick + base * _FACTOR_STEP / factor + abs(base - reference) * _VIRTUAL_PART
    if abs(reference - implied) <= slack:
        return ""
    return f"by the ex-days {base:f} became {reference:f}, by the factor {implied:.3f}"


def _factor_on(factors: Mapping[date, Decimal], day: date) -> Decimal | None:
    return next((factors[at] for at in sorted(factors, reverse=True) if at <= day), None)


def _unknown(
    known: Covered, first: date, last: date, trading: Callable[[date, date], Sequence[date]]
) -> bool:
    """Answer whether a day with trading from one to another is not among those that are known."""
    return any(trading(*span) for span in known.missing(first, last))


def _tick(series: Series, day: date) -> Decimal:
    try:
        return rules_of(series.symbol, day).tick
    except OutsideRulebook:
        return Decimal("0.01")
