"""What a key of the configuration is declared with, and what every section of it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from services.domain.value import Value


class Unit(Value, frozen=True):
    """The unit of a key, as the table of keys shows it."""

    name: str


class About(Value, frozen=True):
    """What a key is, as the table of keys shows it."""

    text: str


class Range(Value, frozen=True, kw_only=True):
    """A number's bounds, each part of the range (`ge`, `le`) or outside it (`gt`, `lt`)."""

    gt: int | Decimal | None = None
    ge: int | Decimal | None = None
    lt: int | Decimal | None = None
    le: int | Decimal | None = None

    def kept(self, value: Any) -> Any:
        """Return the number; one outside the range, or that is none, is refused."""
        inside = (
            (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.lt is None or value < self.lt)
            and (self.le is None or value <= self.le)
        )
        if not inside:
            raise ValueError(f"must be {self}")
        return value

    def __str__(self) -> str:
        """Return the range in words: `more than 0 and at most 1`."""
        words = (("more than", self.gt), ("at least", self.ge), ("less than", self.lt), ("at most", self.le))
        return " and ".join(f"{word} {bound}" for word, bound in words if bound is not None)


class Places(Value, frozen=True):
    """How many digits a number may have behind the point; zeros at its end do not count."""

    most: int

    def kept(self, value: Any) -> Any:
        """Return the number; one with more digits behind the point is refused."""
        digits = f"{value:f}".partition(".")[2].rstrip("0") if value.as_tuple().exponent < 0 else ""
        if len(digits) > self.most:
            raise ValueError(f"must have at most {self.most} digits behind the point")
        return value


class Pattern(Value, frozen=True):
    """The regular expression that all of a text matches."""

    text: str

    def kept(self, value: Any) -> Any:
        """Return the text; another is refused."""
        if not re.fullmatch(self.text, value):
            raise ValueError(f"must match {self.text}")
        return value


class NotEmpty(Value, frozen=True):
    """A text or a list that holds something."""

    def kept(self, value: Any) -> Any:
        """Return the text or the list; an empty one is refused."""
        if not value:
            raise ValueError("must not be empty")
        return value


class Distinct(Value, frozen=True):
    """A list that names nothing twice; with what is said of one that does."""

    otherwise: str

    def kept(self, value: Any) -> Any:
        """Return the list; one that names something twice is refused."""
        if len(set(value)) < len(value):
            raise ValueError(self.otherwise)
        return value


class NamesDiffer(Value, frozen=True):
    """A list of sections, each with a name of its own; with what they are called."""

    sections: str

    def kept(self, value: Any) -> Any:
        """Return the list; one in which a name stands twice is refused."""
        names = [section.name for section in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two {self.sections} are named {name!r}: rename one")
        return value


class Check(Value, frozen=True):
    """A function that returns the value as it is kept, or raises ValueError."""

    by: Callable[[Any], Any]

    def kept(self, value: Any) -> Any:
        """Return what the function returns."""
        return self.by(value)


Mark = Range | Places | Pattern | NotEmpty | Distinct | NamesDiffer | Check
"""What holds of a value: `kept` returns it as it is kept, or raises ValueError that says what must be."""


class Beside(Value, frozen=True):
    """A function that holds the value against an earlier key's, and raises ValueError where they disagree.

    It is not asked where that key's own value was refused.
    """

    key: str
    by: Callable[[Any, Any], None]


class Secret:
    """A text that shows nowhere but where it is asked for by `reveal`, and that no record can hold."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


class Section(Value, frozen=True, kw_only=True):
    """A part of the configuration: closed, unchangeable, silent about secrets.

    Its keys are its fields, whose types `services.settings_reading` reads.
    """

    other_names: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """How else a key may be spelled, and which key that is."""

    written: frozenset[str] = frozenset()
    """The keys that were written, by their names; no key itself.

    Two sections written differently are equal where their keys are: who spells out a default says the same.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Section) and type(other) is type(self) and other._values() == self._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name != "written")

    def check(self) -> None:
        """Return where its keys, each of them right, go together.

        Raises:
            ValueError: They do not; names the keys.
        """


def web_address(url: str) -> str:
    """Return the address without a slash at its end.

    Raises:
        ValueError: It is none, or holds a user's name.
    """
    if not re.fullmatch(r"https?://[^\s/]+.*", url) or urlsplit(url).username is not None:
        raise ValueError("must be an http(s) address without user name or password")
    return url.rstrip("/")


def optional_address(url: str) -> str:
    """Return the address without a slash at its end, or the empty text.

    Raises:
        ValueError: It is none, or holds a user's name.
    """
    return web_address(url) if url else url


Ratio = Annotated[Decimal, Unit("ratio"), Range(gt=0, le=1)]
Key = Annotated[str, Check(str.lower), Pattern(r"[a-z][a-z0-9_]*")]
