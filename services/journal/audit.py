"""`position.jsonl` as bytes: the audit trail a person keeps, a fold of the journal. Pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MethodType
from typing import Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from services.domain.book import Book, OrderEnded
from services.domain.decision import BadAnswer, Decision
from services.domain.events import (
    Closed,
    Event,
    FaultRecord,
    Genesis,
    Outcome,
    Rested,
    Verdicts,
    WaitsOn,
)
from services.domain.fills import Fill, Movement
from services.domain.instruments import Market
from services.domain.orders import OrderTerms, Refusal, Side
from services.journal.account import Account, SessionState
from services.journal.audit_line import (
    NO_TRADE,
    Action,
    Holdings,
    Line,
    LocalTimes,
    encode,
    fees_told,
    refusal_told,
)

GENESIS_HASH = "0" * 64

_BUY = Side.BUY
_SILENT = frozenset({Outcome.MARKET_CLOSED, Outcome.CALENDAR_UNKNOWN})
"""Sessions on days without trading leave no line."""


class _Session(msgspec.Struct):
    """What its line needs of a session, beside what the account holds of it."""

    reason: str = ""
    refusals: list[Refusal] = msgspec.field(default_factory=list)
    waiting: int = 0
    fills: int = 0
    told: bool = False


class AuditTrail:
    """The lines of the audit trail, in order, as the journal moves forward.

    `apply` returns the lines (bytes with their newline) that an event completes: a session's at its
    close, a later stage's at its end, so that a line once returned never changes. A fill found
    meanwhile of another session's order is told there too, in its turn.
    """

    def __init__(self) -> None:
        self._account = self._mode = ""
        self._synthetic: Literal[True] | UnsetType = UNSET
        self._holdings, self._times = Holdings(), LocalTimes(Market.CN)
        self._sessions: defaultdict[str, _Session] = defaultdict(_Session)
        self._fills: set[str] = set()
        self._movements: set[str] = set()
        self._id = 0
        self._hash = GENESIS_HASH
        self._lines: list[bytes] = []
        self._held: list[tuple[_Session | None, Line]] = []

    @property
    def collects(self) -> Mapping[type, Callable[..., None]]:
        """What takes the bodies that complete no line, by their type: may be called in place of `apply`."""
        return {kind: MethodType(step, self) for kind, step in _COLLECTING.items()}

    def apply(self, event: Event, value: object, account: Account) -> Sequence[bytes]:
        """Return the lines that are complete after the event; none for most.

        `account` is the fold right after the event.
        """
        step = _STEPS.get(type(value))
        if step is None:
            return ()
        step(self, event, value, account)
        if not self._lines:
            return ()
        lines, self._lines = self._lines, []
        return lines

    def _opening_line(self, _event: Event, value: Genesis, account: Account) -> None:
        self._account, self._mode = value.account, value.mode
        self._synthetic = True if value.synthetic else UNSET
        self._times = LocalTimes(Market(value.market))
        line = self._line(account.book, self._times.text(value.opened_at), None, UNSET)
        line.reason = "opening balance"
        self._write(line)

    def _decision(self, event: Event, value: Decision, _account: Account) -> None:
        self._sessions[event.session].reason = value.rationale

    def _bad_answer(self, event: Event, value: BadAnswer, _account: Account) -> None:
        self._sessions[event.session].reason = f"bad answer ({value.kind}): {value.reason}"

    def _fault(self, event: Event, value: FaultRecord, _account: Account) -> None:
        self._sessions[event.session].reason = f"{value.door}: {value.asked}: {value.why}"

    def _verdicts(self, event: Event, value: Verdicts, _account: Account) -> None:
        session = self._sessions[event.session]
        session.refusals += value.refused
        session.waiting = len(value.waiting)
        if value.shadow:
            session.reason = "; ".join(filter(None, (_shadow(value.shadow), session.reason)))

    def _waits_on(self, event: Event, value: WaitsOn, _account: Account) -> None:
        self._sessions[event.session].waiting = len(value.orders)

    def _fill(self, event: Event, value: Fill, account: Account) -> None:
        fill_id, name = value.fill_id, event.session
        if fill_id in self._fills:
            return
        self._fills.add(fill_id)
        session = self._sessions[name]
        session.fills += 1
        self._held.append((session, self._fill_line(value, account.sessions[name], account.book)))

    def _fill_line(self, fill: Fill, of: SessionState, book: Book) -> Line:
        amount, total = fill.amount_cny, fill.fees.total
        self._holdings.turn_to(book)
        return Line(
            date=of.opened.at,
            this_action=Action(action=fill.side, symbol=fill.symbol, amount=fill.shares),
            positions=self._holdings.positions,
            account=self._account,
            mode=self._mode,
            session_id=of.opened.session,
            order_id=fill.order_id,
            fill_id=fill.fill_id,
            price=fill.price_cny,
            amount_cny=amount,
            fees=fees_told(fill.fees, total),
            cash_change_cny=-(amount + total) if fill.side is _BUY else amount - total,
            lots=self._holdings.lots,
            reason=of.orders[fill.order_id].why,
            trade_time=self._times.text(fill.traded_at),
            synthetic=self._synthetic,
        )

    def _ended(self, event: Event, value: OrderEnded, account: Account) -> None:
        session = self._sessions[event.session]
        if not session.fills:
            terms = account.sessions[event.session].orders[value.order_id]
            session.reason = f"{terms.side} of {terms.symbol} {value.state}: {value.reason}"

    def _movement(self, event: Event, value: Movement, account: Account) -> None:
        if value.movement_id in self._movements:
            return
        self._movements.add(value.movement_id)
        opened = account.sessions[event.session].opened
        action = Action(action=value.kind, symbol=value.symbol, amount=value.shares)
        line = self._line(account.book, opened.at, opened.session, action)
        line.cash_change_cny = value.cash_cny
        line.reason = value.why
        line.trade_time = f"{value.day.isoformat()} 00:00:00"
        if self._held:
            # What a sale made due stands after that sale, which is still to be told.
            self._held.append((None, line))
        else:
            self._write(line)

    def _closed(self, event: Event, value: Closed, account: Account) -> None:
        session = self._sessions[event.session]
        if value.outcome in _SILENT:
            session.told = True
        elif not session.reason:
            session.reason = value.reason
        self._tell(session, event, account)

    def _rested(self, event: Event, _value: Rested, account: Account) -> None:
        self._tell(self._sessions[event.session], event, account)

    def _tell(self, session: _Session, event: Event, account: Account) -> None:
        """Write what the session's stage brought; a session that can bring no fill any more gets its line."""
        if self._held:
            for owner, line in self._held:
                if owner is not None:
                    _give_refusals(owner, line)
                self._write(line)
            self._held = []
        if session.told or session.waiting:
            return
        of, working = account.sessions[event.session], account.book.open_orders
        if working and any(order.order_id in of.orders for order in working):
            return
        line = self._line(account.book, of.opened.at, of.opened.session, NO_TRADE)
        line.reason = session.reason
        _give_refusals(session, line)
        self._write(line)

    def _line(self, book: Book, at: str, session_id: str | None, action: Action | Raw | UnsetType) -> Line:
        """Return a line with the holdings of a book and nothing traded."""
        self._holdings.turn_to(book)
        return Line(
            date=at,
            this_action=action,
            positions=self._holdings.positions,
            account=self._account,
            mode=self._mode,
            session_id=session_id,
            lots=self._holdings.lots,
            synthetic=self._synthetic,
        )

    def _write(self, line: Line) -> None:
        """Chain the line and add its bytes; `hash` stands last."""
        line.id, line.prev = self._id, self._hash
        raw = encode(line)
        self._hash = line_hash(raw)
        self._id += 1
        self._lines.append(b"".join((raw[:-1], b',"hash":"', self._hash.encode(), b'"}\n')))


def line_hash(unhashed: bytes) -> str:
    """Return the SHA-256 of a line's bytes as they are without the `hash` field and the newline."""
    return hashlib.sha256(unhashed).hexdigest()


def _give_refusals(session: _Session, line: Line) -> None:
    """Give a session's refusals to a line of its: they are told once, with the first."""
    session.told = True
    if session.refusals:
        line.refusals = [refusal_told(refusal) for refusal in session.refusals]
        session.refusals = []


def _shadow(orders: Sequence[OrderTerms]) -> str:
    """Return the orders of an account that only watches, in words: its no-trade line tells them."""
    told = (f"{one.side} {one.symbol} {one.shares} @ {one.limit_cny}" for one in orders)
    return f"shadow, not sent: {', '.join(told)}"


_COLLECTING: Mapping[type, Callable[..., None]] = {
    Decision: AuditTrail._decision,
    BadAnswer: AuditTrail._bad_answer,
    FaultRecord: AuditTrail._fault,
    Verdicts: AuditTrail._verdicts,
    WaitsOn: AuditTrail._waits_on,
    Fill: AuditTrail._fill,
    OrderEnded: AuditTrail._ended,
}
_TELLING: Mapping[type, Callable[..., None]] = {
    Genesis: AuditTrail._opening_line,
    Movement: AuditTrail._movement,
    Closed: AuditTrail._closed,
    Rested: AuditTrail._rested,
}
_STEPS = {**_COLLECTING, **_TELLING}

TELLING = frozenset(_TELLING)
"""The types of the bodies that may complete lines."""
