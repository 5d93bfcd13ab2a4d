"""The input of a worked case, read field by field so that nothing is overlooked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType

from services.domain.instruments import Board, Kind
from services.domain.orders import Side
from services.rules.terms import Venue

AS_OF = date(2026, 11, 20)
"""The day of a case that names none."""

_BOARDS: Mapping[str, Board] = MappingProxyType(
    {
        "CDR": Board.STAR,
        "ETF": Board.SSE_FUND,
        "LOF": Board.SZSE_FUND,
        "SSE_LOF": Board.SSE_FUND,
        "SZSE_LOF": Board.SZSE_FUND,
        "SSE_REIT": Board.REIT,
        "SZSE_REIT": Board.REIT,
        "SSE_CB": Board.CONVERTIBLE,
        "SZSE_CB": Board.CONVERTIBLE,
    }
)
"""Other names of boards. A plain ETF is one of SSE, whose rules SZSE shares since 2026-07-06."""

_SHARED_BOARDS = ("REIT", "SSE_REIT", "SZSE_REIT", "CB", "SSE_CB", "SZSE_CB")

_VENUES: Mapping[str, Venue] = MappingProxyType({"SSE": Venue.SSE, "SZSE": Venue.SZSE})

_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "etf": Kind.ETF_EQUITY,
        "lof": Kind.ETF_EQUITY,
        "cdr": Kind.STOCK,
        "cb": Kind.CONVERTIBLE_BOND,
        "bond": Kind.CONVERTIBLE_BOND,
        "lof_cross_border_t0": Kind.ETF_CROSS_BORDER_T0,
        "etf_cross_border_t1": Kind.ETF_EQUITY,
        **{str(kind).removesuffix("_t0"): kind for kind in Kind if str(kind).endswith("_t0")},
    }
)
"""Other names of kinds."""


class Unsupported(LookupError):
    """The rulebook alone cannot answer the case: it needs a calendar, or says something unknown."""


class CaseInput:
    """A case's input, read field by field; what nobody read is an error."""

    def __init__(self, fields: Mapping[str, object], *, full: bool = False) -> None:
        self._full = full
        self._fields = dict(fields)
        self._unread = set(fields)
        self._nested: dict[str, CaseInput] = {}

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
        try:
            number = Decimal(str(value))
        except ArithmeticError:
            raise Unsupported(f"the case gives no number for {name!r}") from None
        if not number.is_finite():
            raise Unsupported(f"the case gives no finite number for {name!r}")
        return number

    def amount(self, name: str, default: str | None = None) -> Decimal:
        """Return an exact number that is not below 0."""
        number = self.decimal(name, default)
        if number < 0:
            raise Unsupported(f"{number} is below 0 for {name!r}")
        return number

    def require_price(self, name: str, default: str | None = None) -> Decimal:
        """Return a price, which is above 0."""
        number = self.decimal(name, default)
        if number <= 0:
            raise Unsupported(f"{number} is no price for {name!r}")
        return number

    def price(self, name: str) -> Decimal | None:
        """Return a price, which is above 0; None where the case has none."""
        return None if self.raw(name) is None else self.require_price(name)

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a whole number."""
        value = self.raw(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unsupported(f"the case gives no whole number for {name!r}")
        return value

    def count(self, name: str, default: int | None = None) -> int:
        """Return a whole number that is not below 0."""
        value = self.integer(name, default)
        if value < 0:
            raise Unsupported(f"{value} is below 0 for {name!r}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a yes or no; null is the default."""
        value = self.raw(name, default)
        value = default if value is None else value
        if not isinstance(value, bool):
            raise Unsupported(f"the case gives neither true nor false for {name!r}")
        return value

    def day(self, name: str, default: date | None = AS_OF) -> date:
        """Return a date; a default of None makes the field necessary."""
        value = self.raw(name)
        if value is None and default is not None:
            return default
        stated = self.text(name)
        try:
            return date.fromisoformat(stated)
        except ValueError:
            raise Unsupported(f"the case gives no date for {name!r}") from None

    def moment(self, name: str, day: str = "date") -> tuple[date, time]:
        """Return a day and a local time; a time alone is of the day in `day`, or of the usual one."""
        stated = self.text(name)
        dated = "T" in stated or " " in stated
        try:
            if dated:
                at = datetime.fromisoformat(stated)
                self.ignore(day)
                return at.date(), at.time()
            return self.day(day), time.fromisoformat(stated)
        except ValueError:
            raise Unsupported(f"the case gives no time for {name!r}") from None

    def nested(self, name: str) -> CaseInput:
        """Return fields within a field; those that nobody read are an error as well."""
        value = self.raw(name)
        if not isinstance(value, Mapping):
            raise Unsupported(f"the case gives no fields for {name!r}")
        inner = self._nested[name] = CaseInput(value)
        return inner

    def fills(self, name: str = "fills") -> tuple[tuple[Decimal, int], ...]:
        """Return pairs of a price and a number of shares."""
        pairs = self.raw(name)
        if not isinstance(pairs, list) or not all(isinstance(one, list) and len(one) == 2 for one in pairs):
            raise Unsupported(f"the case gives no pairs of price and shares for {name!r}")
        read = [CaseInput({"price": price, "shares": shares}) for price, shares in pairs]
        return tuple((one.require_price("price"), one.count("shares")) for one in read)

    def side(self) -> Side:
        """Return which way shares move."""
        try:
            return Side(self.text("side"))
        except ValueError:
            raise Unsupported("the case gives neither buy nor sell for 'side'") from None

    def board(self, default: str | None = None) -> Board:
        """Return the board."""
        name = self.text("board", default)
        try:
            return _BOARDS.get(name) or Board(name)
        except ValueError:
            raise Unsupported(f"the board {name!r} is not known") from None

    def venue(self) -> Venue | None:
        """Return the exchange of a board that two have, where its name or the case tells it."""
        if self.raw("board") not in _SHARED_BOARDS:
            return None
        prefix = self.text("board").partition("_")[0]
        return _VENUES.get(prefix) or _VENUES.get(str(self.raw("exch")))

    def kind(self, default: Kind) -> Kind:
        """Return what the instrument is."""
        name = self.text("kind", default)
        try:
            return _KINDS.get(name) or Kind(name)
        except ValueError:
            raise Unsupported(f"the kind {name!r} is not known") from None

    def answer(self, asked: dict[str, object], **more: object) -> dict[str, object]:
        """Return what a case of this form usually asks, with `more` where a full answer is wanted."""
        return {**asked, **more} if self._full else asked

    def ignore(self, *names: str) -> None:
        """Read fields that do not change the answer."""
        self._unread.difference_update(names)

    def ignore_rest(self) -> None:
        """Read every field: what has been read settles the answer."""
        self._unread.clear()
        self._nested.clear()

    def done(self) -> None:
        """Refuse the case if a field was not read."""
        unread = self._leftovers()
        if unread:
            raise Unsupported(f"the case says more than is understood: {sorted(unread)}")

    def _leftovers(self) -> set[str]:
        """Return the fields that nobody read, those within a field by both names."""
        within = {f"{name}.{one}" for name, inner in self._nested.items() for one in inner._leftovers()}
        return self._unread | within
