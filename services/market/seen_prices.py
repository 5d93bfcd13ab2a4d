"""A vendor's quotes and facts as the account saw them, so that a simulated exchange goes by no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from services.domain.bars import CorporateAction, Frequency, Panel
from services.domain.events import Event
from services.domain.instruments import Distribution, Facts, Instrument, Symbol
from services.domain.money import ZERO
from services.domain.quotes import Quote, Snapshot, VendorSnapshot
from services.market.known_facts import day_of
from services.ports import PriceFault, PriceSource


class SeenPrices:
    """Passes on what another source answers, and remembers the newest quote and facts of each symbol."""

    def __init__(self, source: PriceSource) -> None:
        self._source = source
        self._quotes: dict[Symbol, Quote] = {}
        self._moment: datetime | None = None
        self._instruments: dict[Symbol, Instrument] = {}
        self._announced: dict[_Part, tuple[Distribution, ...]] = {}
        self._actions: tuple[CorporateAction, ...] = ()

    @property
    def name(self) -> str:
        """The other source's name."""
        return self._source.name

    @property
    def panel(self) -> Panel | None:
        """The other source's bars in hand."""
        return self._source.panel

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> Snapshot:
        """Return the other source's answer, remembered.

        Raises:
            PriceFault: The other source gave nothing usable.
        """
        snapshot = await self._source.get_current_prices(symbols)
        if self._source.panel is not None:
            return snapshot
        self._remember(snapshot, symbols)
        return snapshot

    def listen(self, event: Event, value: object, _account: object) -> None:
        """Remember what is on record: a process started anew has seen what the one before it saw."""
        if isinstance(value, VendorSnapshot):
            self._remember(value, value.symbols)
        elif isinstance(value, Facts):
            self._learn(value, datetime.fromisoformat(event.at))

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the other source's bars.

        Raises:
            PriceFault: It has none.
        """
        return await self._source.get_history(symbols, frequency)

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return the facts the other source knows, remembered where it has no bars in hand.

        Raises:
            PriceFault: It could tell nothing at all.
        """
        facts = await self._source.get_instruments(symbols)
        if self._source.panel is None:
            self._learn(facts)
        return facts

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        """The facts last told of each symbol; the mapping changes as more are."""
        return self._instruments

    def actions(self) -> tuple[CorporateAction, ...]:
        """Return the ex-days announced so far, each as it was told last; the same tuple until more are."""
        return self._actions

    def remembered(self) -> RememberedPrices:
        """Return the source that answers from memory alone."""
        return RememberedPrices(self)

    def _learn(self, facts: Facts, told_at: datetime | None = None) -> None:
        """Remember facts; of a known moment, the ex-days to come that they tell replace those told before.

        Of a symbol and kind that they do not tell of, because it is disputed now say, what was told
        last stays: once its day has come it would be too late to book it.
        """
        self._instruments.update({one.symbol: one for one in facts.instruments})
        announced = {
            part: tuple(together)
            for part, together in groupby(sorted(facts.distributions, key=_part_of), _part_of)
        }
        named = {(part.symbol, part.rights) for part in announced}
        kept = {
            part: together
            for part, together in self._announced.items()
            if told_at is None
            or (part.symbol, part.rights) not in named
            or part.ex_date < day_of(part.symbol, told_at)
        }
        if kept | announced != self._announced:
            self._announced = kept | announced
            self._actions = _actions(self._announced)

    def _remember(self, snapshot: Snapshot, symbols: Sequence[Symbol]) -> None:
        self._moment = snapshot.moment
        for symbol in symbols:
            quote = snapshot.get(symbol)
            if quote is None:
                self._quotes.pop(symbol, None)
            else:
                self._quotes[symbol] = quote

    def recall(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        """Return the newest quotes seen.

        Raises:
            PriceFault: None has been seen yet.
        """
        if self._moment is None:
            raise PriceFault("quotes seen so far", "there are none yet")
        quotes = tuple(self._quotes[symbol] for symbol in symbols if symbol in self._quotes)
        missing = {str(symbol): "not seen" for symbol in symbols if symbol not in self._quotes}
        return VendorSnapshot(
            moment=self._moment, source=self.name, symbols=tuple(symbols), quotes=quotes, faults=missing
        )


class _Part(NamedTuple):
    """What a company hands out on one day, or the rights it offers: they are told by different reports."""

    symbol: Symbol
    ex_date: date
    rights: bool


def _part_of(one: Distribution) -> _Part:
    return _Part(one.symbol, one.ex_date, one.rights_per_share > 0)


def _actions(announced: Mapping[_Part, Sequence[Distribution]]) -> tuple[CorporateAction, ...]:
    of_day: dict[tuple[Symbol, date], list[Distribution]] = {}
    for part, together in announced.items():
        of_day.setdefault((part.symbol, part.ex_date), []).extend(together)
    return tuple(_action(symbol, ex_date, every) for (symbol, ex_date), every in of_day.items())


def _action(symbol: Symbol, ex_date: date, of_day: Sequence[Distribution]) -> CorporateAction:
    """Return all that a company hands out on one day as one."""
    rights = sum((one.rights_per_share for one in of_day), ZERO)
    cost = sum((one.rights_per_share * one.rights_price_cny for one in of_day), ZERO)
    return CorporateAction(
        symbol=symbol,
        ex_date=ex_date,
        cash_per_share=sum((one.cash_per_share for one in of_day), ZERO),
        shares_per_share=sum((one.shares_per_share for one in of_day), ZERO),
        bonus_per_share=sum((one.bonus_per_share for one in of_day), ZERO),
        rights_per_share=rights,
        rights_price_cny=cost / rights if rights else ZERO,
    )


class RememberedPrices:
    """The newest quotes that were seen; asks nobody."""

    panel: Panel | None = None

    def __init__(self, seen: SeenPrices) -> None:
        self._seen = seen

    @property
    def name(self) -> str:
        """The source the quotes came from."""
        return self._seen.name

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> Snapshot:
        """Return the newest quotes seen of the symbols.

        Raises:
            PriceFault: None has been seen yet.
        """
        return self._seen.recall(symbols)

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Raise: quotes are no bars.

        Raises:
            PriceFault: Always.
        """
        raise PriceFault("bars", "only quotes are remembered")

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return nothing: quotes hold no such facts."""
        return Facts()


class FirstThenRemembered:
    """Asks once, then answers from what was seen: for a mind that names other symbols than the record did."""

    def __init__(self, seen: SeenPrices) -> None:
        self._seen, self._asked = seen, False

    @property
    def name(self) -> str:
        """The source's name."""
        return self._seen.name

    @property
    def panel(self) -> Panel | None:
        """The source's bars in hand."""
        return self._seen.panel

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> Snapshot:
        """Return the source's first answer, then the newest quotes seen.

        Raises:
            PriceFault: The source gave nothing usable.
        """
        if self._asked and self.panel is None:
            return self._seen.recall(symbols)
        self._asked = True
        return await self._seen.get_current_prices(symbols)

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return the source's bars.

        Raises:
            PriceFault: It has none.
        """
        return await self._seen.get_history(symbols, frequency)

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return the facts the source knows.

        Raises:
            PriceFault: It could tell nothing at all.
        """
        return await self._seen.get_instruments(symbols)
