"""What a history left, read once for all checks: the journal's events with what they hold."""

from __future__ import annotations

import json
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from services.brokers.ledger import Accepted, AccountOpened, Filled, Moved
from services.brokers.ledger_state import LedgerState
from services.clock import ReplayClock
from services.domain.book import Book, BookBroken
from services.domain.events import Event, Settlement
from services.domain.fills import Fill, Movement
from services.domain.instruments import Symbol
from services.domain.orders import OrderId, OrderState
from services.journal.account import Account
from services.journal.journal import Journal
from services.ports import EventStore
from tests.simulation.process import Outside
from tests.simulation.scenario import Kind
from tests.unit.world import Memory


@dataclass(frozen=True, kw_only=True)
class Step:
    """An event, what it holds, and the book after it."""

    event: Event
    value: object
    book: Book


class Past:
    """One history, and what the exchange's own ledger says of it."""

    def __init__(self, outside: Outside) -> None:
        self.outside, self.scenario = outside, outside.scenario
        self.steps: list[Step] = []
        self.panels = Memory(self.scenario.market)
        self.broken = ""
        try:
            self.journal = self._folded(outside.store)
        except BookBroken as broken:
            self.broken = str(broken)
            whole = _Begun(outside.store, len(self.steps))
            self.steps = []
            self.journal = self._folded(whole)

    def _folded(self, store: EventStore) -> Journal:
        clock = ReplayClock(self.scenario.start)
        return Journal(store, "main", clock, self.panels.get, (self._take,))

    def _take(self, event: Event, value: object, account: Account) -> None:
        self.steps.append(Step(event=event, value=value, book=account.book))

    def of(self, kind: str) -> list[Step]:
        return [step for step in self.steps if step.event.kind == kind]

    def value(self, session: str, step: str) -> object:
        event = self.journal.find(session, step)
        return None if event is None else self.journal.value(event)

    @property
    def machine(self) -> bool:
        """Whether its processes ran on a machine's clock."""
        return self.scenario.kind is not Kind.RECORDED

    @property
    def wire(self) -> bool:
        return self.scenario.kind is Kind.WIRE

    @cached_property
    def truth(self) -> Truth:
        return _wire_truth(self.outside) if self.wire else _ledger_truth(self.outside)

    @property
    def settled(self) -> dict[OrderId, Settlement]:
        """Return the words of a person that count, by their order."""
        return self.journal.account.settlements

    @cached_property
    def settled_at(self) -> dict[OrderId, int]:
        """Return the number of the event that holds the word, by its order."""
        return {
            step.value.order_id: step.event.seq for step in self.steps if isinstance(step.value, Settlement)
        }

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """Return the audit trail's lines, as far as they can be read."""
        found: list[dict[str, Any]] = []
        for line in self.outside.audit.read_bytes().splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found


class _Begun:
    """The first events of a store: those before one that cannot have happened."""

    def __init__(self, store: EventStore, count: int) -> None:
        self._store, self._count = store, count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def events(self) -> tuple[Event, ...]:
        return tuple(self._store.events())[: self._count]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the exchange knows: how each order it ever had ended, what traded, moved and is held."""

    states: dict[OrderId, OrderState]
    accepted: list[OrderId]
    fills: list[Fill]
    movements: list[Movement]
    cash: Decimal
    shares: dict[Symbol, int]

    def missing(self, known: Container[str]) -> list[Movement]:
        """Return the movements that are not among those known."""
        return [one for one in self.movements if one.movement_id not in known]


def _wire_truth(outside: Outside) -> Truth:
    exchange = outside.exchange
    return Truth(
        states={order_id: held.state for order_id, held in exchange.orders.items()},
        accepted=[one for one, held in exchange.orders.items() if held.state is not OrderState.REJECTED],
        fills=[one.fill for one in exchange.traded],
        movements=exchange.movements,
        cash=exchange.cash_cny,
        shares={symbol: shares for symbol, shares in exchange.shares.items() if shares},
    )


def _ledger_truth(outside: Outside) -> Truth:
    """Return the ledger's entries as plain sums; only what became of an order is its fold's word."""
    state, shares = LedgerState(), dict[Symbol, int]()
    accepted: list[OrderId] = []
    fills: list[Fill] = []
    movements: list[Movement] = []
    cash = outside.scenario.cash_cny
    for entry in outside.ledger.entries():
        state.apply(entry)
        match entry:
            case AccountOpened():
                cash = entry.cash_cny
            case Accepted():
                accepted.append(entry.terms.order_id)
            case Filled():
                fill, sign = entry.fill, 1 if entry.fill.side == "buy" else -1
                fills.append(fill)
                cash -= sign * fill.amount_cny + fill.fees.total
                shares[fill.symbol] = shares.get(fill.symbol, 0) + sign * fill.shares
            case Moved():
                movements.append(entry.movement)
                cash += entry.movement.cash_cny
                shares[entry.movement.symbol] = shares.get(entry.movement.symbol, 0) + entry.movement.shares
            case _:
                pass
    return Truth(
        states={order_id: placed.state for order_id, placed in state.orders.items()},
        accepted=accepted,
        fills=fills,
        movements=movements,
        cash=cash,
        shares={symbol: count for symbol, count in shares.items() if count},
    )
