"""Rights issues as Sina tells them: one page a symbol.

Wire: `vip.stock.finance.sina.com.cn/corp/go.php/vISSUE_ShareBonus/stockid/600519.phtml`, HTML in GBK. The
table `sharebonus_2` has a row an issue: announced, new shares for ten, price, capital, ex-day, record day and
so on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import chain

from services.domain.instruments import Distribution, Symbol
from services.market.ex_day_chain import Announced, WithoutTerms, announced
from services.market.feeds.asking import known
from services.market.feeds.fields import BadAnswer, gbk_text, number_of, prefixed, price_of
from services.market.feeds.wire import Request, Wire
from services.ports import PriceFault

NAME = "sina"
HOST = "vip.stock.finance.sina.com.cn"

PAGES_MAX = 60
"""Pages asked for at once: whoever asks for hundreds is shut out, perhaps from quotes too."""

_HEADERS = {"referer": "https://finance.sina.com.cn/"}
_CHARSETS = ("gbk", "gb2312", "gb18030")
_TABLE = re.compile(r'<table[^>]*\bid="sharebonus_2".*?</table>', re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>|&nbsp;|\s")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NONE = "暂时没有数据"
_TITLES = {1: "配股方案", 2: "配股价格", 4: "除权日", 5: "股权登记日"}
"""How the titles of the columns that are read begin, by their place."""

_TEN = Decimal(10)


class SinaRights:
    """Rights issues by symbol."""

    name = NAME
    hosts = (HOST,)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def distributions(self, symbols: Sequence[Symbol], since: date, until: date) -> Announced:
        """Return the rights issues of the symbols whose ex-day lies in [since, until].

        Raises:
            PriceFault: They were not told.
        """
        mine, _ = known(symbols, prefixed)
        if len(mine) > PAGES_MAX:
            raise PriceFault(HOST, f"{len(mine)} pages are not asked for, at most {PAGES_MAX}")
        async with self._wire.line() as line:
            answers = await asyncio.gather(
                *(line.ask(request_of(symbol), partial(read_rights, symbol, since, until)) for symbol in mine)
            )
        return announced(chain.from_iterable(answers))


def request_of(symbol: Symbol) -> Request:
    """Return what asks for the page of a symbol."""
    url = f"https://{HOST}/corp/go.php/vISSUE_ShareBonus/stockid/{symbol[:6]}.phtml"
    return Request(url=url, headers=_HEADERS, charsets=_CHARSETS)


def read_rights(
    symbol: Symbol, since: date, until: date, body: bytes
) -> tuple[Distribution | WithoutTerms, ...]:
    """Return the rights issues whose ex-day lies in [since, until]; older ones often lack their terms.

    Raises:
        BadAnswer: The bytes are no such page, or its columns are others.
    """
    table = _TABLE.search(gbk_text(body))
    if table is None:
        raise BadAnswer("without a table of rights issues")
    rows = [[_TAG.sub("", cell) for cell in _CELL.findall(row)] for row in _ROW.findall(table[0])]
    titles = next((row for row in rows if len(row) > max(_TITLES)), [])
    if not titles or not all(titles[place].startswith(title) for place, title in _TITLES.items()):
        raise BadAnswer("a table of rights issues with other columns")
    told = rows[rows.index(titles) + 1 :]
    if not told:
        raise BadAnswer("a table of rights issues cut short")
    issues = ((_day(row[4]), row) for row in _issues(told))
    return tuple(
        _read(symbol, ex_date, row) for ex_date, row in issues if ex_date and since <= ex_date <= until
    )


def _issues(rows: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    for row in rows:
        if len(row) <= max(_TITLES):
            if not any(cell.startswith(_NONE) for cell in row):
                raise BadAnswer("a row that is no rights issue")
            continue
        yield row


def _read(symbol: Symbol, ex_date: date, row: Sequence[str]) -> Distribution | WithoutTerms:
    ratio, price = number_of(row[1]), price_of(row[2])
    if not ratio or price is None:
        return WithoutTerms(symbol, ex_date)
    return Distribution(
        symbol=symbol,
        ex_date=ex_date,
        record_date=_day(row[5]),
        source=NAME,
        rights_per_share=ratio / _TEN,
        rights_price_cny=price,
    )


def _day(stated: str) -> date | None:
    try:
        return date.fromisoformat(stated) if _DAY.fullmatch(stated) else None
    except ValueError:
        return None
