"""One symbol's prices rescaled and brought back, on the tick and within the limits on both sides. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from agents.page import row_of
from services.domain.decision import Briefing
from services.domain.instruments import Instrument, Symbol
from services.domain.money import CENT, floor_to_tick, to_tick
from services.rules import OutsideRulebook, Rules, price_band


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMask:
    """How prices of one symbol are rescaled by `factor`, which is above 2; its prices lie on `tick`.

    The real limits of the day stand at `down` and `up`, the masked ones at `masked_down` and
    `masked_up`; None where there is none or it is not known. A price at one side of the band, or
    inside it, is so on both sides of the mask.
    """

    factor: Decimal
    tick: Decimal
    down: Decimal | None = None
    up: Decimal | None = None
    masked_down: Decimal | None = None
    masked_up: Decimal | None = None

    @property
    def unbounded(self) -> PriceMask:
        """The same for prices of other days, which today's limits do not bind."""
        return PriceMask(factor=self.factor, tick=self.tick)

    def masked(self, price_cny: Decimal) -> Decimal:
        """Return what stands for a price; one that lies between ticks does so there too."""
        on_tick = floor_to_tick(price_cny, self.tick)
        scaled = to_tick(on_tick * self.factor, self.tick)
        bands = (self.down, self.up), (self.masked_down, self.masked_up)
        return _placed(on_tick, scaled, self.tick, *bands) + (price_cny - on_tick)

    def unmasked(self, masked_cny: Decimal) -> Decimal:
        """Return the price for which one stands, above 0; undoes `masked`."""
        on_tick = floor_to_tick(masked_cny, self.tick)
        price = to_tick(on_tick / self.factor, self.tick)
        bands = (self.masked_down, self.masked_up), (self.down, self.up)
        found = _placed(on_tick, price, self.tick, *bands) + (masked_cny - on_tick)
        return max(found, self.tick) if masked_cny == on_tick else found


_Band = tuple[Decimal | None, Decimal | None]


def _placed(price: Decimal, other: Decimal, tick: Decimal, band: _Band, others: _Band) -> Decimal:
    """Return `other` moved to where in its band `price` is in its own: at an end, inside, or beyond."""
    down, up = band
    other_down, other_up = others
    if up is not None and other_up is not None:
        if price == up:
            return other_up
        other = max(other, other_up + tick) if price > up else min(other, other_up - tick)
    if down is not None and other_down is not None:
        if price == down:
            return other_down
        other = min(other, other_down - tick) if price < down else max(other, other_down + tick)
    return other


def price_masks(briefing: Briefing, symbols: Iterable[Symbol], factor: Decimal) -> dict[Symbol, PriceMask]:
    """Return how each symbol's prices are rescaled; today's limits are made anew."""
    return {symbol: _price_mask(briefing, symbol, factor) for symbol in symbols}


def _price_mask(briefing: Briefing, symbol: Symbol, factor: Decimal) -> PriceMask:
    row = row_of(briefing, symbol)
    plain = PriceMask(factor=factor, tick=CENT if row.rules is None else row.rules.tick)
    down, up = row.limit_down_cny, row.limit_up_cny
    quote = row.quote
    if quote is None or (down is None and up is None):
        return plain
    prev = quote.prev_close_cny
    masked: _Band = (None, None)
    if prev is not None and _limits(row.rules, prev, row.instrument) == (down, up):
        masked = _limits(row.rules, plain.masked(prev), rescaled(row.instrument, factor))
    if masked == (None, None):
        # What the source says and the rules do not.
        masked = (_times(down, plain), _times(up, plain))
    return replace(plain, down=down, up=up, masked_down=masked[0], masked_up=masked[1])


def _times(price: Decimal | None, plain: PriceMask) -> Decimal | None:
    return None if price is None else plain.masked(price)


def _limits(rules: Rules | None, prev_close_cny: Decimal, instrument: Instrument) -> _Band:
    """Return the limits that the rules set at a previous close, None where they set none."""
    if rules is None:
        return None, None
    try:
        band = price_band(rules, prev_close_cny, instrument)
    except OutsideRulebook:
        return None, None
    return band.limit_down, band.limit_up


def rescaled(instrument: Instrument, factor: Decimal) -> Instrument:
    """Return the instrument with its issue price, where it has one, times the factor."""
    if instrument.issue_price_cny is None:
        return instrument
    return replace(
        instrument, issue_price_cny=str(to_tick(Decimal(instrument.issue_price_cny) * factor, CENT))
    )
