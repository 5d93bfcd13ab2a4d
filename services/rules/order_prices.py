"""Which prices an order may have in a call auction, beyond the daily limits: the rows and the range. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from services.domain.instruments import Board, Instrument
from services.domain.money import to_tick
from services.rules.limits import Band, listing_day, price_band
from services.rules.rows import Confidence, OutsideRulebook, Row, Series
from services.rules.terms import CallRange, Multipliers, Phase, Rules

_ONE = Decimal(1)
_OPENING_CALLS = frozenset({Phase.OPEN_CALL, Phase.OPEN_CALL_LOCKED})


def order_band(
    rules: Rules, instrument: Instrument, phase: Phase, *, prev_close: Decimal, last: Decimal | None
) -> Band:
    """Return the prices accepted for an order in `phase`: the day's limits, and in calls what narrows them.

    `prev_close` as for `price_band`: on a first trading day it is the issue price. `last` is the
    day's last trade, None where there is none; a closing call is then held against `prev_close`. In
    continuous trading the price cage (`cage_bound`) holds besides, after hours the close.

    Raises:
        OutsideRulebook: The limits are not known, or the day has none and the calls of that board
            on such a day are not known.
        ValueError: `prev_close` is not a positive number.

    Source: rows `call prices` and `opening call first day` (document and date in each row).
    """
    band = price_band(rules, prev_close, instrument)
    if phase in _OPENING_CALLS:
        return _opening(rules, instrument, band, prev_close)
    if phase is not Phase.CLOSE_CALL or not band.unlimited:
        return band
    ratio = _calls(rules).later_ratio
    if ratio is None:
        raise OutsideRulebook(f"{rules.board}: order prices of a closing call without limits are not known")
    return _around(rules, last or prev_close, Multipliers(up=_ONE + ratio, down=_ONE - ratio))


def _opening(rules: Rules, instrument: Instrument, band: Band, prev_close: Decimal) -> Band:
    if band.unlimited:
        return _around(rules, prev_close, _calls(rules).opening)
    first_day = rules.limits.first_day_call
    if first_day is None or listing_day(rules, instrument) != 1:
        return band
    issue = instrument.issue_price_cny
    return _around(rules, prev_close if issue is None else Decimal(issue), first_day)


def _calls(rules: Rules) -> CallRange:
    if rules.calls is None:
        raise OutsideRulebook(f"{rules.board}: order prices of calls without limits are not known")
    return rules.calls


def calls_on(board: Board, day: date) -> CallRange | None:
    """Return what calls of `board` take on an unlimited `day`, None where that is not known."""
    series = CALL_RANGES.get(board)
    return series.on(day) if series is not None and day >= series.rows[0].since else None


def _around(rules: Rules, reference: Decimal, factors: Multipliers) -> Band:
    low, high = factors.down, factors.up
    return Band(
        limit_down=None if low is None else to_tick(reference * low, rules.tick),
        limit_up=None if high is None else to_tick(reference * high, rules.tick),
    )


_M, _L = Confidence.MEDIUM, Confidence.LOW
_SINCE = date(2023, 4, 10)
_BEFORE = date(2023, 4, 9)
_SSE = CallRange(opening=Multipliers(up=Decimal("9.00"), down=Decimal("0.50")), later_ratio=None)
_SZSE = CallRange(opening=Multipliers(up=Decimal("9.00"), down=None), later_ratio=Decimal("0.10"))
_EARLIER = "taken as in the rules of 2023; the earlier text was not found"


def _row(
    value: CallRange, since: date, until: date | None, source: str, confidence: Confidence
) -> Row[CallRange]:
    return Row(value=value, since=since, until=until, source=source, confidence=confidence)


def _series(board: Board, *rows: Row[CallRange]) -> tuple[Board, Series[CallRange]]:
    return board, Series(name=f"call prices of unlimited days {board}", rows=rows)


_SSE_ROW = _row(
    _SSE, _SINCE, None, "上证发〔2023〕32号; 上证发〔2026〕41号; the closing call was not found", _M
)
_SZSE_ROW = _row(_SZSE, _SINCE, None, "深证上〔2023〕98号; 深证上〔2026〕551号", _M)

CALL_RANGES: Mapping[Board, Series[CallRange]] = MappingProxyType(
    dict(
        (
            _series(Board.SSE_MAIN, _SSE_ROW),
            _series(Board.STAR, _row(_SSE, date(2019, 7, 22), _BEFORE, _EARLIER, _L), _SSE_ROW),
            _series(Board.SZSE_MAIN, _SZSE_ROW),
            _series(Board.CHINEXT, _row(_SZSE, date(2020, 8, 24), _BEFORE, _EARLIER, _L), _SZSE_ROW),
        )
    )
)
"""Of BSE, and of earlier unlimited days, nothing was found."""
