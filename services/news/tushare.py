"""News and announcements by tushare's tables `news` and `anns_d`; an account needs a right to each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.domain.instruments import Market, Symbol
from services.domain.news import NewsAnswer, NewsItem, NewsKind, NewsQuery
from services.market.feeds.asking import known
from services.market.feeds.fields import prefixed, text_of
from services.market.feeds.tushare_pro import HOST, NAME, Row, TushareCalls
from services.news.asking import Read, dated, each, within
from services.news.moments import moment_of
from services.news.plain_words import TEXT_SIGNS_MAX, TITLE_SIGNS_MAX, address, plain
from services.ports import NewsFault, PriceFault
from services.slots import local

PRESS = "sina"
"""Whose flashes are asked for: the table takes one medium at a time, and states no symbols."""

_NEWS_FIELDS = ("datetime", "title", "content")
_ANNOUNCEMENT_FIELDS = ("ts_code", "ann_date", "title", "url", "rec_time")


class TushareNews:
    """News on the whole market in one request, announcements one by one."""

    name = NAME
    hosts = (HOST,)

    def __init__(self, calls: TushareCalls) -> None:
        self._calls = calls

    async def published(self, query: NewsQuery) -> NewsAnswer:
        """Return the flashes of the query's time, or the announcements of its symbols.

        Raises:
            NewsFault: Nothing usable came at all.
        """
        if query.kind is NewsKind.NEWS:
            read = await self._flashes(query)
            return NewsAnswer(items=within(read.items, query), undated=read.undated)
        mine, _ = known(query.symbols, prefixed)

        async def ask(symbol: Symbol) -> Read:
            first = local(query.since, Market.CN).date() - timedelta(days=1)
            last = local(query.until, Market.CN).date()
            asked = {"ts_code": symbol, "start_date": f"{first:%Y%m%d}", "end_date": f"{last:%Y%m%d}"}
            rows = await self._calls.rows("anns_d", asked, _ANNOUNCEMENT_FIELDS, may_be_empty=True)
            return read_announcements(rows, symbol)

        answer = await each(NAME, mine, ask)
        return NewsAnswer(items=within(answer.items, query), undated=answer.undated, silent=answer.silent)

    async def _flashes(self, query: NewsQuery) -> Read:
        since, until = local(query.since, Market.CN), local(query.until, Market.CN)
        asked = {
            "src": PRESS, "start_date": f"{since:%Y-%m-%d %H:%M:%S}", "end_date": f"{until:%Y-%m-%d %H:%M:%S}"
        }  # fmt: skip
        try:
            rows = await self._calls.rows("news", asked, _NEWS_FIELDS, may_be_empty=True)
        except PriceFault as fault:
            raise NewsFault(fault.asked, fault.why) from fault
        return read_news(rows)


def read_news(rows: Sequence[Row]) -> Read:
    """Return the flashes; they name no symbols."""
    return dated(map(_flash, rows))


def read_announcements(rows: Sequence[Row], symbol: Symbol) -> Read:
    """Return a symbol's announcements, each from when the vendor had it, else from the end of its day."""
    return dated(_announcement(row, symbol) for row in rows if text_of(row.get("ts_code")) == symbol)


def _flash(row: Row) -> NewsItem | None:
    at = moment_of(row.get("datetime"))
    title, text = plain(row.get("title"), TITLE_SIGNS_MAX), plain(row.get("content"), TEXT_SIGNS_MAX)
    if at is None or not (title or text):
        return None
    return NewsItem(published_at=at, source=PRESS, title=title, text=text, kind=NewsKind.NEWS)


def _announcement(row: Row, symbol: Symbol) -> NewsItem | None:
    at = moment_of(row.get("rec_time")) or moment_of(row.get("ann_date"))
    title = plain(row.get("title"), TITLE_SIGNS_MAX)
    if at is None or not title:
        return None
    return NewsItem(
        published_at=at,
        source=NAME,
        title=title,
        url=address(row.get("url")),
        symbols=(symbol,),
        kind=NewsKind.ANNOUNCEMENT,
    )
