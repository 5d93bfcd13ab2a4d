"""The records of a journal: what one line of it is, and what each body holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from services.domain.book import Book
from services.domain.orders import Intent, OrderTerms, Refusal, SessionId


class Event(NamedTuple):
    """One row of the journal as stored: `body` is canonical JSON, `at` UTC text, hashes hex SHA-256."""

    seq: int
    account: str
    session: str
    step: str
    kind: str
    version: int
    at: str
    body: str
    prev: str
    hash: str


class TradingDay(StrEnum):
    """What the calendar says of a day. UNKNOWN is past the calendar's end: no trade."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a session ended."""

    DONE = "done"
    NO_TRADE = "no_trade"
    MARKET_CLOSED = "market_closed"
    CALENDAR_UNKNOWN = "calendar_unknown"
    RISK_ONLY = "risk_only"
    HALTED = "halted"
    MISSED = "missed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """The first event of a journal: whose it is and what it starts from."""

    account: str
    mode: str
    run_id: str
    market: str
    frequency: str
    cash_cny: Decimal
    agent: str
    opened_at: datetime
    watchlist: tuple[str, ...]
    panel: str | None = None
    start: date | None = None
    end: date | None = None
    synthetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRecord:
    """What decided beside the mind and the market: each part as canonical JSON text, never a secret."""

    config_hash: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session's first event: what it runs on."""

    session: SessionId
    day: date
    at: str
    slot: datetime
    mode: str
    agent: str
    versions: Mapping[str, str]
    config_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRecord:
    """The outside failed: which door, what was asked, why."""

    door: str
    asked: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRef:
    """A snapshot read off a stored panel: the panel's digest and the moment say it all."""

    panel: str
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelRef:
    """Bars a vendor answered with, kept as a stored panel under its digest."""

    panel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRef:
    """A large body kept beside the journal under its SHA-256; `kind` is what the body holds."""

    kind: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefingRecord:
    """What was shown: the digest of the inputs, and the rendered text for minds that read."""

    digest: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Trading stopped for a symbol, or for the account where `symbol` is empty."""

    symbol: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The account as a session found it, valued at the session's first prices.

    `day_equity_cny` is the equity at the first session of that day, from which a day's loss counts.
    `unpriced` are holdings without a price, left out of the equity.
    """

    book: Book
    equity_cny: Decimal
    day_equity_cny: Decimal
    unpriced: tuple[str, ...] = ()
    halts: tuple[Halt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits:
    """What stops want sold, whatever the mind says."""

    intents: tuple[Intent, ...]


class StageKind(StrEnum):
    """Why a session's orders are looked at after its close.

    WAKE: the time of waiting orders has come. NEXT_SLOT: the account's next session is about to
    run, so what still works is cancelled. EXPIRY: the trading day of working orders is over.
    HEARTBEAT: working orders are looked at while the market trades; nothing is cancelled.
    """

    WAKE = "wake"
    NEXT_SLOT = "next_slot"
    EXPIRY = "expiry"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The start of a stage after a session's close."""

    stage: StageKind
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rested:
    """The end of such a stage, and how many of the session's orders still work."""

    working: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """A buy that waits for the proceeds of this session's sells; settled again as "funded"."""

    terms: OrderTerms
    short_cny: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What the gate said: orders to send, orders whose time comes later, buys short of cash, refusals."""

    approved: tuple[OrderTerms, ...] = ()
    waiting: tuple[OrderTerms, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A session's end."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """A run over a fixed period came to its end."""

    sessions: int
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """The audit file was completed after a crash: bytes of a torn last line, lines written or completed."""

    torn_bytes: int
    lines_added: int
