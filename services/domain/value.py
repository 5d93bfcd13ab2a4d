"""The form of records, which are made again and again and never changed: a struct of msgspec. Pure."""

from __future__ import annotations

from dataclasses import Field, fields, make_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec


class _StandardFields:
    """Lets `fields`, `replace` and `asdict` of the standard library take a value like a dataclass."""

    def __get__(self, _value: object, of: type[Value]) -> dict[str, Field[Any]]:
        return _fields_of(of)


class Value(msgspec.Struct, frozen=True):
    """What a record derives from: `class Lot(Value, frozen=True, kw_only=True)`, both said again.

    As strict as a frozen dataclass with slots, and made in a quarter of its time.
    """

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    else:
        __dataclass_fields__ = _StandardFields()


@cache
def _fields_of(of: type[Value]) -> dict[str, Field[Any]]:
    """Return the fields by their names alone: what they hold may be known to a type checker only."""
    like = make_dataclass(of.__name__, [(name, Any) for name in of.__struct_fields__], init=False, repr=False)
    return {one.name: one for one in fields(like)}
