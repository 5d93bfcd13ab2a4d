"""What the declared ex-days of a price file owe a record, and which of its lines booked it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from monitor.foreign_record import Action, RecordLine
from monitor.record_prices import LabelledPrices
from services.domain.bars import CorporateAction
from services.domain.instruments import Symbol
from services.domain.money import CENT, ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class ExDay:
    """All that one symbol distributes on one day, a share held before it; cash in CNY (US: USD)."""

    symbol: Symbol
    day: date
    cash: Decimal = ZERO
    shares: Decimal = ZERO
    bonus: Decimal = ZERO

    def per_share(self, action: Action) -> Decimal:
        """Return what a dividend, or bonus shares, bring a share held."""
        return self.cash if action is Action.DIVIDEND else self.shares


Booking = tuple[Symbol, date, Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings:
    """The declared ex-days, which of them the record booked, and what its lines were due.

    `due` is by line number: CNY or shares, 0 where no declared ex-day stands behind the line. It holds
    no line of a record whose prices declare nothing, nor one after a line that cannot be read.
    """

    ex_days: tuple[ExDay, ...]
    booked: frozenset[Booking]
    due: Mapping[int, Decimal]


def bookings_of(lines: Sequence[RecordLine], prices: LabelledPrices) -> Bookings:
    """Return how the dividends and bonus shares a record booked stand to the declared ex-days.

    A line that says which ex-day it is of is held against that one, any other against those up to its
    date; each can be booked once. Cash may differ by less than a cent from shares times cash a share,
    and shares may have the fraction that clearing allots.
    """
    ex_days = _by_day(prices.panel.actions)
    booked: set[Booking] = set()
    due: dict[int, Decimal] = {}
    for before, line in pairwise(lines):
        if line.action not in (Action.DIVIDEND, Action.BONUS) or not ex_days:
            continue
        brought = _brought(before, line)
        open_days = [one for one in ex_days if _may_be(one, line, prices, booked)]
        owed = {one: _held(one, lines, prices) * one.per_share(line.action) for one in open_days}
        fits = [one for one in open_days if line.after_gap or _fits(brought, owed[one], line.action)]
        chosen = (fits or open_days)[-1:]
        booked |= {(one.symbol, one.day, line.action) for one in chosen}
        if not line.after_gap:
            due[line.number] = brought if fits else _whole(owed[chosen[0]] if chosen else ZERO, line.action)
    return Bookings(ex_days=ex_days, booked=frozenset(booked), due=due)


def _by_day(actions: Iterable[CorporateAction]) -> tuple[ExDay, ...]:
    days: dict[tuple[date, Symbol], ExDay] = {}
    for one in actions:
        before = days.get((one.ex_date, one.symbol), ExDay(symbol=one.symbol, day=one.ex_date))
        days[one.ex_date, one.symbol] = ExDay(
            symbol=one.symbol,
            day=one.ex_date,
            cash=before.cash + one.cash_per_share,
            shares=before.shares + one.shares_per_share,
            bonus=before.bonus + one.bonus_per_share,
        )
    return tuple(days[key] for key in sorted(days))


def _may_be(one: ExDay, line: RecordLine, prices: LabelledPrices, booked: set[Booking]) -> bool:
    """Answer whether a line can be what an ex-day brought."""
    if one.symbol != prices.symbol(line.symbol) or (one.symbol, one.day, line.action) in booked:
        return False
    in_time = one.day <= line.day if line.ex_date is None else one.day == line.ex_date
    return in_time and one.per_share(line.action) > 0


def _held(one: ExDay, lines: Sequence[RecordLine], prices: LabelledPrices) -> int:
    """Return the shares of the record's last line before an ex-day, of its first where it begins later."""
    before = next((line for line in reversed(lines) if line.day < one.day), lines[0])
    return sum(held for name, held in before.holdings.items() if prices.symbol(name) == one.symbol)


def _brought(before: RecordLine, line: RecordLine) -> Decimal:
    """Return the cash, or the shares, that came with a line."""
    if line.action is Action.DIVIDEND:
        return line.cash - before.cash
    return Decimal(line.holdings.get(line.symbol, 0) - before.holdings.get(line.symbol, 0))


def _fits(brought: Decimal, owed: Decimal, action: Action) -> bool:
    return abs(brought - owed) < (CENT if action is Action.DIVIDEND else 1)


def _whole(owed: Decimal, action: Action) -> Decimal:
    """Return what is owed as it is paid: a fraction is cut off."""
    unit = CENT if action is Action.DIVIDEND else Decimal(1)
    return owed // unit * unit
