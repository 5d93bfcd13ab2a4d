"""The agents on what a live source gives: quotes of a vendor, and bars of fewer symbols in another order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal

import pytest

from agents.parsing import parse
from agents.rule import RuleAgent, rule_agent
from services.domain.bars import Frequency
from services.domain.book import Book
from services.domain.decision import Decision, Reads
from services.domain.instruments import Symbol
from services.domain.quotes import Quote, VendorSnapshot
from tests.unit.agents_market import DAYS, ZONE, Setting, answer_of, holding, panel_of

A, B, C, D = "600001.SH", "600002.SH", "600003.SH", "600004.SH"
WATCHED = tuple(map(Symbol, (A, B, C, D)))
# A rises by 10%, B by 5%, C by 2%; D has no bars. Another order than the watchlist's.
BARS = panel_of({C: [20.0, 20.0], A: [10.0, 10.0], B: [5.0, 5.0]})
LASTS = {A: "11.00", B: "5.25", C: "20.40", D: "99.00"}


def vendor(lasts: Mapping[str, str], asked: tuple[Symbol, ...] = WATCHED) -> VendorSnapshot:
    moment = datetime.combine(DAYS[2], time(9, 35), ZONE)
    quotes = tuple(
        Quote(
            symbol=Symbol(symbol),
            last_cny=Decimal(last),
            prev_close_cny=Decimal("10.00"),
            seen_at=moment,
            source="akshare",
        )
        for symbol, last in lasts.items()
    )
    faults = {symbol: "no answer" for symbol in asked if symbol not in lasts}
    return VendorSnapshot(moment=moment, source="akshare", symbols=asked, quotes=quotes, faults=faults)


LIVE = Setting(panel=BARS, day=DAYS[2], watchlist=WATCHED, instruments={}, snapshot=vendor(LASTS))


def orders_of(setting: Setting, agent: RuleAgent) -> list[tuple[str, str]]:
    briefing = setting.brief()
    decision = parse(answer_of(agent, briefing), briefing.watchlist)
    assert isinstance(decision, Decision)
    return [(intent.side, intent.symbol) for intent in decision.intents]


def test_momentum_finds_each_symbols_own_bars_whatever_their_order():
    assert orders_of(LIVE, RuleAgent(top=2)) == [("buy", A), ("buy", B)]
    # 11.00 / 10 - 1, 5.25 / 5 - 1, 20.40 / 20 - 1
    rationale = json.loads(answer_of(RuleAgent(top=3), LIVE.brief()).text)["rationale"]
    assert all(text in rationale for text in (f"{A} +10.00%", f"{B} +5.00%", f"{C} +2.00%"))


def test_a_symbol_without_bars_is_not_ranked_and_not_sold():
    book = Book(cash_cny=Decimal("100000.00"), lots=(holding(D, 100, DAYS[0]),))

    assert orders_of(replace(LIVE, book=book), RuleAgent(top=4)) == [("buy", A), ("buy", B), ("buy", C)]


def test_a_symbol_without_a_quote_is_neither_bought_nor_sold():
    book = Book(cash_cny=Decimal("100000.00"), lots=(holding(B, 100, DAYS[0]),))
    snapshot = vendor({A: "11.00", C: "20.40"})

    assert orders_of(replace(LIVE, book=book, snapshot=snapshot), RuleAgent(top=1)) == [("buy", A)]


def test_quotes_in_another_order_than_the_watchlist_are_taken_by_name():
    backwards = vendor(LASTS, asked=WATCHED[::-1])

    assert orders_of(replace(LIVE, snapshot=backwards), RuleAgent(top=2)) == [("buy", A), ("buy", B)]


def test_the_same_agent_follows_bars_that_change_their_columns_from_session_to_session():
    agent = RuleAgent(top=1)
    fewer = panel_of({B: [5.0, 5.0], C: [20.0, 20.0]})

    assert orders_of(LIVE, agent) == [("buy", A)]
    assert orders_of(replace(LIVE, panel=fewer), agent) == [("buy", B)]
    assert orders_of(replace(LIVE, no_history=True), agent) == []
    assert orders_of(LIVE, agent) == [("buy", A)]


def test_a_rule_that_needs_no_bars_trades_on_quotes_alone():
    agent = rule_agent("buy_and_hold:top=2")

    assert orders_of(replace(LIVE, no_history=True), agent) == [("buy", A), ("buy", B)]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_text_without_bars_shows_the_vendors_quotes(lang: str):
    text = replace(LIVE, no_history=True, reads=Reads.TEXT, lang=lang).brief().text

    for symbol, last in LASTS.items():
        assert any(line.startswith(f"{symbol} | ") and last in line for line in text.splitlines())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_text_shows_each_symbols_own_closes(lang: str):
    bars = panel_of({C: [3.0, 3.5], A: [1.0, 1.5], B: [2.0, 2.5]}, frequency=Frequency.DAILY)

    lines = replace(LIVE, panel=bars, reads=Reads.TEXT, lang=lang).brief().text.splitlines()

    for closes in (f"{A} 1.0 1.5", f"{B} 2.0 2.5", f"{C} 3.0 3.5"):
        assert closes in lines
    assert not any(line.startswith(f"{D} ") and "|" not in line for line in lines)


def test_the_digest_changes_with_a_vendors_bars_and_with_none():
    other = replace(BARS, digest="cd" * 32)

    digests = {
        LIVE.brief().digest,
        replace(LIVE, panel=other).brief().digest,
        replace(LIVE, no_history=True).brief().digest,
    }

    assert len(digests) == 3
