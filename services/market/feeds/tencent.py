"""Tencent's quotes: many symbols in one request, each with five levels, limits and its own time.

Wire: `qt.gtimg.cn/q=sh600519,...`, GBK text of one variable a symbol, fields parted by `~`. Volumes count
lots, on the STAR market shares: the day's average price tells which, and before a trade the board does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from services.domain.instruments import Symbol
from services.market.feeds.asking import ListFeed
from services.market.feeds.fields import (
    LOT_SHARES,
    BadAnswer,
    amount_of,
    count_of,
    counted_in,
    gbk_text,
    levels_of,
    local_moment,
    prefixed,
    price_of,
    text_of,
)
from services.market.feeds.wire import Request, Wire
from services.market.raw_quotes import RawQuote, RawQuotes, Status

NAME = "tencent"
HOST = "qt.gtimg.cn"

_HEADERS = {"referer": "https://gu.qq.com/"}
_CHARSETS = ("gbk", "gb18030", "gb2312")
_RECORD = re.compile(r'v_((?:sh|sz|bj)[0-9]{6})="([^"\n]*)";')
_FIELDS_MIN = 49
_BIDS, _ASKS = range(9, 19, 2), range(19, 29, 2)
"""Where the price of each level stands, best first; the count stands behind it."""

_COUNTED_IN_SHARES = ("688", "689")
_TEN_THOUSAND = 10_000


def tencent_feed(wire: Wire) -> ListFeed:
    """Return the vendor's quotes."""
    return ListFeed(
        wire, name=NAME, family=NAME, host=HOST, called=prefixed, request_of=request_of, read=read_quotes
    )


def request_of(symbols: Sequence[Symbol]) -> Request:
    """Return what asks for the symbols."""
    url = f"https://{HOST}/q={','.join(map(prefixed, symbols))}"
    return Request(url=url, headers=_HEADERS, charsets=_CHARSETS)


def read_quotes(body: bytes, symbols: Sequence[Symbol], received_at: datetime) -> RawQuotes:
    """Return the quotes of the symbols, and why others are missing.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    text = gbk_text(body)
    records = dict(_RECORD.findall(text))
    if not records and "v_pv_none_match" not in text:
        raise BadAnswer("holds no quote")
    quotes: dict[Symbol, RawQuote] = {}
    faults: dict[Symbol, str] = {}
    for symbol in symbols:
        fields = records.get(prefixed(symbol), "").split("~")
        if prefixed(symbol) not in records:
            faults[symbol] = "not in the answer"
        elif len(fields) < _FIELDS_MIN:
            faults[symbol] = "its record is cut short"
        elif fields[2] != symbol[:6]:
            faults[symbol] = f"the answer is about {fields[2][:20]}"
        else:
            quotes[symbol] = _quote(fields, symbol, received_at)
    return RawQuotes(source=NAME, quotes=quotes, faults=faults)


def _quote(fields: Sequence[str], symbol: Symbol, received_at: datetime) -> RawQuote:
    high, low, volume = price_of(fields[33]), price_of(fields[34]), count_of(fields[6])
    declared = 1 if symbol.startswith(_COUNTED_IN_SHARES) else LOT_SHARES
    # The third part of price/volume/amount is exact; the field of its own is in units of 10,000 CNY.
    exact = fields[35].split("/")
    amount = amount_of(exact[2]) if len(exact) == 3 else None
    amount = amount or amount_of(fields[37], _TEN_THOUSAND)
    unit = counted_in(volume, amount, low, high, declared)
    status = text_of(fields[40])
    return RawQuote(
        symbol=symbol,
        source=NAME,
        received_at=received_at,
        stamped_at=local_moment(fields[30], "%Y%m%d%H%M%S", 14),
        name=text_of(fields[1]),
        last_cny=price_of(fields[3]),
        prev_close_cny=price_of(fields[4]),
        open_cny=price_of(fields[5]),
        high_cny=high,
        low_cny=low,
        limit_up_cny=price_of(fields[47]),
        limit_down_cny=price_of(fields[48]),
        bids=levels_of([(fields[at], fields[at + 1]) for at in _BIDS], unit or declared),
        asks=levels_of([(fields[at], fields[at + 1]) for at in _ASKS], unit or declared),
        volume_shares=None if volume is None or unit is None else volume * unit,
        amount_cny=amount,
        # `S` is a suspension; what other letters stand for is not known, so they do not count as trading.
        status=None if not status else Status.SUSPENDED if status == "S" else Status.HALTED,
    )
