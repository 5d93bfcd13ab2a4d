"""East Money's news on a share and its announcements.

Wire: `search-api-web.eastmoney.com/search/jsonp` answers a call of JavaScript around JSON, its newest
articles that name a code; `np-anotice-stock.eastmoney.com/api/security/ann` answers JSON, announcements with
the moment they were shown (`display_time`) and a date they are filed under (`notice_date`), which may be the
day after.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from urllib.parse import quote

from services.domain.instruments import Symbol
from services.domain.news import NewsAnswer, NewsItem, NewsKind, NewsQuery
from services.market.feeds.asking import known
from services.market.feeds.eastmoney import secid
from services.market.feeds.fields import BadAnswer, json_object, text_of
from services.market.feeds.wire import Line, Request, Wire
from services.news.asking import Read, dated, each, within
from services.news.moments import moment_of
from services.news.plain_words import TEXT_SIGNS_MAX, TITLE_SIGNS_MAX, address, plain
from services.ports import NewsFault, PriceFault

NAME = "eastmoney"
NEWS_HOST, ANNOUNCEMENT_HOST = "search-api-web.eastmoney.com", "np-anotice-stock.eastmoney.com"

_ITEMS_ASKED = 50
_CALLBACK = "news"
_SEARCH = "cmsArticleWebOld"


class EastMoneyNews:
    """News and announcements, one request a symbol and kind."""

    name = NAME
    hosts = (NEWS_HOST, ANNOUNCEMENT_HOST)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def published(self, query: NewsQuery) -> NewsAnswer:
        """Return what is told of the query's symbols in its time.

        Raises:
            NewsFault: Nothing usable came at all.
        """
        mine, _ = known(query.symbols, secid)
        try:
            async with self._wire.line() as line:
                answer = await each(NAME, mine, partial(self._one, line, query.kind))
        except PriceFault as fault:
            raise NewsFault(fault.asked, fault.why) from fault
        return NewsAnswer(items=within(answer.items, query), undated=answer.undated, silent=answer.silent)

    async def _one(self, line: Line, kind: NewsKind, symbol: Symbol) -> Read:
        if kind is NewsKind.NEWS:
            return await line.ask(news_request(symbol), partial(read_news, symbol))
        return await line.ask(announcement_request(symbol), partial(read_announcements, symbol))


def news_request(symbol: Symbol) -> Request:
    """Return what asks for the articles that name a symbol's code."""
    paged = {
        "searchScope": "default", "sort": "default", "pageIndex": 1, "pageSize": _ITEMS_ASKED,
        "preTag": "<em>", "postTag": "</em>",
    }  # fmt: skip
    stated = {
        "uid": "", "keyword": symbol[:6], "type": [_SEARCH], "client": "web", "clientType": "web",
        "clientVersion": "curr", "param": {_SEARCH: paged},
    }  # fmt: skip
    asked = quote(json.dumps(stated, separators=(",", ":")))
    url = f"https://{NEWS_HOST}/search/jsonp?cb={_CALLBACK}&param={asked}"
    return Request(url=url, headers={"referer": "https://so.eastmoney.com/"})


def announcement_request(symbol: Symbol) -> Request:
    """Return what asks for the announcements of a symbol's company."""
    paged = f"sr=-1&page_size={_ITEMS_ASKED}&page_index=1&f_node=0&s_node=0"
    asked = f"ann_type=A&client_source=web&stock_list={symbol[:6]}"
    url = f"https://{ANNOUNCEMENT_HOST}/api/security/ann?{paged}&{asked}"
    return Request(url=url, headers={"referer": "https://data.eastmoney.com/"})


def read_news(symbol: Symbol, body: bytes) -> Read:
    """Return the articles about a symbol.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    begin, end = body.find(b"("), body.rfind(b")")
    if not 0 <= begin < end:
        raise BadAnswer("no call around JSON")
    result = json_object(body[begin + 1 : end]).get("result")
    rows = result.get(_SEARCH) if isinstance(result, dict) else None
    if not isinstance(rows, list):
        raise BadAnswer("without articles")
    return dated(_article(symbol, row) for row in rows if isinstance(row, dict))


def read_announcements(symbol: Symbol, body: bytes) -> Read:
    """Return the announcements of a symbol's company.

    Raises:
        BadAnswer: The bytes are no such answer.
    """
    data = json_object(body).get("data")
    rows = data.get("list") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise BadAnswer("without announcements")
    return dated(_announcement(symbol, row) for row in rows if isinstance(row, dict))


def _article(symbol: Symbol, row: Mapping[str, object]) -> NewsItem | None:
    at = moment_of(row.get("date"))
    title, text = plain(row.get("title"), TITLE_SIGNS_MAX), plain(row.get("content"), TEXT_SIGNS_MAX)
    if at is None or not (title or text):
        return None
    code = text_of(row.get("code"))
    return NewsItem(
        published_at=at,
        source=plain(row.get("mediaName"), 60) or NAME,
        title=title,
        text=text,
        url=address(f"https://finance.eastmoney.com/a/{code}.html") if code.isalnum() else "",
        symbols=(symbol,),
        kind=NewsKind.NEWS,
    )


def _announcement(symbol: Symbol, row: Mapping[str, object]) -> NewsItem | None:
    at = moment_of(row.get("display_time")) or moment_of(row.get("notice_date"))
    title, code = plain(row.get("title"), TITLE_SIGNS_MAX), text_of(row.get("art_code"))
    if at is None or not title:
        return None
    place = f"https://data.eastmoney.com/notices/detail/{symbol[:6]}/{code}.html"
    return NewsItem(
        published_at=at,
        source=NAME,
        title=title,
        url=address(place) if code.isalnum() else "",
        symbols=(symbol,),
        kind=NewsKind.ANNOUNCEMENT,
    )
