"""Sina's quotes: many symbols in one request, each with five levels and its own date and time.

Wire: `hq.sinajs.cn/list=sh600519,...`, GBK text of one JavaScript variable a symbol, fields parted by commas;
without a Referer of Sina's it answers 403. Volumes are shares. It states no price limits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from services.domain.instruments import Symbol
from services.market.feeds.asking import ListFeed
from services.market.feeds.fields import (
    BadAnswer,
    amount_of,
    count_of,
    gbk_text,
    levels_of,
    local_moment,
    prefixed,
    price_of,
    text_of,
)
from services.market.feeds.wire import Request, Wire
from services.market.raw_quotes import RawQuote, RawQuotes, Status

NAME = "sina"
HOST = "hq.sinajs.cn"

_HEADERS = {"referer": "https://finance.sina.com.cn/"}
_CHARSETS = ("gb18030", "gbk", "gb2312")
_RECORD = re.compile(r'var hq_str_((?:sh|sz|bj)[0-9]{6})="([^"\n]*)";')
_FIELDS_MIN = 32
_BIDS, _ASKS = range(10, 20, 2), range(20, 30, 2)
"""Where the shares of each level stand, best first; the price stands behind them."""

_STATUSES = {
    "00": Status.TRADING,
    "01": Status.HALTED,  # an hour
    "02": Status.SUSPENDED,  # the day
    "03": Status.SUSPENDED,  # until further notice
    "04": Status.HALTED,
    "05": Status.HALTED,  # half a day
    "07": Status.HALTED,
    "-1": Status.SUSPENDED,  # no record
    "-2": Status.SUSPENDED,  # not listed yet
    "-3": Status.SUSPENDED,  # delisted
}
"""As the vendor's own quote page names them; the vendor documents none of it."""


def sina_feed(wire: Wire) -> ListFeed:
    """Return the vendor's quotes."""
    return ListFeed(
        wire, name=NAME, family=NAME, host=HOST, called=prefixed, request_of=request_of, read=read_quotes
    )


def request_of(symbols: Sequence[Symbol]) -> Request:
    """Return what asks for the symbols."""
    url = f"https://{HOST}/list={','.join(map(prefixed, symbols))}"
    return Request(url=url, headers=_HEADERS, charsets=_CHARSETS)


def read_quotes(body: bytes, symbols: Sequence[Symbol], received_at: datetime) -> RawQuotes:
    """Return the quotes of the symbols, and why others are missing.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    records = dict(_RECORD.findall(gbk_text(body)))
    if not records:
        raise BadAnswer("holds no quote")
    quotes: dict[Symbol, RawQuote] = {}
    faults: dict[Symbol, str] = {}
    for symbol in symbols:
        fields = records.get(prefixed(symbol), "").split(",")
        if len(fields) >= _FIELDS_MIN:
            quotes[symbol] = _quote(fields, symbol, received_at)
        elif prefixed(symbol) not in records:
            faults[symbol] = "not in the answer"
        else:
            cut = fields != [""]
            faults[symbol] = "its record is cut short" if cut else "the vendor states nothing of it"
    return RawQuotes(source=NAME, quotes=quotes, faults=faults)


def _quote(fields: Sequence[str], symbol: Symbol, received_at: datetime) -> RawQuote:
    code = fields[32] if len(fields) > 32 else ""
    return RawQuote(
        symbol=symbol,
        source=NAME,
        received_at=received_at,
        stamped_at=local_moment(f"{fields[30]} {fields[31]}", "%Y-%m-%d %H:%M:%S", 19),
        name=text_of(fields[0]),
        open_cny=price_of(fields[1]),
        prev_close_cny=price_of(fields[2]),
        last_cny=price_of(fields[3]),
        high_cny=price_of(fields[4]),
        low_cny=price_of(fields[5]),
        volume_shares=count_of(fields[8]),
        amount_cny=amount_of(fields[9]),
        bids=levels_of([(fields[at + 1], fields[at]) for at in _BIDS], 1),
        asks=levels_of([(fields[at + 1], fields[at]) for at in _ASKS], 1),
        status=_STATUSES.get(code.strip()),
    )
