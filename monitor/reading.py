"""Reading a journal's events: which ones are opened, and how their bodies come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache

from services.domain.events import BodyRef, Event
from services.journal.codec import KINDS, decode_event
from services.ports import JournalFault

ValueOf = Callable[[Event], object]
"""Returns an event's body as the domain holds it, a large one from wherever it lies."""


def inline_value(event: Event) -> object:
    """Return the body that stands in the event itself.

    Raises:
        JournalFault: The body is large and lies beside the journal, or is of a newer version.
    """
    body = decode_event(event)
    if isinstance(body, BodyRef):
        asked = f"event {event.seq}, session {event.session}, step {event.step}"
        raise JournalFault(asked, f"its body {body.body} lies beside the journal and no reader was given")
    return body


def values(
    events: Iterable[Event], wanted: Collection[type], value_of: ValueOf
) -> Iterator[tuple[Event, object]]:
    """Yield, in order, the events whose bodies are of a wanted type, with the body.

    Other bodies are neither decoded nor fetched.

    Raises:
        JournalFault: A wanted body cannot be read.
    """
    kinds = _kinds(frozenset(wanted))
    for event in events:
        if event.kind in kinds or (event.kind == "body_ref" and _held_kind(event) in kinds):
            yield event, value_of(event)


def _held_kind(event: Event) -> str:
    body = decode_event(event)
    return body.kind if isinstance(body, BodyRef) else event.kind


@cache
def _kinds(wanted: frozenset[type]) -> frozenset[str]:
    """Return the names under which the journal keeps the types."""
    return frozenset(kind for kind, holds in KINDS.items() if holds in wanted)
