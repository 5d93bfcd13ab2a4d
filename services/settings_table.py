"""The table of configuration keys, as Markdown: `python -m services.settings_table`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from services.settings import Settings
from services.settings_values import Unit

_HEAD = """# Configuration

One YAML file, or one JSON file in which `//` begins a comment, named with `--config`. Every key may be
left out or left blank and then has its default. An unknown key, a key written twice and a value outside
its range are refused, one line each. Numbers are read exactly as written. This page is made from the
code by `make docs`.

Secrets never stand in the file: a secret's key is empty, `xxx` or `${NAME}`, and its value comes from
the environment or from a file `.env` in the working folder. The environment wins.
"""

_COLUMNS = "| key | what it is | values | unit | default |\n| --- | --- | --- | --- | --- |"


def configuration_markdown() -> str:
    """Return the whole page of keys, one table a section, ending with a line break."""
    parts = [_HEAD, _table("The file", Settings, "")]
    for name, field in Settings.model_fields.items():
        parts += _tables(name, field)
    return "\n".join(parts)


def _tables(name: str, field: FieldInfo) -> Iterator[str]:
    """Yield the table of a section and those of the sections in it; nothing for a plain value."""
    section = _section_of(field.annotation)
    if section is None:
        return
    where = f"{name}[]" if get_origin(field.annotation) is tuple else name
    yield _table(f"`{where}`: {_first_line(section)}", section, f"{where}.")
    for inner, nested in section.model_fields.items():
        yield from _tables(f"{where}.{inner}", nested)


def _table(title: str, section: type[BaseModel], before: str) -> str:
    rows = "\n".join(_rows(section, before))
    return f"## {title}\n\n{_COLUMNS}\n{rows}\n"


def _rows(section: type[BaseModel], before: str) -> Iterator[str]:
    for name, field in section.model_fields.items():
        nested = _section_of(field.annotation)
        about = field.description or (_first_line(nested) if nested else "")
        unit = next((part.name for part in _marks(field) if isinstance(part, Unit)), "")
        cells = (f"`{before}{name}`", about, _values(field), unit, "below" if nested else _default(field))
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _section_of(annotation: object) -> type[BaseModel] | None:
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _first_line(section: type[BaseModel]) -> str:
    return (section.__doc__ or "").strip().splitlines()[0]


def _marks(field: FieldInfo) -> Iterator[object]:
    """Yield what a field is marked with, and what the kind of value inside an optional one is."""
    yield from field.metadata
    for part in get_args(field.annotation):
        for mark in getattr(part, "__metadata__", ()):
            yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)


def _values(field: FieldInfo) -> str:
    """Return the kind of value and its range."""
    limits = []
    for sign, name in ((">", "gt"), ("≥", "ge"), ("<", "lt"), ("≤", "le")):
        limits += [
            f"{sign} {bound}" for part in _marks(field) if (bound := getattr(part, name, None)) is not None
        ]
    return ", ".join([_kind(field.annotation), *limits])


def _kind(annotation: object) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is Mapping:
        return "mapping"
    parts = [part for part in get_args(annotation) if part not in {type(None), Ellipsis}]
    if get_origin(annotation) is tuple:
        return f"list of {_kind(parts[0])}"
    if parts:
        return _kind(parts[0])
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    names = {
        bool: "`true`, `false`",
        int: "whole number",
        float: "number",
        Decimal: "number",
        date: "day",
        time: "time",
        Path: "path",
        SecretStr: "secret",
    }
    for kind, name in names.items():
        if annotation is kind:
            return name
    return "mapping" if _section_of(annotation) else "text"


def _default(field: FieldInfo) -> str:
    default = field.default
    if field.default_factory is not None:
        return ""
    if default is PydanticUndefined:
        return "required"
    if default is None or default in ((), "", {}):
        return ""
    if isinstance(default, tuple):
        return ", ".join(f"`{one}`" for one in default)
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`"


if __name__ == "__main__":
    print(configuration_markdown(), end="")
