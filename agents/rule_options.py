"""The options of plain rules, read from a specification and spelled in a name."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from services.domain.value import Value


class UnknownRule(ValueError):
    """No rule of that name, or an option that it does not have: one line with what there is."""


class RuleOptions(Value, frozen=True, kw_only=True):
    """What a plain rule can be told.

    `top`: how many symbols are held. `lookback`: over how many bars is looked back. `every`: after
    how many bars the holdings are renewed. `resize`: 1 brings what stays held back to its share at each
    renewal, 0 leaves it. `seed`: which draws are made.
    """

    top: int = 5
    lookback: int = 20
    every: int = 1
    resize: int = 0
    seed: int = 0


def options_of(spec: str, rest: str, known: Sequence[str], usual: RuleOptions) -> RuleOptions:
    """Return the options that `rest` writes, `every=20,top=3`, of those the rule knows; others are as usual.

    Raises:
        UnknownRule: An option it does not have, or no whole number.
    """
    given = dict(_option(spec, part, known) for part in rest.split(",") if part)
    return replace(usual, **given)


def require_sense(name: str, options: RuleOptions) -> None:
    """Do nothing where the options make sense.

    Raises:
        UnknownRule: A count below 1, or a `resize` that is neither 0 nor 1.
    """
    if min(options.top, options.lookback, options.every) < 1:
        raise UnknownRule(f"rule {name}: top, lookback and every must be 1 or more")
    if options.resize > 1:
        raise UnknownRule(f"rule {name}: resize must be 0 or 1")


def spelled(options: RuleOptions, known: Sequence[str], usual: RuleOptions) -> str:
    """Return the options that are not as usual, as a specification writes them; empty where all are."""
    return ",".join(
        f"{key}={getattr(options, key)}" for key in known if getattr(options, key) != getattr(usual, key)
    )


def _option(spec: str, part: str, known: Sequence[str]) -> tuple[str, int]:
    key, _, value = part.partition("=")
    if key not in known or not (value.isascii() and value.isdecimal() and len(value) <= 9):
        there = ", ".join(f"{option}=N" for option in known) or "none"
        raise UnknownRule(f"rule {spec!r}: {part!r} is no option; there are: {there} (N a whole number)")
    return key, int(value)
