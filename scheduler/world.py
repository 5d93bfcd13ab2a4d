"""Everything a session touches, in one object made by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time, timedelta

from msgspec import field
from msgspec.structs import replace

from agents.shape import TOKENS_MAX
from risk.limits import Limits
from services.domain.bars import Frequency, Panel
from services.domain.fills import Movement
from services.domain.instruments import Fact, Instrument, Market, Symbol
from services.domain.slot import Slot
from services.domain.statement import Statement
from services.domain.universe import Universe
from services.domain.value import Value
from services.executor import Executor
from services.journal.journal import Journal
from services.journal.memory_inbox import MemoryInboxes
from services.ports import Agent, Broker, Calendar, Clock, Commands, PriceSource
from services.rules import Commission

_LISTED_LATE_MAX = timedelta(days=30)
"""How late a broker may list what it booked before the last session; older movements are not asked for."""


class World(Value, frozen=True, kw_only=True):
    """The doors and settings of one account.

    `run_id` is "live" on the system clock, else the hash that names the run. `grace_s` is how late
    a slot may still start. `keep_orders` leaves working orders alone when the next slot comes.
    `heartbeat_s` is how often working orders are looked at while the market trades: for brokers
    that know more only when asked; 0 for one that tells afterwards what happened in between.
    A mind that reads is told at least its `memory_sessions` last sessions, in a briefing of up to
    `briefing_tokens_max` tokens. `watched` is the watchlist as a set. `keep_panel` stores bars a
    vendor answered with. `unknown` are facts that `instruments` cannot tell, by symbol, and why;
    `industries` are those the vendor sorts shares into, `disputed` the symbols whose ex-day is not agreed.
    `commands` is what people and other processes put to the account. `killed` answers whether a kill
    file is there, `kill_words` what it says. `clock_doubt` tells why the clock is not believed just now,
    empty while it is; None for a clock that cannot be wrong. `daily_checks` tells that the broker's
    statement is also held against the journal before each trading day's first slot and after its close.
    `universe` tells which symbols of the watchlist are on it on a day; None: all of them on all days.
    """

    account: str
    mode: str
    run_id: str
    market: Market
    frequency: Frequency
    clock: Clock
    calendar: Calendar
    prices: PriceSource
    agent: Agent
    broker: Broker
    journal: Journal
    executor: Executor
    watchlist: tuple[Symbol, ...]
    instruments: Mapping[Symbol, Instrument]
    limits: Limits
    commission: Commission
    versions: Mapping[str, str]
    config_hash: str
    lang: str = "en"
    briefing_tokens_max: int = TOKENS_MAX
    memory_sessions: int = 10
    grace_s: int = 300
    keep_orders: bool = False
    heartbeat_s: int = 0
    times: tuple[time, ...] | None = None
    watched: frozenset[Symbol] = field(default_factory=frozenset)
    keep_panel: Callable[[Panel], None] = lambda _panel: None
    unknown: Mapping[Symbol, Mapping[Fact, str]] = field(default_factory=dict)
    industries: Mapping[Symbol, str] = field(default_factory=dict)
    disputed: Mapping[Symbol, str] = field(default_factory=dict)
    commands: Commands = field(default_factory=MemoryInboxes)
    killed: Callable[[], bool] = lambda: False
    clock_doubt: Callable[[], str] | None = None
    kill_words: Callable[[], str] = lambda: ""
    daily_checks: bool = False
    universe: Universe | None = None

    def as_of(self, day: date) -> World:
        """Return the world with the watchlist of a day: of an index its members then, and no others."""
        if self.universe is None:
            return self
        watch = self.universe.on(day)
        return replace(self, watchlist=watch.symbols, watched=watch.known)

    def session_id(self, slot: Slot) -> str:
        """Return the id of the session at `slot`: `20251010-1035-main-live`."""
        return f"{slot.label}-{self.account}-{self.run_id}"

    async def recent_bars(self) -> Panel:
        """Return a vendor's recent bars, stored so that the journal can name them.

        They are of the watchlist, of what is held beside it, and of what tells the market's state.

        Raises:
            PriceFault: There are none.
        """
        state = self.limits.state
        asked = (*self.watchlist, *self.journal.account.book.holdings())
        if state.active and state.symbol:
            asked = (*asked, Symbol(state.symbol))
        panel = await self.prices.get_history(tuple(dict.fromkeys(asked)), self.frequency)
        self.keep_panel(panel)
        return panel

    async def statement(self, slot: Slot) -> Statement:
        """Return the broker's statement of the account.

        Raises:
            BrokerFault: Part of it is missing.
        """
        return await self.statement_on(slot.day)

    async def statement_on(self, day: date) -> Statement:
        """Return the broker's statement of the account, with the movements of `day` and those not known yet.

        Raises:
            BrokerFault: Part of it is missing.
        """
        return Statement(
            balance=await self.broker.get_balance(),
            holdings=await self.broker.get_positions(),
            open_orders=await self.broker.get_open_orders(),
            movements=await self._movements(day),
        )

    async def _movements(self, day: date) -> tuple[Movement, ...]:
        """Return the day's movements, and earlier ones since the first session that the journal lacks.

        Raises:
            BrokerFault: The listing failed.
        """
        account = self.journal.account
        first = account.traded_days[0] if account.traded_days else day
        since = max(first, (account.day or day) - _LISTED_LATE_MAX)
        listed = await self.broker.get_movements(min(since, day))
        if not listed:
            return ()
        return tuple([one for one in listed if one.day >= day or one.movement_id not in account.movements])
