"""The timetable of a trading day: the rows, and the phase at a time. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from services.domain.instruments import Board, Instrument, Kind
from services.rules.boards import is_lof
from services.rules.breakers import breaker_at
from services.rules.rows import US_FIRST, Confidence, OutsideRulebook, Row, Series
from services.rules.terms import Phase, PhaseSpan, Rules, Venue, Window

TIMETABLE_FIRST = date(2006, 7, 1)
"""The first day of the opening call as it is now; earlier timetables are not in the book."""

_NO_TIME = timedelta(0)
_AFTER_HOURS_KINDS = frozenset(
    {
        Kind.STOCK,
        Kind.ETF_EQUITY,
        Kind.ETF_EQUITY_20,
        Kind.ETF_BOND_T0,
        Kind.ETF_MONEY_T0,
        Kind.ETF_GOLD_T0,
        Kind.ETF_CROSS_BORDER_T0,
        Kind.ETF_COMMODITY_T0,
    }
)


def phase_at(rules: Rules, at: time) -> PhaseSpan:
    """Return the phase of a full trading day at `at`, naive local time of the market.

    From the end of trading to midnight the answer is `Phase.CLOSED`. That a day ends early or is no
    trading day is the calendar's to say.

    Raises:
        OutsideRulebook: The timetable of that day is not known.
    """
    phases = rules.phases
    if not phases:
        raise OutsideRulebook(f"{rules.board}: the timetable of {rules.day} is not known")
    return phases[bisect_right(rules.phase_ends, at)]


def trading_time(rules: Rules, since: time, until: time) -> timedelta:
    """Return how long prices could move between two times of one day, local to the market.

    At 13:00 the last price of the morning is new, and after hours the close does not age.
    """
    moved = _NO_TIME
    for span in rules.phases:
        begin, end = max(since, span.start), min(until, span.end)
        if span.matches and span.phase is not Phase.AFTER_HOURS and begin < end:
            moved += datetime.combine(rules.day, end) - datetime.combine(rules.day, begin)
    return moved


def missed_start(rules: Rules, seen: time, at: time) -> time | None:
    """Return when the continuous trading of `at` began where a price seen at `seen` is from before it.

    None where it is not, or where there is no continuous trading: what was true at the end of the morning
    need not be at the start of the afternoon, though no time of trading lies between.
    """
    span = phase_at(rules, at)
    return span.start if span.phase is Phase.CONTINUOUS and seen < span.start else None


def after_hours_eligible(rules: Rules, kind: Kind, instrument: Instrument | None = None) -> bool:
    """Answer whether an instrument trades at the close after hours.

    Stocks (risk-warned ones too), depositary receipts and ETFs do where the board has the phase;
    REITs, convertible bonds, B shares and, known by the `instrument` alone, listed open-end funds
    and stocks in their delisting period do not.
    """
    if not rules.after_hours or kind not in _AFTER_HOURS_KINDS:
        return False
    if instrument is None:
        return True
    delisting = instrument.delisting is not None and instrument.delisting.covers(rules.day)
    return not delisting and not is_lof(instrument.symbol)


def accepts_after_hours_orders(rules: Rules, at: time) -> bool:
    """Answer whether the exchange takes an after-hours order at `at`; that begins long before the close."""
    return any(window.covers(at) for window in rules.after_hours_windows)


def phases_on(board: Board, day: date, venue: Venue) -> tuple[PhaseSpan, ...]:
    """Return the phases of a full trading day in order, empty where they are not known.

    On the two days of 2016 on which the index circuit breaker ended trading, they end with it.

    Raises:
        OutsideRulebook: The day is past the end of the book.
    """
    series = timetable_of(board, venue)
    spans = series.on(day) if day >= series.rows[0].since else ()
    breaker = None if board is Board.US else breaker_at(day)
    return spans if breaker is None else _ended_at(spans, breaker)


def timetable_of(board: Board, venue: Venue) -> Series[tuple[PhaseSpan, ...]]:
    """Return the timetables of `board`, which SSE and SZSE each have for the boards they share."""
    return (SSE_TIMETABLES.get(board) if venue is Venue.SSE else None) or TIMETABLES[board]


def after_hours_windows(venue: Venue, phases: tuple[PhaseSpan, ...]) -> tuple[Window, ...]:
    """Return when after-hours orders are accepted, empty where the day has no after-hours trading."""
    if not any(span.phase is Phase.AFTER_HOURS for span in phases):
        return ()
    return _SSE_WINDOWS if venue is Venue.SSE else _SZSE_WINDOWS


def _ended_at(spans: tuple[PhaseSpan, ...], end: time) -> tuple[PhaseSpan, ...]:
    """Return the phases of a day on which trading ended at `end`."""
    begun = tuple(replace(span, end=min(span.end, end)) for span in spans if span.start < end)
    return (*begun, _span(Phase.CLOSED, end, time.max, ""))


def _span(phase: Phase, start: time, end: time, flags: str) -> PhaseSpan:
    """Return a span; `flags` holds o where orders, c where cancels are accepted, m where trades come out."""
    return PhaseSpan(
        phase=phase,
        start=start,
        end=end,
        accepts_orders="o" in flags,
        accepts_cancel="c" in flags,
        matches="m" in flags,
    )


_MORNING = (
    _span(Phase.PRE_OPEN, time(0, 0), time(9, 15), ""),
    _span(Phase.OPEN_CALL, time(9, 15), time(9, 20), "oc"),
    _span(Phase.OPEN_CALL_LOCKED, time(9, 20), time(9, 25), "om"),
)
_GAP = (_span(Phase.GAP, time(9, 25), time(9, 30), ""),)
_GAP_ACCEPTING = (_span(Phase.GAP, time(9, 25), time(9, 30), "o"),)
_FORENOON = (
    _span(Phase.CONTINUOUS, time(9, 30), time(11, 30), "ocm"),
    _span(Phase.LUNCH, time(11, 30), time(13, 0), ""),
)
_TO_THE_END = (_span(Phase.CONTINUOUS, time(13, 0), time(15, 0), "ocm"),)
_CLOSING_CALL = (
    _span(Phase.CONTINUOUS, time(13, 0), time(14, 57), "ocm"),
    _span(Phase.CLOSE_CALL, time(14, 57), time(15, 0), "om"),
)
_AFTER_HOURS = (
    _span(Phase.AFTER_HOURS_WAIT, time(15, 0), time(15, 5), "oc"),
    _span(Phase.AFTER_HOURS, time(15, 5), time(15, 30), "ocm"),
    _span(Phase.CLOSED, time(15, 30), time.max, ""),
)
_CLOSED = (_span(Phase.CLOSED, time(15, 0), time.max, ""),)

_SSE_WINDOWS = (
    Window(start=time(9, 30), end=time(11, 30)),
    Window(start=time(13, 0), end=time(15, 30)),
)
_SZSE_WINDOWS = (
    Window(start=time(9, 15), end=time(11, 30)),
    Window(start=time(13, 0), end=time(15, 30)),
)

_NO_CLOSING_CALL = _MORNING + _GAP + _FORENOON + _TO_THE_END + _CLOSED
_WITH_CLOSING_CALL = _MORNING + _GAP + _FORENOON + _CLOSING_CALL + _CLOSED
_GAP_TAKES_ORDERS = _MORNING + _GAP_ACCEPTING + _FORENOON + _CLOSING_CALL + _CLOSED
_WITH_AFTER_HOURS = _MORNING + _GAP + _FORENOON + _CLOSING_CALL + _AFTER_HOURS
_US_DAY = (
    _span(Phase.PRE_OPEN, time(0, 0), time(9, 30), ""),
    _span(Phase.CONTINUOUS, time(9, 30), time(16, 0), "ocm"),
    _span(Phase.CLOSED, time(16, 0), time.max, ""),
)

_H, _M, _L = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
_SSE_2026 = "上证发〔2026〕41号"
_SZSE_2026 = "深证上〔2026〕551号"
_SSE_OLD = "SSE trading rules of 2006-07-01"
_SSE_2018 = "SSE closing call from 2018-08-20"
_SZSE_OLD = "SZSE trading rules of 2006-07-01; orders of the gap accepted, not processed"
_SZSE_2016 = "SZSE notice: no orders in the gap from 2016-05-09"

_Spans = tuple[PhaseSpan, ...]


def _row(
    spans: _Spans, since: date, until: date | None, source: str, confidence: Confidence = _H
) -> Row[_Spans]:
    return Row(value=spans, since=since, until=until, source=source, confidence=confidence)


_UNTIL_2026 = date(2026, 7, 5)
_SINCE_2026 = date(2026, 7, 6)

_SSE_STOCKS = (
    _row(_NO_CLOSING_CALL, TIMETABLE_FIRST, date(2018, 8, 19), _SSE_OLD),
    _row(_WITH_CLOSING_CALL, date(2018, 8, 20), _UNTIL_2026, _SSE_2018),
)
_SZSE_STOCKS = (
    _row(_GAP_TAKES_ORDERS, TIMETABLE_FIRST, date(2016, 5, 8), _SZSE_OLD),
    _row(_WITH_CLOSING_CALL, date(2016, 5, 9), _UNTIL_2026, _SZSE_2016),
)

TIMETABLES: Mapping[Board, Series[_Spans]] = MappingProxyType(
    {
        board: Series(name=f"timetable {board}", rows=rows)
        for board, rows in {
            Board.SSE_MAIN: (*_SSE_STOCKS, _row(_WITH_AFTER_HOURS, _SINCE_2026, None, _SSE_2026)),
            Board.SZSE_MAIN: (*_SZSE_STOCKS, _row(_WITH_AFTER_HOURS, _SINCE_2026, None, _SZSE_2026)),
            Board.SZSE_FUND: (*_SZSE_STOCKS, _row(_WITH_AFTER_HOURS, _SINCE_2026, None, _SZSE_2026)),
            Board.SSE_B: (*_SSE_STOCKS, _row(_WITH_CLOSING_CALL, _SINCE_2026, None, _SSE_2026)),
            Board.SZSE_B: (*_SZSE_STOCKS, _row(_WITH_CLOSING_CALL, _SINCE_2026, None, _SZSE_2026)),
            Board.SSE_FUND: (
                _row(_NO_CLOSING_CALL, TIMETABLE_FIRST, _UNTIL_2026, _SSE_OLD),
                _row(_WITH_AFTER_HOURS, _SINCE_2026, None, _SSE_2026),
            ),
            Board.STAR: (_row(_WITH_AFTER_HOURS, date(2019, 7, 22), None, "STAR special trading rules"),),
            Board.CHINEXT: (
                _row(_GAP_TAKES_ORDERS, date(2009, 10, 30), date(2016, 5, 8), _SZSE_OLD),
                _row(_WITH_CLOSING_CALL, date(2016, 5, 9), date(2020, 8, 23), _SZSE_2016),
                _row(_WITH_AFTER_HOURS, date(2020, 8, 24), None, "ChiNext special trading rules"),
            ),
            Board.BSE: (
                _row(
                    _WITH_CLOSING_CALL,
                    date(2021, 11, 15),
                    None,
                    "北证公告〔2021〕15号; after-hours clauses 3.7.1-3.7.10 of 北证公告〔2026〕17号 deferred",
                ),
            ),
            Board.REIT: (
                _row(
                    _WITH_CLOSING_CALL,
                    date(2021, 1, 29),
                    None,
                    "as SZSE funds: a closing call since 2006-07-01",
                    _M,
                ),
            ),
            Board.CONVERTIBLE: (
                _row(_GAP_TAKES_ORDERS, TIMETABLE_FIRST, date(2016, 5, 8), _SZSE_OLD, _L),
                _row(_WITH_CLOSING_CALL, date(2016, 5, 9), None, "as SZSE stocks", _L),
            ),
            Board.US: (_row(_US_DAY, US_FIRST, None, "09:30-16:00 New York, early closes apart"),),
        }.items()
    }
)

SSE_TIMETABLES: Mapping[Board, Series[_Spans]] = MappingProxyType(
    {
        board: Series(
            name=f"timetable {board} SSE",
            rows=(
                _row(_NO_CLOSING_CALL, first, _UNTIL_2026, "as SSE funds: traded on to 15:00", confidence),
                _row(_WITH_CLOSING_CALL, _SINCE_2026, None, source, confidence),
            ),
        )
        for board, first, source, confidence in (
            (Board.REIT, date(2021, 1, 29), _SSE_2026 + " on funds", _M),
            (Board.CONVERTIBLE, TIMETABLE_FIRST, "as SSE funds; bonds are not named", _L),
        )
    }
)
"""The boards both exchanges have, at SSE; their rows in `TIMETABLES` are those of SZSE."""
