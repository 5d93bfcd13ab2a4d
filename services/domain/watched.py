"""What a watchdog looks at from beside the process that trades, and what it saw. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from services.domain.events import Halt, Outcome
from services.domain.value import Value
from services.domain.vitals import Vitals

SLOTS_BACK = timedelta(hours=24)
"""How far back it is looked whether every slot has its session."""


class Watched(StrEnum):
    """What can be found wrong."""

    BEAT = "beat"
    STATE = "state"
    STARTING = "starting"
    TICK = "tick"
    SLOT = "slot"
    JOURNAL = "journal"
    UNRESOLVED = "unresolved"
    RECONCILIATION = "reconciliation"
    DAILY_LOSS = "daily_loss"
    PRICES = "prices"
    OUTBOX = "outbox"
    MEMORY = "memory"
    CPU = "cpu"
    DESCRIPTORS = "descriptors"
    LOG = "log"
    DISK = "disk"
    CLOCK = "clock"
    CALENDAR = "calendar"
    DEAD_MAN = "dead_man"


class DueSlot(Value, frozen=True, kw_only=True):
    """A slot that has come: its market-local name, its moment, and how its session stands.

    `begun` tells that there is a session; `outcome` and `ended_at`, on the process's own clock, are None
    while that has not ended.
    """

    local: str
    moment: datetime
    begun: bool
    outcome: Outcome | None = None
    ended_at: datetime | None = None


class HaltSeen(Value, frozen=True, kw_only=True):
    """A halt in force, as the journal tells it, and since when."""

    halt: Halt
    since: datetime


class ProcessSeen(Value, frozen=True, kw_only=True):
    """What the system tells of the process that trades.

    `memory_bytes` is what it holds in memory now, `memory_then_bytes` what it held when it had settled
    (None while that has not been seen). `cpu_ratio` is its share of one processor over the last
    minutes, None while too little of them was seen. `descriptors` are open of at most `descriptors_max`,
    None where the system does not say.
    """

    memory_bytes: int
    memory_then_bytes: int | None = None
    cpu_ratio: float | None = None
    descriptors: int | None = None
    descriptors_max: int | None = None


class AccountSeen(Value, frozen=True, kw_only=True):
    """What was seen of one account.

    `vitals` is what its process last said and `silent_s` for how long it has said nothing new;
    `vitals_fault` tells why that cannot be read. `begun` tells that the journal has a first record;
    `journal_fault` why it cannot be read. `slots` came in the last `SLOTS_BACK`, oldest first; each
    may be late by `grace_s`.
    `last_slot` is the slot of the session begun last. `left` tells that nobody has the account's lock any
    more, though its process never said that it ended; False too where that was not looked at.
    `shut_since` is since when the account runs and is not open for business. `trading_since` is when
    the present phase of continuous trading began, None outside of one.
    """

    account: str
    vitals: Vitals | None = None
    silent_s: float = 0.0
    vitals_fault: str = ""
    begun: bool = True
    journal_fault: str = ""
    slots: tuple[DueSlot, ...] = ()
    grace_s: int = 0
    halts: tuple[HaltSeen, ...] = ()
    last_slot: datetime | None = None
    left: bool = False
    shut_since: datetime | None = None
    trading_since: datetime | None = None
    process: ProcessSeen | None = None


class DayDiffers(Value, frozen=True, kw_only=True):
    """A day of which another source says otherwise; both are `open` or `closed`."""

    day: date
    source: str
    ours: str
    theirs: str


class MachineSeen(Value, frozen=True, kw_only=True):
    """What was seen of the machine, the data folder and the calendar.

    Space is of the data folder's file system, in bytes, None where it cannot be told (`disk_fault`).
    `clock_offset_s` is how far the clock is ahead of a host's, give or take `clock_within_s`, at
    `clock_at`; None while no host has said. `watched_since` is when looking began. `known_until` is
    the calendar's last day, None where it cannot be read (`calendar_fault`). `dead_man_fault` tells
    why the last ping was not taken, since `dead_man_since`.
    """

    today: date
    watched_since: datetime
    free_bytes: int | None = None
    total_bytes: int | None = None
    disk_fault: str = ""
    log_bytes: int | None = None
    clock_offset_s: float | None = None
    clock_within_s: float = 0.0
    clock_host: str = ""
    clock_at: datetime | None = None
    known_until: date | None = None
    calendar_fault: str = ""
    differs: tuple[DayDiffers, ...] = ()
    dead_man_fault: str = ""
    dead_man_since: datetime | None = None


class Seen(Value, frozen=True, kw_only=True):
    """One look: the account, and the machine where this watch looks at that too."""

    account: AccountSeen
    machine: MachineSeen | None = None
