"""What the simulated exchange sees of the market it trades against."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from services.domain.bars import CorporateAction
from services.domain.instruments import Symbol
from services.domain.quotes import Level
from services.domain.value import Value


class Offer(Value, frozen=True, kw_only=True):
    """What an order for a symbol meets at one moment, prices in CNY a share.

    `buy_cny` and `sell_cny` are the prices at which it could be bought and sold just then, None
    where it could not. `last_cny` is the last price and `last_on` its day: after the close, the
    day's close.
    `prev_close_cny` is the ex-adjusted close of the day before, None where nobody says.
    `from_trades` marks prices read off trades (bars, a last price) instead of a book: whether a
    side is sealed must then be told from the price. `live` marks a picture of this very moment,
    which trades only while the phase matches orders, and was true at `seen_at`.
    `bids` and `asks` are the book, best level first, None where none is known. `picture` names the
    bar or the quote by the second it began or was seen, and `volume` is what traded in all of the
    bar, in shares; None where the volume's unit is not known.
    """

    last_cny: Decimal
    last_on: date
    prev_close_cny: Decimal | None
    buy_cny: Decimal | None
    sell_cny: Decimal | None
    suspended: bool = False
    from_trades: bool = True
    live: bool = False
    seen_at: datetime | None = None
    bids: tuple[Level, ...] | None = None
    asks: tuple[Level, ...] | None = None
    picture: float | None = None
    volume: int | None = None


class Traded(Value, frozen=True, kw_only=True):
    """A bar that has ended, in CNY a share: when it began (seconds since the epoch), its range, its close.

    `volume` is in shares, None where its unit is not known.
    """

    started: float
    low_cny: Decimal
    high_cny: Decimal
    close_cny: Decimal
    volume: int | None = None


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
        """Return the bar that ended at `second` (since the epoch), None where there is none."""

    def next_look(self, after: float) -> float:
        """Return the first second after `after` at which working orders may trade; infinity: never again."""

    def looks(self, after: float, until: float) -> Sequence[float]:
        """Return the seconds in (after, until] at which working orders are to be tried, ascending."""
