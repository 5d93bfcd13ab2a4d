"""What is around the processes: a vendor, a broker and a platform that are away as planned, and take note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from math import sin
from typing import Any
from unittest.mock import patch

import commands.account_claim
import commands.alert_channels
import commands.live_world
import commands.watch_desk
from services.brokers.simulated import SimulatedExchange
from services.domain.alerts import Notice
from services.domain.bars import Frequency, Panel
from services.domain.instruments import Facts, Instrument, Kind, Symbol
from services.domain.quotes import Level, Quote, VendorSnapshot
from services.journal.database import EngineDatabase
from services.ports import AlertFault, BrokerFault, PriceFault
from tests.year.machine import Machine, ProcessLoop
from tests.year.plan import Plan

LISTED = date(2001, 1, 1)
CENT = Decimal("0.01")
TELLING_S = 180.0
"""For so long after something was told, or tried to be, every wait ends when it should."""

STANDBY_LOOK_S = 5.0
"""Who stands by looks seldom enough for its wait to end on the grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice that the platform took: when, in seconds, from which process."""

    at_s: float
    process: str
    account: str
    kind: str
    title: str


@dataclass
class Around:
    """Everything beside the processes, and who is away until when, in seconds since the beginning."""

    plan: Plan
    machine: Machine
    told: list[Told] = field(default_factory=list)
    vendor_away_until_s: float = 0.0
    broker_away_until_s: float = 0.0

    def __post_init__(self) -> None:
        self.chance = self.plan.rng("around")
        self.vendor = Vendor(self)
        self.platform = Platform(self)

    async def take(self, seconds: float) -> None:
        """Let an answer take so long."""
        process = self.machine.running
        if process is not None:
            loop: ProcessLoop = process.loop
            await loop.take(seconds)

    def keep_awake(self) -> None:
        """Let nobody nap while something is told: what a channel does not take is tried again in seconds."""
        for grid in (self.plan.grid, self.plan.watch_grid):
            grid.awake_until_s = self.machine.now_s + TELLING_S

    @contextmanager
    def there(self) -> Iterator[None]:
        """Let the product find what is around it at its doors, and every write be a touch."""
        around = self

        class Exchange(SimulatedExchange):
            """The simulated exchange behind a line that may be down."""

            async def get_balance(self) -> Any:
                around.require_broker()
                return await super().get_balance()

            async def get_positions(self) -> Any:
                around.require_broker()
                return await super().get_positions()

        original = EngineDatabase.transaction

        def transaction(database: EngineDatabase, asked: str) -> Any:
            around.machine.touch()
            return original(database, asked)

        async def at_once(_timeout_s: float, ask: Any, _late: Any) -> Any:
            return ask()

        with ExitStack() as opened:
            for where, what, instead in (
                (commands.alert_channels, "channel_of", lambda _settings, _clock: around.platform),
                (commands.live_world, "SimulatedExchange", Exchange),
                (commands.watch_desk, "answer_within", at_once),
                (commands.account_claim, "_WAIT_S", STANDBY_LOOK_S),
                (EngineDatabase, "transaction", transaction),
                *_scheduler_clocks(self.machine),
            ):
                opened.enter_context(patch.object(where, what, instead))
            yield

    def require_broker(self) -> None:
        """Return where the broker answers.

        Raises:
            BrokerFault: It is away.
        """
        self.machine.touch()
        if self.machine.now_s < self.broker_away_until_s:
            raise BrokerFault("statement", "no route to the broker")


class Platform:
    """A channel of a chat platform that takes note of each notice, and fails now and then."""

    name = "hook"

    def __init__(self, around: Around) -> None:
        self._around = around

    async def send(self, notice: Notice) -> None:
        around = self._around
        around.keep_awake()
        process = around.machine.running
        name = process.name if process is not None else ""
        await around.take(around.chance.uniform(0.1, 1.0))
        around.machine.touch()
        if around.chance.random() < 0.05:
            raise AlertFault(self.name, "HTTP 502")
        at_s = around.machine.now_s
        around.told.append(
            Told(at_s=at_s, process=name, account=notice.account, kind=str(notice.kind), title=notice.title)
        )


class Vendor:
    """Quotes that wander with the days, the same for whoever asks at the same time."""

    name = "vendor"
    panel: Panel | None = None

    def __init__(self, around: Around) -> None:
        self._around = around

    async def get_current_prices(self, symbols: Sequence[Symbol]) -> VendorSnapshot:
        await self._answer("quotes")
        moment = self._around.machine.clock.now()
        return VendorSnapshot(
            moment=moment,
            source=self.name,
            symbols=tuple(symbols),
            quotes=tuple(_quote(symbol, moment) for symbol in symbols),
            faults={},
        )

    async def get_history(self, symbols: Sequence[Symbol], frequency: Frequency) -> Panel:
        raise PriceFault("bars", "the vendor has none")

    async def get_instruments(self, symbols: Sequence[Symbol]) -> Facts:
        await self._answer("facts")
        return Facts(
            instruments=tuple(
                Instrument(symbol=symbol, name="甲", kind=Kind.STOCK, listed_on=LISTED) for symbol in symbols
            )
        )

    async def _answer(self, asked: str) -> None:
        around = self._around
        around.machine.touch()
        await around.take(around.chance.choice((0.2, 0.5, 6.0)))
        around.machine.touch()
        if around.machine.now_s < around.vendor_away_until_s or around.chance.random() < 0.01:
            raise PriceFault(asked, "the vendor is down")


def _quote(symbol: Symbol, moment: datetime) -> Quote:
    last = _price(symbol, moment, moment.hour)
    return Quote(
        symbol=symbol,
        last_cny=last,
        prev_close_cny=_price(symbol, moment - timedelta(days=1), 0),
        seen_at=moment,
        source="vendor",
        bids=(Level(price_cny=last - CENT, shares=100_000),),
        asks=(Level(price_cny=last, shares=100_000),),
    )


def _price(symbol: Symbol, moment: datetime, hour: int) -> Decimal:
    """Return a price around 20.00 that moves by some per cent over weeks and a little over the hours."""
    phase = int(sha256(symbol.encode()).hexdigest()[:6], 16)
    day = moment.toordinal()
    return Decimal(round(2000 + 300 * sin(phase + day / 9) + 15 * sin(phase * hour))) / 100


def _scheduler_clocks(machine: Machine) -> Iterator[tuple[Any, str, Any]]:
    """Yield what lets the triggers' library read the machine's clock."""
    import apscheduler.executors.base
    import apscheduler.schedulers.base
    import apscheduler.triggers.interval

    class Now(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return machine.clock.now().astimezone(tz)

    for module in (apscheduler.schedulers.base, apscheduler.executors.base, apscheduler.triggers.interval):
        yield module, "datetime", Now
