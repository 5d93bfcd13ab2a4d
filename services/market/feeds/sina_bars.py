"""Sina's daily and hourly bars, made forward-adjusted by the factors it publishes beside them.

Wire: `quotes.sina.cn/cn/api/json_v2.php/CN_MarketDataService.getKLineData?symbol=sh600519&scale=60&datalen=9`
is a JSON list of bars by their end, prices as they were, volumes in shares, the last one perhaps under way
(`scale` counts minutes, 240 is a day). `finance.sina.com.cn/realstock/company/sh600519/qfq.js` is a script of
one line with the factors: a price of the past divided by that of its day is what it is worth today.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial

from services.domain.bars import Frequency
from services.domain.instruments import Market, Symbol
from services.market.feeds.asking import known
from services.market.feeds.bar_rows import amount_in_lots, bar_of, each, factor_on, scaled
from services.market.feeds.fields import BadAnswer, json_object, number_of, prefixed, text_of
from services.market.feeds.wire import Line, Request, Wire
from services.market.raw_bars import RawBar
from services.market.recent_bars import HISTORY_BARS, BarsTold, NoBars, ended
from services.slots import local

NAME = "sina"
BAR_HOST, FACTOR_HOST = "quotes.sina.cn", "finance.sina.com.cn"

_HEADERS = {"referer": "https://finance.sina.com.cn/"}
_CHARSETS = ("utf-8", "gbk", "gb2312", "gb18030", "iso-8859-1")
_MINUTES = {Frequency.DAILY: 240, Frequency.HOURLY: 60}
_BARS_ASKED = 2 * HISTORY_BARS

Factors = tuple[tuple[date, float], ...]


class SinaBars:
    """Bars, one request a symbol, and once a day one for its factors."""

    name = NAME
    bar_hosts = (BAR_HOST, FACTOR_HOST)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._day = date.min
        self._factors: dict[Symbol, Factors] = {}

    async def bars(self, symbols: Sequence[Symbol], frequency: Frequency, now: datetime) -> BarsTold:
        """Return the bars that had ended at `now`.

        Raises:
            PriceFault: The environment's certificates or proxy cannot be used.
        """
        today = local(now, Market.CN).date()
        if today != self._day:
            self._day, self._factors = today, {}
        mine, foreign = known(symbols, prefixed)
        async with self._wire.line() as line:
            return await each(mine, foreign, partial(self._one, line, frequency, now))

    async def _one(
        self, line: Line, frequency: Frequency, now: datetime, symbol: Symbol
    ) -> tuple[RawBar, ...]:
        rows = await line.ask(bars_request(symbol, frequency), read_rows)
        if symbol not in self._factors:
            self._factors[symbol] = await line.ask(factors_request(symbol), read_factors)
        return ended(symbol, tuple(_bars(symbol, rows, self._factors[symbol])), frequency, now)


def bars_request(symbol: Symbol, frequency: Frequency) -> Request:
    """Return what asks for the bars of a symbol."""
    asked = f"symbol={prefixed(symbol)}&scale={_MINUTES[frequency]}&ma=no&datalen={_BARS_ASKED}"
    url = f"https://{BAR_HOST}/cn/api/json_v2.php/CN_MarketDataService.getKLineData?{asked}"
    return Request(url=url, headers=_HEADERS, charsets=_CHARSETS)


def factors_request(symbol: Symbol) -> Request:
    """Return what asks for the factors of a symbol."""
    url = f"https://{FACTOR_HOST}/realstock/company/{prefixed(symbol)}/qfq.js"
    return Request(url=url, headers=_HEADERS, charsets=_CHARSETS)


def read_rows(body: bytes) -> Sequence[object]:
    """Return the bars as they are listed; none where the vendor states nothing of the symbol.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    try:
        found = json.loads(body.decode("utf-8"), parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise BadAnswer("no list of bars") from error
    if found is None:
        return ()
    if not isinstance(found, list):
        raise BadAnswer("no list of bars")
    return found


def read_factors(body: bytes) -> Factors:
    """Return the factors by the day each began, the latest first.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    line = body.partition(b"=")[2].partition(b"\n")[0].strip(b"; \r")
    data = json_object(line).get("data")
    if not isinstance(data, list) or not data:
        raise BadAnswer("without factors of adjustment")
    return tuple(sorted(map(_factor, data), reverse=True))


def _factor(row: object) -> tuple[date, float]:
    if not isinstance(row, dict):
        raise BadAnswer("a factor without a day")
    factor = number_of(row.get("f"))
    try:
        since = date.fromisoformat(text_of(row.get("d")))
    except ValueError as error:
        raise BadAnswer("a factor without a day") from error
    if not factor:
        raise BadAnswer("a day without a factor")
    return since, float(factor)


def _bars(symbol: Symbol, rows: Sequence[object], factors: Factors) -> Iterator[RawBar]:
    """Yield the rows as bars.

    Raises:
        NoBars: There is none, or one is not of this form.
    """
    if not rows:
        raise NoBars("no bars")
    for line, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise NoBars("a row that is no bar")
        label = text_of(row.get("day"))
        prices = (row.get("open"), row.get("high"), row.get("low"), row.get("close"))
        lots = amount_in_lots(row.get("volume"), row.get("amount"), row.get("close"), 1)
        yield scaled(bar_of(symbol, line, label, prices, lots), 1 / factor_on(_day(label), factors))


def _day(label: str) -> date:
    try:
        return date.fromisoformat(label[:10])
    except ValueError as error:
        raise NoBars(f"the label {label[:20]!r} is no day") from error
