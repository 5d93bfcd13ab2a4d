"""One session: what it ends with, and what it does about each failure of the outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from risk.limits import Limits
from services.domain.events import BriefingRecord, Closed, Exits, Halt, Opening, Outcome, TradingDay, Verdicts
from services.domain.instruments import Symbol
from services.domain.orders import OrderTerms, Rule, Side
from services.ports import AgentFault, Broker, BrokerFault, PriceFault, PriceSource
from tests.exchange_market import MAIN, MON, OTHER, TUE, Bar, Weekdays, at, panel
from tests.unit.world import HOLD, Setup, answer, order

MORNING, LUNCH, AFTERNOON, NEXT_DAY = "20260713-1035", "20260713-1135", "20260713-1405", "20260714-1035"

BUY = answer(order("buy", MAIN, 1000))


def falling() -> Setup:
    """A market in which MAIN costs 10.00 on Monday and falls to 9.20 on Tuesday."""
    ten: Bar = (10.0, 10.0, 10.0, 10.0)
    less: Bar = (9.2, 9.2, 9.2, 9.2)
    series = {MAIN: [ten] * 4 + [less] * 4, OTHER: [ten] * 8}
    bars = panel(series, prev_close={MAIN: [10.0, 10.0], OTHER: [10.0, 10.0]})
    return Setup(market=bars, limits=Limits(stop_loss_ratio=Decimal("0.05")))


class Moody:
    """A door that fails at chosen calls of one method, counted from 1, and else passes everything on."""

    def __init__(self, inner: Any, method: str, fault: Exception, calls: Sequence[int]) -> None:
        self._inner, self._method, self._fault, self._calls = inner, method, fault, calls
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._inner, name)
        self.count += 1
        if self.count not in self._calls:
            return getattr(self._inner, name)

        async def fail(*_args: object) -> object:
            raise self._fault

        return fail


class Days(Weekdays):
    """A calendar that knows one thing of every day."""

    def __init__(self, state: TradingDay) -> None:
        super().__init__()
        self._state = state

    def trading_day(self, day: date) -> TradingDay:
        return self._state


def closed(setup: Setup, label: str) -> Closed:
    value = setup.open().run().value(label, "closed")
    assert isinstance(value, Closed)
    return value


def test_a_day_without_orders_is_no_trade():
    assert closed(Setup(answers=[HOLD]), MORNING) == Closed(outcome=Outcome.NO_TRADE, reason="hold")


def test_a_traded_session_is_done():
    assert closed(Setup(answers=[BUY]), MORNING) == Closed(outcome=Outcome.DONE, reason="because")


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (TradingDay.CLOSED, Outcome.MARKET_CLOSED),
        (TradingDay.UNKNOWN, Outcome.CALENDAR_UNKNOWN),
    ],
)
def test_a_day_that_is_not_known_to_be_open_ends_before_anything_is_asked(state, outcome):
    live = Setup(answers=[BUY], calendar=Days(state)).open().run()

    assert live.value(MORNING, "closed") == Closed(outcome=outcome)
    assert live.steps(MORNING) == ["opened", "trading_day", "closed"]
    assert live.mind.asked == 0


def test_a_session_leaves_its_steps_in_the_order_in_which_they_were_needed():
    live = Setup(answers=[BUY], last=MON).open().run(at(MON, "10:40"))

    order_id = live.only_order()
    assert live.steps(MORNING) == [
        "opened",
        "trading_day",
        "broker",
        "prices",
        "book",
        "briefing",
        "answer",
        "decision",
        "requote",
        "verdicts",
        f"intended:{order_id}",
        f"sent:{order_id}",
        f"fill:{order_id}-1",
        "closed",
    ]
    # 100000.00 - 1000 x 10.00 - commission 5.00 (the least) - transfer fee 0.001% of 10000.00 = 0.10
    assert live.journal.account.book.cash_cny == Decimal("89994.90")
    assert live.journal.account.book.holdings() == {MAIN: 1000}


@pytest.mark.parametrize("method", ["get_balance", "get_positions", "get_open_orders", "get_movements"])
def test_without_a_whole_statement_of_the_broker_nobody_is_asked_and_nothing_is_sent(method):
    fault = BrokerFault(method, "down")
    setup = Setup(answers=[BUY, BUY], broker=lambda broker, _journal: moody_broker(broker, method, fault))

    live = setup.open().run(at(MON, "10:40"))

    assert live.value(MORNING, "closed") == Closed(outcome=Outcome.FAILED, reason=str(fault))
    assert live.mind.asked == 0
    assert live.kinds("order_terms") == []


def moody_broker(broker: Broker, method: str, fault: Exception, calls: Sequence[int] = (1,)) -> Broker:
    door: Broker = Moody(broker, method, fault, calls)  # type: ignore[assignment]  # It passes all on.
    return door


def moody_prices(source: PriceSource, fault: Exception, calls: Sequence[int]) -> PriceSource:
    door: PriceSource = Moody(source, "get_current_prices", fault, calls)  # type: ignore[assignment]  # The same.
    return door


def test_without_prices_nobody_is_asked_and_the_next_session_tries_again():
    fault = PriceFault("quotes", "the source is down")
    setup = Setup(answers=[BUY, HOLD, BUY], prices=lambda source: moody_prices(source, fault, [1]))

    live = setup.open().run(at(MON, "14:10"))

    assert live.value(MORNING, "closed") == Closed(outcome=Outcome.FAILED, reason=str(fault))
    assert live.value(AFTERNOON, "closed") == Closed(outcome=Outcome.DONE, reason="because")


def test_without_fresh_prices_after_the_answer_nothing_is_sent():
    fault = PriceFault("quotes", "the source is down")
    setup = Setup(answers=[BUY], prices=lambda source: moody_prices(source, fault, [2]))

    live = setup.open().run(at(MON, "10:40"))

    assert live.value(MORNING, "closed") == Closed(outcome=Outcome.FAILED, reason=str(fault))
    assert live.kinds("order_terms") == []


@pytest.mark.parametrize(
    "broken",
    [
        AgentFault("an answer", "timed out"),
        "I would buy some of everything.",
        '{"rationale": "x", "orders": [{"symbol": "999999.SH", "side": "buy", "shares": 100}]}',
        answer(order("buy", MAIN, -100)),
    ],
)
def test_without_a_usable_answer_exits_still_go_out(broken):
    setup = replace(falling(), answers=[BUY, HOLD, HOLD, HOLD, broken])

    live = setup.open().run(at(TUE, "10:40"))

    (exits,) = [live.value(NEXT_DAY, "exits")]
    assert isinstance(exits, Exits)
    assert [(one.symbol, one.side, one.shares) for one in exits.intents] == [(MAIN, Side.SELL, 1000)]
    ended = live.value(NEXT_DAY, "closed")
    assert isinstance(ended, Closed)
    assert ended.outcome is Outcome.RISK_ONLY
    assert live.journal.account.book.holdings() == {}


def test_a_failed_mind_without_anything_to_protect_leaves_a_risk_only_session():
    live = Setup(answers=["nonsense"]).open().run(at(MON, "10:40"))

    assert live.value(MORNING, "closed").outcome is Outcome.RISK_ONLY
    assert "verdicts" not in live.steps(MORNING)


class Elsewhere:
    """A broker whose statement is not what our journal says."""

    def __init__(self, inner: Broker, *, cash: str = "0", shares: int = 0) -> None:
        self._inner, self._cash, self._shares = inner, Decimal(cash), shares

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def get_balance(self) -> Any:
        balance = await self._inner.get_balance()
        return replace(balance, cash_cny=balance.cash_cny + self._cash)

    async def get_positions(self) -> Any:
        held = await self._inner.get_positions()
        return tuple(
            replace(one, shares=one.shares + self._shares) if one.symbol == MAIN else one for one in held
        )


def elsewhere(**off: Any) -> Any:
    return lambda broker, _journal: Elsewhere(broker, **off)


def test_cash_that_differs_from_the_brokers_halts_the_account():
    live = Setup(answers=[BUY], broker=elsewhere(cash="0.01")).open().run(at(MON, "10:40"))

    ended, opening = live.value(MORNING, "closed"), live.value(MORNING, "book")
    assert isinstance(ended, Closed)
    assert isinstance(opening, Opening)
    assert ended.outcome is Outcome.HALTED
    assert [halt.symbol for halt in opening.halts] == [""]
    assert refused(live.value(MORNING, "verdicts")) == [(MAIN, Rule.HALTED)]
    assert live.kinds("order_terms") == []


def test_shares_that_differ_from_the_brokers_halt_that_symbol_alone():
    both = answer(order("buy", MAIN, 100), order("buy", OTHER, 100))
    setup = Setup(answers=[BUY, HOLD, both], broker=elsewhere(shares=1))

    live = setup.open().run(at(MON, "14:10"))

    # Monday 11:35 is the first session that finds the holding bought at 10:35.
    assert live.kinds("halt")[0].session == live.session(LUNCH)
    assert {live.journal.value(event).symbol for event in live.kinds("halt")} == {MAIN}
    assert refused(live.value(AFTERNOON, "verdicts")) == [(MAIN, Rule.HALTED)]
    assert live.journal.account.book.holdings() == {MAIN: 1000, OTHER: 100}


def test_a_halt_lasts_beyond_the_session_and_the_process():
    setup = Setup(answers=[HOLD, HOLD, BUY], broker=elsewhere(cash="0.01"))
    setup.open().run(at(MON, "10:40"))

    live = replace(setup, broker=lambda broker, _journal: broker).open().run(at(MON, "14:10"))

    assert refused(live.value(AFTERNOON, "verdicts")) == [(MAIN, Rule.HALTED)]
    assert len(live.kinds("halt")) == 1


def refused(verdicts: object) -> list[tuple[str, Rule]]:
    assert isinstance(verdicts, Verdicts)
    return [(one.symbol, one.rule) for one in verdicts.refused]


def test_a_buy_that_needs_a_sells_proceeds_is_sent_after_the_sell_on_what_it_brought():
    # 9 x 1000 shares leave under 10000 CNY; the swap needs the sell's proceeds.
    fill_up = answer(order("buy", MAIN, 9000))
    swap = answer(order("buy", OTHER, 5000), order("sell", MAIN, 9000))
    setup = Setup(answers=[fill_up, HOLD, HOLD, HOLD, swap])

    live = setup.open().run(at(TUE, "10:40"))

    verdicts, funded = live.value(NEXT_DAY, "verdicts"), live.value(NEXT_DAY, "funded")
    assert isinstance(verdicts, Verdicts)
    assert isinstance(funded, Verdicts)
    assert [one.terms.symbol for one in verdicts.deferred] == [OTHER]
    assert [one.symbol for one in funded.approved] == [OTHER]
    assert sides_in_order(live) == [(MAIN, Side.BUY), (MAIN, Side.SELL), (OTHER, Side.BUY)]
    assert live.journal.account.book.holdings() == {OTHER: 5000}


def test_a_deferred_buy_is_refused_where_the_sell_did_not_fill():
    # On Tuesday MAIN opens at 9.20 and the sell asks 9.50: it works, and brings nothing yet.
    setup = falling()
    fill_up = answer(order("buy", MAIN, 9000))
    swap = answer(order("buy", OTHER, 5000), order("sell", MAIN, 9000, limit="9.50"))
    setup = replace(setup, limits=Limits(), answers=[fill_up, HOLD, HOLD, HOLD, swap])

    live = setup.open().run(at(TUE, "10:40"))

    assert refused(live.value(NEXT_DAY, "funded")) == [(OTHER, Rule.CASH)]
    assert sides_in_order(live)[-1] == (MAIN, Side.SELL)


def sides_in_order(live: Any) -> list[tuple[Symbol, Side]]:
    terms = [live.journal.value(event) for event in live.kinds("order_terms")]
    assert all(isinstance(one, OrderTerms) for one in terms)
    return [(one.symbol, one.side) for one in terms]


def test_a_days_loss_counts_from_the_previous_close():
    ten: Bar = (10.0, 10.0, 10.0, 10.0)
    morning: list[Bar] = [(9.2, 9.2, 9.2, 9.2)] * 2
    afternoon: list[Bar] = [(9.5, 9.5, 9.5, 9.5)] * 2
    series = {MAIN: [*[ten] * 4, *morning, *afternoon], OTHER: [ten] * 8}
    market = panel(series, prev_close={MAIN: [10.0, 10.0], OTHER: [10.0, 10.0]})

    live = Setup(market=market, answers=[BUY]).open().run(at(TUE, "14:10"))

    first, later = live.value(NEXT_DAY, "book"), live.value("20260714-1405", "book")
    assert isinstance(first, Opening)
    assert isinstance(later, Opening)
    # 89994.90 + 1000 x 9.20, in the afternoon + 1000 x 9.50, and at the previous close + 1000 x 10.00
    assert (first.equity_cny, first.day_equity_cny) == (Decimal("99194.90"), Decimal("99994.90"))
    assert (later.equity_cny, later.day_equity_cny) == (Decimal("99494.90"), Decimal("99994.90"))


def test_a_briefing_of_a_mind_that_reads_arrays_holds_no_text():
    live = Setup(answers=[HOLD]).open().run(at(MON, "10:40"))

    briefing = live.value(MORNING, "briefing")
    assert isinstance(briefing, BriefingRecord)
    assert (len(briefing.digest), briefing.text) == (64, "")


def test_a_halt_names_what_differs():
    live = Setup(answers=[HOLD], broker=elsewhere(cash="0.01")).open().run(at(MON, "10:40"))

    (halt,) = [live.journal.value(event) for event in live.kinds("halt")]
    assert isinstance(halt, Halt)
    assert "100000.01" in halt.why
    assert "100000.00" in halt.why
