"""Raw quotes made by hand, and feeds that answer with them; a Tuesday under the rules of July 2026."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from services.domain.instruments import Symbol
from services.domain.quotes import Level
from services.market.quote_terms import Sighting
from services.market.raw_quotes import RawQuote, RawQuotes, Status
from services.ports import Clock, PriceFault
from tests.exchange_market import MAIN, TUE, at

D = Decimal
FAMILIES = {"one": "a", "kin": "a", "two": "b", "three": "c"}
"""`kin` sells the numbers of `one` again."""


def clock_at(text: str, day: date = TUE) -> datetime:
    """Return the moment of a time like 10:35 or 10:35:02.5, seconds and their parts allowed."""
    whole, _, part = text.partition(".")
    return at(day, whole) + timedelta(microseconds=int((part or "0").ljust(6, "0")))


def price(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def side(levels: Sequence[tuple[str, int]] | None) -> tuple[Level, ...] | None:
    return None if levels is None else tuple(Level(price_cny=D(one), shares=shares) for one, shares in levels)


def raw(
    symbol: Symbol = MAIN,
    source: str = "one",
    last: str | None = "10.00",
    prev: str | None = "10.00",
    *,
    stamp: str | None = "10:35:00",
    day: date = TUE,
    limits: tuple[str | None, str | None] = ("9.00", "11.00"),
    bids: Sequence[tuple[str, int]] | None = (("9.99", 50_000),),
    asks: Sequence[tuple[str, int]] | None = (("10.01", 50_000),),
    status: Status | None = Status.TRADING,
    received: str = "10:35:01",
    name: str = "PLAIN",
) -> RawQuote:
    return RawQuote(
        symbol=symbol,
        source=source,
        received_at=clock_at(received),
        stamped_at=None if stamp is None else clock_at(stamp, day),
        name=name,
        last_cny=price(last),
        prev_close_cny=price(prev),
        limit_down_cny=price(limits[0]),
        limit_up_cny=price(limits[1]),
        bids=side(bids),
        asks=side(asks),
        status=status,
    )


def seen(*quotes: RawQuote) -> tuple[Sighting, ...]:
    return tuple(Sighting(family=FAMILIES[one.source], raw=one) for one in quotes)


Says = Callable[[Symbol, datetime], RawQuote | str]
"""What a vendor says of a symbol at a moment: a quote, or why there is none."""


class FakeFeed:
    """A vendor that takes `takes_s` and says what `says` does; `banned` between two moments."""

    hosts = ("vendor.example",)

    def __init__(
        self,
        name: str,
        clock: Clock,
        says: Says,
        *,
        family: str = "",
        takes_s: float = 0.05,
        banned: tuple[datetime, datetime] | None = None,
    ) -> None:
        self.name, self.family = name, family or FAMILIES.get(name, name)
        self._clock, self.says, self.takes_s, self.banned = clock, says, takes_s, banned
        self.asked: list[tuple[Symbol, ...]] = []
        self.given_up = 0

    async def quotes(self, symbols: Sequence[Symbol]) -> RawQuotes:
        self.asked.append(tuple(symbols))
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        now = self._clock.now()
        if self.banned is not None and self.banned[0] <= now < self.banned[1]:
            raise PriceFault(self.name, "HTTP 403, banned")
        said: Mapping[Symbol, RawQuote | str] = {symbol: self.says(symbol, now) for symbol in symbols}
        quotes = {
            symbol: replace(one, source=self.name, received_at=now)
            for symbol, one in said.items()
            if isinstance(one, RawQuote)
        }
        faults = {symbol: one for symbol, one in said.items() if isinstance(one, str)}
        if not quotes:
            raise PriceFault(self.name, f"no quote at all; {next(iter(faults.values()), '')}")
        return RawQuotes(source=self.name, quotes=quotes, faults=faults)
