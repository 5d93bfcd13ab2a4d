"""The dated rows of the daily price limits. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from services.domain.instruments import Board
from services.rules.rows import CN_FIRST, US_FIRST, Confidence, Row, Series
from services.rules.terms import Multipliers, Rounding, Venue

_H, _M, _L = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW

_FIVE, _TEN = Decimal("0.05"), Decimal("0.10")
_TWENTY, _THIRTY = Decimal("0.20"), Decimal("0.30")

_CHINEXT_FIRST = date(2009, 10, 30)
_CHINEXT_REFORM = date(2020, 8, 24)
_STAR_FIRST = date(2019, 7, 22)
_BSE_FIRST = date(2021, 11, 15)
_REIT_FIRST = date(2021, 1, 29)
_CB_FIRST = date(2006, 7, 1)
_REGISTRATION = date(2023, 4, 10)

_OLD = "price limits of 1996-12-16, kept by the SSE and SZSE trading rules of 2023 and 2026"
_2026 = "上证发〔2026〕41号; 深证上〔2026〕551号"
_2023 = "上证发〔2023〕32号; 深证上〔2023〕98号"
_ST_OLD = "special treatment rules of 1998-04-22, kept until the 2026 trading rules"
_STAR = "STAR special trading rules, in force 2019-07-22"
_CHINEXT = "ChiNext special trading rules, in force 2020-08-24"
_CHINEXT_OLD = "SZSE trading rules at the opening of ChiNext"
_BSE = "北证公告〔2021〕15号; 北证公告〔2026〕17号"
_FUND20 = "SSE and SZSE notices on funds of 20% stocks, 2020-08"
_REIT = "SSE and SZSE trial rules for REITs, 2021-01-29"
_CB = "SSE and SZSE rules for convertible bonds, in force 2022-08-01"
_CB_OLD = "convertible bonds before the rules of 2022-08-01: halts only"
_DELISTING = "delisting rules of 2020-12-31"
_US = "no daily price limit on US equities"


def _rounding(venue: Venue, value: Rounding, since: date, source: str) -> Series[Rounding]:
    row = Row(value=value, since=since, source=source, confidence=_H)
    return Series(name=f"limit rounding {venue.name}", rows=(row,))


RATIO: Mapping[Board, Series[Decimal | None]] = MappingProxyType(
    {
        Board.SSE_MAIN: Series(
            name="limit ratio SSE_MAIN",
            rows=(Row(value=_TEN, since=CN_FIRST, source=_OLD, confidence=_H),),
        ),
        Board.SZSE_MAIN: Series(
            name="limit ratio SZSE_MAIN",
            rows=(Row(value=_TEN, since=CN_FIRST, source=_OLD, confidence=_H),),
        ),
        Board.STAR: Series(
            name="limit ratio STAR",
            rows=(Row(value=_TWENTY, since=_STAR_FIRST, source=_STAR, confidence=_H),),
        ),
        Board.CHINEXT: Series(
            name="limit ratio CHINEXT",
            rows=(
                Row(
                    value=_TEN,
                    since=_CHINEXT_FIRST,
                    until=date(2020, 8, 23),
                    source=_CHINEXT_OLD,
                    confidence=_H,
                ),
                Row(value=_TWENTY, since=_CHINEXT_REFORM, source=_CHINEXT, confidence=_H),
            ),
        ),
        Board.BSE: Series(
            name="limit ratio BSE",
            rows=(Row(value=_THIRTY, since=_BSE_FIRST, source=_BSE, confidence=_H),),
        ),
        Board.SSE_FUND: Series(
            name="limit ratio SSE_FUND",
            rows=(Row(value=_TEN, since=CN_FIRST, source=_OLD, confidence=_H),),
        ),
        Board.SZSE_FUND: Series(
            name="limit ratio SZSE_FUND",
            rows=(Row(value=_TEN, since=CN_FIRST, source=_OLD, confidence=_H),),
        ),
        Board.REIT: Series(
            name="limit ratio REIT",
            rows=(Row(value=_TEN, since=_REIT_FIRST, source=_REIT, confidence=_H),),
        ),
        Board.CONVERTIBLE: Series(
            name="limit ratio CONVERTIBLE",
            rows=(
                Row(value=None, since=_CB_FIRST, until=date(2022, 7, 31), source=_CB_OLD, confidence=_M),
                Row(value=_TWENTY, since=date(2022, 8, 1), source=_CB, confidence=_H),
            ),
        ),
        Board.SSE_B: Series(
            name="limit ratio SSE_B",
            rows=(Row(value=_TEN, since=CN_FIRST, source=_OLD, confidence=_M),),
        ),
        Board.SZSE_B: Series(
            name="limit ratio SZSE_B",
            rows=(Row(value=_TEN, since=CN_FIRST, source=_OLD, confidence=_M),),
        ),
        Board.US: Series(
            name="limit ratio US",
            rows=(Row(value=None, since=US_FIRST, source=_US, confidence=_H),),
        ),
    }
)
"""Ratio of an ordinary day; None: the board has no limit."""

_MAIN_ST: tuple[Row[Decimal | None], ...] = (
    Row(value=_TEN, since=CN_FIRST, until=date(1998, 4, 21), source=_OLD, confidence=_H),
    Row(value=_FIVE, since=date(1998, 4, 22), until=date(2026, 7, 5), source=_ST_OLD, confidence=_H),
    Row(value=_TEN, since=date(2026, 7, 6), source=_2026, confidence=_H),
)

ST_RATIO: Mapping[Board, Series[Decimal | None]] = MappingProxyType(
    {
        **{
            board: Series(name=f"limit ratio ST {board}", rows=_MAIN_ST)
            for board in (Board.SSE_MAIN, Board.SZSE_MAIN, Board.SSE_B, Board.SZSE_B)
        },
        Board.CHINEXT: Series(
            name="limit ratio ST CHINEXT",
            rows=(
                Row(
                    value=_FIVE,
                    since=_CHINEXT_FIRST,
                    until=date(2020, 8, 23),
                    source=_CHINEXT_OLD,
                    confidence=_H,
                ),
                Row(value=_TWENTY, since=_CHINEXT_REFORM, source=_CHINEXT, confidence=_H),
            ),
        ),
    }
)
"""Ratio of a risk-warned stock; a board that is not here does not tell them apart."""

SHARE_REFORM_RATIO: Series[Decimal | None] = Series(
    name="limit ratio of shares without share reform",
    rows=(
        Row(value=None, since=CN_FIRST, until=date(2007, 1, 7), source=_OLD, confidence=_M),
        Row(
            value=_FIVE,
            since=date(2007, 1, 8),
            source="SSE and SZSE notices of 2007-01; after 2026-07-06 measured on 600182, not quoted",
            confidence=_M,
        ),
    ),
)
"""Ratio of a main-board share whose share reform is not done; None: as any other."""

WIDE_FUND_RATIO: Mapping[Board, Series[Decimal | None]] = MappingProxyType(
    {
        Board.SSE_FUND: Series(
            name="limit ratio 20% funds SSE_FUND",
            rows=(
                Row(value=_TEN, since=CN_FIRST, until=date(2020, 8, 20), source=_OLD, confidence=_H),
                Row(value=_TWENTY, since=date(2020, 8, 21), source=_FUND20, confidence=_H),
            ),
        ),
        Board.SZSE_FUND: Series(
            name="limit ratio 20% funds SZSE_FUND",
            rows=(
                Row(value=_TEN, since=CN_FIRST, until=date(2020, 8, 23), source=_OLD, confidence=_H),
                Row(value=_TWENTY, since=_CHINEXT_REFORM, source=_FUND20, confidence=_H),
            ),
        ),
    }
)
"""Ratio of a fund that holds 20% stocks only, which its code does not tell."""

FREE_DAYS: Mapping[Board, Series[int]] = MappingProxyType(
    {
        **{
            board: Series(
                name=f"unlimited listing days {board}",
                rows=(
                    Row(value=0, since=CN_FIRST, until=date(2023, 4, 9), source=_OLD, confidence=_H),
                    Row(value=5, since=_REGISTRATION, source=_2023, confidence=_H),
                ),
            )
            for board in (Board.SSE_MAIN, Board.SZSE_MAIN)
        },
        Board.STAR: Series(
            name="unlimited listing days STAR",
            rows=(Row(value=5, since=_STAR_FIRST, source=_STAR, confidence=_H),),
        ),
        Board.CHINEXT: Series(
            name="unlimited listing days CHINEXT",
            rows=(
                Row(
                    value=0, since=_CHINEXT_FIRST, until=date(2020, 8, 23), source=_CHINEXT_OLD, confidence=_H
                ),
                Row(value=5, since=_CHINEXT_REFORM, source=_CHINEXT, confidence=_H),
            ),
        ),
        Board.BSE: Series(
            name="unlimited listing days BSE",
            rows=(Row(value=1, since=_BSE_FIRST, source=_BSE, confidence=_H),),
        ),
    }
)
"""Trading days without a limit after a listing under registration."""

_RELISTING = "SSE, SZSE and BSE trading rules of 2023 and 2026; earlier ones were not found"

RELISTING_FIRST_DAY_FREE: Mapping[Board, Series[bool]] = MappingProxyType(
    {
        board: Series(
            name=f"first day of a new listing {board}",
            rows=(Row(value=True, since=_REGISTRATION, source=_RELISTING, confidence=_M),),
        )
        for board in (Board.SSE_MAIN, Board.SZSE_MAIN, Board.STAR, Board.CHINEXT, Board.BSE)
    }
)
"""Whether the first day of a delisted share that is listed again has no limit."""

_NO_BAND = Multipliers(up=None, down=None)
_OLD_LISTING = Multipliers(up=Decimal("1.44"), down=Decimal("0.64"))
_OLD_LISTING_SOURCE = "approval-regime listing rules; listings later under approval kept the band"

FIRST_DAY: Mapping[Board, Series[Multipliers | None]] = MappingProxyType(
    {
        Board.SSE_MAIN: Series(
            name="limit first day SSE_MAIN",
            rows=(
                Row(value=_NO_BAND, since=CN_FIRST, until=date(2013, 12, 12), source=_OLD, confidence=_H),
                Row(value=_OLD_LISTING, since=date(2013, 12, 13), source=_OLD_LISTING_SOURCE, confidence=_H),
            ),
        ),
        Board.SZSE_MAIN: Series(
            name="limit first day SZSE_MAIN",
            rows=(
                Row(value=_NO_BAND, since=CN_FIRST, until=date(2014, 6, 12), source=_OLD, confidence=_H),
                Row(value=_OLD_LISTING, since=date(2014, 6, 13), source=_OLD_LISTING_SOURCE, confidence=_H),
            ),
        ),
        Board.CHINEXT: Series(
            name="limit first day CHINEXT",
            rows=(
                Row(
                    value=_NO_BAND, since=_CHINEXT_FIRST, until=date(2014, 6, 12), source=_OLD, confidence=_H
                ),
                Row(value=_OLD_LISTING, since=date(2014, 6, 13), source=_OLD_LISTING_SOURCE, confidence=_H),
            ),
        ),
        Board.REIT: Series(
            name="limit first day REIT",
            rows=(
                Row(
                    value=Multipliers(up=Decimal("1.30"), down=Decimal("0.70")),
                    since=_REIT_FIRST,
                    source=_REIT,
                    confidence=_H,
                ),
            ),
        ),
        Board.CONVERTIBLE: Series(
            name="limit first day CONVERTIBLE",
            rows=(
                Row(value=_NO_BAND, since=_CB_FIRST, until=date(2022, 7, 31), source=_CB_OLD, confidence=_M),
                Row(
                    value=Multipliers(up=Decimal("1.573"), down=Decimal("0.567")),
                    since=date(2022, 8, 1),
                    source=_CB,
                    confidence=_H,
                ),
            ),
        ),
    }
)
"""Factors on the issue price for the first trading day of a listing outside `FREE_DAYS`."""

_OLD_LISTING_CALL = Multipliers(up=Decimal("1.20"), down=Decimal("0.80"))

FIRST_DAY_CALL: Mapping[Board, Series[Multipliers]] = MappingProxyType(
    {
        board: Series(
            name=f"opening call first day {board}",
            rows=(Row(value=_OLD_LISTING_CALL, since=since, source=_OLD_LISTING_SOURCE, confidence=_H),),
        )
        for board, since in (
            (Board.SSE_MAIN, date(2013, 12, 13)),
            (Board.SZSE_MAIN, date(2014, 6, 13)),
            (Board.CHINEXT, date(2014, 6, 13)),
        )
    }
)
"""Factors on the issue price for the opening call of a first day with the old band."""

DELISTING_FIRST_DAY_FREE: Mapping[Board, Series[bool]] = MappingProxyType(
    {
        **{
            board: Series(
                name=f"delisting period first day {board}",
                rows=(
                    Row(value=False, since=since, until=date(2020, 12, 30), source=_DELISTING, confidence=_H),
                    Row(value=True, since=date(2020, 12, 31), source=_DELISTING, confidence=_H),
                ),
            )
            for board, since in (
                (Board.SSE_MAIN, CN_FIRST),
                (Board.SZSE_MAIN, CN_FIRST),
                (Board.STAR, _STAR_FIRST),
                (Board.CHINEXT, _CHINEXT_FIRST),
            )
        },
        Board.BSE: Series(
            name="delisting period first day BSE",
            rows=(Row(value=True, since=_BSE_FIRST, source=_BSE, confidence=_H),),
        ),
    }
)
"""Whether the first day of a delisting period has no limit; its other days have the ordinary ratio."""

ONE_TICK: Mapping[Venue, Series[bool]] = MappingProxyType(
    {
        Venue.SSE: Series(
            name="limit at least one tick SSE",
            rows=(
                Row(value=False, since=CN_FIRST, until=date(2023, 4, 9), source=_OLD, confidence=_H),
                Row(value=True, since=_REGISTRATION, source="上证发〔2023〕32号", confidence=_H),
            ),
        ),
        Venue.SZSE: Series(
            name="limit at least one tick SZSE",
            rows=(
                Row(value=False, since=CN_FIRST, until=date(2011, 2, 27), source=_OLD, confidence=_H),
                Row(
                    value=True,
                    since=date(2011, 2, 28),
                    source="SZSE trading rules, in force 2011-02-28",
                    confidence=_H,
                ),
            ),
        ),
        Venue.BSE: Series(
            name="limit at least one tick BSE",
            rows=(
                Row(
                    value=False,
                    since=_BSE_FIRST,
                    source="not found; the narrower band is taken",
                    confidence=_L,
                ),
            ),
        ),
        Venue.US: Series(
            name="limit at least one tick US",
            rows=(Row(value=False, since=US_FIRST, source=_US, confidence=_H),),
        ),
    }
)
"""Whether a limit that would equal the previous close moves one tick away from it."""

ROUNDING: Mapping[Venue, Series[Rounding]] = MappingProxyType(
    {
        Venue.SSE: _rounding(Venue.SSE, Rounding.HALF_UP, CN_FIRST, _2023),
        Venue.SZSE: _rounding(Venue.SZSE, Rounding.HALF_UP, CN_FIRST, _2023),
        Venue.BSE: _rounding(Venue.BSE, Rounding.INWARD, _BSE_FIRST, _BSE),
        Venue.US: _rounding(Venue.US, Rounding.HALF_UP, US_FIRST, _US),
    }
)
"""How the product of previous close and factor becomes a price."""
