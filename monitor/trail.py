"""The account's way through a journal: its book at every session and day's end, and every trade."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from monitor.reading import ValueOf, inline_value, values
from monitor.risk_use import STEPS as RISK_STEPS
from monitor.risk_use import RiskTrail
from services.domain.book import Book, OrderEnded
from services.domain.events import Closed, Event, Genesis, Opened, RunFinished, SettingsRecord, Verdicts
from services.domain.fills import Fill, Movement
from services.domain.instruments import Symbol
from services.domain.money import ZERO
from services.domain.orders import OrderTerms, Refusal, Side
from services.domain.quotes import VendorSnapshot
from services.domain.value import Value
from services.journal.account import Account, gain_cny

_SELL = Side.SELL


class MarkKind(StrEnum):
    """What a mark stands for: the opening balance, a session, a trading day's end, the last event."""

    OPENING = "opening"
    SESSION = "session"
    DAY_END = "day_end"
    LATEST = "latest"


_SESSION = MarkKind.SESSION


class Mark(Value, frozen=True, kw_only=True):
    """The account at one moment.

    `seen` are prices the journal itself tells, the newest of each symbol: what its vendor showed, where
    that was followed, or else what was paid for what is held.

    A session's mark is the account as the session left it when it closed; what reached it later
    is in the next mark.
    """

    kind: MarkKind
    session: str
    day: date
    moment: datetime
    book: Book
    seen: dict[Symbol, Decimal]


class Trade(Value, frozen=True, kw_only=True):
    """A fill, the order it belongs to, and for a sale what it earned.

    `realised_cny` is the amount less the sale's fees and the cost of the oldest shares; the fees
    paid when they were bought are not in it. None for a buy.
    """

    session: str
    fill: Fill
    terms: OrderTerms | None
    realised_cny: Decimal | None


class Trail(msgspec.Struct):
    """What a journal tells of an account, folded once."""

    genesis: Genesis | None = None
    settings: Mapping[str, str] = msgspec.field(default_factory=dict)
    finished: bool = False
    book: Book = msgspec.field(default_factory=lambda: Book(cash_cny=ZERO))
    marks: list[Mark] = msgspec.field(default_factory=list)
    trades: list[Trade] = msgspec.field(default_factory=list)
    movements: dict[str, Movement] = msgspec.field(default_factory=dict)
    orders: dict[str, OrderTerms] = msgspec.field(default_factory=dict)
    sessions: dict[str, Opened] = msgspec.field(default_factory=dict)
    closed: dict[str, Closed] = msgspec.field(default_factory=dict)
    refused: dict[str, dict[Refusal, None]] = msgspec.field(default_factory=dict)
    seen: dict[Symbol, Decimal] = msgspec.field(default_factory=dict)
    risk: RiskTrail = msgspec.field(default_factory=RiskTrail)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Every refusal, in order; one repeated by a session's later verdicts counts once."""
        return tuple(refusal for ones in self.refused.values() for refusal in ones)


def follow(
    events: Iterable[Event], value_of: ValueOf = inline_value, *, vendor_prices: bool = False
) -> Trail:
    """Return the fold of a journal's events.

    A day's end is marked once a later day began, or the run is finished. `vendor_prices` reads
    the vendor's snapshots too, for an account without a panel to value it by.

    Raises:
        JournalFault: A body cannot be read.
        BookBroken: The events contradict one another.
    """
    follower = Follower(vendor_prices=vendor_prices)
    for event, value in values(events, follower.wanted, value_of):
        follower.take(event, value)
    return follower.end()


def within(trail: Trail, since: date | None, until: date | None) -> Trail:
    """Return what of a trail belongs to the trading days [since, until]; None leaves that side open.

    Its first mark is the last one before `since`, where there is one: what the period began with.
    """
    if since is None and until is None:
        return trail
    first, last = since or date.min, until or date.max
    before = [mark for mark in trail.marks if mark.day < first][-1:]
    marks = before + [mark for mark in trail.marks if first <= mark.day <= last]
    sessions = {name: one for name, one in trail.sessions.items() if first <= one.day <= last}
    return Trail(
        genesis=trail.genesis,
        settings=trail.settings,
        finished=trail.finished,
        book=marks[-1].book if marks else trail.book,
        marks=marks,
        trades=[trade for trade in trail.trades if first <= trade.fill.trade_date <= last],
        movements={key: one for key, one in trail.movements.items() if first <= one.day <= last},
        orders={key: one for key, one in trail.orders.items() if first <= one.day <= last},
        sessions=sessions,
        closed={name: one for name, one in trail.closed.items() if name in sessions},
        refused={name: ones for name, ones in trail.refused.items() if name in sessions},
        seen=trail.seen,
        risk=trail.risk.within(first, last),
    )


class Follower:
    """The fold's hand: one event after the other, of a journal that is read or one that is being written.

    `wanted` are the bodies it reads. Give `hears` to a journal as a listener; an event that is told
    again, since the journal was opened anew, is passed over. Call `end` once, after the last event. With
    `days_held` nothing older than so many trading days is held, but for what the first of them began with.
    """

    def __init__(self, *, vendor_prices: bool = False, days_held: int | None = None) -> None:
        self.trail = Trail()
        self._days_held = days_held
        self._days: deque[date] = deque()
        self.wanted = _WANTED | {VendorSnapshot} if vendor_prices else _WANTED
        self._forgets = not vendor_prices
        self._fills: set[str] = set()
        self._at = ""
        self._seq = 0
        self._seen_marked = False

    @property
    def hears(self) -> Mapping[type, Callable[..., None]]:
        """What takes the bodies of a journal's events, by their type."""
        return dict.fromkeys(self.wanted, self.take)

    def listen(self, event: Event, value: object, account: Account) -> None:
        """Take an event of the journal, of any type."""
        if type(value) in self.wanted:
            self.take(event, value, account)

    def take(self, event: Event, value: object, account: Account | None = None) -> None:
        """Move over one event and its body, one of those wanted; `account` is the fold after it, if known.

        An event that is told again is passed over.
        """
        seq = event.seq
        if seq <= self._seq:
            return
        self._seq, self._at = seq, event.at
        of_limits, step = _STEPS[type(value)]
        if of_limits is not None:
            of_limits(self.trail.risk, event, value)
        if step is not None:
            step(self, event, value, account)

    def end(self) -> Trail:
        """Return the fold, the session still running included."""
        trail = self.trail
        newest = next(reversed(trail.sessions), None)
        if newest is not None and newest not in trail.closed:
            opened = trail.sessions[newest]
            self._mark(_SESSION, newest, opened.day, opened.slot)
        if trail.finished:
            self._end_day()
        elif trail.marks and trail.marks[-1].book is not trail.book:
            self._mark(MarkKind.LATEST, "", trail.marks[-1].day, datetime.fromisoformat(self._at))
        return trail

    def so_far(self) -> Trail:
        """Return the fold as `end` would, and go on."""
        other = copy(self)
        other.trail = replace(self.trail, marks=[*self.trail.marks])
        self._seen_marked = True
        return other.end()

    def _let_go(self, day: date) -> None:
        """Hold no more of the days before the last ones, `day` being the newest."""
        self._days.append(day)
        if self._days_held is None or len(self._days) <= self._days_held:
            return
        self._days.popleft()
        trail, first = self.trail, self._days[0]
        kept = within(trail, first, None)
        trail.marks, trail.trades, trail.sessions = kept.marks, kept.trades, kept.sessions
        trail.closed, trail.refused, trail.risk = kept.closed, kept.refused, kept.risk
        held = {order.order_id for order in trail.book.open_orders} | kept.orders.keys()
        trail.orders = {key: one for key, one in trail.orders.items() if key in held}

    def _genesis(self, _event: Event, value: Genesis, _account: Account | None) -> None:
        self.trail.genesis = value
        self.trail.book = Book(cash_cny=value.cash_cny)

    def _settings(self, _event: Event, value: SettingsRecord, _account: Account | None) -> None:
        self.trail.settings = value.values

    def _finished(self, _event: Event, _value: RunFinished, _account: Account | None) -> None:
        self.trail.finished = True

    def _quoted(self, _event: Event, value: VendorSnapshot, _account: Account | None) -> None:
        trail = self.trail
        trail.seen = {**trail.seen, **{q.symbol: q.last_cny for q in value.quotes if not q.disputed}}

    def _intended(self, _event: Event, value: OrderTerms, account: Account | None) -> None:
        trail, order_id = self.trail, value.order_id
        if order_id not in trail.orders:
            trail.orders[order_id] = value
            trail.book = account.book if account else trail.book.after(value)

    def _verdicts(self, event: Event, value: Verdicts, _account: Account | None) -> None:
        if value.refused:
            kept = self.trail.refused.setdefault(event.session, {})
            kept.update(dict.fromkeys(value.refused))

    def _ended(self, _event: Event, value: OrderEnded, account: Account | None) -> None:
        trail = self.trail
        if trail.book.order(value.order_id) is not None:
            trail.book = account.book if account else trail.book.after(value)

    def _moved(self, _event: Event, value: Movement, account: Account | None) -> None:
        trail = self.trail
        if value.movement_id not in trail.movements:
            trail.movements[value.movement_id] = value
            trail.book = account.book if account else trail.book.after(value)

    def _opened(self, event: Event, value: Opened, _account: Account | None) -> None:
        trail = self.trail
        if not trail.marks:
            self._mark(MarkKind.OPENING, "", value.day, value.slot)
        elif trail.marks[-1].day < value.day:
            self._end_day()
        trail.sessions[event.session] = value
        if not self._days or value.day > self._days[-1]:
            self._let_go(value.day)

    def _closed(self, event: Event, value: Closed, _account: Account | None) -> None:
        trail = self.trail
        trail.closed[event.session] = value
        opened = trail.sessions.get(event.session)
        if opened is not None:
            self._mark(_SESSION, event.session, opened.day, opened.slot)

    def _filled(self, event: Event, fill: Fill, account: Account | None) -> None:
        fill_id = fill.fill_id
        if fill_id in self._fills:
            return
        self._fills.add(fill_id)
        trail, before = self.trail, self.trail.book
        trail.book = account.book if account else before.after(fill)
        realised = None
        if fill.side is _SELL:
            realised = account.gains[fill_id] if account else gain_cny(fill, before, trail.book)
        self._see(fill)
        terms = trail.orders.get(fill.order_id)
        trail.trades.append(Trade(session=event.session, fill=fill, terms=terms, realised_cny=realised))

    def _see(self, fill: Fill) -> None:
        """Keep what a fill tells of its symbol's price; what is held no more needs none."""
        trail = self.trail
        if self._seen_marked:
            # A mark holds what was seen until then, and keeps it.
            trail.seen, self._seen_marked = dict(trail.seen), False
        trail.seen[fill.symbol] = fill.price_cny
        if self._forgets and fill.side is _SELL and not trail.book.held(fill.symbol):
            del trail.seen[fill.symbol]

    def _end_day(self) -> None:
        """Mark the end of the last marked day, on the book as it is now."""
        marks = self.trail.marks
        if marks and marks[-1].kind is _SESSION:
            self._mark(MarkKind.DAY_END, "", marks[-1].day, marks[-1].moment)

    def _mark(self, kind: MarkKind, session: str, day: date, moment: datetime) -> None:
        trail = self.trail
        self._seen_marked = True
        trail.marks.append(
            Mark(kind=kind, session=session, day=day, moment=moment, book=trail.book, seen=trail.seen)
        )


_OWN: Mapping[type, Callable[..., None]] = {
    Genesis: Follower._genesis,
    SettingsRecord: Follower._settings,
    VendorSnapshot: Follower._quoted,
    Opened: Follower._opened,
    Verdicts: Follower._verdicts,
    OrderTerms: Follower._intended,
    Fill: Follower._filled,
    OrderEnded: Follower._ended,
    Movement: Follower._moved,
    Closed: Follower._closed,
    RunFinished: Follower._finished,
}

_STEPS = {kind: (RISK_STEPS.get(kind), _OWN.get(kind)) for kind in (*_OWN, *RISK_STEPS)}
"""What moves the fold of limits over a body, and what moves this one, by the body's type."""

_WANTED = frozenset(_STEPS) - {VendorSnapshot}
