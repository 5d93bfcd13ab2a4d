"""What a mind answered, and what it was asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from services.domain.bars import History
from services.domain.book import Book
from services.domain.instruments import Instrument, Symbol
from services.domain.orders import Intent, SessionId
from services.domain.quotes import Snapshot
from services.domain.slot import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an answer cost: tokens, wall time in ms, attempts made."""

    input_tokens: int = 0
    output_tokens: int = 0
    latency_ms: int = 0
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """An answer as it was received: the text, the model that gave it, every message exchanged."""

    text: str
    model: str
    transcript: tuple[Mapping[str, str], ...] = ()
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A strictly parsed answer. An empty `intents` is a hold."""

    intents: tuple[Intent, ...]
    rationale: str
    model: str
    usage: Usage
    answer_hash: str


class BadAnswerKind(StrEnum):
    """What was wrong with an answer that is not a decision."""

    EMPTY = "empty"
    NOT_JSON = "not_json"
    SCHEMA = "schema"
    UNKNOWN_SYMBOL = "unknown_symbol"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadAnswer:
    """An answer that is no decision: nothing is traded on it."""

    kind: BadAnswerKind
    reason: str
    model: str
    answer_hash: str


class Reads(StrEnum):
    """What a mind reads: the rendered text, or the arrays behind it."""

    TEXT = "text"
    ARRAYS = "arrays"


@dataclass(frozen=True, kw_only=True)
class Briefing:
    """Everything a mind is shown in one session; nothing in it is later than `slot.moment`.

    `history` is None where the source has none (a live source without bars). `limits` are the
    day's lowest and highest price per symbol as text, for the symbols rendered. `notes` are
    sentences on what happens at this slot. `text` is the rendering for minds that read text,
    empty for minds that read arrays.
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
