"""An account on live prices as it lies on the disk, made by hand, and a watch of it in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from commands.screen import Screen
from commands.watch_desk import WatchDesk
from commands.watch_setup import WatchOutside, watches
from monitor.watchdog_finding import Judgement
from services.clock import VirtualClock
from services.domain.bars import Panel
from services.domain.events import Closed, Genesis, Halt, Lift, Opened, Outcome
from services.domain.instruments import Market
from services.domain.orders import SessionId
from services.domain.vitals import LifeState, Vitals
from services.journal.database import Where
from services.journal.journal import Journal
from services.journal.sql_store import SqlStore
from services.process_table import ProcessFigures
from services.settings import Settings
from services.settings_reading import read_section
from services.slots import ZONES
from services.vitals_file import write_vitals
from tests import channel_twins as twins
from tests.provider_twin import ProviderTwin

CHINA = ZONES[Market.CN]
LOOK_S = 15


def at(text: str, day: str = "2026-11-23") -> datetime:
    """Return a moment of a Monday on which the exchanges trade, by default."""
    return datetime.fromisoformat(f"{day} {text}").replace(tzinfo=CHINA)


def _no_panel(digest: str) -> Panel:
    raise KeyError(digest)


class LivingAccount:
    """What a process that trades leaves behind: its journal and its vitals."""

    def __init__(self, data_dir: Path, clock: VirtualClock, *, where: Where | None = None) -> None:
        self.folder, self.clock = data_dir / "main", clock
        self.folder.mkdir(parents=True, exist_ok=True)
        self._store = SqlStore.open(where or self.folder / "journal.sqlite3", "main")
        self._store.take_fence()
        self.journal = Journal(self._store, "main", clock, _no_panel)
        self.alive = True
        self._started = clock.now()
        genesis = Genesis(
            account="main", mode="paper", run_id="live", market="cn", frequency="hourly",
            cash_cny=Decimal("100000.00"), agent="rule:hold", opened_at=clock.now(), watchlist=("600519.SH",),
        )  # fmt: skip
        if self.journal.account.genesis is None:
            self.journal.write("", "genesis", genesis)

    def beat(self, **changes: object) -> None:
        """Say something, as every 15 s, unless it is dead."""
        if not self.alive:
            return
        said: dict[str, object] = {
            "account": "main",
            "mode": "paper",
            "market": "cn",
            "state": LifeState.RUNNING,
            "pid": 4711,
            "host": "box",
            "version": "1",
            "at": self.clock.now(),
            "started_at": self._started,
            "beat_s": 15.0,
            "ticked_at": self.clock.now(),
            "reconciled": True,
            "prices_at": self.clock.now(),
            "equity_cny": Decimal("100000.00"),
            "pnl_today_cny": Decimal(0),
            **changes,
        }
        write_vitals(self.folder, Vitals(**said))  # type: ignore[arg-type]  # Fields by name.

    def session(self, slot: datetime, outcome: Outcome = Outcome.DONE) -> None:
        """Put a session on record."""
        session = SessionId(f"{slot:%Y%m%d-%H%M}-main-live")
        opened = Opened(
            session=session, day=slot.date(), at=f"{slot:%Y-%m-%d %H:%M:%S}", slot=slot, mode="paper",
            agent="rule:hold", versions={}, config_hash="c",
        )  # fmt: skip
        self.journal.write(session, "opened", opened)
        self.journal.write(session, "closed", Closed(outcome=outcome))

    def write(self, step: str, value: Halt | Lift) -> None:
        """Put a halt or a lift on record."""
        self.journal.write("", step, value)

    def close(self) -> None:
        """Give the journal back."""
        self._store.close()


class Watch:
    """A watch of the account, the platform its alerts go to, and the clock of both."""

    def __init__(
        self,
        data_dir: Path,
        cache: Path,
        clock: VirtualClock,
        platform: ProviderTwin | None,
        *,
        figures: ProcessFigures | None = None,
        alerts: Mapping[str, object] | None = None,
        **watchdog: object,
    ) -> None:
        hook = {
            "name": "hook",
            "type": "webhook",
            "url": "" if platform is None else twins.address(platform),
            "body": {"kind": "{kind}", "severity": "{severity}", "title": "{title}", "text": "{text}"},
            "per_minute_max": 60,
            "deadline_s": 1,
        }
        given = {
            "data_dir": str(data_dir),
            "frequency": "hourly",
            "alerts": {"channels": [hook] if platform is not None else [], **(alerts or {})},
            "watchdog": watchdog,
        }
        self.settings = read_section(Settings, given)
        self.clock, self.platform = clock, platform
        self.screen = Screen("en", as_json=True)
        outside = WatchOutside(
            clock=clock,
            stopwatch=lambda: clock.now().timestamp(),
            figures=lambda _pid: figures,
            host="box",
            network=False,
        )
        (self.desk,) = watches([self.settings], cache, self.screen, outside)

    def look(self) -> Judgement:
        """Look once, and send what may go."""

        async def turn() -> Judgement:
            judged = await self.desk.look()
            due: datetime | None = self.clock.now()
            while due is not None and due <= self.clock.now():
                due = await self.desk.send()
            return judged

        return asyncio.run(turn())

    def run(
        self, account: LivingAccount | None, until: datetime, every_s: int = LOOK_S
    ) -> list[tuple[str, str, str]]:
        """Let time pass, the account beating and the watch looking as often; return what was told meanwhile.

        Each is the time of day, the kind and the severity.
        """
        told: list[tuple[str, str, str]] = []
        while self.clock.now() < until:
            self.clock.jump(self.clock.now() + timedelta(seconds=every_s))
            if account is not None:
                account.beat()
            before = 0 if self.platform is None else len(self.platform.requests)
            self.look()
            if self.platform is not None:
                here = f"{self.clock.now().astimezone(CHINA):%H:%M:%S}"
                new = self.platform.requests[before:]
                told += [(here, asked.body["kind"], asked.body["severity"]) for asked in new]
        return told

    def close(self) -> None:
        """Give the outbox back."""
        self.desk.close()


__all__ = ["CHINA", "LOOK_S", "LivingAccount", "Watch", "WatchDesk", "at"]
