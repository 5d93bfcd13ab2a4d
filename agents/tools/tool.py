"""One tool: what a model is told of it, the form of its arguments, and what answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from agents.tools.fence import cleaned, fenced, refusal
from services.domain.conversation import ToolSpec
from services.ports import Fault

ARGUMENTS_BYTES_MAX = 8 * 1024
"""Longest arguments of one call that are read."""


class Refused(ValueError):
    """A call that cannot be answered as it is; the message tells the model what to mend."""


class Arguments(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The arguments of a tool: the schema a model is shown is made from them, and is what they must fit."""


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool as a model is told of it, and how it is asked: from arguments as written to what is said."""

    spec: ToolSpec
    ask: Callable[[str], Awaitable[str]]


def tool(
    name: str,
    description: str,
    arguments: type[A],
    answer: Callable[[A], Awaitable[object]],
    origin: str = "this session",
    told: Callable[[object], str] | None = None,
) -> Tool:
    """Return a tool whose `answer` gives a JSON value, said as fenced data of `origin` or as `told` says it.

    Arguments that do not fit, a `Refused` and a fault of a door are said in one line.
    """
    decode = msgspec.json.Decoder(arguments).decode

    async def ask(written: str) -> str:
        try:
            value = await answer(decode(_readable(written)))
            return fenced(json_text(value), name, origin) if told is None else told(value)
        except (msgspec.MsgspecError, RecursionError) as error:
            return refusal(name, f"{error}; the arguments must be a JSON object that fits the tool's schema")
        except (Refused, Fault) as error:
            return refusal(name, str(error))

    spec = ToolSpec(name=name, description=description, parameters=_schema(arguments))
    return Tool(spec=spec, ask=ask)


def readable_object(written: str) -> dict[str, object]:
    """Return arguments as an object, for who checks them himself; blank ones are an empty object.

    Raises:
        Refused: They are no JSON object, or too long.
    """
    try:
        return msgspec.json.decode(_readable(written), type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Refused(f"{error}; the arguments must be a JSON object") from error


def _readable(written: str) -> bytes:
    data = written.encode("utf-8", "replace")
    if len(data) > ARGUMENTS_BYTES_MAX:
        raise Refused(f"the arguments are longer than {ARGUMENTS_BYTES_MAX} bytes")
    return data if data.strip() else b"{}"


def json_text(value: object) -> str:
    """Return a JSON value as text, with nothing in it that cannot be seen."""
    return msgspec.json.encode(cleaned(msgspec.to_builtins(value))).decode()


def _schema(arguments: type[Arguments]) -> str:
    """Return the JSON schema of the arguments, written in place, without references."""
    (_,), components = msgspec.json.schema_components((arguments,))
    schema = components[arguments.__name__]
    kept = {name: value for name, value in schema.items() if name not in ("title", "description")}
    return json.dumps({"additionalProperties": False, **kept}, ensure_ascii=False)
