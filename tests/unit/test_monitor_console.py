from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from monitor.console import account_table, session_line, session_view
from monitor.records import session_records
from monitor.summary import summarise
from monitor.wording import say
from services.domain.book import OrderEnded
from services.domain.decision import BadAnswer, BadAnswerKind
from services.domain.events import ArmedExit, Deferred, Exits, FaultRecord, Halt, Outcome, Verdicts
from services.domain.fills import Fees, Movement, MovementKind
from services.domain.orders import Intent, OrderState, Rule, Side
from services.domain.record import SessionRecord
from services.domain.statement import Balance, Holding, Statement
from tests.monitor_journal import (
    MON,
    A,
    B,
    JournalByHand,
    daily_panel,
    decided,
    refused,
    terms_of,
    three_days,
)

LANGS = pytest.mark.parametrize("lang", ["en", "zh"])


def shown(what: RenderableType) -> str:
    out = StringIO()
    Console(file=out, width=160, color_system=None).print(what)
    return out.getvalue()


def record_of(journal: JournalByHand) -> SessionRecord:
    return next(session_records(journal.events, journal.value))


def full_session() -> SessionRecord:
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    balance = Balance(
        cash_cny=Decimal("12345.60"),
        available_cny=Decimal("12000.00"),
        withdrawable_cny=Decimal("0.00"),
        frozen_cny=Decimal("345.60"),
    )
    held = Holding(symbol=B, shares=300, sellable=200)
    journal.write("broker", Statement(balance=balance, holdings=(held,), open_orders=()))
    dividend = Movement(
        movement_id="d",
        kind=MovementKind.DIVIDEND,
        symbol=B,
        shares=0,
        cash_cny=Decimal("7.50"),
        day=MON,
        why="paid out",
    )
    journal.write("movement:d", dividend)
    journal.write("halt:x", Halt(symbol="300750.SZ", why="books differ"))
    weight = Intent(symbol=B, side=Side.BUY, target_weight=Decimal("0.20"), why="cheap")
    waits = ArmedExit(symbol=B, shares=300, why="fell to 9.00", rule=Rule.LIMIT_DOWN, reason="nobody buys")
    journal.write("exits", Exits(intents=(), armed=(waits,)))
    journal.write("decision", decided(Intent(symbol=A, side=Side.BUY, shares=100), weight))
    filled = terms_of(journal.session, Side.BUY, 100)
    ended = terms_of(journal.session, Side.SELL, 200, symbol=B)
    waiting = terms_of(journal.session, Side.BUY, 700, symbol=B)
    verdicts = Verdicts(
        approved=(filled, ended),
        waiting=(waiting,),
        deferred=(Deferred(terms=waiting, short_cny=Decimal("1.00")),),
        refused=(refused(Rule.LIMIT_UP, "asks 11.00, sealed at 11.00"),),
    )
    journal.write("verdicts", verdicts)
    journal.trade(filled, "10.00", Fees(commission=Decimal("5.00")))
    journal.write(f"intended:{ended.order_id}", ended)
    end = OrderEnded(order_id=ended.order_id, state=OrderState.EXPIRED, reason="the day is over")
    journal.write(f"ended:{ended.order_id}", end)
    journal.write("fault", FaultRecord(door="broker", asked="fills", why="timed out"))
    journal.close(Outcome.DONE, "thought about it")
    return record_of(journal)


@LANGS
def test_a_session_shows_inputs_decision_verdicts_orders_fills_and_reasons(lang: str):
    text = shown(session_view(full_session(), lang))

    facts = ("12,345.60", "12,000.00", "000001.SZ", "paid out", "books differ", "thought about it", "20.00%")
    facts += ("cheap", "asks 11.00, sealed at 11.00", "limit_up", "the day is over", "10.00 = 1,000.00")
    facts += ("fell to 9.00", "nobody buys", "limit_down", say("rule.limit_down", lang))
    facts += ("timed out", say("order_state.filled", lang), say("order_state.expired", lang), "kaipan 0.1.0")
    facts += (say("view.armed", lang),)
    assert [fact for fact in facts if fact not in text] == []


@LANGS
def test_one_line_tells_when_how_it_ended_and_what_was_traded(lang: str):
    text = shown(session_line(full_session(), lang))

    facts = ("2025-10-13 09:35", say("state.COMPLETED", lang), say("side.buy", lang), "600519.SH 100 @ 10.00")
    facts += (say("view.armed_count", lang, count=1),)
    assert [fact for fact in facts if fact not in text] == []
    assert text.count("\n") == 1


def test_a_line_without_a_fill_tells_why_and_stays_one_line():
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.close(Outcome.FAILED, "the source\nis down " + "x" * 500)

    text = shown(session_line(record_of(journal), "en"))

    assert "the source is down" in text
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("decision", "fact"),
    [
        (None, say("view.no_decision", "en")),
        (decided(), say("view.hold", "en")),
        (BadAnswer(kind=BadAnswerKind.SCHEMA, reason="no field x", model="m", answer_hash=""), "no field x"),
    ],
)
def test_a_session_without_orders_tells_what_was_answered(decision: object, fact: str):
    record = replace(full_session(), decision=decision, orders=(), fills=(), outcome=None)  # type: ignore[arg-type] # union

    assert fact in shown(session_view(record, "en"))


def test_an_order_nobody_heard_of_again_is_said_to_be_open():
    record = replace(full_session(), ended=(), fills=())

    assert shown(session_view(record, "en")).count(say("view.open", "en")) == 2


def test_what_strangers_wrote_is_shown_and_never_obeyed():
    hostile = "[bold]loud[/bold] \x1b[31mred [/nothing]"

    text = shown(session_view(record_of(three_days(hostile=hostile)), "en"))

    assert "[bold]loud[/bold]" in text
    assert "\x1b" not in text


@LANGS
def test_the_account_shows_its_figures_fees_and_refusals(lang: str):
    text = shown(account_table(summarise(three_days().events, daily_panel()), lang))

    facts = ("10,000.00", "10,189.38", "1.89%", "10.62", "0.60", "t_plus_1", say("rule.cash", lang))
    assert [fact for fact in facts if fact not in text] == []


@LANGS
def test_positions_are_listed_with_name_value_and_profit(lang: str):
    journal = JournalByHand()
    journal.genesis()
    journal.open(MON)
    journal.trade(terms_of(journal.session, Side.BUY, 100), "10.00", Fees())
    journal.close()
    journal.finish()

    text = shown(account_table(summarise(journal.events, daily_panel()), lang))

    facts = ("600519.SH", "甲", "10.50", "1,050.00", "50.00")
    assert [fact for fact in facts if fact not in text] == []


@LANGS
@pytest.mark.parametrize("synthetic", [True, False])
def test_an_invented_market_is_marked_on_the_screen(lang: str, synthetic: bool):
    summary = replace(summarise(three_days().events, daily_panel()), synthetic=synthetic, approximate=True)

    text = shown(account_table(summary, lang)).replace("\n", "")

    assert (say("synthetic", lang)[:30] in text) is synthetic
    assert say("approximate", lang)[:20] in text
