"""One session as a person reads it; derived from events, never stored. Pure."""

from __future__ import annotations

from datetime import date

from services.domain.book import OrderEnded
from services.domain.decision import BadAnswer, Decision
from services.domain.events import ArmedExit, FaultRecord, Halt, Opened, Outcome, Verdicts
from services.domain.fills import Fill, Movement
from services.domain.orders import OrderTerms, Refusal, SessionId
from services.domain.statement import Statement
from services.domain.value import Value


class SessionRecord(Value, frozen=True, kw_only=True):
    """What a session was asked, answered, refused, sent and got; `outcome` None while unfinished.

    `slot` is the market's local time, `HH:MM`. `state` is one of IDLE, FETCHING, ANALYZING, DECIDING,
    EXECUTING, COMPLETED, NO_TRADE, HALTED, MISSED, FAILED.
    """

    session: SessionId
    day: date
    slot: str
    opened: Opened | None
    state: str
    outcome: Outcome | None
    reason: str
    decision: Decision | BadAnswer | None
    statement: Statement | None
    verdicts: tuple[Verdicts, ...]
    orders: tuple[OrderTerms, ...]
    fills: tuple[Fill, ...]
    movements: tuple[Movement, ...]
    refusals: tuple[Refusal, ...]
    faults: tuple[FaultRecord, ...]
    ended: tuple[OrderEnded, ...] = ()
    halts: tuple[Halt, ...] = ()
    armed: tuple[ArmedExit, ...] = ()
