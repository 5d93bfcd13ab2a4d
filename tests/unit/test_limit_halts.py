"""Limits of the whole account: reached to the cent they halt it, and a person lets it go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from commands.twin import Twin
from risk.breaches import breaches
from risk.limits import ExitTerms, Limits, PortfolioLimits
from scheduler.session import desk_for, opened
from scheduler.stocktaking import take_stock
from services.domain.bars import Frequency
from services.domain.events import Closed, Halt, HaltCause, Opening, Outcome, Verdicts
from services.domain.fills import Movement, MovementKind
from services.domain.inbox import Scope
from services.domain.instruments import Market
from services.domain.money import ZERO
from services.domain.orders import OrderId, Origin, Rule
from services.domain.statement import Balance, Holding, Statement
from services.journal.account import Standing
from services.journal.memory_inbox import MemoryInboxes
from services.slots import slots_of
from tests.unit.gate_desk import book, lot, quote, snapshot
from tests.unit.world import HOLD, MAIN, MON, OTHER, TUE, Live, Memory, Setup, answer, at, order, panel

MONDAY = ("20260713-1035", "20260713-1135", "20260713-1405", "20260713-1505")
FALLS = (10, 10, 10, 9.5, 9.5, 9.5, 9.5, 9.5)
TUESDAY = ("20260714-1035", "20260714-1135", "20260714-1405", "20260714-1505")

BUY, MORE = answer(order("buy", MAIN, 1000)), answer(order("buy", OTHER, 100))
EXITS = ExitTerms(time_stop_days=1, while_halted=True)


def drawdown(ratio: str, **more: object) -> Limits:
    return Limits(portfolio=PortfolioLimits(drawdown_ratio_max=Decimal(ratio)), **more)


def streak(most: int) -> Limits:
    return Limits(portfolio=PortfolioLimits(losing_sales_max=most))


def market(
    *prices: float, answers: list[str], limits: Limits, commands: MemoryInboxes | None = None
) -> Setup:
    """Return a market in which MAIN stands at each price for an hour, OTHER at 10.00, on two days."""
    series = {MAIN: [(one,) * 4 for one in prices], OTHER: [(10.0,) * 4] * 8}
    known = {MAIN: [10.0, prices[3]], OTHER: [10.0, 10.0]}
    return Setup(
        market=panel(series, prev_close=known),
        answers=answers,
        limits=limits,
        commands=commands or MemoryInboxes(),
    )


def opening(live: Live, label: str) -> Opening:
    value = live.value(label, "book")
    assert isinstance(value, Opening)
    return value


def outcome(live: Live, label: str) -> Outcome:
    value = live.value(label, "closed")
    assert isinstance(value, Closed)
    return value.outcome


def refused(live: Live, label: str) -> list[Rule]:
    value = live.value(label, "verdicts")
    assert isinstance(value, Verdicts)
    return [one.rule for one in value.refused]


def halted_by(live: Live) -> list[tuple[str, HaltCause, str]]:
    """Return scope, cause and limit of each halt that was recorded."""
    found = [live.journal.value(event) for event in live.kinds("halt")]
    return [(one.symbol, one.cause, one.by) for one in found if isinstance(one, Halt)]


@pytest.mark.parametrize(("equity", "halts"), [("80000.00", ["drawdown"]), ("80000.01", [])])
def test_a_drawdown_halts_at_its_ratio_and_not_a_cent_above(equity, halts):
    limits = drawdown("0.2")

    found = breaches(
        limits, equity_cny=Decimal(equity), peak_equity_cny=Decimal("100000.00"), losing_sales=99
    )

    assert [one.by for one in found] == halts


@pytest.mark.parametrize(("losing", "halts"), [(3, ["losing_streak"]), (2, [])])
def test_a_streak_halts_at_its_number_and_not_one_sale_before(losing, halts):
    found = breaches(
        streak(3), equity_cny=Decimal("1.00"), peak_equity_cny=Decimal("9.00"), losing_sales=losing
    )

    assert [one.by for one in found] == halts


def test_both_limits_may_halt_at_once_and_none_does_where_none_is_set():
    both = Limits(portfolio=PortfolioLimits(drawdown_ratio_max=Decimal("0.2"), losing_sales_max=1))
    down = {"equity_cny": Decimal("1.00"), "peak_equity_cny": Decimal("9.00"), "losing_sales": 1}

    found = breaches(both, **down)

    assert [(one.symbol, one.cause, one.by) for one in found] == [
        ("", HaltCause.LIMIT, "drawdown"),
        ("", HaltCause.LIMIT, "losing_streak"),
    ]
    assert breaches(Limits(), **down) == ()


def test_an_equity_that_is_not_known_halts_by_the_sales_alone():
    both = Limits(portfolio=PortfolioLimits(drawdown_ratio_max=Decimal("0.2"), losing_sales_max=1))

    found = breaches(both, equity_cny=None, peak_equity_cny=Decimal("9.00"), losing_sales=1)

    assert [one.by for one in found] == ["losing_streak"]


# 1000 at 10.00 cost 10 005.10 with fees, so at 9.50 the account is worth 99 494.90 of 100 000.00.
@pytest.mark.parametrize(
    ("ratio", "outcomes"),
    [
        ("0.005051", [Outcome.DONE, Outcome.NO_TRADE, Outcome.HALTED]),
        ("0.0050511", [Outcome.DONE, Outcome.NO_TRADE, Outcome.DONE]),
    ],
)
def test_a_session_that_finds_the_account_down_by_the_ratio_halts_it_and_buys_nothing(ratio, outcomes):
    setup = market(*FALLS, answers=[BUY, HOLD, MORE], limits=drawdown(ratio))

    live = setup.open().run(at(MON, "14:05:30"))

    assert [outcome(live, label) for label in MONDAY[:3]] == outcomes
    assert opening(live, MONDAY[2]).equity_cny == Decimal("99494.90")
    halted = outcomes[-1] is Outcome.HALTED
    assert halted_by(live) == ([("", HaltCause.LIMIT, "drawdown")] if halted else [])
    assert refused(live, MONDAY[2]) == ([Rule.HALTED] if halted else [])


def test_a_halted_account_stays_halted_and_says_so_once_whatever_the_price_does():
    setup = market(*FALLS[:4], 11, 11, 11, 11, answers=[BUY, HOLD, *[MORE] * 6], limits=drawdown("0.005051"))

    live = setup.open().run()

    assert {outcome(live, label) for label in (*MONDAY[2:], *TUESDAY)} == {Outcome.HALTED}
    assert len(halted_by(live)) == 1


def test_lifting_the_halt_counts_the_drawdown_from_there():
    inboxes = MemoryInboxes()
    setup = market(
        *FALLS[:4], 9.5, 9.5, 9.0, 9.0, answers=[BUY, HOLD, MORE, MORE], limits=drawdown("0.005051"),
        commands=inboxes,
    )  # fmt: skip
    live = setup.open().run(at(MON, "14:05:30"))
    inboxes.put(Scope.HERE, "lift", {"why": "seen", "by": "me"})

    live.run(at(TUE, "10:35:30"))
    assert (outcome(live, MONDAY[3]), outcome(live, TUESDAY[0])) == (Outcome.DONE, Outcome.NO_TRADE)
    # The peak began anew at 99 494.90; the fund of 100 OTHER cost 5.01.
    assert opening(live, MONDAY[3]).peak_equity_cny == Decimal("99494.90")
    live.run()
    # 500.00 less are 0.5077 % below that: halted again.
    assert outcome(live, TUESDAY[2]) is Outcome.HALTED
    assert len(halted_by(live)) == 2


@pytest.mark.parametrize(("most", "sold"), [(2, 2), (3, 3)])
def test_a_streak_of_losing_sales_halts_before_the_next_one(most, sold):
    """Bought at 10.00; from Tuesday 100 are sold at 9.50 in each session."""
    few = answer(order("sell", MAIN, 100))
    setup = market(*FALLS, answers=[BUY, *[HOLD] * 3, *[few] * 4], limits=streak(most))

    live = setup.open().run()

    sales = [one for event in live.kinds("order_terms") if (one := live.journal.value(event)).side == "sell"]
    assert len(sales) == sold
    assert halted_by(live) == [("", HaltCause.LIMIT, "losing_streak")]


def test_exits_go_out_of_an_account_that_a_limit_halted_where_that_is_let():
    limits = drawdown("0.005051", exits=EXITS)
    setup = market(*FALLS, answers=[BUY, HOLD, *[MORE] * 6], limits=limits)

    live = setup.open().run()

    orders = [live.journal.value(event) for event in live.kinds("order_terms")]
    assert [(one.session[:13], one.symbol, one.origin) for one in orders] == [
        (MONDAY[0], MAIN, Origin.DECISION),
        (TUESDAY[0], MAIN, Origin.EXIT),
    ]
    assert outcome(live, TUESDAY[0]) is Outcome.HALTED
    assert live.journal.account.book.holdings() == {}


def test_exits_stay_where_they_are_not_let():
    setup = market(*FALLS, answers=[BUY], limits=drawdown("0.005051", exits=ExitTerms(time_stop_days=1)))

    live = setup.open().run()

    assert live.journal.account.book.holdings() == {MAIN: 1000}
    assert refused(live, TUESDAY[0]) == [Rule.HALTED]


def test_a_halt_by_a_person_is_not_doubled_by_the_limit_and_the_limit_halts_after_it():
    inboxes = MemoryInboxes()
    setup = market(*FALLS, answers=[BUY], limits=drawdown("0.005051"), commands=inboxes)
    live = setup.open().run(at(MON, "11:36"))
    inboxes.put(Scope.HERE, "halt", {"why": "lunch", "by": "me"})

    live.run(at(MON, "14:05:30"))
    assert [cause for _, cause, _ in halted_by(live)] == [HaltCause.PERSON]
    inboxes.put(Scope.HERE, "lift", {"why": "back", "by": "me"})
    live.run()

    assert [cause for _, cause, _ in halted_by(live)] == [HaltCause.PERSON, HaltCause.LIMIT]


def test_sessions_that_a_limit_halts_replay_to_the_byte():
    setup = market(*FALLS, answers=[BUY, HOLD, *[MORE] * 6], limits=drawdown("0.005051", exits=EXITS))
    live = setup.open().run()

    twin = Twin(setup.store, setup.genesis, Memory(setup.market))
    asyncio.run(twin.replay.run())

    assert live.kinds("halt")
    assert twin.journal.differences == []
    assert list(twin.journal.events) == list(setup.store.events())


class Counter:
    """An account with 1000 MAIN and 90 000.00, whose sessions open on whatever is given here."""

    def __init__(self, limits: Limits, peak: str = "100000.00") -> None:
        self.live = market(*FALLS, answers=[], limits=limits).open()
        account = self.live.journal.account
        account.book, account.peak_equity_cny = book(lot(MAIN, 1000), cash="90000.00"), Decimal(peak)

    def open(self, last: str | None, *movements: Movement, session: int = 0) -> Opening:
        """Return what a session of Monday finds at that price of MAIN, None for no price."""
        world, journal = self.live.world, self.live.journal
        slot = slots_of(Market.CN, Frequency.HOURLY, MON)[session]
        log = journal.log(world.session_id(slot))
        log.settle("opened", opened(log.session, slot, world))
        cash = journal.account.book.cash_cny + sum((one.cash_cny for one in movements), ZERO)
        statement = Statement(
            balance=Balance(cash_cny=cash, available_cny=cash, withdrawable_cny=cash, frozen_cny=ZERO),
            holdings=(Holding(symbol=MAIN, shares=1000, sellable=1000),),
            open_orders=(),
            movements=movements,
        )
        seen = snapshot(quote(OTHER), *([] if last is None else [quote(MAIN, last)]))
        return take_stock(log, slot, world, statement, seen)


def moved(cash: str, order: str | None = None, kind: MovementKind = MovementKind.ADJUST) -> Movement:
    return Movement(
        movement_id=f"m{cash}",
        kind=kind,
        symbol=MAIN,
        shares=0,
        cash_cny=Decimal(cash),
        day=MON,
        why="",
        order_id=None if order is None else OrderId(order),
    )


@pytest.mark.parametrize(
    ("movement", "last", "peak"),
    [
        ((), "10.00", "100000.00"),
        ((), "11.00", "101000.00"),
        # What a person pays in or takes out moves the peak along; it is no gain and no loss.
        ((moved("50000.00"),), "10.00", "150000.00"),
        ((moved("-50000.00"),), "10.00", "50000.00"),
        ((moved("50000.00"),), None, "150000.00"),  # Also where a price is missing.
        ((moved("-20.00", order="SALE"),), "10.00", "100000.00"),  # A tax is a loss.
        ((moved("300.00", kind=MovementKind.DIVIDEND),), "10.00", "100300.00"),  # Income is a gain.
    ],
)
def test_the_peak_is_the_highest_equity_less_what_was_paid_in_or_out(movement, last, peak):
    assert Counter(Limits()).open(last, *movement).peak_equity_cny == Decimal(peak)


@pytest.mark.parametrize(("last", "by"), [("0.00001", ["drawdown"]), (None, [])])
def test_a_holding_without_a_price_halts_nothing_by_the_drawdown(last, by):
    """90 000.00 are left of 100 000.00 whether the holding is worthless or not priced."""
    counter = Counter(drawdown("0.09"))

    found = counter.open(last)

    assert [one.by for one in found.halts] == by
    assert found.unpriced == (() if last else (MAIN,))


def test_without_a_price_the_streak_halts_all_the_same():
    counter = Counter(streak(1))
    counter.live.journal.account._sales[OrderId("A")] = Decimal("-1.00")

    assert [one.by for one in counter.open(None).halts] == ["losing_streak"]


def test_the_first_session_of_an_account_without_a_peak_makes_it():
    assert Counter(Limits(), peak="0.00").open("10.00").peak_equity_cny == Decimal("100000.00")


def test_a_days_loss_counts_from_the_first_session_that_priced_everything():
    counter = Counter(Limits())

    assert counter.open(None).day_equity_cny == Decimal("90000.00")
    assert counter.open("10.00", session=1).day_equity_cny == Decimal("100000.00")
    assert counter.open("9.00", session=2).day_equity_cny == Decimal("100000.00")


def test_at_the_desk_a_halt_that_leaves_the_position_uncertain_goes_before_another_of_its_symbol():
    person = Halt(symbol=MAIN, why="stop", cause=HaltCause.PERSON)
    differs = Halt(symbol=MAIN, why="differs", cause=HaltCause.RECONCILIATION)
    counter = Counter(Limits())
    found = replace(counter.open("10.00"), halts=(person, differs))
    slot = slots_of(Market.CN, Frequency.HOURLY, MON)[0]
    seen = snapshot(quote(MAIN))

    at_desk = desk_for(
        counter.live.journal.log("s"), slot, counter.live.world, found, Standing(), seen, seen, None
    )

    assert at_desk.halts == {MAIN: differs}
