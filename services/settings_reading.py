"""Plain values turned into a section of the configuration, with all that is wrong with them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from services.domain.value import Value
from services.settings_keys import Kind, default_of, is_section, keys_of, kind_of
from services.settings_values import Beside, Mark, Secret, Section

S = TypeVar("S", bound=Section)
Location = tuple[int | str, ...]

UNKNOWN = "unknown"
"""What is wrong with a key that its section does not have."""

_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?"
_DIGITS_MAX = 4000
"""Before a number's point, or of zeros behind it: Python writes no whole number of more than 4300 as text."""
_WORDS = {
    "true": True, "yes": True, "on": True, "t": True, "y": True, "1": True,
    "false": False, "no": False, "off": False, "f": False, "n": False, "0": False,
}  # fmt: skip


class Problem(Value, frozen=True, kw_only=True):
    """What is wrong with the value at a place; `given` is that value, None where it is no plain one."""

    at: Location
    what: str
    given: object = None

    def __str__(self) -> str:
        """Return where it is and what, without what was given."""
        return f"key {dotted(self.at)!r}: {self.what}" if self.at else self.what

    def __repr__(self) -> str:
        return f"Problem({str(self)!r})"


class Refused(ValueError):
    """Values that are no such section; `problems` are all that is wrong with them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def dotted(at: Location) -> str:
    """Return a key as a person writes it: `models[0].name`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).lstrip(".")


def read_section(section: type[S], raw: object) -> S:
    """Return the section that a mapping of plain values writes; a key that is not in it has its default.

    Raises:
        Refused: Something is wrong with it; names everything that is.
    """
    reading = _Reading()
    found: S | None = reading.value(kind_of(section), raw, (), {})
    if found is None or reading.problems:
        raise Refused(tuple(reading.problems))
    return found


class _Reading:
    """One reading of a configuration: what is wrong is gathered on the way, in the order of the keys."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def value(self, kind: Kind, raw: object, at: Location, earlier: Mapping[str, Any]) -> Any:
        """Return a plain value as one of that kind; None, with a problem noted, where it is refused.

        `earlier` are the values of the section's earlier keys that are right.
        """
        if raw is None and kind.optional:
            return None
        before = len(self.problems)
        try:
            found = self._converted(kind.of, raw, at)
            if len(self.problems) > before:
                return None
            for mark in kind.marks:
                if isinstance(mark, Mark):
                    found = mark.kept(found)
                elif isinstance(mark, Beside) and mark.key in earlier:
                    mark.by(found, earlier[mark.key])
        except ValueError as error:
            given = None if _holds_others(kind.of) else raw
            self.problems.append(Problem(at=at, what=str(error), given=given))
            return None
        return found

    def _converted(self, of: Any, raw: object, at: Location) -> Any:
        if (plain := _KINDS.get(of)) is not None:
            return plain(raw)
        if is_section(of):
            return self._section(of, raw, at)
        origin = get_origin(of)
        if origin is tuple:
            return self._list(kind_of(get_args(of)[0]), raw, at)
        if origin is Mapping:
            names, values = map(kind_of, get_args(of))
            return self._mapping(names, values, raw, at)
        if origin is Literal:
            return _one_of(get_args(of), raw)
        # What is left is an enumeration of texts.
        return of(_one_of(tuple(member.value for member in of), raw))

    def _section(self, of: type[Section], raw: object, at: Location) -> Section | None:
        if isinstance(raw, of):
            return raw
        if not isinstance(raw, dict):
            raise ValueError("must be a mapping of keys")
        written = _one_name_each(of, raw)
        keys, right, before = keys_of(of), dict[str, Any](), len(self.problems)
        for name, key in keys.items():
            if name in written:
                known = len(self.problems)
                value = self.value(kind_of(key.type), written[name], (*at, name), right)
                if len(self.problems) == known:
                    right[name] = value
            elif key.required:
                self.problems.append(Problem(at=(*at, name), what="is missing; add it"))
            else:
                right[name] = default_of(key)
        self.problems += [Problem(at=(*at, name), what=UNKNOWN) for name in written if name not in keys]
        if len(self.problems) > before:
            return None
        found = of(**right, written=frozenset(written))
        found.check()
        return found

    def _list(self, of: Kind, raw: object, at: Location) -> tuple[Any, ...]:
        if not isinstance(raw, list | tuple):
            raise ValueError("must be a list, such as [a, b]")
        return tuple(self.value(of, item, (*at, index), {}) for index, item in enumerate(raw))

    def _mapping(self, names: Kind, values: Kind, raw: object, at: Location) -> dict[Any, Any]:
        if not isinstance(raw, dict):
            raise ValueError("must be a mapping of keys")
        return {
            self.value(names, name, (*at, name), {}): self.value(values, value, (*at, name), {})
            for name, value in raw.items()
        }


def _holds_others(of: Any) -> bool:
    return is_section(of) or get_origin(of) in (tuple, Mapping)


def _one_name_each(of: type[Section], raw: dict[str, object]) -> dict[str, object]:
    """Return the mapping with each key under the name that is the section's own.

    Raises:
        ValueError: A key stands there under two names.
    """
    written = dict(raw)
    for other, name in of.other_names.items():
        if other in written:
            if name in written:
                raise ValueError(f"{other!r} and {name!r} are the same key: keep one")
            written[name] = written.pop(other)
    return written


def _one_of(choices: tuple[str, ...], raw: object) -> str:
    if not isinstance(raw, str) or raw not in choices:
        *others, last = map(repr, choices)
        raise ValueError(f"must be {', '.join(others)} or {last}" if others else f"must be {last}")
    return raw


def _any(raw: object) -> object:
    left = [raw]
    while left:
        one = left.pop()
        if isinstance(one, str):
            _text(one)
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            left += one
    return raw


def _text(raw: object) -> str:
    if isinstance(raw, str):
        if re.search("[\ud800-\udfff]", raw):
            raise ValueError("must be text: it holds half a character")
        if "\0" in raw:
            raise ValueError("must be text: it holds a zero character")
        return raw
    if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        return str(raw)
    raise ValueError("must be text")


def _truth(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    found = _WORDS.get(raw.lower()) if isinstance(raw, str) else None
    if isinstance(raw, int | float | Decimal) and (number := _number(raw)) in (0, 1):
        found = number == 1
    if found is None:
        raise ValueError("must be true or false")
    return found


def _number(raw: object) -> Decimal:
    """Return a number as the exact Decimal it was written as."""
    text = repr(raw) if isinstance(raw, int | float) else raw
    number = Decimal(text) if isinstance(text, str) and re.fullmatch(_NUMBER, text) else raw
    if not isinstance(number, Decimal) or not number.is_finite():
        raise ValueError("must be a plain number such as 10000 or 0.2, without thousands separators or units")
    if abs(number.adjusted()) > _DIGITS_MAX:
        raise ValueError(f"must be a number between 1e-{_DIGITS_MAX} and 1e{_DIGITS_MAX} in size, or 0")
    return number


def _whole(raw: object) -> int:
    number = _number(raw)
    if number != number.to_integral_value():
        raise ValueError("must be a whole number")
    return int(number)


def _fraction(raw: object) -> float:
    return float(_number(raw))


def path_of(raw: object) -> Path:
    """Return the path that a plain value writes.

    Raises:
        ValueError: It is none, or one that no file can be named by.
    """
    if not isinstance(raw, str | Path) or "\0" in str(raw):
        raise ValueError("must be a path")
    try:
        os.fsencode(raw)
    except UnicodeEncodeError:
        raise ValueError("must be a path: it holds a character that no file's name can hold here") from None
    return Path(raw)


def _time(raw: object) -> time:
    if isinstance(raw, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", raw):
        return time.fromisoformat(raw)
    raise ValueError('must be a market-local time in quotes, such as "09:35"')


def _day(raw: object) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if not isinstance(raw, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
        raise ValueError("must be a day such as 2025-10-10")
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise ValueError("is a day that no calendar has") from None


def _secret(raw: object) -> Secret:
    return raw if isinstance(raw, Secret) else Secret(_text(raw))


_KINDS: Mapping[Any, Callable[[object], Any]] = {
    Any: _any,
    bool: _truth,
    date: _day,
    Decimal: _number,
    float: _fraction,
    int: _whole,
    Path: path_of,
    Secret: _secret,
    str: _text,
    time: _time,
}
