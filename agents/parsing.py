"""The strict way from an answer's text to a decision. Pure.

Nothing is guessed: a text that is not exactly the contract is a `BadAnswer`, and nothing is traded on it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

import msgspec
from msgspec import UNSET, UnsetType

from services.domain.decision import BadAnswer, BadAnswerKind, Decision, RawAnswer
from services.domain.instruments import Symbol
from services.domain.orders import Intent, Side

TEXT_BYTES_MAX = 256 * 1024
ORDERS_MAX = 200
SHARES_MAX = 1_000_000_000

_CUT = "\n[cut here: the answer goes on]"
"""Ends a kept text that was too long; it is longer than the sign a cut may split."""
_HEAD, _TAIL = 200, 80
"""Signs of a reason kept from its beginning and its end, where the place in the answer stands."""
_STRANGE_FIELD = "Object contains unknown field"

_WEIGHT = re.compile(r"0(?:\.[0-9]{1,8})?|1(?:\.0{1,8})?")
_PRICE = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,8})?")
_NUMBER_FIELDS = (".shares`", ".target_weight`", ".limit_price`")


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    symbol: Symbol
    side: Side
    shares: int | UnsetType | None = UNSET
    target_weight: str | UnsetType | None = UNSET
    limit_price: str | UnsetType | None = UNSET
    reason: str | UnsetType = UNSET


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    rationale: str
    orders: list[_Order]


class _Unusable(Exception):
    """The answer breaks the contract: how, and a sentence on where."""

    def __init__(self, kind: BadAnswerKind, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, _line(reason)


_DECODER = msgspec.json.Decoder(_Answer)


def parse(answer: RawAnswer, watchlist: Collection[Symbol]) -> Decision | BadAnswer:
    """Return the decision that the text writes, or what is wrong with it.

    Intents stand in the order of the text, numbered from 0, with origin DECISION. `limit_price` and
    `reason` may be missing (null and ""); a null `shares` or `target_weight` counts as not given.
    `answer_hash` is the SHA-256 of the text's UTF-8 in hexadecimal. Where the asking failed on its way,
    what stands there is no decision.
    """
    # A lone surrogate cannot be encoded; it still gets a hash, and is refused as text below.
    data = answer.text.encode("utf-8", "surrogatepass")
    answer_hash = hashlib.sha256(data).hexdigest()
    try:
        parsed = _decode(answer.text, data)
        intents = _intents(parsed.orders, _members(watchlist))
        _require_single_keys(answer.text, parsed.orders)
        if answer.fault:
            raise _Unusable(BadAnswerKind.NOT_GIVEN, "")
    except _Unusable as problem:
        kind, reason = _problem(answer.fault, problem)
        return BadAnswer(kind=kind, reason=reason, model=answer.model, answer_hash=answer_hash)
    return Decision(
        intents=intents,
        rationale=parsed.rationale,
        model=answer.model,
        usage=answer.usage,
        answer_hash=answer_hash,
    )


def _problem(fault: str, problem: _Unusable) -> tuple[BadAnswerKind, str]:
    """Return what is wrong: first a fault that ended the asking, then the answer that stood there."""
    if not fault:
        return problem.kind, problem.reason
    if problem.kind in (BadAnswerKind.EMPTY, BadAnswerKind.NOT_GIVEN):
        return BadAnswerKind.NOT_GIVEN, _line(fault)
    return problem.kind, f"{_line(fault)}; {problem.reason}"


def recordable(answer: RawAnswer) -> RawAnswer:
    """Return the answer as a journal can keep it.

    Half a surrogate pair is spelled out as an escape. Of what the model said that is longer than
    any answer may be the beginning is kept, with a note that it goes on: still too long to be a
    decision. What it was told is kept whole.
    """
    said = answer.text + answer.fault + answer.over_budget
    if not answer.transcript and said.isascii() and len(said) <= TEXT_BYTES_MAX:
        return answer
    kept = replace(
        answer,
        text=_kept(answer.text, TEXT_BYTES_MAX),
        fault=_kept(answer.fault, TEXT_BYTES_MAX),
        over_budget=_kept(answer.over_budget, TEXT_BYTES_MAX),
        transcript=tuple(
            {key: _kept(part, _kept_bytes_max(message)) for key, part in message.items()}
            for message in answer.transcript
        ),
    )
    return answer if kept == answer else kept


def _kept_bytes_max(message: Mapping[str, str]) -> int | None:
    return TEXT_BYTES_MAX if message.get("role") == "assistant" else None


def _kept(text: str, bytes_max: int | None) -> str:
    data = text.encode("utf-8", "backslashreplace")
    cut_before = text.endswith(_CUT)
    if bytes_max is None or len(data) <= bytes_max + cut_before * len(_CUT):
        return data.decode()
    return data[:bytes_max].decode("utf-8", "ignore") + _CUT


def answer_schema(watchlist: Collection[Symbol]) -> dict[str, object]:
    """Return the JSON schema of an answer, in the strict subset that OpenAI-compatible servers take.

    An order has either `shares` or `target_weight`, so there are two forms of it; the symbols stand
    once, under `$defs`.
    """
    sized = {
        "shares": {"type": "integer", "description": "how many shares, greater than 0"},
        "target_weight": {
            "type": "string",
            "description": 'the share of equity to hold afterwards, "0" to "1", as decimal text',
        },
    }
    forms = [_order_schema(name, schema) for name, schema in sized.items()]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["rationale", "orders"],
        "properties": {
            "rationale": {"type": "string"},
            "orders": {"type": "array", "items": {"anyOf": forms}},
        },
        "$defs": {"symbol": {"type": "string", "enum": list(watchlist)}},
    }


def _order_schema(size: str, schema: dict[str, str]) -> dict[str, object]:
    properties: dict[str, object] = {
        "symbol": {"$ref": "#/$defs/symbol"},
        "side": {"type": "string", "enum": [side.value for side in Side]},
        size: schema,
        "limit_price": {
            "type": ["string", "null"],
            "description": "the worst price accepted, as decimal text; null for the market",
        },
        "reason": {"type": "string"},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


@lru_cache(maxsize=16)
def _set_of(watchlist: tuple[Symbol, ...]) -> frozenset[Symbol]:
    return frozenset(watchlist)


def _members(watchlist: Collection[Symbol]) -> Collection[Symbol]:
    return _set_of(watchlist) if isinstance(watchlist, tuple) else watchlist


def _decode(text: str, data: bytes) -> _Answer:
    if not text or text.isspace():
        raise _Unusable(BadAnswerKind.EMPTY, "the answer is empty")
    if len(data) > TEXT_BYTES_MAX:
        size = f"more than {TEXT_BYTES_MAX}" if text.endswith(_CUT) else f"{len(data)}"
        raise _Unusable(BadAnswerKind.SCHEMA, f"the answer has {size} bytes, at most {TEXT_BYTES_MAX}")
    try:
        answer = _DECODER.decode(data)
    except msgspec.ValidationError as error:
        message = str(error)
        # An unknown field's name is the answer's own word, and may end like the place of a number.
        of_number = message.endswith(_NUMBER_FIELDS) and not message.startswith(_STRANGE_FIELD)
        raise _Unusable(BadAnswerKind.NUMBER if of_number else BadAnswerKind.SCHEMA, message) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Unusable(BadAnswerKind.NOT_JSON, f"the answer is not one JSON object: {error}") from None
    if len(answer.orders) > ORDERS_MAX:
        raise _Unusable(BadAnswerKind.SCHEMA, f"{len(answer.orders)} orders, at most {ORDERS_MAX}")
    return answer


def _intents(orders: list[_Order], members: Collection[Symbol]) -> tuple[Intent, ...]:
    intents = []
    for index, order in enumerate(orders):
        if order.symbol not in members:
            raise _Unusable(
                BadAnswerKind.UNKNOWN_SYMBOL,
                f"orders[{index}].symbol: {order.symbol[:40]!r} is not on the watchlist",
            )
        shares, weight = _size(order, index)
        limit, reason = order.limit_price, order.reason
        intents.append(
            Intent(
                symbol=order.symbol,
                side=order.side,
                shares=shares,
                target_weight=weight,
                limit_cny=_limit(limit, index) if isinstance(limit, str) else None,
                why="" if reason is UNSET else reason,
                index=index,
            )
        )
    return tuple(intents)


def _size(order: _Order, index: int) -> tuple[int | None, Decimal | None]:
    shares = None if order.shares is UNSET else order.shares
    weight = None if order.target_weight is UNSET else order.target_weight
    if (shares is None) is (weight is None):
        raise _Unusable(
            BadAnswerKind.SCHEMA, f"orders[{index}]: exactly one of shares and target_weight is needed"
        )
    if shares is not None:
        if not 0 < shares <= SHARES_MAX:
            raise _Unusable(BadAnswerKind.NUMBER, f"orders[{index}].shares: not in 1 to {SHARES_MAX}")
        return shares, None
    if weight is None or not _WEIGHT.fullmatch(weight):
        raise _Unusable(
            BadAnswerKind.NUMBER,
            f'orders[{index}].target_weight: {_shown(weight)} is not a decimal text from "0" to "1"',
        )
    return None, Decimal(weight)


def _limit(text: str, index: int) -> Decimal:
    price = Decimal(text) if _PRICE.fullmatch(text) else None
    if not price:
        raise _Unusable(
            BadAnswerKind.NUMBER,
            f'orders[{index}].limit_price: {_shown(text)} is not a positive decimal text like "12.34"',
        )
    return price


def _line(reason: str) -> str:
    """Return a reason, in which an answer's own words may stand, as one short line that commands nothing."""
    if len(reason) > _HEAD + _TAIL:
        reason = f"{reason[:_HEAD]}…{reason[-_TAIL:]}"
    if reason.isprintable():
        return reason
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in reason)


def _shown(text: str | None) -> str:
    return repr(text[:40]) if text is not None else "null"


def _require_single_keys(text: str, orders: list[_Order]) -> None:
    """Refuse an object that writes a key twice, of which a decoder would silently take the last.

    A text has two quotes for each key and each string that was decoded; a duplicate or an escaped
    quote adds more. Only where the count does not prove that there is none, the text is read again.
    """
    # 2 keys and the rationale; an order has 2 keys and 2 strings besides what is counted below.
    strings = 3 + 4 * len(orders)
    for order in orders:
        strings += order.shares is not UNSET
        if order.target_weight is not UNSET:
            strings += 1 if order.target_weight is None else 2
        if order.limit_price is not UNSET:
            strings += 1 if order.limit_price is None else 2
        if order.reason is not UNSET:
            strings += 2
    if text.count('"') != 2 * strings:
        # Numbers stay text: turning thousands of digits into one is slow, and beyond some is refused.
        json.loads(text, object_pairs_hook=_single, parse_int=str, parse_float=str)


def _single(pairs: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _Unusable(BadAnswerKind.SCHEMA, f"the key {key!r} stands twice in one object")
        seen.add(key)
