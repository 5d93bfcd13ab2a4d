"""The dated rows of taxes and fees. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from services.domain.instruments import Board, Kind
from services.domain.value import Value
from services.rules.rows import CN_FIRST, US_FIRST, Confidence, Row, Series


class Stamp(Value, frozen=True, kw_only=True):
    """Stamp duty on the amount, by side."""

    buy: Decimal
    sell: Decimal


class Transfer(Value, frozen=True, kw_only=True):
    """Transfer fee on the amount, or on par value."""

    rate: Decimal
    on_par: bool = False


_H, _M, _L = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
_ZERO = Decimal(0)

_STOCK_BOARDS = (Board.SSE_MAIN, Board.SZSE_MAIN, Board.STAR, Board.CHINEXT, Board.BSE)
_SZSE_STOCKS = {Board.SZSE_MAIN: CN_FIRST, Board.CHINEXT: date(2009, 10, 30)}
_UNTAXED_BOARDS = (Board.SSE_FUND, Board.SZSE_FUND, Board.REIT, Board.CONVERTIBLE)
_BSE_FIRST = date(2021, 11, 15)

_MOF = "Ministry of Finance notices on stamp duty for securities trades"
_CLEARING = "ChinaClear tariff"
_US = "none by default; regulatory fees of US sales change yearly and belong to the contract"


def _both(rate: str) -> Stamp:
    return Stamp(buy=Decimal(rate), sell=Decimal(rate))


def _sell(rate: str) -> Stamp:
    return Stamp(buy=_ZERO, sell=Decimal(rate))


_STAMP_ROWS: tuple[Row[Stamp], ...] = (
    Row(value=_both("0.001"), since=date(2005, 1, 24), until=date(2007, 5, 29), source=_MOF, confidence=_H),
    Row(value=_both("0.003"), since=date(2007, 5, 30), until=date(2008, 4, 23), source=_MOF, confidence=_H),
    Row(value=_both("0.001"), since=date(2008, 4, 24), until=date(2008, 9, 18), source=_MOF, confidence=_H),
    Row(value=_sell("0.001"), since=date(2008, 9, 19), until=date(2023, 8, 27), source=_MOF, confidence=_H),
    Row(value=_sell("0.0005"), since=date(2023, 8, 28), source=_MOF + ", halved 2023-08-28", confidence=_H),
)

STAMP: Mapping[Board, Series[Stamp]] = MappingProxyType(
    {
        **{board: Series(name=f"stamp duty {board}", rows=_STAMP_ROWS) for board in _STOCK_BOARDS},
        **{
            board: Series(
                name=f"stamp duty {board}",
                rows=(
                    Row(
                        value=_sell("0"),
                        since=CN_FIRST,
                        source="stamp duty is on stocks and CDRs",
                        confidence=_H,
                    ),
                ),
            )
            for board in _UNTAXED_BOARDS
        },
        Board.US: Series(
            name="stamp duty US",
            rows=(Row(value=_sell("0"), since=US_FIRST, source=_US, confidence=_H),),
        ),
    }
)
"""B shares are not here: their fees are in other currencies and not known."""

_TRANSFER_ROWS: tuple[Row[Transfer], ...] = (
    Row(
        value=Transfer(rate=Decimal("0.00002")),
        since=date(2015, 8, 1),
        until=date(2022, 4, 28),
        source=_CLEARING,
        confidence=_H,
    ),
    Row(
        value=Transfer(rate=Decimal("0.00001")),
        since=date(2022, 4, 29),
        source=_CLEARING + ", one rate for SSE, SZSE and BSE from 2022-04-29",
        confidence=_H,
    ),
)
_UNTIL_2015 = _CLEARING + " in force until 2015-07-31"
# Sources state the tariff with its last day and without a first one. From 2012-09, when the levies
# were set anew, nothing speaks against it; for the years before, no tariff at all was found.
_BEFORE_2012 = "taken as the ChinaClear tariff in force until 2015-07-31; its first day was not found"


def _until_2015(value: Transfer, first: date) -> tuple[Row[Transfer], ...]:
    """Return the tariff that ended in 2015: from 2012-09 as stated, before it as the best guess."""
    return (
        Row(value=value, since=first, until=date(2012, 8, 31), source=_BEFORE_2012, confidence=_L),
        Row(
            value=value,
            since=date(2012, 9, 1),
            until=date(2015, 7, 31),
            source=_UNTIL_2015,
            confidence=_H,
        ),
    )


TRANSFER: Mapping[Board, Series[Transfer]] = MappingProxyType(
    {
        Board.SSE_MAIN: Series(
            name="transfer fee SSE_MAIN",
            rows=(
                *_until_2015(Transfer(rate=Decimal("0.0003"), on_par=True), CN_FIRST),
                *_TRANSFER_ROWS,
            ),
        ),
        Board.STAR: Series(name="transfer fee STAR", rows=_TRANSFER_ROWS),
        **{
            board: Series(
                name=f"transfer fee {board}",
                rows=(
                    *_until_2015(Transfer(rate=Decimal("0.0000255")), first),
                    *_TRANSFER_ROWS,
                ),
            )
            for board, first in _SZSE_STOCKS.items()
        },
        Board.BSE: Series(
            name="transfer fee BSE",
            rows=(
                Row(
                    value=Transfer(rate=Decimal("0.000025")),
                    since=_BSE_FIRST,
                    until=date(2022, 4, 28),
                    source=_CLEARING + " for Beijing; the 0.002% of SSE and SZSE does not name it",
                    confidence=_L,
                ),
                _TRANSFER_ROWS[-1],
            ),
        ),
        **{
            board: Series(
                name=f"transfer fee {board}",
                rows=(
                    Row(
                        value=Transfer(rate=_ZERO),
                        since=CN_FIRST,
                        source="taken as 0 on funds and bonds; could be 0.001%",
                        confidence=_L,
                    ),
                ),
            )
            for board in _UNTAXED_BOARDS
        },
        Board.US: Series(
            name="transfer fee US",
            rows=(Row(value=Transfer(rate=_ZERO), since=US_FIRST, source=_US, confidence=_H),),
        ),
    }
)

_HANDLING_ROWS: tuple[Row[Decimal], ...] = (
    Row(
        value=Decimal("0.0000487"),
        since=date(2015, 8, 1),
        until=date(2023, 8, 27),
        source="SSE and SZSE tariff notices of 2015",
        confidence=_H,
    ),
    Row(
        value=Decimal("0.0000341"),
        since=date(2023, 8, 28),
        source="SSE and SZSE tariff notices of 2023-08",
        confidence=_H,
    ),
)

HANDLING: Mapping[Board, Series[Decimal]] = MappingProxyType(
    {
        **{
            board: Series(name=f"handling fee {board}", rows=_HANDLING_ROWS)
            for board in (Board.SSE_MAIN, Board.SZSE_MAIN, Board.STAR, Board.CHINEXT)
        },
        Board.BSE: Series(
            name="handling fee BSE",
            rows=(
                Row(
                    value=Decimal("0.00025"),
                    since=date(2022, 12, 1),
                    until=date(2023, 8, 27),
                    source="BSE tariff notice of 2022-12",
                    confidence=_M,
                ),
                Row(
                    value=Decimal("0.000125"),
                    since=date(2023, 8, 28),
                    source="BSE tariff notice of 2023-08",
                    confidence=_H,
                ),
            ),
        ),
        **{
            board: Series(
                name=f"handling fee {board}",
                rows=(
                    Row(
                        value=Decimal("0.00004"),
                        since=date(2015, 8, 1),
                        source="SSE and SZSE fund tariffs; first day not confirmed",
                        confidence=_M,
                    ),
                ),
            )
            for board in (Board.SSE_FUND, Board.SZSE_FUND)
        },
        Board.US: Series(
            name="handling fee US",
            rows=(Row(value=_ZERO, since=US_FIRST, source=_US, confidence=_H),),
        ),
    }
)
"""REITs, convertible bonds and B shares are not here: their rates are not known."""

HANDLING_EXEMPT = frozenset({Kind.ETF_MONEY_T0, Kind.ETF_BOND_T0})
"""Funds that pay no handling fee (SSE and SZSE fund tariffs; M)."""

CSRC: Mapping[Board, Series[Decimal]] = MappingProxyType(
    {
        **{
            board: Series(
                name=f"CSRC levy {board}",
                rows=(
                    Row(
                        value=Decimal("0.00002"),
                        since=date(2012, 1, 1),
                        source="CSRC levy on securities trades; collected so since 2012-09-01",
                        confidence=_M,
                    ),
                ),
            )
            for board in _STOCK_BOARDS
        },
        **{
            board: Series(
                name=f"CSRC levy {board}",
                rows=(
                    Row(
                        value=_ZERO,
                        since=date(2012, 1, 1),
                        source="unclear for funds: 0 or 0.002%; taken as 0",
                        confidence=_L,
                    ),
                ),
            )
            for board in (Board.SSE_FUND, Board.SZSE_FUND)
        },
        Board.US: Series(
            name="CSRC levy US",
            rows=(Row(value=_ZERO, since=US_FIRST, source=_US, confidence=_H),),
        ),
    }
)

COMMISSION_CAP: Series[Decimal] = Series(
    name="commission cap",
    rows=(Row(value=Decimal("0.003"), since=date(2002, 5, 1), source="证监发〔2002〕21号", confidence=_H),),
)
"""The highest commission rate on a mainland trade; the minimum of 5 CNY an order may exceed it."""
