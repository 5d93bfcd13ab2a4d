"""Nothing comes from nowhere: random orders on random bars, summed beside the exchange's own account."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.brokers.ledger import AccountOpened, Entry, Filled, MemoryLedger, Moved
from services.brokers.ledger_file import KINDS
from services.brokers.ledger_state import LedgerState
from services.brokers.ledger_sums import LedgerSums
from services.clock import VirtualClock
from services.domain.bars import CorporateAction, Panel, VolumeUnit
from services.domain.book import Book, Lot, OpenOrder
from services.domain.conservation import Tally
from services.domain.fills import Fees, Fill, FillId, Movement, MovementKind
from services.domain.instruments import Symbol
from services.domain.orders import ApprovedOrder, OrderId, OrderKind, Side
from services.rules import round_lot_down, rules_of
from tests.exchange_market import MAIN, MON, TUE, WED, Bar, at, exchange, order, panel

STAR = Symbol("688001.SH")
Sent = tuple[ApprovedOrder, str, bool]
DAYS = (MON, TUE, WED)
MOMENTS = ("09:18", "09:35", "10:30", "10:35", "13:00", "14:05", "14:58", "15:05")


def bars(rng: Random) -> list[Bar]:
    """Return twelve bars that wander within 9.00 and 11.00, some of them missing."""
    made: list[Bar] = []
    for _ in range(12):
        middle = rng.choice([1000, 1000, 1000, 950, 1050, 1090])
        low, one, two, high = (
            price / 100 for price in sorted(rng.randint(middle - 10, middle + 10) for _ in range(4))
        )
        made.append(None if rng.random() < 0.05 else (one, high, low, two))
    return made


def market_of(rng: Random) -> Panel:
    made = panel(
        {MAIN: bars(rng), STAR: bars(rng)},
        days=DAYS,
        prev_close={MAIN: (10.0,) * 3, STAR: (10.0,) * 3},
        volume=rng.choice([399, 1300, 4000, 4000, 1e6]),
        volume_unit=rng.choice([VolumeUnit.SHARE, VolumeUnit.SHARE, VolumeUnit.LOT, VolumeUnit.UNKNOWN]),
    )
    actions = tuple(
        CorporateAction(
            symbol=symbol,
            ex_date=day,
            cash_per_share=Decimal(rng.choice(["0", "0.25", "0.0333"])),
            shares_per_share=Decimal(rng.choice(["0", "0.1", "0.0371"])),
            bonus_per_share=Decimal("0.03"),
        )
        for symbol in (MAIN, STAR)
        for day in (TUE, WED)
    )
    return replace(made, actions=actions)


def orders_of(rng: Random) -> list[Sent]:
    """Return orders in time, each with the moment of its sending, and whether a cancel follows."""
    made: list[Sent] = []
    for number, (day, moment) in enumerate(
        sorted((rng.randrange(3), rng.choice(MOMENTS)) for _ in range(30))
    ):
        kind = rng.choice([OrderKind.LIMIT, *OrderKind])
        side = rng.choice([*Side]) if day else Side.BUY
        limit = rng.randint(985, 1030) if side is Side.BUY else rng.randint(970, 1015)
        placed = order(
            side,
            rng.choice([MAIN, STAR]),
            rng.choice([37, 100, 200, 250, 300, 700, 1000, 1300]),
            f"{limit / 100:.2f}",
            name=f"N{number:02}",
            day=DAYS[day],
            kind=kind,
            stop=f"{rng.randint(950, 1060) / 100:.2f}" if kind is OrderKind.STOP else None,
        )
        made.append((placed, moment, rng.random() < 0.2))
    return made


def ledger_of(market: Panel, sent: list[Sent], cash: str) -> MemoryLedger:
    clock, ledger = VirtualClock(at(MON, "09:15")), MemoryLedger()
    broker = exchange(
        market, clock, ledger=ledger, cash=cash, volume_cap="0.25", slippage_ticks=1, dividend_tax=True
    )
    for placed, moment, withdrawn in sent:
        clock.jump(at(placed.terms.day, moment))
        asyncio.run(broker.submit_order(placed))
        if withdrawn:
            asyncio.run(broker.cancel_order(placed.order_id))
    clock.jump(at(WED, "16:00"))
    asyncio.run(broker.get_balance())
    return ledger


def unbalanced(entries: tuple[Entry, ...]) -> list[str]:
    """Return what does not balance, by the number of the entry after which."""
    opened, *rest = entries
    assert isinstance(opened, AccountOpened)
    state, sums, found = LedgerState(), LedgerSums(opened), list[str]()
    state.apply(opened)
    for number, entry in enumerate(rest, 1):
        state.apply(entry)
        sums.take(entry)
        found += [f"{number}: {problem}" for problem in sums.problems(state)]
    return found


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), cash=st.sampled_from(["2100.00", "10000.00", "26020.00", "1000000.00"]))
def test_cash_and_shares_balance_after_every_event(seed: int, cash: str) -> None:
    entries = random_ledger(seed, cash)

    assert unbalanced(entries) == []
    assert folded(entries).working == {}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_a_buy_has_traded_in_all_is_a_valid_size_and_within_the_days_limits(seed: int) -> None:
    state = folded(random_ledger(seed, "1000000.00"))

    for placed in state.orders.values():
        if placed.terms.side is Side.BUY and placed.filled:
            rules = rules_of(placed.terms.symbol, placed.terms.day)
            assert round_lot_down(rules, Side.BUY, placed.filled, 0) == placed.filled
    for fill in state.fills:
        top = Decimal("11.00") if fill.symbol == MAIN else Decimal("12.00")
        limit = state.orders[fill.order_id].terms.limit_cny
        assert 20 - top <= fill.price_cny <= top
        assert fill.price_cny <= limit if fill.side is Side.BUY else fill.price_cny >= limit


def test_the_random_runs_hold_every_kind_of_entry() -> None:
    entries = [entry for seed in range(60) for entry in random_ledger(seed, "26020.00")]

    taxes = [entry for entry in entries if isinstance(entry, Moved) and entry.movement.order_id]
    parts = [entry for entry in entries if isinstance(entry, Filled) and entry.fill.fill_id.endswith("-2")]
    assert {type(entry) for entry in entries} == set(KINDS.values())
    assert len([entry for entry in entries if isinstance(entry, Filled)]) > 100
    assert (len(taxes) > 5, len(parts) > 5) == (True, True)


def test_the_same_orders_on_the_same_bars_make_the_same_ledger() -> None:
    for seed in range(10):
        assert random_ledger(seed, "26020.00") == random_ledger(seed, "26020.00")


def random_ledger(seed: int, cash: str) -> tuple[Entry, ...]:
    rng = Random(seed)
    return tuple(ledger_of(market_of(rng), orders_of(rng), cash).entries())


def folded(entries: tuple[Entry, ...]) -> LedgerState:
    state = LedgerState()
    for entry in entries:
        state.apply(entry)
    return state


# The tally itself: each way in which a book can be wrong is told.

BOUGHT = Fill(
    fill_id=FillId("A-1"),
    order_id=OrderId("A"),
    symbol=MAIN,
    side=Side.BUY,
    shares=100,
    price_cny=Decimal("10.00"),
    amount_cny=Decimal("1000.00"),
    fees=Fees(commission=Decimal("5.00")),
    trade_date=MON,
    traded_at=at(MON, "09:35"),
)
GIVEN = Movement(
    movement_id="bonus",
    kind=MovementKind.BONUS,
    symbol=MAIN,
    shares=10,
    cash_cny=Decimal("2.50"),
    day=TUE,
    why="",
)
LOTS = (
    Lot(symbol=MAIN, shares=100, cost_cny=Decimal("1000.00"), acquired_on=MON),
    Lot(symbol=MAIN, shares=10, cost_cny=Decimal("0.00"), acquired_on=MON),
)
# 2000 - 1000 - 5 + 2.50
TRUE = Book(cash_cny=Decimal("997.50"), lots=LOTS)


@pytest.mark.parametrize(
    ("book", "wrong"),
    [
        (TRUE, 0),
        (replace(TRUE, cash_cny=Decimal("997.51")), 1),
        (replace(TRUE, lots=LOTS[:1]), 1),
        (replace(TRUE, lots=(*LOTS, replace(LOTS[1], symbol=STAR))), 1),
        (replace(TRUE, lots=(replace(LOTS[0], shares=111), replace(LOTS[1], shares=-1))), 1),
    ],
)
def test_a_book_that_differs_from_the_sums_is_told(book: Book, wrong: int) -> None:
    tally = Tally(Decimal("2000.00"))
    for event in (BOUGHT, GIVEN, BOUGHT):  # The second telling of a fill counts nothing.
        tally.take(event)

    assert len(list(tally.problems(book))) == wrong


@pytest.mark.parametrize(
    ("remaining", "frozen", "wrong"), [(10, "0.00", 0), (0, "0.00", 1), (10, "-0.01", 1), (10, "997.51", 1)]
)
def test_what_is_below_zero_in_a_book_is_told(remaining: int, frozen: str, wrong: int) -> None:
    order = OpenOrder(
        order_id=OrderId("A" * 20),
        symbol=MAIN,
        side=Side.BUY,
        shares=remaining,
        filled=0,
        limit_cny=Decimal("10.00"),
        frozen_cny=Decimal(frozen),
    )
    tally = Tally(Decimal("2000.00"))
    for event in (BOUGHT, GIVEN):
        tally.take(event)

    assert len(list(tally.problems(replace(TRUE, open_orders=(order,))))) == wrong
