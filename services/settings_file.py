"""The door of the configuration: one file, the environment and `.env` in, checked settings out."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from services.settings import Settings, SettingsError
from services.settings_keys import all_keys, keys_of, kind_of, section_in
from services.settings_reading import UNKNOWN, Location, Problem, Refused, dotted, path_of, read_section
from services.settings_secrets import Filled, SecretKey, fill_secrets
from services.settings_values import Section
from services.text_encoding import first_line_not_utf8

if TYPE_CHECKING:
    from services.settings_text import Raw

DOTENV = Path(".env")

# What these keys were given is never shown: it may be, or carry, a secret.
_QUIET = frozenset(
    {
        "api_key",
        "api_secret",
        "base_url",
        "dead_man_url",
        "journal_url",
        "redis_url",
        "sign_secret",
        "token",
        "token_env",
        "url",
    }
)
# Names other programs use for a key of ours.
_OTHER_NAMES = {"token": "api_key", "secret": "api_secret", "cash": "initial_cash", "symbols": "watchlist"}


def load_settings(
    path: Path | None,
    *,
    overrides: Mapping[str, object] | None = None,
    options: Mapping[str, str] = MappingProxyType({}),
    environment: Mapping[str, str] | None = None,
    dotenv: Path | None = DOTENV,
) -> Settings:
    """Return the settings of a file (None: the defaults alone), with secrets put in.

    `overrides` are values by dotted key (`{"agent_config.initial_cash": "5000.00"}`), from the
    command line; they win over the file. `options` is what a key is called there (`--agent`), for
    who is told what is wrong with it. `environment` None means the process's own; it wins
    over `dotenv`.

    Raises:
        SettingsError: One line for each thing that is wrong, with the file, the key and the mend.
    """
    given = overrides or {}
    raw, filled = _prepare(path, given, environment, dotenv)
    problems = list(filled.problems)
    try:
        settings = read_section(Settings, raw)
    except Refused as refused:
        problems += [(dotted(found.at), _wording(found)) for found in refused.problems]
    if problems:
        # Raised out here, so that the reader's refusal, which holds what was given, is not chained to it.
        raise SettingsError("\n".join(_line(path, given, options, key, text) for key, text in problems))
    return settings


def find_secrets(
    path: Path | None,
    *,
    environment: Mapping[str, str] | None = None,
    dotenv: Path | None = DOTENV,
) -> tuple[SecretKey, ...]:
    """Return every secret the file can use, with the variables it comes from and whether it is set.

    Raises:
        SettingsError: The file cannot be read.
    """
    return _prepare(path, {}, environment, dotenv)[1].keys


def variables(
    names: Iterable[str],
    *,
    environment: Mapping[str, str] | None = None,
    dotenv: Path | None = DOTENV,
) -> dict[str, str]:
    """Return the values of those variables, of the environment before `.env`; what is not set is left out.

    Raises:
        SettingsError: `.env` cannot be read.
    """
    known = {**_dotenv(dotenv), **(os.environ if environment is None else environment)}
    return {name: known[name] for name in names if name in known}


def _prepare(
    path: Path | None,
    overrides: Mapping[str, object],
    environment: Mapping[str, str] | None,
    dotenv: Path | None,
) -> tuple[Raw, Filled]:
    raw = _read(path) if path is not None else {}
    for key, value in overrides.items():
        _put(raw, key, value)
    _put_sectors(raw)
    return raw, fill_secrets(raw, {**_dotenv(dotenv), **(os.environ if environment is None else environment)})


def _read(path: Path) -> Raw:
    # YAML is loaded where there is a file to read.
    from services.settings_text import read_raw

    return _without_blanks(read_raw(path))


def _without_blanks(raw: Raw) -> Raw:
    """Return the mapping without keys that were left blank: those mean their default."""
    return {
        key: _without_blanks(value) if isinstance(value, dict) else value
        for key, value in raw.items()
        if value is not None
    }


def _dotenv(path: Path | None) -> dict[str, str]:
    """Return the values of a `.env` file; empty where there is none."""
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except UnicodeDecodeError:
        line = first_line_not_utf8(path)
        raise SettingsError(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    return {name: value for name, value in values.items() if value is not None}


def _put(raw: Raw, dotted: str, value: object) -> None:
    *sections, name = dotted.split(".")
    for section in sections:
        inner = raw.setdefault(section, {})
        if not isinstance(inner, dict):
            return  # The section itself is refused, by name.
        raw = inner
    raw[name] = copy.deepcopy(value)


def _put_sectors(raw: Raw) -> None:
    """Put what the sector file says of symbols that the configuration itself does not place."""
    risk = raw.get("risk_control")
    if not isinstance(risk, dict) or risk.get("sector_file") is None:
        return
    try:
        path = path_of(risk["sector_file"])
    except ValueError:
        return  # The key itself is refused, by name.
    from services.sector_file import SectorFileError, read_sectors

    try:
        found = read_sectors(path)
    except SectorFileError as error:
        raise SettingsError(f"risk_control.sector_file: {error}") from error
    stated = risk.get("sectors")
    risk["sectors"] = {**found, **stated} if isinstance(stated, dict) else stated or found


def _line(
    path: Path | None, overrides: Mapping[str, object], options: Mapping[str, str], key: str, problem: str
) -> str:
    if key in overrides and key in options:
        return f"{options[key]}: {problem}"
    # Where there is no file, a key that is not of the command line came from the environment.
    source = "command line" if key in overrides else "environment" if path is None else str(path)
    return f"{source}: key {key!r}: {problem}" if key else f"{source}: {problem}"


def _wording(found: Problem) -> str:
    """Return what is wrong with one key, with its mend."""
    if found.what == UNKNOWN:
        return _unknown(found.at)
    return f"{found.what}; got {found.given}" if _may_show(found) else found.what


def _may_show(found: Problem) -> bool:
    """Answer whether a refused value may be repeated: some text, short, of one line, and surely no secret."""
    if not found.at or found.at[-1] in _QUIET:
        return False
    if not isinstance(found.given, str | int | float | Decimal):
        return False
    text = str(found.given)
    return 0 < len(text) <= 40 and text.isprintable()


def _unknown(location: Location) -> str:
    """Return the refusal of an unknown key with the nearest right name."""
    name = str(location[-1])
    section = _section(location[:-1])
    here = [*keys_of(section), *section.other_names]
    elsewhere: dict[str, str] = {}
    for key in all_keys(Settings):
        if "[" not in key:
            elsewhere.setdefault(key.rpartition(".")[2], key)
    wanted = _OTHER_NAMES.get(name.lower(), name)
    if wanted in here:
        return f"unknown; did you mean {wanted!r}?"
    if wanted in elsewhere:
        return f"unknown; did you mean {elsewhere[wanted]!r}?"
    near = get_close_matches(name.lower(), here, n=1) or get_close_matches(name.lower(), elsewhere, n=1)
    if near:
        right = near[0] if near[0] in here else elsewhere[near[0]]
        return f"unknown; did you mean {right!r}?"
    return f"unknown; the keys here are {', '.join(here)}"


def _section(location: Location) -> type[Section]:
    """Return the section that describes the mapping at a location."""
    section: type[Section] = Settings
    for part in location:
        if isinstance(part, str):
            section = section_in(kind_of(keys_of(section)[part].type)) or section
    return section
