from __future__ import annotations

import json
from datetime import date
from html.parser import HTMLParser

import pytest

from monitor.plain_text import printable
from monitor.report import render_report
from monitor.wording import say
from services.domain.events import ArmedExit, Exits, Outcome
from services.domain.fills import Fees
from services.domain.instruments import Symbol
from services.domain.orders import Rule, Side
from tests.monitor_journal import MON, TUE, WED, JournalByHand, daily_panel, terms_of, three_days

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[31m & \"'"


class Reader(HTMLParser):
    """What a browser would see: elements with attributes, the texts of scripts, the text shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.shown = ""
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.shown += data

    @property
    def data(self) -> dict[str, object]:
        return json.loads(self.scripts[0])


def read(journal: JournalByHand, **options: object) -> Reader:
    return Reader(render_report(journal.events, daily_panel(), **options))  # type: ignore[arg-type] # free options


def test_the_same_events_give_the_same_bytes():
    journal = three_days()

    assert render_report(journal.events, daily_panel()) == render_report(journal.events, daily_panel())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_strangers_wrote_is_shown_and_never_obeyed(lang: str):
    html = render_report(three_days(hostile=HOSTILE).events, daily_panel(names=(HOSTILE, "乙")), lang=lang)

    page = Reader(html)

    assert len(page.scripts) == 3  # the data, the charting library, the few lines that draw
    assert [tag for tag, _ in page.tags if tag == "img"] == []
    assert page.shown.count("<script>alert(1)</script>") >= 4
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_the_page_asks_nothing_of_a_network():
    page = read(three_days())

    loading = {"src", "href", "srcset", "action", "background", "poster", "data"}
    assert [tag for tag, attributes in page.tags if loading & attributes.keys()] == []
    (policy,) = (attributes["content"] for _, attributes in page.tags if attributes.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_curves_and_trades_are_drawn_from_the_events():
    page = read(three_days())

    curves = page.data["curves"]
    assert curves[0]["y"][-1] == 10189.38
    assert curves[1]["y"][-1] == 11250.0
    prices = page.data["prices"]
    chart = prices["symbols"]["600519.SH"]
    assert prices["times"] == ["2025-10-13 15:00", "2025-10-14 15:00", "2025-10-15 15:00"]
    assert chart["open"] == [10.0, 11.0, 12.0]
    assert chart["close"] == [10.5, 11.5, None]
    assert (chart["buys"]["x"], chart["buys"]["y"]) == (["2025-10-13 15:00"], [10.0])
    assert (chart["sells"]["x"], chart["sells"]["y"]) == (["2025-10-15 15:00"], [12.0])
    assert list(prices["symbols"]) == ["600519.SH"]


def test_many_candles_are_drawn_as_closes_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("monitor.report_charts.CANDLES_MAX", 2)

    chart = read(three_days()).data["prices"]["symbols"]["600519.SH"]

    assert "open" not in chart
    assert chart["close"] == [10.5, 11.5, None]


def test_trades_reasons_refusals_fees_and_the_last_hash_are_on_the_page():
    journal = three_days()

    shown = read(journal).shown

    for text in ("+194.39", "because", "asks 100, sellable 0", "10.62", journal.events[-1].hash):
        assert text in shown


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("synthetic", [True, False])
def test_a_banner_says_that_a_market_is_invented_and_only_then(lang: str, synthetic: bool):
    journal = three_days()

    html = render_report(journal.events, daily_panel(synthetic=synthetic), lang=lang)

    assert (say("synthetic", lang) in html) is synthetic


def test_a_period_shows_its_own_sessions_alone():
    shown = read(three_days(), since=TUE, until=TUE).shown

    assert "2025-10-14 09:35" in shown
    assert "2025-10-13 09:35" not in shown
    assert "2025-10-15 09:35" not in shown


@pytest.mark.parametrize("panel", [True, False])
def test_a_journal_without_a_session_has_a_page(panel: bool):
    journal = JournalByHand()
    journal.genesis()

    page = Reader(render_report(journal.events, daily_panel() if panel else None))

    assert page.data["curves"] == []


def test_an_account_without_price_history_has_a_page_with_its_trades():
    page = Reader(render_report(three_days().events, None))

    chart = page.data["prices"]["symbols"]["600519.SH"]
    assert "close" not in chart
    assert chart["buys"]["x"] == ["2025-10-13 09:35"]
    assert len(page.data["curves"]) == 3  # no benchmark


def test_a_long_table_shows_its_newest_rows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("monitor.report_tables.ROWS_MAX", 1)

    shown = read(three_days()).shown

    assert "2025-10-15 09:35:00" in shown
    assert "2025-10-13 09:35:00" not in shown


def test_a_mode_market_or_frequency_not_known_here_is_shown_as_it_is():
    journal = JournalByHand()
    journal.genesis()
    genesis = journal.events[0]
    body = genesis.body.replace('"backtest"', '"rehearsal"').replace('"cn"', '"moon"')
    events = [genesis._replace(body=body.replace('"daily"', '"weekly"'))]

    shown = Reader(render_report(events, None)).shown

    for word in ("rehearsal", "moon", "weekly"):
        assert word in shown


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_exit_that_stayed_armed_is_on_the_page_with_its_reason(lang: str):
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    waits = ArmedExit(symbol="600519.SH", shares=1300, why="fell", rule=Rule.T_PLUS_1, reason="bought today")
    journal.write("exits", Exits(intents=(), armed=(waits,)))
    journal.close()

    shown = Reader(render_report(journal.events, daily_panel(), lang=lang)).shown

    for words in (say("report.armed", lang), "1,300", say("rule.t_plus_1", lang), "bought today", "fell"):
        assert words in shown


def test_a_session_that_failed_tells_why():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.close(Outcome.FAILED, "prices: current prices: the source is down")

    assert "the source is down" in read(journal).shown


@pytest.mark.parametrize("day", [MON, WED])
def test_a_period_of_one_day_has_curves(day: date):
    assert read(three_days(), since=day, until=day).data["curves"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("两行\n\t字", "两行\n\t字"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("a\u202eb", "a\ufffdb"),
        ("half \ud800", "half \ufffd"),
    ],
)
def test_text_of_strangers_is_made_printable(text: str, shown: str):
    assert printable(text) == shown


def test_a_trade_after_the_last_bar_of_a_day_stands_on_that_bar():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON, "15:05")
    journal.trade(terms_of(journal.session, Side.BUY, 100), "10.50", Fees())
    journal.close()

    chart = read(journal).data["prices"]["symbols"]["600519.SH"]

    assert chart["buys"]["x"] == ["2025-10-13 15:00"]
    assert chart["buys"]["at"] == ["2025-10-13 15:05"]


def test_a_symbol_that_is_markup_cannot_leave_the_data():
    symbol = Symbol("</script><b>x</b>")
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.trade(terms_of(journal.session, Side.BUY, 100, symbol=symbol), "10.00", Fees())
    journal.close()

    page = read(journal)

    assert list(page.data["prices"]["symbols"]) == [symbol]
    assert [tag for tag, _ in page.tags if tag == "b"] == []
