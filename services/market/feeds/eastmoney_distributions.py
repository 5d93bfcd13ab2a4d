"""Ex-days and rights issues as East Money announces them: those of all symbols asked for in one request.

Wire: `datacenter-web.eastmoney.com/api/data/v1/get?reportName=RPT_SHAREBONUS_DET&filter=...`, JSON, rights
issues by `RPT_IPO_ALLOTMENT`; amounts are for ten shares, but the price of a right's share. Where there is
none it answers with code 9201 and no result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from urllib.parse import quote

from services.domain.instruments import Distribution, Symbol
from services.market.ex_day_chain import Announced, WithoutTerms, announced
from services.market.feeds.asking import REQUEST_SYMBOLS_MAX, Part, known, split
from services.market.feeds.eastmoney import secid
from services.market.feeds.fields import BadAnswer, count_of, json_object, number_of, price_of, text_of
from services.market.feeds.wire import Request, Wire

NAME = "eastmoney"
HOST = "datacenter-web.eastmoney.com"

_HEADERS = {"referer": "https://data.eastmoney.com/"}
DIVIDENDS, RIGHTS = "RPT_SHAREBONUS_DET", "RPT_IPO_ALLOTMENT"
"""The reports, by the names they are asked for."""

_NOTHING = 9201
_ROWS_MAX = 500
_DONE = "实施分配"
_TEN = Decimal(10)

_Row = Mapping[str, object]
_Reader = Callable[[Part, bytes], Sequence[Distribution | WithoutTerms]]


class EastMoneyDistributions:
    """Ex-days by symbol: of dividends and new shares, or by the report `RIGHTS` of rights issues."""

    name = NAME
    hosts = (HOST,)

    def __init__(self, wire: Wire, report: str = DIVIDENDS) -> None:
        self._wire, self._report = wire, report
        self._read: _Reader = read_rights if report == RIGHTS else read_distributions

    async def distributions(self, symbols: Sequence[Symbol], since: date, until: date) -> Announced:
        """Return the distributions of the symbols whose ex-day lies in [since, until].

        Raises:
            PriceFault: They were not told.
        """
        mine, _ = known(symbols, secid)
        async with self._wire.line() as line:
            answers = await asyncio.gather(
                *(
                    line.ask(request_of(part, since, self._report), partial(self._read, part))
                    for part in split(mine, REQUEST_SYMBOLS_MAX)
                )
            )
        return announced(one for part in answers for one in part if since <= one.ex_date <= until)


def request_of(symbols: Sequence[Symbol], since: date, report: str = DIVIDENDS) -> Request:
    """Return what asks for the ex-days of the symbols from a day on, by one of the reports."""
    codes = ",".join(f'"{symbol[:6]}"' for symbol in symbols)
    wanted = quote(f"(SECURITY_CODE in ({codes}))(EX_DIVIDEND_DATE>='{since}')")
    paged = f"sortColumns=EX_DIVIDEND_DATE&sortTypes=1&pageSize={_ROWS_MAX}&pageNumber=1"
    asked = f"reportName={report}&columns=ALL&source=WEB&client=WEB"
    url = f"https://{HOST}/api/data/v1/get?{paged}&{asked}&filter={wanted}"
    return Request(url=url, headers=_HEADERS)


def read_distributions(symbols: Part, body: bytes) -> tuple[Distribution, ...]:
    """Return what is carried out and has an ex-day; plans are left out.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    return tuple(_distributions(set(symbols), _rows(body, "distributions")))


def read_rights(symbols: Part, body: bytes) -> tuple[Distribution | WithoutTerms, ...]:
    """Return the rights issues that have an ex-day.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    return tuple(_rights(set(symbols), _rows(body, "rights issues")))


def _rows(body: bytes, what: str) -> Sequence[object]:
    answer = json_object(body)
    result = answer.get("result")
    if result is None and count_of(answer.get("code")) == _NOTHING:
        return ()
    rows = result.get("data") if isinstance(result, dict) else None
    if not isinstance(rows, list):
        raise BadAnswer(f"without a table of {what}")
    return rows


def _distributions(symbols: set[Symbol], rows: Sequence[object]) -> Iterator[Distribution]:
    for symbol, ex_date, row in _dated(symbols, rows):
        if text_of(_stated(row, "ASSIGN_PROGRESS")) == _DONE:
            yield Distribution(
                symbol=symbol,
                ex_date=ex_date,
                record_date=_day(row, "EQUITY_RECORD_DATE"),
                cash_per_share=_a_share(row, "PRETAX_BONUS_RMB"),
                shares_per_share=_a_share(row, "BONUS_IT_RATIO"),
                bonus_per_share=_a_share(row, "BONUS_RATIO"),
                source=NAME,
            )


def _rights(symbols: set[Symbol], rows: Sequence[object]) -> Iterator[Distribution | WithoutTerms]:
    for symbol, ex_date, row in _dated(symbols, rows):
        ratio, price = _a_share(row, "PLACING_RATIO"), price_of(_stated(row, "ISSUE_PRICE"))
        if not ratio or price is None:
            yield WithoutTerms(symbol, ex_date)
            continue
        yield Distribution(
            symbol=symbol,
            ex_date=ex_date,
            record_date=_day(row, "EQUITY_RECORD_DATE"),
            source=NAME,
            rights_per_share=ratio,
            rights_price_cny=price,
        )


def _dated(symbols: set[Symbol], rows: Sequence[object]) -> Iterator[tuple[Symbol, date, _Row]]:
    """Yield the rows of the symbols that have an ex-day."""
    for row in rows:
        if not isinstance(row, dict):
            raise BadAnswer("a row that is none")
        symbol, ex_date = Symbol(text_of(_stated(row, "SECUCODE"))), _day(row, "EX_DIVIDEND_DATE")
        if symbol in symbols and ex_date is not None:
            yield symbol, ex_date, row


def _stated(row: _Row, name: str) -> object:
    """Return a field that is stated, if only as nothing.

    Raises:
        BadAnswer: The table has no such column: it would read as nothing paid.
    """
    if name not in row:
        raise BadAnswer(f"without the column {name}")
    return row[name]


def _a_share(row: _Row, name: str) -> Decimal:
    """Return what a share gets of an amount for ten; a hyphen and nothing are none of it."""
    amount = number_of(_stated(row, name))
    return Decimal(0) if amount is None else amount / _TEN


def _day(row: _Row, name: str) -> date | None:
    stated = text_of(_stated(row, name))
    try:
        return date.fromisoformat(stated[:10])
    except ValueError:
        return None
