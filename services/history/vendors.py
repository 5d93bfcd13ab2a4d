"""The door to vendors of history: what is asked, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from services.domain.bars import CorporateAction, VolumeUnit
from services.domain.instruments import Symbol
from services.history.descriptions import Described
from services.history.lengths import BarLength
from services.history.tables import Roll, Stay
from services.market.raw_bars import RawBar


class NotTold(str):
    """Why nothing is told of one symbol that says nothing of the others: the vendor is well."""

    __slots__ = ()


NO_BARS = NotTold("no bars in the period")
"""A vendor's whole answer: it was reached, and has nothing."""

NOT_SERVED = NotTold("not told by this vendor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Bars of one length, raw, on the days [start, end]."""

    length: BarLength
    start: date
    end: date


@dataclass(frozen=True, kw_only=True)
class ExDays:
    """What a vendor knows of one symbol's ex-days.

    `actions` are all of the period, None where the vendor does not tell; `factors` are those by which it
    adjusts, each from its day on; `factor_days` are the days on which it states one, None where it does not
    say which: of a day with bars that is not among them it should have. `lacks` says what it should have told
    and did not, and why.
    """

    actions: tuple[CorporateAction, ...] | None = None
    factors: Mapping[date, Decimal] = field(default_factory=dict)
    factor_days: frozenset[date] | None = None
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a vendor told of one symbol: bars as stated, oldest first, and what it knows of ex-days."""

    bars: tuple[RawBar, ...]
    volume_unit: VolumeUnit
    ex_days: ExDays = field(default_factory=ExDays)


class HistoryVendor(Protocol):
    """A vendor of bars of the past. Its calls keep to its pace and end by their deadline."""

    @property
    def name(self) -> str:
        """The vendor's name."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts it is reached at."""

    @property
    def at_a_time(self) -> int:
        """How many symbols it is asked for together."""

    async def bars(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, Told | str]:
        """Return what is told of each symbol, or why nothing is; each symbol has an answer.

        Where the vendor is well and has nothing of a symbol, the reason is `NotTold`.
        """

    async def ex_days(self, symbols: Sequence[Symbol], period: Period) -> Mapping[Symbol, ExDays]:
        """Return what is told of the ex-days of each symbol, as beside its bars."""

    async def rolls(self, index: str, start: date, end: date) -> tuple[Roll, ...]:
        """Return the members of an index on days in [start, end], one before and one after, where told.

        Raises:
            PriceFault: It does not tell.
        """

    async def stays(self, index: str) -> tuple[Stay, ...]:
        """Return since when symbols belong to an index, or when they did, as far as it is told.

        Raises:
            PriceFault: It should tell, and does not.
        """

    async def described(self, symbols: Sequence[Symbol], start: date, end: date) -> tuple[Described, ...]:
        """Return the facts of the symbols as far as they are told; what is told of none is left out.

        Raises:
            PriceFault: It does not tell.
        """

    async def days(self, start: date, end: date) -> Mapping[date, bool]:
        """Return which days of [start, end] are trading days; empty where it does not tell.

        Raises:
            PriceFault: It should tell, and does not.
        """
