"""When bought shares may be sold, and which cash may be used. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from services.domain.instruments import Board, Instrument, Kind
from services.domain.money import ZERO
from services.domain.value import Value
from services.rules.rows import CN_FIRST, US_FIRST, Confidence, Row, Series
from services.rules.terms import Rules


@lru_cache(maxsize=4096)
def settlement_days(kind: Kind, day: date, board: Board | None = None) -> int:
    """Return after how many trading days shares bought on `day` may be sold: 0 or 1.

    `board` is needed where it tells more than the kind: US shares may be sold the same day, and
    commodity funds of SZSE could be earlier than those of SSE.

    Raises:
        OutsideRulebook: The rule of that kind is not known on that day.
    """
    return settlement_series(kind, board).on(day)


def settlement_series(kind: Kind, board: Board | None) -> Series[int]:
    """Return the rows about selling a kind on `board`; the stricter ones where the board is not told."""
    if board is Board.US:
        return US_SETTLEMENT
    if board is Board.SZSE_FUND and kind is Kind.ETF_COMMODITY_T0:
        return SZSE_COMMODITY_SETTLEMENT
    return SETTLEMENT[kind]


def sellable_shares(
    days_to_settle: int, *, opening: int, bought_today: int, sold_today: int, frozen: int = 0
) -> int:
    """Return how many shares may still be sold today; `frozen` are in working sell orders."""
    usable = opening + (bought_today if days_to_settle == 0 else 0)
    return max(0, usable - sold_today - frozen)


class CashRights(Value, frozen=True, kw_only=True):
    """What may be done with cash on the day of a sale, in CNY."""

    buyable_today: Decimal
    withdrawable_today: Decimal
    withdrawable_next_session: Decimal


def cash_after_sales(
    opening_available: Decimal, proceeds_today: Decimal, bought_today: Decimal = ZERO
) -> CashRights:
    """Return the uses of cash: proceeds buy at once and leave the account the next trading day.

    `bought_today` is what purchases of the day cost. The rules do not say whether they are paid
    from the day's proceeds or from the cash before them: none of the proceeds counts as
    withdrawable, as in `Book.withdrawable_cny`. A broker who takes the proceeds first lets more go.
    """
    left = opening_available + proceeds_today - bought_today
    return CashRights(
        buyable_today=left,
        withdrawable_today=max(ZERO, left - proceeds_today),
        withdrawable_next_session=left,
    )


def st_daily_buy_cap(rules: Rules, instrument: Instrument) -> int | None:
    """Return the most shares one account may buy of the instrument that day, None for no cap.

    Counts every purchase of the day: auction, block and after-hours.
    """
    return rules.st_buy_cap if instrument.is_st(rules.day) else None


def st_buy_cap_on(board: Board, day: date) -> int | None:
    """Return the daily cap on buying one risk-warned stock of `board`, None for no cap."""
    series = ST_BUY_CAPS.get(board)
    return None if series is None else series.on(day)


_H, _M, _L = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
_T1 = "SSE and SZSE trading rules: sold from the next trading day"
_SAME_DAY = "SSE and SZSE trading rules: same-day sale"


def _always(kind: Kind, days: int, source: str) -> Series[int]:
    row = Row(value=days, since=CN_FIRST, source=source, confidence=_H)
    return Series(name=f"settlement {kind}", rows=(row,))


def _from(
    kind: Kind, first: date, before: date, source: str, confidence: Confidence = _H, exchange: str = ""
) -> Series[int]:
    return Series(
        name=f"settlement {kind}{exchange}",
        rows=(
            Row(value=1, since=CN_FIRST, until=before, source=_T1, confidence=confidence),
            Row(value=0, since=first, source=source, confidence=confidence),
        ),
    )


SETTLEMENT: Mapping[Kind, Series[int]] = MappingProxyType(
    {
        Kind.STOCK: _always(Kind.STOCK, 1, _T1),
        Kind.ETF_EQUITY: _always(Kind.ETF_EQUITY, 1, _T1),
        Kind.ETF_EQUITY_20: _always(Kind.ETF_EQUITY_20, 1, _T1),
        Kind.REIT: _always(Kind.REIT, 1, _T1),
        Kind.B_SHARE: _always(Kind.B_SHARE, 1, _T1 + "; settled T+3"),
        Kind.ETF_BOND_T0: _always(Kind.ETF_BOND_T0, 0, _SAME_DAY),
        Kind.ETF_MONEY_T0: _always(Kind.ETF_MONEY_T0, 0, _SAME_DAY),
        Kind.CONVERTIBLE_BOND: _always(Kind.CONVERTIBLE_BOND, 0, _SAME_DAY),
        Kind.ETF_GOLD_T0: _from(
            Kind.ETF_GOLD_T0,
            date(2015, 1, 19),
            date(2015, 1, 18),
            _SAME_DAY + "; in the rules since 2015-01-19 at the latest",
            _M,
        ),
        Kind.ETF_CROSS_BORDER_T0: _from(
            Kind.ETF_CROSS_BORDER_T0,
            date(2015, 1, 19),
            date(2015, 1, 18),
            _SAME_DAY + " where the underlying trades so, from 2015-01-19",
        ),
        Kind.ETF_COMMODITY_T0: _from(
            Kind.ETF_COMMODITY_T0,
            date(2020, 1, 20),
            date(2020, 1, 19),
            _SAME_DAY + "; SSE from 2020-01-20",
        ),
    }
)
"""By kind; of commodity funds those of SSE."""

SZSE_COMMODITY_SETTLEMENT: Series[int] = _from(
    Kind.ETF_COMMODITY_T0,
    date(2019, 1, 11),
    date(2019, 1, 10),
    _SAME_DAY + "; SZSE from 2019-01-11",
    exchange=" SZSE",
)

US_SETTLEMENT: Series[int] = Series(
    name="settlement US",
    rows=(
        Row(value=0, since=US_FIRST, source="US equities may be sold on the day of purchase", confidence=_H),
    ),
)


def _cap(board: Board, rows: tuple[tuple[int | None, date, date | None, str], ...]) -> Series[int | None]:
    return Series(
        name=f"ST daily buy cap {board}",
        rows=tuple(
            Row(value=value, since=since, until=until, source=source, confidence=_M)
            for value, since, until, source in rows
        ),
    )


_SSE_CAP = "SSE risk-warning board rules; first day not confirmed"
_SZSE_CAP = "SZSE rules on risk-warned stocks; first day not confirmed"
_NO_CAP = "no cap known before"

ST_BUY_CAPS: Mapping[Board, Series[int | None]] = MappingProxyType(
    {
        Board.SSE_MAIN: _cap(
            Board.SSE_MAIN,
            (
                (None, CN_FIRST, date(2012, 12, 31), _NO_CAP),
                (500_000, date(2013, 1, 1), None, _SSE_CAP),
            ),
        ),
        Board.SZSE_MAIN: _cap(
            Board.SZSE_MAIN,
            (
                (None, CN_FIRST, date(2020, 12, 30), _NO_CAP),
                (500_000, date(2020, 12, 31), None, _SZSE_CAP),
            ),
        ),
        Board.CHINEXT: _cap(
            Board.CHINEXT,
            (
                (None, date(2009, 10, 30), date(2020, 12, 30), _NO_CAP),
                (500_000, date(2020, 12, 31), None, _SZSE_CAP),
            ),
        ),
        Board.BSE: _cap(
            Board.BSE,
            (
                (None, date(2021, 11, 15), date(2026, 8, 30), _NO_CAP),
                (200_000, date(2026, 8, 31), None, "北证公告〔2026〕34号"),
            ),
        ),
    }
)
"""STAR is not on the risk-warning board: no cap there."""
