"""Instrument facts by tushare's tables, each asked once a day: names, listings, suspensions. Shares only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.domain.instruments import LONG_AGO, Fact, Facts, Instrument, Kind, Span, Symbol, marks_of
from services.market.akshare_lists import short_name
from services.market.feeds.fields import local_moment, text_of
from services.market.feeds.tushare_pro import HOST, NAME, Row, TushareCalls
from services.market.first_days import with_first_days
from services.ports import PriceFault
from services.rules import OutsideRulebook, board_of, default_kind

_LISTED_FIELDS = ("ts_code", "name", "industry", "list_date", "list_status")
_SUSPENDED_FIELDS = ("ts_code", "trade_date", "suspend_timing", "suspend_type")
_NAME_FIELDS = ("ts_code", "name", "start_date", "end_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedShare:
    """A row of `stock_basic`: the short name, the first trading day, the vendor's industry."""

    name: str
    listed_on: date | None
    industry: str


@dataclass(frozen=True, slots=True)
class NoTable:
    """A table that did not come, and why."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What the day's tables say; `names` are the dated names of the marked shares alone."""

    listed: Mapping[Symbol, ListedShare] | NoTable
    suspended: frozenset[Symbol] | NoTable
    names: Mapping[Symbol, tuple[tuple[str, Span], ...] | NoTable]


class TushareFacts:
    """Tells what is known of shares on one day; a table that did not come is asked for the next time.

    `namechange` is asked only for shares whose name carries a risk warning or a delisting mark: it dates it.
    """

    name = NAME
    fact_hosts = (HOST,)

    def __init__(self, calls: TushareCalls) -> None:
        self._calls = calls
        self._day = date.min
        self._listed: Mapping[Symbol, ListedShare] | None = None
        self._suspended: frozenset[Symbol] | None = None
        self._names: dict[Symbol, tuple[tuple[str, Span], ...]] = {}

    async def told(self, symbols: Sequence[Symbol], day: date) -> Facts:
        """Return the facts of the symbols on `day`, and which are unknown.

        Raises:
            PriceFault: Nothing at all came.
        """
        if day != self._day:
            self._day, self._listed, self._suspended, self._names = day, None, None, {}
        listed, suspended = await asyncio.gather(self._listings(), self._suspensions(day))
        if isinstance(listed, NoTable) and isinstance(suspended, NoTable):
            raise PriceFault(f"{NAME}, facts of {len(symbols)} instruments", f"{listed.why}; {suspended.why}")
        known: Mapping[Symbol, ListedShare] = {} if isinstance(listed, NoTable) else listed
        marked = [one for one in dict.fromkeys(symbols) if one in known and _is_marked(known[one].name)]
        names = await asyncio.gather(*map(self._dated_names, marked))
        dated = dict(zip(marked, names, strict=True))
        tables = Tables(listed=listed, suspended=suspended, names=dated)
        told = {symbol: facts_of_share(symbol, day, tables) for symbol in dict.fromkeys(symbols)}
        return Facts(
            instruments=tuple(with_first_days(facts, day) for facts, _ in told.values() if facts is not None),
            unknown={symbol: unknown for symbol, (_, unknown) in told.items() if unknown},
            industries={one: known[one].industry for one in told if one in known and known[one].industry},
            source=self.name,
        )

    async def _listings(self) -> Mapping[Symbol, ListedShare] | NoTable:
        if self._listed is None:
            try:
                rows = await self._calls.rows("stock_basic", {"list_status": "L"}, _LISTED_FIELDS)
            except PriceFault as fault:
                return NoTable(f"{fault.asked}: {fault.why}")
            self._listed = read_listings(rows)
        return self._listed

    async def _suspensions(self, day: date) -> frozenset[Symbol] | NoTable:
        if self._suspended is None:
            asked = {"trade_date": f"{day:%Y%m%d}", "suspend_type": "S"}
            try:
                rows = await self._calls.rows("suspend_d", asked, _SUSPENDED_FIELDS, may_be_empty=True)
            except PriceFault as fault:
                return NoTable(f"{fault.asked}: {fault.why}")
            self._suspended = read_suspensions(rows, day)
        return self._suspended

    async def _dated_names(self, symbol: Symbol) -> tuple[tuple[str, Span], ...] | NoTable:
        if symbol not in self._names:
            try:
                rows = await self._calls.rows("namechange", {"ts_code": symbol}, _NAME_FIELDS)
            except PriceFault as fault:
                return NoTable(f"{fault.asked}: {fault.why}")
            self._names[symbol] = read_names(rows, symbol)
        return self._names[symbol]


def read_listings(rows: Sequence[Row]) -> Mapping[Symbol, ListedShare]:
    """Return the shares of `stock_basic`; what has no code is left out."""
    return {
        Symbol(text_of(row.get("ts_code"))): ListedShare(
            name=short_name(row.get("name")),
            listed_on=_day(row.get("list_date")),
            industry=short_name(row.get("industry")),
        )
        for row in rows
        if text_of(row.get("ts_code"))
    }


def read_suspensions(rows: Sequence[Row], day: date) -> frozenset[Symbol]:
    """Return who does not trade all `day`; a halt within the day states its hours and is left out."""
    return frozenset(
        Symbol(text_of(row.get("ts_code")))
        for row in rows
        if text_of(row.get("suspend_type")) == "S"
        and not text_of(row.get("suspend_timing"))
        and _day(row.get("trade_date")) == day
    )


def read_names(rows: Sequence[Row], symbol: Symbol) -> tuple[tuple[str, Span], ...]:
    """Return the names a share had with their days, oldest first; each ends where the next begins."""
    begun = sorted(
        {
            (since, short_name(row.get("name")))
            for row in rows
            if text_of(row.get("ts_code")) == symbol and (since := _day(row.get("start_date"))) is not None
        }
    )
    ended = (
        (name, Span(since=since, until=after - timedelta(days=1)))
        for (since, name), (after, _) in pairwise(begun)
        if after > since
    )
    return (*ended, *((name, Span(since=since)) for since, name in begun[-1:]))


def facts_of_share(symbol: Symbol, day: date, tables: Tables) -> tuple[Instrument | None, Mapping[Fact, str]]:
    """Return what is known of a share on `day`, None where nothing is, and why the rest is not.

    A name without a mark tells that there is no risk warning and no delisting period. What a mark means
    in days is told by the dated names; where they do not hold today's mark, that fact is unknown.
    """
    if not _is_stock(symbol, day):
        return None, dict.fromkeys(Fact, f"{NAME}: its tables speak of shares alone")
    if isinstance(tables.listed, NoTable):
        row, why = None, tables.listed.why
    else:
        row, why = tables.listed.get(symbol), f"{NAME} stock_basic: does not list it"
    unknown: dict[Fact, str] = {}
    if isinstance(tables.suspended, NoTable):
        unknown[Fact.SUSPENSION] = tables.suspended.why
    elif row is None:
        unknown[Fact.SUSPENSION] = why
    if row is None:
        return None, dict.fromkeys((Fact.RISK_WARNING, Fact.LISTING, Fact.DELISTING), why) | unknown
    if row.listed_on is None:
        unknown[Fact.LISTING] = f"{NAME} stock_basic: gives no day"
    warned, leaving = _marked_days(symbol, day, row.name, tables, unknown)
    absent = not isinstance(tables.suspended, NoTable) and symbol in tables.suspended
    facts = Instrument(
        symbol=symbol,
        name=row.name,
        listed_on=row.listed_on,
        st=warned,
        delisting=leaving,
        share_reform_pending=marks_of(row.name).unreformed,
        suspended=(Span(since=day, until=day),) if absent else (),
    )
    return facts, unknown


def _marked_days(
    symbol: Symbol, day: date, name: str, tables: Tables, unknown: dict[Fact, str]
) -> tuple[tuple[Span, ...], Span | None]:
    """Return the days with a risk warning and those of the delisting period, and note what is not told."""
    if not name:
        why = f"{NAME} stock_basic: gives no name"
        unknown |= {Fact.RISK_WARNING: why, Fact.DELISTING: why}
        return (), None
    marks = marks_of(name)
    if not (marks.warned or marks.leaving):
        return (), None
    dated = tables.names.get(symbol, NoTable(f"{NAME} namechange: was not asked"))
    spans = () if isinstance(dated, NoTable) else dated
    warned = tuple(span for was, span in spans if marks_of(was).warned)
    leaving = [span for was, span in spans if marks_of(was).leaving and span.covers(day)]
    why = dated.why if isinstance(dated, NoTable) else f"{NAME} namechange: has no day for {name!r}"
    if marks.leaving and not leaving:
        unknown[Fact.DELISTING] = why
        return warned, Span(since=LONG_AGO)
    if marks.warned and not any(span.covers(day) for span in warned):
        # The name tells that there is a warning; since when is of no matter today.
        warned = (*warned, Span(since=day, until=day))
    return warned, leaving[0] if leaving else None


def _is_stock(symbol: Symbol, day: date) -> bool:
    try:
        return default_kind(board_of(symbol, day)) is Kind.STOCK and not symbol.endswith(".US")
    except OutsideRulebook:
        return False


def _is_marked(name: str) -> bool:
    marks = marks_of(name)
    return marks.warned or marks.leaving


def _day(stated: object) -> date | None:
    moment = local_moment(stated, "%Y%m%d", 8)
    return None if moment is None else moment.date()
