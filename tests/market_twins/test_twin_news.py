"""News and announcements from the vendors' twins, over their real protocols."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.clock import ReplayClock
from services.domain.instruments import Symbol
from services.domain.news import NewsKind, NewsQuery
from services.market.feeds.choice import Surroundings, wire_of
from services.news.cninfo import CninfoNews
from services.news.eastmoney import EastMoneyNews
from services.ports import NewsFault, NewsSource
from services.settings_sections import DataSourceSettings
from tests.market_twins.hosts import vendor_twins
from tests.market_twins.market import CN
from tests.market_twins.seeded import seeded_market
from tests.market_twins.trouble import Fault, Spell, Trouble

AT = datetime(2026, 7, 14, 10, 35, tzinfo=CN)
NEWS, ANNOUNCED = NewsKind.NEWS, NewsKind.ANNOUNCEMENT


async def told(source: NewsSource, kind: NewsKind) -> object:
    since = AT - timedelta(days=5)
    query = NewsQuery(since=since, until=AT, kind=kind, symbols=(Symbol("600519.SH"),))
    try:
        answer = await source.published(query)
    except NewsFault:
        return "nobody"
    return [(one.title, f"{one.published_at.astimezone(CN):%d %H:%M}") for one in answer.items]


@pytest.mark.parametrize(("vendor", "kind", "expected"), [
    (EastMoneyNews, NEWS, [("贵州茅台发布公告", "14 08:30")]),
    (EastMoneyNews, ANNOUNCED, [("贵州茅台:关于召开股东大会的通知", "13 18:32")]),
    # Its day is all that is known of it there, so that it counts from the end of that day.
    (CninfoNews, ANNOUNCED, [("关于召开股东大会的通知", "14 00:00")]),
])  # fmt: skip
@pytest.mark.parametrize("trouble", [Trouble(), Trouble(Spell("*", Fault.RESET))], ids=["well", "down"])
def test_items_come_with_their_moment_and_no_answer_is_not_no_news(
    vendor, kind, expected, trouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with vendor_twins(tmp_path, seeded_market(), lambda: AT, trouble) as net:
        for name, value in net.environment.items():
            monkeypatch.setenv(name, value)
        around = Surroundings(clock=ReplayClock(AT), environment=net.environment)
        source = vendor(wire_of(DataSourceSettings(deadline_s=3), around))

        found = asyncio.run(told(source, kind))

    assert found == (expected if not trouble.spells else "nobody")
