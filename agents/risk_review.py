"""What a debate's risk reviewer may do to a trader's answer: let it pass, shrink it, veto it. Pure."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from services.domain.decision import Decision
from services.domain.instruments import Symbol
from services.domain.orders import Intent, Side

REVIEW_SCHEMA = (
    '{"type":"object","additionalProperties":false,"required":["verdict","reason"],"properties":'
    '{"verdict":{"type":"string","enum":["pass","shrink","veto"]},"reason":{"type":"string"}}}'
)
"""The JSON schema of a reviewer's answer."""


class Ruling(StrEnum):
    """What the reviewer says of the proposed orders."""

    PASS = "pass"
    SHRINK = "shrink"
    VETO = "veto"


class Review(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A reviewer's answer."""

    verdict: Ruling
    reason: str


_DECODER = msgspec.json.Decoder(Review)


def review_of(text: str) -> Review | str:
    """Return the review that the text writes, or what is wrong with it."""
    try:
        return _DECODER.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return str(error)


def not_smaller(before: Decision, after: Decision) -> Symbol | None:
    """Return the first symbol whose order is new or risks more than before, None where all ask for less.

    Where `after` asks for the very same as `before` it is the first symbol.
    """
    known = {(intent.symbol, intent.side): intent for intent in before.intents}
    changed = len(after.intents) < len(before.intents)
    for intent in after.intents:
        old = known.pop((intent.symbol, intent.side), None)
        if old is None or not (_no_larger(old, intent) and _no_wider(old, intent)):
            return intent.symbol
        changed = changed or (old.shares, old.target_weight) != (intent.shares, intent.target_weight)
    return None if changed else before.intents[0].symbol


def _no_larger(old: Intent, new: Intent) -> bool:
    if old.shares is not None and new.shares is not None:
        return new.shares <= old.shares
    if old.target_weight is None or new.target_weight is None:
        return False
    if new.side is Side.BUY:
        return new.target_weight <= old.target_weight
    return new.target_weight >= old.target_weight


def _no_wider(old: Intent, new: Intent) -> bool:
    """Answer whether the new limit accepts no worse price; an order without one takes what the gate makes."""
    if old.limit_cny is None or new.limit_cny is None:
        return old.limit_cny == new.limit_cny
    return new.limit_cny <= old.limit_cny if new.side is Side.BUY else new.limit_cny >= old.limit_cny
