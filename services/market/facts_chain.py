"""Instrument facts of several sources in order: who comes next is asked for what is still unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from msgspec.structs import replace

from services.domain.instruments import Fact, Facts, Instrument, Symbol, nothing_told
from services.ports import PriceFault

_FIELDS: Mapping[Fact, tuple[str, ...]] = {
    Fact.FUND_KIND: ("kind",),
    Fact.RISK_WARNING: ("st", "share_reform_pending"),
    Fact.LISTING: ("listed_on", "first_days", "relisted_on"),
    Fact.DELISTING: ("delisting",),
    Fact.SUSPENSION: ("suspended",),
}
"""The fields of an instrument by the fact that they state."""


class FactsTeller(Protocol):
    """One vendor's facts of instruments."""

    @property
    def name(self) -> str:
        """What the facts' source calls it."""

    @property
    def fact_hosts(self) -> tuple[str, ...]:
        """The hosts its facts come from."""

    async def told(self, symbols: Sequence[Symbol], day: date) -> Facts:
        """Return the facts of the symbols on `day`, and which are unknown.

        Raises:
            PriceFault: Nothing at all came.
        """


class IndustryTeller(Protocol):
    """One vendor's sorting of shares into industries."""

    async def industries(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, str]:
        """Return the industry of each symbol that has one; what was not answered is left out.

        Raises:
            PriceFault: Nobody could be asked at all.
        """


class FactsChain:
    """Asks its sources in order; industries are those of the first that sorts any of the symbols."""

    def __init__(self, tellers: Sequence[FactsTeller], industries: IndustryTeller | None = None) -> None:
        if not tellers:
            raise ValueError("facts need at least one source")
        self._tellers, self._industries = tuple(tellers), industries
        self._day = date.min
        self._sorted: dict[Symbol, str] = {}

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that facts come from, in the order in which they are asked."""
        return tuple(dict.fromkeys(host for teller in self._tellers for host in teller.fact_hosts))

    async def told(self, symbols: Sequence[Symbol], day: date) -> Facts:
        """Return the facts of the symbols on `day`, and which are unknown, with what every source said.

        Raises:
            PriceFault: No source told anything at all.
        """
        found, failed = Facts(unknown=nothing_told(symbols, "not asked").unknown), list[PriceFault]()
        for teller in self._tellers:
            missing = tuple(symbol for symbol in dict.fromkeys(symbols) if found.unknown.get(symbol))
            if not missing:
                break
            try:
                more = await teller.told(missing, day)
            except PriceFault as fault:
                failed.append(fault)
                found = completed(found, nothing_told(missing, f"{fault.asked}: {fault.why}"), missing)
            else:
                found = completed(found, more, missing)
        if len(failed) == len(self._tellers):
            why = "; ".join(f"{fault.asked}: {fault.why}" for fault in failed)
            raise PriceFault(f"facts of {len(set(symbols))} instruments", why)
        return await self._with_industries(found, symbols, day)

    async def _with_industries(self, found: Facts, symbols: Sequence[Symbol], day: date) -> Facts:
        if found.industries or self._industries is None:
            return found
        if day != self._day:
            self._day, self._sorted = day, {}
        missing = [symbol for symbol in dict.fromkeys(symbols) if symbol not in self._sorted]
        try:
            self._sorted |= await self._industries.industries(missing) if missing else {}
        except PriceFault:
            # Not known: the limits say what holds for a share whose sector nobody states.
            return found
        known = {symbol: self._sorted[symbol] for symbol in symbols if symbol in self._sorted}
        return replace(found, industries=known)


def completed(known: Facts, more: Facts, asked: Sequence[Symbol]) -> Facts:
    """Return the facts with what `more` tells of those asked for: nothing that is known is replaced."""
    instruments = {one.symbol: one for one in known.instruments}
    others = {one.symbol: one for one in more.instruments}
    unknown = dict(known.unknown)
    for symbol in asked:
        lacking, silent = known.unknown.get(symbol, {}), more.unknown.get(symbol, {})
        told = [fact for fact in lacking if fact not in silent]
        if told and (symbol in instruments or symbol in others):
            other = others.get(symbol, Instrument(symbol=symbol))
            instruments[symbol] = _filled(instruments.get(symbol), other, told)
        unknown[symbol] = {fact: _both(why, silent[fact]) for fact, why in lacking.items() if fact in silent}
    return Facts(
        instruments=tuple(instruments.values()),
        unknown={symbol: facts for symbol, facts in unknown.items() if facts},
        industries=known.industries or more.industries,
        source="+".join(name for name in (known.source, more.source) if name),
    )


def _filled(mine: Instrument | None, other: Instrument, told: Sequence[Fact]) -> Instrument:
    if mine is None:
        return other
    fields = {name: getattr(other, name) for fact in told for name in _FIELDS[fact]}
    return replace(mine, name=mine.name or other.name, **fields)


def _both(first: str, second: str) -> str:
    return second if first == "not asked" else f"{first}; {second}"
