"""One process's life, wired as the composition root wires one; and the whole history of a seed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from commands.composition import Parts, instruments_of, market_view
from commands.interventions import Interventions
from commands.recorded_run import begin
from commands.recorded_settings import recorded
from scheduler.clock_watch import AHEAD_MAX
from scheduler.loop import Loop
from scheduler.slot_plan import FixedPlan, OpenPlan
from scheduler.world import World
from services.brokers.ledger import LedgerStore
from services.brokers.ledger_file import FileLedger
from services.brokers.simulated import SimulatedExchange
from services.clock import LastEventClock
from services.domain.bars import Frequency
from services.domain.book import BookBroken
from services.domain.events import Genesis, RunFinished
from services.domain.instruments import Market
from services.journal.audit_file import AuditFile
from services.journal.journal import Journal, JournalDrift
from services.journal.sql_store import SqlStore
from services.market.panel_source import PanelSource
from services.market.seen_prices import SeenPrices
from services.pacing import Pace, Pacer, at_once
from services.ports import Broker, EventStore, Fault, JournalFault, PriceSource
from tests.simulation.disk import SimulatedLedger, SimulatedStore
from tests.simulation.doors import SimulatedMind, Touched, Vendor
from tests.simulation.process import Lived, Outside, Process
from tests.simulation.scenario import Kind, Scenario, spoken_to
from tests.simulation.virtual_time import Killed, VirtualLoop, run
from tests.simulation.wire import Wire
from tests.unit.world import Memory

LIVES_MAX = 60
_BUGS = (JournalDrift, BookBroken, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
REST_MAX_S = 1800.0
AGAIN_S = 60.0
RESTLESS_MAX = 5
"""How many ticks in a row may leave something due before the next comes with the minute."""


def genesis_of(scenario: Scenario) -> Genesis:
    """Return the account's first record."""
    recorded_prices = scenario.kind is Kind.RECORDED
    return Genesis(
        account="main",
        mode="live" if scenario.kind is Kind.WIRE else "paper",
        run_id="run" if recorded_prices else "live",
        market="cn",
        frequency="hourly",
        cash_cny=scenario.cash_cny,
        agent=SimulatedMind.name,
        opened_at=scenario.start,
        watchlist=scenario.symbols,
        panel=scenario.market.digest if recorded_prices else None,
        start=scenario.days[0] if recorded_prices else None,
        end=scenario.days[-1] if recorded_prices else None,
    )


class Life:
    """A process from its start on; everything in it is made anew from what outlived the one before."""

    def __init__(self, process: Process, store: EventStore, ledger: LedgerStore) -> None:
        self.process, self.scenario = process, process.outside.scenario
        scenario, outside = self.scenario, process.outside
        genesis, clock = genesis_of(scenario), process.clock
        panels = Memory(scenario.market)
        seen = SeenPrices(self._source())
        audit = AuditFile(outside.audit)  # type: ignore[arg-type]  # It does what the file asks of a path.
        outside.audit.process = process
        self.journal = Journal(
            SimulatedStore(store, process), "main", clock, panels.get, (audit.hears, seen.listen)
        )
        if self.journal.moment is not None:
            process.shown.jump(self.journal.moment)
        record = recorded(scenario.settings)
        begin(self.journal, audit, genesis, record)
        broker = self._broker(seen, ledger)
        world = Parts(
            genesis=genesis,
            settings=scenario.settings,
            config_hash=record.config_hash,
            clock=clock,
            calendar=scenario.calendar,
            prices=seen,
            agent=SimulatedMind(process),
            broker=broker,
            journal=self.journal,
            panels=panels,
            outside=Interventions(
                stop=lambda: "the kill file is there" if outside.kill_file else "",
                killed=lambda: outside.kill_file,
                kill_words=lambda: "enough",
                commands=outside.commands,
            ),
            pace=self._pace(),
        ).world
        self.world: World = replace(
            world,
            heartbeat_s=scenario.heartbeat_s,
            daily_checks=process.machine,
            clock_doubt=process.steady and process.steady.doubt,
        )
        self.loop = Loop(self.world, self._plan())

    async def live(self) -> str:
        """Stay up until the history's end, the kill file or a disk that fails; return which."""
        return await (self._stay_up() if self.process.machine else self._run_through())

    async def _stay_up(self) -> str:
        process, restless = self.process, 0
        while True:
            failed = False
            try:
                await self.loop.tick(process.clock.now())
            except JournalFault as fault:
                return self._broken(fault)
            except Fault as fault:
                process.outside.note(f"!! the tick fails: {fault}")
                failed = True
            if self.loop.killed is not None:
                return "kill file"
            if self.loop.stop_asked:
                return await self._stop()
            rest_s = AGAIN_S if failed else self._until_due_s()
            idle = not process.doubts and (rest_s > 1 or restless > RESTLESS_MAX)
            if process.loop.now_s >= self.scenario.end_s and idle:
                return "end"
            restless = restless + 1 if rest_s <= 1 else 0
            rest_s = AGAIN_S if restless > RESTLESS_MAX else rest_s
            await process.rest(rest_s, failed=failed, held_up=not self.loop.reconciled)

    async def _stop(self) -> str:
        """End as a command asked for it: what works is cancelled, unless the settings keep it."""
        try:
            if not self.scenario.settings.keep_orders:
                await self.loop.cancel_working()
        except Fault as fault:
            return f"fault: {fault}"
        return "stopped"

    def _broken(self, fault: Fault) -> str:
        """Return the fault that ends the process; who was told to stop owes the working orders a cancel."""
        if isinstance(fault, JournalFault) and self.process.outside.kill_file:
            working = tuple(terms.order_id for terms in self.journal.account.working())
            self.process.outside.owed_cancels.append((self.process.number, working))
        return f"fault: {fault}"

    def _until_due_s(self) -> float:
        """Return how long nothing is due, at least a second."""
        due, now = self.loop.next_due(), self.process.clock.now()
        if due is None:
            return REST_MAX_S
        return min(max((due - now).total_seconds(), 1.0), REST_MAX_S)

    async def _run_through(self) -> str:
        """Do as a run over recorded prices: jump from one due moment to the next, then end it."""
        while True:
            try:
                await self.loop.tick(self.process.clock.now())
            except Fault as fault:
                return self._broken(fault)
            due = self.loop.next_due()
            if due is None:
                break
            self.process.shown.jump(due)
        if self.loop.killed is not None:
            return "kill file"
        sessions = self.journal.account.sessions
        if self.journal.account.finished is None:
            self.journal.write("", "finished", RunFinished(sessions=len(sessions), last=list(sessions)[-1]))
        return "end"

    def _source(self) -> PriceSource:
        if self.process.machine:
            return Vendor(self.process)
        return Touched(PanelSource(self.scenario.market, self.process.clock), self.process)

    def _broker(self, seen: SeenPrices, ledger: LedgerStore) -> Broker:
        if self.scenario.kind is Kind.WIRE:
            return Wire(self.process)
        settings, panel = self.scenario.settings, seen.panel
        exchange = SimulatedExchange(
            market=market_view(panel, seen.remembered()),
            clock=LastEventClock(self.journal, self.process.clock),
            calendar=self.scenario.calendar,
            cash_cny=self.scenario.cash_cny,
            commission=settings.commission,
            ledger=SimulatedLedger(ledger, self.process),
            instruments=seen.instruments if panel is None else instruments_of(panel, panel.symbols),
            frictions=settings.frictions,
        )
        return Touched(exchange, self.process)

    def _plan(self) -> FixedPlan | OpenPlan:
        scenario, times = self.scenario, self.scenario.settings.times
        if self.process.machine:
            return OpenPlan(Market.CN, Frequency.HOURLY, scenario.calendar, times)
        days = scenario.days
        return FixedPlan(Market.CN, Frequency.HOURLY, scenario.calendar, days[0], days[-1], times)

    def _pace(self) -> Pace:
        if not self.process.machine:
            return at_once
        per_second = self.scenario.settings.limits.caps.orders_per_second_max
        return Pacer(per_second, stopwatch=self.process.loop.time).turn


class History:
    """A seed lived to its end: as many processes as it takes."""

    def __init__(self, scenario: Scenario, folder: Path, *, trace: bool = False) -> None:
        self.outside = Outside(scenario, trace=[] if trace else None)
        self.scenario, self._folder = scenario, folder
        self._chance = scenario.rng("between lives")
        self._now_s = self._days_begun = 0.0
        self._begin_days()

    def live(self) -> Outside:
        """Live it; the exchange's days begin whoever is up."""
        for number in range(1, LIVES_MAX + 1):
            end = self.one_life(number)
            if end == "end":
                self._start_twice(number)
                return self.outside
            if end.startswith("bug"):
                self.outside.bugs.append(end)
                return self.outside
            if end == "kill file":
                self.outside.kill_file = False
            self._now_s += self._chance.choice((0.5, 5.0, 5.0, 60.0, 3000.0))
        self.outside.bugs.append(f"bug: {LIVES_MAX} processes, and no end")
        return self.outside

    def _start_twice(self, number: int) -> None:
        """Start twice more where everything is done: the broker is asked again, and nothing comes of it.

        Not where a clock that was wrong has left the record ahead of the right one: such a start is refused
        before anything is opened (`scheduler.clock_watch.require_behind`).
        """
        outside = self.outside
        right = self.scenario.start + timedelta(seconds=self._now_s)
        last = max(datetime.fromisoformat(event.at) for event in outside.events)
        if self.scenario.kind is not Kind.RECORDED and last > right + AHEAD_MAX:
            return
        for again in (1, 2):
            count, trail = len(outside.events), outside.audit.read_bytes()
            end = self.one_life(number + again)
            added = {event.kind for event in outside.events[count:]} - {"look", "rested", "check"}
            outside.again.append(end == "end" and not added and trail == outside.audit.read_bytes())

    def one_life(self, number: int) -> str:
        """Live one life; return what ended it."""
        outside, loop = self.outside, VirtualLoop(self._now_s)
        process = outside.process = Process(outside, number, loop)
        outside.note("!! started")
        end = self._ended(process, loop)
        process.dead = True
        outside.slip_until_s = 0.0
        if end == "killed" and not outside.calm:
            outside.away_until_s = max(outside.away_until_s, process.true_s + self.scenario.silent_s)
        outside.audit.lost(self._chance.random())
        outside.note(f"!! ended: {end}")
        outside.lives.append(
            Lived(
                number=number,
                events=process.events,
                began_s=process.began_s,
                ended_s=process.true_s,
                end=end,
            )
        )
        self._now_s = max(self._now_s, loop.now_s)
        return end

    def _ended(self, process: Process, loop: VirtualLoop) -> str:
        ends: list[str] = []

        async def live() -> None:
            with ExitStack() as opened:
                life = Life(process, *self._stores(opened))
                ends.append(await life.live())

        try:
            run(live(), loop)
        except Killed:
            return "killed"
        except JournalFault as fault:
            return f"journal: {fault}"
        except Fault as fault:
            return f"fault: {fault}"
        except _BUGS as bug:
            return f"bug: {type(bug).__name__}: {bug}"
        return ends[0]

    def _stores(self, opened: ExitStack) -> tuple[EventStore, LedgerStore]:
        if not self.scenario.on_disk:
            return self.outside.store, self.outside.ledger
        store = SqlStore.open(self._folder / "journal.sqlite3", "main")
        opened.callback(store.close)
        store.take_fence()
        ledger = FileLedger(self._folder / "exchange.sqlite3")
        opened.callback(ledger.close)
        return store, ledger

    def _begin_days(self) -> None:
        exchange = self.outside.exchange
        for day in self.scenario.days:
            start_s = (day - self.scenario.days[0]).days * 86400.0
            exchange.at(start_s + 60, partial(exchange.begin_day, day))


def lived(seed: int, *, trace: bool = False) -> Outside:
    """Return the history of a seed."""
    scenario = spoken_to(seed)
    with TemporaryDirectory() as folder:
        history = History(scenario, Path(folder), trace=trace)
        outside = history.live()
        if scenario.on_disk:
            _keep(Path(folder), outside)
    return outside


def _keep(folder: Path, outside: Outside) -> None:
    """Read what the files hold back into memory, for the checks."""
    store = SqlStore.open_read_only(folder / "journal.sqlite3", "main")
    events = tuple(store.events())
    outside.store.append(events, {digest: store.body(digest) for digest in store.body_digests()})
    store.close()
    ledger = FileLedger(folder / "exchange.sqlite3")
    outside.ledger.append(ledger.entries())
    ledger.close()
