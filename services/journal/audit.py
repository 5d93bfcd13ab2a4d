"""`position.jsonl` as bytes: the audit trail a person keeps, a fold of the journal. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

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

_NO_FEES = Fees()


@dataclass(slots=True)
class _Session:
    """What is known of a session until its line is written."""

    opened: Opened
    reason: str = ""
    refusals: list[Refusal] = field(default_factory=list)
    orders: dict[str, OrderTerms] = field(default_factory=dict)
    open_orders: set[str] = field(default_factory=set)
    waiting: int = 0
    fills: int = 0
    closed: bool = False
    told: bool = False
    held: list[dict[str, Any]] = field(default_factory=list)


class AuditTrail:
    """The lines of the audit trail, in order, as the journal moves forward.

    `apply` returns the lines (bytes with their newline) that an event completes: a session's at its
    close, a later stage's at its end, so that a line once returned never changes.
    """

    def __init__(self) -> None:
        self._genesis: Genesis | None = None
        self._market = Market.CN
        self._book = Book(cash_cny=ZERO)
        self._sessions: dict[str, _Session] = {}
        self._fills: set[str] = set()
        self._movements: set[str] = set()
        self._id = 0
        self._hash = GENESIS_HASH
        self._lines: list[bytes] = []

    def apply(self, event: Event, value: object, account: Account) -> list[bytes]:
        """Return the lines that are complete after the event; none for most.

        `account` is the fold right after the event.
        """
        step = _STEPS.get(type(value))
        if step is None:
            return []
        self._book = account.book
        step(self, event, value)
        lines, self._lines = self._lines, []
        return lines

    def _opening_line(self, _event: Event, value: Genesis) -> None:
        self._genesis, self._market = value, Market(value.market)
        moment = local(value.opened_at, self._market)
        self._write(
            {
                "date": moment.strftime("%Y-%m-%d %H:%M:%S"),
                "session_id": None,
                **_nothing(),
                "reason": "opening balance",
                "refusals": [],
                **self._holdings(),
            }
        )

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
        session.held.append(self._fill_line(session, value))

    def _fill_line(self, session: _Session, fill: Fill) -> dict[str, Any]:
        total = fill.fees.total
        buys = fill.side is Side.BUY
        return {
            "date": session.opened.at,
            "session_id": session.opened.session,
            "this_action": {"action": fill.side, "symbol": fill.symbol, "amount": fill.shares},
            "order_id": fill.order_id,
            "fill_id": fill.fill_id,
            "price": str(fill.price_cny),
            "amount_cny": str(fill.amount_cny),
            "fees": _fees(fill.fees),
            "cash_change_cny": str(-(fill.amount_cny + total) if buys else fill.amount_cny - total),
            "reason": session.orders[fill.order_id].why,
            "trade_time": local(fill.traded_at, self._market).strftime("%Y-%m-%d %H:%M:%S"),
            **self._holdings(),
        }

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
        line = {
            "date": session.opened.at,
            "session_id": session.opened.session,
            "this_action": {"action": value.kind, "symbol": value.symbol, "amount": value.shares},
            **_nothing(),
            "cash_change_cny": str(value.cash_cny),
            "reason": value.why,
            "trade_time": f"{value.day.isoformat()} 00:00:00",
            "refusals": [],
            **self._holdings(),
        }
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
        refusals = [_refusal(refusal) for refusal in session.refusals]
        for i, line in enumerate(session.held):
            self._write({**line, "refusals": refusals if i == 0 else []})
            session.refusals, session.told = [], True
        session.held = []
        if session.told or session.open_orders or session.waiting:
            return
        session.told, session.refusals = True, []
        self._write(
            {
                "date": session.opened.at,
                "session_id": session.opened.session,
                "this_action": {"action": "no_trade", "symbol": "", "amount": 0},
                **_nothing(),
                "reason": session.reason,
                "refusals": refusals,
                **self._holdings(),
            }
        )

    def _holdings(self) -> dict[str, Any]:
        positions: dict[str, int | float] = {str(key): held for key, held in self._book.holdings().items()}
        positions["CASH"] = float(self._book.cash_cny)
        lots: dict[str, list[dict[str, Any]]] = {}
        for lot in self._book.lots:
            lots.setdefault(lot.symbol, []).append(
                {
                    "shares": lot.shares,
                    "cost_cny": str(lot.cost_cny),
                    "acquired_on": lot.acquired_on.isoformat(),
                }
            )
        return {"positions": positions, "lots": lots}

    def _write(self, line: Mapping[str, Any]) -> None:
        """Chain the line and add its bytes."""
        genesis = self._genesis
        body = {
            **line,
            "id": self._id,
            "account": genesis.account if genesis else "",
            "mode": genesis.mode if genesis else "",
            "prev": self._hash,
        }
        raw = orjson.dumps({key: body[key] for key in FIELDS if key in body})
        self._hash = line_hash(raw)
        self._id += 1
        self._lines.append(raw[:-1] + b',"hash":"' + self._hash.encode() + b'"}\n')


FIELDS = (
    "date",
    "id",
    "this_action",
    "positions",
    "account",
    "mode",
    "session_id",
    "order_id",
    "fill_id",
    "price",
    "amount_cny",
    "fees",
    "cash_change_cny",
    "lots",
    "refusals",
    "reason",
    "trade_time",
    "prev",
)
"""The order of a line's fields; `hash` stands last, `this_action` is absent on line 0."""


def line_hash(unhashed: bytes) -> str:
    """Return the SHA-256 of a line's bytes as they are without the `hash` field and the newline."""
    return hashlib.sha256(unhashed).hexdigest()


def _fees(fees: Fees) -> dict[str, str]:
    lines = {
        "commission": str(fees.commission),
        "stamp_duty": str(fees.stamp_duty),
        "transfer_fee": str(fees.transfer_fee),
    }
    for name, amount in (("handling_fee", fees.handling_fee), ("csrc_fee", fees.csrc_fee)):
        if amount:
            lines[name] = str(amount)
    lines["total"] = str(fees.total)
    return lines


def _nothing() -> dict[str, Any]:
    """Return the fields of a trade where there was none."""
    return {
        "order_id": None,
        "fill_id": None,
        "price": None,
        "amount_cny": "0.00",
        "fees": _fees(_NO_FEES),
        "cash_change_cny": "0.00",
        "trade_time": None,
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "symbol": refusal.symbol,
        "side": refusal.side,
        "shares": refusal.shares,
        "rule": refusal.rule,
        "reason": refusal.reason,
    }


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
}

AUDITED = frozenset(_STEPS)
"""The kinds of body the trail is made of; others may be kept from it."""
