"""`position.jsonl` as bytes: the audit trail a person keeps, a fold of the journal. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import orjson

from services.domain.book import Book, OrderEnded
from services.domain.decision import BadAnswer, Decision
from services.domain.events import (
    Closed,
    Event,
    FaultRecord,
    Genesis,
    Opened,
    Outcome,
    Rested,
    Verdicts,
    WaitsOn,
)
from services.domain.fills import Fees, Fill, Movement
from services.domain.instruments import Market
from services.domain.money import ZERO
from services.domain.orders import OrderTerms, Refusal, Side
from services.journal.account import Account
from services.slots import local

GENESIS_HASH = "0" * 64

_SILENT = frozenset({Outcome.MARKET_CLOSED, Outcome.CALENDAR_UNKNOWN})
"""Sessions on days without trading leave no line."""

_NO_TRADE: Mapping[str, Any] = {"action": "no_trade", "symbol": "", "amount": 0}


class _Session(msgspec.Struct):
    """What is known of a session until its line is written."""

    opened: Opened
    reason: str = ""
    refusals: list[Refusal] = msgspec.field(default_factory=list)
    orders: dict[str, OrderTerms] = msgspec.field(default_factory=dict)
    open_orders: set[str] = msgspec.field(default_factory=set)
    waiting: int = 0
    fills: int = 0
    closed: bool = False
    told: bool = False


class AuditTrail:
    """The lines of the audit trail, in order, as the journal moves forward.

    `apply` returns the lines (bytes with their newline) that an event completes: a session's at its
    close, a later stage's at its end, so that a line once returned never changes. A fill found
    meanwhile of another session's order is told there too, in its turn.
    """

    def __init__(self) -> None:
        self._genesis: Genesis | None = None
        self._market = Market.CN
        self._book = Book(cash_cny=ZERO)
        self._held_by: Book | None = None
        self._positions = self._lots = orjson.Fragment(b"{}")
        self._sessions: dict[str, _Session] = {}
        self._fills: set[str] = set()
        self._movements: set[str] = set()
        self._id = 0
        self._hash = GENESIS_HASH
        self._lines: list[bytes] = []
        self._held: list[tuple[_Session | None, dict[str, Any]]] = []

    def apply(self, event: Event, value: object, account: Account) -> Sequence[bytes]:
        """Return the lines that are complete after the event; none for most.

        `account` is the fold right after the event.
        """
        step = _STEPS.get(type(value))
        if step is None:
            return ()
        self._book = account.book
        step(self, event, value)
        if not self._lines:
            return ()
        lines, self._lines = self._lines, []
        return lines

    def _opening_line(self, _event: Event, value: Genesis) -> None:
        self._genesis, self._market = value, Market(value.market)
        moment = local(value.opened_at, self._market)
        line = self._line(_time(moment), _NO_TRADE, None)
        del line["this_action"]
        line["reason"] = "opening balance"
        self._write(line)

    def _opened(self, event: Event, value: Opened) -> None:
        self._sessions[event.session] = _Session(opened=value)

    def _reason(self, event: Event, value: object) -> None:
        session = self._sessions.get(event.session)
        if session is None:
            return
        if isinstance(value, Decision):
            session.reason = value.rationale
        elif isinstance(value, BadAnswer):
            session.reason = f"bad answer ({value.kind}): {value.reason}"
        elif isinstance(value, FaultRecord):
            session.reason = f"{value.door}: {value.asked}: {value.why}"

    def _verdicts(self, event: Event, value: Verdicts) -> None:
        session = self._sessions[event.session]
        session.refusals += value.refused
        session.waiting = len(value.waiting)
        if value.shadow:
            session.reason = "; ".join(filter(None, (_shadow(value.shadow), session.reason)))

    def _waits_on(self, event: Event, value: WaitsOn) -> None:
        self._sessions[event.session].waiting = len(value.orders)

    def _intended(self, event: Event, value: OrderTerms) -> None:
        session = self._sessions[event.session]
        session.orders[value.order_id] = value
        session.open_orders.add(value.order_id)

    def _fill(self, event: Event, value: Fill) -> None:
        if value.fill_id in self._fills:
            return
        self._fills.add(value.fill_id)
        session = self._sessions[event.session]
        if self._book.order(value.order_id) is None:
            session.open_orders.discard(value.order_id)
        session.fills += 1
        self._held.append((session, self._fill_line(session, value)))

    def _fill_line(self, session: _Session, fill: Fill) -> dict[str, Any]:
        total = fill.fees.total
        cash = -(fill.amount_cny + total) if fill.side is Side.BUY else fill.amount_cny - total
        action = {"action": fill.side, "symbol": fill.symbol, "amount": fill.shares}
        line = self._line(session.opened.at, action, session.opened.session)
        line["order_id"] = fill.order_id
        line["fill_id"] = fill.fill_id
        line["price"] = str(fill.price_cny)
        line["amount_cny"] = str(fill.amount_cny)
        line["fees"] = _fees(fill.fees, total)
        line["cash_change_cny"] = str(cash)
        line["reason"] = session.orders[fill.order_id].why
        line["trade_time"] = _time(local(fill.traded_at, self._market))
        return line

    def _ended(self, event: Event, value: OrderEnded) -> None:
        session = self._sessions[event.session]
        session.open_orders.discard(value.order_id)
        if not session.fills:
            terms = session.orders[value.order_id]
            session.reason = f"{terms.side} of {terms.symbol} {value.state}: {value.reason}"

    def _movement(self, event: Event, value: Movement) -> None:
        if value.movement_id in self._movements:
            return
        self._movements.add(value.movement_id)
        session = self._sessions[event.session]
        action = {"action": value.kind, "symbol": value.symbol, "amount": value.shares}
        line = self._line(session.opened.at, action, session.opened.session)
        line["cash_change_cny"] = str(value.cash_cny)
        line["reason"] = value.why
        line["trade_time"] = f"{value.day.isoformat()} 00:00:00"
        if self._held:
            # What a sale made due stands after that sale, which is still to be told.
            self._held.append((None, line))
        else:
            self._write(line)

    def _closed(self, event: Event, value: Closed) -> None:
        session = self._sessions[event.session]
        session.closed = True
        if value.outcome in _SILENT:
            session.told = True
        elif not session.reason:
            session.reason = value.reason
        self._tell(session)

    def _rested(self, event: Event, _value: Rested) -> None:
        self._tell(self._sessions[event.session])

    def _tell(self, session: _Session) -> None:
        """Write what the session's stage brought; a session that can bring no fill any more gets its line."""
        for owner, line in self._held:
            if owner is None:
                self._write(line)
            else:
                self._tell_with_refusals(owner, line)
        self._held = []
        if session.told or session.open_orders or session.waiting:
            return
        line = self._line(session.opened.at, _NO_TRADE, session.opened.session)
        line["reason"] = session.reason
        self._tell_with_refusals(session, line)

    def _tell_with_refusals(self, session: _Session, line: dict[str, Any]) -> None:
        line["refusals"] = [_refusal(refusal) for refusal in session.refusals]
        session.told, session.refusals = True, []
        self._write(line)

    def _line(self, at: str, action: Mapping[str, Any], session_id: str | None) -> dict[str, Any]:
        """Return a line's fields in their order, with the holdings of now and nothing traded.

        `id` and `prev` get their values when the line is written.
        """
        genesis = self._genesis
        if self._book is not self._held_by:
            self._held_by = self._book
            self._positions, self._lots = _holdings(self._book)
        return {
            "date": at,
            "id": 0,
            "this_action": action,
            "positions": self._positions,
            "account": genesis.account if genesis else "",
            "mode": genesis.mode if genesis else "",
            "session_id": session_id,
            "order_id": None,
            "fill_id": None,
            "price": None,
            "amount_cny": "0.00",
            "fees": _NOTHING,
            "cash_change_cny": "0.00",
            "lots": self._lots,
            "refusals": [],
            "reason": "",
            "trade_time": None,
            "prev": "",
        }

    def _write(self, line: dict[str, Any]) -> None:
        """Chain the line and add its bytes; `hash` stands last."""
        line["id"], line["prev"] = self._id, self._hash
        if self._genesis is not None and self._genesis.synthetic:
            line["synthetic"] = True
        raw = orjson.dumps(line)
        self._hash = line_hash(raw)
        self._id += 1
        self._lines.append(b'%b,"hash":"%b"}\n' % (raw[:-1], self._hash.encode()))


def line_hash(unhashed: bytes) -> str:
    """Return the SHA-256 of a line's bytes as they are without the `hash` field and the newline."""
    return hashlib.sha256(unhashed).hexdigest()


def _fees(fees: Fees, total: Decimal) -> dict[str, str]:
    lines = {
        "commission": str(fees.commission),
        "stamp_duty": str(fees.stamp_duty),
        "transfer_fee": str(fees.transfer_fee),
    }
    for name, amount in (("handling_fee", fees.handling_fee), ("csrc_fee", fees.csrc_fee)):
        if amount:
            lines[name] = str(amount)
    lines["total"] = str(total)
    return lines


def _holdings(book: Book) -> tuple[orjson.Fragment, orjson.Fragment]:
    """Return the positions and the lots as JSON: a book is written on many lines, and encoded once."""
    positions: dict[str, int | float] = {symbol: shares for symbol, shares in book.holdings().items()}
    positions["CASH"] = float(book.cash_cny)
    lots: dict[str, list[dict[str, Any]]] = {}
    for lot in book.lots:
        lots.setdefault(lot.symbol, []).append(
            {
                "shares": lot.shares,
                "cost_cny": str(lot.cost_cny),
                "acquired_on": lot.acquired_on,
            }
        )
    return orjson.Fragment(orjson.dumps(positions)), orjson.Fragment(orjson.dumps(lots))


def _time(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "symbol": refusal.symbol,
        "side": refusal.side,
        "shares": refusal.shares,
        "rule": refusal.rule,
        "reason": refusal.reason,
    }


def _shadow(orders: Sequence[OrderTerms]) -> str:
    """Return the orders of an account that only watches, in words: its no-trade line tells them."""
    told = (f"{one.side} {one.symbol} {one.shares} @ {one.limit_cny}" for one in orders)
    return f"shadow, not sent: {', '.join(told)}"


_NOTHING = orjson.Fragment(orjson.dumps(_fees(Fees(), ZERO)))


_STEPS: Mapping[type, Callable[..., None]] = {
    Genesis: AuditTrail._opening_line,
    Opened: AuditTrail._opened,
    Decision: AuditTrail._reason,
    BadAnswer: AuditTrail._reason,
    FaultRecord: AuditTrail._reason,
    Verdicts: AuditTrail._verdicts,
    OrderTerms: AuditTrail._intended,
    Fill: AuditTrail._fill,
    OrderEnded: AuditTrail._ended,
    Movement: AuditTrail._movement,
    Closed: AuditTrail._closed,
    Rested: AuditTrail._rested,
    WaitsOn: AuditTrail._waits_on,
}
