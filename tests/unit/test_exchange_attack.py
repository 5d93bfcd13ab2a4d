"""The simulated exchange under attack: arbitrary orders, bars, books and ex-days, cancels and restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.brokers.ledger import Accepted, AccountOpened, Entry, Filled, LedgerStore, MemoryLedger
from services.brokers.ledger_file import FileLedger, read_entries
from services.brokers.ledger_state import LedgerState, PlacedOrder
from services.brokers.ledger_sums import LedgerSums
from services.brokers.simulated import SimulatedExchange
from services.clock import VirtualClock
from services.domain.bars import CorporateAction, Panel
from services.domain.fills import Fill
from services.domain.instruments import Board, Symbol
from services.domain.orders import ApprovedOrder, OrderKind, OrderState, Side
from services.domain.statement import AckKind
from services.rules import round_lot_down, rules_of
from tests.exchange_market import CHINEXT, FLAT, MAIN, TUE, Bar, at, exchange, order, panel
from tests.unit.test_simulated_snapshots import Desk

STAR = Symbol("688001.SH")
SYMBOLS = (MAIN, CHINEXT, STAR)
ERAS = (
    (date(2022, 7, 11), date(2022, 7, 12), date(2022, 7, 13)),  # ChiNext parks what its cage keeps out
    (date(2026, 7, 13), date(2026, 7, 14), date(2026, 7, 15)),
)
MOMENTS = (
    "09:35",
    "09:36",
    "10:30",
    "10:40",
    "11:29",
    "13:00",
    "13:10",
    "14:05",
    "14:58",
    "15:06",
    "09:16",
    "09:27",
)
CAP = Decimal("0.25")


@dataclass(frozen=True)
class Step:
    """One thing an account does: an order, or the cancel of an earlier one, at a moment of a day."""

    day: int
    moment: str
    placed: ApprovedOrder | None
    cancels: int


@dataclass(frozen=True)
class Attack:
    market: Panel
    steps: tuple[Step, ...]
    cash: str
    slippage_ticks: int


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    """Return a bar around 10.00, now and then beyond the day's limits, sealed, or none at all."""
    if draw(st.integers(0, 20)) == 13:
        return None
    middle = draw(st.sampled_from((*[1000] * 6, 1015, 985, 1030, 1100, 900, 1150)))
    width = draw(st.sampled_from((15, 15, 2, 0)))
    low, one, two, high = sorted(draw(st.integers(middle - width, middle + width)) / 100 for _ in range(4))
    return (one, high, low, two)


@st.composite
def actions(draw: st.DrawFn, days: Sequence[date]) -> CorporateAction:
    """Return an ex-day; its income a share may be more than the share is worth, and so is the tax then."""
    return CorporateAction(
        symbol=draw(st.sampled_from(SYMBOLS)),
        ex_date=draw(st.sampled_from(days[1:])),
        cash_per_share=Decimal(draw(st.sampled_from(("0.25", "0", "0.0333", "3")))),
        shares_per_share=Decimal(draw(st.sampled_from(("0.1", "0", "0.0371", "1")))),
        bonus_per_share=Decimal(draw(st.sampled_from(("0.03", "80", "55")))),
        rights_per_share=Decimal(draw(st.sampled_from(("0", "0.3")))),
        rights_price_cny=Decimal("6"),
    )


@st.composite
def orders(draw: st.DrawFn, number: int, day: date) -> ApprovedOrder:
    kind = draw(st.sampled_from((*[OrderKind.LIMIT] * 4, *OrderKind)))
    limit = draw(st.integers(985, 1030))
    return order(
        draw(st.sampled_from((Side.SELL, Side.BUY))),
        draw(st.sampled_from(SYMBOLS)),
        draw(st.sampled_from((300, 200, 700, 1000, 1300, 2000, 100, 250, 37))),
        f"{limit / 100:.2f}",
        name=f"N{number:02}",
        day=day,
        kind=kind,
        stop=f"{draw(st.integers(985, 1015)) / 100:.2f}" if kind is OrderKind.STOP else None,
    )


@st.composite
def attacks(draw: st.DrawFn) -> Attack:
    """Return an account that buys 1,000 of each symbol in the first bar, and then does anything."""
    days = draw(st.sampled_from(ERAS))
    market = panel(
        {symbol: [FLAT, *draw(st.lists(bars(), min_size=11, max_size=11))] for symbol in SYMBOLS},
        days=days,
        prev_close={symbol: (10.0, 10.0, 10.0) for symbol in SYMBOLS},
    )
    volumes = draw(st.lists(st.sampled_from((4000, 10**6, 1300, 399, 0)), min_size=33, max_size=33))
    market = replace(
        market,
        volume=np.array([10**6] * 3 + volumes, dtype=float).reshape(12, 3),
        actions=tuple(draw(st.lists(actions(days), min_size=1, max_size=4))),
    )
    first = [order(Side.BUY, one, 1000, "10.00", name=f"FIRST{one[0]}", day=days[0]) for one in SYMBOLS]
    steps = [Step(0, "09:35", placed, 0) for placed in first]
    for number in range(draw(st.integers(6, 18))):
        day, moment = draw(st.sampled_from((1, 2, 2, 1, 0))), draw(st.sampled_from(MOMENTS))
        placed = None if draw(st.integers(0, 5)) == 3 else draw(orders(number, days[day]))
        steps.append(Step(day, moment, placed, draw(st.integers(0, 18))))
    steps[3:] = sorted(steps[3:], key=lambda step: (step.day, step.moment))
    cash = draw(st.sampled_from(("30316.00", "30400.00", "60000.00")))
    return Attack(market, tuple(steps), cash, draw(st.integers(0, 1)))


def days_of(attack: Attack) -> Sequence[date]:
    return [date.fromordinal(one) for one in sorted({*attack.market.days.tolist()})]


class Run:
    """An attack carried out step by step on a ledger."""

    def __init__(self, attack: Attack, ledger: LedgerStore) -> None:
        self.attack, self.ledger = attack, ledger
        self.days = days_of(attack)
        self.clock = VirtualClock(at(self.days[0], "09:00"))
        self.restart()

    def restart(self) -> None:
        self.broker: SimulatedExchange = exchange(
            self.attack.market,
            self.clock,
            ledger=self.ledger,
            cash=self.attack.cash,
            volume_cap=str(CAP),
            slippage_ticks=self.attack.slippage_ticks,
            dividend_tax=True,
        )

    def take(self, step: Step) -> None:
        self.clock.jump(at(self.days[step.day], step.moment))
        if step.placed is not None:
            asyncio.run(self.broker.submit_order(step.placed))
            return
        sent = [one.placed for one in self.attack.steps if one.placed is not None]
        if not sent:
            return
        order_id = sent[step.cancels % len(sent)].order_id
        ack = asyncio.run(self.broker.cancel_order(order_id))
        status = asyncio.run(self.broker.get_order_status(order_id)).status
        # A confirmed cancel and a fill never both win.
        cancelled = status is not None and status.state is OrderState.CANCELLED
        assert (ack.kind is AckKind.ACCEPTED) is cancelled

    def finish(self) -> tuple[Entry, ...]:
        self.clock.jump(at(self.days[-1], "16:00"))
        asyncio.run(self.broker.get_balance())
        return tuple(self.ledger.entries())


def carried_out(attack: Attack) -> tuple[Entry, ...]:
    run = Run(attack, MemoryLedger())
    for step in attack.steps:
        run.take(step)
    return run.finish()


def wrongs(entries: Sequence[Entry], market: Panel | None) -> Iterator[str]:
    """Yield what no exchange may do, by the number of the entry that does it."""
    opened = entries[0]
    assert isinstance(opened, AccountOpened)
    state, sums = LedgerState(), LedgerSums(opened)
    before: datetime = opened.at
    for number, entry in enumerate(entries):
        if isinstance(entry, Filled):
            yield from (f"{number}: {wrong}" for wrong in _bad_fill(entry.fill, state))
        state.apply(entry)
        if number:
            sums.take(entry)
        yield from (f"{number}: {wrong}" for wrong in sums.problems(state))
        if entry.at < before:
            yield f"{number}: goes back in time"
        before = entry.at
    for placed in state.orders.values():
        if placed.filled and not _is_size(placed):
            yield f"{placed.terms.order_id}: {placed.filled} of {placed.terms.shares} is no size"
    if market is not None:
        yield from _too_much(entries, market)


def _bad_fill(fill: Fill, state: LedgerState) -> Iterator[str]:
    placed = state.orders[fill.order_id]
    accepted, price = placed.accepted, fill.price_cny
    assert isinstance(accepted, Accepted)
    if placed.asleep:
        yield "traded asleep"
    if price % rules_of(fill.symbol, fill.trade_date).tick:
        yield f"{price} is off the tick"
    if (accepted.limit_up_cny or price) < price or price < (accepted.limit_down_cny or price):
        yield f"{price} is outside the day's limits"
    worse = price > placed.limit_cny if fill.side is Side.BUY else price < placed.limit_cny
    if worse:
        yield f"{price} is worse than {placed.limit_cny}"
    if not accepted.at <= fill.traded_at <= accepted.expires_at:
        yield f"traded at {fill.traded_at}, not while it worked"
    old = sum(
        lot.shares
        for lot in state.book.lots
        if lot.symbol == fill.symbol and lot.acquired_on < fill.trade_date
    )
    if fill.side is Side.SELL and fill.shares > old:
        yield f"sold {fill.shares}, held overnight {old}"


def _is_size(placed: PlacedOrder) -> bool:
    """Answer whether what an order filled in all is a size the board knows, or the whole order."""
    terms = placed.terms
    rules = rules_of(terms.symbol, terms.day)
    if placed.filled == terms.shares:
        return True
    if terms.side is Side.BUY:
        return round_lot_down(rules, Side.BUY, placed.filled, 0) == placed.filled
    return rules.board in (Board.STAR, Board.BSE) or placed.filled % rules.lots.step == 0


def _too_much(entries: Sequence[Entry], market: Panel) -> Iterator[str]:
    """Yield the bars of which one side got more than a quarter."""
    taken = taken_of(entries)
    for (symbol, side, picture), shares in taken.items():
        row = market.starts.tolist().index(picture)
        if shares > market.volume[row, market.column[symbol]] * float(CAP):
            yield f"{symbol} {side}: {shares} in the bar of row {row}"


def taken_of(entries: Sequence[Entry]) -> dict[tuple[Symbol, Side, float], int]:
    """Return what was traded by symbol, side and the bar or quote it was traded in."""
    taken: dict[tuple[Symbol, Side, float], int] = {}
    for entry in entries:
        if isinstance(entry, Filled) and entry.picture is not None:
            key = (entry.fill.symbol, entry.fill.side, entry.picture)
            taken[key] = taken.get(key, 0) + entry.fill.shares
    return taken


@settings(max_examples=150, deadline=None)
@given(attacks())
def test_nothing_forbidden_happens_on_any_bars(attack: Attack) -> None:
    entries = carried_out(attack)

    assert [*wrongs(entries, attack.market)] == []


@settings(max_examples=40, deadline=None)
@given(attacks())
def test_a_restart_after_every_step_leaves_the_same_ledger(attack: Attack) -> None:
    run = Run(attack, MemoryLedger())
    for step in attack.steps:
        run.take(step)
        run.restart()

    assert run.finish() == carried_out(attack)


class Dying(MemoryLedger):
    """A ledger whose process dies at one write, before or after it is kept."""

    def __init__(self, at_write: int, *, kept: bool) -> None:
        super().__init__()
        self._left, self._kept = at_write, kept

    def append(self, entries: Sequence[Entry]) -> None:
        self._left -= 1
        if self._left == 0 and not self._kept:
            raise KeyboardInterrupt
        super().append(entries)
        if self._left == 0:
            raise KeyboardInterrupt


@settings(max_examples=60, deadline=None)
@given(attacks(), st.integers(2, 12), st.booleans())
def test_a_process_that_dies_at_any_write_and_asks_again_leaves_the_same_ledger(
    attack: Attack, at_write: int, kept: bool
) -> None:
    run = Run(attack, Dying(at_write, kept=kept))
    for step in attack.steps:
        try:
            run.take(step)
        except KeyboardInterrupt:
            run.restart()
            run.take(step)
    try:
        entries = run.finish()
    except KeyboardInterrupt:
        run.restart()
        entries = run.finish()

    assert entries == carried_out(attack)


@settings(max_examples=10, deadline=None)
@given(attacks())
def test_the_file_gives_back_every_entry_as_it_was(attack: Attack) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "exchange.sqlite3"
        file = FileLedger(path)
        run = Run(attack, file)
        for step in attack.steps:
            run.take(step)
        run.finish()
        file.close()

        assert read_entries(path) == carried_out(attack)


@dataclass(frozen=True)
class Look:
    """A book at one moment, and what is done then."""

    seconds: int
    age_s: int
    last: int
    asks: tuple[int, ...] | None
    bids: tuple[int, ...] | None
    shares: int
    side: Side
    size: int
    limit: int
    cancels: bool


LOOKS = st.builds(
    Look,
    seconds=st.integers(0, 400),
    age_s=st.sampled_from((0, 1, 60, 179, 200)),
    last=st.integers(980, 1020),
    asks=st.none()
    | st.lists(st.integers(1000, 1030), max_size=5, unique=True).map(lambda one: (*sorted(one),)),
    bids=st.none()
    | st.lists(st.integers(970, 999), max_size=5, unique=True).map(lambda one: (*sorted(one, reverse=True),)),
    shares=st.sampled_from((0, 1, 15, 100, 130, 1000)),
    side=st.sampled_from(Side),
    size=st.sampled_from((100, 130, 300, 500, 1000)),
    limit=st.integers(970, 1040),
    cancels=st.booleans(),
)


def prices(cents: tuple[int, ...] | None) -> tuple[str, ...] | None:
    return None if cents is None else tuple(f"{one / 100:.2f}" for one in cents)


@settings(max_examples=150, deadline=None)
@given(st.lists(LOOKS, min_size=1, max_size=12))
def test_nothing_forbidden_happens_on_any_books(looks: list[Look]) -> None:
    ledger = MemoryLedger()
    market = panel(
        {MAIN: [(10.0, 10.0, 10.0, 10.0)] * 4}, days=(date(2026, 7, 13),), prev_close={MAIN: (10.0,)}
    )
    before = exchange(market, VirtualClock(at(date(2026, 7, 13), "09:35")), ledger=ledger)
    held = order(Side.BUY, MAIN, 2000, "10.00", name="HELD")
    asyncio.run(before.submit_order(held))
    desk, shown = Desk(ledger=ledger), dict[float, list[Look]]()

    for number, look in enumerate(looks):
        desk.clock.jump(desk.clock.now() + timedelta(seconds=look.seconds))
        vendor = desk.vendor
        vendor.asks, vendor.bids, vendor.last = prices(look.asks), prices(look.bids), f"{look.last / 100:.2f}"
        vendor.shares, vendor.age_s = look.shares, look.age_s
        placed = order(look.side, MAIN, look.size, f"{look.limit / 100:.2f}", name=f"L{number:02}", day=TUE)
        asyncio.run(desk.broker.submit_order(placed))
        if look.cancels:
            asyncio.run(desk.broker.cancel_order(placed.order_id))
        shown.setdefault(desk.clock.now().timestamp() - look.age_s, []).append(look)

    entries = tuple(ledger.entries())
    assert [*wrongs(entries, None)] == []
    for (_, side, picture), shares in taken_of(entries[3:]).items():
        assert shares <= max(there(look, side) for look in shown[picture])


def there(look: Look, side: Side) -> float:
    """Return how many shares stood against a side; a side that is not known has no end."""
    levels = look.asks if side is Side.BUY else look.bids
    return float("inf") if levels is None else len(levels) * look.shares
