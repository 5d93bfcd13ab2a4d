"""Announcements as cninfo publishes them, the place the securities regulator names for disclosure.

Wire: `www.cninfo.com.cn/new/data/szse_stock.json` lists what the site calls each code; a POST to
`/new/hisAnnouncement/query` answers JSON, `announcementTime` in milliseconds since 1970, midnight for a
mere date.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from urllib.parse import urlencode

from services.domain.instruments import Market, Symbol
from services.domain.news import NewsAnswer, NewsItem, NewsKind, NewsQuery
from services.market.feeds.asking import known
from services.market.feeds.fields import BadAnswer, json_object, prefixed, text_of
from services.market.feeds.wire import Line, Request, Wire
from services.news.asking import Read, dated, each, within
from services.news.moments import moment_of_epoch_ms
from services.news.plain_words import TITLE_SIGNS_MAX, address, plain
from services.ports import NewsFault, PriceFault
from services.slots import local

NAME = "cninfo"
HOST = "www.cninfo.com.cn"

_ITEMS_ASKED = 30
"""The most a page of the site holds, newest first."""

_FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}


class CninfoNews:
    """Announcements, one request a symbol, and one a day for the names of all."""

    name = NAME
    hosts = (HOST,)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._day = date.min
        self._called: Mapping[str, str] = {}

    async def published(self, query: NewsQuery) -> NewsAnswer:
        """Return the announcements of the query's symbols in its time.

        Raises:
            NewsFault: Nothing usable came at all.
        """
        mine, _ = known(query.symbols, prefixed)
        try:
            async with self._wire.line() as line:
                await self._learn(line)
                answer = await each(NAME, mine, partial(self._one, line, query))
        except PriceFault as fault:
            raise NewsFault(fault.asked, fault.why) from fault
        return NewsAnswer(items=within(answer.items, query), undated=answer.undated, silent=answer.silent)

    async def _learn(self, line: Line) -> None:
        today = local(self._wire.clock.now(), Market.CN).date()
        if today != self._day:
            self._called = await line.ask(Request(url=f"https://{HOST}/new/data/szse_stock.json"), read_names)
            self._day = today

    async def _one(self, line: Line, query: NewsQuery, symbol: Symbol) -> Read:
        called = self._called.get(symbol[:6])
        if called is None:
            raise PriceFault(NAME, f"does not know {symbol}")
        return await line.ask(request_of(symbol, called, query), partial(read_announcements, symbol))


def request_of(symbol: Symbol, called: str, query: NewsQuery) -> Request:
    """Return what asks for a symbol's announcements; `called` is the site's own name of it."""
    # An item without a time is filed under its day, and known a day later.
    first = local(query.since, Market.CN).date() - timedelta(days=1)
    last = local(query.until, Market.CN).date()
    form = {
        "pageNum": 1, "pageSize": _ITEMS_ASKED, "column": "szse", "tabName": "fulltext", "plate": "",
        "stock": f"{symbol[:6]},{called}", "searchkey": "", "secid": "", "category": "", "trade": "",
        "seDate": f"{first}~{last}", "sortName": "", "sortType": "", "isHLtitle": "false",
    }  # fmt: skip
    url = f"https://{HOST}/new/hisAnnouncement/query"
    return Request(url=url, headers=_FORM, body=urlencode(form).encode())


def read_names(body: bytes) -> Mapping[str, str]:
    """Return what the site calls each code.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    rows = json_object(body).get("stockList")
    stated = rows if isinstance(rows, list) else []
    found = {text_of(row.get("code")): text_of(row.get("orgId")) for row in stated if isinstance(row, dict)}
    if not found:
        raise BadAnswer("without a list of codes")
    return found


def read_announcements(symbol: Symbol, body: bytes) -> Read:
    """Return the announcements of a symbol; there may be none.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    answer = json_object(body)
    if "announcements" not in answer:
        raise BadAnswer("without announcements")
    rows = answer["announcements"] or []
    if not isinstance(rows, list):
        raise BadAnswer("announcements that are no list")
    return dated(_item(symbol, row) for row in rows if isinstance(row, dict))


def _item(symbol: Symbol, row: Mapping[str, object]) -> NewsItem | None:
    at = moment_of_epoch_ms(row.get("announcementTime"))
    title = plain(row.get("announcementTitle"), TITLE_SIGNS_MAX)
    if at is None or not title or text_of(row.get("secCode")) != symbol[:6]:
        return None
    path = text_of(row.get("adjunctUrl"))
    return NewsItem(
        published_at=at,
        source=NAME,
        title=title,
        url=address(f"https://static.cninfo.com.cn/{path}") if path else "",
        symbols=(symbol,),
        kind=NewsKind.ANNOUNCEMENT,
    )
