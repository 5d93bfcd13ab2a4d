"""The price cage of continuous trading: the rows and the bound for one order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from services.domain.instruments import Board
from services.domain.orders import Side
from services.rules.rows import CN_FIRST, Confidence, OutsideRulebook, Row, Series
from services.rules.terms import Cage, Rules

_BUY = Side.BUY


def cage_bound(
    rules: Rules,
    side: Side,
    *,
    best_ask: Decimal | None,
    best_bid: Decimal | None,
    last: Decimal | None,
    prev_close: Decimal | None,
) -> Decimal | None:
    """Return the highest price of a buy or the lowest of a sell, None where the board has no cage.

    For limit orders in continuous trading only: calls, market orders and after-hours orders have
    no cage. The reference is the best price of the other side, else of the own side, else the last
    trade of the day, else the previous close; None means that there is none. The bound is on the
    tick, at least one tick away from the reference, and may lie outside the daily limits.

    Raises:
        OutsideRulebook: The board has a cage and no reference is known.
    """
    cage = rules.cage
    if cage is None:
        return None
    buys, tick = side is _BUY, rules.tick
    reference = best_ask if buys else best_bid
    if reference is None:
        reference = best_bid if buys else best_ask
    if reference is None:
        reference = prev_close if last is None else last
    if reference is None:
        raise OutsideRulebook(f"{rules.board}: the price cage has no reference price")
    away = reference * cage.ratio
    if away < rules.cage_away_min:
        away = rules.cage_away_min
    if buys:
        return (reference + away).quantize(tick, ROUND_HALF_UP)
    return max(tick, (reference - away).quantize(tick, ROUND_HALF_UP))


def cage_on(board: Board, day: date) -> Cage | None:
    """Return the cage of `board` on `day`, None where it has none.

    Raises:
        OutsideRulebook: Whether the board has one is not known on that day.
    """
    series = CAGES.get(board)
    return None if series is None else series.on(day)


_H, _M, _L = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
_TWO, _FIVE = Decimal("0.02"), Decimal("0.05")
_2023 = "上证发〔2023〕32号; 深证上〔2023〕98号; kept by the 2026 rules"
_NONE_BEFORE = "no price cage before the 2023 trading rules"
_BEFORE_2023 = date(2023, 4, 9)
_SINCE_2023 = date(2023, 4, 10)


def _main(board: Board, confidence: Confidence) -> Series[Cage | None]:
    return Series(
        name=f"cage {board}",
        rows=(
            Row(value=None, since=CN_FIRST, until=_BEFORE_2023, source=_NONE_BEFORE, confidence=confidence),
            Row(value=Cage(ratio=_TWO, ticks=10), since=_SINCE_2023, source=_2023, confidence=confidence),
        ),
    )


CAGES: Mapping[Board, Series[Cage | None]] = MappingProxyType(
    {
        Board.SSE_MAIN: _main(Board.SSE_MAIN, _H),
        Board.SZSE_MAIN: _main(Board.SZSE_MAIN, _H),
        Board.SSE_B: _main(Board.SSE_B, _L),
        Board.SZSE_B: _main(Board.SZSE_B, _L),
        Board.STAR: Series(
            name="cage STAR",
            rows=(
                Row(
                    value=Cage(ratio=_TWO, ticks=0),
                    since=date(2019, 7, 22),
                    source="STAR special trading rules; without ten ticks also in 上证发〔2026〕41号",
                    confidence=_H,
                ),
            ),
        ),
        Board.CHINEXT: Series(
            name="cage CHINEXT",
            rows=(
                Row(
                    value=None,
                    since=date(2009, 10, 30),
                    until=date(2020, 8, 23),
                    source="no price cage before the ChiNext special trading rules",
                    confidence=_H,
                ),
                Row(
                    value=Cage(ratio=_TWO, ticks=0, parks=True),
                    since=date(2020, 8, 24),
                    until=_BEFORE_2023,
                    source="ChiNext special trading rules, in force 2020-08-24",
                    confidence=_H,
                ),
                Row(value=Cage(ratio=_TWO, ticks=10), since=_SINCE_2023, source=_2023, confidence=_H),
            ),
        ),
        Board.BSE: Series(
            name="cage BSE",
            rows=(
                Row(
                    value=Cage(ratio=_FIVE, ticks=10),
                    since=date(2021, 11, 15),
                    source="北证公告〔2021〕15号; 北证公告〔2026〕17号; rounding of the bound not found",
                    confidence=_M,
                ),
            ),
        ),
    }
)
"""A board that is not here has no cage."""
