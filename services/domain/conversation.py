"""What is said to a language model and what it says, whatever server is behind it. Pure."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from enum import StrEnum

import msgspec

from services.domain.money import ZERO
from services.domain.value import Value

OUTSIDE_JOINT = "__"
"""Stands between a server's name and its tool's in the name by which a model calls an outside tool."""

TOOL_RESULT = "Result of "
"""Begins what a tool answered, before its name; a refusal begins otherwise."""

OUTSIDE_OFF = "outside tools are off: on recorded prices they could tell what came later"
"""What a transcript says where outside tools are configured and not asked."""


class Role(StrEnum):
    """Who says something."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class ToolCall(Value, frozen=True, kw_only=True):
    """A question the model asks one of its tools; `arguments` is JSON text as the model wrote it."""

    call_id: str
    tool: str
    arguments: str


class Message(Value, frozen=True, kw_only=True):
    """One thing said; `tool_calls` are of the assistant's, `call_id` of a tool's answer.

    `reasoning` is what the assistant thought on the way to its tool calls: some servers want it back.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    reasoning: str = ""


class ToolSpec(Value, frozen=True, kw_only=True):
    """A tool as a model is told of it; `parameters` is the JSON schema of its arguments as text."""

    name: str
    description: str
    parameters: str


class ModelRequest(Value, frozen=True, kw_only=True):
    """One request to a model: everything that can change its answer.

    `model` is the provider's name of it, `endpoint` the address without secrets. `dialect` names how the
    server is told what is wanted. `schema` is the JSON schema of the answer as text, empty where any text
    will do. None leaves a choice to the server. `extra` is a JSON object, as text, of what else this one
    server wants to be told; empty for nothing.
    """

    endpoint: str
    model: str
    messages: tuple[Message, ...]
    schema: str = ""
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    output_tokens_max: int | None = None
    dialect: str = ""
    extra: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the request: two are the same when their texts are."""
        return hashlib.sha256(_encode(self)).hexdigest()


class ModelReply(Value, frozen=True, kw_only=True):
    """A model's answer to one request, and what it took.

    `finish_reason` "length" means it was cut off. Tokens are 0 where the server does not say;
    `cached_input_tokens` are those of the input that it had read before. `latency_ms` is from the first
    attempt on; `lost_attempts` are those that failed after the server may have worked on them.
    `cached` tells that nobody was asked. `cost_cny` is by the price table, lost attempts in full; 0
    where there is no price.
    """

    content: str
    model: str
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    finish_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    attempts: int = 1
    latency_ms: int = 0
    cached: bool = False
    cached_input_tokens: int = 0
    lost_attempts: int = 0
    cost_cny: Decimal = ZERO


_encode = msgspec.json.Encoder(order="sorted").encode
