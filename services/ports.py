"""Every way the outside reaches us and we reach it, on one page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Protocol

from services.domain.bars import Frequency, Panel
from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.events import Event, TradingDay
from services.domain.fills import Fill, Movement
from services.domain.instruments import Instrument, Symbol
from services.domain.orders import ApprovedOrder, OrderId
from services.domain.quotes import Snapshot
from services.domain.statement import Ack, Balance, Holding, OrderStatus, Sighting


class Fault(Exception):
    """The outside failed. `door` and `asked` say what was wanted, `why` what came instead.

    The session it happens in ends without trading on what is missing.
    """

    door = "outside"

    def __init__(self, asked: str, why: str) -> None:
        super().__init__(f"{self.door}: {asked}: {why}")
        self.asked, self.why = asked, why


class PriceFault(Fault):
    """No prices: the source is down, late, or answered something else."""

    door = "prices"


class AgentFault(Fault):
    """No answer: the model is down, late, or answered something that is not text."""

    door = "agent"


class BrokerFault(Fault):
    """No statement or listing: an empty answer would mean "flat", so this is raised instead."""

    door = "broker"


class JournalFault(Fault):
    """The journal cannot be written or read: nothing is traded."""

    door = "journal"


class Clock(Protocol):
    """The only source of the present moment."""

    def now(self) -> datetime:
        """Return the present moment, aware."""


class Calendar(Protocol):
    """Trading days of one market."""

    def trading_day(self, day: date) -> TradingDay:
        """Return what is known of `day`."""

    def trading_days(self, start: date, end: date) -> tuple[date, ...]:
        """Return the known open days in [start, end], ascending."""

    def early_close(self, day: date) -> time | None:
        """Return the local time at which the market closes early on `day`, None on a full day."""

    @property
    def known_until(self) -> date:
        """The last day the calendar has data for."""


class PriceSource(Protocol):
    """Prices. `panel` is there where the source has bars in hand (files, demo)."""

    @property
    def name(self) -> str:
        """The source's name, as every quote of it states."""

    @property
    def panel(self) -> Panel | None:
        """The bars in hand, None for a vendor that is asked."""

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> Snapshot:
        """Return the market at the present moment.

        Raises:
            PriceFault: The source gave nothing usable.
        """

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        """Return recent ended bars of the symbols, for a source that has no `panel` in hand.

        Raises:
            PriceFault: The source has none, or gave nothing usable.
        """

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Instrument]:
        """Return the facts known of the symbols; a symbol of which nothing is known is left out."""


class Agent(Protocol):
    """A mind: shown a briefing, it answers text, and can do nothing else."""

    @property
    def name(self) -> str:
        """What the journal calls it, e.g. `rule:momentum`."""

    @property
    def reads(self) -> Reads:
        """Whether a text must be rendered for it."""

    async def decide(self, briefing: Briefing) -> RawAnswer:
        """Return the answer as received.

        Raises:
            AgentFault: No answer in time.
        """


class Broker(Protocol):
    """Takes approved orders and says what became of them. No order leaves by another way."""

    @property
    def name(self) -> str:
        """The broker's name, e.g. `simulated`."""

    @property
    def simulated(self) -> bool:
        """Whether no real money is behind it."""

    async def submit_order(self, order: ApprovedOrder) -> Ack:
        """Send an order; a second send of the same id must not make a second order where it can be helped."""

    async def cancel_order(self, order_id: OrderId) -> Ack:
        """Ask for a cancel."""

    async def get_order_status(self, order_id: OrderId) -> Sighting:
        """Return what is known of an order."""

    async def get_open_orders(self) -> tuple[OrderStatus, ...]:
        """Return the working orders.

        Raises:
            BrokerFault: The listing failed or is not complete.
        """

    async def get_fills(self, since: date) -> tuple[Fill, ...]:
        """Return the fills of `since` and later, oldest first.

        Raises:
            BrokerFault: The listing failed or is not complete.
        """

    async def get_movements(self, since: date) -> tuple[Movement, ...]:
        """Return dividends, bonus shares and adjustments of `since` and later, oldest first.

        Raises:
            BrokerFault: The listing failed or is not complete.
        """

    async def get_positions(self) -> tuple[Holding, ...]:
        """Return what is held, with sellable shares.

        Raises:
            BrokerFault: The listing failed or is not complete.
        """

    async def get_balance(self) -> Balance:
        """Return the cash.

        Raises:
            BrokerFault: No answer.
        """


class EventStore(Protocol):
    """Where events and large bodies of one account lie. What `append` returned from is durable."""

    def events(self) -> Iterable[Event]:
        """Return every event, by `seq`.

        Raises:
            JournalFault: It cannot be read, or is of a newer version.
        """

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        """Write events and the large bodies they name, all or nothing.

        Raises:
            JournalFault: It cannot be written, or another writer took over (fencing).
        """

    def body(self, digest: str) -> bytes:
        """Return the large body with that SHA-256.

        Raises:
            JournalFault: There is none.
        """

    def close(self) -> None:
        """Give everything back."""
