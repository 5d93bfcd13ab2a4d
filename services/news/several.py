"""Several sources of news as one: all of them are asked, and who does not answer is named."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.domain.instruments import Symbol
from services.domain.news import NewsAnswer, NewsKind, NewsQuery, between
from services.news.merging import merged
from services.ports import Clock, NewsFault, NewsSource

KEPT = timedelta(seconds=60)
"""How long an answer is good for: a model asks several times in a session."""

SYMBOLS_MAX = 20
"""The most a vendor is asked about at once where the model names none."""

_KEPT_MAX = 64


class SeveralNews:
    """Asks the sources of a kind at once; what two of them tell stands there once.

    `watchlist` are the symbols asked about where a query names none.
    """

    def __init__(
        self, sources: Mapping[NewsKind, Sequence[NewsSource]], watchlist: Sequence[Symbol], clock: Clock
    ) -> None:
        self._sources, self._clock = sources, clock
        self._watchlist = tuple(watchlist)[:SYMBOLS_MAX]
        self._kept: dict[tuple[str, NewsQuery], tuple[datetime, NewsAnswer]] = {}

    @property
    def name(self) -> str:
        """The names of all sources."""
        every = (source.name for sources in self._sources.values() for source in sources)
        return ", ".join(dict.fromkeys(every))

    async def published(self, query: NewsQuery) -> NewsAnswer:
        """Return what the sources of the query's kind told.

        Raises:
            NewsFault: None of them answered: that is not the same as no news.
        """
        wanted = replace(query, symbols=query.symbols or self._watchlist)
        sources = self._sources.get(query.kind, ())
        told = await asyncio.gather(*(self._asked(source, wanted) for source in sources))
        answers = [one for one in told if isinstance(one, NewsAnswer)]
        failed = [f"{one.asked}: {one.why}" for one in told if isinstance(one, NewsFault)]
        if not answers:
            why = "; ".join(failed) or f"there is no source of the kind {query.kind}"
            raise NewsFault(self.name, f"no news source answered; {why}")
        items = merged(item for answer in answers for item in answer.items)
        return NewsAnswer(
            items=between(items, query.since, query.until),
            undated=sum(answer.undated for answer in answers),
            silent=(*failed, *(one for answer in answers for one in answer.silent)),
        )

    async def _asked(self, source: NewsSource, query: NewsQuery) -> NewsAnswer | NewsFault:
        key, now = (source.name, query), self._clock.now()
        kept = self._kept.get(key)
        if kept is not None and now - kept[0] < KEPT:
            return kept[1]
        try:
            answer = await source.published(query)
        except NewsFault as fault:
            return fault
        self._kept = {one: told for one, told in self._kept.items() if now - told[0] < KEPT}
        if not answer.silent and len(self._kept) < _KEPT_MAX:
            self._kept[key] = now, answer
        return answer


class NotAsked:
    """Vendors in a run on recorded prices: what they say now is of another time."""

    def __init__(self, names: Sequence[str]) -> None:
        self.name = ", ".join(names)

    async def published(self, query: NewsQuery) -> NewsAnswer:
        """Raise: they are asked on live prices alone.

        Raises:
            NewsFault: Always.
        """
        why = "vendors of news are asked on live prices alone; agent_config.news_file serves recorded ones"
        raise NewsFault(f"{query.kind} by {self.name}", why)
