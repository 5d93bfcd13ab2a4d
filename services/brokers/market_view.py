"""What the simulated exchange sees of the market it trades against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from services.domain.bars import CorporateAction
from services.domain.instruments import Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What an order for a symbol meets at one moment, prices in CNY a share.

    `buy_cny` and `sell_cny` are the prices at which it could be bought and sold just then, None
    where it could not. `last_cny` is the last price and `last_on` its day: after the close, the
    day's close.
    `prev_close_cny` is the ex-adjusted close of the day before, None where nobody says.
    `from_trades` marks prices read off trades (bars, a last price) instead of a book: whether a
    side is sealed must then be told from the price. `live` marks a picture of this very moment,
    which trades only while the phase matches orders.
    """

    last_cny: Decimal
    last_on: date
    prev_close_cny: Decimal | None
    buy_cny: Decimal | None
    sell_cny: Decimal | None
    suspended: bool = False
    from_trades: bool = True
    live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """The lowest and highest price of a bar that has ended, in CNY a share."""

    low_cny: Decimal
    high_cny: Decimal


class MarketView(Protocol):
    """Prices as an exchange may use them: an open once its bar began, a low and high once it ended."""

    @property
    def actions(self) -> Sequence[CorporateAction]:
        """Ex-days to book; empty where prices are adjusted for them already, or nobody says."""

    async def offer(self, symbol: Symbol, at: datetime) -> Offer | None:
        """Return what an order meets at `at`; None where the market does not know the symbol.

        Raises:
            PriceFault: The market cannot be seen.
        """

    def traded(self, symbol: Symbol, second: float) -> Traded | None:
        """Return the range of the bar that ended at `second` (since the epoch), None where there is none."""

    def next_look(self, after: float) -> float:
        """Return the first second after `after` at which working orders may trade; infinity: never again."""

    def looks(self, after: float, until: float) -> Sequence[float]:
        """Return the seconds in (after, until] at which working orders are to be tried, ascending."""
