"""What a vendor tells beside quotes: recent bars and the facts of instruments, each by its own chain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain
from typing import Protocol

from msgspec.structs import replace

from services.domain.bars import Frequency, Panel
from services.domain.instruments import Facts, Market, Symbol
from services.market.bar_chain import BarChain
from services.market.ex_day_chain import ExDayChain
from services.market.facts_chain import FactsChain
from services.ports import Clock
from services.slots import local


class BarsAndFacts(Protocol):
    """The part of a source of prices that is not quotes."""

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return recent ended bars.

        Raises:
            PriceFault: There are none.
        """

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return the facts known today, and which are not.

        Raises:
            PriceFault: Nothing at all could be told.
        """


class ChainedVendors:
    """Bars and facts of the mainland market, each of whoever has them; a chain of ex-days for each kind."""

    def __init__(
        self, bars: BarChain, facts: FactsChain, ex_days: Sequence[ExDayChain], clock: Clock
    ) -> None:
        self._bars, self._facts, self._ex_days, self._clock = bars, facts, tuple(ex_days), clock

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts asked for bars, then those asked for facts and ex-days."""
        of_ex_days = chain.from_iterable(one.hosts for one in self._ex_days)
        return tuple(dict.fromkeys((*self._bars.hosts, *self._facts.hosts, *of_ex_days)))

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the ended bars of the last weeks, as `BarChain.panel` does.

        Raises:
            PriceFault: No symbol has bars.
        """
        return await self._bars.panel(symbols, frequency)

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return the facts known today, as `FactsChain.told` does, with the ex-days to come.

        Raises:
            PriceFault: No source told any fact at all.
        """
        day = local(self._clock.now(), Market.CN).date()
        announced, facts = await asyncio.gather(
            asyncio.gather(*(one.told(symbols, day) for one in self._ex_days)),
            self._facts.told(symbols, day),
        )
        disputed: dict[Symbol, str] = {}
        for symbol, why in chain.from_iterable(against.items() for _, against in announced):
            disputed[symbol] = f"{disputed[symbol]}; {why}" if symbol in disputed else why
        distributions = tuple(chain.from_iterable(told for told, _ in announced))
        return replace(facts, distributions=distributions, disputed=disputed)
