"""News: read from a file with its moments, each once, and none without a date."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.domain.instruments import Market
from services.domain.news import NewsItem, NewsKind, NewsQuery, between, in_order
from services.news_file import FileNews, NewsFileError, read_news
from services.ports import NewsFault


def at(hour: int, day: int = 9) -> datetime:
    return datetime(2025, 10, day, hour, tzinfo=UTC)


ALL_DAY = NewsQuery(since=at(0), until=at(23), kind=NewsKind.NEWS)


def item(hour: int, title: str = "t", source: str = "wire", kind: NewsKind = NewsKind.NEWS) -> NewsItem:
    return NewsItem(published_at=at(hour), source=source, title=title, kind=kind)


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def row(**fields: object) -> dict[str, object]:
    return {"published_at": "2025-10-09 14:30", "source": "wire", "title": "t", **fields}


def test_items_stand_in_order_and_a_repeated_one_stays_where_it_was_first():
    repeated = item(12, title="Ｃopper  UP", source="other")

    found = in_order([repeated, item(11, title="b"), item(10, title="copper up")])

    assert [(one.published_at.hour, one.source) for one in found] == [(10, "wire"), (11, "wire")]


def test_an_announcement_with_the_words_of_news_is_another_item():
    assert len(in_order([item(10), item(10, kind=NewsKind.ANNOUNCEMENT)])) == 2


def test_between_holds_both_ends():
    items = in_order([item(hour, title=str(hour)) for hour in range(8, 13)])

    assert [one.published_at.hour for one in between(items, at(9), at(11))] == [9, 10, 11]


@pytest.mark.parametrize("wrong", [
    {"published_at": datetime(2025, 10, 9)},  # noqa: DTZ001 - a moment without a zone is what is refused.
    {"source": ""},
    {"title": "", "text": ""},
])  # fmt: skip
def test_an_item_without_a_zone_a_source_or_words_cannot_be(wrong: dict[str, object]):
    given = {"published_at": at(9), "source": "wire", "title": "t", **wrong}

    with pytest.raises(ValueError, match="must"):
        NewsItem(**given)  # type: ignore[arg-type]  # Wrong on purpose.


@pytest.mark.parametrize(("written", "moment"), [
    ("2025-10-09 14:30", "2025-10-09 06:30"),  # Shanghai is 8 hours ahead of UTC
    ("2025-10-09T14:30:05", "2025-10-09 06:30:05"),
    ("2025-10-09 14:30Z", "2025-10-09 14:30"),
    ("2025-10-09 14:30+09:00", "2025-10-09 05:30"),
    ("2025-10-09", "2025-10-09 16:00"),  # nobody knows when that day: from the next one on
])  # fmt: skip
def test_a_mere_day_counts_from_the_next_one_on(tmp_path: Path, written: str, moment: str):
    news = read_news(lines(tmp_path / "n.jsonl", row(published_at=written)), Market.CN)

    assert news.items[0].published_at == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_both_kinds_of_file_hold_the_same(tmp_path: Path):
    table = tmp_path / "n.csv"
    table.write_text(
        "published_at,source,title,text,symbols,kind,other\n"
        '2025-10-09 14:30,wire,t,"long, text",600519.SH 000001.SZ,announcement,x\n'
        ",wire,undated,,,,\n",
        encoding="utf-8-sig",
    )
    objects = lines(
        tmp_path / "n.jsonl",
        row(text="long, text", symbols=["600519.SH", "000001.SZ"], kind="announcement", other=1),
        row(published_at=None),
    )

    one, other = read_news(table, Market.CN), read_news(objects, Market.CN)

    assert one.items == other.items
    assert one.items[0].symbols == ("600519.SH", "000001.SZ")
    assert one.items[0].kind is NewsKind.ANNOUNCEMENT
    assert (one.undated, other.undated) == (1, 1)
    assert one.digest != other.digest


@pytest.mark.parametrize(("text", "line"), [
    ('{"a": 1}x\n{}\n', "line 1"),
    ("[]\n", "line 1"),
    (json.dumps(row()) + "\n" + json.dumps(row(published_at="9 Oct")) + "\n", "line 2"),
    (json.dumps(row(published_at="2025-02-30")) + "\n", "line 1"),
    (json.dumps(row(source="")) + "\n", "line 1"),
    (json.dumps(row(title="")) + "\n", "line 1"),
    (json.dumps(row(title=5)) + "\n", "line 1"),
    (json.dumps(row(kind="rumour")) + "\n", "line 1"),
    (json.dumps(row(symbols="600519")) + "\n", "line 1"),
    (json.dumps(row(symbols=5)) + "\n", "line 1"),
    ("[" * 100_000 + "\n{}\n", "line 1"),
])  # fmt: skip
def test_a_line_that_is_wrong_is_named(tmp_path: Path, text: str, line: str):
    path = tmp_path / "n.jsonl"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(NewsFileError) as refused:
        read_news(path, Market.CN)

    assert str(refused.value).startswith(f"{path}: {line}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["title,text\na,b\n", "", 'published_at,source,title\n2025-10-09,w,"a"b\n'])
def test_a_table_that_is_wrong_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "n.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(NewsFileError):
        read_news(path, Market.CN)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path):
    (tmp_path / "gbk.jsonl").write_bytes("上涨".encode("gbk"))

    for name in ("gone.jsonl", "gbk.jsonl"):
        with pytest.raises(NewsFileError, match=name):
            read_news(tmp_path / name, Market.CN)


def test_a_last_line_still_being_written_is_left_out(tmp_path: Path):
    path = lines(tmp_path / "n.jsonl", row())
    path.write_text(path.read_text() + '{"published_at": "2025-10', encoding="utf-8")

    assert len(read_news(path, Market.CN).items) == 1


def test_a_file_that_was_spoilt_is_a_fault_of_the_source(tmp_path: Path):
    path = lines(tmp_path / "n.jsonl", row())
    source = FileNews(lambda: read_news(path, Market.CN), "n.jsonl")
    assert source.name == "n.jsonl"
    assert len(asyncio.run(source.published(ALL_DAY)).items) == 1

    lines(path, row(kind="rumour"))

    with pytest.raises(NewsFault):
        asyncio.run(source.published(ALL_DAY))
