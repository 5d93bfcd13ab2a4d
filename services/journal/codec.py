"""Bodies of events as canonical JSON, and back to the domain's values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from math import isfinite

import msgspec

from services.domain.book import Book, OrderEnded
from services.domain.decision import BadAnswer, Decision, RawAnswer
from services.domain.events import (
    Asked,
    BodyRef,
    BriefingRecord,
    Check,
    Closed,
    Deferred,
    Event,
    Exits,
    FaultRecord,
    Genesis,
    Halt,
    Lift,
    Look,
    Opened,
    Opening,
    PanelRef,
    Repaired,
    Rested,
    RunFinished,
    SettingsRecord,
    Settlement,
    SnapshotRef,
    TradingDay,
    Verdicts,
    WaitsOn,
)
from services.domain.fills import Fill, Movement
from services.domain.instruments import Facts
from services.domain.orders import OrderTerms
from services.domain.quotes import VendorSnapshot
from services.domain.statement import Ack, Sighting, Statement
from services.ports import JournalFault

VERSION = 1
"""The version of every kind's body as it is written today."""

KINDS: Mapping[str, type] = {
    "ack": Ack,
    "asked": Asked,
    "bad_answer": BadAnswer,
    "body_ref": BodyRef,
    "book": Book,
    "briefing_record": BriefingRecord,
    "check": Check,
    "closed": Closed,
    "decision": Decision,
    "deferred": Deferred,
    "exits": Exits,
    "facts": Facts,
    "fault_record": FaultRecord,
    "fill": Fill,
    "genesis": Genesis,
    "halt": Halt,
    "lift": Lift,
    "look": Look,
    "movement": Movement,
    "opened": Opened,
    "opening": Opening,
    "order_ended": OrderEnded,
    "order_terms": OrderTerms,
    "panel_ref": PanelRef,
    "raw_answer": RawAnswer,
    "repaired": Repaired,
    "rested": Rested,
    "run_finished": RunFinished,
    "settings_record": SettingsRecord,
    "settlement": Settlement,
    "sighting": Sighting,
    "snapshot_ref": SnapshotRef,
    "statement": Statement,
    "trading_day": TradingDay,
    "vendor_snapshot": VendorSnapshot,
    "verdicts": Verdicts,
    "waits_on": WaitsOn,
}
"""What an event's body may hold, by the name the event calls it."""

KIND_OF: Mapping[type, str] = {of: kind for kind, of in KINDS.items()}
"""The kind that each type is journaled as."""

MOMENTS_IN: Mapping[type, tuple[str, ...]] = {
    Ack: (),
    BriefingRecord: (),
    Closed: (),
    Decision: (),
    Fill: ("trade_date", "traded_at"),
    Look: ("moment",),
    Opened: ("day", "slot"),
    OrderEnded: (),
    OrderTerms: ("not_before", "send_by", "day"),
    RawAnswer: (),
    Rested: (),
    SnapshotRef: ("moment",),
    TradingDay: (),
    WaitsOn: (),
}
"""The fields of a kind that hold its moments and days, all of them: of the kinds that are written most.

Of these kinds the fields alone are looked at; the text of any other kind is searched for moments."""

_encode = msgspec.json.Encoder(decimal_format="string", order="sorted").encode
_naive_moment = re.compile(r'T\d\d:\d\d:\d\d(?:\.\d+)?"').search


class NotCanonical(ValueError):
    """The value has no canonical JSON: not finite, without a time zone, or of a type JSON has no form for."""


def kind_of(value: object) -> str:
    """Return the kind that `value` is journaled as.

    Raises:
        NotCanonical: Values of that type are not journaled.
    """
    kind = KIND_OF.get(type(value))
    if kind is None:
        raise NotCanonical(f"{type(value).__name__} is not a kind of journal body")
    return kind


def encode(value: object) -> str:
    """Return `value` as canonical JSON: one text for each value, and no two values with one text.

    Keys are sorted, nothing is left out, decimals are their exact text, dates and moments ISO 8601
    (moments with their offset), enums their value.

    Raises:
        NotCanonical: A number is not finite, a moment has no time zone, a text holds half a
            surrogate pair, or a type has no JSON form.
    """
    try:
        text = _encode(value).decode()
    except (TypeError, UnicodeEncodeError) as error:
        raise NotCanonical(f"{type(value).__name__}: {error}") from error
    # Only what could hide in a text is looked for by value: texts are searched in 0.5 us, values in 10.
    if _doubtful(value, text):
        _refuse(value, type(value).__name__)
    return text


def _doubtful(value: object, text: str) -> bool:
    """Answer whether a value, or its text, may hold a number that is not finite or a moment without a zone.

    A letter is found in a tenth of a word's time, and most texts lack it.
    """
    moments = MOMENTS_IN.get(type(value))
    if moments is None:
        if type(value) not in KIND_OF or ("T" in text and _naive_moment(text) is not None):
            return True
    else:
        for name in moments:
            held = getattr(value, name)
            # What is declared as a day may hold a moment: one is a kind of the other.
            if type(held) is not date and getattr(held, "tzinfo", None) is None:
                return True
    return ("N" in text and "NaN" in text) or ("I" in text and "Infinity" in text)


def decode(kind: str, version: int, body: str) -> object:
    """Return what `body` holds.

    Raises:
        JournalFault: The kind or version is not known here, or the body is not of that kind.
    """
    if version > VERSION or kind not in KINDS:
        raise JournalFault(
            f"read a {kind!r} of version {version}",
            f"written by a newer Kaipan; this one knows versions up to {VERSION}",
        )
    try:
        return _decoder(kind).decode(body)
    except msgspec.MsgspecError as error:
        raise JournalFault(f"read a {kind!r}", f"its body is not one: {error}") from error


def decode_event(event: Event) -> object:
    """Return what the event's body holds.

    Raises:
        JournalFault: As `decode`, naming the event.
    """
    try:
        return decode(event.kind, event.version, event.body)
    except JournalFault as fault:
        raise JournalFault(f"event {event.seq}: {fault.asked}", fault.why) from fault


@cache
def _decoder(kind: str) -> msgspec.json.Decoder[object]:
    return msgspec.json.Decoder(KINDS[kind])


def _refuse(value: object, path: str) -> None:
    """Raise NotCanonical at the first number that is not finite, or moment that is none or has no zone."""
    if isinstance(value, Decimal | float) and not _finite(value):
        raise NotCanonical(f"{path}: {value} is not a finite number")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise NotCanonical(f"{path}: {value.isoformat()} has no time zone")
    for name in MOMENTS_IN.get(type(value), ()):
        if not isinstance(getattr(value, name), date):
            raise NotCanonical(f"{path}.{name}: {getattr(value, name)!r} is no moment")
    for name, held in _parts(value):
        _refuse(held, path + name)


def _finite(number: Decimal | float) -> bool:
    return number.is_finite() if isinstance(number, Decimal) else isfinite(number)


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """Yield what `value` holds, each with the text that leads to it."""
    if isinstance(value, msgspec.Struct):
        yield from ((f".{name}", getattr(value, name)) for name in value.__struct_fields__)
    elif is_dataclass(value):
        yield from ((f".{field.name}", getattr(value, field.name)) for field in fields(value))
    elif isinstance(value, Mapping):
        yield from ((f"[{key!r}]", held) for key, held in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{index}]", held) for index, held in enumerate(value))
