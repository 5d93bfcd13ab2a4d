"""The hash chain of a journal: each event's hash covers all of it and the hash before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import sha256

import msgspec

from services.domain.events import Event
from services.domain.value import Value
from services.ports import JournalFault

GENESIS_HASH = "0" * 64
"""What the first event names as the hash before it."""

_encode = msgspec.json.Encoder().encode
_made = tuple.__new__


class Head(Value, frozen=True, kw_only=True):
    """The last event of a journal as written down apart from it; `seq` 0 where there is none yet."""

    seq: int = 0
    hash: str = GENESIS_HASH


class Break(StrEnum):
    """What is wrong at a break, in the order it is looked for."""

    ACCOUNT = "account"
    SEQ = "seq"
    PREV = "prev"
    HASH = "hash"
    HEAD = "head"


class ChainBreak(Value, frozen=True, kw_only=True):
    """The first event that does not follow from the ones before it.

    `seq` is the event's own; where events are missing it is the first one missing.
    """

    seq: int
    what: Break
    detail: str


def link(
    seq: int,
    account: str,
    session: str,
    step: str,
    kind: str,
    version: int,
    at: str,
    body: str,
    prev: str,
) -> Event:
    """Return the event that follows `prev`, the first with `seq` 1 and GENESIS_HASH.

    Its hash is the hex SHA-256 of the JSON array of all the other columns, in their order.

    Raises:
        UnicodeEncodeError: A column holds half a surrogate pair.
    """
    own = sha256(_encode((seq, account, session, step, kind, version, at, body, prev))).hexdigest()
    # A named tuple's own function takes twice as long.
    return _made(Event, (seq, account, session, step, kind, version, at, body, prev, own))


def hash_of(event: Event) -> str:
    """Return the hash the event's columns have, whatever its `hash` says."""
    return sha256(_encode(event[:-1])).hexdigest()


def first_break(events: Iterable[Event], head: Head | None = None) -> ChainBreak | None:
    """Return the first place where the events are not one unbroken chain, None where they are.

    With `head` given, the last event must be the one it names: a cut tail is a break too.
    """
    account, prev, seq = None, GENESIS_HASH, 0
    for event in events:
        seq += 1
        account = account or event.account
        found = _break_at(event, seq, account, prev)
        if found is not None:
            return found
        prev = event.hash
    if head is None or (head.seq, head.hash) == (seq, prev):
        return None
    return _broken_head(head, seq)


def require_digests(bodies: Mapping[str, bytes]) -> None:
    """Do nothing where each body lies under its own SHA-256.

    Raises:
        JournalFault: One does not.
    """
    for digest, body in bodies.items():
        if sha256(body).hexdigest() != digest:
            raise JournalFault(f"append body {digest}", "its content has another SHA-256")


def _break_at(event: Event, seq: int, account: str, prev: str) -> ChainBreak | None:
    if event.account != account:
        detail = f"is of account {event.account!r}, not {account!r}"
        return ChainBreak(seq=event.seq, what=Break.ACCOUNT, detail=detail)
    if event.seq != seq:
        detail = f"is missing; event {event.seq} stands in its place"
        return ChainBreak(seq=seq, what=Break.SEQ, detail=detail)
    if event.prev != prev:
        detail = "does not name the hash of the event before it"
        return ChainBreak(seq=seq, what=Break.PREV, detail=detail)
    if event.hash != hash_of(event):
        return ChainBreak(seq=seq, what=Break.HASH, detail="was changed: its content has another hash")
    return None


def _broken_head(head: Head, seq: int) -> ChainBreak:
    if head.seq > seq:
        detail = f"is missing; the journal ended with event {head.seq}"
        return ChainBreak(seq=seq + 1, what=Break.HEAD, detail=detail)
    if head.seq < seq:
        detail = f"was added; the journal ended with event {head.seq}"
        return ChainBreak(seq=head.seq + 1, what=Break.HEAD, detail=detail)
    return ChainBreak(seq=seq, what=Break.HEAD, detail="is not the event the journal ended with")
