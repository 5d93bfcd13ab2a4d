"""The wire form of a chat completion, read strictly as far as it is used. Pure."""

from __future__ import annotations

import msgspec

BODY_BYTES_MAX = 4 * 1024 * 1024


class Message(msgspec.Struct):
    """What the model said: an answer or a refusal, and its reasoning where the server shows it."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None


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
        return self._count("prompt_tokens")

    @property
    def output_tokens(self) -> int:
        """Tokens written, 0 where the server does not say."""
        return self._count("completion_tokens")

    def _count(self, key: str) -> int:
        tokens = (self.usage or {}).get(key)
        return tokens if isinstance(tokens, int) and tokens > 0 else 0


class NotACompletion(Exception):
    """The server answered, but not with a completion: what is wrong, and the body it sent."""

    def __init__(self, wrong: str, body: str = "") -> None:
        super().__init__(wrong)
        self.wrong, self.body = wrong, body


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
