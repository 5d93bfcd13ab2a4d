"""The sections on what models cost and may take."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any

from services.settings_values import About, Range, Section, Unit

_PerMillion = Annotated[Decimal, Unit("CNY per million tokens"), Range(ge=0, le=1_000_000)]
_Cny = Annotated[Decimal, Unit("CNY"), Range(gt=0, le=1_000_000)]


EXTRA_CHARACTERS_MAX = 4000
_OURS = frozenset({
    "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call",
    "response_format", "temperature", "max_tokens", "max_completion_tokens", "max_output_tokens",
    "stream", "stream_options", "n", "best_of",
})  # fmt: skip
"""What a request says by itself, or what would change how its answer is read, bounded or priced."""
_SECRET = re.compile(r"(?i)api[_-]?key|secret|passw|authoriz|credential|bearer|access[_-]?token")


def extra_text(extra: Mapping[str, object]) -> str:
    """Return the object as canonical JSON with its numbers as they were written, empty for nothing.

    Raises:
        ValueError: A number in it is too large for any reader of JSON.
    """
    if not extra:
        return ""
    import msgspec

    text = msgspec.json.Encoder(decimal_format="number", order="sorted").encode(extra)
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise ValueError("holds a number that is too large") from None
    return text.decode()


def checked_extra(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a server is told beside; nothing in it is ours to say, or a secret.

    Raises:
        ValueError: Something is.
    """
    ours = sorted(_OURS & extra.keys())
    if ours:
        raise ValueError(f"{ours[0]!r} is said by the request itself; take it out")
    for key, value in _leaves(extra, 0):
        if _SECRET.search(key) or (isinstance(value, str) and ("${" in value or value.startswith("sk-"))):
            raise ValueError(
                f"{key!r} looks like a secret; what stands here is recorded: use the model's api_key"
            )
    if len(extra_text(extra)) > EXTRA_CHARACTERS_MAX:
        raise ValueError(f"must be at most {EXTRA_CHARACTERS_MAX} characters as JSON")
    return extra


def _leaves(value: object, depth: int, key: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value with the key it stands under.

    Raises:
        ValueError: They are nested too deeply.
    """
    if depth > 8:
        raise ValueError("must not be nested deeper than 8 mappings or lists")
    yield key, value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, depth + 1, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, depth + 1, key)


class PriceSettings(Section, frozen=True, kw_only=True):
    """What a model's tokens cost; as the provider's price list says it."""

    input: Annotated[_PerMillion, About("Tokens read.")]
    output: Annotated[_PerMillion, About("Tokens written, its thoughts included.")]
    cached_input: Annotated[
        _PerMillion | None,
        About("Tokens read that the provider had in its own cache. Empty: as `input`."),
    ] = None


class BudgetSettings(Section, frozen=True, kw_only=True):
    """What an account's models may take; a request that might go beyond it is not made."""

    tokens_per_session: Annotated[
        int | None,
        Unit("tokens"),
        Range(gt=0),
        About("Most tokens of one session, read and written. Empty: no limit."),
    ] = None
    cny_per_session: Annotated[_Cny | None, About("Most that one session may cost. Empty: no limit.")] = None
    cny_per_day: Annotated[
        _Cny | None, About("Most that the sessions of a trading day may cost. Empty: no limit.")
    ] = None
    cny_per_month: Annotated[
        _Cny | None,
        About("Most that the sessions of a calendar month may cost. Empty: no limit."),
    ] = None
