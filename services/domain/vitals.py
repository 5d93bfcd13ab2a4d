"""How an account that runs is doing, as its own process last said. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from services.domain.money import ZERO
from services.domain.value import Value


class LifeState(StrEnum):
    """Where an account's process is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ERROR = "error"

    @property
    def alive(self) -> bool:
        """Whether a process is expected to say something again soon."""
        return self not in (LifeState.STOPPED, LifeState.ERROR)


class Vitals(Value, frozen=True, kw_only=True):
    """What the process of an account says of itself every `beat_s` seconds; moments are aware.

    `at` is when it said so, `started_at` when the process began. `ticked_at` is when its loop last came
    through whole, None before the first time. `why` tells of the last trouble, empty while there is none.
    Sessions and orders are counted since the process began; `unresolved` are orders of which the broker
    cannot tell. `pnl_today_cny` is None where it is not known. `prices_at` is when prices last came.
    `reconciled` tells that the broker's statement was compared and trading is open.
    """

    account: str
    mode: str
    market: str
    state: LifeState
    pid: int
    host: str
    version: str
    at: datetime
    started_at: datetime
    beat_s: float
    ticked_at: datetime | None = None
    reconciled: bool = False
    next_slot: datetime | None = None
    sessions: int = 0
    orders_placed: int = 0
    orders_filled: int = 0
    unresolved: int = 0
    halts: int = 0
    pnl_today_cny: Decimal | None = None
    equity_cny: Decimal = ZERO
    prices_at: datetime | None = None
    alerts_given_up: int = 0
    why: str = ""

    @property
    def uptime_s(self) -> float:
        """How long the process ran when it said so."""
        return (self.at - self.started_at).total_seconds()
