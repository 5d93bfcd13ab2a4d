"""The wire form of a chat completion, read strictly as far as it is used. Pure."""

from __future__ import annotations

import msgspec

from services.domain.conversation import ToolCall
from services.models.dialects import ANSWER_TOOL, Dialect

BODY_BYTES_MAX = 4 * 1024 * 1024

_THINK, _THOUGHT = "<think>", "</think>"


class Function(msgspec.Struct):
    """Which tool is called, and with what: JSON text as the model wrote it."""

    name: str
    arguments: str = ""


class Call(msgspec.Struct):
    """A call of a tool."""

    function: Function
    id: str | None = None


class Message(msgspec.Struct):
    """What the model said: an answer, a refusal or calls, and its reasoning where the server shows it."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: object = None
    reasoning: object = None
    tool_calls: list[Call] | None = None

    @property
    def thoughts(self) -> str:
        """The reasoning, under either of the names servers have for it."""
        given = self.reasoning_content or self.reasoning
        return given if isinstance(given, str) else ""


class Choice(msgspec.Struct):
    """One answer; `finish_reason` "length" means it was cut off."""

    message: Message
    finish_reason: str | None = None


class Completion(msgspec.Struct):
    """A server's answer to one request; it has at least one choice."""

    choices: list[Choice]
    model: str | None = None
    usage: dict[str, object] | None = None

    @property
    def input_tokens(self) -> int:
        """Tokens read, 0 where the server does not say."""
        return _count(self.usage, "prompt_tokens")

    @property
    def output_tokens(self) -> int:
        """Tokens written, 0 where the server does not say."""
        return _count(self.usage, "completion_tokens")

    @property
    def cached_input_tokens(self) -> int:
        """Tokens of the input that the server had read before, never more than all of them."""
        details = (self.usage or {}).get("prompt_tokens_details")
        told = _count(details if isinstance(details, dict) else None, "cached_tokens")
        return min(self.input_tokens, told or _count(self.usage, "prompt_cache_hit_tokens"))


class NotACompletion(Exception):
    """The server answered, but not with a completion: what is wrong, and the body it sent."""

    def __init__(self, wrong: str, body: str = "") -> None:
        super().__init__(wrong)
        self.wrong, self.body = wrong, body


class Said(msgspec.Struct, frozen=True):
    """What a completion says: the text, the thoughts before it, and the tools called."""

    content: str
    reasoning: str
    tool_calls: tuple[ToolCall, ...]


_DECODER = msgspec.json.Decoder(Completion)


def read_completion(body: bytes) -> Completion:
    """Return the completion in a response's body; fields that are not used may be anything.

    Raises:
        NotACompletion: Not JSON, another object, no choice in it, or more than `BODY_BYTES_MAX` bytes.
    """
    if len(body) > BODY_BYTES_MAX:
        raise NotACompletion(f"an answer of {len(body)} bytes, at most {BODY_BYTES_MAX}")
    try:
        completion = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotACompletion(f"not a chat completion ({error})", body.decode("utf-8", "replace")) from error
    if not completion.choices:
        raise NotACompletion("a chat completion without choices", body.decode("utf-8", "replace"))
    return completion


def said(message: Message, dialect: Dialect) -> Said:
    """Return what a message says; an answer given by calling the answer's tool is its text.

    A refusal counts as the text. Calls beside an answer are dropped: it was given without them.
    """
    content, reasoning = message.content or message.refusal or "", message.thoughts
    if dialect.thinks_aloud:
        content, aloud = _without_thoughts(content)
        reasoning = reasoning or aloud
    calls = message.tool_calls or []
    for call in calls:
        if call.function.name == ANSWER_TOOL:
            return Said(call.function.arguments, reasoning, ())
    return Said(
        content,
        reasoning,
        tuple(
            ToolCall(
                call_id=call.id or f"call-{index}", tool=call.function.name, arguments=call.function.arguments
            )
            for index, call in enumerate(calls)
        ),
    )


def _without_thoughts(content: str) -> tuple[str, str]:
    """Return the text after the thoughts it begins with, and those; thoughts without an end are all."""
    text = content.lstrip()
    if not text.startswith(_THINK):
        return content, ""
    thoughts, _, answer = text.removeprefix(_THINK).partition(_THOUGHT)
    return answer.lstrip(), thoughts.strip()


def _count(counts: dict[str, object] | None, key: str) -> int:
    tokens = (counts or {}).get(key)
    return tokens if isinstance(tokens, int) and tokens > 0 else 0
