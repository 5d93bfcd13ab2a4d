"""What a mind answered, and what it was asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.bars import History
from services.domain.book import Book
from services.domain.events import Halt
from services.domain.instruments import Instrument, Symbol
from services.domain.money import ZERO
from services.domain.orders import Intent, LimitUse, SessionId
from services.domain.past import PastSession
from services.domain.quotes import Snapshot
from services.domain.slot import Slot
from services.domain.value import Value


class Usage(Value, frozen=True, kw_only=True):
    """What an answer took: tokens, wall time in ms, attempts made, and CNY by the price table."""

    input_tokens: int = 0
    output_tokens: int = 0
    latency_ms: int = 0
    attempts: int = 1
    cost_cny: Decimal = ZERO


class ModelCall(Value, frozen=True, kw_only=True):
    """One request of an answer, by the digest of all that was in it, and what it took.

    An answer read from the cache is recorded with what it took when it was given, so that a run from
    the cache writes the record of the run that asked. `cost_cny` is 0 where the model has no price.
    """

    request: str
    model: str
    parameters: str = ""
    finish_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    latency_ms: int = 0
    attempts: int = 1
    cost_cny: Decimal = ZERO


class RawAnswer(Value, frozen=True, kw_only=True):
    """An answer as it was received: the text, the model that gave it, every message exchanged.

    `calls` are the requests it took, in order; `role` in a message's mapping may be that of a debate.
    `fault` is what ended the asking before there was an answer to use, empty where nothing did.
    `over_budget` is why the budget forbade a request for it, empty where it allowed all.
    """

    text: str
    model: str
    transcript: tuple[Mapping[str, str], ...] = ()
    usage: Usage = msgspec.field(default_factory=Usage)
    calls: tuple[ModelCall, ...] = ()
    fault: str = ""
    over_budget: str = ""


class Decision(Value, frozen=True, kw_only=True):
    """A strictly parsed answer. An empty `intents` is a hold."""

    intents: tuple[Intent, ...]
    rationale: str
    model: str
    usage: Usage
    answer_hash: str


class BadAnswerKind(StrEnum):
    """What was wrong with an answer that is not a decision; NOT_GIVEN: the asking failed on its way."""

    NOT_GIVEN = "not_given"
    EMPTY = "empty"
    NOT_JSON = "not_json"
    SCHEMA = "schema"
    UNKNOWN_SYMBOL = "unknown_symbol"
    NUMBER = "number"


class BadAnswer(Value, frozen=True, kw_only=True):
    """An answer that is no decision: nothing is traded on it."""

    kind: BadAnswerKind
    reason: str
    model: str
    answer_hash: str


class Reads(StrEnum):
    """What a mind reads: the rendered text, or the arrays behind it."""

    TEXT = "text"
    ARRAYS = "arrays"


class Briefing(Value, frozen=True, kw_only=True):
    """Everything a mind is shown in one session; nothing in it is later than `slot.moment`.

    `history` is None where the source has none (a live source without bars). `text` is the rendering
    for minds that read text. They alone are told the last sessions (`past`, oldest first), the halts
    in force, and what is used of the account's limits; for minds that read arrays all four are empty.
    """

    session: SessionId
    slot: Slot
    book: Book
    snapshot: Snapshot
    watchlist: tuple[Symbol, ...]
    history: History | None
    instruments: Mapping[Symbol, Instrument]
    equity_cny: Decimal
    digest: str
    text: str = ""
    past: tuple[PastSession, ...] = ()
    halts: tuple[Halt, ...] = ()
    limits: tuple[LimitUse, ...] = ()
