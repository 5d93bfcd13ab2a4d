"""The built-in tools: what they say, what they refuse, and that nothing later than the session is in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from agents.toolbox import TOOLS, BriefingToolbox
from agents.tools.market import BARS_MAX
from services.domain.bars import Frequency, History
from services.domain.book import Book, OpenOrder
from services.domain.conversation import ToolCall
from services.domain.decision import Briefing
from services.domain.instruments import Instrument, Symbol
from services.domain.news import NewsAnswer, NewsItem, NewsKind, NewsQuery
from services.domain.orders import OrderId, Side
from services.domain.quotes import Level, PanelSnapshot, Quote, VendorSnapshot
from services.market.price_files import load_prices
from services.ports import NewsFault
from tests.unit.agents_market import DAYS, NAN, Setting, holding, panel_of, with_future_shuffled

BANK, MOUTAI = "600000.SH", "600519.SH"
CLOSES = {BANK: [10.0, 11.0, 12.0, 13.0, 14.5], MOUTAI: [1400.0, 1410.0, NAN, 1430.0, 1440.0]}


class Feed:
    """A source that, asked until when, gives all it has: later items too."""

    name = "feed"

    def __init__(
        self,
        items: Sequence[NewsItem] = (),
        fault: str = "",
        silent: tuple[str, ...] = (),
        undated: int = 0,
    ) -> None:
        self.items, self.fault, self.silent, self.undated = items, fault, silent, undated

    async def published(self, query: NewsQuery) -> NewsAnswer:
        if self.fault:
            raise NewsFault("news", self.fault)
        return NewsAnswer(
            items=tuple(item for item in self.items if item.published_at >= query.since),
            silent=self.silent,
            undated=self.undated,
        )


def setting(**more: object) -> Setting:
    return replace(Setting(panel=panel_of(CLOSES), day=DAYS[2]), **more)  # type: ignore[arg-type]


def say(box: BriefingToolbox, tool: str, **arguments: object) -> str:
    return asyncio.run(box.call(ToolCall(call_id="1", tool=tool, arguments=json.dumps(arguments))))


def told(box: BriefingToolbox, tool: str, **arguments: object) -> object:
    """Return what stands inside the fence."""
    lines = say(box, tool, **arguments).split("\n")
    assert lines[1].startswith("<<<data "), lines
    return json.loads("\n".join(lines[2:-1]))


def box(briefing: Briefing, news: Feed | None = None) -> BriefingToolbox:
    return BriefingToolbox(briefing, TOOLS, news)


def news(hour: int, title: str, *symbols: str, kind: NewsKind = NewsKind.NEWS, minute: int = 0) -> NewsItem:
    """Return an item of the session's day, 13 October 2025 in Shanghai."""
    moment = datetime(2025, 10, 13, hour, minute, tzinfo=UTC) - timedelta(hours=8)
    return NewsItem(
        published_at=moment, source="wire", title=title, kind=kind, symbols=tuple(map(Symbol, symbols))
    )


def test_a_quote_is_the_open_of_the_bar_in_progress_with_the_days_limits():
    found = told(box(setting().brief()), "quote", symbols=[BANK])

    assert found == [{
        "symbol": BANK, "name": "", "last": "12.00", "prev_close": "11.00",
        "limit_down": "9.90", "limit_up": "12.10",  # 11.00 less and plus a tenth
        "suspended": False, "seen_at": "2025-10-13 09:30", "approximate": True,
    }]  # fmt: skip


def test_a_quote_of_a_vendor_has_its_book():
    moment = setting().slot.moment
    bids = tuple(Level(price_cny=Decimal(12), shares=100 * one) for one in range(1, 8))
    quote = Quote(
        symbol=Symbol(BANK), last_cny=Decimal("12.00"), prev_close_cny=Decimal("11.00"), seen_at=moment,
        source="vendor", bids=bids, asks=(),
    )  # fmt: skip
    snapshot = VendorSnapshot(
        moment=moment, source="vendor", symbols=(Symbol(BANK), Symbol(MOUTAI)), quotes=(quote,), faults={}
    )

    first, second = told(box(setting(snapshot=snapshot).brief()), "quote", symbols=[BANK, MOUTAI, BANK])  # type: ignore[misc]

    assert (len(first["bids"]), first["asks"]) == (5, [])
    assert second["last"] is None


def test_bars_are_the_ended_ones_oldest_first():
    found = told(box(setting().brief()), "bars", symbol=MOUTAI, bars=5)

    assert isinstance(found, dict)
    assert (found["frequency"], found["adjustment"], found["volume_unit"]) == ("daily", "raw", "share")
    assert found["bars"] == [
        ["2025-10-09 15:00", "1400", "1400", "1400", "1400", "1000000"],
        ["2025-10-10 15:00", "1410", "1410", "1410", "1410", "1000000"],
    ]


def test_a_bar_that_is_missing_is_said_to_be():
    found = told(box(setting(day=DAYS[3]).brief()), "bars", symbol=MOUTAI, bars=1)

    assert isinstance(found, dict)
    assert found["bars"] == [["2025-10-13 15:00", None, None, None, None, "1000000"]]


def test_indicators_are_those_of_the_ended_bars():
    prices = [10.0 + 0.5 * row for row in range(5)]
    briefing = Setting(panel=panel_of({BANK: prices}), day=DAYS[4]).brief()

    found = told(box(briefing), "indicators", symbols=[BANK])

    assert isinstance(found, dict)
    assert found[BANK]["close"] == "11.5"  # 10, 10.5, 11, 11.5 had ended
    assert found[BANK]["sma_5"] is None


def test_positions_tell_lots_and_what_may_be_sold_today():
    book = Book(
        cash_cny=Decimal("5000.00"),
        lots=(holding(BANK, 300, DAYS[1], "3300.00"), holding(BANK, 100, DAYS[2], "1200.00")),
        open_orders=(
            OpenOrder(
                order_id=OrderId("A" * 20), symbol=Symbol(BANK), side=Side.SELL, shares=200, filled=100,
                limit_cny=Decimal("12.10"), frozen_cny=Decimal("0.00"),
            ),
        ),
    )  # fmt: skip

    found = told(box(setting(book=book, equity_cny=Decimal("9800.00")).brief()), "positions")

    assert found == {
        "equity": "9800.00", "cash": "5000.00", "cash_available": "5000.00",
        "holdings": [{
            "symbol": BANK, "shares": 400, "sellable_today": 200,  # 300 of the day before, 100 in the order
            "last": "12.00", "value": "4800.00",
            "lots": [
                {"shares": 300, "cost": "3300.00", "bought_on": "2025-10-10"},
                {"shares": 100, "cost": "1200.00", "bought_on": "2025-10-13"},
            ],
        }],
        "working_orders": [{"symbol": BANK, "side": "sell", "shares": 200, "filled": 100, "limit": "12.10"}],
    }  # fmt: skip


def test_what_the_rulebook_does_not_know_is_not_said_to_be_sellable():
    stranger = "200001.SZ"
    book = Book(cash_cny=Decimal("5000.00"), lots=(holding("999999.SH", 100, DAYS[1]),))

    found = told(box(setting(panel=panel_of({stranger: [5.0] * 5}), book=book).brief()), "positions")

    assert isinstance(found, dict)
    assert [one["sellable_today"] for one in found["holdings"]] == [None]
    assert [one["value"] for one in found["holdings"]] == [None]


def test_news_are_the_latest_first_up_to_the_sessions_moment():
    feed = Feed([
        news(8, "old", BANK), news(9, "of both", BANK, MOUTAI), news(9, "copper UP", minute=35),
        news(9, "too late", BANK, minute=36), news(9, "results", BANK, kind=NewsKind.ANNOUNCEMENT),
    ])  # fmt: skip
    one = box(setting().brief(), feed)

    def titles(tool: str, **asked: object) -> list[str]:
        found = told(one, tool, **asked)
        assert isinstance(found, dict)
        return [item["title"] for item in found["items"]]

    assert titles("news") == ["copper UP", "of both", "old"]
    assert titles("news", symbols=[MOUTAI]) == ["of both"]
    assert titles("news", words="Copper") == ["copper UP"]
    assert titles("news", items=1) == ["copper UP"]
    assert titles("announcements") == ["results"]


def test_who_did_not_answer_is_named_beside_the_news_and_what_was_undated_is_counted():
    whole = told(box(setting().brief(), Feed([news(9, "a", BANK)])), "news")
    some = told(box(setting().brief(), Feed([], silent=("two: " + "x" * 300,), undated=3)), "news")

    assert isinstance(whole, dict)
    assert isinstance(some, dict)
    assert whole.keys() == {"found", "items"}
    assert (len(some["did_not_answer"][0]), some["undated_left_out"]) == (200, 3)


def test_long_news_are_cut():
    feed = Feed([replace(news(9, "t" * 1_000), text="汉" * 10_000, url="u" * 1_000)])

    found = told(box(setting().brief(), feed), "news")

    assert isinstance(found, dict)
    item = found["items"][0]
    assert (len(item["title"]), len(item["text"]), len(item["url"])) == (200, 1_000, 300)


def test_without_a_source_there_are_no_news_tools():
    names = [spec.name for spec in box(setting().brief()).specs]

    assert names == ["quote", "bars", "indicators", "positions", "calculator"]


def test_only_the_tools_that_are_named_are_there():
    one = BriefingToolbox(setting().brief(), ["calculator"])

    assert [spec.name for spec in one.specs] == ["calculator"]
    assert say(one, "quote", symbols=[BANK]).startswith("quote refused: ")
    with pytest.raises(ValueError, match="moon"):
        BriefingToolbox(setting().brief(), ["moon"])


@pytest.mark.parametrize(("tool", "arguments"), [
    ("quote", '{"symbols": []}'),
    ("quote", '{"symbols": ["600000"]}'),
    ("quote", '{"symbols": "600000.SH"}'),
    ("quote", json.dumps({"symbols": [BANK] * 21})),
    ("quote", '{"symbol": ["600000.SH"]}'),
    ("quote", '{"symbols": ["600000.SH"], "at": "2025-12-31"}'),
    ("quote", "{'symbols': ['600000.SH']}"),
    ("quote", "[]"),
    ("quote", "null"),
    ("quote", ""),
    ("quote", "[" * 5_000),
    ("quote", '{"symbols": ["' + "x" * 9_000 + '"]}'),
    ("quote", '{"symbols": ["\ud800"]}'),
    ("bars", '{"symbol": "600000.SH", "bars": 0}'),
    ("bars", json.dumps({"symbol": BANK, "bars": BARS_MAX + 1})),
    ("bars", '{"symbol": "600000.SH", "bars": "20"}'),
    ("bars", '{"symbol": "000001.SZ"}'),
    ("positions", '{"account": "other"}'),
    ("calculator", '{"expression": "1 / 0"}'),
    ("calculator", '{"expression": ""}'),
    ("submit_order", "{}"),
    ("", "{}"),
    ("x\n" * 100, "{}"),
])  # fmt: skip
def test_a_bad_call_is_refused_in_one_line(tool: str, arguments: str):
    said = asyncio.run(box(setting().brief()).call(ToolCall(call_id="1", tool=tool, arguments=arguments)))

    assert "refused: " in said
    assert "\n" not in said
    assert len(said) <= 400


def test_a_near_miss_of_a_symbol_is_mended():
    assert "600000.SH" in say(box(setting().brief()), "quote", symbols=["600000.SZ"])


def test_without_bars_there_are_none_to_tell():
    one = box(setting(no_history=True).brief())

    assert say(one, "bars", symbol=BANK).startswith("bars refused: ")
    assert say(one, "indicators", symbols=[BANK]).startswith("indicators refused: ")


def test_a_symbol_that_is_held_without_bars_is_refused():
    book = Book(cash_cny=Decimal("1.00"), lots=(holding("000001.SZ", 100, DAYS[1]),))

    assert say(box(setting(book=book).brief()), "bars", symbol="000001.SZ").startswith("bars refused: ")


def test_a_source_that_fails_is_said_and_no_more():
    said = say(box(setting().brief(), Feed(fault="down")), "news")

    assert said.startswith("news refused: ")
    assert "down" in said


def test_the_schema_of_every_tool_is_closed_and_without_references():
    for spec in box(setting().brief(), Feed()).specs:
        schema = json.loads(spec.parameters)
        assert (schema["type"], schema["additionalProperties"]) == ("object", False)
        assert "$" not in spec.parameters


# Nothing later than the session.


def everything(briefing: Briefing, feed: Feed | None = None) -> str:
    """Return the answers of all tools on all symbols."""
    one, symbols = box(briefing, feed), list(briefing.watchlist)
    parts = [
        *(say(one, "quote", symbols=symbols[at : at + 20]) for at in range(0, len(symbols), 20)),
        *(say(one, "indicators", symbols=symbols[at : at + 10]) for at in range(0, len(symbols), 10)),
        *(say(one, "bars", symbol=symbol, bars=30) for symbol in symbols),
        *(say(one, name, days=90, items=20) for name in ("news", "announcements")),
        say(one, "positions"),
    ]
    return "\n".join(parts)


def changed_after(briefing_of: Setting) -> Setting:
    """Return the same session on a panel whose future is another one."""
    return replace(briefing_of, panel=with_future_shuffled(briefing_of.panel, briefing_of.slot.moment))


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("frequency", list(Frequency))
def test_what_comes_after_the_session_changes_no_answer(day: date, frequency: Frequency):
    rng = np.random.default_rng(3)
    rows = 5 if frequency is Frequency.DAILY else 20
    closes = {name: rng.uniform(5, 50, rows).round(2).tolist() for name in (BANK, MOUTAI, "000001.SZ")}
    at = time(9, 35) if frequency is Frequency.DAILY else time(14, 5)
    one = Setting(panel=panel_of(closes, frequency=frequency), day=day, at=at)
    before = Feed([news(8, "early", BANK)])
    after = Feed([news(8, "early", BANK), *(news(23, f"late {number}") for number in range(30))])

    assert everything(one.brief(), before if day == DAYS[2] else None) == everything(
        changed_after(one).brief(), after if day == DAYS[2] else None
    )


def test_a_leak_would_be_seen():
    def leaking(one: Setting) -> Briefing:
        briefing = one.brief()
        assert briefing.history is not None
        return replace(briefing, history=History(panel=one.panel, rows=briefing.history.rows + 1))

    one = setting()

    assert everything(leaking(one)) != everything(leaking(changed_after(one)))


REAL = [
    Path(__file__).parents[3] / f"shared/data/astock-{year}/{name}.jsonl"
    for year in (2025, 2026)
    for name in ("daily", "hourly")
]


@pytest.mark.parametrize("path", REAL, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_on_real_prices_nothing_later_is_in_any_answer(path: Path):
    if not path.is_file():
        pytest.skip("the folder of real prices is not beside the checkout")
    panel = load_prices(path, cache_dir=None)
    days = sorted({date.fromordinal(int(day)) for day in panel.days.tolist()})
    at = time(9, 35) if panel.frequency is Frequency.DAILY else time(14, 5)

    for day in days[:: max(1, len(days) // 6)]:
        one = Setting(panel=panel, day=day, at=at, watchlist=panel.symbols[:6])
        assert everything(one.brief()) == everything(changed_after(one).brief()), day


def test_an_instruments_name_is_told_where_the_quote_has_none():
    named = {Symbol(BANK): Instrument(symbol=Symbol(BANK), name="浦发银行")}

    found = told(box(setting(instruments=named).brief()), "quote", symbols=[BANK])

    assert isinstance(found, list)
    assert found[0]["name"] == "浦发银行"


def test_a_snapshot_is_what_is_quoted_from_whatever_the_panel_holds():
    other = setting()
    later = PanelSnapshot(panel=other.panel, moment=other.slot.moment - timedelta(days=3))

    found = told(box(setting(snapshot=later).brief()), "quote", symbols=[BANK])

    assert isinstance(found, list)
    assert found[0]["last"] == "11.00"
