from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.parsing import parse
from monitor.said import unordered
from monitor.say_do import Finding, Mismatch, say_do
from monitor.say_do_view import SHOWN_MAX, findings_as_json, findings_section, sentence
from services.domain.book import Book, Lot
from services.domain.decision import BadAnswer, Decision, RawAnswer
from services.domain.events import Deferred, Exits, Opening, Outcome, Rested, Verdicts
from services.domain.fills import Fees, Fill
from services.domain.instruments import Symbol
from services.domain.orders import Intent, OrderTerms, Origin, Rule, Side
from tests.monitor_journal import MON, TUE, A, B, JournalByHand, fill_of, refused, terms_of

FEES = Fees(commission=Decimal("5.00"))


def order(
    side: str = "buy", symbol: str = A, shares: int = 100, limit: str | None = None
) -> dict[str, object]:
    return {"symbol": symbol, "side": side, "shares": shares, "limit_price": limit, "reason": "r"}


def raw(*orders: dict[str, object], rationale: str = "because") -> RawAnswer:
    return RawAnswer(text=json.dumps({"rationale": rationale, "orders": list(orders)}), model="m")


class Session(JournalByHand):
    """A session that says, decides, judges, sends and fills one order, each part of which may be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.genesis()
        self.open(MON)
        self.terms = terms_of(self.session, Side.BUY, 100)

    def said(self, answer: RawAnswer, decision: object = None) -> None:
        self.write("answer", answer)
        self.write("decision", decision or parse(answer, (A, B)))

    def approve(self, terms: OrderTerms | None = None) -> None:
        self.write("verdicts", Verdicts(approved=(terms or self.terms,)))

    def send(self, terms: OrderTerms | None = None) -> OrderTerms:
        sent = terms or self.terms
        self.write(f"intended:{sent.order_id}", sent)
        return sent

    def filled(self, price: str = "10.00", **changes: object) -> Fill:
        fill = replace(fill_of(self.terms, price, FEES, self.moment), **changes)  # type: ignore[arg-type]
        self.write(f"fill:{fill.fill_id}", fill)
        return fill

    def kinds(self, **options: object) -> list[Mismatch]:
        return [one.kind for one in say_do(self.events, parse, self.value, **options)]  # type: ignore[arg-type]


def healthy() -> Session:
    kept = Session()
    kept.said(raw(order()))
    kept.approve()
    kept.send()
    kept.filled()
    kept.close()
    return kept


def test_a_session_that_did_what_was_said_has_no_findings():
    assert healthy().kinds() == []


def differs(kept: Session) -> None:
    kept.said(raw(order()), parse(raw(order(shares=200)), (A, B)))


def unsaid(kept: Session) -> None:
    kept.write("decision", parse(raw(), (A, B)))


def undecided(kept: Session) -> None:
    kept.write("answer", raw())


def unjudged(kept: Session) -> None:
    kept.said(raw(order(), order(symbol=B)))
    kept.approve()
    kept.send()


def unwanted_verdict(kept: Session) -> None:
    kept.said(raw())
    kept.write("verdicts", Verdicts(refused=(refused(Rule.CASH),)))


def unsent(kept: Session) -> None:
    kept.said(raw(order()))
    kept.approve()


def deferred_for_good(kept: Session) -> None:
    kept.said(raw(order()))
    kept.write("verdicts", Verdicts(deferred=(Deferred(terms=kept.terms, short_cny=Decimal(1)),)))


def unwanted(kept: Session) -> None:
    kept.said(raw(order("sell")))
    kept.approve()
    kept.send()


def unapproved(kept: Session) -> None:
    kept.said(raw(order()))
    kept.write("verdicts", Verdicts(refused=(replace(refused(Rule.CASH), symbol=A),)))
    kept.send()


def not_as_approved(kept: Session) -> None:
    kept.said(raw(order()))
    kept.approve(replace(kept.terms, limit_cny=Decimal("11.00")))
    kept.send()


def larger(kept: Session) -> None:
    kept.said(raw(order(shares=50)))
    kept.approve()
    kept.send()


def wider(kept: Session) -> None:
    kept.said(raw(order(limit="11.99")))  # the order's limit is 12.00
    kept.approve()
    kept.send()


def sent(kept: Session) -> None:
    kept.said(raw(order()))
    kept.approve()
    kept.send()


def fill_unordered(kept: Session) -> None:
    kept.said(raw())
    kept.write("fill:x", fill_of(kept.terms, "10.00", FEES, kept.moment))


def fill_of_another(kept: Session) -> None:
    sent(kept)
    kept.filled(symbol=B)


def fill_larger(kept: Session) -> None:
    sent(kept)
    kept.filled(shares=60)
    kept.write("fill:y", replace(fill_of(kept.terms, "10.00", FEES, kept.moment, number=2), shares=41))


def fill_wider(kept: Session) -> None:
    sent(kept)
    kept.filled("12.01")


def spoken(kept: Session) -> None:
    kept.said(raw(order(), rationale=f"I buy {A} and I am buying {B}."))
    kept.approve()
    kept.send()


@pytest.mark.parametrize(
    ("deed", "kinds"),
    [
        (differs, [Mismatch.DECISION_DIFFERS, Mismatch.NO_VERDICT]),
        (unsaid, [Mismatch.DECISION_UNSAID]),
        (undecided, [Mismatch.DECISION_DIFFERS]),
        (unjudged, [Mismatch.NO_VERDICT]),
        (unwanted_verdict, [Mismatch.VERDICT_UNWANTED]),
        (unsent, [Mismatch.NOT_SENT]),
        (deferred_for_good, [Mismatch.NO_VERDICT]),
        (unwanted, [Mismatch.ORDER_UNWANTED]),
        (unapproved, [Mismatch.ORDER_UNAPPROVED]),
        (not_as_approved, [Mismatch.ORDER_UNAPPROVED]),
        (larger, [Mismatch.ORDER_LARGER]),
        (wider, [Mismatch.ORDER_WIDER]),
        (fill_unordered, [Mismatch.FILL_UNORDERED]),
        (fill_of_another, [Mismatch.FILL_UNORDERED]),
        (fill_larger, [Mismatch.FILL_LARGER]),
        (fill_wider, [Mismatch.FILL_WIDER]),
        (spoken, [Mismatch.SAID_NOT_ORDERED]),
    ],
)
def test_each_mismatch_is_found(deed: Callable[[Session], None], kinds: list[Mismatch]):
    kept = Session()
    deed(kept)
    kept.close()

    assert kept.kinds() == kinds


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.MISSED, None])
def test_what_is_missing_in_a_session_that_failed_or_goes_on_is_no_finding(outcome: Outcome | None):
    kept = Session()
    kept.said(raw(order(), order(symbol=B)))
    kept.approve()
    if outcome is not None:
        kept.close(outcome)

    assert kept.kinds() == []


def test_a_sale_below_its_limit_is_worse_than_it():
    kept = Session()
    kept.terms = terms_of(kept.session, Side.SELL, 100, limit="10.00")
    kept.said(raw(order("sell", limit="10.00")))
    kept.approve()
    kept.send()
    kept.write("fill:1", fill_of(kept.terms, "9.99", FEES, kept.moment))
    kept.close()

    assert kept.kinds() == [Mismatch.FILL_WIDER]


def test_exits_and_deferred_and_later_verdicts_belong_to_it():
    kept = Session()
    exit_ = Intent(symbol=B, side=Side.SELL, shares=100, origin=Origin.EXIT)
    sale = replace(terms_of(kept.session, Side.SELL, 100, symbol=B), origin=Origin.EXIT)
    kept.write("exits", Exits(intents=(exit_,)))
    kept.said(raw(order()))
    deferred = Deferred(terms=kept.terms, short_cny=Decimal(1))
    kept.write("verdicts", Verdicts(approved=(sale,), deferred=(deferred,)))
    kept.send(sale)
    kept.write("funded", Verdicts(approved=(kept.terms,)))
    kept.send()
    kept.close()

    assert kept.kinds() == []


def test_an_order_that_waited_is_held_against_the_verdict_it_woke_to():
    kept = Session()
    kept.said(raw(order()))
    kept.write("verdicts", Verdicts(waiting=(kept.terms,)))
    kept.close()
    assert kept.kinds() == []

    moved = replace(kept.terms, limit_cny=Decimal("12.10"))
    kept.write("late1:verdicts", Verdicts(approved=(moved,)))
    kept.send(moved)

    assert kept.kinds() == []


def test_shadow_orders_are_judged_and_not_sent():
    kept = Session()
    kept.said(raw(order()))
    kept.write("verdicts", Verdicts(shadow=(kept.terms,)))
    kept.close()

    assert kept.kinds() == []


def test_what_is_held_beside_the_watchlist_may_be_named_and_the_recorded_watchlist_counts():
    other = Symbol("600000.SH")
    kept = Session()
    lot = Lot(symbol=other, shares=100, cost_cny=Decimal(1), acquired_on=MON)
    book = Book(cash_cny=Decimal(1), lots=(lot,))
    kept.write("book", Opening(book=book, equity_cny=Decimal(1), day_equity_cny=Decimal(1)))
    answer = raw(order("sell", other))
    kept.said(answer, parse(answer, (A, B, other)))
    kept.write("verdicts", Verdicts(refused=(replace(refused(Rule.CASH), side=Side.SELL, symbol=other),)))
    kept.close()
    narrow = Session()
    narrow.events.clear()
    narrow.genesis()
    narrow.session = ""
    narrow.settings(watchlist=json.dumps([B]))
    narrow.open(MON)
    answer = raw(order(symbol=A))
    narrow.said(answer, parse(answer, (B,)))
    narrow.close(Outcome.RISK_ONLY)

    assert kept.kinds() == []
    assert narrow.kinds() == []


def line(fill: Fill, **changes: object) -> bytes:
    action = {"action": fill.side, "symbol": fill.symbol, "amount": fill.shares}
    fields = {"this_action": action, "fill_id": fill.fill_id, "price": str(fill.price_cny), **changes}
    return json.dumps(fields).encode()


def test_fills_are_held_against_the_audit_lines():
    kept = Session()
    sent(kept)
    fill = kept.filled()
    kept.close()
    opening, no_trade = b'{"id": 0}', json.dumps({"this_action": {"action": "no_trade"}, "fill_id": None})

    assert kept.kinds(audit_lines=[opening, no_trade.encode(), line(fill)]) == []
    assert kept.kinds(audit_lines=[]) == [Mismatch.LINE_MISSING]
    assert kept.kinds(audit_lines=[line(fill, price="10.01")]) == [Mismatch.LINE_DIFFERS]


def test_a_fill_after_the_last_stage_that_ended_is_not_told_yet():
    kept = Session()
    sent(kept)
    kept.close()
    kept.filled()
    assert kept.kinds(audit_lines=[]) == []

    kept.write("late1:rested", Rested(working=0))

    assert kept.kinds(audit_lines=[]) == [Mismatch.LINE_MISSING]


def test_one_session_can_be_looked_at_alone():
    kept = healthy()
    first = kept.session
    kept.open(TUE)
    unsaid(kept)
    kept.close()

    assert kept.kinds(session=first) == []
    assert kept.kinds(session=kept.session) == kept.kinds() == [Mismatch.DECISION_UNSAID]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (f"We buy {A}.", [(Side.BUY, A)]),
        (f"Buying {A}, {B} today; holding the rest.", [(Side.BUY, A), (Side.BUY, B)]),
        (f"买入{A}。", [(Side.BUY, A)]),
        (f"减仓 {B}，其余不变的持有。", []),
        (f"减仓 {B}。其余持有", [(Side.SELL, B)]),
        (f"We sell {A}. We buy it back.", [(Side.SELL, A)]),
        (f"We do not buy {A}.", []),
        (f"Would buy {A} below 9.50.", []),
        (f"不买入{A}。", []),
        (f"Sell {A} to buy {B}.", []),  # both words: nobody can tell which is which
        (f"{A} looks strong.", []),
        ("We buy 600000.SH.", []),  # not watched
        (f"We buy {A} at 10.05. {B} is strong.", [(Side.BUY, A)]),
        ("", []),
    ],
)
def test_plain_words_on_a_trade_without_an_order_are_noted(words: str, found: list[tuple[Side, str]]):
    assert [(one.side, one.symbol) for one in unordered(words, (A, B), ())] == found


def test_what_is_ordered_is_not_noted():
    assert list(unordered(f"We buy {A}.", (A, B), {(Side.BUY, A)})) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_finding_has_a_sentence_and_only_words_are_soft(lang: str):
    names = ("said", "recorded", "order", "asked", "fill", "line", "symbol", "sentence")
    values = {**dict.fromkeys(names, "one\n two"), "side": "buy"}
    findings = [Finding(session="s", kind=kind, values=values) for kind in Mismatch]

    told = [sentence(one, lang) for one in findings]

    assert len(set(told)) == len(Mismatch)
    assert all("\n" not in one for one in told)
    soft = [one["kind"] for one in findings_as_json(findings, lang) if not one["hard"]]
    assert soft == ["said_not_ordered"]


def test_the_report_shows_findings_escaped_and_says_so_where_there_are_none():
    nasty = Finding(session="s<b>", kind=Mismatch.NO_VERDICT, values={"order": "<script>"})

    page = findings_section([nasty] * (SHOWN_MAX + 5), "en")

    assert "<script>" not in page
    assert "s<b>" not in page
    assert page.count("<tr>") == SHOWN_MAX
    assert findings_section([], "en") != findings_section([], "zh")


def test_a_bad_answer_and_a_hold_are_compared_too():
    kept = Session()
    bad = parse(RawAnswer(text="", model="m"), (A, B))
    hold = parse(raw(), (A, B))
    assert isinstance(bad, BadAnswer)
    assert isinstance(hold, Decision)
    kept.said(raw(), bad)
    kept.close(Outcome.RISK_ONLY)

    (finding,) = say_do(kept.events, parse, kept.value)

    assert finding.values["said"] == "hold"
    assert "empty" in finding.values["recorded"]
