"""The record itself: whole, lived again to the same bytes, and no change of it unnoticed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from commands.twin import Twin
from services.clock import ReplayClock
from services.domain.events import Event
from services.journal.chain import Head
from services.journal.verify import verify
from tests.simulation.disk import AuditPath
from tests.simulation.past import Past
from tests.simulation.scenario import Kind

REPLAYED_RATIO = 0.5
CHANGED_RATIO = 0.25
"""How many of the histories are lived again, and how many have their record changed: both take time."""


def whole_record(past: Past) -> Iterator[str]:
    """The journal is one chain, its fold balances and is the audit trail to the byte."""
    yield from _problems(past, past.outside.store, past.outside.audit)


def identical_replay(past: Past) -> Iterator[str]:
    """17: lived again from the record alone, nothing differs; for brokers that can be made again."""
    chance = past.scenario.rng("replayed").random()
    if past.scenario.kind is Kind.WIRE or chance > REPLAYED_RATIO:
        return
    genesis = past.journal.account.genesis
    if genesis is None:
        return
    twin = Twin(past.outside.store, genesis, past.panels)
    asyncio.run(twin.replay.run())
    for one in twin.journal.differences:
        yield f"{one.session} {one.step} {one.field}: recorded {one.recorded}, recomputed {one.recomputed}"
    for session in past.journal.account.sessions:
        for event in twin.journal.unseen(session):
            yield f"{session} {event.step} is not lived again"


def noticed_changes(past: Past) -> Iterator[str]:
    """18: one change of the journal or the audit trail, of any kind, is noticed."""
    rng = past.scenario.rng("changed")
    if rng.random() > CHANGED_RATIO or len(past.lines) < 3:
        return
    if rng.random() < 0.5:
        how, path = _changed_trail(rng, past.outside.audit.read_bytes())
        found = list(_problems(past, past.outside.store, path))
    else:
        how, store = _changed_journal(rng, past)
        found = list(_problems(past, store, past.outside.audit))
    if not found:
        yield f"nobody noticed: {how}"


def _problems(past: Past, store: Any, audit: Any) -> Iterator[str]:
    found = verify(store, audit, "main", ReplayClock(past.scenario.start), past.panels.get)
    for problem in found.problems:
        yield f"{problem.record} {problem.problem}"


def _changed_trail(rng: Random, content: bytes) -> tuple[str, AuditPath]:
    lines = content.splitlines(keepends=True)
    at = rng.randrange(1, len(lines) - 1)
    how = rng.choice(("edited", "deleted", "swapped", "cut", "rewritten"))
    if how == "edited":
        place = rng.randrange(len(lines[at]) - 1)
        lines[at] = lines[at][:place] + bytes([lines[at][place] ^ 1]) + lines[at][place + 1 :]
    elif how == "deleted":
        del lines[at]
    elif how == "swapped":
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    elif how == "cut":
        lines[-1] = lines[-1][: rng.randrange(len(lines[-1]))]
    else:
        lines = [*lines[:at], *_rewritten(lines[at:])]
    path = AuditPath()
    path.there, path.synced = True, b"".join(lines)
    return f"position.jsonl {how} at line {at}", path


def _rewritten(lines: list[bytes]) -> Iterator[bytes]:
    """Yield the lines with another cash amount and a chain that fits."""
    prev = json.loads(lines[0])["prev"]
    for line in lines:
        fields = {**json.loads(line), "prev": prev, "cash_change_cny": "1000000.00"}
        del fields["hash"]
        raw = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        prev = hashlib.sha256(raw).hexdigest()
        yield raw[:-1] + f',"hash":"{prev}"}}\n'.encode()


class _Changed:
    """A store somebody changed, with the head as it was written."""

    shared = False

    def __init__(self, past: Past, events: list[Event]) -> None:
        self._store, self._events = past.outside.store, events

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def events(self) -> Iterable[Event]:
        return tuple(self._events)

    def head(self) -> Head:
        return self._store.head()


def _changed_journal(rng: Random, past: Past) -> tuple[str, _Changed]:
    events = [step.event for step in past.steps]
    at = rng.randrange(1, len(events) - 1)
    how = rng.choice(("edited", "deleted", "swapped", "cut"))
    if how == "edited":
        events[at] = events[at]._replace(body=events[at].body.replace("0", "1", 1) + " ")
    elif how == "deleted":
        del events[at]
    elif how == "swapped":
        events[at], events[at + 1] = events[at + 1], events[at]
    else:
        del events[-1]
    return f"journal {how} at event {at + 1}", _Changed(past, events)
