"""Every way the outside reaches us and we reach it, on one page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from services.domain.alerts import Notice
from services.domain.bars import Frequency, Panel
from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.events import Event, TradingDay
from services.domain.fills import Fill, Movement
from services.domain.inbox import Command, Taken
from services.domain.instruments import Facts, Symbol
from services.domain.money import ZERO
from services.domain.orders import ApprovedOrder, OrderId
from services.domain.quotes import Snapshot
from services.domain.statement import Ack, Balance, Holding, OrderStatus, Sighting

if TYPE_CHECKING:
    # Named in signatures alone, and of no use to a run whose mind is a rule.
    from services.domain.conversation import ModelReply, ModelRequest, ToolCall, ToolSpec
    from services.domain.news import NewsAnswer, NewsQuery


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
    """No answer: the model is down, late, or answered something that is not text.

    `cost_cny` is what the requests may have cost all the same; `over_budget` tells that one was not made.
    """

    door = "agent"

    def __init__(self, asked: str, why: str, *, cost_cny: Decimal = ZERO, over_budget: bool = False) -> None:
        super().__init__(asked, why)
        self.cost_cny, self.over_budget = cost_cny, over_budget


class BrokerFault(Fault):
    """No statement or listing: an empty answer would mean "flat", so this is raised instead."""

    door = "broker"


class ClockFault(Fault):
    """The machine's clock says what cannot be."""

    door = "clock"


class NewsFault(Fault):
    """No news: the source is down, late, or answered something else."""

    door = "news"


class ToolFault(Fault):
    """A tool of another program gave no answer that can be used."""

    door = "tool"


class AlertFault(Fault):
    """A channel did not take an alert: it is down, late, or refused it."""

    door = "alert"


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
        """The source's name; a quote states it, or the vendor behind it."""

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

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        """Return the facts known of the symbols today, and which are not; what is known of none is left out.

        Raises:
            PriceFault: The source could tell nothing at all.
        """


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


class ModelClient(Protocol):
    """A language model behind some server, a cache or a record. It keeps nothing of a conversation."""

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return the model's answer to one request.

        Raises:
            AgentFault: No usable answer in time, or the budget is gone.
        """


class Toolbox(Protocol):
    """What a model may look up while it thinks; everything in it is cut at the session's moment."""

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools, as a model is told of them."""

    async def call(self, call: ToolCall) -> str:
        """Return a tool's answer as text, its refusal of bad arguments included; never raises."""


class NewsSource(Protocol):
    """What was published. It may know items of any time: who asks says until when."""

    @property
    def name(self) -> str:
        """The source's name."""

    async def published(self, query: NewsQuery) -> NewsAnswer:
        """Return what was published: at least all it knows that the query asks for, none without a date.

        Raises:
            NewsFault: The source gave nothing usable.
        """


class ToolServer(Protocol):
    """Another program that answers questions. What it says is not ours, and may be of any time."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""

    async def start(self) -> Sequence[ToolSpec]:
        """Return its tools as it tells of them; it is started, or connected to, for that.

        Raises:
            ToolFault: It does not answer in time, or not as it should.
        """

    async def ask(self, tool: str, arguments: Mapping[str, object]) -> str:
        """Return its answer as text.

        Raises:
            ToolFault: It does not answer in time, not as it should, or is not started.
        """

    async def stop(self) -> None:
        """End it, or the connection to it; never raises."""


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


class Commands(Protocol):
    """What people and other processes put to an account: only ever added to, read by whoever runs it."""

    def unread(self, taken: Taken) -> Sequence[Command]:
        """Return the commands not taken, oldest first in each list.

        A list that lacks the last command taken of it was cut short: a halt of the account says so, once.

        Raises:
            JournalFault: They cannot be read; a command to stop may be among them.
        """


class AlertChannel(Protocol):
    """A way to a person. It keeps nothing of what it sends."""

    @property
    def name(self) -> str:
        """What the configuration calls it."""

    async def send(self, notice: Notice) -> None:
        """Hand a notice over; returning means that the platform said it took it.

        Raises:
            AlertFault: It did not, or not in time; no secret is in the fault.
        """


class Log(Protocol):
    """Where a process that stays up writes what it does."""

    def __call__(self, event: str, level: str = "info", /, **fields: object) -> None:
        """Write one line; never raises. `exc_info=True` adds the exception under way."""


def no_log(event: str, level: str = "info", /, **fields: object) -> None:
    """Write nothing: for a process that is over when its command is."""


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
