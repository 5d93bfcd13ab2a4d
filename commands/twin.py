"""A recorded account's world made again from its journal: the twin a replay lives in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from agents.replay import ReplayAgent
from agents.rule import rule_again
from agents.shape import Shape
from commands.composition import Panels, Parts, instruments_of, market_view
from commands.recorded_settings import RunSettings, restored
from scheduler.replay import Replay
from scheduler.world import World
from services.brokers.ledger import MemoryLedger
from services.brokers.simulated import SimulatedExchange
from services.clock import LastEventClock, ReplayClock
from services.domain.bars import Panel
from services.domain.decision import RawAnswer, Reads
from services.domain.events import (
    Closed,
    Event,
    FaultRecord,
    Genesis,
    Opened,
    Outcome,
    SettingsRecord,
    TradingDay,
)
from services.domain.instruments import Market
from services.domain.orders import ApprovedOrder, OrderId, SessionId
from services.domain.statement import Ack, AckKind
from services.executor import Executor
from services.journal.account import Account
from services.journal.checking import CheckingJournal
from services.journal.journal import Listener
from services.journal.memory_inbox import MemoryInboxes
from services.market.panel_source import PanelSource
from services.market.replay_source import ReplaySource
from services.market.seen_prices import FirstThenRemembered, SeenPrices
from services.ports import Agent, Broker, Clock, EventStore, PriceSource
from services.slots import ZONES


class RecordedCalendar:
    """The calendar as the sessions were told it."""

    known_until = date.max

    def __init__(self, days: Mapping[date, TradingDay]) -> None:
        self._days = days

    def trading_day(self, day: date) -> TradingDay:
        """Return what the record says of the day; a day without a session had none."""
        return self._days.get(day, TradingDay.CLOSED)

    def trading_days(self, start: date, end: date) -> tuple[date, ...]:
        """Return the open days on record in [start, end], ascending."""
        return tuple(
            day
            for day, state in sorted(self._days.items())
            if start <= day <= end and state is TradingDay.OPEN
        )

    def early_close(self, day: date) -> time | None:
        """Return None: sessions on record have their times."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMind:
    """A mind that takes the recorded one's place in one session; masked where there is a seed."""

    session: str
    agent: Agent
    mask_seed: int | None = None


class ReplayExecutor(Executor):
    """Withholds what the record says was withheld: the moment of a send and a stop are the outside's word.

    The `sent` record is younger than the moment at which its order was let go, so a clock that
    shows it cannot be asked again.
    """

    def __init__(self, broker: Broker, clock: Clock, journal: CheckingJournal) -> None:
        super().__init__(broker, clock, journal, lambda: "", MemoryInboxes())
        self._recorded = journal

    def withheld(self, order: ApprovedOrder) -> Ack | None:
        """Return the recorded word that the order did not leave, None where it did or was never there."""
        said = self._recorded.recorded_value(order.terms.session, f"sent:{order.order_id}")
        return said if isinstance(said, Ack) and said.kind is AckKind.WITHHELD else None


class TwinClock:
    """The moment of the journal's last event; while one is `held`, that one."""

    def __init__(self, last_event: Clock) -> None:
        self._last_event = last_event
        self.held: datetime | None = None

    def now(self) -> datetime:
        """Return that moment, in UTC."""
        return self.held or self._last_event.now()


class Twin:
    """Everything a replay needs, made from the journal alone (and the panels beside it)."""

    def __init__(
        self,
        store: EventStore,
        genesis: Genesis,
        panels: Panels,
        listeners: tuple[Listener, ...] = (),
        other: OtherMind | None = None,
    ) -> None:
        self._genesis, self._panels = genesis, panels
        self.clock = ReplayClock(genesis.opened_at)
        self.journal = CheckingJournal(
            store, genesis.account, self.clock, panels.get, (*listeners, self._listen)
        )
        self._prices = self._price_source()
        self._calendar = RecordedCalendar(_days(self.journal))
        self._exchange: SimulatedExchange | None = None
        self._exchange_clock = TwinClock(LastEventClock(self.journal, self.clock))
        self._agents: dict[str, Agent] = {}
        self._other = other
        if other is not None:
            self.journal.diverging = other.session
        self.replay = Replay(journal=self.journal, world_for=self.world_for, withdraw=self._withdraw)

    def world_for(self, opened: Opened) -> World:
        """Return the world of a session: its settings, its agent, and the versions it ran on."""
        record = self.journal.recorded_value("", f"settings:{opened.config_hash}")
        if not isinstance(record, SettingsRecord):
            raise ValueError(f"the journal holds no settings {opened.config_hash}")
        settings = restored(record)
        other = self._other if self._other and self._other.session == opened.session else None
        if self._exchange is None:
            self._exchange = SimulatedExchange(
                market=market_view(self._panel, self._prices.remembered(), self._prices.actions),
                clock=self._exchange_clock,
                calendar=self._calendar,
                cash_cny=self._genesis.cash_cny,
                commission=settings.commission,
                frictions=settings.frictions,
                ledger=MemoryLedger(),
                instruments=self._prices.instruments
                if self._panel is None
                else instruments_of(self._panel, self._panel.symbols),
                zone=ZONES[Market(self._genesis.market)],
            )
        world = Parts(
            genesis=self._genesis,
            settings=settings,
            config_hash=opened.config_hash,
            clock=self.clock,
            calendar=self._calendar,
            prices=FirstThenRemembered(self._prices) if other else self._prices,
            agent=_in_its_place(other, settings) if other else self._agent(opened.agent),
            broker=self._exchange,
            journal=self.journal,
            panels=self._panels,
            versions=opened.versions,
        ).world
        return replace(world, executor=ReplayExecutor(self._exchange, self.clock, self.journal))

    async def _withdraw(self, order_id: OrderId, moment: datetime) -> None:
        """Cancel an order at the exchange as of a moment."""
        if self._exchange is not None:
            self._exchange_clock.held = moment
            try:
                await self._exchange.cancel_order(order_id)
            finally:
                self._exchange_clock.held = None

    @property
    def _panel(self) -> Panel | None:
        return None if self._genesis.panel is None else self._panels.get(self._genesis.panel)

    def _price_source(self) -> SeenPrices:
        panel = self._panel
        source: PriceSource
        if panel is not None:
            source = PanelSource(panel, self.clock)
        else:
            source = ReplaySource(_lived(self.journal), self.journal.value)
        return SeenPrices(source)

    def _listen(self, event: Event, value: object, account: Account) -> None:
        """Let the exchange remember what a session saw that was given up and is not lived again."""
        self._prices.listen(event, value, account)

    def _agent(self, name: str) -> Agent:
        """Return the recorded mind: a rule that read no file thinks again, any other says what it said."""
        if name not in self._agents:
            kind, _, spec = name.partition(":")
            rule = rule_again(spec) if kind == "rule" else None
            reads = Reads.TEXT if kind in ("llm", "debate") else Reads.ARRAYS
            self._agents[name] = rule or ReplayAgent(_answers(self.journal), name=name, reads=reads)
        return self._agents[name]


def _in_its_place(other: OtherMind, settings: RunSettings) -> Agent:
    """Return the other mind, masked where it is to be: shown what the session's settings would show."""
    if other.mask_seed is None:
        return other.agent
    from agents.masked_agent import MaskedAgent

    shape = Shape(
        tokens_max=settings.briefing_tokens_max,
        commission=settings.commission,
        marketable_bp=settings.limits.marketable_bp,
        reserve_cny=settings.limits.cash_reserve_cny_min,
    )
    return MaskedAgent(other.agent, seed=other.mask_seed, lang=settings.lang, shape=shape)


def _lived(journal: CheckingJournal) -> tuple[Event, ...]:
    """Return the events of the sessions that ask again: one given up as missed does not."""
    missed = {
        event.session
        for event in journal.recorded
        if event.step == "closed"
        and isinstance(closed := journal.value(event), Closed)
        and closed.outcome is Outcome.MISSED
    }
    return tuple(event for event in journal.recorded if event.session not in missed)


def _days(journal: CheckingJournal) -> dict[date, TradingDay]:
    days: dict[date, TradingDay] = {}
    for event in journal.recorded:
        if event.step == "opened":
            opened = journal.value(event)
            known = journal.recorded_value(event.session, "trading_day")
            if isinstance(opened, Opened) and isinstance(known, TradingDay):
                days[opened.day] = known
    return days


def _answers(journal: CheckingJournal) -> dict[SessionId, RawAnswer | FaultRecord]:
    answers: dict[SessionId, RawAnswer | FaultRecord] = {}
    for event in journal.recorded:
        if event.step == "answer":
            value = journal.value(event)
            if isinstance(value, RawAnswer | FaultRecord):
                answers[SessionId(event.session)] = value
    return answers
