"""A run over the demo market that dies at a chosen touch of the outside, and may be started again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from commands.folders import AccountFolder
from commands.interventions import Interventions
from commands.minds import mind_of
from commands.opening import open_recorded
from commands.recorded_run import RecordedRun, Watch
from commands.recorded_settings import run_settings
from scheduler.world import World
from services.brokers.ledger import Accepted, Entry, LedgerStore, Rejected
from services.clock import VirtualClock
from services.domain.events import Event, SettingsRecord
from services.domain.orders import ApprovedOrder
from services.domain.statement import Ack
from services.executor import Executor
from services.journal.audit_file import AuditFile
from services.journal.journal import Journal
from services.journal.memory_inbox import MemoryInboxes
from services.ports import Agent, Broker, EventStore, PriceSource
from services.settings import Settings
from services.settings_file import load_settings


class Crash(BaseException):
    """The process died."""


@dataclass
class Fate:
    """Counts what the process touches, and ends it before or after the `dies_at`-th touch; 0: never."""

    dies_at: int = 0
    before: bool = True
    count: int = 0
    touched: list[str] = field(default_factory=list)
    sent_twice: list[str] = field(default_factory=list)

    def before_touch(self, what: str) -> None:
        """Count a touch that is about to happen."""
        self.count += 1
        self.touched.append(what)
        if self.count == self.dies_at and self.before:
            raise Crash(f"before {what}")

    def after_touch(self, number: int) -> None:
        """Let a touch have happened; `number` is its own."""
        if number == self.dies_at and not self.before:
            raise Crash(f"after {self.touched[number - 1]}")


class Door:
    """A door whose async methods are touches."""

    def __init__(self, inner: Any, fate: Fate, name: str) -> None:
        self._inner, self._fate, self._name = inner, fate, name

    def __getattr__(self, name: str) -> Any:
        there = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(there):
            return there

        async def touched(*args: Any) -> Any:
            self._fate.before_touch(f"{self._name}.{name}")
            number = self._fate.count
            try:
                return await there(*args)
            finally:
                self._fate.after_touch(number)

        return touched


class Wire(Door):
    """The broker's door, which notes each order that is sent although the exchange has it already."""

    def __init__(self, inner: Broker, fate: Fate, ledger: LedgerStore) -> None:
        super().__init__(inner, fate, "broker")
        self._send, self._ledger = super().__getattr__("submit_order"), ledger

    async def submit_order(self, order: ApprovedOrder) -> Ack:
        if order.order_id in _known(self._ledger):
            self._fate.sent_twice.append(order.order_id)
        ack: Ack = await self._send(order)
        return ack


class Store:
    """A journal's store whose appends are touches."""

    def __init__(self, inner: EventStore, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, events: Sequence[Event], bodies: Mapping[str, bytes]) -> None:
        self._fate.before_touch(f"append {events[0].step}")
        number = self._fate.count
        self._inner.append(events, bodies)
        self._fate.after_touch(number)


class Ledger:
    """An exchange's ledger whose appends are touches."""

    def __init__(self, inner: LedgerStore, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, entries: Sequence[Entry]) -> None:
        self._fate.before_touch(f"ledger {type(entries[0]).__name__}")
        number = self._fate.count
        self._inner.append(entries)
        self._fate.after_touch(number)


class Audit(AuditFile):
    """An audit file whose writes are touches."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self._fate = fate

    def flush(self) -> None:
        self._fate.before_touch("audit")
        number = self._fate.count
        super().flush()
        self._fate.after_touch(number)


class MortalRun(RecordedRun):
    """The run a user starts, on doors that may end it."""

    fate = Fate()
    commands = MemoryInboxes()

    def live(self, store: EventStore, ledger: LedgerStore, audit: Path, fate: Fate) -> Journal:
        """Run until finished.

        Raises:
            Crash: Fate would have it.
        """
        self.fate = fate
        through: Any = Store(store, fate)
        desk: Any = Ledger(ledger, fate)
        outside = Interventions(commands=self.commands)
        lived = self._drive(
            through, lambda _journal: desk, Audit(audit, fate), Watch(), sharing=False, outside=outside
        )
        return asyncio.run(lived).journal

    def _world(
        self, journal: Journal, record: SettingsRecord, clock: VirtualClock, ledger: Any, outside: Any
    ) -> World:
        world = super()._world(journal, record, clock, ledger, outside)
        broker: Broker = Wire(world.broker, self.fate, ledger)  # type: ignore[assignment]  # It passes all on.
        prices: PriceSource = Door(world.prices, self.fate, "prices")  # type: ignore[assignment]  # The same.
        agent: Agent = Door(world.agent, self.fate, "agent")  # type: ignore[assignment]  # The same.
        executor = Executor(broker, world.clock, journal, lambda: "", world.commands)
        return replace(world, broker=broker, prices=prices, agent=agent, executor=executor)


@cache
def settings_in(data_dir: Path) -> Settings:
    """Return the demo's settings."""
    overrides = {
        "data_dir": str(data_dir),
        "mode": "paper",
        "frequency": "hourly",
        "agent_config.initial_cash": "1000000.00",
    }
    return load_settings(None, overrides=overrides, environment={}, dotenv=None)


def demo_run(data_dir: Path, start: date, end: date) -> MortalRun:
    """Return a run over days of the demo market."""
    settings = settings_in(data_dir)
    folder = AccountFolder(settings.data_dir, settings.account)
    mind = mind_of(settings)
    recorded = open_recorded(
        settings, folder, mind, prices=None, start=start, end=end, cache=data_dir / "cache"
    )
    chosen = run_settings(settings, recorded.watchlist, recorded.panel.source)
    return MortalRun(recorded, chosen, mind, folder, folder.journal, lambda _lock: None)


def _known(ledger: LedgerStore) -> set[str]:
    return {entry.terms.order_id for entry in ledger.entries() if isinstance(entry, Accepted | Rejected)}


def accepted_ids(ledger: LedgerStore) -> list[str]:
    """Return the id of each acceptance, in order."""
    return [entry.terms.order_id for entry in ledger.entries() if isinstance(entry, Accepted)]
