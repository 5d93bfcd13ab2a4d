"""Reads rows of bars that vendors send over the wire: what they write becomes a bar in lots."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date

from services.domain.instruments import Symbol
from services.market.feeds.fields import LOT_SHARES, number_of
from services.market.raw_bars import RawBar
from services.market.recent_bars import BarsTold, NoBars
from services.ports import PriceFault

_FITS_MIN, _FITS_MAX = 0.2, 5.0
"""The average price of a bar by its adjusted close; the units of volume lie a hundredfold apart."""


def bar_of(symbol: Symbol, line: int, label: str, prices: Sequence[object], volume_lots: float) -> RawBar:
    """Return a bar of open, high, low and close as they are written, volume in lots.

    Raises:
        NoBars: A price is none.
    """
    numbers = [number_of(price) for price in prices]
    if any(number is None for number in numbers):
        raise NoBars(f"the bar {label[:20]} lacks a price")
    opened, high, low, close = (float(number) for number in numbers if number is not None)
    return RawBar(line, symbol, "", label, opened, high, low, close, volume_lots)


def amount_in_lots(volume: object, amount_cny: object, close: object, declared: int) -> float:
    """Return a volume in lots; `declared` is the shares that one of it is held to be.

    Where the vendor states an amount too, the bar's average price must be near its close: that tells
    shares from lots, whatever is declared.

    Raises:
        NoBars: There is no volume, or it fits neither unit.
    """
    count, paid, price = number_of(volume), number_of(amount_cny), number_of(close)
    if count is None:
        raise NoBars("a bar without a volume")
    if not count or not paid or not price:
        return float(count) * declared / LOT_SHARES
    for unit in (declared, LOT_SHARES if declared == 1 else 1):
        if _FITS_MIN < float(paid / (count * unit) / price) < _FITS_MAX:
            return float(count) * unit / LOT_SHARES
    raise NoBars(f"{count} traded for {paid} CNY at {price} are neither shares nor lots")


def scaled(bar: RawBar, factor: float) -> RawBar:
    """Return the bar with its prices times `factor`, to ten-thousandths of a yuan."""
    return bar._replace(
        open=_times(bar.open, factor),
        high=_times(bar.high, factor),
        low=_times(bar.low, factor),
        close=_times(bar.close, factor),
    )


def factor_on(day: date, factors: Sequence[tuple[date, float]]) -> float:
    """Return the factor in force on a day, of factors by the day each began, the latest first.

    Raises:
        NoBars: None had begun.
    """
    for since, factor in factors:
        if since <= day:
            return factor
    raise NoBars(f"no factor of adjustment for {day}")


async def each(
    symbols: Sequence[Symbol],
    foreign: Mapping[Symbol, str],
    ask: Callable[[Symbol], Awaitable[tuple[RawBar, ...]]],
) -> BarsTold:
    """Return what `ask` answers of each symbol; `foreign` are those not asked for, with the reason."""
    found: dict[Symbol, tuple[RawBar, ...]] = {}
    faults = dict(foreign)

    async def one(symbol: Symbol) -> None:
        try:
            found[symbol] = await ask(symbol)
        except PriceFault as fault:
            faults[symbol] = f"{fault.asked}: {fault.why}"
        except NoBars as problem:
            faults[symbol] = str(problem)

    await asyncio.gather(*map(one, symbols))
    return BarsTold(bars=found, faults=faults)


def _times(price: float | None, factor: float) -> float | None:
    return None if price is None else round(price * factor, 4)
