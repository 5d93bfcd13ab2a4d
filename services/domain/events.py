"""The records of a journal: what one line of it is, and what each body holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from msgspec import field

from services.domain.book import Book
from services.domain.money import ZERO
from services.domain.orders import Change, Intent, LimitUse, OrderId, OrderTerms, Refusal, Rule, SessionId
from services.domain.statement import Statement
from services.domain.value import Value


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


class Genesis(Value, frozen=True, kw_only=True):
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


class SettingsRecord(Value, frozen=True, kw_only=True):
    """What decided beside the mind and the market: each part as canonical JSON text, never a secret."""

    config_hash: str
    values: Mapping[str, str]


class Opened(Value, frozen=True, kw_only=True):
    """A session's first event: what it runs on."""

    session: SessionId
    day: date
    at: str
    slot: datetime
    mode: str
    agent: str
    versions: Mapping[str, str]
    config_hash: str


class FaultRecord(Value, frozen=True, kw_only=True):
    """The outside failed: which door, what was asked, why.

    Of a mind: what its requests may have cost all the same, and whether the budget forbade one.
    """

    door: str
    asked: str
    why: str
    cost_cny: Decimal = ZERO
    over_budget: bool = False


class SnapshotRef(Value, frozen=True, kw_only=True):
    """A snapshot read off a stored panel: the panel's digest and the moment say it all."""

    panel: str
    moment: datetime


class PanelRef(Value, frozen=True, kw_only=True):
    """Bars a vendor answered with, kept as a stored panel under its digest."""

    panel: str


class BodyRef(Value, frozen=True, kw_only=True):
    """A large body kept beside the journal under its SHA-256; `kind` is what the body holds."""

    kind: str
    body: str


class BriefingRecord(Value, frozen=True, kw_only=True):
    """What was shown: the digest of the inputs, and the rendered text for minds that read."""

    digest: str
    text: str = ""


class HaltCause(StrEnum):
    """Who or what stopped trading. A person lifts it.

    Only UNRESOLVED passes by itself, once the broker tells what became of the order.
    """

    RECONCILIATION = "reconciliation"
    UNRESOLVED = "unresolved"
    LIMIT = "limit"
    PERSON = "person"
    ALERT = "alert"

    @property
    def uncertain(self) -> bool:
        """Whether nobody knows for certain what is held of the halted symbol."""
        return self is HaltCause.UNRESOLVED or self is HaltCause.RECONCILIATION

    @property
    def strictness(self) -> int:
        """Which halt of a symbol counts: an uncertain one before a person's, that before a limit's."""
        return 2 if self.uncertain else 0 if self is HaltCause.LIMIT else 1


class Halt(Value, frozen=True, kw_only=True):
    """Trading stopped for a symbol, or for the account where `symbol` is empty.

    `everywhere` tells a halt of all accounts of the data folder. `by` names the person, the limit, the
    alert or the order.
    """

    symbol: str
    why: str
    cause: HaltCause = HaltCause.RECONCILIATION
    by: str = ""
    everywhere: bool = False


class Lift(Value, frozen=True, kw_only=True):
    """The end of all halts of a symbol, or of the account where it is empty: an explicit act of a person.

    With an `order_id` it is the end of that order's UNRESOLVED halt alone: what became of it is known.
    """

    symbol: str
    why: str
    by: str = ""
    everywhere: bool = False
    order_id: str = ""


class Settlement(Value, frozen=True, kw_only=True):
    """A person's word on an order of which the broker cannot tell.

    `shares` of it traded at `price_cny`, as far as the journal does not hold them yet, and the rest of it
    is gone; with 0 shares, where the price is 0 too, all that was open is. `fees_cny` None: by the rulebook.
    """

    order_id: OrderId
    shares: int
    price_cny: Decimal
    fees_cny: Decimal | None
    why: str
    by: str
    at: datetime


class Asked(Value, frozen=True, kw_only=True):
    """What was asked from outside and is neither a halt nor a lift.

    A kill, a word on the account's life (see `services.domain.inbox.LifeWord`), or a command not known here.
    """

    command: str
    args: Mapping[str, str]


class Dividend(Value, frozen=True, kw_only=True):
    """A cash dividend by its ex-day: CNY before tax on one of the shares held now."""

    day: date
    cny_per_share: Decimal


class Opening(Value, frozen=True, kw_only=True):
    """The account as a session found it, valued at the session's first prices.

    `day_equity_cny` is the account's value at the previous close, from which a day's loss counts: as
    the first session of the day found it that had a price of every holding, and its equity where a
    previous close was not known. `unpriced` are holdings without a price, left out of the equity.
    `peak_equity_cny` is the highest equity any session found, 0 in records that did not keep it.
    `peaks_cny` is the highest price of each holding at a session since it was bought, moved with
    ex-days; kept where a trailing stop asks for it. `dividends` are those received on each holding,
    kept where a stop loss or a take profit asks for them.
    """

    book: Book
    equity_cny: Decimal
    day_equity_cny: Decimal
    unpriced: tuple[str, ...] = ()
    halts: tuple[Halt, ...] = ()
    peak_equity_cny: Decimal = ZERO
    peaks_cny: Mapping[str, Decimal] = field(default_factory=dict)
    dividends: Mapping[str, tuple[Dividend, ...]] = field(default_factory=dict)


class ArmedExit(Value, frozen=True, kw_only=True):
    """An exit that is due and cannot be carried out now; it stays armed for the next session.

    `why` is why it is due; `rule` is what holds its shares back, `reason` that in a sentence.
    """

    symbol: str
    shares: int
    why: str
    rule: Rule
    reason: str


class Exits(Value, frozen=True, kw_only=True):
    """What stops want sold, whatever the mind says, and what they want sold and cannot have sold now."""

    intents: tuple[Intent, ...]
    armed: tuple[ArmedExit, ...] = ()


class StageKind(StrEnum):
    """Why a session's orders are looked at after its close.

    WAKE: the time of waiting orders has come. NEXT_SLOT: the account's next session is about to
    run, so what still works is cancelled. EXPIRY: the trading day of working orders is over.
    HEARTBEAT: working orders are looked at while the market trades; nothing is cancelled.
    KILL: the kill file is there, so what still works is cancelled, whatever the configuration keeps.
    STOP: the account is stopped and its configuration leaves no order at work. LAPSE: the time of
    waiting orders has come while the account is paused, or the kill file was found while they waited, so
    they are given up. START: a process began,
    and looks at what it found working before anything is sent.
    """

    WAKE = "wake"
    NEXT_SLOT = "next_slot"
    EXPIRY = "expiry"
    HEARTBEAT = "heartbeat"
    KILL = "kill"
    STOP = "stop"
    LAPSE = "lapse"
    START = "start"


class Look(Value, frozen=True, kw_only=True):
    """The start of a stage after a session's close."""

    stage: StageKind
    moment: datetime


class Rested(Value, frozen=True, kw_only=True):
    """The end of such a stage, and how many of the session's orders still work."""

    working: int


class WaitsOn(Value, frozen=True, kw_only=True):
    """The orders whose time has come and that wait on all the same: for a price of after the break, mostly.

    The others' time has not come by the clock as it was set since.
    """

    orders: tuple[OrderId, ...]


class Deferred(Value, frozen=True, kw_only=True):
    """A buy that waits for this session's sells; settled again as "funded".

    It needs `short_cny` of their proceeds; where that is 0, the room they make under a limit.
    """

    terms: OrderTerms
    short_cny: Decimal


class Verdicts(Value, frozen=True, kw_only=True):
    """What the gate said: orders to send, orders whose time comes later, buys short of cash, refusals.

    `changed` are sizes made smaller on the way. `shadow` are orders that passed and are not sent,
    because the account only watches. `used` is what the approved orders use of each limit. `market`
    is the state that scaled limits by `scale`: calm, falling, volatile, falling_volatile or unknown;
    empty where none is looked at.
    """

    approved: tuple[OrderTerms, ...] = ()
    waiting: tuple[OrderTerms, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    refused: tuple[Refusal, ...] = ()
    changed: tuple[Change, ...] = ()
    shadow: tuple[OrderTerms, ...] = ()
    used: tuple[LimitUse, ...] = ()
    market: str = ""
    scale: Decimal = Decimal(1)


class Closed(Value, frozen=True, kw_only=True):
    """A session's end."""

    outcome: Outcome
    reason: str = ""


class RunFinished(Value, frozen=True, kw_only=True):
    """A run over a fixed period came to its end."""

    sessions: int
    last: str


class Repaired(Value, frozen=True, kw_only=True):
    """The audit file was completed after a crash: bytes of a torn last line, lines written or completed."""

    torn_bytes: int
    lines_added: int


class CheckOccasion(StrEnum):
    """When the broker's statement is held against the journal, beside each session's beginning.

    START: a process began. GOING_ON: before a session or a wake that was cut off goes on. BEFORE_OPEN and
    AFTER_CLOSE: of each trading day.
    """

    START = "start"
    GOING_ON = "going_on"
    BEFORE_OPEN = "before_open"
    AFTER_CLOSE = "after_close"


class Check(Value, frozen=True, kw_only=True):
    """The broker's whole statement held against the journal, and the halts it asks for.

    `moment` is when it was asked for. `unresolved` are open orders of which the broker could not tell.
    """

    occasion: CheckOccasion
    moment: datetime
    statement: Statement
    halts: tuple[Halt, ...] = ()
    unresolved: tuple[OrderId, ...] = ()
