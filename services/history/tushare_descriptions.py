"""What tushare tells of shares on days of the past: names, listings, risk warnings and suspensions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from services.domain.instruments import Instrument, Span, Symbol, marks_of
from services.history.descriptions import Described
from services.history.spans import Days
from services.market.akshare_lists import short_name
from services.market.feeds.fields import text_of
from services.market.feeds.tushare_pro import NAME, Row, TushareCalls
from services.market.tushare_facts import read_names
from services.ports import PriceFault

_COLUMNS = ("ts_code", "name", "industry", "list_date", "delist_date")
_STATUSES = ("D", "P", "L")
"""Delisted, suspended before a delisting, and listed."""

_Names = Sequence[tuple[str, Span]]


class TushareDescriptions:
    """Facts of shares by `stock_basic`, `namechange` and `suspend_d`; the listings are asked for once."""

    def __init__(self, calls: TushareCalls) -> None:
        self._calls = calls
        self._listings: Mapping[Symbol, Row] | None = None

    async def told(self, symbols: Sequence[Symbol], days: Days, at_a_time: int) -> tuple[Described, ...]:
        """Return the facts of the symbols on the days; of what is no share, nothing.

        Raises:
            PriceFault: A table is not told.
        """
        listings = await self._all_listings()
        listed = [symbol for symbol in symbols if symbol in listings]
        found: list[Sequence[Described]] = []
        for first in range(0, len(listed), at_a_time):
            part = listed[first : first + at_a_time]
            found += await asyncio.gather(*(self._of(symbol, listings[symbol], days) for symbol in part))
        return tuple(one for some in found for one in some)

    async def _all_listings(self) -> Mapping[Symbol, Row]:
        """Return the rows of all shares that are or were listed, asked for once.

        Raises:
            PriceFault: They are not told.
        """
        if self._listings is None:
            found: dict[Symbol, Row] = {}
            # Without a status the vendor lists those that are traded now alone.
            for status in _STATUSES:
                rows = await self._calls.rows(
                    "stock_basic", {"list_status": status}, _COLUMNS, may_be_empty=True
                )
                found |= {Symbol(text_of(row.get("ts_code"))): row for row in rows}
            self._listings = found
        return self._listings

    async def _of(self, symbol: Symbol, listed: Row, days: Days) -> Sequence[Described]:
        """Return what is told of some days, of those of each name by themselves: nobody knew a later one.

        It is nothing where a mark in the name stands without its days.
        """
        names = await self._dated_names(symbol)
        halts = await self._calls.rows(
            "suspend_d",
            {"ts_code": symbol, "suspend_type": "S", **span_of(*days)},
            ("ts_code", "trade_date", "suspend_timing"),
            may_be_empty=True,
        )
        present = short_name(listed.get("name"))
        if not names and _is_marked(present):
            return ()
        halted = {day_in(row, "trade_date") for row in halts if not text_of(row.get("suspend_timing"))}
        return [
            Described(
                instrument=Instrument(
                    symbol=symbol,
                    name=_name_on(some.last, names) if names else present,
                    listed_on=day_in(listed, "list_date"),
                    st=tuple(span for name, span in names if marks_of(name).warned),
                    delisting=_delisting(names, listed, some.last),
                    suspended=tuple(Span(since=day, until=day) for day in sorted(halted)),
                ),
                industry=text_of(listed.get("industry")),
                source=NAME,
                days=some,
            )
            for some in _by_names(days, names)
        ]

    async def _dated_names(self, symbol: Symbol) -> _Names:
        """Return the names a share had, each with its days, oldest first.

        Raises:
            PriceFault: They are not told, or one of them without its first day.
        """
        columns = ("ts_code", "name", "start_date")
        rows = await self._calls.rows("namechange", {"ts_code": symbol}, columns, may_be_empty=True)
        for row in rows:
            day_in(row, "start_date")
        return read_names(rows, symbol)


def _by_names(days: Days, names: _Names) -> list[Days]:
    """Return the days in spans of which each is of one name, ascending."""
    begins = sorted({days.first, *(span.since for _, span in names if days.first < span.since <= days.last)})
    lasts = [*(one - timedelta(days=1) for one in begins[1:]), days.last]
    return [Days(first, last) for first, last in zip(begins, lasts, strict=True)]


def _name_on(day: date, names: _Names) -> str:
    """Return the name a share had on a day, empty where none is told of it."""
    return next((name for name, span in reversed(names) if span.since <= day), "")


def _delisting(names: _Names, listed: Row, last: date) -> Span | None:
    """Return the delisting period with the last day of the listing, None where neither began by `last`.

    A share that left without such a period has the last day of its listing for one: nothing trades on it.
    """
    leaving = next((span.since for name, span in names if marks_of(name).leaving), None)
    gone = day_in(listed, "delist_date") if text_of(listed.get("delist_date")) else None
    # The vendor's day is the first on which the share is listed no more.
    until = None if gone is None else gone - timedelta(days=1)
    since = min((day for day in (leaving, until) if day is not None), default=None)
    if since is None or since > last:
        return None
    return Span(since=since, until=until)


def _is_marked(name: str) -> bool:
    marks = marks_of(name)
    return marks.warned or marks.leaving


def day_in(row: Row, name: str) -> date:
    """Return the day in a column.

    Raises:
        PriceFault: There is none.
    """
    try:
        return datetime.strptime(text_of(row.get(name)), "%Y%m%d").date()  # noqa: DTZ007  # A day has no zone.
    except ValueError:
        raise PriceFault(NAME, f"a row without a {name}") from None


def span_of(first: date, last: date) -> dict[str, object]:
    """Return the parameters that ask for the days from one to another."""
    return {"start_date": f"{first:%Y%m%d}", "end_date": f"{last:%Y%m%d}"}
