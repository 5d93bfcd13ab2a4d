"""Instrument facts by way of akshare: the exchanges' lists and the vendor's, each asked once a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, cast

from services.domain.instruments import Board, Fact, Facts, Instrument, Span, Symbol
from services.market.akshare_calls import AkshareApi, AkshareCalls, Turn
from services.market.akshare_lists import (
    FundProfile,
    Listed,
    etf_kind,
    fund_profile,
    listings,
    risk_warnings,
    share_fund_kind,
    suspensions,
)
from services.market.first_days import with_first_days
from services.market.share_facts import NoList, ShareLists, share_facts
from services.ports import PriceFault
from services.rules import OutsideRulebook, board_of, is_lof

_Read = Callable[[AkshareApi], object]
_Told = tuple[Instrument | None, Mapping[Fact, str]]

HOSTS = (
    "query.sse.com.cn",
    "www.szse.cn",
    "www.bse.cn",
    "40.push2.eastmoney.com",
    "datacenter-web.eastmoney.com",
    "fundf10.eastmoney.com",
)
"""Where the lists of SSE, SZSE and BSE come from, risk warnings, suspensions, then profiles of funds."""

_CODE_NAME_DAY = ("证券代码", "证券简称", "上市日期")
_SZ_CODE_NAME_DAY = ("A股代码", "A股简称", "A股上市日期")

_LIST_OF: Mapping[Board, str] = {
    Board.SSE_MAIN: "stock_info_sh_name_code(主板A股)",
    Board.STAR: "stock_info_sh_name_code(科创板)",
    Board.SZSE_MAIN: "stock_info_sz_name_code",
    Board.CHINEXT: "stock_info_sz_name_code",
    Board.BSE: "stock_info_bj_name_code",
}
_WARNED = "stock_zh_a_st_em"
_SUSPENDED = "stock_tfp_em"
_FUNDS = frozenset({Board.SSE_FUND, Board.SZSE_FUND})

_LISTS: Mapping[str, _Read] = {
    _LIST_OF[Board.SSE_MAIN]: lambda api: listings(
        _fresh(api.stock_info_sh_name_code)("主板A股"), *_CODE_NAME_DAY
    ),
    _LIST_OF[Board.STAR]: lambda api: listings(
        _fresh(api.stock_info_sh_name_code)("科创板"), *_CODE_NAME_DAY
    ),
    _LIST_OF[Board.SZSE_MAIN]: lambda api: listings(
        _fresh(api.stock_info_sz_name_code)("A股列表"), *_SZ_CODE_NAME_DAY
    ),
    _LIST_OF[Board.BSE]: lambda api: listings(_fresh(api.stock_info_bj_name_code)(), *_CODE_NAME_DAY),
    _WARNED: lambda api: risk_warnings(api.stock_zh_a_st_em()),
}
"""How each list is asked for and read, by what it is called where one did not come."""


class _Subject(NamedTuple):
    """A symbol on a board of which something is asked."""

    symbol: Symbol
    board: Board

    @property
    def code(self) -> str:
        """Its six digits."""
        return self.symbol.partition(".")[0]

    @property
    def profile(self) -> str:
        """What the profile of a fund is called."""
        return f"fund_overview_em({self.code})"


class AkshareFacts:
    """Tells what is known of symbols on one day; what did not come is asked again with the next question.

    Within a question nothing is tried twice: these hosts shut out who asks too often.
    """

    def __init__(self, calls: AkshareCalls, name: str) -> None:
        self._calls, self._name = calls, name
        self._day = date.min
        self._came: dict[str, object] = {}

    async def told(self, symbols: Sequence[Symbol], day: date) -> Facts:
        """Return the facts of the symbols on `day`, and which are unknown.

        Raises:
            PriceFault: Nothing at all came.
        """
        if day != self._day:
            self._day, self._came = day, {}
        found = {symbol: _subject(symbol, day) for symbol in symbols}
        subjects = [one for one in found.values() if isinstance(one, _Subject)]
        asked = {label: read for one in subjects for label, read in _needed(one, day).items()}
        faults = await self._ask({label: asked[label] for label in asked if label not in self._came})
        if asked and not self._came.keys() & asked.keys():
            why = "; ".join(f"{label}: {fault}" for label, fault in faults.items())
            raise PriceFault(f"{self._name}, facts of {len(found)} instruments", why)
        lists = {label: self._came.get(label, NoList(f"{label}: {faults.get(label, '')}")) for label in asked}
        told = {symbol: _of_one(one, day, lists) for symbol, one in found.items()}
        return Facts(
            instruments=tuple(with_first_days(facts, day) for facts, _ in told.values() if facts is not None),
            unknown={symbol: unknown for symbol, (_, unknown) in told.items() if unknown},
            source=self._name,
        )

    async def _ask(self, asked: Mapping[str, _Read]) -> Mapping[str, str]:
        """Remember the lists that came, and return why the others did not."""

        def reading(read: _Read) -> Callable[[Turn], object]:
            return lambda turn: read(turn.api)

        came, faults = await self._calls.answers({label: reading(read) for label, read in asked.items()})
        self._came |= came
        return faults


def _subject(symbol: Symbol, day: date) -> _Subject | NoList:
    """Return the symbol with its board, or why no list is asked about it."""
    try:
        board = board_of(symbol, day)
    except OutsideRulebook as problem:
        return NoList(str(problem))
    if board in _LIST_OF or board in _FUNDS:
        return _Subject(symbol, board)
    return NoList(f"no list is asked for about the board {board}")


def _needed(one: _Subject, day: date) -> Mapping[str, _Read]:
    """Return what is asked about a symbol: its exchange's list and the vendor's, or the fund's profile."""
    suspended: _Read = lambda api: suspensions(api.stock_tfp_em(f"{day:%Y%m%d}"))  # noqa: E731
    if one.board in _FUNDS:
        profile: _Read = lambda api: fund_profile(api.fund_overview_em(one.code))  # noqa: E731
        return {one.profile: profile, _SUSPENDED: suspended}
    labels = (_LIST_OF[one.board], _WARNED)
    return {**{label: _LISTS[label] for label in labels}, _SUSPENDED: suspended}


def _of_one(one: _Subject | NoList, day: date, lists: Mapping[str, object]) -> _Told:
    """Return what is known of one symbol, None where nothing is, and why the rest is not."""
    if isinstance(one, NoList):
        return None, dict.fromkeys(Fact, one.why)
    suspended = cast("Mapping[str, tuple[Span, ...]] | NoList", lists[_SUSPENDED])
    if one.board in _FUNDS:
        return _fund(one, cast("FundProfile | NoList", lists[one.profile]), suspended)
    listed = cast("Mapping[str, Listed] | NoList", lists[_LIST_OF[one.board]])
    warned = cast("Mapping[str, str] | NoList", lists[_WARNED])
    return share_facts(one.symbol, day, ShareLists(listed=listed, warned=warned, suspended=suspended))


def _fund(
    one: _Subject, profile: FundProfile | NoList, suspended: Mapping[str, tuple[Span, ...]] | NoList
) -> _Told:
    """Return what is known of a fund: what it is, and whether it trades today.

    Of a listed open-end fund its profile does not tell whether it may be sold on the day of purchase.
    """
    unknown: dict[Fact, str] = {}
    kind = None
    if isinstance(profile, NoList):
        unknown[Fact.FUND_KIND] = profile.why
    else:
        kind = share_fund_kind(profile) if is_lof(one.symbol) else etf_kind(profile)
        if kind is None:
            index = profile.index or "no index"
            unknown[Fact.FUND_KIND] = f"{one.profile}: type {profile.type!r} on {index} does not tell"
    if isinstance(suspended, NoList):
        unknown[Fact.SUSPENSION] = suspended.why
    facts = Instrument(
        symbol=one.symbol,
        name="" if isinstance(profile, NoList) else profile.name,
        kind=kind,
        suspended=() if isinstance(suspended, NoList) else suspended.get(one.code, ()),
    )
    return facts, unknown


def _fresh(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function without the memory akshare gives it, which lasts as long as the process."""
    asking: Callable[..., Any] = getattr(function, "__wrapped__", function)
    return asking
