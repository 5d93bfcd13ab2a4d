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
from services.domain.quotes import Quote
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


def test_a_limit_halts_under_a_persons_halt_too_once_and_one_lift_ends_both():
    inboxes = MemoryInboxes()
    setup = market(*FALLS, answers=[BUY], limits=drawdown("0.005051"), commands=inboxes)
    live = setup.open().run(at(MON, "11:36"))
    inboxes.put(Scope.HERE, "halt", {"why": "lunch", "by": "me"})

    live.run(at(MON, "15:30"))
    both = [HaltCause.PERSON, HaltCause.LIMIT]
    assert [cause for _, cause, _ in halted_by(live)] == both
    assert [halt.cause for halt in live.journal.account.halts.values()] == both
    inboxes.put(Scope.HERE, "lift", {"why": "back", "by": "me"})
    live.run()

    assert live.journal.account.halts == {}
    assert opening(live, TUESDAY[-1]).halts == ()


# 9000 are bought at 10.00 and 100 of them sold at a loss, at 9.90; at 14:05 on Tuesday MAIN stands at 9.20.
SLIDE = (10, 10, 10, 10, 9.9, 9.9, 9.9, 9.2)
SLIDING = [answer(order("buy", MAIN, 9000)), *[HOLD] * 3, answer(order("sell", MAIN, 100)), *[HOLD] * 3]
SELLS_OUT = Limits(
    portfolio=PortfolioLimits(drawdown_ratio_max=Decimal("0.02"), losing_sales_max=1),
    exits=ExitTerms(on_drawdown=True),
)


def test_a_streak_that_halted_the_account_does_not_hide_the_drawdown_which_sells_all():
    """At 9.90 the account is 0.9 % down and fees, at 9.20 some 7 %: 2 % were allowed."""
    live = market(*SLIDE, answers=SLIDING, limits=SELLS_OUT).open().run()

    assert halted_by(live) == [
        ("", HaltCause.LIMIT, "losing_streak"),
        ("", HaltCause.LIMIT, "drawdown"),
    ]
    sold = [event.session[:13] for event in live.kinds("order_terms")][-1]
    assert (sold, live.journal.account.book.holdings()) == (TUESDAY[2], {})
    assert [opening(live, label).halts != () for label in TUESDAY] == [False, True, True, True]


@pytest.mark.parametrize("scope", list(Scope))
def test_under_a_persons_halt_the_drawdown_is_on_record_and_sells_nothing_until_a_lift(scope: Scope):
    inboxes = MemoryInboxes()
    setup = market(*SLIDE, answers=SLIDING, limits=SELLS_OUT, commands=inboxes)
    live = setup.open().run(at(TUE, "09:00"))
    inboxes.put(scope, "halt", {"why": "let me look", "by": "me"})

    live.run(at(TUE, "14:05:30"))

    assert ("", HaltCause.LIMIT, "drawdown") in halted_by(live)
    assert len(halted_by(live)) == 2  # The person's, and the drawdown's once; no sale lost.
    assert refused(live, TUESDAY[2]) == [Rule.HALTED]
    assert live.journal.account.book.holdings() == {MAIN: 9000}
    inboxes.put(scope, "lift", {"why": "seen", "by": "me"})
    live.run()
    sells_on = scope is Scope.EVERYWHERE  # There the account's own halt, the drawdown's, is in force still.
    assert bool(live.journal.account.halts) is sells_on
    last = live.value(TUESDAY[-1], "exits") if sells_on else None
    assert (last is not None) is sells_on


@pytest.mark.parametrize(
    "setup",
    [
        market(*FALLS, answers=[BUY, HOLD, *[MORE] * 6], limits=drawdown("0.005051", exits=EXITS)),
        market(*SLIDE, answers=SLIDING, limits=SELLS_OUT),
    ],
    ids=["drawdown", "streak and drawdown"],
)
def test_sessions_that_a_limit_halts_replay_to_the_byte(setup: Setup):
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

    def open(
        self,
        last: str | None,
        *movements: Movement,
        session: int = 0,
        others: tuple[Quote, ...] = (quote(OTHER),),
    ) -> Opening:
        """Return what a session of Monday finds at that price of MAIN, None for no price."""
        world, journal = self.live.world, self.live.journal
        slot = slots_of(Market.CN, Frequency.HOURLY, MON)[session]
        log = journal.log(world.session_id(slot))
        log.settle("opened", opened(log.session, slot, world))
        cash = journal.account.book.cash_cny + sum((one.cash_cny for one in movements), ZERO)
        statement = Statement(
            balance=Balance(cash_cny=cash, available_cny=cash, withdrawable_cny=cash, frozen_cny=ZERO),
            holdings=tuple(
                Holding(symbol=symbol, shares=shares, sellable=shares)
                for symbol, shares in journal.account.book.holdings().items()
            ),
            open_orders=(),
            movements=movements,
        )
        seen = snapshot(*others, *([] if last is None else [quote(MAIN, last)]))
        log.settle("prices", seen)
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


def test_the_days_base_stays_what_its_first_whole_session_found():
    """Without a previous close its equity stands for it, also once the close is told."""
    counter = Counter(Limits())
    silent = (quote(OTHER), quote(MAIN, "10.00", prev=None))

    assert counter.open(None, others=silent).day_equity_cny == Decimal("100000.00")
    told = (quote(OTHER), quote(MAIN, "10.00", prev="9.00"))
    assert counter.open(None, session=1, others=told).day_equity_cny == Decimal("100000.00")


def test_what_was_lost_before_everything_had_a_price_counts_as_lost_that_day():
    """1000 MAIN at 10.00 and 90 000.00 were there at the previous close; 500.00 of it went unseen."""
    counter = Counter(Limits())
    counter.open(None)
    counter.live.journal.account.book = book(lot(MAIN, 1000), cash="89500.00")

    later = counter.open("10.00", session=1)

    assert (later.equity_cny, later.day_equity_cny) == (Decimal("99500.00"), Decimal("100000.00"))


def test_the_previous_close_of_what_was_sold_meanwhile_is_the_first_sessions():
    counter = Counter(Limits())
    account = counter.live.journal.account
    account.book = book(lot(MAIN, 1000), lot(OTHER, 100), cash="89000.00")
    counter.open(None)
    account.book = book(lot(MAIN, 1000), cash="89900.00")

    later = counter.open("10.00", session=1, others=())

    assert (later.equity_cny, later.day_equity_cny) == (Decimal("99900.00"), Decimal("100000.00"))


def test_a_session_that_cannot_price_everything_makes_no_peak():
    assert Counter(Limits(), peak="0.00").open(None).peak_equity_cny == Decimal("0.00")
    assert Counter(Limits(), peak="80000.00").open(None).peak_equity_cny == Decimal("80000.00")


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
    assert at_desk.unpriced == ()


def test_at_the_desk_the_drawdowns_halt_goes_before_another_limits():
    streak_halt = Halt(symbol="", why="lost", cause=HaltCause.LIMIT, by="losing_streak")
    down = Halt(symbol="", why="down", cause=HaltCause.LIMIT, by="drawdown")
    counter = Counter(Limits())
    found = replace(counter.open(None), halts=(streak_halt, down))
    slot = slots_of(Market.CN, Frequency.HOURLY, MON)[0]
    seen = snapshot(quote(MAIN))

    at_desk = desk_for(
        counter.live.journal.log("s"), slot, counter.live.world, found, Standing(), seen, seen, None
    )

    assert at_desk.halts == {"": down}
    assert at_desk.unpriced == (MAIN,)
