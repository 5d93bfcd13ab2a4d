"""A run over recorded prices on a virtual clock: backtest, paper on files, the demo."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from commands.composition import Parts, instruments_of, market_view, require_ledger, same_run
from commands.failures import CommandFailed, Exit
from commands.folders import AccountFolder
from commands.interventions import Interventions, interventions_in
from commands.minds import Mind
from commands.opening import Recorded
from commands.past import past_in
from commands.recorded_settings import RunSettings, recorded, restored
from scheduler.loop import Killed, Loop
from scheduler.slot_plan import FixedPlan
from scheduler.world import World
from services.brokers.ledger import LedgerStore, MemoryLedger
from services.brokers.simulated import SimulatedExchange
from services.clock import LastEventClock, VirtualClock
from services.domain.events import Event, Genesis, RunFinished, SettingsRecord
from services.domain.instruments import Market
from services.domain.value import Value
from services.journal.account_lock import WriterLock, account_lock
from services.journal.audit_file import AuditFile
from services.journal.journal import Journal, Listener
from services.journal.run_store import RunStore
from services.journal.shelf import Read
from services.market.columns import release
from services.market.panel_source import PanelSource
from services.ports import EventStore
from services.slots import ZONES


def _nothing(_world: World, _session: str) -> None:
    return None


class Watch(Value, frozen=True, kw_only=True):
    """Who is told of a run under way: the count of sessions planned, each that ended, each that was woken.

    `listen` is told every event of the journal, and again where the journal is opened anew.
    """

    planned: Callable[[int], None] = lambda _count: None
    ended: Callable[[World, str], None] = _nothing
    woken: Callable[[World, str], None] = _nothing
    listen: Listener = lambda _event, _value, _account: None


class Outcome(Value, frozen=True, kw_only=True):
    """What a run left: its journal, whether it had been finished before, the sessions planned.

    `killed` is there where the kill file ended it before its time.
    """

    journal: Journal
    already_finished: bool
    planned: int
    killed: Killed | None = None

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event of the run; a backtest's are read from its file."""
        return tuple(self.journal.events)


class RecordedRun:
    """One run over recorded prices, in memory (a backtest) or on the disk as it goes (paper)."""

    def __init__(
        self,
        run: Recorded,
        settings: RunSettings,
        mind: Mind,
        folder: AccountFolder,
        where: Path | str,
        claim: Callable[[WriterLock], None],
    ) -> None:
        self._run, self._settings = run, settings
        self._mind, self._folder, self._where, self._claim = mind, folder, where, claim

    def execute(self, watch: Watch) -> Outcome:
        """Run to the end, or go on with a run that was cut off.

        Raises:
            CommandFailed: The folder holds another run.
            JournalFault: The journal or the audit trail cannot be written; or another process has
                the account.
        """
        with self._claimed(watch) as finished:
            if finished is not None:
                return finished
            with rare_collections() if self._backtest else nullcontext():
                return asyncio.run(self._run_on(watch, sharing=False))

    async def execute_beside(self, watch: Watch) -> Outcome:
        """Do as `execute` does, on an event loop that others use too: after each tick it is their turn.

        Raises:
            CommandFailed: The folder holds another run.
            JournalFault: The journal or the audit trail cannot be written; or another process has
                the account.
        """
        with self._claimed(watch) as finished:
            return finished or await self._run_on(watch, sharing=True)

    @contextmanager
    def _claimed(self, watch: Watch) -> Iterator[Outcome | None]:
        """Yield what a run that is whole already left, else None, with the account's lock held."""
        if self._backtest and not isinstance(self._where, Path):
            raise CommandFailed(Exit.USAGE, "journal_url: a backtest is saved as a file; leave it empty")
        finished = self._finished(watch, mend=False)
        if finished is not None:
            yield finished
            return
        lock = account_lock(self._where, self._run.genesis.account)
        self._claim(lock)
        try:
            # Whoever had the account meanwhile may have run this very run to its end.
            yield self._finished(watch)
        finally:
            lock.release()

    @property
    def _backtest(self) -> bool:
        return self._run.genesis.mode == "backtest"

    async def _run_on(self, watch: Watch, *, sharing: bool) -> Outcome:
        if self._backtest:
            return await self._in_memory(watch, sharing)
        return await self._on_disk(watch, sharing)

    def _finished(self, watch: Watch, *, mend: bool = True) -> Outcome | None:
        """Return the outcome of a run that is whole already, without changing a byte of its journal.

        An audit trail that lacks its end is completed, with `mend` False left alone and the run not counted
        as whole: whoever has the account's lock may be writing that end just now.

        Raises:
            JournalFault: The audit trail is not the journal's, or cannot be written.
        """
        audit = AuditFile(self._folder.audit)
        stored = self._stored(audit, watch)
        if stored is None or stored.journal.account.finished is None:
            return None
        if not audit.intact():
            if not mend:
                return None
            audit.repair()
        return stored

    def _stored(self, audit: AuditFile, watch: Watch) -> Outcome | None:
        """Return what lies there of the run, its lines told to `audit`; None where nothing does."""
        if isinstance(self._where, Path) and not self._where.exists():
            return None
        from services.journal.database import NoJournal
        from services.journal.sql_store import SqlStore

        try:
            store = SqlStore.open_read_only(self._where, self._run.genesis.account)
        except NoJournal:
            return None
        try:
            journal = self._journal(store, VirtualClock(self._run.genesis.opened_at), audit, watch)
            genesis = journal.account.genesis
            if genesis is None:
                return None
            same_run(genesis, self._run.genesis, self._folder)
            return Outcome(journal=journal, already_finished=True, planned=0)
        finally:
            store.close()

    async def _in_memory(self, watch: Watch, sharing: bool) -> Outcome:
        audit = AuditFile(self._folder.audit, at_once=False)
        if self._folder.audit.exists():
            raise CommandFailed(
                Exit.USAGE,
                f"{self._folder.audit}: an audit trail without its journal; "
                "choose another --data-dir or --account, or move it away",
            )
        store = RunStore(self._folder.journal)
        try:
            outcome = await self._drive(
                store, lambda _journal: MemoryLedger(), audit, watch, sharing, read=store.read
            )
            store.save()
        finally:
            store.close()
        audit.flush()
        return outcome

    async def _on_disk(self, watch: Watch, sharing: bool) -> Outcome:
        from commands.whole_journal import require_whole
        from services.brokers.ledger_file import FileLedger
        from services.journal.sql_store import SqlStore

        genesis = self._run.genesis
        with ExitStack() as opened:
            self._folder.root.mkdir(parents=True, exist_ok=True)
            store = SqlStore.open(self._where, genesis.account)
            opened.callback(store.close)
            require_whole(store, genesis.account)
            store.take_fence()

            def open_ledger(journal: Journal) -> LedgerStore:
                require_ledger(journal, self._folder.ledger)
                ledger = FileLedger(self._folder.ledger)
                opened.callback(ledger.close)
                return ledger

            outside = interventions_in(self._folder.root, self._where, genesis.account, opened)
            audit = AuditFile(self._folder.audit)
            outcome = await self._drive(store, open_ledger, audit, watch, sharing, outside)
        # Whoever reads a body now must not open the files for writing again: that would leave a -wal.
        stored = self._finished(watch) or self._stored(AuditFile(self._folder.audit), watch)
        if stored is None:
            return outcome
        return replace(stored, already_finished=False, planned=outcome.planned, killed=outcome.killed)

    def _journal(
        self,
        store: EventStore,
        clock: VirtualClock,
        audit: AuditFile,
        watch: Watch,
        read: Read | None = None,
    ) -> Journal:
        listeners = (audit.hears, watch.listen)
        return Journal(store, self._run.genesis.account, clock, self._run.panels.get, listeners, read)

    async def _drive(
        self,
        store: EventStore,
        open_ledger: Callable[[Journal], LedgerStore],
        audit: AuditFile,
        watch: Watch,
        sharing: bool,
        outside: Interventions | None = None,
        read: Read | None = None,
    ) -> Outcome:
        genesis, settings = self._run.genesis, self._settings
        clock = VirtualClock(genesis.opened_at)
        journal = self._journal(store, clock, audit, watch, read)
        if journal.moment is not None:
            clock.jump(journal.moment)
        if journal.account.genesis is not None:
            same_run(journal.account.genesis, genesis, self._folder)
        record = begun(journal) or recorded(settings)
        begin(journal, audit, genesis, record)
        world = self._world(journal, record, clock, open_ledger(journal), outside or Interventions())
        plan = FixedPlan(
            world.market,
            world.frequency,
            self._run.calendar,
            _known(genesis.start),
            _known(genesis.end),
            world.times,
        )
        watch.planned(len(plan.slots))
        loop = Loop(world, plan, lambda one: watch.ended(world, one), lambda one: watch.woken(world, one))
        await _drive(loop, clock, journal, lambda: release(self._run.panel), sharing=sharing)
        return Outcome(
            journal=journal,
            already_finished=False,
            planned=len(plan.slots),
            killed=loop.killed,
        )

    def _world(
        self,
        journal: Journal,
        record: SettingsRecord,
        clock: VirtualClock,
        ledger: LedgerStore,
        outside: Interventions,
    ) -> World:
        settings = restored(record)
        genesis, panel = self._run.genesis, self._run.panel
        exchange = SimulatedExchange(
            market=market_view(panel, None),
            clock=LastEventClock(journal, clock),
            calendar=self._run.calendar,
            cash_cny=genesis.cash_cny,
            commission=settings.commission,
            frictions=settings.frictions,
            ledger=ledger,
            instruments=instruments_of(panel, panel.symbols),
            zone=ZONES[Market(genesis.market)],
        )
        return Parts(
            genesis=genesis,
            settings=settings,
            config_hash=record.config_hash,
            clock=clock,
            calendar=self._run.calendar,
            prices=PanelSource(panel, clock),
            agent=self._mind.make(past_in(journal)),
            broker=exchange,
            journal=journal,
            panels=self._run.panels,
            outside=outside,
        ).world


def begin(journal: Journal, audit: AuditFile, genesis: Genesis, settings: SettingsRecord) -> None:
    """Write a journal's first records where they are missing, and bring the audit file up to it.

    Raises:
        JournalFault: One of them cannot be written, or the audit file is not the journal's.
    """
    if journal.find("", "genesis") is None:
        journal.write("", "genesis", genesis)
    repaired = audit.repair()
    if repaired is not None:
        journal.write("", f"repaired:{len(journal.events)}", repaired)
    step = f"settings:{settings.config_hash}"
    if journal.find("", step) is None:
        journal.write("", step, settings)


def begun(journal: Journal) -> SettingsRecord | None:
    """Return the settings a run began with, and goes on with; None for one that has not begun."""
    for event in journal.events:
        if event.kind == "settings_record":
            value = journal.value(event)
            return value if isinstance(value, SettingsRecord) else None
    return None


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the garbage collector run rarely: a backtest keeps what it makes until its end.

    At its usual rhythm the collector walks all events again and again, and finds nothing. Nor does it
    walk them once more at the end, when most processes end too; the next run gives them back to it.
    """
    usual = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(500_000, 50, 100)
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*usual)


async def _drive(
    loop: Loop, clock: VirtualClock, journal: Journal, month_over: Callable[[], None], *, sharing: bool
) -> None:
    """Move the clock from one due moment to the next until nothing is due any more, or it is killed."""
    month = clock.now().month
    while True:
        await loop.tick(clock.now())
        due = loop.next_due()
        if due is None:
            break
        clock.jump(due)
        if due.month != month:
            # The bars of months past are not looked at again, or hardly.
            month = due.month
            month_over()
        if sharing:
            await asyncio.sleep(0)
    month_over()
    if loop.killed is not None:
        return
    sessions = journal.account.sessions
    journal.write("", "finished", RunFinished(sessions=len(sessions), last=list(sessions)[-1]))


def _known(day: date | None) -> date:
    if day is None:
        raise ValueError("a run over recorded prices has a period")
    return day
