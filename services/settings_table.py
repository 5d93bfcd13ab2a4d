"""The table of configuration keys, as Markdown: `python -m services.settings_table`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Literal, get_args, get_origin

from msgspec.structs import FieldInfo

from services.settings import Settings
from services.settings_keys import Kind, default_of, keys_of, kind_of, section_in
from services.settings_values import About, Range, Secret, Section, Unit

_HEAD = """# Configuration

One YAML file, or one JSON file in which `//` begins a comment, named with `--config`. Every key may be
left out or left blank and then has its default. An unknown key, a key written twice and a value outside
its range are refused, one line each. Numbers are read exactly as written. This page is made from the
code by `make docs`.

Secrets never stand in the file: a secret's key is empty, `xxx` or `${NAME}`, and its value comes from
the environment or from a file `.env` in the working folder. The environment wins.
"""

_COLUMNS = "| key | what it is | values | unit | default |\n| --- | --- | --- | --- | --- |"
_NAMES = {
    bool: "`true`, `false`",
    int: "whole number",
    float: "number",
    str: "text",
    Decimal: "number",
    date: "day",
    time: "time",
    Path: "path",
    Secret: "secret",
}


def configuration_markdown() -> str:
    """Return the whole page of keys, one table a section, ending with a line break."""
    parts = [_HEAD, _table("The file", Settings, "")]
    for name, key in keys_of(Settings).items():
        parts += _tables(name, kind_of(key.type))
    return "\n".join(parts)


def _tables(name: str, kind: Kind) -> Iterator[str]:
    """Yield the table of a section and those of the sections in it; nothing for a plain value."""
    section = section_in(kind)
    if section is None:
        return
    where = f"{name}[]" if get_origin(kind.of) is tuple else name
    yield _table(f"`{where}`: {_first_line(section)}", section, f"{where}.")
    for inner, key in keys_of(section).items():
        yield from _tables(f"{where}.{inner}", kind_of(key.type))


def _table(title: str, section: type[Section], before: str) -> str:
    rows = "\n".join(_rows(section, before))
    return f"## {title}\n\n{_COLUMNS}\n{rows}\n"


def _rows(section: type[Section], before: str) -> Iterator[str]:
    for name, key in keys_of(section).items():
        kind = kind_of(key.type)
        nested = section_in(kind)
        told = next((mark.text for mark in kind.marks if isinstance(mark, About)), "")
        about = told or (_first_line(nested) if nested else "")
        unit = next((mark.name for mark in kind.marks if isinstance(mark, Unit)), "")
        cells = (f"`{before}{name}`", about, _values(kind), unit, "below" if nested else _default(key))
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _first_line(section: type[Section]) -> str:
    return (section.__doc__ or "").strip().splitlines()[0]


def _values(kind: Kind) -> str:
    """Return the kind of value and its range."""
    ranges = [mark for mark in kind.marks if isinstance(mark, Range)]
    limits = [
        f"{sign} {bound}"
        for one in ranges
        for sign, bound in ((">", one.gt), ("≥", one.ge), ("<", one.lt), ("≤", one.le))
        if bound is not None
    ]
    return ", ".join([_name(kind), *limits])


def _name(kind: Kind) -> str:
    origin, parts = get_origin(kind.of), get_args(kind.of)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in parts)
    if origin is tuple:
        return f"list of {_name(kind_of(parts[0]))}"
    if origin is Mapping or section_in(kind):
        return "mapping"
    if issubclass(kind.of, StrEnum):
        return ", ".join(f"`{member.value}`" for member in kind.of)
    return _NAMES[kind.of]


def _default(key: FieldInfo) -> str:
    if key.required:
        return "required"
    default = default_of(key)
    if default is None or default in ((), "", {}):
        return ""
    if isinstance(default, tuple):
        return ", ".join(f"`{one}`" for one in default)
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`"


if __name__ == "__main__":
    print(configuration_markdown(), end="")
