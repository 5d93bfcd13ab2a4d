"""US rules that are not mainland ones: limit-up limit-down bands and the day-trader rule. Pure."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

from services.domain.money import CENT, to_cent
from services.rules.limits import Band
from services.rules.rows import US_FIRST, Confidence, Row, Series

_TWO = Decimal(2)
_THREE_USD = Decimal("3.00")
_LOW_USD = Decimal("0.75")
_LOW_MOVE_USD = Decimal("0.15")
_WIDE = Decimal("0.20")
_LOW = Decimal("0.75")
_TIERS = {1: Decimal("0.05"), 2: Decimal("0.10")}
_DOUBLE_FROM, _CLOSE = time(15, 35), time(16, 0)


def luld_band(*, tier: int, reference: Decimal, prev_close: Decimal, at: time) -> Band:
    """Return the LULD band around `reference`, in USD to the cent; `at` is New York time.

    Bands are 5% (tier 1) and 10% (tier 2) for a previous close above 3.00, 20% from 0.75 to 3.00,
    and below the lesser of 0.15 and 75%. From 15:35 tier 1, and tier 2 up to 3.00, is doubled.

    Raises:
        ValueError: The tier is neither 1 nor 2.

    Source: LULD plan with amendment 18 of 2020 (H; the doubling is M).
    """
    if tier not in _TIERS:
        raise ValueError(f"LULD tiers are 1 and 2, not {tier}")
    if prev_close > _THREE_USD:
        move = reference * _TIERS[tier]
    elif prev_close >= _LOW_USD:
        move = reference * _WIDE
    else:
        move = min(_LOW_MOVE_USD, reference * _LOW)
    if _DOUBLE_FROM <= at < _CLOSE and (tier == 1 or prev_close <= _THREE_USD):
        move *= _TWO
    return Band(limit_down=max(CENT, to_cent(reference - move)), limit_up=to_cent(reference + move))


def pattern_day_trader_block(*, equity: Decimal, day_trades_5d: int, day: date) -> bool:
    """Answer whether FINRA's day-trader rule stops a further day trade of a margin account.

    A broker may still have limits of its own.

    Raises:
        OutsideRulebook: The rule of that day is not known.
    """
    floor = PDT_EQUITY_MIN.on(day)
    return floor is not None and equity < floor and day_trades_5d >= _DAY_TRADES


_DAY_TRADES = 4
"""Day trades in five business days that make an account a pattern day trader."""

PDT_EQUITY_MIN: Series[Decimal | None] = Series(
    name="US pattern day trader equity",
    rows=(
        Row(
            value=None,
            since=US_FIRST,
            until=date(2001, 9, 27),
            source="before the rule",
            confidence=Confidence.LOW,
        ),
        Row(
            value=Decimal("25000"),
            since=date(2001, 9, 28),
            until=date(2026, 6, 3),
            source="FINRA rule 4210",
            confidence=Confidence.MEDIUM,
        ),
        Row(
            value=None,
            since=date(2026, 6, 4),
            source="FINRA notice 26-10: retired",
            confidence=Confidence.HIGH,
        ),
    ),
)
"""Equity in USD below which a pattern day trader is blocked; None: no such rule."""
