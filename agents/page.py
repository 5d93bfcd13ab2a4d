"""What a briefing's text is written from: the facts of each symbol at this slot, looked up once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from types import MappingProxyType

from agents.market_state import MarketState, market_state
from agents.phrases import Phrases
from agents.shape import Shape
from agents.sizing import TradableRules, kind_of
from services.domain.decision import Briefing
from services.domain.instruments import Instrument, Symbol
from services.domain.money import ZERO, floor_to_tick, to_tick
from services.domain.orders import Side
from services.domain.quotes import Quote, untradable
from services.rules import (
    OutsideRulebook,
    Phase,
    Rules,
    fees_of,
    phase_at,
    price_band,
    round_lot_down,
    rules_of,
)

_BP = Decimal(10_000)
_NONE_KNOWN: Mapping[str, float | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is known of one symbol at this slot; None where it is not known.

    `untradable` tells why orders are barred by its quote, empty where they are not.
    """

    symbol: Symbol
    instrument: Instrument
    quote: Quote | None
    rules: Rules | None
    limit_down_cny: Decimal | None
    limit_up_cny: Decimal | None
    unlimited: bool
    tradable: bool
    untradable: str

    def price(self, amount_cny: Decimal) -> str:
        """Return a price with the decimals of the tick; one that lies between ticks as it is."""
        if self.rules is None:
            return str(amount_cny)
        on_tick = to_tick(amount_cny, self.rules.tick)
        return str(on_tick if on_tick == amount_cny else amount_cny)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A briefing, the words it is written in, and what is looked up of it once."""

    briefing: Briefing
    words: Phrases
    shape: Shape

    @cached_property
    def rows(self) -> Mapping[Symbol, Row]:
        """The watchlist and what is held beside it."""
        named = dict.fromkeys((*self.briefing.watchlist, *self.briefing.book.holdings()))
        return {symbol: row_of(self.briefing, symbol) for symbol in named}

    @cached_property
    def concerned(self) -> frozenset[Symbol]:
        """What is held or has an order at work."""
        book = self.briefing.book
        return frozenset((*book.holdings(), *(order.symbol for order in book.open_orders)))

    @cached_property
    def unpriced(self) -> bool:
        """Whether a holding has no price now, so that the equity is not all of what there is."""
        snapshot = self.briefing.snapshot
        return any(snapshot.last(symbol) is None for symbol in self.briefing.book.holdings())

    @cached_property
    def market(self) -> MarketState:
        """The state of the market."""
        return market_state(self.briefing)

    @cached_property
    def indicators(self) -> Mapping[Symbol, Mapping[str, float | None]]:
        """The indicators of each symbol of the watchlist, empty where there are no bars."""
        history = self.briefing.history
        if history is None:
            return {}
        from agents.indicators import indicators

        return {symbol: indicators(history, symbol) for symbol in self.briefing.watchlist}

    def indicators_of(self, symbol: Symbol) -> Mapping[str, float | None]:
        """Return the indicators of one symbol, nothing where there are no bars."""
        return self.indicators.get(symbol, _NONE_KNOWN)

    def most_to_buy(self, symbol: Symbol) -> int:
        """Return the most shares in valid lots that the free cash pays with all fees, 0 if none."""
        row, book, shape = self.rows[symbol], self.briefing.book, self.shape
        if row.rules is None or row.quote is None or row.untradable:
            return 0
        if row.quote.suspended or not row.tradable:
            return 0
        limit = self._buying_limit(row, row.rules, row.quote)
        cash = book.available_cny - shape.reserve_cny
        if limit <= 0 or cash <= 0:
            return 0
        kind = kind_of(row.rules, row.instrument)
        shares = round_lot_down(row.rules, Side.BUY, int(cash / limit), 0)
        while shares > 0:
            amount = shares * limit
            try:
                fees = fees_of(row.rules, kind, Side.BUY, amount, shape.commission, shares=shares).total
            except OutsideRulebook:
                return 0
            short = amount + fees - cash
            if short <= 0:
                return shares
            fewer = int((short / limit).to_integral_value(ROUND_CEILING))
            shares = round_lot_down(row.rules, Side.BUY, shares - fewer, 0)
        return 0

    def _buying_limit(self, row: Row, rules: Rules, quote: Quote) -> Decimal:
        """Return the price at which a buy without a limit sets cash aside; after hours that is the close."""
        if phase_at(rules, self.briefing.slot.at).phase in (Phase.AFTER_HOURS, Phase.AFTER_HOURS_WAIT):
            return quote.last_cny
        asked = quote.last_cny * (1 + self.shape.marketable_bp / _BP)
        bounded = asked if row.limit_up_cny is None else min(asked, row.limit_up_cny)
        return max(ZERO, floor_to_tick(bounded, rules.tick))


def row_of(briefing: Briefing, symbol: Symbol) -> Row:
    """Return what the briefing knows of one symbol."""
    day = briefing.slot.day
    quote = briefing.snapshot.get(symbol)
    instrument = briefing.instruments.get(symbol) or Instrument(symbol=symbol)
    try:
        rules: Rules | None = rules_of(symbol, day)
    except OutsideRulebook:
        rules = None
    down = quote.limit_down_cny if quote else None
    up = quote.limit_up_cny if quote else None
    unlimited = False
    if rules and quote and quote.prev_close_cny and (down is None or up is None):
        try:
            band = price_band(rules, quote.prev_close_cny, instrument)
        except OutsideRulebook:
            pass  # The limits stay unknown and are shown as such.
        else:
            down, up, unlimited = band.limit_down, band.limit_up, band.unlimited
    return Row(
        symbol=symbol,
        instrument=instrument,
        quote=quote,
        rules=rules,
        limit_down_cny=down,
        limit_up_cny=up,
        unlimited=unlimited,
        tradable=TradableRules(briefing).of(symbol) is not None,
        untradable=untradable(briefing.snapshot, symbol),
    )
