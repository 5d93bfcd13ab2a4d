"""News of vendors: dated so that nothing is seen early, each once, strangers' words made plain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from commands.failures import CommandFailed
from commands.news_desk import news_hosts, news_of
from commands.tool_desk import ToolDesk
from services.clock import ReplayClock, VirtualClock
from services.domain.instruments import Market, Symbol
from services.domain.news import NewsAnswer, NewsItem, NewsKind, NewsQuery
from services.market.feeds import eastmoney_distributions, eastmoney_industries, sina_bars, tencent_bars
from services.market.feeds.fields import BadAnswer
from services.market.feeds.tushare_pro import TushareCalls
from services.market.feeds.wire import Wire
from services.news import cninfo, eastmoney
from services.news.asking import Read
from services.news.cninfo import CninfoNews
from services.news.eastmoney import EastMoneyNews
from services.news.merging import merged
from services.news.moments import moment_of, moment_of_epoch_ms
from services.news.plain_words import address, plain
from services.news.several import KEPT, SeveralNews
from services.news.tushare import TushareNews
from services.news_file import FileNews, read_news
from services.ports import NewsFault, NewsSource
from services.settings import Settings
from services.settings_reading import read_section
from tests import vendor_bytes
from tests.vendor_network import NOW, Answer, Time, refuses, replies

CN = ZoneInfo("Asia/Shanghai")
BANK, MOUTAI, APPLE = Symbol("600036.SH"), Symbol("600519.SH"), Symbol("AAPL.US")
NEWS, ANNOUNCED = NewsKind.NEWS, NewsKind.ANNOUNCEMENT


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 7, day, hour, minute, second, tzinfo=CN)


def query(kind: NewsKind, *symbols: Symbol) -> NewsQuery:
    return NewsQuery(since=at(7), until=NOW, kind=kind, symbols=symbols)


@pytest.mark.parametrize(("stated", "moment"), [
    ("2026-07-13 18:32:11", at(13, 18, 32, 11)),
    ("2026-07-13 18:32:11:123", at(13, 18, 32, 11)),
    ("2026-07-13 18:32", at(13, 18, 32)),
    ("20260713", at(14)),  # a mere date counts from its end
    ("2026-07-13", at(14)),
    ("2026-07-13 00:00:00", at(14)),
    ("9999-12-31", None), ("0001-01-01 00:00:00", None),  # what systems hold for no day
    ("2026-02-30 10:00:00", None), ("2026-07-13 25:00:00", None),
    ("yesterday", None), ("", None), (None, None), (7, None), ("٢٠٢٦-07-13", None),
])  # fmt: skip
def test_a_moment_is_local_and_a_mere_date_counts_from_the_end_of_its_day(stated, moment):
    assert moment_of(stated) == moment


@pytest.mark.parametrize(("stated", "moment"), [
    (int(at(13, 18, 32).timestamp() * 1000), at(13, 18, 32)), (int(at(13).timestamp() * 1000), at(14)),
    (0, None), (10**18, None), (True, None), ("1", None), (None, None),
])  # fmt: skip
def test_milliseconds_are_a_moment_and_midnight_is_a_mere_date(stated, moment):
    assert moment_of_epoch_ms(stated) == moment


def test_words_lose_markup_and_what_cannot_be_seen_and_are_cut():
    hidden = "up\u202e\u200b\x1b[31m <em>bank</em>&lt;script&gt;x\r\n\u3000y\x00"

    assert plain(hidden, 40) == "up[31m bankx y"
    assert (plain("abc", 2), plain(None, 2), plain("a < b > c", 20)) == ("ab", "", "a < b > c")


def test_an_address_is_a_web_address_or_none():
    assert address(" https://a.example/x?y=1 ") == "https://a.example/x?y=1"
    unfit = ("javascript:alert(1)", "https://a b", "https://a.example/\u202e", "https://" + "a" * 600, None)
    assert [address(one) for one in unfit] == [""] * 5


def item(
    title: str, when: datetime, *symbols: Symbol, source: str = "a", url: str = "", kind: NewsKind = ANNOUNCED
) -> NewsItem:
    return NewsItem(published_at=when, source=source, title=title, url=url, symbols=symbols, kind=kind)


def test_what_two_sources_tell_stands_once_as_it_was_first():
    found = merged([
        item("招商银行：关于分红的公告", at(13, 18), BANK, source="b"),
        item("关于分红的公告", at(13, 17), BANK),
        item("x", at(13, 9), BANK, url="https://a.example/1"),
        item("y", at(13, 10), MOUTAI, url="https://a.example/1"),
    ])  # fmt: skip

    assert [(one.title, one.published_at.hour, one.symbols) for one in found] == [
        ("x", 9, (BANK, MOUTAI)), ("关于分红的公告", 17, (BANK,)),
    ]  # fmt: skip


def test_one_title_of_two_companies_two_kinds_or_two_months_is_two_items():
    same = "关于召开股东大会的通知"

    assert len(merged([item(same, at(13), BANK), item(same, at(13), MOUTAI)])) == 2
    assert len(merged([item(same, at(13), BANK), item(same, at(13), BANK, kind=NEWS)])) == 2
    assert len(merged([item(same, at(1), BANK), item(same, at(13), BANK)])) == 2


ARTICLES = [
    {"date": "2026-07-14 10:30:00", "code": "202607141", "title": "<em>银行</em>涨", "content": "文"},
    {"date": "", "code": "2", "title": "无日期", "content": ""},
    {"date": "2026-07-14 10:36:00", "code": "3", "title": "later", "content": ""},
]  # fmt: skip
SHOWN = [
    {"art_code": "AN1", "display_time": "2026-07-13 18:32:11:123", "notice_date": "2026-07-14 00:00:00",
     "title": "招商银行:分红"},
    {"art_code": "AN2", "display_time": "", "notice_date": "2026-07-12 00:00:00", "title": "招商银行:章程"},
    {"art_code": "AN3", "display_time": "", "notice_date": "2026-07-14 00:00:00", "title": "招商银行:今日"},
    {"art_code": "AN4", "title": "无日期"},
]  # fmt: skip
FILED = [
    {"secCode": "600036", "announcementTitle": "分红", "announcementTime": int(at(13).timestamp() * 1000),
     "adjunctUrl": "finalpage/1.PDF"},
    {"secCode": "600519", "announcementTitle": "别家", "announcementTime": int(at(12).timestamp() * 1000)},
]  # fmt: skip
FLASHES = [["2026-07-14 10:00:00", "快讯", "文"], ["", "无日期", "文"]]
TOLD = [
    ["600036.SH", "20260713", "分红", "http://a.example/1", "2026-07-13 18:40:00"],
    ["600036.SH", "20260712", "章程", "", None], ["600036.SH", "", "无日期", "", None],
]  # fmt: skip


def by_word(bodies: Mapping[str, bytes]) -> Answer:
    async def answer(request: httpx2.Request) -> httpx2.Response:
        text = str(request.url) + (await request.aread()).decode()
        body = next(body for word, body in bodies.items() if word in text)
        return httpx2.Response(200, stream=httpx2.ByteStream(body))

    return answer


def encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


BODIES = {
    "search-api-web": b"news(" + encoded({"result": {"cmsArticleWebOld": ARTICLES}}) + b")",
    "np-anotice-stock": encoded({"data": {"list": SHOWN}}),
    "szse_stock.json": encoded({"stockList": [{"code": "600036", "orgId": "gs1"}]}),
    "hisAnnouncement": encoded({"announcements": FILED}),
    '"news"': vendor_bytes.tushare(("datetime", "title", "content"), FLASHES),
    '"anns_d"': vendor_bytes.tushare(("ts_code", "ann_date", "title", "url", "rec_time"), TOLD),
}
MAKERS: Mapping[str, Callable[[Wire], NewsSource]] = {
    "eastmoney": EastMoneyNews,
    "cninfo": CninfoNews,
    "tushare": lambda wire: TushareNews(TushareCalls(wire, "token")),
}


def told(vendor: str, answer: Answer, asked: NewsQuery, times: int = 1) -> tuple[NewsAnswer | NewsFault, int]:
    time = Time()
    wire, network = time.wire(answer)
    source, ends = MAKERS[vendor](wire), list[NewsAnswer | NewsFault]()

    async def life() -> None:
        for _ in range(times):
            try:
                ends.append(await source.published(asked))
            except NewsFault as fault:
                ends.append(fault)

    time.run(life())
    return ends[-1], len(network.asked)


def seen(answer: NewsAnswer | NewsFault) -> list[tuple[str, datetime]]:
    assert isinstance(answer, NewsAnswer), answer
    return sorted((one.title, one.published_at) for one in answer.items)


@pytest.mark.parametrize(("vendor", "kind", "expected", "undated"), [
    ("eastmoney", NEWS, [("银行涨", at(14, 10, 30))], 1),
    ("eastmoney", ANNOUNCED, [("招商银行:分红", at(13, 18, 32, 11)), ("招商银行:章程", at(13))], 1),
    ("cninfo", ANNOUNCED, [("分红", at(14))], 1),
    ("tushare", NEWS, [("快讯", at(14, 10))], 1),
    ("tushare", ANNOUNCED, [("分红", at(13, 18, 40)), ("章程", at(13))], 1),
])  # fmt: skip
def test_a_vendor_tells_dated_items_up_to_the_moment_and_counts_the_rest(vendor, kind, expected, undated):
    answer, _ = told(vendor, by_word(BODIES), query(kind, BANK, APPLE))

    assert seen(answer) == sorted(expected)
    assert isinstance(answer, NewsAnswer)
    assert (answer.undated, answer.silent) == (undated, ())


@pytest.mark.parametrize("answer", [refuses, replies(b"<html>"), replies(b"{}"), replies(b"news({})")])
@pytest.mark.parametrize(("vendor", "kind"), [
    ("eastmoney", NEWS), ("eastmoney", ANNOUNCED), ("cninfo", ANNOUNCED), ("tushare", NEWS),
    ("tushare", ANNOUNCED),
])  # fmt: skip
def test_a_vendor_that_fails_is_a_fault_and_never_no_news(vendor, kind, answer):
    found, _ = told(vendor, answer, query(kind, BANK))

    assert isinstance(found, NewsFault)


def test_a_vendor_asked_about_nothing_it_knows_is_a_fault():
    found, asked = told("eastmoney", by_word(BODIES), query(NEWS, APPLE))

    assert (isinstance(found, NewsFault), asked) == (True, 0)


def test_of_several_symbols_those_that_failed_are_named():
    found, asked = told("cninfo", by_word(BODIES), query(ANNOUNCED, BANK, MOUTAI), times=2)

    assert isinstance(found, NewsAnswer)
    assert ([MOUTAI in one for one in found.silent], seen(found)) == ([True], [("分红", at(14))])
    # The names once a day, the announcements each time.
    assert asked == 3


class Says:
    """A source that says what it was given, and counts how often it was asked."""

    def __init__(self, name: str, *items: NewsItem, down: bool = False, silent: Sequence[str] = ()) -> None:
        self.name, self._items, self._down, self._silent = name, items, down, tuple(silent)
        self.asked: list[NewsQuery] = []

    async def published(self, asked: NewsQuery) -> NewsAnswer:
        self.asked.append(asked)
        if self._down:
            raise NewsFault(self.name, "down")
        return NewsAnswer(items=self._items, undated=1, silent=self._silent)


def several(*sources: Says, clock: VirtualClock | None = None) -> SeveralNews:
    return SeveralNews({ANNOUNCED: sources}, (BANK,), clock or ReplayClock(NOW))


def test_several_sources_are_one_list_and_the_silent_ones_are_named():
    first = Says("one", item("a", at(13, 18), BANK), item("old", at(1), BANK), silent=["one, x: late"])
    second = Says("two", item("a", at(13, 17), BANK, source="b"), item("late", at(20), BANK))

    answer = asyncio.run(several(first, second, Says("three", down=True)).published(query(ANNOUNCED)))

    assert seen(answer) == [("a", at(13, 17))]
    assert (answer.undated, len(answer.silent)) == (2, 2)
    assert first.asked[0].symbols == (BANK,)


def test_where_nobody_answers_it_is_a_fault():
    for source in (several(Says("one", down=True)), several()):
        with pytest.raises(NewsFault, match="no news source answered"):
            asyncio.run(source.published(query(ANNOUNCED)))
    with pytest.raises(NewsFault):
        asyncio.run(several(Says("one")).published(query(NEWS)))


def test_an_answer_is_kept_for_a_moment_and_a_partial_one_is_not():
    clock, whole, partial = VirtualClock(NOW), Says("one"), Says("two", silent=["x"])
    source = several(whole, partial, clock=clock)

    for _ in range(2):
        asyncio.run(source.published(query(ANNOUNCED)))
    clock.jump(NOW + KEPT)
    asyncio.run(source.published(query(ANNOUNCED)))

    assert (len(whole.asked), len(partial.asked), source.name) == (2, 3, "one, two")


def settings(*sources: str, **agent: object) -> Settings:
    return read_section(Settings, {
        "agent_config": {"news_sources": sources, **agent}, "data_source": {"api_key": "t"},
    })  # fmt: skip


def test_the_tools_take_vendors_in_place_of_a_file_and_name_what_is_missing():
    ToolDesk(settings("eastmoney", tools=["news", "announcements"]), live=True)

    with pytest.raises(CommandFailed, match="eastmoney, tushare"):
        ToolDesk(settings("cninfo", tools=["news"]), live=True)
    keyless = read_section(Settings, {"agent_config": {"news_sources": ["tushare"], "tools": ["news"]}})
    with pytest.raises(CommandFailed, match="KAIPAN_DATA_API_KEY"):
        ToolDesk(keyless, live=True)


def test_vendors_are_asked_on_live_prices_alone(tmp_path: Path):
    path = tmp_path / "n.jsonl"
    path.write_text('{"published_at": "2026-07-13 10:00", "source": "w", "title": "t"}\n', encoding="utf-8")
    file = FileNews(lambda: read_news(path, Market.CN), "n.jsonl")

    live = news_of(settings("eastmoney", "cninfo", "tushare"), file, live=True)
    recorded = news_of(settings("eastmoney"), None, live=False)

    assert live.name == "n.jsonl, eastmoney, tushare, cninfo"
    assert news_of(settings("eastmoney"), file, live=False) is file
    assert recorded.name == "eastmoney"
    with pytest.raises(NewsFault, match="news_file"):
        asyncio.run(recorded.published(query(NEWS)))


def test_doctor_knows_the_hosts_of_news():
    assert news_hosts(settings("cninfo", "tushare")) == ("www.cninfo.com.cn", "api.tushare.pro")


READERS: Mapping[str, tuple[Callable[[bytes], object], bytes]] = {
    "articles": (lambda body: eastmoney.read_news(BANK, body), BODIES["search-api-web"]),
    "shown": (lambda body: eastmoney.read_announcements(BANK, body), BODIES["np-anotice-stock"]),
    "names": (cninfo.read_names, BODIES["szse_stock.json"]),
    "filed": (lambda body: cninfo.read_announcements(BANK, body), BODIES["hisAnnouncement"]),
    "industries": (
        lambda body: eastmoney_industries.read_industries((BANK,), body),
        b'{"data": {"diff": [{"f12": "600036", "f13": 1, "f100": "b"}]}}',
    ),
    "ex-days": (
        lambda body: eastmoney_distributions.read_distributions((BANK,), body),
        b'{"result": {"data": [{"SECUCODE": "600036.SH", "EX_DIVIDEND_DATE": "2026-07-14"}]}}',
    ),
    "days": (lambda body: tencent_bars.read_rows(BANK, body), b'{"data": {"sh600036": {"qfqday": [[]]}}}'),
    "hours": (sina_bars.read_rows, b'[{"day": "2026-07-13"}]'),
    "factors": (sina_bars.read_factors, b'var a={"data":[{"d":"2026-07-14","f":"1.0"}]}'),
}


@pytest.mark.parametrize("reader", READERS)
@given(body=st.binary(max_size=200))
@example(body=b"[" * 100_000)
@example(body=b"=" + b'{"data":' * 50_000)
@example(body=b"[1e99999999999999999999]")
def test_any_bytes_are_read_or_refused(reader, body):
    with suppress(BadAnswer):
        READERS[reader][0](body)


@pytest.mark.parametrize("reader", READERS)
@given(start=st.integers(0, 400), length=st.integers(0, 40), put=st.binary(max_size=20))
def test_an_answer_with_a_hole_in_it_is_read_or_refused(reader, start, length, put):
    read, body = READERS[reader]
    try:
        answer = read(body[:start] + put + body[start + length :])
    except BadAnswer:
        return
    if isinstance(answer, Read):
        assert all(one.published_at.tzinfo is not None for one in answer.items)


@given(st.text(max_size=60))
def test_plain_words_hold_nothing_that_cannot_be_seen(text):
    assert plain(text, 30).isprintable()
    assert len(plain(text, 30)) <= 30


def test_moments_have_a_zone_and_a_day_ends_a_day_later():
    moment = moment_of("2026-07-13")

    assert moment is not None
    assert moment.astimezone(UTC) - timedelta(days=1) == datetime(2026, 7, 12, 16, tzinfo=UTC)
