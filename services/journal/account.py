"""The account as the journal tells it: a fold that moves forward event by event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from services.domain.book import Book, OrderEnded
from services.domain.events import (
    Closed,
    Event,
    Genesis,
    Halt,
    Look,
    Opened,
    Opening,
    Outcome,
    Rested,
    RunFinished,
    StageKind,
    Verdicts,
)
from services.domain.fills import Fill, Movement
from services.domain.orders import OrderId, OrderTerms, SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage after a session's close: the book and the waiting orders at its start."""

    kind: StageKind
    book: Book
    waiting: tuple[OrderTerms, ...]


@dataclass(slots=True)
class SessionState:
    """What of a session matters to the ones after it.

    `opening` is the book at the session's first event; `ordinal` counts the account's sessions from
    0; `waiting` are orders whose time has not come; `orders` are those that left or were about to;
    `stages` counts the finished stages after its close, and `stage` is one that began and has not
    ended. `books` are the books that verdicts were given on, by step: what is settled again after a
    cut must look at the same.
    """

    opened: Opened
    opening: Book
    ordinal: int = 0
    outcome: Outcome | None = None
    waiting: dict[OrderId, OrderTerms] = field(default_factory=dict)
    orders: dict[OrderId, OrderTerms] = field(default_factory=dict)
    stages: int = 0
    stage: Stage | None = None
    books: dict[str, Book] = field(default_factory=dict)


class Account:
    """The fold of one account's events: book, sessions, halts. `apply` moves it one event forward."""

    def __init__(self) -> None:
        self.genesis: Genesis | None = None
        self.book = Book(cash_cny=Decimal("0.00"))
        self.sessions: dict[str, SessionState] = {}
        self.unfinished: str | None = None
        self.last_session: SessionState | None = None
        self.halts: dict[str, tuple[int, Halt]] = {}
        self.fills: set[str] = set()
        self.movements: dict[str, int] = {}
        self.order_session: dict[OrderId, SessionId] = {}
        self.day: date | None = None
        self.day_equity_cny: Decimal | None = None
        self.finished: RunFinished | None = None
        self._waiting: dict[str, SessionState] = {}
        self._in_stage: dict[str, SessionState] = {}

    def apply(self, event: Event, value: object) -> None:
        """Move the fold over one event and its decoded body. Kinds that change nothing are passed over."""
        step = _STEPS.get(type(value))
        if step is not None:
            step(self, event, value)

    def waiting(self) -> tuple[SessionState, ...]:
        """Return the closed sessions that have orders whose time has not come, oldest first."""
        return tuple(self._waiting.values())

    def working(self) -> tuple[OrderTerms, ...]:
        """Return the orders that left and have not ended, oldest first."""
        if not self.book.open_orders:
            return ()
        return tuple(
            self.sessions[self.order_session[order.order_id]].orders[order.order_id]
            for order in self.book.open_orders
        )

    def in_stage(self) -> tuple[SessionState, ...]:
        """Return the sessions whose last stage was cut off."""
        return tuple(self._in_stage.values())

    def halts_before(self, seq: int) -> tuple[Halt, ...]:
        """Return the halts recorded before the event `seq`."""
        return tuple(halt for since, halt in self.halts.values() if since < seq)

    def _genesis(self, _event: Event, value: Genesis) -> None:
        self.genesis = value
        self.book = Book(cash_cny=value.cash_cny)

    def _opened(self, event: Event, value: Opened) -> None:
        state = SessionState(opened=value, opening=self.book, ordinal=len(self.sessions))
        self.sessions[event.session] = self.last_session = state
        self.unfinished = event.session

    def _opening(self, _event: Event, value: Opening) -> None:
        day = self.last_session.opened.day if self.last_session else None
        if day != self.day:
            self.day, self.day_equity_cny = day, value.equity_cny

    def _verdicts(self, event: Event, value: Verdicts) -> None:
        state = self.sessions[event.session]
        state.books[event.step] = self.book
        state.waiting.update((terms.order_id, terms) for terms in value.waiting)

    def _intended(self, event: Event, value: OrderTerms) -> None:
        state = self.sessions[event.session]
        state.waiting.pop(value.order_id, None)
        state.orders[value.order_id] = value
        self.order_session[value.order_id] = value.session
        self.book = self.book.after(value)

    def _fill(self, _event: Event, value: Fill) -> None:
        if value.fill_id not in self.fills:
            self.fills.add(value.fill_id)
            self.book = self.book.after(value)

    def _ended(self, _event: Event, value: OrderEnded) -> None:
        self.book = self.book.after(value)

    def _movement(self, event: Event, value: Movement) -> None:
        if value.movement_id not in self.movements:
            self.movements[value.movement_id] = event.seq
            self.book = self.book.after(value)

    def _halt(self, event: Event, value: Halt) -> None:
        self.halts.setdefault(value.symbol, (event.seq, value))

    def _closed(self, event: Event, value: Closed) -> None:
        state = self.sessions[event.session]
        state.outcome = value.outcome
        self.unfinished = None
        if state.waiting:
            self._waiting[event.session] = state

    def _look(self, event: Event, value: Look) -> None:
        state = self.sessions[event.session]
        state.stage = Stage(kind=value.stage, book=self.book, waiting=tuple(state.waiting.values()))
        self._in_stage[event.session] = state

    def _rested(self, event: Event, _value: Rested) -> None:
        state = self.sessions[event.session]
        if state.stage is not None and state.stage.kind is StageKind.WAKE:
            state.waiting.clear()
            self._waiting.pop(event.session, None)
        state.stages, state.stage = state.stages + 1, None
        self._in_stage.pop(event.session, None)

    def _finished(self, _event: Event, value: RunFinished) -> None:
        self.finished = value


_STEPS: Mapping[type, Callable[..., None]] = {
    Genesis: Account._genesis,
    Opened: Account._opened,
    Opening: Account._opening,
    Verdicts: Account._verdicts,
    OrderTerms: Account._intended,
    Fill: Account._fill,
    OrderEnded: Account._ended,
    Movement: Account._movement,
    Halt: Account._halt,
    Closed: Account._closed,
    Look: Account._look,
    Rested: Account._rested,
    RunFinished: Account._finished,
}
