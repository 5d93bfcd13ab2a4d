"""Small worlds on a hand-made market: the real pipeline between fakes, torn down and opened again at will."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from agents.scripted import ScriptedAgent
from commands.composition import Panels, Parts, instruments_of, market_view
from commands.interventions import Interventions
from commands.past import past_in
from commands.recorded_run import begin
from commands.recorded_settings import RunSettings, recorded
from risk.limits import Limits
from scheduler.loop import Loop
from scheduler.slot_plan import FixedPlan
from scheduler.world import World
from services.brokers.ledger import LedgerStore, MemoryLedger
from services.brokers.simulated import SimulatedExchange
from services.clock import LastEventClock, VirtualClock
from services.domain.bars import Frequency, Panel
from services.domain.decision import Briefing, RawAnswer, Reads
from services.domain.events import Event, Genesis, SettingsRecord
from services.domain.instruments import Market, Symbol
from services.domain.orders import OrderId
from services.journal.audit_file import AuditFile
from services.journal.journal import Journal
from services.journal.memory_inbox import MemoryInboxes
from services.journal.memory_store import MemoryStore
from services.market.panel_source import PanelSource
from services.market.seen_prices import SeenPrices
from services.ports import Agent, AgentFault, Broker, Calendar, Commands, EventStore, PriceSource
from services.rules import Commission
from tests.exchange_market import FLAT, HOURS, MAIN, MON, OTHER, TUE, Bar, Weekdays, at, panel

DAY = 4
"""Bars a day."""

HOLD = '{"rationale": "hold", "orders": []}'

Answer = str | AgentFault


def order(
    side: str, symbol: Symbol, shares: int, *, limit: str | None = None, reason: str = "r"
) -> dict[str, object]:
    """Return one order of an answer."""
    return {"symbol": symbol, "side": side, "shares": shares, "limit_price": limit, "reason": reason}


def answer(*orders: dict[str, object], rationale: str = "because") -> str:
    """Return an answer's text."""
    return json.dumps({"rationale": rationale, "orders": list(orders)})


def flat(*symbols: Symbol, price: float = 10.0, days: int = 2) -> dict[Symbol, list[Bar]]:
    """Return bars that never move."""
    bar: Bar = (price, price, price, price)
    return {symbol: [bar] * (DAY * days) for symbol in symbols or (MAIN, OTHER)}


def quiet(price: float = 10.0, days: tuple[date, ...] = (MON, TUE)) -> Panel:
    """Return a market of two symbols that never move, their previous closes stated."""
    series = flat(price=price, days=len(days))
    return panel(series, days=days, prev_close={symbol: [price] * len(days) for symbol in series})


class Memory(Panels):
    """Panels that lie in memory."""

    def __init__(self, *panels: Panel) -> None:
        super().__init__(Path("nowhere"))
        self._kept = {one.digest: one for one in panels}

    def get(self, digest: str) -> Panel:
        return self._kept[digest]

    def keep(self, panel: Panel) -> None:
        self._kept[panel.digest] = panel


class Mind(ScriptedAgent):
    """A script that may hold faults too, and counts how often it was asked."""

    def __init__(self, answers: Sequence[Answer], journal: Journal) -> None:
        texts = [one if isinstance(one, str) else "" for one in answers]
        self._ordinals = past_in(journal).ordinal_of
        super().__init__(texts, self._ordinals, name="scripted:test")
        self._script = tuple(answers)
        self.asked = 0

    @property
    def reads(self) -> Reads:
        return Reads.ARRAYS

    async def decide(self, briefing: Briefing) -> RawAnswer:
        self.asked += 1
        ordinal = self._ordinals(briefing.session)
        due = self._script[ordinal] if ordinal < len(self._script) else HOLD
        if isinstance(due, AgentFault):
            raise due
        return RawAnswer(text=due, model="test")


Wrap = Callable[["Live"], None]


@dataclass(kw_only=True)
class Setup:
    """What outlives a process: market, script, store, ledger and audit file; `open` starts a process on it.

    The doors are made by `prices`, `broker` and `agent`, given what would stand there otherwise.
    """

    market: Panel = field(default_factory=quiet)
    answers: Sequence[Answer] = ()
    store: EventStore = field(default_factory=MemoryStore)
    ledger: LedgerStore = field(default_factory=MemoryLedger)
    audit: Path | None = None
    limits: Limits = field(default_factory=Limits)
    cash: str = "100000.00"
    first: date = MON
    last: date = TUE
    times: tuple[time, ...] | None = None
    grace_s: int = 300
    keep_orders: bool = False
    calendar: Calendar = field(default_factory=Weekdays)
    stop: Callable[[], str] = lambda: ""
    killed: Callable[[], bool] = lambda: False
    commands: Commands = field(default_factory=MemoryInboxes)
    prices: Callable[[PriceSource], PriceSource] = lambda source: source
    broker: Callable[[Broker, Journal], Broker] = lambda broker, _journal: broker
    agent: Callable[[Agent], Agent] = lambda agent: agent
    vendor: Callable[[VirtualClock], PriceSource] | None = None
    clock: type[VirtualClock] = VirtualClock
    volume_cap: str = "0"
    dividend_tax: bool = False
    heartbeat_s: int = 0

    @property
    def watchlist(self) -> tuple[Symbol, ...]:
        return self.market.symbols

    @property
    def genesis(self) -> Genesis:
        return Genesis(
            account="main",
            mode="paper",
            run_id="run" if self.vendor is None else "live",
            market="cn",
            frequency="hourly",
            cash_cny=Decimal(self.cash),
            agent="scripted:test",
            opened_at=at(self.first, "00:00"),
            watchlist=self.watchlist,
            panel=self.market.digest if self.vendor is None else None,
            start=self.first,
            end=self.last,
        )

    @property
    def settings(self) -> RunSettings:
        return RunSettings(
            limits=self.limits,
            commission=Commission(),
            slippage_bp=Decimal(0),
            watchlist=self.watchlist,
            grace_s=self.grace_s,
            keep_orders=self.keep_orders,
            times=self.times,
            lang="en",
            quote_source="test",
            volume_cap_ratio=Decimal(self.volume_cap),
            dividend_tax=self.dividend_tax,
        )

    def open(self, now: datetime | None = None) -> Live:
        """Return a process that starts at `now`, at the earliest at the journal's last event."""
        return Live(self, now)


class Live:
    """One life of the process: everything in it is made anew from what lies in the setup."""

    def __init__(self, setup: Setup, now: datetime | None = None) -> None:
        genesis = setup.genesis
        self.panels = Memory(setup.market)
        self.clock = setup.clock(genesis.opened_at)
        source = PanelSource(setup.market, self.clock) if setup.vendor is None else setup.vendor(self.clock)
        seen = SeenPrices(setup.prices(source))
        self.audit = None if setup.audit is None else AuditFile(setup.audit)
        listeners = (seen.listen,) if self.audit is None else (self.audit.hears, seen.listen)
        self.journal = Journal(setup.store, "main", self.clock, self.panels.get, listeners)
        if self.journal.moment is not None:
            self.clock.jump(self.journal.moment)
        if now is not None:
            self.clock.jump(now)
        record = recorded(setup.settings)
        if self.audit is not None:
            begin(self.journal, self.audit, genesis, record)
        else:
            self._begin(genesis, record)
        panel = seen.panel
        self.exchange = SimulatedExchange(
            market=market_view(panel, seen.remembered()),
            clock=LastEventClock(self.journal, self.clock),
            calendar=setup.calendar,
            cash_cny=genesis.cash_cny,
            commission=Commission(),
            ledger=setup.ledger,
            instruments=seen.instruments if panel is None else instruments_of(panel, setup.watchlist),
            frictions=setup.settings.frictions,
        )
        self.mind = Mind(setup.answers, self.journal)
        self.broker = setup.broker(self.exchange, self.journal)
        self.world: World = Parts(
            genesis=genesis,
            settings=setup.settings,
            config_hash=record.config_hash,
            clock=self.clock,
            calendar=setup.calendar,
            prices=seen,
            agent=setup.agent(self.mind),
            broker=self.broker,
            journal=self.journal,
            panels=self.panels,
            outside=Interventions(
                stop=setup.stop,
                killed=setup.killed,
                kill_words=lambda: "enough",
                commands=setup.commands,
            ),
        ).world
        self.world = replace(self.world, heartbeat_s=setup.heartbeat_s)
        self.plan = FixedPlan(
            Market.CN, Frequency.HOURLY, setup.calendar, setup.first, setup.last, setup.times
        )
        self.ended: list[str] = []
        self.woken: list[str] = []
        self.loop = Loop(self.world, self.plan, self.ended.append, self.woken.append)

    def _begin(self, genesis: Genesis, record: SettingsRecord) -> None:
        """Write the first records where they are missing."""
        for step, value in (("genesis", genesis), (f"settings:{record.config_hash}", record)):
            if self.journal.find("", step) is None:
                self.journal.write("", step, value)

    def tick(self, moment: datetime | None = None) -> None:
        """Let the clock stand at `moment` and do what is due."""
        if moment is not None:
            self.clock.jump(moment)
        asyncio.run(self.loop.tick(self.clock.now()))

    def run(self, until: datetime | None = None) -> Live:
        """Jump from one due moment to the next, not past `until`."""
        asyncio.run(self._drive(until))
        return self

    async def _drive(self, until: datetime | None) -> None:
        while True:
            await self.loop.tick(self.clock.now())
            due = self.loop.next_due()
            if due is None or (until is not None and due > until):
                return
            self.clock.jump(due)

    def session(self, label: str) -> str:
        """Return the id of the session at `20260713-1035`."""
        return f"{label}-main-{self.world.run_id}"

    def steps(self, label: str) -> list[str]:
        """Return the steps of a session, in order."""
        name = self.session(label)
        return [event.step for event in self.journal.events if event.session == name]

    def value(self, label: str, step: str) -> object:
        """Return what a step of a session holds."""
        event = self.journal.find(self.session(label), step)
        if event is None:
            raise LookupError(f"session {label} has no step {step}")
        return self.journal.value(event)

    def kinds(self, kind: str) -> list[Event]:
        """Return the events of a kind."""
        return [event for event in self.journal.events if event.kind == kind]

    def only_order(self) -> OrderId:
        """Return the id of the one order there is."""
        (order_id,) = self.journal.account.order_session
        return order_id


__all__ = [
    "DAY",
    "FLAT",
    "HOLD",
    "HOURS",
    "MAIN",
    "MON",
    "OTHER",
    "TUE",
    "Live",
    "Memory",
    "Setup",
    "answer",
    "at",
    "flat",
    "order",
    "panel",
    "quiet",
]
