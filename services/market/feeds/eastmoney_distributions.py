"""Ex-days as East Money announces them: those of all the symbols asked for in one request.

Wire: `datacenter-web.eastmoney.com/api/data/v1/get?reportName=RPT_SHAREBONUS_DET&filter=...`, JSON; amounts
are for ten shares. Where there is none it answers with code 9201 and no result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from urllib.parse import quote

from services.domain.instruments import Distribution, Symbol
from services.market.feeds.asking import REQUEST_SYMBOLS_MAX, Part, known, split
from services.market.feeds.eastmoney import secid
from services.market.feeds.fields import BadAnswer, count_of, json_object, number_of, text_of
from services.market.feeds.wire import Request, Wire

NAME = "eastmoney"
HOST = "datacenter-web.eastmoney.com"

_HEADERS = {"referer": "https://data.eastmoney.com/"}
_REPORT = "RPT_SHAREBONUS_DET"
_NOTHING = 9201
_ROWS_MAX = 500
_DONE = "实施分配"
_TEN = Decimal(10)


class EastMoneyDistributions:
    """Ex-days by symbol."""

    name = NAME
    hosts = (HOST,)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def distributions(
        self, symbols: Sequence[Symbol], since: date, until: date
    ) -> tuple[Distribution, ...]:
        """Return the distributions of the symbols whose ex-day lies in [since, until].

        Raises:
            PriceFault: They were not told.
        """
        mine, _ = known(symbols, secid)
        async with self._wire.line() as line:
            answers = await asyncio.gather(
                *(
                    line.ask(request_of(part, since), partial(read_distributions, part))
                    for part in split(mine, REQUEST_SYMBOLS_MAX)
                )
            )
        return tuple(one for part in answers for one in part if since <= one.ex_date <= until)


def request_of(symbols: Sequence[Symbol], since: date) -> Request:
    """Return what asks for the ex-days of the symbols from a day on."""
    codes = ",".join(f'"{symbol[:6]}"' for symbol in symbols)
    wanted = quote(f"(SECURITY_CODE in ({codes}))(EX_DIVIDEND_DATE>='{since}')")
    paged = f"sortColumns=EX_DIVIDEND_DATE&sortTypes=1&pageSize={_ROWS_MAX}&pageNumber=1"
    asked = f"reportName={_REPORT}&columns=ALL&source=WEB&client=WEB"
    url = f"https://{HOST}/api/data/v1/get?{paged}&{asked}&filter={wanted}"
    return Request(url=url, headers=_HEADERS)


def read_distributions(symbols: Part, body: bytes) -> tuple[Distribution, ...]:
    """Return what is carried out and has an ex-day; plans are left out.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    answer = json_object(body)
    result = answer.get("result")
    if result is None and count_of(answer.get("code")) == _NOTHING:
        return ()
    rows = result.get("data") if isinstance(result, dict) else None
    if not isinstance(rows, list):
        raise BadAnswer("without a table of distributions")
    return tuple(_read(set(symbols), rows))


def _read(symbols: set[Symbol], rows: Sequence[object]) -> Iterator[Distribution]:
    for row in rows:
        if not isinstance(row, dict) or text_of(row.get("ASSIGN_PROGRESS")) != _DONE:
            continue
        symbol, ex_date = Symbol(text_of(row.get("SECUCODE"))), _day(row, "EX_DIVIDEND_DATE")
        if symbol in symbols and ex_date is not None:
            yield Distribution(
                symbol=symbol,
                ex_date=ex_date,
                record_date=_day(row, "EQUITY_RECORD_DATE"),
                cash_per_share=_a_share(row, "PRETAX_BONUS_RMB"),
                shares_per_share=_a_share(row, "BONUS_IT_RATIO"),
                bonus_per_share=_a_share(row, "BONUS_RATIO"),
                source=NAME,
            )


def _a_share(row: Mapping[str, object], name: str) -> Decimal:
    """Return what a share gets of an amount for ten; a hyphen and nothing are none of it."""
    amount = number_of(row.get(name))
    return Decimal(0) if amount is None else amount / _TEN


def _day(row: Mapping[str, object], name: str) -> date | None:
    try:
        return date.fromisoformat(text_of(row.get(name))[:10])
    except ValueError:
        return None
