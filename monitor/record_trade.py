"""One trade of a record with everything the dated rules judge it by. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from monitor.foreign_record import Action, RecordLine
from services.domain.fills import Fees
from services.domain.instruments import Instrument, Kind, Symbol
from services.domain.money import ZERO, ceil_to_tick, floor_to_tick
from services.domain.orders import Rule, Side
from services.rules import Rules

_WHOLE_BP = Decimal(10_000)

Refused = Iterator[tuple[Rule, str]]


@dataclass(slots=True)
class Day:
    """What was bought and sold of each symbol so far on one day, and what else of it may be sold.

    `opening` is what was held before the day, and what came in it without being bought.
    """

    day: date
    opening: dict[str, int]
    bought: dict[str, int] = field(default_factory=dict)
    sold: dict[str, int] = field(default_factory=dict)

    def add(self, before: RecordLine, line: RecordLine) -> None:
        """Go on past a line."""
        symbol = line.symbol
        if line.action.trades:
            moved = self.bought if line.action is Action.BUY else self.sold
            moved[symbol] = moved.get(symbol, 0) + line.shares
        elif line.action in (Action.BONUS, Action.ADJUST):
            came = line.holdings.get(symbol, 0) - before.holdings.get(symbol, 0)
            self.opening[symbol] = self.opening.get(symbol, 0) + came


@dataclass(slots=True, kw_only=True)
class Order:
    """The fills of one order on one day: how many shares they are in all, and what they came to so far.

    `held` are the shares before the first of them, `last` is the line of the last. A line that names no
    order is one of its own.
    """

    held: int
    shares: int
    last: int
    amount: Decimal = ZERO
    commission: Decimal = ZERO

    def add(self, amount: Decimal, fees: Fees) -> None:
        """Go on past a fill; the commission's minimum is taken once an order."""
        self.amount += amount
        self.commission += fees.commission


def orders_of(lines: Sequence[RecordLine]) -> dict[int, Order]:
    """Return the order of each trade, by line number."""
    orders: dict[int, Order] = {}
    named: dict[tuple[str, str, Action, date], Order] = {}
    for before, line in pairwise(lines):
        if not line.action.trades:
            continue
        key = (line.order_id, line.symbol, line.action, line.day)
        order = named.get(key) if line.order_id else None
        if order is None:
            held = before.holdings.get(line.symbol, 0)
            order = named[key] = Order(held=held, shares=0, last=line.number)
        order.shares += line.shares
        order.last = line.number
        orders[line.number] = order
    return orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Slippage:
    """By how much simulated fills may be worse than their bar: `bp` of the price, then `ticks`."""

    bp: Decimal = Decimal(0)
    ticks: int = 0

    def reach(self, side: Side, low: Decimal, high: Decimal, tick: Decimal) -> tuple[Decimal, Decimal]:
        """Return the lowest and highest price at which a bar lets a side trade, on ticks.

        Adjusted prices lie between ticks: a bar reaches to the ticks around it.
        """
        ratio, away = self.bp / _WHOLE_BP, self.ticks * tick
        if side is Side.BUY:
            return floor_to_tick(low, tick), ceil_to_tick(high * (1 + ratio), tick) + away
        return floor_to_tick(low * (1 - ratio), tick) - away, ceil_to_tick(high, tick)


NO_SLIPPAGE = Slippage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One trade; `bars` are those it may have been in, none where there is no such bar."""

    line: RecordLine
    before: RecordLine
    day: Day
    order: Order
    symbol: Symbol
    instrument: Instrument
    kind: Kind
    rules: Rules
    bars: tuple[int, ...]
    price: Decimal | None

    @property
    def side(self) -> Side:
        """Which way the shares moved."""
        return Side.BUY if self.line.action is Action.BUY else Side.SELL

    @property
    def held(self) -> int:
        """The shares before the line, by the record."""
        return self.before.holdings.get(self.line.symbol, 0)
