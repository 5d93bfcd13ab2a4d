"""Order sizes and ticks: the rows, what is wrong with a size, and the nearest valid one below. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from services.domain.instruments import Board
from services.domain.orders import Side
from services.domain.value import Value
from services.rules.rows import CN_FIRST, US_FIRST, Confidence, Row, Series
from services.rules.terms import LotRule, OddLot, Rules

_BUY, _WHOLE = Side.BUY, OddLot.WHOLE_POSITION
AFTER_HOURS_ORDER_MAX = 1_000_000
"""Shares in one after-hours order (STAR and ChiNext rules, H; the other boards, M)."""


class LotProblem(Value, frozen=True, kw_only=True):
    """Why the exchange would not take an order of this size.

    `code` is one of `not_positive`, `below_min`, `not_multiple`, `splits_odd_lot`,
    `no_market_orders` and `over_max`; the first that applies in that order.
    """

    code: str
    detail: str
    over_max: bool = False


def lot_problem(
    rules: Rules, side: Side, shares: int, held: int, *, market_order: bool = False, after_hours: bool = False
) -> LotProblem | None:
    """Return what is wrong with an order of `shares`, None when nothing is.

    `held` is the position before a sell (ignored for a buy); that a sell exceeds it is not
    judged here, only the form of the number.
    """
    lots = rules.lots
    if shares < lots.minimum or shares % lots.step:
        wrong = _odd_problem(lots, side, shares, held)
        if wrong is not None:
            return wrong
    if market_order and not lots.takes_market_orders:
        return LotProblem(code="no_market_orders", detail=f"{rules.board} takes limit orders only")
    most = lots.market_order_max if market_order else lots.limit_order_max
    most = AFTER_HOURS_ORDER_MAX if after_hours else most
    if most is not None and shares > most:
        return LotProblem(
            code="over_max", detail=f"{shares} shares is over the {most} of one order", over_max=True
        )
    return None


def round_lot_down(rules: Rules, side: Side, shares: int, held: int, *, after_hours: bool = False) -> int:
    """Return the largest size of one limit order that is not above `shares`, 0 when there is none.

    A sell is never larger than `held`, and takes the odd lot along where that gives more. `after_hours`
    orders have a maximum of their own.
    """
    lots = rules.lots
    order_max = AFTER_HOURS_ORDER_MAX if after_hours else lots.limit_order_max
    most = shares if order_max is None or shares < order_max else order_max
    if side is _BUY:
        return most - most % lots.step if most >= lots.minimum else 0
    if most > held:
        most = held
    if most <= 0:
        return 0
    if lots.odd_lot is _WHOLE:
        return most if most >= lots.minimum or most == held else 0
    if not most % lots.step:
        return most
    with_odd_lot = most - (most - held) % lots.step
    return max(most - most % lots.step, with_odd_lot)


def _odd_problem(lots: LotRule, side: Side, shares: int, held: int) -> LotProblem | None:
    """Return what is wrong with a size that is not whole lots; some odd ones may be sold."""
    if shares <= 0:
        return LotProblem(code="not_positive", detail=f"{shares} shares is not a positive number")
    return _buy_problem(lots, shares) if side is _BUY else _sell_problem(lots, shares, held)


def _buy_problem(lots: LotRule, shares: int) -> LotProblem:
    if shares < lots.minimum:
        return LotProblem(code="below_min", detail=f"{shares} shares is below the minimum of {lots.minimum}")
    return LotProblem(code="not_multiple", detail=f"{shares} shares is not a multiple of {lots.step}")


def _sell_problem(lots: LotRule, shares: int, held: int) -> LotProblem | None:
    if lots.odd_lot is _WHOLE:
        if shares >= lots.minimum or shares == held:
            return None
        detail = f"{shares} shares is below the minimum of {lots.minimum} and not all of the {held} held"
        return LotProblem(code="below_min", detail=detail)
    odd = held % lots.step
    if shares % lots.step in (0, odd):
        return None
    if odd == 0:
        return LotProblem(code="not_multiple", detail=f"{shares} shares is not a multiple of {lots.step}")
    detail = f"{shares} of {held} shares splits the odd lot of {odd}, which is sold complete or not at all"
    return LotProblem(code="splits_odd_lot", detail=detail)


_H, _M, _L = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
_SSE = "SSE trading rules 3.3.8 (2023 and 2026); 上证函〔2014〕301号"
_SZSE = "SZSE trading rules (2023 and 2026)"
_B = "SSE and SZSE trading rules on B shares"
_CENT, _MILL = Decimal("0.01"), Decimal("0.001")
_CHINEXT_FIRST = date(2009, 10, 30)
_CHINEXT_REFORM = date(2020, 8, 24)
_STAR_FIRST = date(2019, 7, 22)
_BSE_FIRST = date(2021, 11, 15)
_REIT_FIRST = date(2021, 1, 29)
_CB_FIRST = date(2006, 7, 1)
_FUND_TICK_FIRST = date(2003, 3, 3)

_HUNDREDS = LotRule(
    minimum=100,
    step=100,
    odd_lot=OddLot.REMAINDER,
    limit_order_max=1_000_000,
    market_order_max=1_000_000,
)


def _one(board: Board, value: LotRule, since: date, source: str, confidence: Confidence) -> Series[LotRule]:
    row = Row(value=value, since=since, source=source, confidence=confidence)
    return Series(name=f"lots {board}", rows=(row,))


LOTS: Mapping[Board, Series[LotRule]] = MappingProxyType(
    {
        Board.SSE_MAIN: _one(Board.SSE_MAIN, _HUNDREDS, CN_FIRST, _SSE, _H),
        Board.SZSE_MAIN: _one(Board.SZSE_MAIN, _HUNDREDS, CN_FIRST, _SZSE, _H),
        Board.SSE_FUND: _one(Board.SSE_FUND, _HUNDREDS, CN_FIRST, _SSE, _H),
        Board.SZSE_FUND: _one(Board.SZSE_FUND, _HUNDREDS, CN_FIRST, _SZSE, _H),
        Board.REIT: _one(
            Board.REIT, _HUNDREDS, _REIT_FIRST, "as other funds; the maximum of REITs differs", _L
        ),
        Board.SSE_B: _one(Board.SSE_B, _HUNDREDS, CN_FIRST, _B, _M),
        Board.SZSE_B: _one(Board.SZSE_B, _HUNDREDS, CN_FIRST, _B, _M),
        Board.CHINEXT: Series(
            name="lots CHINEXT",
            rows=(
                Row(
                    value=_HUNDREDS,
                    since=_CHINEXT_FIRST,
                    until=date(2020, 8, 23),
                    source="SZSE trading rules at the opening of ChiNext",
                    confidence=_M,
                ),
                Row(
                    value=LotRule(
                        minimum=100,
                        step=100,
                        odd_lot=OddLot.REMAINDER,
                        limit_order_max=300_000,
                        market_order_max=150_000,
                    ),
                    since=_CHINEXT_REFORM,
                    source="ChiNext special trading rules, in force 2020-08-24",
                    confidence=_H,
                ),
            ),
        ),
        Board.STAR: _one(
            Board.STAR,
            LotRule(
                minimum=200,
                step=1,
                odd_lot=OddLot.WHOLE_POSITION,
                limit_order_max=100_000,
                market_order_max=50_000,
            ),
            _STAR_FIRST,
            "STAR special trading rules, in force 2019-07-22",
            _H,
        ),
        Board.BSE: _one(
            Board.BSE,
            LotRule(
                minimum=100,
                step=1,
                odd_lot=OddLot.WHOLE_POSITION,
                limit_order_max=1_000_000,
                market_order_max=1_000_000,
            ),
            _BSE_FIRST,
            "北证公告〔2021〕15号; maximum sizes weaker than the rest",
            _M,
        ),
        Board.CONVERTIBLE: _one(
            Board.CONVERTIBLE,
            LotRule(
                minimum=10,
                step=10,
                odd_lot=OddLot.REMAINDER,
                limit_order_max=1_000_000,
                market_order_max=None,
                takes_market_orders=False,
            ),
            _CB_FIRST,
            "SSE and SZSE rules for convertible bonds",
            _M,
        ),
        Board.US: _one(
            Board.US,
            LotRule(minimum=1, step=1, odd_lot=OddLot.REMAINDER, limit_order_max=None, market_order_max=None),
            US_FIRST,
            "US equities trade in single shares",
            _H,
        ),
    }
)


def _tick(board: Board, tick: Decimal, since: date, source: str, confidence: Confidence) -> Series[Decimal]:
    row = Row(value=tick, since=since, source=source, confidence=confidence)
    return Series(name=f"tick {board}", rows=(row,))


TICKS: Mapping[Board, Series[Decimal]] = MappingProxyType(
    {
        Board.SSE_MAIN: _tick(Board.SSE_MAIN, _CENT, CN_FIRST, _SSE, _H),
        Board.SZSE_MAIN: _tick(Board.SZSE_MAIN, _CENT, CN_FIRST, _SZSE, _H),
        Board.STAR: _tick(Board.STAR, _CENT, _STAR_FIRST, _SSE, _H),
        Board.CHINEXT: _tick(Board.CHINEXT, _CENT, _CHINEXT_FIRST, _SZSE, _H),
        Board.BSE: _tick(Board.BSE, _CENT, _BSE_FIRST, "北证公告〔2021〕15号", _H),
        Board.SSE_FUND: _tick(Board.SSE_FUND, _MILL, _FUND_TICK_FIRST, _SSE, _M),
        Board.SZSE_FUND: _tick(Board.SZSE_FUND, _MILL, _FUND_TICK_FIRST, _SZSE, _M),
        Board.REIT: _tick(Board.REIT, _MILL, _REIT_FIRST, "SSE and SZSE trial rules for REITs", _H),
        Board.CONVERTIBLE: _tick(Board.CONVERTIBLE, _MILL, _CB_FIRST, "rules for convertible bonds", _M),
        Board.SSE_B: _tick(Board.SSE_B, _MILL, CN_FIRST, _B + " (USD)", _M),
        Board.SZSE_B: _tick(Board.SZSE_B, _CENT, CN_FIRST, _B + " (HKD)", _M),
        Board.US: _tick(
            Board.US, _CENT, US_FIRST, "Rule 612 for prices from 1.00 USD; half-cents not seen", _M
        ),
    }
)
"""Smallest price step; a power of ten, in the board's currency."""
