"""Tencent's daily bars, adjusted forward by the vendor itself.

Wire: `proxy.finance.qq.com/ifzqgtimg/appstock/app/newfqkline/get?param=sh600519,day,FROM,TO,640,qfq`, JSON.
A row is date, open, close, high, low, volume, notes, turnover, amount in 10,000 CNY; the volume counts lots,
on the STAR market shares. A share without an ex-day has its rows under `day` in place of `qfqday`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from services.domain.bars import Frequency
from services.domain.instruments import Market, Symbol
from services.market.feeds.asking import known
from services.market.feeds.bar_rows import amount_in_lots, bar_of, each
from services.market.feeds.fields import LOT_SHARES, BadAnswer, amount_of, json_object, prefixed, text_of
from services.market.feeds.wire import Line, Request, Wire
from services.market.raw_bars import RawBar
from services.market.recent_bars import BarsTold, NoBars, ended, first_day
from services.slots import local

NAME = "tencent"
HOST = "proxy.finance.qq.com"

_HEADERS = {"referer": "https://gu.qq.com/"}
_ROWS_MAX = 640
_FIELDS_MIN = 6
_AMOUNT = 8
_TEN_THOUSAND = 10_000
_COUNTED_IN_SHARES = ("688", "689")


class TencentBars:
    """Daily bars, one request a symbol."""

    name = NAME
    bar_hosts = (HOST,)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def bars(self, symbols: Sequence[Symbol], frequency: Frequency, now: datetime) -> BarsTold:
        """Return the daily bars that had ended at `now`.

        Raises:
            PriceFault: The environment's certificates or proxy cannot be used.
        """
        if frequency is not Frequency.DAILY:
            return BarsTold(faults=dict.fromkeys(symbols, f"no {frequency} bars that are adjusted"))
        mine, foreign = known(symbols, prefixed)
        async with self._wire.line() as line:
            return await each(mine, foreign, partial(self._one, line, now))

    async def _one(self, line: Line, now: datetime, symbol: Symbol) -> tuple[RawBar, ...]:
        rows = await line.ask(request_of(symbol, now), partial(read_rows, symbol))
        return ended(symbol, tuple(_bars(symbol, rows)), Frequency.DAILY, now)


def request_of(symbol: Symbol, now: datetime) -> Request:
    """Return what asks for the bars of a symbol."""
    since, today = first_day(Frequency.DAILY, now), local(now, Market.CN).date()
    asked = f"{prefixed(symbol)},day,{since},{today},{_ROWS_MAX},qfq"
    url = f"https://{HOST}/ifzqgtimg/appstock/app/newfqkline/get?param={asked}"
    return Request(url=url, headers=_HEADERS, charsets=("utf-8", "gbk"))


def read_rows(symbol: Symbol, body: bytes) -> Sequence[object]:
    """Return the rows of a symbol; none where the vendor states nothing of it.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    answer = json_object(body)
    if "data" not in answer:
        raise BadAnswer("without data")
    data = answer["data"]
    mine = data.get(prefixed(symbol)) if isinstance(data, dict) else None
    if not isinstance(mine, dict):
        return ()
    rows = mine.get("qfqday") or mine.get("day") or ()
    if not isinstance(rows, list | tuple):
        raise BadAnswer("bars that are no list")
    return rows


def _bars(symbol: Symbol, rows: Sequence[object]) -> Iterator[RawBar]:
    """Yield the rows as bars.

    Raises:
        NoBars: There is none, or one is not of this form.
    """
    if not rows:
        raise NoBars("no bars")
    declared = 1 if symbol.startswith(_COUNTED_IN_SHARES) else LOT_SHARES
    for line, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) < _FIELDS_MIN:
            raise NoBars("a row that is no bar")
        label, opened, close, high, low, volume = row[:_FIELDS_MIN]
        amount = amount_of(row[_AMOUNT], _TEN_THOUSAND) if len(row) > _AMOUNT else None
        lots = amount_in_lots(volume, amount, close, declared)
        yield bar_of(symbol, line, text_of(label), (opened, high, low, close), lots)
