"""A live source of prices as the simulated exchange sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from services.brokers.market_view import Offer, Traded
from services.domain.bars import CorporateAction
from services.domain.instruments import Symbol
from services.domain.quotes import Level
from services.ports import PriceSource


class SnapshotMarket:
    """Quotes as a market: a buy meets the asks, a sell the bids; a side that is not known meets the last.

    Working orders are tried again at the first call `look_s` seconds after the last look.
    """

    def __init__(
        self,
        source: PriceSource,
        *,
        look_s: float = 5.0,
        actions: Callable[[], Sequence[CorporateAction]] = tuple,
    ) -> None:
        self._source, self._look_s, self._actions = source, look_s, actions

    @property
    def actions(self) -> Sequence[CorporateAction]:
        """Ex-days as far as they are announced; another sequence whenever more are."""
        return self._actions()

    async def offer(self, symbol: Symbol, at: datetime) -> Offer | None:
        """Return the best levels of the symbol's quote.

        Raises:
            PriceFault: The source gave nothing usable.
        """
        quote = (await self._source.get_current_prices((symbol,))).get(symbol)
        if quote is None:
            return None
        seen = quote.seen_at.astimezone(at.tzinfo)
        offer = Offer(
            last_cny=quote.last_cny,
            last_on=seen.date(),
            prev_close_cny=quote.prev_close_cny,
            buy_cny=quote.last_cny if quote.asks is None else _best(quote.asks),
            sell_cny=quote.last_cny if quote.bids is None else _best(quote.bids),
            suspended=quote.suspended,
            from_trades=quote.approximate or quote.asks is None or quote.bids is None,
            live=True,
            seen_at=seen,
            bids=quote.bids,
            asks=quote.asks,
            picture=quote.seen_at.timestamp(),
        )
        # Nobody stands where the gate would not let an order go.
        return replace(offer, buy_cny=None, sell_cny=None, bids=None, asks=None) if quote.barred else offer

    def traded(self, symbol: Symbol, second: float) -> Traded | None:
        """Return None: a quote says nothing of what traded before it."""
        return None

    def next_look(self, after: float) -> float:
        """Return the second at which working orders are worth another look."""
        return after + self._look_s

    def looks(self, after: float, until: float) -> Sequence[float]:
        """Return the present moment alone: what was quoted in between is not known."""
        return (until,)


def _best(levels: tuple[Level, ...]) -> Decimal | None:
    return levels[0].price_cny if levels else None
