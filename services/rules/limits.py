"""Daily price limits: the rows, and the band of one instrument on one day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import TypeVar

from services.domain.instruments import Board, Instrument, Kind, Symbol
from services.domain.money import ZERO
from services.domain.value import Value
from services.rules.limit_rows import (
    DELISTING_FIRST_DAY_FREE,
    FIRST_DAY,
    FIRST_DAY_CALL,
    FREE_DAYS,
    ONE_TICK,
    RATIO,
    RELISTING_FIRST_DAY_FREE,
    ROUNDING,
    SHARE_REFORM_RATIO,
    ST_RATIO,
    WIDE_FUND_RATIO,
)
from services.rules.rows import OutsideRulebook, Series
from services.rules.terms import LimitRule, Multipliers, Rounding, Rules, Venue

_WIDE = Kind.ETF_EQUITY_20

T = TypeVar("T")

_ONE = Decimal(1)
_FREE = Multipliers(up=None, down=None)
_CLOSED_WEEKDAYS_MAX = 10
"""More weekdays in a row than any mainland holiday ever took."""
_SURELY_LISTED_LONG_DAYS = 40
_TO_TICK: Mapping[Rounding, tuple[str, str]] = MappingProxyType(
    {
        Rounding.HALF_UP: (ROUND_HALF_UP, ROUND_HALF_UP),
        Rounding.INWARD: (ROUND_FLOOR, ROUND_CEILING),
    }
)


class Band(Value, frozen=True, kw_only=True):
    """The lowest and highest price accepted that day, on the tick; None: no limit on that side."""

    limit_down: Decimal | None
    limit_up: Decimal | None

    @property
    def unlimited(self) -> bool:
        """Whether the day has no price limit."""
        return self.limit_up is None

    def allows(self, price: Decimal) -> bool:
        """Answer whether an order at `price` is inside."""
        return (self.limit_up is None or price <= self.limit_up) and (
            self.limit_down is None or price >= self.limit_down
        )


_UNLIMITED = Band(limit_down=None, limit_up=None)

_LAST: dict[Symbol, tuple[Rules, Instrument, Decimal, Band]] = {}
"""The band of each symbol that was asked for last, behind all that it was reckoned from.

Whoever asks of a symbol within a day asks with the same objects, gate and exchange, order for order; an
equal price that is another object is reckoned anew. There are never more of them than symbols.
"""


def price_band(rules: Rules, prev_close: Decimal, instrument: Instrument) -> Band:
    """Return the prices accepted for an order in `instrument` on the rules' day.

    `prev_close` is the exchange's reference: ex-rights adjustment must already be in it, and on a
    first trading day it is the issue price (the instrument's own, where given, comes first).
    Without `first_days` or `listed_on` an instrument counts as long listed.

    Raises:
        OutsideRulebook: The day is before the listing, or it cannot be told whether the day is
            one of the unlimited days after it, or has a limit as the first day of a new listing.
        ValueError: `prev_close` is not a positive number.

    Source: rows `limit ratio`, `limit first day` and those beside them (document and date in each row).
    """
    last = _LAST.get(instrument.symbol)
    if last is not None and last[0] is rules and last[1] is instrument and last[2] is prev_close:
        return last[3]
    if not (prev_close.is_finite() and prev_close > ZERO):
        raise ValueError(f"{instrument.symbol}: a previous close must be positive, not {prev_close}")
    band = _band(rules, prev_close, instrument)
    _LAST[instrument.symbol] = (rules, instrument, prev_close, band)
    return band


def limits_on(board: Board, day: date, venue: Venue) -> LimitRule:
    """Return the limit rule of `board` at `venue` on `day`.

    Raises:
        OutsideRulebook: The limits of that board are not known on that day.
    """
    ratio = RATIO[board].on(day)
    st = ST_RATIO[board].on(day) if board in ST_RATIO else ratio
    reform = SHARE_REFORM_RATIO.on(day) if board in (Board.SSE_MAIN, Board.SZSE_MAIN) else None
    wide = WIDE_FUND_RATIO[board].on(day) if board in WIDE_FUND_RATIO else ratio
    free = FREE_DAYS[board].row_on(day) if board in FREE_DAYS else None
    return LimitRule(
        ordinary=_around(ratio),
        st=_around(st),
        share_reform=None if reform is None else _around(reform),
        wide_fund=_around(wide),
        free_days=0 if free is None else free.value,
        free_days_since=date.max if free is None else free.since,
        first_day=FIRST_DAY[board].on(day) if board in FIRST_DAY else None,
        first_day_call=_known(FIRST_DAY_CALL, board, day),
        delisting_first_day_free=board in DELISTING_FIRST_DAY_FREE
        and DELISTING_FIRST_DAY_FREE[board].on(day),
        relisting_first_day_free=_known(RELISTING_FIRST_DAY_FREE, board, day),
        rounding=ROUNDING[venue].on(day),
        one_tick_at_least=ONE_TICK[venue].on(day),
    )


def _band(rules: Rules, prev_close: Decimal, instrument: Instrument) -> Band:
    limits = rules.limits
    if instrument.relisted_on == rules.day:
        return _relisted(rules, prev_close, instrument)
    number = None if _first_known_day(instrument) is None else listing_day(rules, instrument)
    if number is not None:
        if number <= _free_days(limits, instrument):
            return _UNLIMITED
        if number == 1 and limits.first_day is not None:
            issue = instrument.issue_price_cny
            return _rounded(rules, prev_close if issue is None else Decimal(issue), limits.first_day)
    return _rounded(rules, prev_close, _everyday(rules, instrument))


def _relisted(rules: Rules, prev_close: Decimal, instrument: Instrument) -> Band:
    """Return the band of the day on which a delisted share trades again."""
    free = rules.limits.relisting_first_day_free
    if free is None:
        raise OutsideRulebook(
            f"{instrument.symbol}: the limits of a new listing on {rules.day} are not known"
        )
    return _UNLIMITED if free else _rounded(rules, prev_close, _everyday(rules, instrument))


def _around(ratio: Decimal | None) -> Multipliers:
    return _FREE if ratio is None else Multipliers(up=_ONE + ratio, down=_ONE - ratio)


def _everyday(rules: Rules, instrument: Instrument) -> Multipliers:
    """Return the factors of a day that is not special because of the listing."""
    limits, day = rules.limits, rules.day
    if instrument.delisting is not None and instrument.delisting.covers(day):
        first = day == instrument.delisting.since
        return _FREE if first and limits.delisting_first_day_free else limits.ordinary
    if instrument.share_reform_pending and limits.share_reform is not None:
        return limits.share_reform
    if instrument.st and instrument.is_st(day):
        return limits.st
    kind = instrument.kind or rules.kind
    return limits.wide_fund if kind is _WIDE else limits.ordinary


def _known(table: Mapping[Board, Series[T]], board: Board, day: date) -> T | None:
    """Return the value of the day, None where the board has none so early or at all."""
    series = table.get(board)
    return series.on(day) if series is not None and day >= series.rows[0].since else None


def _first_known_day(instrument: Instrument) -> date | None:
    return instrument.first_days[0] if instrument.first_days else instrument.listed_on


def _free_days(limits: LimitRule, instrument: Instrument) -> int:
    """Return how many unlimited days the instrument's listing came with."""
    first = _first_known_day(instrument)
    by_registration = instrument.registration_regime or limits.first_day is None
    if first is None or first < limits.free_days_since or not by_registration:
        return 0
    return limits.free_days


def listing_day(rules: Rules, instrument: Instrument) -> int | None:
    """Return which trading day since the listing the rules' day is, from 1, None when past every special one.

    Raises:
        OutsideRulebook: The day is before the listing, or whether it is a special one is not known.
    """
    limits, day, first = rules.limits, rules.day, _first_known_day(instrument)
    if first is None:
        return None
    known = instrument.first_days or (first,)
    if day in known:
        return known.index(day) + 1
    if day < known[-1]:
        raise OutsideRulebook(f"{instrument.symbol}: {day} is not one of its trading days since {first}")
    window = _free_days(limits, instrument)
    if len(known) >= window or (day - known[-1]).days > _SURELY_LISTED_LONG_DAYS:
        return None
    return _estimated_number(instrument, known, day, window)


def _estimated_number(instrument: Instrument, known: tuple[date, ...], day: date, window: int) -> int | None:
    """Bound the number by weekdays; a holiday in between can only make it smaller."""
    span = (day - known[-1]).days
    weekdays = sum((known[-1] + timedelta(days=i)).weekday() < 5 for i in range(1, span + 1))
    highest = len(known) + weekdays
    if highest <= window:
        return highest
    if highest - _CLOSED_WEEKDAYS_MAX > window:
        return None
    raise OutsideRulebook(
        f"{instrument.symbol}: listed {known[0]}, and whether {day} is within its first {window} "
        "trading days is not known"
    )


def _rounded(rules: Rules, reference: Decimal, factors: Multipliers) -> Band:
    """Return the band on the tick, never below one tick."""
    if factors.up is None or factors.down is None:
        return _UNLIMITED
    tick = rules.tick
    up_mode, down_mode = _TO_TICK[rules.limits.rounding]
    up = (reference * factors.up).quantize(tick, up_mode)
    down = (reference * factors.down).quantize(tick, down_mode)
    if rules.limits.one_tick_at_least:
        if up - reference < tick:
            up = (reference + tick).quantize(tick, ROUND_FLOOR)
        if reference - down < tick:
            down = (reference - tick).quantize(tick, ROUND_CEILING)
    return Band(limit_down=down if down > tick else tick, limit_up=up if up > tick else tick)
