"""What outlives a process, and one process: everything it touches may be its last."""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from services.brokers.ledger import Accepted, Entry, MemoryLedger
from services.clock import VirtualClock
from services.domain.events import Event
from services.domain.inbox import LifeWord, Scope
from services.domain.orders import ApprovedOrder, OrderId, OrderTerms, Side
from services.journal.memory_inbox import MemoryInboxes
from services.journal.memory_store import MemoryStore
from services.ports import Clock
from services.steady_clock import SteadyClock
from tests.simulation.disk import AuditPath
from tests.simulation.exchange import Exchange
from tests.simulation.person import Person
from tests.simulation.scenario import CN, Act, Deed, Kind, Scenario, Weather
from tests.simulation.virtual_time import Killed, MachineClock, VirtualLoop

CALM = Weather()
SLIP_LASTS_S = 100.0
"""Less than it takes for a clock that was set to be believed."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """An order at the moment it left: what was true then, by everyone but the process that sent it.

    `there` tells that the exchange had it, or it was on its way; `working` are other orders in its
    symbol that could still trade; `halted` is the halt or stop that somebody had asked for before.
    `events` are those the journal's disk held.
    """

    life: int
    terms: OrderTerms
    at: datetime
    at_s: float
    durable: bool
    there: bool
    working: tuple[OrderId, ...]
    disk_failed: bool
    halted: str
    events: int


@dataclass(frozen=True, kw_only=True)
class Before:
    """The process's time just before a send, and what forbade the order then."""

    at: datetime
    halted: str


@dataclass(frozen=True, kw_only=True)
class Lived:
    """One process: when it ran (seconds of true time), what ended it, and the events there when it began."""

    number: int
    events: int
    began_s: float
    ended_s: float
    end: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """A listing of positions or balance that came back, and the symbols it is false of; "" is the cash.

    `events` are those the journal's disk held when it came back.
    """

    what: str
    at_s: float
    events: int
    false: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Idle:
    """A process that rests: when, how long, how much the journal holds; `failed` where its tick did.

    `held_up` tells that it waits for a broker that does not answer, `doubt` that it does not believe
    its clock.
    """

    at_s: float
    rest_s: float
    now: datetime
    events: int
    failed: bool
    held_up: bool
    doubt: bool = False


@dataclass
class Outside:
    """Everything that outlives a process, and the record of what happened."""

    scenario: Scenario
    store: MemoryStore = field(default_factory=MemoryStore)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    audit: AuditPath = field(default_factory=AuditPath)
    commands: MemoryInboxes = field(default_factory=MemoryInboxes)
    kill_file: bool = False
    touches: int = 0
    disk_full_until: int = 0
    empty_until: int = 0
    away_until_s: float = 0.0
    wrong_s: float = 0.0
    slip_s: float = 0.0
    slip_until_s: float = 0.0
    calm: bool = False
    sent: list[Sent] = field(default_factory=list)
    lives: list[Lived] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    cancels: list[tuple[int, OrderId]] = field(default_factory=list)
    accepted: list[OrderId] = field(default_factory=list)
    idle: list[Idle] = field(default_factory=list)
    owed_cancels: list[tuple[int, tuple[OrderId, ...]]] = field(default_factory=list)
    again: list[bool] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    event_s: list[float] = field(default_factory=list)
    trace: list[str] | None = None
    bugs: list[str] = field(default_factory=list)
    process: Process | None = None

    def __post_init__(self) -> None:
        self.acts = deque(self.scenario.acts)
        self._kills_in = deque(self.scenario.afternoon.kills_in)
        self._stops_in = deque(self.scenario.afternoon.stops_in)
        self.person = Person(self)
        self.steps: set[tuple[str, str]] = set()
        self.halts: dict[str, str] = {}
        self.exchange = Exchange(
            self.scenario.start, self.scenario.cash_cny, self.scenario.weather, self.scenario.rng("exchange")
        )

    def wrote(self, events: Sequence[Event]) -> None:
        """Take note of what the journal's disk holds from now on."""
        at_s = self.process.true_s if self.process else 0.0
        for event in events:
            self.events.append(event)
            self.event_s.append(at_s)
            self.steps.add((event.session, event.step))
            self.person.wrote(event, at_s)
            if event.kind == "waits_on" and self._kills_in and not self.calm:
                self.kill_in(self._kills_in.popleft())
            if event.step == "verdicts" and _some_wait(event) and self._stops_in and not self.calm:
                self.stop_in(*self._stops_in.popleft())

    def sold_before(self, terms: OrderTerms) -> bool:
        """Answer whether an order is a buy, and a sale of its session was sent before."""
        sold = [one for one in self.sent if one.terms.side is Side.SELL]
        return terms.side is Side.BUY and any(one.terms.session == terms.session for one in sold)

    def kill_in(self, touches: int) -> None:
        """Let the process die so many touches from now; 0: it does not."""
        if touches:
            self.acts = deque(sorted((*self.acts, Act(self.touches + touches, Deed.KILL))))

    def stop_in(self, touches: int, dies_in: int) -> None:
        """Let somebody put the kill file so many touches from now, and the process die so many after that."""
        self.acts = deque(sorted((*self.acts, Act(self.touches + touches, Deed.STOP))))
        if dies_in:
            self.kill_in(touches + dies_in)

    def ledgered(self, entries: Sequence[Entry]) -> None:
        self.accepted += [one.terms.order_id for one in entries if isinstance(one, Accepted)]

    def note(self, what: str) -> None:
        if self.trace is not None and self.process is not None:
            self.trace.append(f"{self.touches:5} {self.process.name} {what}")

    def put(self, command: str, symbol: str) -> None:
        """Put a command to the account, as a person would."""
        self.commands.put(Scope.HERE, command, {"symbol": symbol, "why": "so it was asked", "by": "p"})
        if command == "halt":
            self.halts.setdefault(symbol, f"halt {symbol or 'of all'}")
        else:
            self.halts.pop(symbol, None)

    def put_word(self, word: LifeWord, at: datetime) -> None:
        """Put a word on the account's life, as a person would at that moment."""
        self.commands.put(Scope.HERE, str(word), {"why": "so it was asked", "by": "p", "at": at.isoformat()})

    def forbidden(self, symbol: str) -> str:
        """Return what somebody asked for that forbids an order in the symbol, empty where nothing does."""
        if self.kill_file:
            return "the kill file"
        return self.halts.get("") or self.halts.get(symbol) or ""

    def be_quiet(self) -> None:
        """Let nothing go wrong from now on, and clear away what did."""
        self.calm = self.exchange.calm = True
        self.acts.clear()
        self.person.be_quiet()
        self.kill_file, self.away_until_s, self.wrong_s, self.slip_until_s = False, 0.0, 0.0, 0.0
        self.disk_full_until = self.empty_until = 0


class Process:
    """One life. Each touch of the outside counts; a dead process touches nothing any more."""

    def __init__(self, outside: Outside, number: int, loop: VirtualLoop) -> None:
        self.outside, self.number, self.loop = outside, number, loop
        scenario = outside.scenario
        self.machine = scenario.kind is not Kind.RECORDED
        self.shown: VirtualClock = (
            MachineClock(scenario.start, loop) if self.machine else VirtualClock(scenario.start)
        )
        self.steady = SteadyClock(self.shown, loop.time) if self.machine else None
        self.clock: Clock = self.steady or self.shown
        self.began_s = loop.now_s
        self.chance = scenario.rng(f"life {number}")
        self.events = len(outside.events)
        self.dead = self.broken = False
        self.nap_s = 0.0
        self._set_clock()
        # A start asks others for the time before it opens anything: what its clock does later is seen.
        self.clock.now()

    @property
    def name(self) -> str:
        # The machine's clock: a look at the one the process goes by would let it notice more.
        return f"{self.number} {self.shown.now().astimezone(CN):%m-%d %H:%M:%S}"

    @property
    def doubts(self) -> bool:
        """Whether it does not believe its clock just now."""
        return self.steady is not None and self.steady.doubt() != ""

    @property
    def true_s(self) -> float:
        """Seconds of true time since the history began."""
        if self.machine:
            return self.loop.now_s
        return (self.clock.now() - self.outside.scenario.start).total_seconds()

    @property
    def weather(self) -> Weather:
        if not self.outside.calm and self.true_s >= self.outside.scenario.quiet_s:
            self.outside.be_quiet()
            self._set_clock()
            if any(act.deed is Deed.PAUSE for act in self.outside.scenario.acts):
                self.outside.put_word(LifeWord.RESUME, self.clock.now())
        return CALM if self.outside.calm else self.outside.scenario.weather

    def touch(self, what: str) -> None:
        """Count a touch, and let happen what was to happen there.

        Raises:
            Killed: It was its last, or it is dead already.
        """
        if self.dead:
            raise Killed(what)
        outside = self.outside
        outside.touches += 1
        outside.note(what)
        outside.person.look(self)
        while outside.acts and outside.acts[0].touch <= outside.touches:
            self._do(outside.acts.popleft(), what)

    def strikes(self, name: str) -> bool:
        """Answer whether that fault of the weather happens now."""
        rate: float = getattr(self.weather, name)
        return rate > 0 and self.chance.random() < rate

    def disk_fails(self, name: str) -> int:
        """Return the error number of a write that fails now, 0 where it succeeds."""
        struck = self.strikes(name)
        if self.outside.touches < self.outside.disk_full_until:
            return errno.ENOSPC
        return self.chance.choice((errno.ENOSPC, errno.EIO)) if struck else 0

    def disk_failed(self, what: str, *, landed: bool) -> None:
        self.broken = True
        self.outside.note(f"!! the disk fails at {what}{' after it landed' if landed else ''}")

    async def wait(self, seconds: float) -> None:
        """Let true time pass; a nap of the machine makes it longer."""
        if self.machine:
            await asyncio.sleep(seconds + self._nap())

    async def rest(self, seconds: float, *, failed: bool, held_up: bool = False) -> None:
        """Wait for the next look at what is due."""
        self.outside.idle.append(
            Idle(
                at_s=self.true_s,
                rest_s=seconds,
                now=self.clock.now(),
                events=len(self.outside.events),
                failed=failed,
                held_up=held_up,
                doubt=self.doubts,
            )
        )
        await asyncio.sleep(max(0.0, seconds) + self._nap())
        self.outside.person.look(self)

    def before(self, order: ApprovedOrder) -> Before:
        """Return what held just before an order is to leave."""
        return Before(at=self.clock.now(), halted=self.outside.forbidden(order.terms.symbol))

    def left(self, order: ApprovedOrder, before: Before, working: Sequence[OrderId], there: bool) -> None:
        """Take note of an order that leaves."""
        terms, outside = order.terms, self.outside
        outside.note(f"-> {terms.side} {terms.shares} {terms.symbol} {terms.order_id}")
        outside.sent.append(
            Sent(
                life=self.number,
                terms=terms,
                at=before.at,
                at_s=self.true_s,
                durable=self.durable(terms.session, f"intended:{terms.order_id}"),
                there=there,
                working=tuple(one for one in working if one != terms.order_id),
                disk_failed=self.broken,
                halted=before.halted,
                events=len(outside.events),
            )
        )
        if outside.scenario.silent_s and not outside.calm and outside.sold_before(terms):
            outside.kill_in(1)

    def durable(self, session: str, step: str) -> bool:
        """Answer whether a record lies on the disk."""
        return (session, step) in self.outside.steps

    def told(self, what: str, false: tuple[str, ...] = ()) -> None:
        """Take note of a listing that came back."""
        outside = self.outside
        outside.told.append(Told(what=what, at_s=self.true_s, false=false, events=len(outside.events)))

    def die(self, why: str) -> None:
        """Die here.

        Raises:
            Killed: Always.
        """
        self.dead = True
        self.outside.note(f"!! killed at {why}")
        raise Killed(why)

    def _nap(self) -> float:
        nap_s, self.nap_s = self.nap_s, 0.0
        return nap_s

    def _set_clock(self) -> None:
        if isinstance(self.shown, MachineClock):
            self.shown.wrong_s = self.outside.wrong_s
            self.shown.slip_s, self.shown.slip_until_s = self.outside.slip_s, self.outside.slip_until_s

    def _do(self, act: Act, what: str) -> None:
        if act.deed is Deed.KILL:
            self.die(what)
        self.outside.note(f"!! {act.deed} {act.size or ''}{act.symbol}")
        _DEEDS[act.deed](self, act)

    def _asked(self, act: Act) -> None:
        self.outside.put(str(act.deed), act.symbol)

    def _told_of_its_life(self, act: Act) -> None:
        self.outside.put_word(_WORDS[act.deed], self.clock.now())

    def _stopped(self, _act: Act) -> None:
        self.outside.kill_file = True

    def _turned_back(self, act: Act) -> None:
        self.outside.wrong_s += act.size
        self._set_clock()

    def _slipped(self, act: Act) -> None:
        self.outside.slip_s, self.outside.slip_until_s = act.size, self.true_s + SLIP_LASTS_S
        self._set_clock()

    def _fell_asleep(self, act: Act) -> None:
        self.nap_s = act.size

    def _filled_up(self, act: Act) -> None:
        self.outside.disk_full_until = self.outside.touches + int(act.size)

    def _listed_nothing(self, act: Act) -> None:
        self.outside.empty_until = self.outside.touches + int(act.size)

    def _went_away(self, act: Act) -> None:
        self.outside.away_until_s = self.true_s + act.size

    def _moved_by_hand(self, act: Act) -> None:
        self.outside.exchange.by_hand_cny += Decimal(int(act.size))


def _some_wait(event: Event) -> bool:
    """Answer whether verdicts that are kept in the journal itself name orders whose time comes later."""
    return event.kind == "verdicts" and '"waiting":[]' not in event.body


_WORDS = {Deed.PAUSE: LifeWord.PAUSE, Deed.RESUME: LifeWord.RESUME, Deed.END: LifeWord.STOP}

_DEEDS: Mapping[Deed, Callable[[Process, Act], None]] = {
    Deed.HALT: Process._asked,
    Deed.LIFT: Process._asked,
    Deed.STOP: Process._stopped,
    Deed.CLOCK: Process._turned_back,
    Deed.SLIP: Process._slipped,
    Deed.NAP: Process._fell_asleep,
    Deed.DISK_FULL: Process._filled_up,
    Deed.EMPTY: Process._listed_nothing,
    Deed.AWAY: Process._went_away,
    Deed.BY_HAND: Process._moved_by_hand,
    Deed.PAUSE: Process._told_of_its_life,
    Deed.RESUME: Process._told_of_its_life,
    Deed.END: Process._told_of_its_life,
}
