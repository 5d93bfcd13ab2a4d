"""The industries East Money sorts shares into: a list of symbols in one request.

Wire: `push2.eastmoney.com/api/qt/ulist.np/get?fields=f12,f13,f100&secids=1.600519,...`, JSON; f100 is the
name of the industry, a hyphen where there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from services.domain.instruments import Symbol
from services.market.feeds.asking import REQUEST_SYMBOLS_MAX, Part, known, split
from services.market.feeds.eastmoney import HOST, secid
from services.market.feeds.fields import count_of, json_object, text_of
from services.market.feeds.wire import Line, Request, Wire
from services.ports import PriceFault

NAME = "eastmoney"

_HEADERS = {"referer": "https://quote.eastmoney.com/"}


class EastMoneyIndustries:
    """Industries by symbol."""

    name = NAME
    hosts = (HOST,)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def industries(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, str]:
        """Return the industry of each symbol that has one; what was not answered is left out.

        Raises:
            PriceFault: The environment's certificates or proxy cannot be used.
        """
        mine, _ = known(symbols, secid)
        async with self._wire.line() as line:
            parts = await asyncio.gather(*(_part(line, part) for part in split(mine, REQUEST_SYMBOLS_MAX)))
        return {symbol: industry for part in parts for symbol, industry in part.items()}


def request_of(symbols: Sequence[Symbol]) -> Request:
    """Return what asks for the industries of the symbols."""
    secids = ",".join(map(secid, symbols))
    url = f"https://{HOST}/api/qt/ulist.np/get?fltt=2&invt=2&np=1&fields=f12,f13,f100&secids={secids}"
    return Request(url=url, headers=_HEADERS)


def read_industries(symbols: Sequence[Symbol], body: bytes) -> Mapping[Symbol, str]:
    """Return the industries that the answer states of the symbols.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    data = json_object(body).get("data")
    rows = data.get("diff") if isinstance(data, dict) else None
    stated = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    by_secid = {
        f"{count_of(row.get('f13'))}.{text_of(row.get('f12'))}": text_of(row.get("f100")) for row in stated
    }
    return {symbol: industry for symbol in symbols if (industry := by_secid.get(secid(symbol), ""))}


async def _part(line: Line, part: Part) -> Mapping[Symbol, str]:
    try:
        return await line.ask(request_of(part), partial(read_industries, part))
    except PriceFault:
        # Not known: the limits say what holds for a share whose sector nobody states.
        return {}
