"""What to do where no vendor of live prices can be reached: hosts, variables, alternatives, on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from commands.quotes_wording import words
from services.settings import Settings
from services.settings_sections import QuoteSource

VARIABLES: Mapping[str, tuple[str, ...]] = {
    "HTTPS_PROXY": ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"),
    "NO_PROXY": ("NO_PROXY", "no_proxy"),
    "REQUESTS_CA_BUNDLE": ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    "KAIPAN_DATA_API_KEY": ("KAIPAN_DATA_API_KEY",),
}
"""What is looked for in the environment, by the name it is told under."""


def network_advice(lang: str, problems: Mapping[str, str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the lines; `problems` tells by host why it cannot be reached, where that is not told already.

    No variable's value is shown.
    """
    return tuple(_lines(lang, problems, environment))


def advice_environment(settings: Settings, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables with the vendor's key among them where `.env` holds it; no value matters."""
    there = {"KAIPAN_DATA_API_KEY": "set"} if settings.data_source.api_key is not None else {}
    return {**environment, **there}


def _lines(lang: str, problems: Mapping[str, str], environment: Mapping[str, str]) -> Iterator[str]:
    yield words("unreachable", lang)
    if problems:
        yield words("unreachable.hosts", lang)
    for host, why in problems.items():
        yield f"  {words('unreachable.host', lang, host=host, why=why)}"
    yield words("unreachable.variables", lang)
    for name, spellings in VARIABLES.items():
        key = "unreachable.set" if any(environment.get(one) for one in spellings) else "unreachable.unset"
        yield f"  {words(key, lang, name=name, about=words(f'about.{name}', lang))}"
    yield words("unreachable.alternatives", lang)
    known = ", ".join(name for name in get_args(QuoteSource) if name != "broker")
    for alternative in ("sources", "file", "demo", *(("doctor",) if problems else ())):
        yield f"  {words(f'alternative.{alternative}', lang, known=known)}"
