"""The whole book: every rule of one board on one day, and every row there is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache

from services.domain.instruments import Board
from services.rules import (
    boards,
    breakers,
    cage,
    corporate,
    fee_rows,
    limit_rows,
    lots,
    phases,
    proceeds,
    programmatic,
    settlement,
    us,
)
from services.rules.cage import cage_on
from services.rules.fees import fees_on
from services.rules.limits import limits_on
from services.rules.phases import after_hours_windows, phases_on
from services.rules.rows import Series
from services.rules.settlement import st_buy_cap_on
from services.rules.terms import Rules

RULES_VERSION = "cn-2026.11.20.1"
"""Names the rows; a change of any row changes it (a test holds the rows' digest against it)."""


@cache
def rules_on(board: Board, day: date, venue: str | None = None) -> Rules:
    """Return the rules of `board` on `day`, which need not be a trading day.

    `venue` is the exchange's suffix, `SH` or `SZ`: REITs and convertible bonds of SSE had another
    timetable before 2026-07-06. Without it they have that of SZSE.

    Timetable and fees reach less far back than the rest: where they are not known, asking them
    for an answer raises.

    Raises:
        OutsideRulebook: Before the board's first row, or past `KNOWN_UNTIL`.
    """
    limits = limits_on(board, day)
    spans = phases_on(board, day, venue)
    windows = after_hours_windows(board, spans)
    return Rules(
        board=board,
        day=day,
        version=RULES_VERSION,
        tick=lots.TICKS[board].on(day),
        lots=lots.LOTS[board].on(day),
        limits=limits,
        cage=cage_on(board, day),
        fees=fees_on(board, day),
        phases=spans,
        after_hours=bool(windows),
        after_hours_windows=windows,
        st_buy_cap=st_buy_cap_on(board, day),
    )


def every_series() -> Iterator[Series[object]]:
    """Yield every series of the book, for tests and for printing the book."""
    tables = (
        boards.CODES,
        limit_rows.RATIO,
        limit_rows.ST_RATIO,
        limit_rows.WIDE_FUND_RATIO,
        limit_rows.FREE_DAYS,
        limit_rows.FIRST_DAY,
        limit_rows.DELISTING_FIRST_DAY_FREE,
        limit_rows.ONE_TICK,
        limit_rows.ROUNDING,
        lots.LOTS,
        lots.TICKS,
        cage.CAGES,
        phases.TIMETABLES,
        phases.SSE_TIMETABLES,
        fee_rows.STAMP,
        fee_rows.TRANSFER,
        fee_rows.HANDLING,
        fee_rows.CSRC,
        settlement.SETTLEMENT,
        settlement.ST_BUY_CAPS,
    )
    for table in tables:
        yield from table.values()
    yield from (
        boards.US_CODES,
        limit_rows.SHARE_REFORM_RATIO,
        fee_rows.COMMISSION_CAP,
        settlement.US_SETTLEMENT,
        settlement.SZSE_COMMODITY_SETTLEMENT,
        corporate.DIVIDEND_TAX,
        us.PDT_EQUITY_MIN,
        breakers.BREAKERS,
        proceeds.CN_WITHDRAWABLE_DAYS,
        proceeds.US_SETTLEMENT_DAYS,
        programmatic.PROGRAMMATIC,
    )
