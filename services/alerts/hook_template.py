"""The placeholders of a web hook's template. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACEHOLDERS = ("title", "text", "severity", "kind", "account", "at", "token", "sign_secret")
"""What a template may name, as `{title}`."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def unknown_placeholders(template: object) -> tuple[str, ...]:
    """Return the placeholders of a template that are none of ours, in order."""
    match template:
        case str():
            return tuple(name for name in _PLACEHOLDER.findall(template) if name not in PLACEHOLDERS)
        case Mapping():
            return tuple(name for inner in template.values() for name in unknown_placeholders(inner))
        case list() | tuple():
            return tuple(name for inner in template for name in unknown_placeholders(inner))
        case _:
            return ()


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with its placeholders filled; a name that is none of ours stays as it is."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def filled_in(template: object, values: Mapping[str, str]) -> object:
    """Return a JSON value in which every text is filled."""
    match template:
        case str():
            return filled(template, values)
        case Mapping():
            return {name: filled_in(inner, values) for name, inner in template.items()}
        case list() | tuple():
            return [filled_in(inner, values) for inner in template]
        case _:
            return template
