"""Is the record whole, and does it say one thing? Reads everything, writes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.domain.bars import Panel
from services.domain.book import BookBroken, OrderEnded
from services.domain.conservation import Tally
from services.domain.events import BodyRef, Event, Genesis, PanelRef, SnapshotRef
from services.domain.fills import Fill, Movement
from services.domain.statement import Ack, AckKind
from services.journal.account import Account
from services.journal.audit import GENESIS_HASH, AuditTrail, line_hash
from services.journal.chain import Head, first_break
from services.journal.codec import decode_event
from services.journal.journal import Journal
from services.ports import Clock, EventStore, JournalFault

_ACCEPTED = AckKind.ACCEPTED
_HASH_FIELD = b',"hash":"'


class CheckedStore(EventStore, Protocol):
    """A store that can tell of itself what `verify` compares."""

    @property
    def shared(self) -> bool:
        """Whether other accounts' bodies lie in the same place."""

    def head(self) -> Head:
        """Return the last event as written down apart from it."""

    def body_digests(self) -> tuple[str, ...]:
        """Return the names of all large bodies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: `record` names the event, body, panel or line."""

    record: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was read, and what is wrong with it."""

    events: int
    audit_lines: int
    problems: tuple[Problem, ...]


def verify(
    store: CheckedStore,
    audit: Path,
    account: str,
    clock: Clock,
    panel_of: Callable[[str], Panel],
) -> Verification:
    """Return every difference found between journal, bodies, panels and `audit` (`position.jsonl`).

    `panel_of` must check a panel against its digest.

    Raises:
        JournalFault: The journal cannot be read at all.
    """
    events = tuple(store.events())
    problems = [*_chain(events, store.head()), *_bodies(events, store), *_panels(events, panel_of)]
    there = audit.read_bytes() if audit.exists() else b""
    lines = there.split(b"\n")
    torn = lines.pop()
    problems += _lines(lines, torn)
    if not problems:
        problems += _agreement(store, account, clock, panel_of, lines)
    return Verification(events=len(events), audit_lines=len(lines), problems=tuple(problems))


def _chain(events: tuple[Event, ...], head: Head) -> Iterator[Problem]:
    found = first_break(events, head)
    if found is not None:
        yield Problem(record=f"event {found.seq}", problem=found.detail)


def _bodies(events: tuple[Event, ...], store: CheckedStore) -> Iterator[Problem]:
    """Yield the bodies that are named and not there, or whose content is not what their name says."""
    named = {body.body: event for event in events if isinstance(body := _decoded(event), BodyRef)}
    for digest in dict.fromkeys([*named, *store.body_digests()]):
        try:
            store.body(digest)
        except JournalFault as fault:
            of = f" of event {named[digest].seq}" if digest in named else ""
            yield Problem(record=f"body {digest}{of}", problem=fault.why)
        else:
            if digest not in named and not store.shared:
                yield Problem(record=f"body {digest}", problem="no event names it")


def _panels(events: tuple[Event, ...], panel_of: Callable[[str], Panel]) -> Iterator[Problem]:
    """Yield the stored panels that are named and not there, or changed."""
    named: dict[str, Event] = {}
    for event in events:
        if event.kind in ("snapshot_ref", "panel_ref"):
            body = _decoded(event)
            if isinstance(body, SnapshotRef | PanelRef):
                named.setdefault(body.panel, event)
    for digest, event in named.items():
        try:
            panel_of(digest)
        except (OSError, ValueError) as error:
            yield Problem(record=f"panel {digest} of event {event.seq}", problem=str(error))


def _lines(lines: list[bytes], torn: bytes) -> Iterator[Problem]:
    """Yield the first line that does not follow from the one before it, and a torn last line."""
    prev = GENESIS_HASH
    for i, line in enumerate(lines):
        problem = _line_problem(line, i, prev)
        if problem:
            yield Problem(record=f"position.jsonl line {i}", problem=problem)
            return
        prev = json.loads(line)["hash"]
    if torn:
        yield Problem(record=f"position.jsonl line {len(lines)}", problem="is cut off")


def _line_problem(line: bytes, number: int, prev: str) -> str:
    unhashed, _, rest = line.rpartition(_HASH_FIELD)
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(fields, dict) or rest.decode(errors="replace") != f'{fields.get("hash")}"}}':
        return "has no hash at its end"
    if fields.get("id") != number:
        return f"has the id {fields.get('id')}"
    if fields.get("prev") != prev:
        return "does not name the hash of the line before it"
    if line_hash(unhashed + b"}") != fields["hash"]:
        return "was changed: its content has another hash"
    return ""


def _agreement(
    store: EventStore,
    account: str,
    clock: Clock,
    panel_of: Callable[[str], Panel],
    lines: list[bytes],
) -> Iterator[Problem]:
    """Yield where the journal's fold is not the audit trail."""
    trail, expected, balance = AuditTrail(), list[bytes](), _Balance()

    def listen(event: Event, value: object, folded: Account) -> None:
        expected.extend(trail.apply(event, value, folded))
        balance.listen(event, value, folded)

    try:
        Journal(store, account, clock, panel_of, (listen,))
    except BookBroken as broken:
        yield Problem(record="journal", problem=f"contradicts itself: {broken}")
        return
    yield from balance.problems
    for i, line in enumerate(expected):
        if i >= len(lines):
            missing = len(expected) - len(lines)
            yield Problem(
                record=f"position.jsonl line {i}",
                problem=f"is missing, and {missing - 1} after it; a start completes the file",
            )
            return
        if lines[i] + b"\n" != line:
            yield Problem(record=f"position.jsonl line {i}", problem="is not what the journal holds")
            return
    if len(lines) > len(expected):
        yield Problem(record=f"position.jsonl line {len(expected)}", problem="is not in the journal")


class _Balance:
    """Holds the fold against plain sums after every event, and names the first after which they differ.

    What an order sets aside counts from the broker's yes on: the tax on a sale may have taken the cash that a
    buy of the same session was approved on, and the broker then turns the buy away.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._tally: Tally | None = None

    def listen(self, event: Event, value: object, folded: Account) -> None:
        if isinstance(value, Genesis):
            self._tally = Tally(value.cash_cny)
        if self._tally is None or self.problems:
            return
        if isinstance(value, Fill | Movement):
            self._tally.take(value)
        elif not (isinstance(value, OrderEnded) or (isinstance(value, Ack) and value.kind is _ACCEPTED)):
            return
        self.problems += [
            Problem(record=f"event {event.seq}", problem=f"the account does not balance: {problem}")
            for problem in self._tally.problems(folded.book)
        ]


def _decoded(event: Event) -> object:
    """Return the event's own body, None where it cannot be read: the chain names that event."""
    if event.kind not in ("body_ref", "snapshot_ref", "panel_ref"):
        return None
    try:
        return decode_event(event)
    except JournalFault:
        return None
