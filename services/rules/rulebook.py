"""The whole book: every rule of one board on one day, and every row there is. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache, lru_cache

from msgspec.structs import replace

from services.domain.instruments import Board, Symbol
from services.domain.money import ZERO
from services.rules import (
    boards,
    breakers,
    cage,
    corporate,
    fee_rows,
    limit_rows,
    lots,
    order_prices,
    phases,
    proceeds,
    programmatic,
    settlement,
    trading_halts,
    us,
)
from services.rules.boards import code_of, default_kind, venue_of
from services.rules.cage import cage_on
from services.rules.fees import fees_on
from services.rules.limits import limits_on
from services.rules.order_prices import calls_on
from services.rules.phases import after_hours_windows, phases_on
from services.rules.rows import Series, require_known
from services.rules.settlement import st_buy_cap_on
from services.rules.terms import Rules, Venue
from services.rules.trading_halts import halts_on

RULES_VERSION = "cn-2026.11.20.2"
"""Names the rows; a change of any row changes it (a test holds the rows' digest against it)."""


@lru_cache(maxsize=1 << 13)
def rules_of(symbol: Symbol, day: date) -> Rules:
    """Return the rules of `symbol` on `day`, which need not be a trading day.

    Timetable and fees reach less far back than the rest: where they are not known, asking them
    for an answer raises.

    Raises:
        OutsideRulebook: The code is of no known board on that day, or the day is past `KNOWN_UNTIL`.
    """
    rows, venue = code_of(symbol)
    return rules_on(rows.on(day), day, venue)


@cache
def rules_on(board: Board, day: date, venue: Venue | None = None) -> Rules:
    """Return the rules of `board` on `day`: `rules_of` where no symbol is known.

    `venue` is needed for the boards that two exchanges have, REITs and convertible bonds; without
    it they are those of SZSE.

    Timetable and fees reach less far back than the rest: where they are not known, asking them
    for an answer raises.

    Raises:
        OutsideRulebook: Before the board's first row, or past `KNOWN_UNTIL`.
    """
    require_known(day)
    venue = venue or venue_of(board)
    stretch = board, venue, bisect_right(_changes(), day)
    rules = _BETWEEN.get(stretch)
    if rules is None:
        rules = _BETWEEN[stretch] = _resolved(board, day, venue)
    return replace(rules, day=day)


_BETWEEN: dict[tuple[Board, Venue, int], Rules] = {}
"""The rules of a board between two days on which any row changes: they differ in their day alone."""


@cache
def _changes() -> tuple[date, ...]:
    """Return the days on which a row of the book begins, and those after one ends, in order."""
    rows = [row for series in every_series() for row in series.rows]
    ended = [row.until + timedelta(days=1) for row in rows if row.until is not None]
    return tuple(sorted({*(row.since for row in rows), *ended}))


def _resolved(board: Board, day: date, venue: Venue) -> Rules:
    spans = phases_on(board, day, venue)
    windows = after_hours_windows(venue, spans)
    tick, caged = lots.TICKS[board].on(day), cage_on(board, day)
    return Rules(
        board=board,
        kind=default_kind(board),
        venue=venue,
        day=day,
        version=RULES_VERSION,
        tick=tick,
        lots=lots.LOTS[board].on(day),
        limits=limits_on(board, day, venue),
        cage=caged,
        cage_away_min=ZERO if caged is None else tick * max(caged.ticks, 1),
        fees=fees_on(board, day),
        phases=spans,
        phase_ends=tuple(span.end for span in spans[:-1]),
        after_hours=bool(windows),
        after_hours_windows=windows,
        st_buy_cap=st_buy_cap_on(board, day),
        calls=calls_on(board, day),
        halts=halts_on(board, day),
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
        limit_rows.FIRST_DAY_CALL,
        limit_rows.DELISTING_FIRST_DAY_FREE,
        limit_rows.RELISTING_FIRST_DAY_FREE,
        limit_rows.ONE_TICK,
        limit_rows.ROUNDING,
        lots.LOTS,
        lots.TICKS,
        cage.CAGES,
        order_prices.CALL_RANGES,
        trading_halts.HALTS,
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
