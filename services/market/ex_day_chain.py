"""Ex-days to come of one kind by several vendors: what they agree on, and about whom they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from services.domain.instruments import Distribution, Symbol
from services.domain.money import ZERO
from services.ports import PriceFault

DAYS_AHEAD = 30
"""How far ahead ex-days are asked for; they are announced some days before."""

DISPUTE_DAYS = 7
"""An ex-day on which vendors differ matters from so many days before it on."""

CASH_A_SHARE_CNY_MAX, SHARES_A_SHARE_MAX = Decimal(1000), Decimal(10)
"""No mainland company has come near either: what lies beyond is a figure of another unit, or none."""

Told = tuple[tuple[Distribution, ...], Mapping[Symbol, str]]
_Paid = tuple[Decimal, Decimal, Decimal, Decimal]
"""Cash, new shares and rights a share, and what the rights cost."""

_Terms = frozenset[tuple[date, _Paid]]


class WithoutTerms(NamedTuple):
    """An ex-day of which it is not told what is paid or offered on it."""

    symbol: Symbol
    ex_date: date


class Announced(NamedTuple):
    """What one vendor announces: all that it told the terms of, and the ex-days without."""

    told: tuple[Distribution, ...] = ()
    without_terms: tuple[WithoutTerms, ...] = ()


def announced(every: Iterable[Distribution | WithoutTerms]) -> Announced:
    """Return announcements sorted by whether their terms are told; such as no company has are none."""
    listed = tuple(_believable(one) for one in every)
    told = tuple(one for one in listed if isinstance(one, Distribution))
    return Announced(told, tuple(one for one in listed if isinstance(one, WithoutTerms)))


def _believable(one: Distribution | WithoutTerms) -> Distribution | WithoutTerms:
    if isinstance(one, WithoutTerms):
        return one
    shares = max(one.shares_per_share, one.bonus_per_share, one.rights_per_share)
    if one.cash_per_share <= CASH_A_SHARE_CNY_MAX and shares <= SHARES_A_SHARE_MAX:
        return one
    return WithoutTerms(one.symbol, one.ex_date)


class DistributionTeller(Protocol):
    """One vendor's announcements of ex-days."""

    @property
    def name(self) -> str:
        """What a distribution's source calls it."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts it asks."""

    async def distributions(self, symbols: Sequence[Symbol], since: date, until: date) -> Announced:
        """Return the distributions of the symbols whose ex-day lies in [since, until].

        Raises:
            PriceFault: They were not told.
        """


class ExDayChain:
    """Asks all vendors at once, each once a day about each symbol.

    `confirming` are asked afterwards, about the symbols of which the others announce anything.
    """

    def __init__(
        self, tellers: Sequence[DistributionTeller], confirming: Sequence[DistributionTeller] = ()
    ) -> None:
        self._tellers, self._confirming = tuple(tellers), tuple(confirming)
        self._day = date.min
        self._came: dict[str, dict[Symbol, Announced]] = {}

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that ex-days come from."""
        return tuple(dict.fromkeys(host for teller in self._every for host in teller.hosts))

    async def told(self, symbols: Sequence[Symbol], day: date) -> Told:
        """Return the distributions to come of the symbols, and about whose ex-days vendors differ.

        One that tells no terms of an ex-day differs from everyone, itself alone too.

        A vendor that did not answer is asked again with the next question; where none did there is
        nothing, which says nothing.
        """
        if day != self._day:
            self._day, self._came = day, {teller.name: {} for teller in self._every}
        await asyncio.gather(*(self._ask(teller, symbols, day) for teller in self._tellers))
        named = [one for one in symbols if any(any(came.get(one, ())) for came in self._came.values())]
        await asyncio.gather(*(self._ask(teller, named, day) for teller in self._confirming))
        found: list[Distribution] = []
        disputed: dict[Symbol, str] = {}
        for symbol in dict.fromkeys(symbols):
            said = {name: came[symbol] for name, came in self._came.items() if symbol in came}
            told = {name: one.told for name, one in said.items()}
            until = day + timedelta(days=DISPUTE_DAYS)
            why = _lacking(said, until) or _difference(told, until)
            if why:
                disputed[symbol] = why
            else:
                found += _agreed(told)
        return tuple(found), disputed

    @property
    def _every(self) -> tuple[DistributionTeller, ...]:
        return (*self._tellers, *self._confirming)

    async def _ask(self, teller: DistributionTeller, symbols: Sequence[Symbol], day: date) -> None:
        came = self._came[teller.name]
        missing = [symbol for symbol in dict.fromkeys(symbols) if symbol not in came]
        if not missing:
            return
        try:
            told = await teller.distributions(missing, day, day + timedelta(days=DAYS_AHEAD))
        except PriceFault:
            return
        for symbol in missing:
            came[symbol] = Announced(
                tuple(one for one in told.told if one.symbol == symbol),
                tuple(one for one in told.without_terms if one.symbol == symbol),
            )


def _lacking(said: Mapping[str, Announced], until: date) -> str:
    """Return who tells no terms of which ex-day up to `until`, empty where nobody lacks them."""
    return "; ".join(
        f"{name} says {one.ex_date} without its terms"
        for name, announcements in said.items()
        for one in announcements.without_terms
        if one.ex_date <= until
    )


def _difference(said: Mapping[str, Sequence[Distribution]], until: date) -> str:
    """Return how two vendors differ about ex-days up to `until`, empty where they do not."""
    terms = {name: _terms(told, until) for name, told in said.items()}
    if len(set(terms.values())) < 2:
        return ""
    return "; ".join(f"{name} says {_words(stated)}" for name, stated in terms.items())


def _terms(told: Sequence[Distribution], until: date) -> _Terms:
    """Return by ex-day what is paid on it, several plans of one day together."""
    sums: dict[date, _Paid] = {}
    for one in told:
        if one.ex_date <= until:
            cash, shares, rights, cost = sums.get(one.ex_date, (ZERO, ZERO, ZERO, ZERO))
            sums[one.ex_date] = (
                cash + one.cash_per_share,
                shares + one.shares_per_share,
                rights + one.rights_per_share,
                cost + one.rights_per_share * one.rights_price_cny,
            )
    return frozenset(sums.items())


def _words(terms: _Terms) -> str:
    if not terms:
        return "none"
    return ", ".join(f"{day} {_paid(paid)} a share" for day, paid in sorted(terms))


def _paid(paid: _Paid) -> str:
    cash, shares, rights, cost = paid
    words = f"{cash} CNY and {shares} shares"
    return f"{words}, rights to {rights} shares at {cost / rights:f} CNY" if rights else words


def _agreed(said: Mapping[str, Sequence[Distribution]]) -> Sequence[Distribution]:
    """Return what the vendors agree on, with each date that any of them states."""
    if not said:
        return ()
    (_, first), *others = said.items()
    pay_dates = {one.ex_date: one.pay_date for _, told in others for one in told if one.pay_date}
    source = "+".join(said)
    return [replace(one, pay_date=one.pay_date or pay_dates.get(one.ex_date), source=source) for one in first]
