"""Sina's quotes of US shares: many symbols in one request, without a book.

Wire: `hq.sinajs.cn/list=gb_aapl,...`, GBK text of one variable a symbol, fields parted by commas. Field 3
is when the record was renewed, Beijing time, which goes on outside regular trading; field 25 is the minute of
the last regular trade, New York time without a year. Where they lie apart the price is as old as the latter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.domain.instruments import Market, Symbol
from services.market.feeds.asking import ListFeed
from services.market.feeds.fields import BadAnswer, count_of, gbk_text, local_moment, price_of, text_of
from services.market.feeds.sina import HOST
from services.market.feeds.wire import Request, Wire
from services.market.raw_quotes import RawQuote, RawQuotes

NAME = "sina_us"

_HEADERS = {"referer": "https://finance.sina.com.cn/"}
_CHARSETS = ("gb18030", "gbk", "gb2312")
_RECORD = re.compile(r'var hq_str_(gb_[a-z]{1,10})="([^"\n]*)";')
_PLAIN = re.compile(r"([A-Z]{1,10})\.US")
_TRADED = re.compile(r"([A-Z][a-z]{2} [0-9]{2} [0-9]{2}:[0-9]{2}[AP]M) E[DS]T")
_FIELDS_MIN = 27
_MINUTE = timedelta(seconds=60)


def sina_us_feed(wire: Wire) -> ListFeed:
    """Return the vendor's quotes of US shares."""
    return ListFeed(
        wire, name=NAME, family="sina", host=HOST, called=called, request_of=request_of, read=read_quotes
    )


def called(symbol: Symbol) -> str:
    """Return what the vendor calls a US share: `gb_aapl`; empty for any other, and for a class of shares."""
    plain = _PLAIN.fullmatch(symbol)
    return f"gb_{plain[1].lower()}" if plain else ""


def request_of(symbols: Sequence[Symbol]) -> Request:
    """Return what asks for the symbols."""
    url = f"https://{HOST}/list={','.join(map(called, symbols))}"
    return Request(url=url, headers=_HEADERS, charsets=_CHARSETS)


def read_quotes(body: bytes, symbols: Sequence[Symbol], received_at: datetime) -> RawQuotes:
    """Return the quotes of the symbols, in USD a share, and why others are missing.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    records = dict(_RECORD.findall(gbk_text(body)))
    if not records:
        raise BadAnswer("holds no quote")
    quotes: dict[Symbol, RawQuote] = {}
    faults: dict[Symbol, str] = {}
    for symbol in symbols:
        fields = records.get(called(symbol), "").split(",")
        if len(fields) >= _FIELDS_MIN:
            quotes[symbol] = _quote(fields, symbol, received_at)
        else:
            faults[symbol] = "not in the answer, or its record is cut short"
    return RawQuotes(source=NAME, quotes=quotes, faults=faults)


def _quote(fields: Sequence[str], symbol: Symbol, received_at: datetime) -> RawQuote:
    return RawQuote(
        symbol=symbol,
        source=NAME,
        received_at=received_at,
        stamped_at=_stamp(fields[3], fields[25]),
        name=text_of(fields[0]),
        last_cny=price_of(fields[1]),
        open_cny=price_of(fields[5]),
        high_cny=price_of(fields[6]),
        low_cny=price_of(fields[7]),
        volume_shares=count_of(fields[10]),
        prev_close_cny=price_of(fields[26]),
    )


def _stamp(renewed: str, traded: str) -> datetime | None:
    """Return how old the price is: when it was renewed while trading, else the end of its last minute."""
    renewed_at = local_moment(renewed, "%Y-%m-%d %H:%M:%S", 19)
    minute = _TRADED.fullmatch(traded.strip())
    if renewed_at is None or minute is None:
        return None
    # The year is that of the renewal, unless the trade would lie in its future: it was in December.
    for year in (renewed_at.year, renewed_at.year - 1):
        traded_at = local_moment(f"{year} {minute[1]}", "%Y %b %d %I:%M%p", 19, Market.US)
        if traded_at is not None and traded_at <= renewed_at:
            return renewed_at if renewed_at - traded_at < 2 * _MINUTE else traded_at + _MINUTE
    return None
