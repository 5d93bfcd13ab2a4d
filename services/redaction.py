"""Text without secrets: those that are known, and what looks like one. Pure but for what it is given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, urlsplit

from services.settings_keys import keys_of
from services.settings_values import Secret, Section

HIDDEN = "***"

_CHARACTERS_MIN = 4
"""A shorter secret is no secret, and would blot out ordinary words."""

_NAMED = re.compile(
    r"(?i)((?:api[_-]?key|access[_-]?key|access_token|sendkey|token|secret|password|passwd|signature|sign)"
    r"\\?[\"']?\s*[:=]\s*\\?[\"']?)([^\s\"'&,;\\}{]{4,})"
)
_CARRIED = re.compile(r"(?i)\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/=-]{8,})")
_KEYS = re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{8,}")
_IN_ADDRESS = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:)([^\s/@\"']+)(@)")
_BOT = re.compile(r"(/bot)(\d+:[A-Za-z0-9_-]{20,})")
_SECRET_NAMES = re.compile(r"(?i)(key|token|secret|password|passwd|sign|url)$")


class Redaction:
    """Blots the given secrets out of text, in every spelling they may come in, and what looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spelled = {spelling for secret in secrets for spelling in _spellings(secret)}
        # The longest first: a secret may hold another one.
        known = "|".join(map(re.escape, sorted(spelled, key=lambda one: (-len(one), one))))
        self._known = re.compile(known) if known else None

    def __call__(self, text: str) -> str:
        """Return `text` with `***` in the place of each secret."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        text = _IN_ADDRESS.sub(rf"\1{HIDDEN}\3", text)
        text = _BOT.sub(rf"\1{HIDDEN}", text)
        text = _CARRIED.sub(rf"\1{HIDDEN}", text)
        text = _KEYS.sub(HIDDEN, text)
        return _NAMED.sub(rf"\1{HIDDEN}", text)


def secrets_of(settings: Section, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return every secret of a configuration, and the values of variables whose names promise one."""
    found = {*_in_settings(settings)}
    found |= {value for name, value in environment.items() if _SECRET_NAMES.search(name)}
    passwords = {password for value in found if (password := _password(value))}
    # An address is no secret but for its password, and half of what a log tells.
    open_addresses = {value for value in found if "://" in value}
    return tuple(sorted((found - open_addresses) | passwords | _paths(open_addresses)))


def _paths(addresses: Iterable[str]) -> set[str]:
    """Return what a hook's address hides in its path and its query."""
    found: set[str] = set()
    for address in addresses:
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        found |= {word for word in re.split(r"[/&=?]", f"{parts.path}?{parts.query}") if len(word) >= 16}
    return found


def _password(address: str) -> str | None:
    try:
        return urlsplit(address).password if "://" in address else None
    except ValueError:
        return None


def _in_settings(value: object) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, Section):
        for name in keys_of(type(value)):
            yield from _in_settings(getattr(value, name))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _in_settings(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _in_settings(part)


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it is, as it stands inside JSON, and as it stands inside an address."""
    secret = secret.strip()
    if len(secret) >= _CHARACTERS_MIN:
        yield secret
        yield json.dumps(secret)[1:-1]
        yield json.dumps(secret, ensure_ascii=False)[1:-1]
        yield quote(secret, safe="")
        yield quote(secret)
