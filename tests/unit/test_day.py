"""The end-of-day summary: its figures by hand, and the forms it is told in."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from monitor.day import DaySummary, day_summary
from monitor.day_view import day_alert, day_json, day_page, day_text, day_title
from services.domain.book import Book
from services.domain.decision import RawAnswer, Usage
from services.domain.events import Halt, HaltCause, Lift, Opening, Outcome, Verdicts
from services.domain.fills import Fees
from services.domain.orders import Rule, Side
from tests.monitor_journal import MON, TUE, WED, A, B, JournalByHand, at, daily_panel, refused, terms_of


def opening(made: JournalByHand, before: str) -> None:
    book = Book(cash_cny=Decimal(before))
    made.write("book", Opening(book=book, equity_cny=Decimal(before), day_equity_cny=Decimal(before)))


def two_days() -> JournalByHand:
    """Monday buys 100 A at 10.00 for 5.01; Tuesday, worth 10094.99 before, asks twice and is refused."""
    made = JournalByHand()
    made.genesis()
    made.open(MON)
    opening(made, "10000.00")
    buy = terms_of(made.session, Side.BUY, 100)
    made.trade(buy, "10.00", Fees(commission=Decimal("5.00"), transfer_fee=Decimal("0.01")))
    made.close()
    for text in ("10:35", "14:05"):
        made.open(TUE, text)
        opening(made, "10094.99" if text == "10:35" else "1.00")
        usage = Usage(input_tokens=1000, output_tokens=200, cost_cny=Decimal("0.0123"))
        made.write("answer", RawAnswer(text="x", model="m", usage=usage))
        made.write("verdicts", Verdicts(refused=(refused(Rule.CASH), refused(Rule.TICK, index=1))))
        made.close(Outcome.NO_TRADE)
    return made


def summary(made: JournalByHand, day=TUE, **more) -> DaySummary:
    return day_summary(made.events, day, value_of=made.value, **more)


def test_a_day_counts_from_the_value_at_its_previous_close_to_its_own():
    found = summary(two_days(), closes={A: Decimal("11.50")}, next_slots=("2025-10-15 10:35",))

    assert found.cash_cny == Decimal("8994.99")  # 10000 - 1000 - 5.01
    assert found.equity_cny == Decimal("10144.99")  # + 100 x 11.50
    assert found.profit_cny == Decimal("50.00")  # - 10094.99, as the day's first session knew it
    assert found.profit_ratio == pytest.approx(50 / 10094.99)
    assert found.valued_at is None
    assert found.sessions == (("10:35", "NO_TRADE"), ("14:05", "NO_TRADE"))
    assert found.refusals == {"cash": 2, "tick": 2}
    assert (found.model_cost_cny, found.model_tokens, found.model_answers) == (Decimal("0.0246"), 2400, 2)
    assert found.trades == ()
    assert [(one.symbol, one.shares, one.cost_cny, one.value_cny) for one in found.positions] == [
        (A, 100, Decimal("1000.00"), Decimal("1150.00"))
    ]


def test_without_closes_the_journals_last_prices_count_and_it_says_of_when():
    found = summary(two_days(), closes={B: Decimal("1.00")})

    assert found.equity_cny == Decimal("9994.99")  # The fill's 10.00 is the last price the journal knows.
    assert found.valued_at == "14:05"


def test_with_a_panel_a_past_day_counts_at_its_closes():
    found = summary(two_days(), day=MON, panel=daily_panel())

    assert found.equity_cny == Decimal("10044.99")  # 8994.99 + 100 x 10.50
    assert found.profit_cny == Decimal("44.99")
    assert found.valued_at is None
    assert [one.fill.shares for one in found.trades] == [100]


def test_what_the_day_is_tied_to_is_the_journals_last_event():
    made = two_days()

    found = summary(made)

    assert (found.events, found.last_hash) == (len(made.events), made.events[-1].hash)


def test_halts_are_those_in_force_at_the_days_end():
    made = JournalByHand()
    made.genesis()
    made.open(MON)
    made.write("halt:a", Halt(symbol=A, why="lifted the same day", cause=HaltCause.PERSON))
    made.write("lift:a", Lift(symbol=A, why="ok"))
    made.write("halt:b", Halt(symbol=B, why="lifted the day after", cause=HaltCause.PERSON))
    made.close(Outcome.HALTED)
    made.open(TUE)
    made.write("lift:b", Lift(symbol=B, why="ok"))
    made.write("halt:", Halt(symbol="", why="of tuesday", cause=HaltCause.LIMIT))
    made.close(Outcome.HALTED)

    assert [halt.symbol for halt in summary(made, MON).halts] == [B]
    assert [halt.symbol for halt in summary(made, TUE).halts] == [""]


def test_a_day_without_a_session_has_no_profit():
    found = summary(two_days(), WED)

    assert (found.profit_cny, found.profit_ratio, found.sessions) == (None, None, ())
    assert "–" in day_text(found, "en")
    assert str(WED) in day_title(found, "zh")


def test_a_day_is_one_occurrence_in_both_languages():
    found = summary(two_days(), closes={A: Decimal("11.50")})

    alert = day_alert(found, at(TUE, "15:45"))

    assert alert.key == "day:2025-10-14"
    assert "+50.00" in alert.title.en
    assert "+50.00" in alert.title.zh
    assert found.last_hash in alert.text.en
    assert found.last_hash in alert.text.zh


def test_a_message_in_chinese_has_chinese_colons():
    told = day_text(summary(two_days()), "zh")

    assert ": " not in told
    assert not any(line.endswith(":") for line in told.splitlines())
    assert told.startswith("当日盈亏：")


def test_a_message_is_cut_and_the_page_is_not():
    made = JournalByHand()
    made.genesis()
    made.open(MON)
    for number in range(1, 15):
        one = replace(terms_of(made.session, Side.BUY, 100, limit="1.00"), order_id=f"O{number}")
        made.trade(one, "1.00", Fees(), number=number)
    made.close()

    found = summary(made, MON)

    assert day_text(found, "en").count("buy 600519.SH") == 10
    assert "4 more" in day_text(found, "en")
    assert day_page(found, "en").count("buy 600519.SH") == 14


def test_the_page_shows_a_strangers_words_and_obeys_none():
    made = two_days()
    made.write("halt", Halt(symbol="", why='<script>alert("x")</script>\x1b', cause=HaltCause.PERSON))

    page = day_page(summary(made), "zh")

    assert "<script" not in page
    assert "\x1b" not in page
    assert "default-src 'none'" in page
    assert page == day_page(summary(made), "zh")


def test_an_invented_market_is_marked_everywhere():
    made = JournalByHand()
    made.genesis(synthetic=True)
    made.open(MON)
    made.close(Outcome.NO_TRADE)

    found = summary(made, MON)

    assert "invented" in day_text(found, "en")
    assert "banner synthetic" in day_page(found, "en")


def test_the_json_has_the_figures_and_the_hash():
    found = day_json(summary(two_days(), closes={A: Decimal("11.50")}))

    assert (found["profit"], found["equity"], found["positions"]) == (50.0, 10144.99, {A: 100})
