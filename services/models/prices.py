"""What a model's tokens cost, and the most that a request may take. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from services.domain.conversation import Message, ModelReply, ModelRequest
from services.domain.money import ZERO
from services.domain.tokens import tokens_bound

OUTPUT_TOKENS_ASSUMED = 8192
"""What an answer is taken to need where the request does not bound it."""

_MILLION = Decimal(1_000_000)
_CENT_OF_A_CENT = Decimal("0.0001")
_MESSAGE_TOKENS = 16
_REQUEST_TOKENS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """CNY for a million tokens: read, read again from the server's own cache, and written."""

    input_cny: Decimal
    output_cny: Decimal
    cached_input_cny: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens read and written; `cached_input` are those of `input` that the server had read before."""

    input: int
    output: int
    cached_input: int = 0

    @property
    def total(self) -> int:
        """Tokens read and written."""
        return self.input + self.output


def most(request: ModelRequest) -> Tokens:
    """Return the most tokens that a request may take.

    Texts count as the dearest tokenizer would cut them; what a server's template adds is allowed for
    by message and by request. An answer that the request does not bound is taken to need
    `OUTPUT_TOKENS_ASSUMED`.
    """
    texts = [request.schema, *(_text(message) for message in request.messages)]
    for tool in request.tools:
        texts += [tool.name, tool.description, tool.parameters]
    read = sum(tokens_bound(text) for text in texts)
    pieces = len(request.messages) + len(request.tools)
    return Tokens(
        input=read + pieces * _MESSAGE_TOKENS + _REQUEST_TOKENS,
        output=OUTPUT_TOKENS_ASSUMED if request.output_tokens_max is None else request.output_tokens_max,
    )


def taken(reply: ModelReply, bound: Tokens) -> Tokens:
    """Return the tokens a reply took; where the server does not say, the most it may have taken."""
    if not reply.input_tokens and not reply.output_tokens:
        return bound
    return Tokens(
        input=reply.input_tokens, output=reply.output_tokens, cached_input=reply.cached_input_tokens
    )


def cost_cny(tokens: Tokens, price: Price | None) -> Decimal:
    """Return what the tokens cost, rounded up to a hundredth of a fen; 0 without a price."""
    if price is None:
        return ZERO
    again_cny = price.input_cny if price.cached_input_cny is None else price.cached_input_cny
    exact = (
        price.input_cny * (tokens.input - tokens.cached_input)
        + again_cny * tokens.cached_input
        + price.output_cny * tokens.output
    ) / _MILLION
    return exact.quantize(_CENT_OF_A_CENT, rounding=ROUND_UP)


def _text(message: Message) -> str:
    calls = "".join(f"{call.tool}{call.arguments}" for call in message.tool_calls)
    return f"{message.content}{message.reasoning}{message.call_id}{calls}"
