"""What a section's declaration says of its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo, fields

from services.domain.value import Value
from services.settings_values import Section


class Kind(Value, frozen=True, kw_only=True):
    """What a value must be: its type, what that is marked with, and whether null may stand in its place."""

    of: Any
    marks: tuple[object, ...] = ()
    optional: bool = False


def kind_of(hint: Any) -> Kind:
    """Return what a type hint says; marks nearer to the type come first.

    Raises:
        TypeError: It allows more than one type beside null.
    """
    if isinstance(hint, NewType):
        return kind_of(hint.__supertype__)
    origin = get_origin(hint)
    if origin is Annotated:
        inner = kind_of(hint.__origin__)
        return Kind(of=inner.of, marks=inner.marks + hint.__metadata__, optional=inner.optional)
    if origin is Union or origin is UnionType:
        parts = [part for part in get_args(hint) if part is not NoneType]
        if len(parts) > 1:
            raise TypeError(f"a key is of one type, or of one or null; not {hint}")
        inner = kind_of(parts[0])
        return Kind(of=inner.of, marks=inner.marks, optional=True)
    return Kind(of=hint)


@cache
def keys_of(section: type[Section]) -> Mapping[str, FieldInfo]:
    """Return a section's keys by their names, in the order of their declaration."""
    return {field.name: field for field in fields(section) if field.name != "written"}


def default_of(key: FieldInfo) -> Any:
    """Return what a key is where it was not written; `msgspec.NODEFAULT` where it must be."""
    return key.default if key.default_factory is msgspec.NODEFAULT else key.default_factory()


def section_in(kind: Kind) -> type[Section] | None:
    """Return the section that a value is, or that each item of a list is; None for a plain value."""
    return next((part for part in (kind.of, *get_args(kind.of)) if is_section(part)), None)


def is_section(of: object) -> bool:
    """Answer whether a type is a section."""
    return isinstance(of, type) and issubclass(of, Section)


def all_keys(section: type[Section], before: str = "") -> Iterator[str]:
    """Yield every key in a section that holds a plain value, dotted, in the order of their declaration."""
    for name, key in keys_of(section).items():
        kind = kind_of(key.type)
        nested = section_in(kind)
        if nested is None:
            yield before + name
        else:
            yield from all_keys(nested, f"{before}{name}{'' if is_section(kind.of) else '[]'}.")
