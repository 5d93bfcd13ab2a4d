"""Which board an instrument is on, told by its code and the day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from services.domain.instruments import Board, Kind, Symbol
from services.rules.rows import CN_FIRST, US_FIRST, Confidence, OutsideRulebook, Row, Series
from services.rules.terms import Venue

_STOCK = Kind.STOCK

_STAR_FIRST = date(2019, 7, 22)
_CHINEXT_FIRST = date(2009, 10, 30)
_BSE_FIRST = date(2021, 11, 15)
_REIT_FIRST = date(2021, 1, 29)
_BSE_OLD_CODES_LAST = date(2025, 10, 8)

_SSE = "SSE code assignment"
_SZSE = "SZSE code assignment"
_BSE = "BSE code assignment; all stocks renumbered to 920 on 2025-10-09"


def board_of(symbol: Symbol, day: date) -> Board:
    """Return the board that trades `symbol` on `day`.

    The six-digit code alone does not tell: 000001.SH is an index and 92x is BSE, not SSE.

    Raises:
        OutsideRulebook: The code is of no known board on that day.
    """
    return code_of(symbol)[0].on(day)


def last_board_of(symbol: Symbol) -> Board:
    """Return the board that trades `symbol`, or that last did: what hangs on no day.

    Raises:
        OutsideRulebook: No board is known for the code.
    """
    return code_of(symbol)[0].rows[-1].value


@lru_cache(maxsize=8192)
def code_of(symbol: Symbol) -> tuple[Series[Board], Venue]:
    """Return the rows of the symbol's code and its exchange, which are the same on every day.

    Raises:
        OutsideRulebook: No board is known for the code.
    """
    code, _, suffix = symbol.rpartition(".")
    if suffix == "US":
        return US_CODES, Venue.US
    series = CODES.get(f"{code[:3]}.{suffix}") or CODES.get(f"{code[:2]}.{suffix}")
    if series is None:
        raise OutsideRulebook(f"{symbol}: no board is known for this code")
    return series, Venue(suffix)


def venue_of(board: Board) -> Venue:
    """Return the exchange that trades `board`: SZSE for REITs and convertible bonds, which SSE trades too."""
    return Venue.SZSE if board in _SHARED_BOARDS else _VENUES[board]


def default_kind(board: Board) -> Kind:
    """Return what an instrument of `board` is unless its own data says otherwise."""
    return _KINDS.get(board, _STOCK)


def is_lof(symbol: Symbol) -> bool:
    """Answer whether the code is of a listed open-end fund (LOF), which is not an ETF."""
    return any(symbol.startswith(code[:-3]) and symbol.endswith(code[-3:]) for code in _LOF_CODES)


_SHARED_BOARDS = frozenset({Board.REIT, Board.CONVERTIBLE})

_VENUES: Mapping[Board, Venue] = MappingProxyType(
    {
        Board.SSE_MAIN: Venue.SSE,
        Board.STAR: Venue.SSE,
        Board.SSE_FUND: Venue.SSE,
        Board.SSE_B: Venue.SSE,
        Board.SZSE_MAIN: Venue.SZSE,
        Board.CHINEXT: Venue.SZSE,
        Board.SZSE_FUND: Venue.SZSE,
        Board.SZSE_B: Venue.SZSE,
        Board.BSE: Venue.BSE,
        Board.US: Venue.US,
    }
)

_KINDS: Mapping[Board, Kind] = MappingProxyType(
    {
        Board.SSE_FUND: Kind.ETF_EQUITY,
        Board.SZSE_FUND: Kind.ETF_EQUITY,
        Board.REIT: Kind.REIT,
        Board.CONVERTIBLE: Kind.CONVERTIBLE_BOND,
        Board.SSE_B: Kind.B_SHARE,
        Board.SZSE_B: Kind.B_SHARE,
    }
)


def _codes(
    board: Board,
    codes: str,
    source: str,
    since: date = CN_FIRST,
    until: date | None = None,
    confidence: Confidence = Confidence.HIGH,
) -> dict[str, Series[Board]]:
    """Return one series a code prefix; `codes` lists `prefix.suffix` separated by blanks."""
    row = Row(value=board, since=since, until=until, source=source, confidence=confidence)
    return {code: Series(name=f"code {code}", rows=(row,)) for code in codes.split()}


_LOF_CODES = ("501.SH", "502.SH", "506.SH", "16.SZ")

CODES: Mapping[str, Series[Board]] = MappingProxyType(
    {
        **_codes(Board.SSE_MAIN, "600.SH 601.SH 603.SH 605.SH", _SSE),
        **_codes(Board.STAR, "688.SH 689.SH", _SSE, _STAR_FIRST),
        **_codes(Board.SZSE_MAIN, "000.SZ 001.SZ 002.SZ 003.SZ", _SZSE + "; SME board merged 2021-04-06"),
        **_codes(Board.CHINEXT, "300.SZ 301.SZ 302.SZ", _SZSE, _CHINEXT_FIRST),
        **_codes(Board.BSE, "92.BJ", _BSE, _BSE_FIRST),
        **_codes(Board.BSE, "43.BJ 83.BJ 87.BJ 88.BJ", _BSE, _BSE_FIRST, _BSE_OLD_CODES_LAST),
        **_codes(Board.SSE_FUND, "51.SH 52.SH 53.SH 56.SH 58.SH", _SSE),
        **_codes(Board.SSE_FUND, "501.SH 502.SH 506.SH 551.SH", _SSE, confidence=Confidence.MEDIUM),
        **_codes(Board.SZSE_FUND, "15.SZ 16.SZ", _SZSE),
        **_codes(Board.REIT, "508.SH", _SSE, _REIT_FIRST),
        **_codes(Board.REIT, "180.SZ", _SZSE, _REIT_FIRST),
        **_codes(Board.CONVERTIBLE, "110.SH 111.SH 113.SH 118.SH", _SSE, confidence=Confidence.MEDIUM),
        **_codes(Board.CONVERTIBLE, "123.SZ 125.SZ 127.SZ 128.SZ", _SZSE, confidence=Confidence.MEDIUM),
        **_codes(Board.SSE_B, "900.SH", _SSE),
        **_codes(Board.SZSE_B, "200.SZ", _SZSE),
    }
)

US_CODES: Series[Board] = Series(
    name="code US",
    rows=(
        Row(value=Board.US, since=US_FIRST, source="suffix .US by definition", confidence=Confidence.HIGH),
    ),
)
