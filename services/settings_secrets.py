"""Secrets: which keys are one, which variable holds it, and the refusal of a literal in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

from services.domain.value import Value
from services.settings_sections import MODEL_ALIASES

Raw = dict[str, object]

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FIXED = {
    ("data_source", "api_key"): "KAIPAN_DATA_API_KEY",
    ("data_source", "redis_url"): "KAIPAN_REDIS_URL",
    ("broker", "api_key"): "KAIPAN_BROKER_API_KEY",
    ("broker", "api_secret"): "KAIPAN_BROKER_API_SECRET",
    ("watchdog", "dead_man_url"): "KAIPAN_DEAD_MAN_URL",
}
_OPEN_URLS = ("journal_url", "redis_url")
"""May stand in the file while no password is in them."""

JOURNAL_VARIABLE = "KAIPAN_JOURNAL_URL"
MODEL_VARIABLE = "OPENAI_API_KEY"
"""Holds a key of OpenAI's: no other provider's server is ever shown it, unless the file names it there."""


class SecretKey(Value, frozen=True, kw_only=True):
    """One secret of a configuration: its key, the variables looked at in order, and whether one is set."""

    key: str
    variables: tuple[str, ...]
    present: bool


class Filled(Value, frozen=True, kw_only=True):
    """The secrets looked for, and the literal ones found as (key, mend); neither holds a secret."""

    keys: tuple[SecretKey, ...]
    problems: tuple[tuple[str, str], ...]


class _Place(Value, frozen=True, kw_only=True):
    """Where a secret goes: the mapping it stands in, under which name, looked up in which variables."""

    section: Raw
    name: str
    key: str
    variables: tuple[str, ...]


def fill_secrets(raw: Raw, environment: Mapping[str, str]) -> Filled:
    """Put the environment's secrets into `raw` in place, and return what was looked for.

    Every secret that is not set becomes None, and so does a literal one, which is a problem.
    Sections that are not mappings are left alone: they are refused later, by name.
    """
    keys: list[SecretKey] = []
    problems: list[tuple[str, str]] = []
    for place in _places(raw):
        text = _text(place)
        reference = _REFERENCE.fullmatch(text)
        variables = (reference[1],) if reference else place.variables
        value = _first_set(variables, environment)
        if text and not reference:
            value = text if place.name in _OPEN_URLS and _is_open_url(text) else None
            if value is None:
                problems.append((place.key, _mend(variables[0] if variables else "<NAME>_API_KEY")))
        place.section[place.name] = value
        keys.append(SecretKey(key=place.key, variables=variables, present=value is not None))
    return Filled(keys=tuple(keys), problems=tuple(problems))


def model_variable(name: str) -> str:
    """Return the variable for the key of the model of that name: `deepseek-chat`, DEEPSEEK_CHAT_API_KEY."""
    stem = re.sub(r"[^A-Z0-9]", "_", name.upper())
    return f"{'MODEL_' if stem[:1].isdigit() else ''}{stem}_API_KEY"


def channel_variable(name: str, ending: str) -> str:
    """Return the variable for a secret of the channel of that name: `my-team`, KAIPAN_ALERT_MY_TEAM_TOKEN."""
    return f"KAIPAN_ALERT_{re.sub(r'[^A-Z0-9]', '_', name.upper())}_{ending}"


def _first_set(variables: tuple[str, ...], environment: Mapping[str, str]) -> str | None:
    for name in variables:
        if not _is_placeholder(value := environment.get(name, "")):
            return value.strip()
    return None


def _mend(variable: str) -> str:
    return (
        f"a secret does not belong in the file; set {variable} in the environment or .env "
        f"and write ${{{variable}}} or leave the key empty"
    )


def _text(place: _Place) -> str:
    """Return what the file writes in the secret's place, empty for nothing or a placeholder."""
    value = place.section.get(place.name)
    text = "" if value is None else str(value).strip()
    return "" if _is_placeholder(text) else text


def _places(raw: Raw) -> Iterator[_Place]:
    for (section_name, name), variable in _FIXED.items():
        section = raw.setdefault(section_name, {})
        if isinstance(section, dict):
            yield _Place(section=section, name=name, key=f"{section_name}.{name}", variables=(variable,))
    models = raw.get("models")
    for index, model in enumerate(models if isinstance(models, list) else []):
        if isinstance(model, dict):
            yield from _model_places(model, index)
    yield from _channel_places(raw.get("alerts"))
    yield _Place(section=raw, name="journal_url", key="journal_url", variables=(JOURNAL_VARIABLE,))


def _channel_places(alerts: object) -> Iterator[_Place]:
    """Yield the places of the alert channels' secrets."""
    channels = alerts.get("channels") if isinstance(alerts, dict) else None
    for index, channel in enumerate(channels if isinstance(channels, list) else []):
        if not isinstance(channel, dict):
            continue
        for key, ending in (("token", "TOKEN"), ("sign_secret", "SIGN")):
            variable = channel_variable(str(channel.get("name") or ""), ending)
            yield _Place(
                section=channel, name=key, key=f"alerts.channels[{index}].{key}", variables=(variable,)
            )


def _model_places(model: Raw, index: int) -> Iterator[_Place]:
    """Yield the places of a model's key: each spelling the file uses, or the plain one."""
    name = model.get("name")
    own = (model_variable(name),) if isinstance(name, str) and name else ()
    # A stranger's model that is called openai: its name must not lead to OpenAI's key either.
    strangers = tuple(f"MODEL_{one}" if one == MODEL_VARIABLE else one for one in own)
    variables = tuple(dict.fromkeys((*own, MODEL_VARIABLE))) if _is_openais(model) else strangers
    spellings = [key for key in ("api_key", *_ALIASES_OF_KEY) if key in model] or ["api_key"]
    for spelling in spellings:
        yield _Place(
            section=model,
            name=spelling,
            key=f"models[{index}].{spelling}",
            variables=variables,
        )


def _is_openais(model: Raw) -> bool:
    """Answer whether a model is asked at OpenAI's own server: the address left out is that one."""
    given = [model[key] for key in ("base_url", *_ALIASES_OF_ADDRESS) if model.get(key) is not None]
    return all(_host_over_tls(str(address)) == _OPENAI_HOST for address in given)


def _host_over_tls(address: str) -> str:
    try:
        parts = urlsplit(address)
        return (parts.hostname or "") if parts.scheme == "https" else ""
    except ValueError:
        return ""


_OPENAI_HOST = "api.openai.com"
_ALIASES_OF_KEY = tuple(alias for alias, name in MODEL_ALIASES.items() if name == "api_key")
_ALIASES_OF_ADDRESS = tuple(alias for alias, name in MODEL_ALIASES.items() if name == "base_url")


def _is_placeholder(text: str) -> bool:
    """Answer whether the text stands for a secret that is not there: empty or `xxx`."""
    return text.strip().lower() in {"", "xxx"}


def _is_open_url(text: str) -> bool:
    """Answer whether an address may stand in a file: it can be read, and carries no password."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return not parts.password and "password" not in parse_qs(parts.query)
