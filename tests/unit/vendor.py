"""A fake vendor of live quotes and a clock that moves by itself, for worlds without bars in hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from services.clock import VirtualClock
from services.domain.bars import Frequency, Panel
from services.domain.instruments import Facts, Market, Symbol
from services.domain.quotes import Level, Quote, VendorSnapshot
from services.ports import PriceFault
from services.slots import local

TEN = Decimal("10.00")
CENT = Decimal("0.01")


class SteppingClock(VirtualClock):
    """A clock that stands 170 ms later each time it is read."""

    def now(self) -> datetime:
        moment = super().now()
        self.jump(moment + timedelta(milliseconds=170))
        return moment


Price = Callable[[Symbol, datetime], str | None]
"""The last price of a symbol at a market-local moment; None where the vendor shows none."""


class Vendor:
    """Answers with what `price` says now, one cent either side; `down` are the questions it fails, from 1."""

    name = "fake"
    panel: Panel | None = None

    def __init__(
        self,
        clock: VirtualClock,
        price: Price,
        *,
        down: Sequence[int] = (),
        bars: Panel | None = None,
        facts: Callable[[date], Facts] | None = None,
    ) -> None:
        self._clock, self._price, self._down, self._bars = clock, price, down, bars
        self._facts = facts
        self.asked = self.asked_facts = 0

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        self.asked += 1
        moment = self._clock.now()
        if self.asked in self._down:
            raise PriceFault("quotes", "the vendor is down")
        shown = [(symbol, self._price(symbol, local(moment, Market.CN))) for symbol in symbols]
        return VendorSnapshot(
            moment=moment,
            source=self.name,
            symbols=tuple(symbols),
            quotes=tuple(quote(symbol, Decimal(price), moment) for symbol, price in shown if price),
            faults={str(symbol): "not shown" for symbol, price in shown if price is None},
        )

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        if self._bars is None:
            raise PriceFault("bars", "the vendor has none")
        return self._bars

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        self.asked_facts += 1
        if self._facts is None:
            raise PriceFault("facts", "the vendor has none")
        return self._facts(local(self._clock.now(), Market.CN).date())


def quote(symbol: Symbol, last: Decimal, moment: datetime) -> Quote:
    """Return a quote with a book of one level either side, the previous close at 10.00."""
    return Quote(
        symbol=symbol,
        last_cny=last,
        prev_close_cny=TEN,
        seen_at=moment,
        source="fake",
        limit_up_cny=Decimal("11.00"),
        limit_down_cny=Decimal("9.00"),
        bids=(Level(price_cny=last - CENT, shares=100_000),),
        asks=(Level(price_cny=last + CENT, shares=100_000),),
    )
