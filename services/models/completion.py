"""The wire form of a chat completion, read strictly as far as it is used. Pure."""

from __future__ import annotations

import msgspec

from services.domain.conversation import ToolCall
from services.models.dialects import ANSWER_TOOL, Dialect

BODY_BYTES_MAX = 4 * 1024 * 1024
TOKENS_MAX = 1_000_000_000
"""A server that counts more for one request has not counted; -1 read without its sign is one way to it."""

_THINK, _THOUGHT = "<think>", "</think>"
_ASKED_TOO_OFTEN = 1002
"""MiniMax's code for it: platform.minimax.io, API reference, error codes."""


class Function(msgspec.Struct):
    """Which tool is called, and with what: a JSON object, as it stands or as text; null is nothing."""

    name: str
    arguments: msgspec.Raw = msgspec.Raw(b'""')

    @property
    def text(self) -> str:
        """The arguments as the model wrote them.

        Raises:
            NotACompletion: They are neither an object nor a text.
        """
        written = bytes(self.arguments).decode()
        if written.startswith("{"):
            return written
        given = msgspec.json.decode(written)
        if given is not None and not isinstance(given, str):
            raise NotACompletion(f"a chat completion that calls a tool with {written[:40]}")
        return given or ""


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
    """A server's answer to one request; once read it has at least one choice."""

    choices: list[Choice] | None = None
    base_resp: object = None
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


class RateLimited(NotACompletion):
    """The server says at status 200 that it is asked too often."""


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
        RateLimited: It is asked too often, as MiniMax says it: `base_resp.status_code` is 1002.
    """
    if len(body) > BODY_BYTES_MAX:
        raise NotACompletion(f"an answer of {len(body)} bytes, at most {BODY_BYTES_MAX}")
    try:
        completion = _DECODER.decode(body)
        first = completion.choices[0].message if completion.choices else Message()
        for call in first.tool_calls or ():
            # Only skimmed so far: it may be no text, or a number beyond all bounds.
            _ = call.function.text
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotACompletion(f"not a chat completion ({error})", body.decode("utf-8", "replace")) from error
    if not completion.choices:
        kind = RateLimited if _status_code(completion.base_resp) == _ASKED_TOO_OFTEN else NotACompletion
        raise kind("a chat completion without choices", body.decode("utf-8", "replace"))
    return completion


def _status_code(base_resp: object) -> object:
    return base_resp.get("status_code") if isinstance(base_resp, dict) else None


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
            return Said(call.function.text, reasoning, ())
    return Said(
        content,
        reasoning,
        tuple(
            ToolCall(
                call_id=call.id or f"call-{index}", tool=call.function.name, arguments=call.function.text
            )
            for index, call in enumerate(calls)
        ),
    )


def _without_thoughts(content: str) -> tuple[str, str]:
    """Return the text after the thoughts it begins with, and those; thoughts without an end are all.

    Some templates write the begin of the thoughts themselves, so that their end alone is in the text.
    An object that holds the mark somewhere is an answer, which begins with no thoughts.
    """
    text = content.lstrip()
    if not text.startswith(_THINK) and (text.startswith("{") or _THOUGHT not in text):
        return content, ""
    thoughts, _, answer = text.removeprefix(_THINK).partition(_THOUGHT)
    return answer.lstrip(), thoughts.strip()


def _count(counts: dict[str, object] | None, key: str) -> int:
    tokens = (counts or {}).get(key)
    return tokens if type(tokens) is int and 0 < tokens <= TOKENS_MAX else 0
