"""The input of a worked case, read field by field so that nothing is overlooked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from services.domain.instruments import Board
from services.domain.orders import Side

AS_OF = date(2026, 11, 20)
"""The day of a case that names none."""


class Unsupported(LookupError):
    """The rulebook alone cannot answer the case: it needs a calendar, or says something unknown."""


class CaseInput:
    """A case's input, read field by field; what nobody read is an error."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = dict(fields)
        self._unread = set(fields)

    def has(self, *names: str) -> bool:
        """Answer whether the case has all the fields."""
        return all(name in self._fields for name in names)

    def raw(self, name: str, default: object = None) -> object:
        """Return a field as it stands."""
        self._unread.discard(name)
        return self._fields.get(name, default)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text."""
        value = self.raw(name, default)
        if not isinstance(value, str):
            raise Unsupported(f"the case gives no text for {name!r}")
        return value

    def decimal(self, name: str, default: str | None = None) -> Decimal:
        """Return an exact number."""
        value = self.raw(name, default)
        if value is None or isinstance(value, bool | float):
            raise Unsupported(f"the case gives no exact number for {name!r}")
        return Decimal(str(value))

    def price(self, name: str) -> Decimal | None:
        """Return an exact number, None where the case has none."""
        return None if self.raw(name) is None else self.decimal(name)

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a whole number."""
        value = self.raw(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unsupported(f"the case gives no whole number for {name!r}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a yes or no."""
        return bool(self.raw(name, default))

    def day(self, name: str, default: date | None = AS_OF) -> date:
        """Return a date; a default of None makes the field necessary."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        return date.fromisoformat(self.text(name))

    def nested(self, name: str) -> CaseInput:
        """Return fields within a field."""
        value = self.raw(name)
        if not isinstance(value, Mapping):
            raise Unsupported(f"the case gives no fields for {name!r}")
        return CaseInput(value)

    def side(self) -> Side:
        """Return which way shares move."""
        return Side(self.text("side"))

    def board(self) -> Board:
        """Return the board; plain ETF is one of SSE, whose rules SZSE shares."""
        name = self.text("board")
        return Board.SSE_FUND if name == "ETF" else Board(name)

    def ignore(self, *names: str) -> None:
        """Read fields that do not change the answer."""
        self._unread.difference_update(names)

    def done(self) -> None:
        """Refuse the case if a field was not read."""
        if self._unread:
            raise Unsupported(f"the case says more than is understood: {sorted(self._unread)}")
