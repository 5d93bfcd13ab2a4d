"""A live source of prices as the simulated exchange sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from services.brokers.market_view import Offer, Traded
from services.domain.bars import CorporateAction
from services.domain.instruments import Symbol
from services.domain.quotes import Level
from services.ports import PriceSource
from services.rules import OutsideRulebook, board_of, rules_on, trading_time


class SnapshotMarket:
    """Quotes as a market: a buy meets the asks, a sell the bids; without a book both meet the last.

    Working orders are tried again at the first call `look_s` seconds after the last look. A quote
    of another day, or after which the market traded for longer than `quote_age_s_max`, trades
    nothing: who stood there then may be gone.
    """

    actions: Sequence[CorporateAction] = ()

    def __init__(self, source: PriceSource, *, look_s: float = 5.0, quote_age_s_max: float = 180.0) -> None:
        self._source, self._look_s = source, look_s
        self._quote_age_max = timedelta(seconds=quote_age_s_max)

    async def offer(self, symbol: Symbol, at: datetime) -> Offer | None:
        """Return the best levels of the symbol's quote.

        Raises:
            PriceFault: The source gave nothing usable.
        """
        quote = (await self._source.get_current_prices((symbol,))).get(symbol)
        if quote is None:
            return None
        has_book = quote.asks is not None and quote.bids is not None
        seen = quote.seen_at.astimezone(at.tzinfo)
        fresh = self._is_fresh(symbol, seen, at)
        buy = _best(quote.asks) if has_book else quote.last_cny
        sell = _best(quote.bids) if has_book else quote.last_cny
        return Offer(
            last_cny=quote.last_cny,
            last_on=seen.date(),
            prev_close_cny=quote.prev_close_cny,
            buy_cny=buy if fresh else None,
            sell_cny=sell if fresh else None,
            suspended=quote.suspended,
            from_trades=quote.approximate or not has_book,
            live=True,
            seen_at=seen,
            bids=quote.bids if has_book else None,
            asks=quote.asks if has_book else None,
            picture=quote.seen_at.timestamp(),
        )

    def _is_fresh(self, symbol: Symbol, seen: datetime, at: datetime) -> bool:
        """Answer whether the quote is of that day, and the market has hardly traded since."""
        if seen.date() != at.date():
            return False
        try:
            rules = rules_on(board_of(symbol, at.date()), at.date())
        except OutsideRulebook:
            return False
        return trading_time(rules, seen.time(), at.time()) <= self._quote_age_max

    def traded(self, symbol: Symbol, second: float) -> Traded | None:
        """Return None: a quote says nothing of what traded before it."""
        return None

    def next_look(self, after: float) -> float:
        """Return the second at which working orders are worth another look."""
        return after + self._look_s

    def looks(self, after: float, until: float) -> Sequence[float]:
        """Return the present moment alone: what was quoted in between is not known."""
        return (until,)


def _best(levels: tuple[Level, ...] | None) -> Decimal | None:
    return levels[0].price_cny if levels else None
