"""The account as the journal tells it: a fold that moves forward event by event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MethodType

import msgspec

from services.domain.book import Book, OrderEnded
from services.domain.decision import Decision
from services.domain.events import (
    Asked,
    Check,
    Closed,
    Dividend,
    Event,
    Exits,
    Genesis,
    Halt,
    HaltCause,
    Lift,
    Look,
    Opened,
    Opening,
    Outcome,
    Rested,
    RunFinished,
    Settlement,
    StageKind,
    Verdicts,
    WaitsOn,
)
from services.domain.fills import Fill, Movement, MovementKind
from services.domain.inbox import HaltKey, Pause, Taken, key_of, killed_by, lifted_by, pause_after, place_of
from services.domain.instruments import Market, Symbol
from services.domain.money import ZERO
from services.domain.orders import Intent, OrderId, OrderTerms, SessionId, Side
from services.domain.past import Payout
from services.domain.quotes import PanelSnapshot, Snapshot, VendorSnapshot
from services.domain.statement import CANCEL, Ack
from services.domain.value import Value
from services.slots import ZONES

Fold = Callable[..., None]
"""Moves an account over an event and its decoded body."""


class Standing(Value, frozen=True, kw_only=True):
    """What limits look at beside the book, as of one moment.

    Orders and cancels that left on `day`, and the CNY of the orders at their limits; how many of the
    last sales in a row lost money; the highest equity a session found, the highest price of each
    holding and the dividends it received; the halts in force.
    """

    day: date | None = None
    orders: int = 0
    cancels: int = 0
    notional_cny: Decimal = ZERO
    losing_sales: int = 0
    peak_equity_cny: Decimal = ZERO
    peaks_cny: Mapping[str, Decimal] = msgspec.field(default_factory=dict)
    dividends: Mapping[str, tuple[Dividend, ...]] = msgspec.field(default_factory=dict)
    halts: tuple[Halt, ...] = ()


_SELL = Side.SELL
_NO_BOOK, _NO_STANDING = Book(cash_cny=ZERO), Standing()


class Stage(Value, frozen=True, kw_only=True):
    """A stage after a session's close: the book, the waiting orders and the standing at its start."""

    kind: StageKind
    book: Book
    waiting: tuple[OrderTerms, ...]
    standing: Standing


class SessionState(msgspec.Struct):
    """What of a session matters to the ones after it.

    `opening` and `standing` are book and standing at the session's first event; `ordinal` counts the
    account's sessions from 0; `waiting` are orders whose time has not come; `orders` are those that
    left or were about to; `woken_at` is when those that wait were woken last, `waits_on` which of them
    wait on after this stage; `stages` counts the finished stages after its close, and `stage` is one
    that began and has not ended. `books` are the books that verdicts were given on, by step: what is
    settled again after a cut must look at the same. `pause` is the one its first event was written in:
    such a session is on record as missed, or about to be. `killed` tells that its orders waited when the
    kill file was found, and never leave. `found`, `seen` and `intents` are the account as
    the session found it, the prices it was decided on and all that was asked for: what its waiting orders
    are judged by when they wake. They are let go with the last of those.
    """

    opened: Opened
    opening: Book
    standing: Standing = msgspec.field(default_factory=Standing)
    ordinal: int = 0
    outcome: Outcome | None = None
    waiting: dict[OrderId, OrderTerms] = msgspec.field(default_factory=dict)
    orders: dict[OrderId, OrderTerms] = msgspec.field(default_factory=dict)
    stages: int = 0
    stage: Stage | None = None
    woken_at: datetime | None = None
    waits_on: tuple[OrderId, ...] = ()
    books: dict[str, Book] = msgspec.field(default_factory=dict)
    pause: Pause | None = None
    killed: str = ""
    found: Opening | None = None
    seen: Snapshot | None = None
    intents: tuple[Intent, ...] = ()

    def let_go(self) -> None:
        """Forget what waiting orders are judged by: there are none any more."""
        self.found = self.seen = None
        self.intents = ()


class Account:
    """The fold of one account's events: book, sessions, halts. `apply` moves it one event forward.

    `halted_at` tells since when each halt in force is; `taken` the commands that the journal
    holds; `paused` is there while no session begins; `gains` what each fill of a sale
    earned; `payouts` what a held share brought.
    `day_session` is the first session of the last day that looked at the account. `unresolved` are the
    orders that halted their symbol because the broker cannot tell of them, until it or a person does;
    `settlements` are the words of a person that ended them. `checked_at` is when the broker's whole
    statement was last asked for outside a session.
    """

    def __init__(self) -> None:
        self.genesis: Genesis | None = None
        self.book = Book(cash_cny=Decimal("0.00"))
        self.sessions: dict[str, SessionState] = {}
        self.unfinished: str | None = None
        self.last_session: SessionState | None = None
        self.halts: dict[HaltKey, Halt] = {}
        self.halted_at: dict[HaltKey, datetime] = {}
        self.taken = Taken()
        self.unresolved: dict[OrderId, Halt] = {}
        self.settlements: dict[OrderId, Settlement] = {}
        self.checked_at: datetime | None = None
        self.paused: Pause | None = None
        self.fills: set[str] = set()
        self.movements: dict[str, int] = {}
        self.order_session: dict[OrderId, SessionId] = {}
        self.day: date | None = None
        self.day_session = ""
        self.day_equity_cny: Decimal | None = None
        self.finished: RunFinished | None = None
        self.traded_days: list[date] = []
        self.peak_equity_cny = ZERO
        self.peaks_cny: Mapping[str, Decimal] = {}
        self.dividends: Mapping[str, tuple[Dividend, ...]] = {}
        self.gains: dict[str, Decimal] = {}
        self.payouts: dict[Symbol, list[Payout]] = {}
        self._traffic_day: date | None = None
        self._orders, self._cancels, self._notional_cny = 0, 0, ZERO
        self._sales: dict[OrderId, Decimal] = {}
        self._carried: dict[Symbol, Decimal] = {}
        self._waiting: dict[str, SessionState] = {}
        self._in_stage: dict[str, SessionState] = {}
        self._forgotten: Opened | None = None

    @property
    def folds(self) -> Mapping[type, Fold]:
        """What takes the bodies that change something, by their type: may be called in place of `apply`."""
        return {kind: MethodType(step, self) for kind, step in _STEPS.items()}

    def apply(self, event: Event, value: object) -> None:
        """Move the fold over one event and its decoded body. Kinds that change nothing are passed over."""
        step = _STEPS.get(type(value))
        if step is not None:
            step(self, event, value)

    def forget(self, session: str) -> bool:
        """Let go of what only the session itself and its stages look at, unless something of it is open.

        Returns whether nothing is.
        """
        state = self.sessions[session]
        if state.outcome is None or state.stage is not None or state.waiting:
            return False
        if self.unresolved and not self.unresolved.keys().isdisjoint(state.orders):
            return False
        working = self.book.open_orders
        if working and any(order.order_id in state.orders for order in working):
            return False
        state.opening, state.standing, state.books = _NO_BOOK, _NO_STANDING, {}
        state.opened = self._forgotten = _sharing(state.opened, self._forgotten or state.opened)
        return True

    def waiting(self) -> tuple[SessionState, ...]:
        """Return the closed sessions that have orders whose time has not come, oldest first."""
        if not self._waiting:
            return ()
        # While a session's orders are woken, none of them may be left before its stage has ended.
        return tuple(state for state in self._waiting.values() if state.waiting)

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

    def standing(self) -> Standing:
        """Return what limits look at beside the book, as of the last event."""
        return Standing(
            day=self._traffic_day,
            orders=self._orders,
            cancels=self._cancels,
            notional_cny=self._notional_cny,
            losing_sales=self.losing_sales,
            peak_equity_cny=self.peak_equity_cny,
            peaks_cny=self.peaks_cny,
            dividends=self.dividends,
            halts=tuple(self.halts.values()),
        )

    @property
    def losing_sales(self) -> int:
        """How many of the last sales in a row lost money; an order is one sale.

        The fees of purchase and sale count, and so do the cash dividends received, before tax; both are
        spread evenly over the shares held when they were paid.
        """
        found = 0
        for gain in reversed(self._sales.values()):
            if gain >= 0:
                break
            found += 1
        return found

    def _genesis(self, _event: Event, value: Genesis) -> None:
        self.genesis = value
        self.book = Book(cash_cny=value.cash_cny)

    def _opened(self, event: Event, value: Opened) -> None:
        state = SessionState(
            opened=value,
            opening=self.book,
            standing=self.standing(),
            ordinal=len(self.sessions),
            pause=self.paused,
        )
        self.sessions[event.session] = self.last_session = state
        self.unfinished = event.session

    def _opening(self, event: Event, value: Opening) -> None:
        self.sessions[event.session].found = value
        day = self.last_session.opened.day if self.last_session else None
        if day is not None and day != self.day:
            self.day, self.day_session, self.day_equity_cny = day, event.session, None
            self.traded_days.append(day)
        if self.day_equity_cny is None and not value.unpriced:
            self.day_equity_cny = value.day_equity_cny
        self.peak_equity_cny, self.peaks_cny = value.peak_equity_cny, value.peaks_cny
        self.dividends = value.dividends

    def _shown(self, event: Event, value: PanelSnapshot | VendorSnapshot) -> None:
        if event.step == "prices":
            self.sessions[event.session].seen = value

    def _wanted(self, event: Event, value: Exits | Decision) -> None:
        state = self.sessions[event.session]
        state.intents += value.intents

    def _verdicts(self, event: Event, value: Verdicts) -> None:
        state = self.sessions[event.session]
        state.books[event.step] = self.book
        for terms in value.waiting:
            state.waiting[terms.order_id] = terms

    def _intended(self, event: Event, value: OrderTerms) -> None:
        state = self.sessions[event.session]
        state.waiting.pop(value.order_id, None)
        state.orders[value.order_id] = value
        self.order_session[value.order_id] = value.session
        self.book = self.book.after_intended(value)
        self._on_day(value.day)
        self._orders += 1
        self._notional_cny += value.limit_cny * value.shares

    def _ack(self, event: Event, _value: Ack) -> None:
        if CANCEL in event.step and self.genesis is not None:
            at = datetime.fromisoformat(event.at)
            self._on_day(at.astimezone(ZONES[Market(self.genesis.market)]).date())
            self._cancels += 1

    def _on_day(self, day: date) -> None:
        if day != self._traffic_day:
            self._traffic_day = day
            self._orders, self._cancels, self._notional_cny = 0, 0, ZERO

    def _fill(self, _event: Event, value: Fill) -> None:
        if value.fill_id in self.fills:
            return
        self.fills.add(value.fill_id)
        before, self.book = self.book, self.book.after_fill(value)
        if value.side is _SELL:
            self._sold(value, before)
        else:
            self._carry(value.symbol, value.fees.total)

    def _sold(self, fill: Fill, before: Book) -> None:
        symbol = fill.symbol
        gain = gain_cny(fill, before, self.book)
        self.gains[fill.fill_id] = gain
        carried = self._carried.get(symbol, ZERO) * fill.shares / before.held(symbol)
        self._carry(symbol, -carried)
        self._sales[fill.order_id] = self._sales.get(fill.order_id, ZERO) + gain - carried

    def _carry(self, symbol: Symbol, cost_cny: Decimal) -> None:
        """Add to what a holding cost beside its price: fees, less the dividends it received."""
        carried = self._carried.pop(symbol, ZERO) + cost_cny
        if self.book.held(symbol):
            self._carried[symbol] = carried

    def _ended(self, _event: Event, value: OrderEnded) -> None:
        self.book = self.book.after_ended(value)

    def _movement(self, event: Event, value: Movement) -> None:
        if value.movement_id not in self.movements:
            self.movements[value.movement_id] = event.seq
            if value.kind is not MovementKind.ADJUST:
                self._paid_out(event.seq, value)
                self._carry(value.symbol, -value.cash_cny)
            self.book = self.book.after_movement(value)

    def _paid_out(self, seq: int, value: Movement) -> None:
        held = self.book.held(value.symbol)
        if held:
            payout = Payout(
                seq=seq,
                day=value.day,
                cny_per_share=value.cash_cny / held,
                shares_per_share=Decimal(value.shares) / held,
            )
            self.payouts.setdefault(value.symbol, []).append(payout)

    def _halt(self, event: Event, value: Halt) -> None:
        """Keep the first halt of the strictest cause, and beside it what limits halt."""
        self._took(event)
        key = key_of(value)
        held = self.halts.get(key)
        if held is None or value.cause.strictness > held.cause.strictness:
            self.halts[key], self.halted_at[key] = value, datetime.fromisoformat(event.at)
        if value.cause is HaltCause.UNRESOLVED:
            self.unresolved[OrderId(value.by)] = value

    def _lift(self, event: Event, value: Lift) -> None:
        """End all halts of a symbol or account; where a limit had made one, what limits count begins anew.

        What ends one order's halt tells that the order is resolved.
        """
        self._took(event)
        self.unresolved.pop(OrderId(value.order_id), None)
        for key in lifted_by(value, self.halts):
            del self.halted_at[key]
            if self.halts.pop(key).cause is HaltCause.LIMIT:
                self.peak_equity_cny = ZERO
                self._sales.clear()

    def _settlement(self, event: Event, value: Settlement) -> None:
        self._took(event)
        if value.order_id in self.unresolved:
            self.settlements[value.order_id] = value

    def _check(self, _event: Event, value: Check) -> None:
        self.checked_at = value.moment

    def _asked(self, event: Event, value: Asked) -> None:
        self._took(event)
        self.paused = pause_after(self.paused, value, datetime.fromisoformat(event.at))
        words = killed_by(event.step, value)
        if words:
            for state in self._waiting.values():
                state.killed = state.killed or words

    def _took(self, event: Event) -> None:
        """Keep which command of which inbox an event holds, if it holds one."""
        place = place_of(event.step)
        if place is not None:
            self.taken.take(place)

    def _closed(self, event: Event, value: Closed) -> None:
        state = self.sessions[event.session]
        state.outcome = value.outcome
        self.unfinished = None
        if state.waiting:
            self._waiting[event.session] = state
        else:
            state.let_go()

    def _look(self, event: Event, value: Look) -> None:
        state = self.sessions[event.session]
        state.stage = Stage(
            kind=value.stage,
            book=self.book,
            waiting=tuple(state.waiting.values()),
            standing=self.standing(),
        )
        if value.stage is StageKind.WAKE:
            state.woken_at = value.moment
        self._in_stage[event.session] = state

    def _waits_on(self, event: Event, value: WaitsOn) -> None:
        self.sessions[event.session].waits_on = value.orders

    def _rested(self, event: Event, _value: Rested) -> None:
        state = self.sessions[event.session]
        if state.stage is not None and state.stage.kind in (StageKind.WAKE, StageKind.LAPSE):
            state.waiting = {one: terms for one, terms in state.waiting.items() if one in state.waits_on}
            state.waits_on = ()
            if not state.waiting:
                self._waiting.pop(event.session, None)
                state.let_go()
        state.stages, state.stage = state.stages + 1, None
        self._in_stage.pop(event.session, None)

    def _finished(self, _event: Event, value: RunFinished) -> None:
        self.finished = value


def _sharing(opened: Opened, other: Opened) -> Opened:
    """Return the same, with what takes room in it and is equal in another taken from there."""
    if opened.versions is other.versions or opened.versions != other.versions:
        return opened
    config_hash = other.config_hash if opened.config_hash == other.config_hash else opened.config_hash
    return msgspec.structs.replace(opened, versions=other.versions, config_hash=config_hash)


def gain_cny(sale: Fill, before: Book, after: Book) -> Decimal:
    """Return what a sale earned: its amount less its fees and the cost of the oldest shares."""
    cost = cost_cny(before, sale.symbol) - cost_cny(after, sale.symbol)
    return sale.amount_cny - sale.fees.total - cost


def cost_cny(book: Book, symbol: Symbol) -> Decimal:
    """Return what was paid for all that is held of `symbol`, without fees."""
    cost = ZERO
    for lot in book.lots:
        if lot.symbol == symbol:
            cost += lot.cost_cny
    return cost


_STEPS: Mapping[type, Callable[..., None]] = {
    Ack: Account._ack,
    Asked: Account._asked,
    Check: Account._check,
    Genesis: Account._genesis,
    Opened: Account._opened,
    Opening: Account._opening,
    PanelSnapshot: Account._shown,
    VendorSnapshot: Account._shown,
    Exits: Account._wanted,
    Decision: Account._wanted,
    Verdicts: Account._verdicts,
    OrderTerms: Account._intended,
    Fill: Account._fill,
    OrderEnded: Account._ended,
    Movement: Account._movement,
    Halt: Account._halt,
    Lift: Account._lift,
    Closed: Account._closed,
    Look: Account._look,
    Rested: Account._rested,
    WaitsOn: Account._waits_on,
    RunFinished: Account._finished,
    Settlement: Account._settlement,
}
