"""What can be seen of an account from beside its process: vitals, journal, memory; nothing is changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.domain.events import TradingDay
from services.domain.inbox import Scope
from services.domain.instruments import Market, Symbol
from services.domain.slot import Slot
from services.domain.vitals import LifeState, Vitals
from services.domain.watched import SLOTS_BACK, AccountSeen, DueSlot, HaltSeen, ProcessSeen
from services.journal.database import NoJournal, Where
from services.journal.inbox import Inboxes
from services.journal.tail import JournalTail
from services.ports import Calendar, JournalFault
from services.process_table import ProcessFigures
from services.rules import OutsideRulebook, Phase, rules_of
from services.slots import local
from services.vitals_file import read_vitals

SETTLED = timedelta(minutes=10)
"""How long after its start a process holds about what it will hold; its growth counts from there."""

CPU_OVER_S = 600.0
"""Over how long the share of a processor is taken."""

_CPU_LEAST_S = 300.0
_REPRESENTATIVE = {Market.CN: Symbol("600519.SH"), Market.US: Symbol("AAPL.US")}
"""Whose timetable tells when the market trades, where the account watches nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPlace:
    """Where an account lies, and what is needed to know when it should have run.

    `due` returns the slots with after < moment <= until; `figures` what the system tells of a process on
    the machine called `host`; `stopwatch` seconds on a clock that nobody sets. `locked` answers whether a
    process has the account's lock: asked by who looks once and cannot wait for a silence.
    """

    account: str
    folder: Path
    journal: Where
    market: Market
    calendar: Calendar
    due: Callable[[datetime, datetime], Sequence[Slot]]
    grace_s: int
    host: str
    figures: Callable[[int], ProcessFigures | None]
    stopwatch: Callable[[], float]
    locked: Callable[[], bool] | None = None


@dataclass(slots=True)
class _Process:
    """What was seen of one process: when it was begun, what it held once settled, its processor time."""

    begun: tuple[int, datetime]
    settled_bytes: int | None = None
    used: deque[tuple[float, float]] = field(default_factory=deque)

    def seen(self, now: datetime, at_s: float, figures: ProcessFigures) -> ProcessSeen:
        if self.settled_bytes is None and now - self.begun[1] >= SETTLED:
            self.settled_bytes = figures.memory_bytes
        self.used.append((at_s, figures.cpu_s))
        while len(self.used) > 2 and at_s - self.used[1][0] >= CPU_OVER_S:
            self.used.popleft()
        over_s = at_s - self.used[0][0]
        return ProcessSeen(
            memory_bytes=figures.memory_bytes,
            memory_then_bytes=self.settled_bytes,
            cpu_ratio=(figures.cpu_s - self.used[0][1]) / over_s if over_s >= _CPU_LEAST_S else None,
            descriptors=figures.descriptors,
            descriptors_max=figures.descriptors_max,
        )


class AccountEye:
    """Looks at one account, again and again.

    `follow` reads the journal, which may take as long as a database does not answer: it may run in a
    thread of its own, one at a time. `look` reads a file or two and tells of what was followed.
    How long the process has been silent is counted on the stopwatch from when it was first seen to say
    what it said last: a clock that is set neither wakes it nor kills it.
    """

    def __init__(self, place: WatchedPlace, began: datetime) -> None:
        self._place, self._began = place, began
        self._tail = JournalTail(place.journal, place.account)
        self._said: tuple[datetime, float] | None = None
        self._shut_since: datetime | None = None
        self._process: _Process | None = None

    def follow(self) -> str:
        """Catch up with the journal; return why it cannot be read, empty where it can or there is none."""
        try:
            self._tail.catch_up()
        except NoJournal as fault:
            return "" if self._tail.told.genesis is None else f"{fault}: it was there before"
        except JournalFault as fault:
            return str(fault)
        return ""

    def look(self, now: datetime, journal_fault: str = "") -> AccountSeen:
        """Return what is there at `now`; `journal_fault` tells why `follow` did not come through."""
        vitals, vitals_fault = self._vitals()
        silent_s = self._silent_s(now, vitals)
        return AccountSeen(
            account=self._place.account,
            vitals=vitals,
            silent_s=silent_s,
            vitals_fault=vitals_fault,
            begun=bool(journal_fault) or self._tail.told.genesis is not None,
            journal_fault=journal_fault,
            slots=self._slots(now),
            grace_s=self._place.grace_s,
            halts=self._halts(),
            last_slot=self._last_slot(),
            left=self._left(vitals),
            shut_since=self._shut(now, vitals),
            trading_since=self._trading_since(now),
            process=self._process_seen(now, vitals),
        )

    def halt(self, args: Mapping[str, str]) -> bool:
        """Put a halt of the whole account into its inbox, and answer whether it was not halted already.

        Raises:
            JournalFault: It cannot be written.
        """
        if any(not halt.symbol for halt in self._tail.told.halts.values()):
            return False
        with closing(Inboxes(self._place.journal, self._place.account)) as inboxes:
            inboxes.put(Scope.HERE, "halt", args)
        return True

    def _vitals(self) -> tuple[Vitals | None, str]:
        try:
            return read_vitals(self._place.folder), ""
        except JournalFault as fault:
            return None, str(fault)

    def _left(self, vitals: Vitals | None) -> bool:
        if self._place.locked is None or vitals is None or not vitals.state.alive:
            return False
        try:
            return not self._place.locked()
        except JournalFault:
            return False

    def _silent_s(self, now: datetime, vitals: Vitals | None) -> float:
        if vitals is None:
            return 0.0
        at_s = self._place.stopwatch()
        if self._said is None:
            self._said = vitals.at, at_s - max((now - vitals.at).total_seconds(), 0.0)
        elif self._said[0] != vitals.at:
            self._said = vitals.at, at_s
        return at_s - self._said[1]

    def _slots(self, now: datetime) -> tuple[DueSlot, ...]:
        genesis = self._tail.told.genesis
        since = max(now - SLOTS_BACK, self._began if genesis is None else genesis.opened_at)
        sessions, ended_at = self._tail.told.sessions, self._tail.told.ended_at
        return tuple(
            DueSlot(
                local=slot.local[:16],
                moment=slot.moment,
                begun=slot.moment.astimezone(UTC) in sessions,
                outcome=sessions.get(slot.moment.astimezone(UTC)),
                ended_at=ended_at.get(slot.moment.astimezone(UTC)),
            )
            for slot in self._place.due(since, now)
        )

    def _last_slot(self) -> datetime | None:
        last = next(reversed(self._tail.told.sessions), None)
        return None if last is None else local(last, self._place.market)

    def _halts(self) -> tuple[HaltSeen, ...]:
        told = self._tail.told
        return tuple(HaltSeen(halt=halt, since=told.halted_at[key]) for key, halt in told.halts.items())

    def _shut(self, now: datetime, vitals: Vitals | None) -> datetime | None:
        if vitals is None or not vitals.state.alive or vitals.state is LifeState.STOPPING:
            self._shut_since = None
        elif vitals.state is LifeState.STARTING:
            self._shut_since = vitals.started_at
        elif vitals.reconciled:
            self._shut_since = None
        elif self._shut_since is None:
            self._shut_since = now
        return self._shut_since

    def _trading_since(self, now: datetime) -> datetime | None:
        """Return when the present phase of continuous trading began, None where there is none."""
        place, genesis = self._place, self._tail.told.genesis
        here = local(now, place.market)
        if place.calendar.trading_day(here.date()) is not TradingDay.OPEN:
            return None
        end = place.calendar.early_close(here.date())
        if end is not None and here.time() >= end:
            return None
        watched = genesis.watchlist if genesis else ()
        try:
            rules = rules_of(Symbol(watched[0]) if watched else _REPRESENTATIVE[place.market], here.date())
        except (OutsideRulebook, ValueError):
            return None
        for span in rules.phases:
            if span.phase is Phase.CONTINUOUS and span.start <= here.time() < span.end:
                return datetime.combine(here.date(), span.start, here.tzinfo)
        return None

    def _process_seen(self, now: datetime, vitals: Vitals | None) -> ProcessSeen | None:
        """Return what the system tells of the process that says it is alive, on this machine alone."""
        if vitals is None or not vitals.state.alive or vitals.host != self._place.host:
            self._process = None
            return None
        figures = self._place.figures(vitals.pid)
        if figures is None:
            return None
        begun = vitals.pid, vitals.started_at
        if self._process is None or self._process.begun != begun:
            self._process = _Process(begun=begun)
        return self._process.seen(now, self._place.stopwatch(), figures)
