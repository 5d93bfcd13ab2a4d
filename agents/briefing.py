"""What a mind is shown: its inputs, their digest, and the text for minds that read text. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal

from msgspec.structs import replace

from agents.phrases import TEMPLATE_VERSION
from agents.shape import Shape
from services.domain.bars import History
from services.domain.book import Book
from services.domain.decision import Briefing, Reads
from services.domain.events import Halt
from services.domain.instruments import Instrument, Symbol
from services.domain.orders import LimitUse, SessionId
from services.domain.past import PastSession
from services.domain.quotes import PanelSnapshot, Quote, Snapshot
from services.domain.slot import Slot
from services.journal.codec import encode

__all__ = ["TEMPLATE_VERSION", "brief"]

INPUTS_VERSION = "briefing-1"
"""Names which inputs every mind has; recorded digests of minds that read arrays hang on it."""


def brief(
    *,
    session: SessionId,
    slot: Slot,
    book: Book,
    snapshot: Snapshot,
    watchlist: tuple[Symbol, ...],
    history: History | None,
    instruments: Mapping[Symbol, Instrument],
    equity_cny: Decimal,
    reads: Reads,
    lang: str = "en",
    shape: Shape | None = None,
    past: tuple[PastSession, ...] = (),
    halts: tuple[Halt, ...] = (),
    limits: tuple[LimitUse, ...] = (),
) -> Briefing:
    """Return what a mind is shown in a session.

    For a mind that reads arrays nothing is built and `past`, `halts` and `limits` count for nothing:
    `digest` is the SHA-256 of the other inputs. For one that reads text, `text` is the rendering in
    `lang` (en or zh), as `shape` says or by its defaults, and `digest` covers all that went into it.
    `instruments` must not be changed afterwards.

    Raises:
        ValueError: There is no such language.
    """
    digest = _digest(session, slot, book, snapshot, watchlist, history, instruments, equity_cny)
    briefing = Briefing(
        session=session,
        slot=slot,
        book=book,
        snapshot=snapshot,
        watchlist=watchlist,
        history=history,
        instruments=instruments,
        equity_cny=equity_cny,
        digest=digest,
    )
    if reads is Reads.ARRAYS:
        return briefing
    # Words are of no use to minds that read arrays, so they are loaded here.
    from agents.rendering import render

    shape = shape or Shape()
    told = (TEMPLATE_VERSION, digest, encode(past), encode(halts), encode(limits), encode(shape))
    whole = replace(
        briefing,
        digest=hashlib.sha256("\n".join(told).encode()).hexdigest(),
        past=past,
        halts=halts,
        limits=limits,
    )
    return replace(whole, text=render(whole, lang, shape))


def _digest(
    session: SessionId,
    slot: Slot,
    book: Book,
    snapshot: Snapshot,
    watchlist: tuple[Symbol, ...],
    history: History | None,
    instruments: Mapping[Symbol, Instrument],
    equity_cny: Decimal,
) -> str:
    parts = (
        INPUTS_VERSION,
        session,
        slot.market,
        slot.frequency,
        slot.label,
        _book_identity(book),
        _snapshot_identity(snapshot),
        "none" if history is None else f"{history.panel.digest}:{history.rows}",
        _listed_identity(watchlist, instruments),
        str(equity_cny),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _snapshot_identity(snapshot: Snapshot) -> str:
    """Return a text that two snapshots share only when they show the same."""
    moment = snapshot.moment.timestamp()
    if isinstance(snapshot, PanelSnapshot):
        return f"{snapshot.panel.digest}@{moment!r}"
    quotes = encode(tuple(_as_told(snapshot.get(symbol)) for symbol in snapshot.symbols))
    return f"{snapshot.source}@{moment!r}:{','.join(snapshot.symbols)}:{quotes}"


_ALWAYS = object()
_USUAL = dict(zip(reversed(Quote.__struct_fields__), reversed(Quote.__struct_defaults__), strict=False))
_JUDGED: Mapping[str, object] = {
    name: _USUAL[name] for name in ("barred", "barred_by", "disputed", "confirmed_by")
}
"""What a quote says only where somebody judged it: left out where it says nothing, as it once was of all."""


def _as_told(quote: Quote | None) -> Mapping[str, object] | None:
    if quote is None:
        return None
    told = {name: getattr(quote, name) for name in quote.__struct_fields__}
    return {name: value for name, value in told.items() if value != _JUDGED.get(name, _ALWAYS)}


class _Known:
    """What was seen last, and its text: in a run one watchlist and mapping, one book while nothing trades."""

    __slots__ = ("book", "book_text", "facts_digest", "instruments", "listed_text", "watchlist")

    def __init__(self) -> None:
        self.book: Book | None = None
        self.watchlist: tuple[Symbol, ...] | None = None
        self.instruments: Mapping[Symbol, Instrument] | None = None
        self.book_text = self.facts_digest = self.listed_text = ""


_known = _Known()


def _book_identity(book: Book) -> str:
    if book is not _known.book:
        _known.book_text, _known.book = encode(book), book
    return _known.book_text


def _listed_identity(watchlist: tuple[Symbol, ...], instruments: Mapping[Symbol, Instrument]) -> str:
    """Return the watchlist, and on a line of its own the digest of the facts of instruments."""
    if instruments is not _known.instruments:
        facts = encode({symbol: instruments[symbol] for symbol in sorted(instruments)})
        _known.facts_digest = hashlib.sha256(facts.encode()).hexdigest()
    elif watchlist is _known.watchlist:
        return _known.listed_text
    _known.listed_text = f"{','.join(watchlist)}\n{_known.facts_digest}"
    _known.watchlist, _known.instruments = watchlist, instruments
    return _known.listed_text
